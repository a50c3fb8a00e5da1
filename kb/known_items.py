"""Known items: queries made from a library's own papers, each with the paper it must find.

Nothing is embedded: a sentence's stored vector is its query by meaning, its words without
the rarest are its query by words. The same library always gives the same items.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal
from zlib import crc32

import numpy as np

from kb.catalogue import SentenceRow, StoredPaper, StoredPassage
from kb.catalogue.values import Vector
from kb.library import Library
from kb.snapshot import Snapshot
from kb.text_index import TextIndex, words

Kind = Literal["abstract", "body", "title"]

NO_PHASE = "none"
"""Stands for the phase of papers without one."""

# Words taken away from a sentence: with its rarest word any index finds its paper.
_RAREST = 2
# Fewer words than this ask for nothing in particular.
_FEWEST = 5

# Sections that stand for the abstract where there is none.
_FRONT = ("Abstract", "Digest", "Title")


@dataclass(frozen=True, slots=True)
class KnownItem:
    """A query, and the one paper that it was made from."""

    row: int
    """Row of the paper in the snapshot's table."""
    paper: StoredPaper
    phases: tuple[str, ...]
    """Effective phases; `NO_PHASE` where it has none."""
    kind: Kind
    query: str
    """The words to look for."""
    passage: StoredPassage
    """Where the sentence stands; the first passage for a title."""
    sentence: str
    """The whole sentence; "" for a title."""
    vector: Vector | None
    """The sentence's stored vector; None for a title."""


def known_items(library: Library, snapshot: Snapshot, count: int) -> list[KnownItem]:
    """At most `count` items, one a paper, spread evenly over the phases."""
    rows = _spread(snapshot, count)
    numbers = [int(snapshot.table.n[row]) for row in rows]
    with library.catalogue.read() as reader:
        papers = reader.papers(numbers)
        passages = reader.passages_of(numbers)
        held: dict[int, list[SentenceRow]] = defaultdict(list)
        for one in reader.sentences(p.n for some in passages.values() for p in some):
            held[one.passage].append(one)
    rarity = _rarity(library.indexes.text)
    found = []
    for turn, (row, number) in enumerate(zip(rows, numbers, strict=True)):
        if number in papers and passages.get(number):
            sentences = {p.n: held[p.n] for p in passages[number]}
            wanted = _kind(turn, papers[number])
            found.append(_item(row, papers[number], passages[number], sentences, wanted, rarity))
    return found


def _spread(snapshot: Snapshot, count: int) -> list[int]:
    """Rows of at most `count` papers, from each phase in turn, in an order of no meaning."""
    table = snapshot.table
    order = sorted(range(len(table.n)), key=lambda row: _shuffled(table.paper_id[row]))
    masks = [has for (facet, _), has in sorted(table.has_tags.items()) if facet == "phase"]
    without = ~np.any(masks, axis=0) if masks else np.ones(len(table.n), dtype=bool)
    strata = [[row for row in order if has[row]] for has in (*masks, without)]
    chosen: dict[int, None] = {}
    for depth in range(max(map(len, strata), default=0)):
        for stratum in strata:
            if depth < len(stratum):
                chosen.setdefault(stratum[depth])
        if len(chosen) >= count:
            break
    return list(chosen)[:count]


def _shuffled(text: str) -> tuple[int, str]:
    return crc32(text.encode()), text


def _rarity(index: TextIndex) -> Callable[[str], int]:
    """How many papers have a word in title or abstract; 0 for a stop word."""

    @cache
    def papers_with(word: str) -> int:
        """How many papers have one word."""
        stems = index.stems(word)
        return index.papers_with(stems[0]) if stems else 0

    return papers_with


def _kind(turn: int, paper: StoredPaper) -> Kind:
    if turn % 3 == 2:
        return "title"
    return "body" if paper.full_text and turn % 3 == 1 else "abstract"


def _item(
    row: int,
    paper: StoredPaper,
    passages: Sequence[StoredPassage],
    held: dict[int, list[SentenceRow]],
    wanted: Kind,
    rarity: Callable[[str], int],
) -> KnownItem:
    """The paper's item of the kind wanted; of its title where it has no such sentence."""
    phases = paper.keys("phase") or (NO_PHASE,)
    chosen = (
        [p for p in passages if (p.section in _FRONT) == (wanted == "abstract")]
        if wanted != "title"
        else []
    )
    texts = [(p, one, p.text[one.start : one.end]) for p in chosen for one in held[p.n]]
    if not texts:
        shuffled = sorted(words(paper.title), key=_shuffled)
        return KnownItem(row, paper, phases, "title", " ".join(shuffled), passages[0], "", None)
    passage, sentence, text = max(texts, key=lambda one: _telling(one[2], rarity))
    query = _without_rarest(text, rarity)
    return KnownItem(row, paper, phases, wanted, query, passage, text, sentence.vector)


def _telling(text: str, rarity: Callable[[str], int]) -> float:
    """How much a sentence says of its paper: the rarer its words on the whole, the more."""
    counts = [count for word in set(words(text)) if (count := rarity(word))]
    return -float(np.mean(np.log(counts))) if len(counts) >= _FEWEST else -np.inf


def _without_rarest(text: str, rarity: Callable[[str], int]) -> str:
    """The sentence's words without its rarest, as long as enough are left."""
    all_words = words(text)
    counted = sorted({word for word in all_words if rarity(word)}, key=lambda w: (rarity(w), w))
    dropped = set(counted[: max(0, min(_RAREST, len(counted) - _FEWEST))])
    return " ".join(word for word in all_words if word not in dropped)
