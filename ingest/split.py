"""Papers cut into passages short enough for the embedding model."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ingest.records import PageText, Paper, Passage, Split
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


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Sentences of one section on one page, as spans in that page's stored text."""

    section: str
    page: int | None
    text: str
    """The stored text of the page."""
    sentences: tuple[tuple[int, int], ...]


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


def _parts(paper: Paper) -> Iterator[tuple[str, int | None, str]]:
    """(section, page, text) of everything a paper says, in reading order."""
    front = _front(paper)
    if front:
        yield front
    body = [
        (section.heading, part.page, part.text)
        for section in paper.sections
        for part in section.parts
        if part.text.strip() and not NEVER_PASSAGES.fullmatch(section.heading.strip())
    ]
    yield from body
    if not front and not body:
        yield "Title", None, paper.title


def _pages(paper: Paper) -> tuple[tuple[PageText, ...], list[_Stretch]]:
    """The stored text of each page, and where each section's sentences lie in it."""
    texts: dict[int | None, list[str]] = {}
    lengths: dict[int | None, int] = {}
    placed: list[tuple[str, int | None, int, str]] = []
    for section, page, text in _parts(paper):
        start = lengths.get(page, -1) + 1
        texts.setdefault(page, []).append(text)
        lengths[page] = start + len(text)
        placed.append((section, page, start, text))
    whole = {page: "\n".join(parts) for page, parts in texts.items()}
    stretches = []
    for section, page, start, text in placed:
        spans = tuple((start + a, start + b) for a, b in sentence_spans(text))
        if spans:
            stretches.append(_Stretch(section, page, whole[page], spans))
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


def _counted(
    title: str, stretch: _Stretch, count: CountTokens, limit: int
) -> list[tuple[int, int, int]]:
    """(start, end, tokens with the title) of each sentence; those too long alone are cut."""
    todo = list(stretch.sentences)
    done: dict[tuple[int, int], int] = {}
    while todo:
        sizes = count([embedding_text(title, stretch.text[a:b]) for a, b in todo])
        again: list[tuple[int, int]] = []
        for (start, end), size in zip(todo, sizes, strict=True):
            if size <= limit or end - start < 2:
                done[start, end] = size
            else:
                again += _halves(stretch.text, start, end)
        todo = again
    return [(start, end, size) for (start, end), size in sorted(done.items())]


def _greedy(
    sentences: list[tuple[int, int, int]], fixed: int, limit: int
) -> list[list[tuple[int, int, int]]]:
    """Sentences gathered in order into groups of at most `limit` estimated tokens.

    `fixed` is what title and special tokens cost once.
    """
    groups: list[list[tuple[int, int, int]]] = []
    room = 0
    for sentence in sentences:
        cost = sentence[2] - fixed
        if not groups or cost > room:
            groups.append([])
            room = limit - fixed
        groups[-1].append(sentence)
        room -= cost
    return groups


def _fill(title: str, stretch: _Stretch, count: CountTokens, limit: int) -> list[tuple[int, int]]:
    """Spans of the passages of one stretch."""
    first, last = stretch.sentences[0][0], stretch.sentences[-1][1]
    # Most stretches fit whole: a token is hardly ever shorter than 2 characters, and never
    # shorter than 1, so that only those near the limit need to be counted by sentence.
    if count([embedding_text(title, stretch.text[first:last])])[0] <= limit:
        return [(first, last)]
    fixed = count([embedding_text(title, "")])[0]
    groups = _greedy(_counted(title, stretch, count, limit), fixed, limit)
    spans: list[tuple[int, int]] = []
    while groups:
        texts = [embedding_text(title, stretch.text[g[0][0] : g[-1][1]]) for g in groups]
        again: list[list[tuple[int, int, int]]] = []
        for group, size in zip(groups, count(texts), strict=True):
            # Tokens of joined sentences may differ from their sum by one or two a joint.
            if size <= limit or len(group) == 1:
                spans.append((group[0][0], group[-1][1]))
            else:
                again += [group[:-1], group[-1:]]
        groups = again
    return sorted(spans)


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
        Passage(stretch.section, stretch.page, start, end, stretch.text[start:end])
        for stretch in stretches
        for start, end in _fill(paper.title, stretch, count_tokens, limit)
    ]
    return Split(pages, tuple(passages))
