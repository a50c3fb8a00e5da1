"""Reference lists: entries, and the title, year, DOI and arXiv id of each."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from statistics import median
from urllib.parse import unquote

from ingest.identity import arxiv_id, normal_doi
from ingest.layout import Line
from ingest.paragraphs import Hyphens
from ingest.records import Reference

_BRACKET = re.compile(
    r"\[(\d{1,4}|[A-Za-z][\w+*’'., &-]{1,40}\d{2,4}[a-z]?|[A-Z][A-Za-z+]{0,6}\d{2}[a-z]?)\]\s*"
)
_NUMBER = re.compile(r"(\d{1,4})[.)]\s+(?=\S)")
_FIRST = re.compile(r"\[(\d{1,4})\]\s")
_YEAR = re.compile(r"(?<![\d.:/-])((?:18|19|20)\d{2})[a-z]?(?![\d])(?!\.\d{4})")
_DOI = re.compile(r"\b10\.\d{4,9}(?:\.\d+)*/[^\s\"<>{}|\\^`]+", re.IGNORECASE)
_ARXIV = re.compile(
    r"(?:arxiv(?:\.org)?\s*[:/]?\s*(?:preprint\s*)?(?:arxiv\s*[:.]\s*)?(?:abs/|pdf/)?\s*)"
    r"((?:\d{4}\.\d{4,5})|(?:[a-z-]+(?:\.[A-Z]{2})?/\d{7}))(?:v\d+)?",
    re.IGNORECASE,
)
_DATED = re.compile(
    r"\b(?:18|19|20)\d{2}|n\.\s?d\.|https?:|www\.|doi|arxiv|forthcoming|in press|to appear",
    re.IGNORECASE,
)
_ABS = re.compile(r"\babs/(\d{4}\.\d{4,5})")
_QUOTED = re.compile(r"[“\"‘']{1,2}(.{8,300}?)[,.?!]?[”\"’']{1,2}(?=[\s,.]|$)")


# A year, and what follows it.
_BRACKET_DATED = re.compile(r"\((?:n\.d\.|(?:18|19|20)\d{2}[a-z]?(?:,[^)]*)?)\)[.,:]?\s+(.+)")
_STOP_DATED = re.compile(r"[.,]\s(?:18|19|20)\d{2}[a-z]?\.\s+(.+)")
# Springer sets a colon between the authors and the title.
_COLON = re.compile(r"(?:[^\W\d_][^:()\d]{0,300}?)(?:[A-Z]\.|et al\.?|\(eds?\.\))\s?:\s+(\S.+)")
_NO_TITLE = re.compile(
    r"https?:|doi\b|url\b|arxiv\b|pp?\.|pages?\b|[\d,;:.–-]|accessed", re.IGNORECASE
)
# Justified type puts a blank where an address may be broken.
_SPLIT_ADDRESS = re.compile(r"(https?:)\s+//", re.IGNORECASE)


def _starts(lines: list[Line]) -> list[bool]:
    """Which lines begin an entry."""
    brackets = [bool(_BRACKET.match(line.text)) for line in lines]
    if sum(brackets) >= max(2, 0.12 * len(lines)) or (lines and brackets[0]):
        return brackets
    numbers = _rising(lines)
    if sum(numbers) >= max(2, 0.12 * len(lines)) or (lines and numbers[0]):
        return numbers
    return _hanging(lines) or _spaced(lines)


def _rising(lines: list[Line]) -> list[bool]:
    """Lines that carry the next number of a list that counts from 1."""
    wanted = 1
    starts = []
    for line in lines:
        found = _NUMBER.match(line.text)
        hit = bool(found) and int(found[1]) in (wanted, wanted + 1)  # type: ignore[index]
        if hit:
            wanted = int(found[1]) + 1  # type: ignore[index]
        starts.append(hit)
    return starts


def _hanging(lines: list[Line]) -> list[bool] | None:
    """Starts told by a hanging indent: entries begin further left than they go on."""
    lefts = {
        place: min(line.x0 for line in lines if (line.page, line.column) == place)
        for place in {(line.page, line.column) for line in lines}
    }
    for (page, column), left in lefts.items():
        usual = min(x for (_, other), x in lefts.items() if other == column)
        # A page that holds nothing but the rest of one long entry begins at its indent.
        if 5 < left - usual < 30:
            lefts[page, column] = usual
    offsets = [line.x0 - lefts[line.page, line.column] for line in lines]
    deep = sum(offset > 5 for offset in offsets)
    if not 0.15 * len(lines) < deep < 0.95 * len(lines):
        return None
    return [offset < 3.5 for offset in offsets]


def _spaced(lines: list[Line]) -> list[bool]:
    """Starts told by white space above, or by the line before ending an entry."""
    gaps = [
        b.baseline - a.baseline
        for a, b in pairwise(lines)
        if (a.page, a.column) == (b.page, b.column)
    ]
    usual = median(gap for gap in gaps if gap > 0) if any(gap > 0 for gap in gaps) else 12.0
    small = Counter(round(gap * 2) / 2 for gap in gaps if gap > 0)
    tight = min((gap for gap, count in small.items() if count >= 0.1 * len(gaps)), default=usual)
    parted = any(gap > 1.15 * tight for gap in gaps)
    starts = [True]
    for before, line in pairwise(lines):
        if (before.page, before.column) != (line.page, line.column):
            starts.append(_ended(before.text) and _opens(line.text))
        elif parted:
            starts.append(line.baseline - before.baseline > 1.15 * tight)
        else:
            starts.append(_ended(before.text) and _opens(line.text) and before.x1 < line.x1 - 20)
    return starts[: len(lines)]


def _ended(text: str) -> bool:
    return bool(re.search(r"[.)\d]$|https?://\S+$|10\.\d{4,}/\S+$", text))


def _opens(text: str) -> bool:
    """Whether a line looks like the beginning of an entry: a name."""
    return bool(re.match(r"[A-ZÀ-ÖØ-Þ\"“][\w’'.-]*[,. ]", text))


def _address_goes_on(before: str, after: str) -> bool:
    """Whether an address or DOI is broken between two lines, and goes on without a blank."""
    last = before.rsplit(" ", 1)[-1]
    if re.search(r"arXiv:\s?\d{4}\.$|doi:\s?10\.$", before[-20:]):
        return True
    if not re.search(r"://|10\.\d{4,9}/|doi\.org/", last):
        return False
    if last[-1] in "/_-=?&%:;(":
        return True
    return last[-1] in ".)]" and (after[0].islower() or after[0].isdigit())


def _joined(lines: list[Line], hyphens: Hyphens) -> str:
    text = lines[0].text
    for line in lines[1:]:
        if _address_goes_on(text[-300:], line.text):
            text += line.text
        else:
            text = hyphens.join(text, line.text)
    return " ".join(text.split())


def bare_list(lines: list[Line]) -> int | None:
    """Where a numbered reference list without a heading begins; None where there is none.

    Takes lines in reading order. Such a list counts [1], [2], … at the beginning of lines, in
    the last two thirds of a paper.
    """
    marks = [
        (at, int(found[1])) for at, line in enumerate(lines) if (found := _FIRST.match(line.text))
    ]
    for place, (at, number) in enumerate(marks):
        if number != 1 or 3 * at < len(lines):
            continue
        following = [mark for _, mark in marks[place : place + 5]]
        close = len(marks) >= place + 5 and marks[place + 4][0] - at < 40
        if following == [1, 2, 3, 4, 5] and close:
            return at
    return None


def read_references(lines: list[Line], hyphens: Hyphens) -> tuple[Reference, ...]:
    """The entries of a reference list.

    Takes the list's lines in reading order, heading excluded, and the paper's hyphens.
    """
    if not lines:
        return ()
    lines = _without_notes(lines)
    starts = _starts(lines)
    end = _list_end(lines, starts)
    lines, starts = lines[:end], starts[:end]
    entries: list[list[Line]] = []
    for line, start in zip(lines, starts, strict=True):
        if start or not entries:
            entries.append([line])
        else:
            entries[-1].append(line)
    texts = [_joined(entry, hyphens) for entry in entries]
    return tuple(read_reference(text) for text in texts if _is_entry(text))


def _list_end(lines: list[Line], starts: list[bool]) -> int:
    """Where a list ends that has something else below it, such as the authors' lives."""
    leading = median(
        [b.baseline - a.baseline for a, b in pairwise(lines) if 0 < b.baseline - a.baseline < 40]
        or [12.0]
    )
    last = max((at for at, start in enumerate(starts) if start), default=0)
    for at in range(last + 1, len(lines)):
        before, line = lines[at - 1], lines[at]
        beside = (before.page, before.column) == (line.page, line.column)
        if beside and line.baseline - before.baseline > 2.5 * leading:
            return at
    return len(lines)


def _is_entry(text: str) -> bool:
    """Whether a stretch of a reference list is an entry and not a note, figure or list in it."""
    if sum(c.isalpha() for c in text) < 10 or text[0] in "•∗†‡":
        return False
    return bool(_BRACKET.match(text) or _NUMBER.match(text) or _DATED.search(text))


def _without_notes(lines: list[Line]) -> list[Line]:
    """A list's lines without footnotes and other small type among them."""
    size = median(line.size for line in lines)
    return [line for line in lines if line.size > 0.93 * size]


def read_reference(raw: str) -> Reference:
    """One entry's title, year, DOI and arXiv id; what cannot be told is left empty."""
    raw = _SPLIT_ADDRESS.sub(r"\1//", " ".join(raw.split()))
    label = _BRACKET.match(raw) or _NUMBER.match(raw)
    bare = raw[label.end() :] if label else raw
    doi = _doi(bare)
    found = _ARXIV.search(bare) or _ABS.search(bare)
    arxiv = arxiv_id(found[1]) if found else ""
    if doi.startswith("10.48550/arxiv."):
        arxiv = arxiv or arxiv_id(doi)
    return Reference(raw, _title(bare), _year(bare), doi, arxiv)


def _doi(text: str) -> str:
    found = _DOI.search(text)
    if not found:
        return ""
    doi = found[0]
    while doi and doi[-1] in ".,;:)]}'\"":
        if doi[-1] == ")" and doi.count("(") >= doi.count(")"):
            break
        doi = doi[:-1]
    return normal_doi(unquote(doi))


def _year(text: str) -> int | None:
    """The year of publication: in brackets after the authors, else the last one printed."""
    bare = re.sub(r"https?://\S+|10\.\d{4,9}/\S+|\barXiv:\s*\S+", " ", text)
    bracket = re.search(r"\((?:[A-Z][a-z]+\.? )?((?:18|19|20)\d{2})[a-z]?(?:,[^)]*)?\)", bare)
    if bracket:
        return int(bracket[1])
    years = [int(found[1]) for found in _YEAR.finditer(bare) if 1800 <= int(found[1]) <= 2050]
    return years[-1] if years else None


def _title(text: str) -> str:
    """The title an entry gives; "" where none can be told."""
    quoted = _QUOTED.search(text)
    if (
        quoted
        and text[: quoted.start()].count("(") == text[: quoted.start()].count(")")
        and text[quoted.start()] in '“"'
    ):
        return quoted[1].strip(" ,.")
    # "A. Author, B. Author (2020). Title", "Ann Author. 2020. Title": whichever comes first;
    # a year later on is followed by pages or an address.
    dated = [found for form in (_BRACKET_DATED, _STOP_DATED) if (found := form.search(text))]
    for found in sorted(dated, key=lambda found: found.start()):
        if not _NO_TITLE.match(found[1]):
            return _first_sentence(found[1])
    colon = _COLON.match(text)
    if colon:
        return _first_sentence(colon[1])
    # "A. Author, B. Author. Title. Venue, year": the first stop that ends no initial. After
    # "Smith A." a title shows by its second word.
    parts = re.split(
        r"(?<=[a-z\)]{2})\.\s+(?=[A-Z\d“\"])|(?<=[a-z]\s[A-Z])\.\s+(?=[A-Z][\w-]*\s+[a-z])", text
    )
    if len(parts) > 1:
        return _first_sentence(parts[1])
    return ""


def _first_sentence(text: str) -> str:
    end = re.search(r"(?<![A-Z])(?<!\bvs)[.?!](?=\s|$)", text)
    cut = text[: end.start() + (text[end.start()] in "?!")] if end else text
    cut = re.sub(r"\s*\((?:Version|\d+(?:st|nd|rd|th) ed|Vol)[^)]*\)$", "", cut)
    return cut.strip(' ,.“”"')
