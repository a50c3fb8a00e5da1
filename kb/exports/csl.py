"""Papers as CSL-JSON, which Zotero, pandoc and citeproc read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ingest.names import parts_of
from kb.exports.entries import Entry
from kb.quotes import legible


def csl(entries: Iterable[Entry], keys: Mapping[str, str]) -> str:
    """A list of items by the CSL-JSON schema; `id` is the citation key.

    `custom` holds what CSL has no field for: paper id, categories, version.
    """
    items = [_item(one, keys[one.paper_id]) for one in entries]
    return json.dumps(items, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _item(entry: Entry, key: str) -> dict[str, Any]:
    facts = {
        "title": legible(entry.title),
        "author": [_name(name) for name in entry.authors],
        "issued": {"date-parts": [[int(part) for part in entry.published.split("-")]]}
        if entry.published
        else None,
        "abstract": legible(entry.abstract),
        "DOI": legible(entry.doi),
        "URL": legible(entry.url),
        "number": f"arXiv:{entry.arxiv_id}" if entry.arxiv_id else "",
        "publisher": "arXiv" if entry.arxiv_id else "",
        "keyword": ", ".join(entry.keywords),
    }
    own = {
        "paper_id": legible(entry.paper_id),
        "categories": [legible(one) for one in entry.categories],
        "version": legible(entry.version),
    }
    present = {name: value for name, value in facts.items() if value}
    return {"id": key, "type": "article", **present, "custom": {"sixfold": own}}


def _name(name: str) -> dict[str, str]:
    """A name's parts under the keys of CSL; a group is a literal."""
    known = parts_of(legible(name))
    parts = {
        "family": known.family,
        "given": known.given,
        "non-dropping-particle": known.particle,
        "suffix": known.suffix,
        "literal": known.literal,
    }
    return {key: value for key, value in parts.items() if value}
