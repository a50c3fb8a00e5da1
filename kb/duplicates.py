"""Papers that may be one work: proposals with their evidence, for people to judge."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kb.catalogue.joining import Record, active, fold, merge_log, records
from kb.catalogue.reading import Reader
from kb.library import Library
from kb.merging import join_pairs, surely_one
from kb.titles import (
    generic,
    likeness,
    main_title,
    near_years,
    same_authors,
    same_name,
    same_text,
    shared_names,
    told_apart,
    words,
)

# Titles less alike than this are not proposed.
NEAR = 0.9

# The rarest words of a title by which its near ones are found: they share one of them.
_RARE_WORDS = 4

# A word that more titles have finds nothing: too many pairs.
_COMMON = 150

# Letters of a main title that stand for it where the subtitles differ.
_MAIN = 25


@dataclass(frozen=True, slots=True)
class Proposal:
    """Two papers that may be one."""

    one: Record
    other: Record
    score: float
    """How alike the titles are, 0 to 1."""
    authors: float
    """Share of the shorter list's authors that both have, 0 to 1."""
    why: str
    sure: bool
    """True where the machine would join them by itself."""

    def to_json(self) -> dict[str, Any]:
        """The proposal as the command line prints it."""
        return {
            "papers": [_told(self.one), _told(self.other)],
            "score": round(self.score, 3),
            "authors_shared": round(self.authors, 3),
            "why": self.why,
            "sure": self.sure,
        }


def proposals(reader: Reader) -> list[Proposal]:
    """Pairs of papers of their own that may be one, the surest first.

    Left out are pairs that were kept apart. Costs seconds for 10,000 papers.
    """
    held = records(reader)
    entries = active(merge_log(reader))
    log = fold(entries, {one.paper_id for one in held.values()})
    undone = {one.pair for one in merge_log(reader)} - {one.pair for one in entries}
    own = {n: one for n, one in held.items() if one.same_as is None}
    plain = {n: words(one.title) for n, one in own.items()}
    found = []
    for a, b in sorted(_pairs(own, plain)):
        if log.forbids(own[a].paper_id, own[b].paper_id):
            continue
        made = compare(own[a], own[b], plain[a], plain[b])
        if made is not None:
            asked = frozenset((made.one.paper_id, made.other.paper_id)) not in undone
            found.append(made if asked or not made.sure else _unsure(made))
    return sorted(found, key=lambda one: (not one.sure, -one.score, one.one.n, one.other.n))


def apply(library: Library, who: str, *, yes: bool = False) -> int:
    """Join the papers of every sure proposal. Returns how many were joined; undoable.

    Raises UsageError where much of the library would be joined, unless `yes`.
    """
    with library.catalogue.read() as reader:
        sure = [(one.one, one.other, one.why) for one in proposals(reader) if one.sure]
    return join_pairs(library, sure, who, yes=yes) if sure else 0


def compare(one: Record, other: Record, mine: str, others: str) -> Proposal | None:
    """Whether two papers may be one; None where not. Takes the words of both titles too."""
    score = likeness(mine, others)
    known = (one.doi and one.doi == other.doi) or (
        one.pdf_sha256 and one.pdf_sha256 == other.pdf_sha256
    )
    if not known and score < NEAR and not _same_main(one, other):
        return None
    why = surely_one(one, other)
    share = shared_names(one.authors, other.authors)
    if why:
        return Proposal(one, other, score, share, why, sure=True)
    why = _may_be(one, other, score, share)
    return Proposal(one, other, score, share, why, sure=False) if why else None


def _may_be(one: Record, other: Record, score: float, share: float) -> str:
    """Why two papers may be one, in words; "" where they are two."""
    published = one.doi and one.doi == other.doi
    alike = score >= NEAR or _same_main(one, other)
    if not alike or told_apart(one.title, other.title):
        return "same DOI, other title" if published and share else ""
    if generic(one.title) or generic(other.title):
        alike = score == 1.0 and share >= 0.5
    if not alike or not near_years(one.year, other.year):
        return ""
    told = "same title" if score == 1.0 else f"titles {score:.0%} alike"
    told = told if score >= NEAR else "same main title"
    if not one.authors or not other.authors:
        known = same_text(one.abstract, other.abstract)
        return f"{told}, no authors to compare" if score >= 0.95 and known else ""
    if not same_authors(one.authors, other.authors):
        return ""
    # Of two papers alike in title by one group, each has its own abstract.
    near = same_text(one.abstract, other.abstract)
    return f"{told}, {share:.0%} of authors shared" if near else ""


def _same_main(one: Record, other: Record) -> bool:
    mine, others = words(main_title(one.title)), words(main_title(other.title))
    return (
        mine == others
        and len(mine) >= _MAIN
        and bool(one.authors and other.authors)
        and same_name(one.authors[0], other.authors[0])
    )


def _pairs(own: Mapping[int, Record], plain: Mapping[int, str]) -> set[tuple[int, int]]:
    """Pairs worth a look: they share a rare word of their titles, or an identifier."""
    counts = Counter(word for text in plain.values() for word in set(text.split()))
    blocks: dict[str, list[int]] = defaultdict(list)
    for n, text in plain.items():
        rarest = sorted(set(text.split()), key=lambda word: (counts[word], word))
        for word in rarest[:_RARE_WORDS]:
            blocks[word].append(n)
        blocks[f"title:{text.replace(' ', '')}"].append(n)
        for known in (own[n].doi, own[n].pdf_sha256):
            if known:
                blocks[f"id:{known}"].append(n)
    return set(_within(block for block in blocks.values() if 1 < len(block) <= _COMMON))


def _within(blocks: Iterable[Sequence[int]]) -> Iterator[tuple[int, int]]:
    for block in blocks:
        for at, a in enumerate(block):
            for b in block[at + 1 :]:
                yield (a, b) if a < b else (b, a)


def _unsure(made: Proposal) -> Proposal:
    why = f"{made.why}; joined once, and undone"
    return Proposal(made.one, made.other, made.score, made.authors, why, sure=False)


def _told(one: Record) -> dict[str, Any]:
    return {
        "paper_id": one.paper_id,
        "title": one.title,
        "authors": list(one.authors),
        "year": one.year,
        "doi": one.doi,
        "full_text": one.full_text,
    }
