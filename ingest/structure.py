"""From lines of type to a paper: title, authors, abstract, sections, references."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from ingest.boxes import blocks
from ingest.columns import gutters, reading_order
from ingest.front import (
    AFTER_ABSTRACT,
    authors,
    find_abstract,
    is_imprint,
    is_place,
    stamp,
    title_lines,
)
from ingest.furniture import without_furniture
from ingest.headings import REFERENCES, Heading, find_headings, usual_leading
from ingest.layout import Line, PageLines, read_page
from ingest.paragraphs import CAPTION, Hyphens, grouped, on_pages, paragraphs
from ingest.records import Box, PageText, Parsed, ParseNote, Reference, Section
from ingest.references import bare_list, read_references

SKIPPED = re.compile(
    r"(?:table of )?contents|list of (?:figures|tables)|key\s?words|index terms|ccs concepts|"
    r"general terms|acm reference format:?",
    re.IGNORECASE,
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
        """Some of its lines as text by page, without what the first page says of the authors."""
        found = paragraphs(lines, self.size, self.leading, self.hyphens)
        first = self.lines[0].page
        told = [
            one
            for one in found
            if one.page != first or one.kind not in ("note", "aside") or not is_imprint(one.text)
        ]
        return on_pages(told, self.hyphens)

    def text(self, lines: list[Line]) -> str:
        """Some of its lines as one text."""
        return " ".join(" ".join(part.text for part in self.pages(lines)).split())


@dataclass(frozen=True, slots=True)
class _Abstract:
    """An abstract among lines: from `start` to before `end`, on `page`."""

    start: int = 0
    end: int = 0
    page: int = 0
    text: str = ""
    boxes: tuple[Box, ...] = ()


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


def _abstract(body: _Body, lines: list[Line], headings: list[Heading]) -> _Abstract:
    """The abstract among `lines`; an empty one where there is none."""
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
    return _Abstract(start, end, page, _one_text(body, told), _boxes(told, page))


def _boxes(lines: list[Line], page: int) -> tuple[Box, ...]:
    return blocks(line.box for line in lines if line.page == page)


def _prose(told: list[Line], last_page: int) -> list[Line]:
    """An abstract's lines without the footnotes and figures that stand below it."""
    kept: list[Line] = []
    for line in told:
        # "… as shown in" + "Fig. 2. This …" goes on; a caption stands apart.
        if line.page > last_page or (
            CAPTION.match(line.text) and not (kept and _goes_on(kept[-1], line))
        ):
            break
        size = kept[0].size if kept else line.size
        if abs(line.size - size) < 0.07 * size and not line.marked:
            kept.append(line)
    return kept


def _goes_on(before: Line, line: Line) -> bool:
    """Whether a line stands right below another that ends amid a sentence."""
    near = 0 < line.baseline - before.baseline < 1.4 * line.size
    return near and before.text[-1:] not in ".!?:" and abs(before.size - line.size) < 0.3


def _unnamed_abstract(body: _Body, lines: list[Line], headings: list[Heading]) -> _Abstract:
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
        return _Abstract()
    groups = grouped(lines[: first.start], body.leading)
    longest = max(groups, key=lambda group: sum(len(line.text) for line in group), default=[])
    text = _one_text(body, longest)
    if len(text.split()) < 40:
        return _Abstract()
    page = longest[0].page
    return _Abstract(lines.index(longest[0]), first.start, page, text, _boxes(longest, page))


def _one_text(body: _Body, lines: list[Line]) -> str:
    text = ""
    for line in lines:
        text = body.hyphens.join(text, line.text) if text else line.text
    return " ".join(text.split())


def _front_stretches(page: PageLines, title: list[Line], until: Line | None) -> list[Line]:
    """What stands on the first page between title and abstract, rows not joined."""
    if not title:
        return []
    # Base lines, since fonts without metrics give lines of any height.
    top = max(line.baseline for line in title) + 2
    bottom = until.baseline - 2 if until and until.page == page.number else 0.6 * page.height
    inside = [line for line in page.lines if top < line.baseline < bottom]
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
    beside = _beside(rest[front.end :], until, {one.start - front.end for one in headings})
    lines = [line for line in rest[front.end :] if line not in beside]
    gone = list(accumulate((line in beside for line in rest[front.end :]), initial=front.end))
    kept = [
        replace(
            one,
            start=one.start - gone[one.start - front.end],
            end=one.end - gone[one.end - front.end],
        )
        for one in headings
        if one.start >= front.end and rest[one.start] not in beside
    ]
    own = stamp(whole[0], metadata.get("creationDate") or "")
    return Parsed(
        title=_one_text(body, title),
        authors=authors(_front_stretches(page, title, until)),
        abstract=front.abstract,
        abstract_page=front.page,
        abstract_boxes=front.boxes,
        sections=_sections(body, lines, kept),
        references=_references(body, lines, kept),
        pages=len(raw_pages),
        arxiv_id=own.arxiv_id,
        doi=own.doi,
        year=own.year,
        warnings=tuple(notes),
    )


def _beside(lines: list[Line], until: Line | None, heads: set[int]) -> set[Line]:
    """Lines at the top of the right column that still name the authors.

    Takes the lines after the front, the line of the left column with which abstract or body
    begin, and where among the lines headings begin.
    """
    if until is None or until.column != 0:
        return set()
    right = [
        (at, line) for at, line in enumerate(lines) if line.page == until.page and line.column == 1
    ]
    widest = max((line.width for _, line in right), default=0.0)
    top: list[Line] = []
    for at, line in right:
        if at in heads or line.width > 0.85 * widest or line.baseline >= until.baseline - 2:
            break
        top.append(line)
    captions = any(CAPTION.match(line.text) for line in top)
    return set(top) if not captions and any(authors([line]) for line in top) else set()


@dataclass(frozen=True, slots=True)
class _Front:
    """What stands before the body, in lines after the title."""

    abstract: str
    page: int | None
    until: int | None
    """The line at which the authors end; None where nothing tells."""
    end: int
    """The line with which the body begins."""
    boxes: tuple[Box, ...] = ()


def _front(body: _Body, lines: list[Line], headings: list[Heading]) -> _Front:
    found = _abstract(body, lines, headings)
    if found.text:
        return _Front(found.text, found.page, found.start, found.end, found.boxes)
    first = _first_heading(headings, lines, body, found.end)
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
        if not one.number and authors(lines[one.start : one.end]) and is_place(below.text):
            continue
        if one.number or len(below.text) > 40 or REFERENCES.fullmatch(one.text):
            return one
    return None
