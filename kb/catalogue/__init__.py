"""The catalogue: the one source of truth, kept by SQLAlchemy."""

from kb.catalogue.store import SCHEMA_VERSION, Catalogue
from kb.catalogue.values import (
    Filters,
    IndexRow,
    SentenceRow,
    StoredPaper,
    StoredPassage,
    StoredTag,
)

__all__ = [
    "SCHEMA_VERSION",
    "Catalogue",
    "Filters",
    "IndexRow",
    "SentenceRow",
    "StoredPaper",
    "StoredPassage",
    "StoredTag",
]
