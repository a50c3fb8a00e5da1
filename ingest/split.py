"""Papers cut into passages short enough for the embedding model."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ingest.boxes import boxes_of, overleaf, places_of
from ingest.records import Box, PageText, Paper, Passage, Place, Split
from ingest.sentences import sentence_spans

CountTokens = Callable[[list[str]], list[int]]
"""Texts -> tokens of each, special tokens included."""

TITLE_TOKENS = 64
"""A title takes at most a quarter of a 256-token passage; the text is what is searched."""

NEVER_PASSAGES = re.compile(
    r"acknowledge?ments?( and .*)?|references|bibliography|literature cited|"
    r"(author )?contributions|author contributions statement|funding( .*)?|"
    r"(declaration of )?(conflicts? of|competing) interests?( statement)?",
    re.IGNORECASE,
)
"""Sections that answer no question about the research."""

# Estimated tokens of a title without a tokenizer: runs of letters give a token for every
# 3 letters at most (WordPiece averages over 4), everything else one a character.
_RUN = re.compile(r"[A-Za-z]+|\S")


# English has over 4 characters a token: a text below 3.4 likely fits whole, and is tried so first.
_SURELY_SHORT = 3.4

_Sentence = tuple[int, int, int]
"""(start, end, tokens)."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Sentences of one section on one page, as spans in that page's stored text."""

    section: str
    page: int | None
    text: str
    """The stored text of the page."""
    sentences: tuple[tuple[int, int], ...]
    places: tuple[Place, ...] = ()
    """Where its lines stand, by their first character in the page's stored text."""
    boxes: tuple[Box, ...] = ()
    """Where all of it stands; of an abstract, whose lines are not placed."""


def _short_title(title: str) -> str:
    """The title's first words, as many as surely fit in `TITLE_TOKENS` tokens."""
    room = TITLE_TOKENS
    for word in re.finditer(r"\S+", title):
        runs = _RUN.findall(word[0])
        room -= sum(math.ceil(len(run) / 3) if run.isascii() else 1 for run in runs)
        if room < 0:
            return title[: word.start()].rstrip() or title[:TITLE_TOKENS]
    return title


def embedding_text(title: str, text: str) -> str:
    """What is embedded for a passage: its paper's title (cut to about 64 tokens), its text."""
    return f"{_short_title(title)}\n{text}"


def _front(paper: Paper) -> tuple[str, int | None, str] | None:
    """(section, page, text) of the abstract, else of the digest; None without either."""
    if paper.abstract.strip():
        return "Abstract", paper.abstract_page, paper.abstract.strip()
    if paper.digest and paper.digest.sentences():
        return "Digest", None, " ".join(text for _, text in paper.digest.sentences())
    return None


def _parts(paper: Paper) -> Iterator[tuple[str, PageText]]:
    """(section, text on a page) of everything a paper says, in reading order."""
    front = _front(paper)
    if front:
        section, page, text = front
        yield section, PageText(page, text)
    body = [
        (section.heading, part)
        for section in paper.sections
        for part in section.parts
        if part.text.strip() and not NEVER_PASSAGES.fullmatch(section.heading.strip())
    ]
    yield from body
    if not front and not body:
        yield "Title", PageText(None, paper.title)


def _pages(paper: Paper) -> tuple[tuple[PageText, ...], list[_Stretch]]:
    """The stored text of each page, and where each section's sentences lie in it."""
    texts: dict[int | None, list[str]] = {}
    lengths: dict[int | None, int] = {}
    placed: list[tuple[str, int, PageText]] = []
    for section, part in _parts(paper):
        start = lengths.get(part.page, -1) + 1
        texts.setdefault(part.page, []).append(part.text)
        lengths[part.page] = start + len(part.text)
        placed.append((section, start, part))
    whole = {page: "\n".join(parts) for page, parts in texts.items()}
    stretches = []
    for section, start, part in placed:
        spans = tuple((start + a, start + b) for a, b in sentence_spans(part.text))
        if spans:
            places = places_of(part.places, 0, len(part.text), start)
            boxes = paper.abstract_boxes if section == "Abstract" and not places else ()
            stretches.append(_Stretch(section, part.page, whole[part.page], spans, places, boxes))
    order = sorted(whole, key=lambda page: -1 if page is None else page)
    return tuple(PageText(page, whole[page]) for page in order), stretches


def _halves(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """A span cut in two near its middle, at a blank where there is one."""
    middle = (start + end) // 2
    left = text.rfind(" ", start + 1, middle)
    right = text.find(" ", middle, end - 1)
    nearest = min(
        (at for at in (left, right) if at > 0), key=lambda at: abs(at - middle), default=0
    )
    if nearest:
        return [(start, nearest), (nearest + 1, end)]
    return [(start, middle), (middle, end)]


def _costs(stretch: _Stretch, room: int, count: CountTokens, special: int) -> list[_Sentence]:
    """Each sentence with its tokens, special ones aside; one over `room` is cut up."""
    todo = list(stretch.sentences)
    done: list[_Sentence] = []
    while todo:
        sizes = count([stretch.text[start:end] for start, end in todo])
        again: list[tuple[int, int]] = []
        for (start, end), size in zip(todo, sizes, strict=True):
            if size - special <= room or end - start < 2:
                done.append((start, end, size - special))
            else:
                again += _halves(stretch.text, start, end)
        todo = again
    return sorted(done)


def _greedy(sentences: list[_Sentence], room: int) -> list[list[_Sentence]]:
    """Sentences gathered in order into groups of at most `room` tokens."""
    groups: list[list[_Sentence]] = []
    left = 0
    for sentence in sentences:
        if not groups or sentence[2] > left:
            groups.append([])
            left = room
        groups[-1].append(sentence)
        left -= sentence[2]
    return groups


def _fitting(
    groups: list[list[_Sentence]], title: str, text: str, count: CountTokens, limit: int, room: int
) -> list[tuple[int, int]]:
    """Spans of groups, divided further where joined sentences have more tokens than their sum."""
    spans: list[tuple[int, int]] = []
    while groups:
        # A joint may cost a token more than its two sides: only full groups can exceed.
        doubtful = [g for g in groups if sum(one[2] + 1 for one in g) > room]
        sizes = count([embedding_text(title, text[g[0][0] : g[-1][1]]) for g in doubtful])
        over = [g for g, size in zip(doubtful, sizes, strict=True) if size > limit]
        spans += [(g[0][0], g[-1][1]) for g in groups if g not in over]
        groups = [part for g in over for part in _parted(g, text)]
    return sorted(spans)


def _parted(group: list[_Sentence], text: str) -> list[list[_Sentence]]:
    """A group that is too long, as two: its last sentence apart, or its one sentence halved."""
    if len(group) > 1:
        return [group[:-1], group[-1:]]
    start, end, size = group[0]
    return [[(a, b, size)] for a, b in _halves(text, start, end)] if end - start > 1 else []


def _fill(title: str, stretch: _Stretch, count: CountTokens, limit: int) -> list[tuple[int, int]]:
    """Spans of the passages of one stretch."""
    first, last = stretch.sentences[0][0], stretch.sentences[-1][1]
    whole = embedding_text(title, stretch.text[first:last])
    if len(whole) < _SURELY_SHORT * limit and count([whole])[0] <= limit:
        return [(first, last)]
    fixed, special = count([embedding_text(title, ""), ""])
    room = limit - fixed
    groups = _greedy(_costs(stretch, room, count, special), room)
    return _fitting(groups, title, stretch.text, count, limit, room)


def _boxes(stretch: _Stretch, start: int, end: int) -> tuple[Box, ...]:
    """Where a passage of a stretch stands; () where it has no page."""
    if stretch.page is None:
        return ()
    return boxes_of(stretch.places, start, end) or stretch.boxes


def split(paper: Paper, count_tokens: CountTokens, limit: int = 256) -> Split:
    """The passages of a paper, and the page texts they point into.

    Takes the paper, a counter of tokens (special ones included) and the most tokens that
    `embedding_text(paper.title, passage.text)` may have. Passages hold whole sentences, as
    many as fit, and cross neither a page nor a section; a sentence too long alone is cut
    between words. Raises ValueError where `limit` leaves no room beside the title.
    """
    if count_tokens([embedding_text(paper.title, "")])[0] + 8 > limit:
        raise ValueError(f"a limit of {limit} tokens leaves no room beside the title")
    pages, stretches = _pages(paper)
    passages = [
        Passage(
            stretch.section,
            stretch.page,
            start,
            end,
            stretch.text[start:end],
            _boxes(stretch, start, end),
            overleaf(stretch.places, start, end),
        )
        for stretch in stretches
        for start, end in _fill(paper.title, stretch, count_tokens, limit)
    ]
    return Split(pages, tuple(passages))
