"""The front of a paper: title, authors, abstract, and what its first page is stamped with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

from ingest.identity import arxiv_id, normal_doi
from ingest.layout import Line, PageLines

_ABSTRACT = re.compile(r"a\s?b\s?s\s?t\s?r\s?a\s?c\s?t\s*[:.]?", re.IGNORECASE)
_RUN_IN = re.compile(r"abstract\s*(?:[—–:.]|-+|\s(?=[A-Z]))\s*(?=\S)", re.IGNORECASE)
AFTER_ABSTRACT = re.compile(
    r"(?:key\s?words|index terms|ccs concepts|general terms|categories and subject|"
    r"acm reference format|additional key words|subject classification|code available|"
    r"1\.?\s+introduction\b|"
    r"i\.\s+introduction\b|introduction$)",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"universit|institut|department|dept\b|laborator|\blabs?\b|school|college|faculty|research|"
    r"center|centre|academy|\binc\b|\bltd\b|corporation|company|hospital|google|microsoft|"
    r"amazon|meta ai|apple|nvidia|huawei|alibaba|tencent|bytedance|ibm|intel|\busa\b|china|"
    r"germany|canada|france|\buk\b|@|https?:|www\.|equal contribution|corresponding|"
    r"\bauthors?\b|preprint|arxiv|proceedings|conference|journal|technolog|sciences?\b",
    re.IGNORECASE,
)
_IMPRINT = re.compile(
    r"equal contribution|contributed equally|correspond(?:ence to|ing author)|\S+@\S+\.\w|"
    r"copyright|©|all rights reserved|licen[cs]ed under|permission to make|"
    r"(?:supported|funded) (?:in part )?by|work (?:was )?(?:done|performed) (?:while|during)|"
    r"preprint submitted|under review|manuscript received|accepted for publication|"
    r"\bproceedings of the\b|^(?:doi|arxiv|issn|isbn)\b",
    re.IGNORECASE,
)
_NAME_MARKS = re.compile(
    r"[\d*∗†‡§¶♠♣♦♥⋆\u00b9\u00b2\u00b3⁰-⁹,]+$|^[\d*∗†‡§¶♠♣♦♥⋆]+|\([^)]*\)|\b[\w.]+@\S+"
)
_PARTICLES = frozenset(
    "de van der den von la le da di dos del el al bin ibn du ter ten y e".split()
)
# A subtitle begins so, no name does.
_NO_NAME = frozenset("a an the on for towards toward how why what in from".split())
_SEPARATOR = re.compile(r"\s*(?:,|;|&|·|•|\band\b)\s*|\s{3,}")
_STAMP = re.compile(r"arXiv:\s*([a-z.-]+/\d{7}|\d{4}\.\d{4,5})(v\d+)?", re.IGNORECASE)
_STAMPED = re.compile(_STAMP.pattern + r"\s*\[[a-z-]+(?:\.[a-z-]+)?\]", re.IGNORECASE)
_DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"<>{}|\\^`]+")
_YEAR = re.compile(r"\b(?:19[5-9]\d|20[0-4]\d)\b")


@dataclass(frozen=True, slots=True)
class Stamp:
    """Identifiers printed on a first page; "" or None where there are none."""

    arxiv_id: str
    doi: str
    year: int | None


def stamp(page: PageLines, made: str) -> Stamp:
    """What the first page says the paper is.

    Takes the whole first page, margins too, and the PDF's creation date (`D:2024…`).
    """
    # In the running text an id cites another paper: one's own stands in a margin, or with its
    # category behind it, as arXiv prints it.
    own = [line.text for line in page.lines if _at_edge(line, page) or _STAMPED.search(line.text)]
    printed = _STAMP.search("\n".join([*page.turned, *own]))
    arxiv = arxiv_id(printed[1]) if printed else ""
    # A DOI in the running text cites another paper: heads, feet and margins hold one's own.
    doi = ""
    for line in sorted(page.lines, key=lambda line: not _own_doi(line, page)):
        found = _DOI.search(line.text)
        if found and _own_doi(line, page):
            doi = normal_doi(found[0].rstrip(".,;)]"))
            break
    if doi.startswith("10.48550/arxiv."):
        arxiv, doi = arxiv or arxiv_id(doi), ""
    return Stamp(arxiv, doi, _printed_year(page, arxiv, made))


def _at_edge(line: Line, page: PageLines) -> bool:
    """True in the head, foot or margin of a page."""
    high, low = line.y1 < 0.1 * page.height, line.y0 > 0.9 * page.height
    return high or low or line.x1 < 0.12 * page.width


def _own_doi(line: Line, page: PageLines) -> bool:
    edge = line.y1 < 0.16 * page.height or line.y0 > 0.78 * page.height
    margin = line.x1 < 0.3 * page.width
    return (
        edge
        or margin
        or bool(re.match(r"(?:doi|https?://(?:dx\.)?doi\.org)", line.text, re.IGNORECASE))
    )


def _printed_year(page: PageLines, arxiv: str, made: str) -> int | None:
    for line in page.lines:
        if re.search(
            r"published|received|accepted|©|copyright|\bproceedings\b|journal",
            line.text,
            re.IGNORECASE,
        ):
            years = [int(year) for year in _YEAR.findall(line.text)]
            if years:
                return max(years)
    if re.match(r"\d{4}\.", arxiv):
        return 2000 + int(arxiv[:2])
    edge = [
        line for line in page.lines if line.y1 < 0.1 * page.height or line.y0 > 0.88 * page.height
    ]
    years = [int(year) for line in edge for year in _YEAR.findall(line.text)]
    if years:
        return max(years)
    return int(made[2:6]) if re.match(r"D:(?:19|20)\d\d", made) else None


def _plain(text: str) -> str:
    return re.sub(r"\W+", "", text.lower())


def title_lines(lines: list[Line], body: float, metadata: str) -> tuple[int, int]:
    """Where the title stands among the first page's lines: from start to before end.

    Takes the page's lines in reading order, the size of running text, and the title the
    file's metadata gives. (0, 0) where no line stands out.
    """
    page = [line for line in lines if line.page == lines[0].page] if lines else []
    top = []
    for at, line in enumerate(page):
        if _ABSTRACT.fullmatch(line.text) or _RUN_IN.match(line.text):
            break
        top.append((at, line))
    groups = _alike(top, body)
    wanted = _plain(metadata)
    if len(wanted) > 12:
        for start, end in groups:
            text = _plain("".join(line.text for line in page[start:end]))
            if SequenceMatcher(None, text, wanted, autojunk=False).ratio() > 0.85:
                return start, end
    worthy = [
        (page[start].size, -start, start, end)
        for start, end in groups
        if sum(c.isalpha() for line in page[start:end] for c in line.text) >= 8
        and not _STAMP.search(page[start].text)
    ]
    big = [one for one in worthy if one[0] > 1.15 * body]
    bold = [one for one in worthy if page[one[2]].bold]
    if big:
        return max(big)[2:]
    return bold[0][2:] if bold else (worthy[0][2:] if worthy else (0, 0))


def _alike(top: list[tuple[int, Line]], body: float) -> list[tuple[int, int]]:
    """Stretches of successive lines of one size, set close together."""
    groups: list[tuple[int, int]] = []
    for at, line in top:
        if groups:
            before = top[at - 1][1]
            near = line.baseline - before.baseline < 1.9 * line.size
            if (
                near
                and abs(before.size - line.size) < 0.06 * line.size + 0.3
                and (before.bold == line.bold or line.size > 1.3 * body)
            ):
                groups[-1] = (groups[-1][0], at + 1)
                continue
        groups.append((at, at + 1))
    return groups


def find_abstract(lines: list[Line]) -> tuple[int, str] | None:
    """(index of the line that says Abstract, what follows it on that line), if there is one.

    Takes the lines of the first three pages in reading order.
    """
    for at, line in enumerate(lines):
        text = line.text.strip()
        if _ABSTRACT.fullmatch(text):
            return at, ""
        run_in = _RUN_IN.match(text)
        # Type tells; where bitmap fonts hide it, a stop or dash does.
        if run_in and (line.bold_lead or line.bold or re.search(r"[—–.:]|[A-Z]{4}", run_in[0])):
            return at, text[run_in.end() :]
    return None


def is_place(text: str) -> bool:
    """Whether a text names a place where authors work, or how to reach them."""
    return bool(_PLACE.search(text))


def is_imprint(text: str) -> bool:
    """Whether a small-type paragraph of a first page is about the paper, not part of it."""
    return bool(_IMPRINT.search(text))


def _person(text: str) -> str:
    """A name with marks and addresses taken off; "" where it is not one."""
    name = text.strip()
    for _ in range(3):
        name = _NAME_MARKS.sub("", name).strip(" ,;:·•")
    words = name.split()
    if words and words[0].lower() in _NO_NAME:
        return ""
    if not 2 <= len(words) <= 6 or _PLACE.search(name) or re.search(r"[\d@{}/:]", name):
        return ""
    capital = all(
        word[0].isupper() or word.lower() in _PARTICLES or word[0] in "'’" for word in words
    )
    return name if capital and sum(c.isalpha() for c in name) >= 4 else ""


def authors(stretches: list[Line]) -> tuple[str, ...]:
    """Authors' names from what stands between title and abstract.

    Takes those stretches of type as they lie on the page, rows not joined (names stand side
    by side), in reading order.
    """
    told = _author_lines(stretches)
    # One list that runs over several lines, or a grid of names with places below them.
    listed = sum(len(_SEPARATOR.findall(line.unraised.strip(" ,"))) for line in told) > 0
    texts = _lists(told) if listed else [line.unraised for line in told]
    names = [_person(part) for text in texts for part in _SEPARATOR.split(text)]
    return tuple(dict.fromkeys(name for name in names if name))


def _lists(told: list[Line]) -> list[str]:
    """Lines of names as lists; one that names a place, too, ends there."""
    lists: list[str] = []
    for before, line in zip([None, *told], told, strict=False):
        goes_on = before and re.search(r"(?:,|;|&|·|\band)\s*$", before.unraised)
        ends = before and (_PLACE.search(before.unraised) or _person(before.unraised))
        if before and (goes_on or not ends):
            lists[-1] += f" {line.unraised}"
        else:
            lists.append(line.unraised)
    return lists


def _author_lines(stretches: list[Line]) -> list[Line]:
    """The stretches set as the first one is that holds a person's name."""
    told: list[Line] = []
    for line in stretches:
        if told:
            if abs(line.size - told[0].size) < 0.4 and line.bold == told[0].bold:
                told.append(line)
        elif any(map(_person, _SEPARATOR.split(line.unraised))):
            told.append(line)
    return told
