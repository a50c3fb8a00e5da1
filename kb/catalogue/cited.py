"""Reference lists as they are stored, and held papers by what a reference names them by."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Text, func, or_, select, type_coerce

from kb.catalogue.reading import Reader, chunks
from kb.catalogue.tables import papers
from kb.titles import title_key

NO_LIST = ("[]", "null")


@dataclass(frozen=True, slots=True)
class Bearer:
    """A held paper, by what a reference may name it by."""

    n: int
    stands: int
    """Number of the paper that stands for it; its own where none does."""
    arxiv_id: str
    doi: str
    title_key: str


_BEARER = (papers.c.n, papers.c.same_as, papers.c.arxiv_id, papers.c.doi, papers.c.title_key)


def reference_lists(
    reader: Reader, numbers: Collection[int] | None = None
) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """(paper number, references) of some papers, of all without numbers; no empty lists.

    The list of a joined paper goes with the one that stands for it.
    """
    as_text = type_coerce(papers.c.refs, Text)
    stands = func.coalesce(papers.c.same_as, papers.c.n)
    query = select(stands.label("n"), as_text.label("refs")).where(as_text.not_in(NO_LIST))
    for batch in [None] if numbers is None else chunks(numbers):
        wanted = query
        if batch is not None:
            wanted = query.where(or_(papers.c.n.in_(batch), papers.c.same_as.in_(batch)))
        for row in reader.connection.execute(wanted):
            yield row.n, json.loads(row.refs)


def bearers(
    reader: Reader, arxiv_ids: Collection[str], dois: Collection[str], titles: Collection[str]
) -> list[Bearer]:
    """The held papers with one of these ids, DOIs or title keys, joined ones too, by number."""
    found: dict[int, Bearer] = {}
    for column, values in (
        (papers.c.arxiv_id, arxiv_ids),
        (papers.c.doi, dois),
        (papers.c.title_key, titles),
    ):
        for batch in chunks(sorted(values)):
            rows = reader.connection.execute(select(*_BEARER).where(column.in_(batch)))
            found.update({row.n: _bearer(row) for row in rows})
    if titles:
        found |= _unkeyed(reader, set(titles))
    return [found[n] for n in sorted(found)]


def names_of(reader: Reader, number: int) -> list[Bearer]:
    """A paper and those that it stands for, by what a reference may name them by."""
    query = select(*_BEARER, papers.c.title)
    query = query.where(or_(papers.c.n == number, papers.c.same_as == number))
    return [_bearer(row, row.title) for row in reader.connection.execute(query)]


def _unkeyed(reader: Reader, wanted: set[str]) -> dict[int, Bearer]:
    """Papers whose title key is not made yet: a library of an older version, not written since."""
    query = select(*_BEARER, papers.c.title).where(papers.c.title_key.is_(None))
    rows = (_bearer(row, row.title) for row in reader.connection.execute(query))
    return {one.n: one for one in rows if one.title_key in wanted}


def _bearer(row: Any, title: str = "") -> Bearer:
    stands = row.n if row.same_as is None else row.same_as
    return Bearer(row.n, stands, row.arxiv_id, row.doi, row.title_key or title_key(title))
