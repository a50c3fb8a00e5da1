"""BibTeX and BibLaTeX: JabRef's, Zotero's, Mendeley's, DBLP's, publishers' and ours."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import unquote

from bibtexparser.entrypoint import parse_string
from bibtexparser.middlewares.names import (
    InvalidNameError,
    parse_single_name_into_parts,
    split_multiple_persons_names,
)
from bibtexparser.model import (
    Block,
    DuplicateBlockKeyBlock,
    Entry,
    ImplicitComment,
    ParsingFailedBlock,
    String,
)

from ingest.bibliography_fields import MACROS, joined, verbatim
from ingest.bibliography_files import file_paths
from ingest.bibliography_record import Record, classes, published
from ingest.errors import SourceError
from ingest.latex_text import MAX_FIELD, plain
from ingest.names import is_suffix, people, reading_order
from ingest.records import ParseNote

Read = Callable[[], Record]

# Not works: settings of a program, sets of other entries.
_NO_WORK = frozenset(("control", "set", "xdata", "bibnote"))
# Volumes: where another entry stands in one, the volume itself is no paper of the list.
_VOLUMES = frozenset(("proceedings", "collection", "mvproceedings", "mvcollection", "book"))
_INHERITED = ("year", "month", "day", "date")
_MENTIONS = ("url", "howpublished", "journal", "journaltitle", "note", "volume", "number", "ee")
_MENTIONS_LATER = ("pages", "annote", "extra", "bdsk-url-1", "series")
_VERBATIM = frozenset(("doi", "url", "eprint", "file", "ee", "bdsk-url-1", "sixfoldid"))
_OWN = "sixfoldid"


@dataclass(frozen=True, slots=True)
class _Book:
    """One file's entries and abbreviations."""

    name: str
    entries: Mapping[str, Entry]
    """By key in lower case."""
    macros: Mapping[str, str]


def records(text: str, name: str) -> Iterator[tuple[str, Read]]:
    """(what to call it, how to read it) of each entry of a file's text.

    Reading one raises SourceError that names file, line and key.
    """
    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # each fault is told below
    blocks = parse_string(text, parse_stack=[]).blocks
    macros = dict(MACROS)
    for block in blocks:
        if isinstance(block, String):
            macros[block.key.lower()] = joined(block.value, macros)
    found = [(block, _entry(block)) for block in blocks]
    entries: dict[str, Entry] = {}
    for _, entry in found:
        if entry is not None:
            entries.setdefault(entry.key.lower(), entry)
    book = _Book(name, entries, macros)
    volumes = {_field(one, "crossref", book).lower() for one in entries.values()}
    for block, entry in found:
        if entry is None:
            if isinstance(block, ParsingFailedBlock) and not _is_comment(block):
                yield _item(name, block, _key_of(block)), partial(_unread, name, block)
            elif isinstance(block, ImplicitComment):
                yield from _lost(name, block)
        elif not (
            entry.entry_type in _NO_WORK
            or (entry.entry_type in _VOLUMES and entry.key.lower() in volumes)
        ):
            item = _item(name, entry, entry.key)
            yield item, partial(_record, item, entry, book, _notes(block))


def _entry(block: Block) -> Entry | None:
    """The entry in a block, also of one whose key or a field of which stands there twice."""
    if isinstance(block, ParsingFailedBlock):
        within = block.ignore_error_block
        return within if isinstance(within, Entry) else None
    return block if isinstance(block, Entry) else None


def _lost(name: str, block: ImplicitComment) -> Iterator[tuple[str, Read]]:
    """Entries without a brace, which BibTeX takes for comments."""
    for number, line in enumerate(block.comment.splitlines()):
        if re.match(r"\s*@(?!comment)[a-z]+\b", line, re.IGNORECASE):
            yield (item := f"{name}:{(block.start_line or 0) + number + 1}"), partial(_bare, item)


def _bare(item: str) -> Record:
    raise SourceError("bad_entry", "The entry has no opening brace.", item, "Add the brace.")


def _is_comment(block: Block) -> bool:
    return (block.raw or "").lower().startswith(("@comment", "@preamble", "@string"))


def _item(name: str, block: Block, key: str) -> str:
    line = (block.start_line or 0) + 1
    return f"{name}:{line} ({key})" if key else f"{name}:{line}"


def _key_of(block: Block) -> str:
    found = re.match(r"@\w*\s*[{(]\s*([^\s,={}\"]{0,200})", block.raw or "")
    return found[1] if found else ""


def _unread(name: str, block: ParsingFailedBlock) -> Record:
    why = getattr(block.error, "abort_reason", "") or "its braces do not match"
    raise SourceError(
        "bad_entry",
        f"The entry cannot be read: {' '.join(why.split()).rstrip('.')}.",
        _item(name, block, _key_of(block)),
        "Close its braces and quotes; BibTeX would not read it either.",
    )


def _notes(block: Block) -> tuple[ParseNote, ...]:
    if isinstance(block, DuplicateBlockKeyBlock) and block.raw != block.previous_block.raw:
        return (ParseNote("duplicate_key", f"Another entry has the key {block.key} too."),)
    return ()


def _field(entry: Entry, name: str, book: _Book) -> str:
    """A field's value as TeX, the first one where it stands twice; "" where there is none."""
    for field in entry.fields:
        if field.key.lower() == name:
            value = joined(field.value, book.macros)
            if value.strip():
                return value.strip()
    return ""


def _record(item: str, entry: Entry, book: _Book, notes: tuple[ParseNote, ...]) -> Record:
    try:
        return replace(_read(entry, book), item=item, notes=notes)
    except SourceError as error:
        raise SourceError(error.code, error.message, item, error.remedy) from error


def _read(entry: Entry, book: _Book) -> Record:
    within = _field(entry, "crossref", book).lower()
    parent = book.entries.get(within) if within else None

    def text(name: str) -> str:
        """A field as text, its parent's where the entry has none; "" where neither has."""
        value = _field(entry, name, book)
        if not value and parent is not None and name in _INHERITED:
            value = _field(parent, name, book)
        value = verbatim(value) if name in _VERBATIM else plain(value)
        return unquote(value) if name == "doi" else value

    kind = (text("archiveprefix") or text("eprinttype")).lower()
    is_arxiv = kind in ("", "arxiv")
    subtitle = text("subtitle")
    return Record(
        item="",
        title=f"{text('title')}: {subtitle}" if subtitle else text("title"),
        abstract=text("abstract"),
        authors=_authors(_field(entry, "author", book), numbered=entry.key.startswith("DBLP:")),
        published=published(text("date"), text("year"), text("month"), text("day")),
        doi=text("doi"),
        eprint=text("eprint") if is_arxiv else "",
        mentions=tuple(filter(None, map(text, (*_MENTIONS, *_MENTIONS_LATER)))),
        categories=_categories(text("primaryclass") or text("eprintclass"), text("keywords")),
        files=file_paths(_field(entry, "file", book)),
        key=entry.key,
        own=text(_OWN),
    )


def _categories(primary: str, keywords: str) -> tuple[str, ...]:
    """ArXiv's categories, the primary one first; other keywords are left out."""
    words = classes(re.split(r"[,;]\s*", keywords))
    return tuple(dict.fromkeys([*primary.split(), *words]))


def _authors(tex: str, *, numbered: bool) -> tuple[str, ...]:
    """People in reading order; a name in braces is taken as it stands.

    `numbered`: four digits behind a name are DBLP's, which tells namesakes apart by them.
    """
    if len(tex) > MAX_FIELD:
        raise SourceError("too_long", f"The authors fill {len(tex):,} characters.", "", "Shorten.")
    names = []
    for one in split_multiple_persons_names(tex):
        if re.fullmatch(r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}", one):
            names.append((" ".join(plain(one).split()), True))
            continue
        try:
            parts = parse_single_name_into_parts(one, strict=False)
        except InvalidNameError:
            names.append((reading_order(plain(one)), True))
            continue
        words = (*parts.first, *parts.von, *parts.last, *parts.jr)
        if parts.jr and is_suffix(" ".join(parts.first)):  # ACM's order: Berg, Jan, Jr.
            words = (*parts.jr, *parts.von, *parts.last, *parts.first)
        read = " ".join(plain(" ".join(words)).split())
        names.append((re.sub(r" \d{4}$", "", read) if numbered else read, False))
    return tuple(name for name, whole in names if name and (whole or people([name])))
