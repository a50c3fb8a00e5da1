"""From lines of type to a paper: title, authors, abstract, sections, references."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from ingest.columns import gutters, reading_order
from ingest.front import AFTER_ABSTRACT, authors, find_abstract, stamp, title_lines
from ingest.furniture import without_furniture
from ingest.headings import REFERENCES, Heading, find_headings, usual_leading
from ingest.layout import Line, PageLines, read_page
from ingest.paragraphs import CAPTION, Hyphens, grouped, on_pages, paragraphs
from ingest.records import PageText, Parsed, ParseNote, Reference, Section
from ingest.references import bare_list, read_references

SKIPPED = re.compile(
    r"(?:table of )?contents|list of (?:figures|tables)|key\s?words|index terms", re.IGNORECASE
)
"""Headings whose sections say nothing of their own."""


@dataclass(frozen=True, slots=True)
class _Body:
    """A paper's lines in reading order, and the type its running text is set in."""

    lines: list[Line]
    size: float
    leading: float
    hyphens: Hyphens

    def pages(self, lines: list[Line]) -> tuple[PageText, ...]:
        """Some of its lines as text by page."""
        return on_pages(paragraphs(lines, self.size, self.leading, self.hyphens), self.hyphens)

    def text(self, lines: list[Line]) -> str:
        """Some of its lines as one text."""
        return " ".join(" ".join(part.text for part in self.pages(lines)).split())


def body_size(lines: list[Line]) -> float:
    """The size in which most of the text is set, in points."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(line.size * 5) / 5] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 10.0


def _body(pages: list[PageLines]) -> _Body:
    lines: list[Line] = []
    for page, gutter in zip(pages, gutters(pages), strict=True):
        lines += reading_order(list(page.lines), gutter)
    size = body_size(lines)
    return _Body(lines, size, usual_leading(lines, size), Hyphens(lines))


def _abstract_end(lines: list[Line], start: int, headings: list[Heading]) -> int:
    """Where the abstract that begins at `start` ends."""
    end = min((one.start for one in headings if one.start > start), default=len(lines))
    for at in range(start, end):
        if AFTER_ABSTRACT.match(lines[at].text):
            return at
    return end


def _stretches(lines: list[Line], headings: list[Heading]) -> list[tuple[Heading, int]]:
    """Each heading, and where the lines below it end."""
    stops = [one.start for one in headings[1:]] + [len(lines)]
    return list(zip(headings, stops, strict=False))


def _sections(body: _Body, lines: list[Line], headings: list[Heading]) -> tuple[Section, ...]:
    """Everything but abstract and references, cut at headings."""
    found: list[Section] = []
    first = headings[0].start if headings else len(lines)
    opening = body.pages(lines[:first])
    if opening:
        found.append(Section("", 1, opening[0].page, opening))
    for heading, stop in _stretches(lines, headings):
        if REFERENCES.fullmatch(heading.text) or SKIPPED.fullmatch(heading.text):
            continue
        parts = body.pages(lines[heading.end : stop])
        found.append(Section(heading.text, heading.level, lines[heading.start].page, parts))
    return tuple(found)


def _with_bare_list(lines: list[Line], headings: list[Heading]) -> list[Heading]:
    """Headings, and one without lines where a reference list begins that has none."""
    if any(REFERENCES.fullmatch(one.text) for one in headings):
        return headings
    at = bare_list(lines)
    if at is None:
        return headings
    return sorted([*headings, Heading(at, at, "References", "", 1)], key=lambda one: one.start)


def _references(body: _Body, lines: list[Line], headings: list[Heading]) -> tuple[Reference, ...]:
    """The entries of every reference list."""
    return tuple(
        entry
        for heading, stop in _stretches(lines, headings)
        if REFERENCES.fullmatch(heading.text)
        for entry in read_references(lines[heading.end : stop], body.hyphens)
    )


def _abstract(body: _Body, lines: list[Line], headings: list[Heading]) -> tuple[int, int, int, str]:
    """(start, end, page, text) of the abstract among `lines`; all 0 and "" without one."""
    early = [line for line in lines if line.page <= lines[0].page + 2] if lines else []
    found = find_abstract(early)
    if not found:
        return _unnamed_abstract(body, lines, headings)
    start, rest = found
    after = [one for one in headings if one.start > start]
    end = _abstract_end(lines, start + 1, after)
    told = lines[start + 1 : end]
    if rest:
        told = [replace(lines[start], text=rest, bold_lead=""), *told]
    told = _prose(told, lines[start].page + 1)
    page = told[0].page if told else lines[start].page
    return start, end, page, _one_text(body, told)


def _prose(told: list[Line], last_page: int) -> list[Line]:
    """An abstract's lines without the footnotes and figures that stand below it."""
    kept: list[Line] = []
    for line in told:
        if line.page > last_page or CAPTION.match(line.text):
            break
        size = kept[0].size if kept else line.size
        if abs(line.size - size) < 0.07 * size and not line.marked:
            kept.append(line)
    return kept


def _unnamed_abstract(
    body: _Body, lines: list[Line], headings: list[Heading]
) -> tuple[int, int, int, str]:
    """An abstract that no word announces: the prose between the authors and the introduction."""
    first = next(
        (one for one in headings if one.number in ("1", "I") or one.text.lower() == "introduction"),
        None,
    )
    if (
        first is None
        or first is not headings[0]
        or not lines
        or lines[first.start].page > lines[0].page + 1
    ):
        return 0, 0, 0, ""
    groups = grouped(lines[: first.start], body.leading)
    longest = max(groups, key=lambda group: sum(len(line.text) for line in group), default=[])
    text = _one_text(body, longest)
    if len(text.split()) < 40:
        return 0, 0, 0, ""
    return lines.index(longest[0]), first.start, longest[0].page, text


def _one_text(body: _Body, lines: list[Line]) -> str:
    text = ""
    for line in lines:
        text = body.hyphens.join(text, line.text) if text else line.text
    return " ".join(text.split())


def _front_stretches(page: PageLines, title: list[Line], until: Line | None) -> list[Line]:
    """What stands on the first page between title and abstract, rows not joined."""
    if not title:
        return []
    top = max(line.y1 for line in title) - 2
    bottom = until.y0 if until and until.page == page.number else 0.6 * page.height
    inside = [line for line in page.lines if line.y0 >= top - 2 and line.y1 <= bottom + 4]
    return sorted(inside, key=lambda line: (round(line.baseline / 4), line.x0))


def structured(
    raw_pages: list[dict[str, Any]], metadata: dict[str, str], notes: list[ParseNote]
) -> Parsed:
    """The paper that some pages hold.

    Takes PyMuPDF's page dictionaries {number, width, height, blocks} with hidden text taken
    out, the file's metadata (`title`, `creationDate`) and what was noted so far. Pure.
    """
    whole = [read_page(raw) for raw in raw_pages]
    pages, _ = without_furniture(whole)
    body = _body(pages)
    if not body.lines:
        silent = ParseNote("no_text", "No page holds text: a scan, perhaps; run OCR on it.")
        told = notes if any(note.code == "truncated" for note in notes) else [*notes, silent]
        return Parsed("", (), "", None, (), (), len(raw_pages), warnings=tuple(told))
    start, end = title_lines(body.lines, body.size, metadata.get("title") or "")
    title, rest = body.lines[start:end], body.lines[end:]
    headings = _with_bare_list(rest, find_headings(rest, body.size, body.leading))
    front = _front(body, rest, headings)
    until = rest[front.until] if front.until is not None else None
    page = next(one for one in pages if one.number == body.lines[start].page)
    lines = rest[front.end :]
    kept = [
        replace(one, start=one.start - front.end, end=one.end - front.end)
        for one in headings
        if one.start >= front.end
    ]
    own = stamp(whole[0], metadata.get("creationDate") or "")
    return Parsed(
        title=_one_text(body, title),
        authors=authors(_front_stretches(page, title, until)),
        abstract=front.abstract,
        abstract_page=front.page,
        sections=_sections(body, lines, kept),
        references=_references(body, lines, kept),
        pages=len(raw_pages),
        arxiv_id=own.arxiv_id,
        doi=own.doi,
        year=own.year,
        warnings=tuple(notes),
    )


@dataclass(frozen=True, slots=True)
class _Front:
    """What stands before the body, in lines after the title."""

    abstract: str
    page: int | None
    until: int | None
    """The line at which the authors end; None where nothing tells."""
    end: int
    """The line with which the body begins."""


def _front(body: _Body, lines: list[Line], headings: list[Heading]) -> _Front:
    start, end, page, abstract = _abstract(body, lines, headings)
    if abstract:
        return _Front(abstract, page, start, end)
    first = _first_heading(headings, lines, body, end)
    if first is None:
        return _Front("", None, None, 0)
    return _Front("", None, first.start, first.start)


def _first_heading(
    headings: list[Heading], lines: list[Line], body: _Body, after: int
) -> Heading | None:
    """The first heading that running text follows, so that no author's name is taken for one."""
    for one in headings:
        below = lines[one.end] if one.start >= after and one.end < len(lines) else None
        if below is None or abs(below.size - body.size) > 0.08 * body.size:
            continue
        if one.number or len(below.text) > 40 or REFERENCES.fullmatch(one.text):
            return one
    return None
