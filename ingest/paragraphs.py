"""Lines of type joined into paragraphs, and paragraphs laid on pages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ingest.boxes import places_of
from ingest.columns import column_edges
from ingest.layout import Line
from ingest.records import Box, PageText, Place
from ingest.sentences import sentence_spans

CAPTION = re.compile(
    r"(?:Figure|Fig\.?|FIGURE|Table|TABLE|Tab\.|Algorithm|Listing|Box|Scheme)\s*"
    r"(?:\d+|[A-Z]\d*|[IVX]+)(?:\.\d+)?\s*(?:[.:|–—-]|\(|$|\s[A-Z])"
)
_BULLET = re.compile(r"[•◦▪‣∙●○■□➢✓–—-]\s|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]\s|[•▪‣●■]$")
_STOPPED = re.compile(r"[.!?:…][\"'”’)\]]*$")
_WORD = re.compile(r"[A-Za-z][A-Za-z'’]*(?:-[A-Za-z'’]+)*")
_HYPHEN_END = re.compile(r"([A-Za-z]+(?:-[A-Za-z]+)*)[-\u2010\u00ad]$")
_FIRST_WORD = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)*(?!-)")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines that belong together, all in one column of one page."""

    page: int
    text: str
    kind: str
    """`text`; `caption`, `note` (a footnote) or `aside` (another size or face)."""
    fresh: bool
    """It cannot continue an earlier paragraph: indented, a bullet or a caption."""
    moved: bool
    """It stands at the top of a column, or below something that is not running text."""
    places: tuple[tuple[int, Box], ...] = ()
    """(first character, box) of each of its lines."""


class Hyphens:
    """Knows, from the rest of a paper, which words keep the hyphen at a line's end."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._words: Counter[str] = Counter()
        for line in lines:
            # The last word may be half a word, and so may the first.
            for word in _WORD.findall(line.text)[1:-1]:
                self._words[word.lower()] += 1
                if "-" in word:
                    self._words.update(word.lower().split("-"))

    def join(self, before: str, after: str) -> str:
        """Two successive lines as one text."""
        # Only the end matters: a search through all of a long text would cost its square.
        tail = before[-80:]
        half = _HYPHEN_END.search(tail)
        rest = _FIRST_WORD.match(after)
        if before.endswith("\u00ad"):
            return before[:-1] + after
        if not half or not rest:
            # "2023-" + "2025", "pre-" + "GPT": the hyphen is the author's.
            glue = "" if re.search(r"\w[-\u2010/]$", tail) and after[:1].isalnum() else " "
            return f"{before}{glue}{after}"
        if not rest[0][0].islower() or self._keeps(half[1].lower(), rest[0].lower()):
            return before + after
        return before[:-1] + after

    def _keeps(self, half: str, rest: str) -> bool:
        """Whether the hyphen between two halves of a word is the author's."""
        words = self._words
        if words[f"{half}-{rest}"] != words[half + rest]:
            return words[f"{half}-{rest}"] > words[half + rest]
        # A compound seen nowhere else: its parts next to the hyphen are words, or one is none.
        left, right = half.rsplit("-", maxsplit=1)[-1], rest.split("-", maxsplit=1)[0]
        if words[left + right]:
            return False
        return (
            left in _PREFIXES or "-" in half or bool(words[left] and words[right] and len(left) > 2)
        )


# First halves of compounds that are hardly ever written solid or split by a typesetter.
_PREFIXES = frozenset(
    "self non well cross state high low long short large small multi-step real open fine end "
    "one two three first second zero few human machine tool model code data domain task user "
    "time test type rule graph based chain multiple decision context problem world".split()
)


def _new_paragraph(before: Line, line: Line, left: float, leading: float) -> bool:
    """Whether `line` begins a paragraph, `before` being the line above it."""
    if (before.page, before.column) != (line.page, line.column):
        return True
    if abs(before.size - line.size) > 0.08 * before.size and not _inline(before, line, leading):
        return True
    gap = line.baseline - before.baseline
    if gap < 0 or gap > max(1.35 * leading, 1.25 * before.size * 1.2):
        return True
    if CAPTION.match(line.text) and _STOPPED.search(before.text):
        return True
    if _BULLET.match(line.text) and (_STOPPED.search(before.text) or line.text[0] in "•◦▪‣∙●■"):
        return True
    indented = line.x0 > left + 5 and line.x0 > before.x0 + 5 and line.x0 < left + 42
    # Lists and footnotes hang: their second line is indented.
    hangs = before.marked or _BULLET.match(before.text)
    return indented and not hangs and before.x0 < left + 5


def _inline(before: Line, line: Line, leading: float) -> bool:
    """Whether a change of size is only code or mathematics within a paragraph."""
    close = line.baseline - before.baseline < 1.2 * leading
    return close and (before.mono != line.mono) and abs(before.x0 - line.x0) < 3


def grouped(lines: list[Line], leading: float) -> list[list[Line]]:
    """Lines in reading order, gathered into paragraphs; `leading` is the usual line distance."""
    edges = {
        page: column_edges([line for line in lines if line.page == page])
        for page in {line.page for line in lines}
    }
    groups: list[list[Line]] = []
    for line in lines:
        left = edges[line.page][line.column][0]
        if not groups or _new_paragraph(groups[-1][-1], line, left, leading):
            groups.append([line])
        else:
            groups[-1].append(line)
    return groups


def _kind(group: list[Line], body: float) -> str:
    first = group[0]
    if CAPTION.match(first.text):
        return "caption"
    letters = sum(len(line.text) for line in group)
    size = sum(line.size * len(line.text) for line in group) / letters
    mono = sum(len(line.text) for line in group if line.mono)
    if size < 0.93 * body or size > 1.15 * body:
        return "note" if first.marked else "aside"
    rows = sum(line.cells > 1 for line in group)
    table = 2 * rows > len(group)
    return "aside" if table or (2 * mono > letters and len(group) > 1) else "text"


def paragraphs(lines: list[Line], body: float, leading: float, hyphens: Hyphens) -> list[Paragraph]:
    """The paragraphs of lines in reading order; `body` is the size of running text."""
    found: list[Paragraph] = []
    before: list[Line] = []
    for group in grouped(lines, leading):
        text, places = _joined(group, hyphens)
        kind = _kind(group, body)
        jumped = not before or (before[-1].page, before[-1].column) != (
            group[0].page,
            group[0].column,
        )
        moved = jumped or bool(found and found[-1].kind != "text")
        fresh = bool(_BULLET.match(text)) or kind == "caption"
        found.append(Paragraph(group[0].page, text, kind, fresh, moved, places))
        before = group
    return found


def _joined(group: list[Line], hyphens: Hyphens) -> tuple[str, tuple[tuple[int, Box], ...]]:
    """(text of some lines, where each of them begins in it and stands on its page)."""
    text, places = "", []
    for line in group:
        own = " ".join(line.text.split())
        text = hyphens.join(text, own) if text else own
        places.append((len(text) - len(own), line.box))
    return text, tuple(places)


def _continues(before: str, after: Paragraph) -> bool:
    """Whether `after` carries on the sentence with which `before` breaks off."""
    if after.kind != "text" or after.fresh or _STOPPED.search(before[-12:]):
        return False
    first = after.text.lstrip("([“\"'")[:1]
    if first.islower():
        return True
    # A name or number may carry on at the top of the next column, not amid a page.
    return after.moved and len(before) > 60


@dataclass(slots=True)
class _Run:
    """A paragraph with all its continuations."""

    kind: str
    text: str
    starts: list[tuple[int, int]]
    """(offset, page) of each stretch."""
    places: list[tuple[int, int, Box]]
    """(offset, page, box) of each line."""


def _runs(found: list[Paragraph], hyphens: Hyphens) -> list[_Run]:
    """Paragraphs with their continuations; what interrupts one comes after it."""
    runs: list[_Run] = []
    open_runs: list[_Run] = []
    for paragraph in found:
        waiting = _awaiting(open_runs, paragraph)
        if waiting:
            joined = hyphens.join(waiting.text, paragraph.text)
            at = len(joined) - len(paragraph.text)
            # A word split at the break belongs to where it began; the stretch starts after.
            waiting.starts.append((at, paragraph.page))
            waiting.places += [(at + to, paragraph.page, box) for to, box in paragraph.places]
            waiting.text = joined
            continue
        own = [(at, paragraph.page, box) for at, box in paragraph.places]
        run = _Run(paragraph.kind, paragraph.text, [(0, paragraph.page)], own)
        runs.append(run)
        if paragraph.kind == "text":
            open_runs = [*open_runs[-2:], run]
    return runs


def _awaiting(open_runs: list[_Run], paragraph: Paragraph) -> _Run | None:
    """Which of the last paragraphs one carries on, the latest first; None for a new one."""
    for back, run in enumerate(reversed(open_runs)):
        # Something that looks like text (a list, a formula) may stand between the two halves;
        # then only a small letter proves that they belong together.
        small = paragraph.text[:1].islower() and len(run.text) > 60
        near = paragraph.page - run.starts[-1][1] <= 1
        if near and (back == 0 or small) and _continues(run.text, paragraph):
            return run
    return None


def on_pages(found: list[Paragraph], hyphens: Hyphens) -> tuple[PageText, ...]:
    """Paragraphs as text by page; a sentence stands whole on the page where it begins."""
    pages: dict[int, list[tuple[str, tuple[Place, ...]]]] = {}

    def put(run: _Run, page: int, start: int, end: int) -> None:
        """Put a part of a run, from start to end, on a page with its places."""
        places = [(at, box if page == own else None) for at, own, box in run.places]
        piece = run.text[start:end], places_of(places, start, end, 0)
        pages.setdefault(page, []).append(piece)

    for run in _runs(found, hyphens):
        if len({page for _, page in run.starts}) == 1:
            put(run, run.starts[0][1], 0, len(run.text))
            continue
        pieces: list[tuple[int, int, int]] = []
        for start, end in sentence_spans(run.text):
            page = max((at, page) for at, page in run.starts if at <= start)[1]
            if pieces and pieces[-1][0] == page:
                pieces[-1] = (page, pieces[-1][1], end)
            else:
                pieces.append((page, start, end))
        for page, start, end in pieces:
            put(run, page, start, end)
    return tuple(_page_text(page, pages[page]) for page in sorted(pages))


def _page_text(page: int, pieces: list[tuple[str, tuple[Place, ...]]]) -> PageText:
    """A page's paragraphs as one text, empty lines between them."""
    at = 0
    places: list[Place] = []
    for text, own in pieces:
        places += [(at + to, box) for to, box in own]
        at += len(text) + 2
    return PageText(page, "\n\n".join(text for text, _ in pieces), tuple(places))
