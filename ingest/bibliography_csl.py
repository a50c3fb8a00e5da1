"""CSL-JSON as Zotero, pandoc and Crossref write it, and Better BibTeX's own JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from ingest.bibliography_record import Record, published
from ingest.errors import SourceError
from ingest.names import Name, people

Read = Callable[[], Record]

_LISTS = ("items", "references")
_NO_WORK = frozenset(("note", "attachment", "annotation"))
_MARKUP = re.compile(
    r"</?(?:i|b|em|strong|sup|sub|sc|span|p|jats:[\w-]+)(?:\s[^<>]*)?/?>", re.IGNORECASE
)
_MENTIONS = ("URL", "url", "number", "archive_location", "archiveLocation", "archiveID", "note")
_MENTIONS_LATER = ("extra", "container-title", "publicationTitle", "reportNumber")
_OWN = "sixfold"


def records(text: str, name: str) -> Iterator[tuple[str, Read]]:
    """(what to call it, how to read it) of each item of a file's text.

    Raises SourceError where the text is no JSON, or no bibliography; reading an item raises
    SourceError that names file, number and id.
    """
    for number, item in enumerate(items(text, name), start=1):
        key = item.get("id") if isinstance(item, Mapping) else ""
        said = f"{name}#{number}" + (f" ({str(key)[:200]})" if key else "")
        yield said, partial(_record, said, item)


def items(text: str, name: str) -> list[Any]:
    """The items of a file's text. Raises SourceError where it is no bibliography."""
    try:
        held = json.loads(text)
    except RecursionError as error:
        raise SourceError("bad_json", "The JSON nests too deep.", name, "Mend it.") from error
    except ValueError as error:
        raise SourceError(
            "bad_json",
            f"The file is not JSON: {error}.",
            name,
            "Export it again; JSON lines are read from files named .jsonl.",
        ) from error
    if isinstance(held, Mapping):
        inside = next((held[key] for key in _LISTS if isinstance(held.get(key), list)), None)
        held = inside if inside is not None else [held] if "title" in held else None
    if not isinstance(held, list) or not _is_bibliography(held):
        raise SourceError(
            "unknown_json",
            "The JSON is no bibliography.",
            name,
            "Give CSL-JSON: a list of items with `title` and `author`, or {items: [...]}.",
        )
    return held


def _is_bibliography(held: list[Any]) -> bool:
    objects = [one for one in held if isinstance(one, Mapping)]
    known = {"title", "author", "DOI", "issued", "itemType", "type"}
    return not held or any(known & set(one) for one in objects)


def _record(item: str, entry: Any) -> Record:
    if not isinstance(entry, Mapping):
        raise SourceError("bad_entry", "The item is not a JSON object.", item, "Mend it.")
    kind = str(entry.get("itemType") or entry.get("type") or "")
    if kind in _NO_WORK:
        told = f"The item is of the kind {kind}, no paper."
        raise SourceError("no_work", told, item, "Leave it out.")
    custom = entry.get("custom")
    own = custom.get(_OWN) if isinstance(custom, Mapping) else None
    own = own if isinstance(own, Mapping) else {}
    clean = str if own else _unmarked
    classes = own.get("categories")
    return Record(
        item=item,
        title=clean(_text(entry, "title")),
        abstract=clean(_text(entry, "abstract", "abstractNote")),
        authors=_authors(entry),
        published=_published(entry),
        doi=_text(entry, "DOI", "doi"),
        mentions=tuple(filter(None, (_text(entry, key) for key in _MENTIONS + _MENTIONS_LATER))),
        categories=tuple(map(str, classes)) if isinstance(classes, list) else (),
        version=str(own.get("version") or ""),
        files=tuple(_attached(entry)),
        key=_text(entry, "citation-key", "citationKey", "id"),
        own=str(own.get("paper_id") or ""),
    )


def _text(entry: Mapping[str, Any], *keys: str) -> str:
    """The first of some fields that holds text or a number; Crossref puts texts in lists."""
    for key in keys:
        value = entry.get(key)
        value = value[0] if isinstance(value, list) and value else value
        if isinstance(value, str | int) and str(value).strip():
            return str(value)
    return ""


def _unmarked(text: str) -> str:
    return _MARKUP.sub("", text)


def _authors(entry: Mapping[str, Any]) -> tuple[str, ...]:
    people_of = entry.get("author") or entry.get("creators")
    names: list[str] = []
    for one in people_of if isinstance(people_of, list) else ():
        if isinstance(one, str):
            names += people([one])
        elif isinstance(one, Mapping) and one.get("creatorType", "author") == "author":
            names.append(" ".join(_name(one).text.split()))
    return tuple(name for name in names if name)


def _name(one: Mapping[str, Any]) -> Name:
    def part(*keys: str) -> str:
        """The first of these parts that the name has, as text; "" where it has none."""
        return _text(one, *keys)

    if not part("family", "lastName"):
        return Name(literal=part("literal", "name", "given", "firstName"))
    particles = (part("dropping-particle"), part("non-dropping-particle"))
    return Name(
        part("family", "lastName"),
        part("given", "firstName"),
        " ".join(filter(None, particles)),
        part("suffix"),
    )


def _published(entry: Mapping[str, Any]) -> str:
    issued = entry.get("issued")
    if not isinstance(issued, Mapping):
        return published(_text(entry, "issued", "date"))
    parts = issued.get("date-parts")
    first = parts[0] if isinstance(parts, list) and parts else None
    if isinstance(first, list) and first and first[0]:
        year, month, day = [*(str(one) for one in first[:3]), "", ""][:3]
        return published("", year, month, day)
    return published(_text(issued, "raw", "literal"))


def _attached(entry: Mapping[str, Any]) -> Iterator[str]:
    attached = entry.get("attachments")
    for one in attached if isinstance(attached, list) else ():
        if isinstance(one, Mapping) and isinstance(one.get("path"), str):
            yield one["path"]
