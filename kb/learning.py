"""`kb learn`: the tagger learns from people's decisions, and shows first what would change."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from kb import learned
from kb.catalogue.decisions import effective, read_log
from kb.catalogue.fronts import Fronts, read_fronts
from kb.catalogue.retagging import machine_tags, original_tags, retag
from kb.catalogue.today import own_and_lent, stand_ins
from kb.catalogue.values import StoredTag, Vector
from kb.errors import UsageError
from kb.judging import Tagged, judge
from kb.library import Library
from taxonomy.learning import LEARNED, Decided, Lesson, learn, lesson, taught
from taxonomy.tagger import Tagger

Pair = tuple[str, str]
"""(facet key, category key)."""

FEW = 30
"""Papers below which cross-validation says next to nothing: a warning is given."""

FOLDS = 10
EXAMPLES = 3
ROUNDS = 1000

_SEED = 20260101


@dataclass(frozen=True, slots=True)
class Lessons:
    """The decisions that a tagger can learn from."""

    decided: tuple[Decided, ...]
    ids: tuple[str, ...]
    vectors: Vector
    bare: int
    """Papers that are here without their abstract."""
    beyond: int
    """Verdicts on categories that the tagger does not know."""

    @property
    def verdicts(self) -> int:
        """How many there are to learn from."""
        return sum(len(one.yes) + len(one.no) for one in self.decided)


@dataclass(frozen=True, slots=True)
class Agreed:
    """How often tagger and people say the same of what people decided."""

    share: float
    """Share of the verdicts, 0 to 1."""
    f1: float
    """F1 of `yes` over all verdicts, 0 to 1."""

    def to_json(self) -> dict[str, float]:
        """Both figures."""
        return {"share": round(self.share, 4), "f1": round(self.f1, 4)}


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one category."""

    facet: str
    key: str
    added: tuple[str, ...]
    """Ids of papers that get the tag."""
    removed: tuple[str, ...]
    """Ids of papers that lose it."""

    def to_json(self) -> dict[str, Any]:
        """Counts, and some papers by id."""
        return {
            "facet": self.facet,
            "key": self.key,
            "added": len(self.added),
            "removed": len(self.removed),
            "added_examples": list(self.added[:EXAMPLES]),
            "removed_examples": list(self.removed[:EXAMPLES]),
        }


@dataclass(frozen=True, slots=True)
class Proposal:
    """A tagger that could take the present one's place, and what it would change."""

    generation: int
    """Of the catalogue, when it was made."""
    tagger: Tagger
    lesson: Lesson | None
    """None: back to the shipped tagger."""
    lessons: Lessons
    fronts: Fronts
    tagged: tuple[Tagged, ...]
    """New machine tags and scores, in the order of the fronts."""
    changes: tuple[Change, ...]
    papers: int
    """Papers whose tags change; those that people decided stay as they are."""
    before: Agreed | None
    """Of the shipped tagger with the decisions; None where there are too few to say."""
    after: Agreed | None
    """Of taggers that learned from the other decisions only."""
    gain: tuple[float, float] | None
    """95 % interval of the gain in share, over resampled papers."""
    folds: int
    known: int
    """Decided papers that the shipped tagger was trained on: they flatter `before`."""
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """What the command line prints."""
        return {
            "version": self.tagger.version,
            "papers_decided": len(self.lessons.decided),
            "verdicts": self.lessons.verdicts,
            "verdicts_beyond": self.lessons.beyond,
            "changes": [one.to_json() for one in self.changes],
            "papers_changed": self.papers,
            "agreement": {
                "before": self.before.to_json() if self.before else None,
                "after": self.after.to_json() if self.after else None,
                "gain_low": round(self.gain[0], 4) if self.gain else None,
                "gain_high": round(self.gain[1], 4) if self.gain else None,
                "folds": self.folds,
                "trained_on": self.known,
            },
            "warnings": list(self.warnings),
            "seconds": round(self.seconds, 2),
        }

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of the figures must know."""
        found = []
        papers = len(self.lessons.decided)
        if self.lesson is not None and papers < FEW:
            found.append(f"decisions on {papers} papers are few: the figures say little")
        if self.lessons.bare:
            found.append(
                f"{self.lessons.bare} decided papers are here without their abstract, and "
                "teach by title or digest only: kb fetch --missing brings abstracts"
            )
        if self.known:
            found.append(
                f"the shipped tagger was trained on {self.known} of these papers, which "
                "flatters the agreement before"
            )
        if self.lessons.beyond:
            found.append(
                f"{self.lessons.beyond} verdicts are on categories of your own, which learn apart"
            )
        if self.gain and self.gain[1] < 0:
            found.append("it agrees less with people than before: better not apply it")
        return tuple(found)


def lessons(library: Library, fronts: Fronts) -> Lessons:
    """What holds of people's decisions, paper by paper, of papers that are here."""
    with library.catalogue.read() as reader:
        holds = effective(read_log(reader.connection))
        holds = own_and_lent(holds, stand_ins(reader.connection))
    known = {(f, key) for f, keys in library.shipped_tagger.facets.items() for key in keys}
    rows, beyond = fronts.row_of, 0
    told: dict[tuple[str, str, str], str] = {}
    filing = library.taxonomy[1]
    for (paper, facet, now), one in holds.items():
        key = filing.origin(facet, now)
        if (facet, key) not in known:
            beyond += 1
        elif paper in rows and (now != key or (paper, facet, key) not in told):
            told[paper, facet, key] = one.verdict  # of a renamed one, its new name's word
    said: dict[str, dict[str, set[Pair]]] = {}
    for (paper, facet, key), verdict in told.items():
        said.setdefault(paper, {"yes": set(), "no": set()})[verdict].add((facet, key))
    ids = tuple(sorted(said))
    decided = tuple(_decided(fronts, rows[one], said[one]) for one in ids)
    places = [rows[one] for one in ids]
    bare = sum(fronts.bare[at] for at in places)
    return Lessons(decided, ids, fronts.vectors[places], bare, beyond)


def _decided(fronts: Fronts, row: int, said: Mapping[str, set[Pair]]) -> Decided:
    """What people say of one paper; of a bare one, against what was judged by its abstract."""
    scores = fronts.scores[row]
    judged = {(facet, key): p for facet, some in scores.items() for key, p in some.items()}
    return Decided(
        *fronts.texts[row],
        frozenset(said["yes"]),
        frozenset(said["no"]),
        judged if fronts.bare[row] and judged else None,
    )


def propose(
    library: Library, *, reset: bool = False, between: Callable[[], None] = lambda: None
) -> Proposal:
    """What learning from all decisions would change; or, with `reset`, unlearning it all.

    `between` is called between its steps; what it raises ends the work, and nothing is kept.
    Raises UsageError where nobody has decided anything that can be learned.
    """
    started = time.perf_counter()
    with library.catalogue.read() as reader:
        generation = reader.generation
        fronts = read_fronts(reader)
    base = library.shipped_tagger
    given = Lessons((), (), fronts.vectors[:0], 0, 0) if reset else lessons(library, fronts)
    made = lesson(base, given.decided, given.vectors)
    if made is None and not reset and not given.beyond:
        raise UsageError(
            "there is no decision to learn from",
            remedy="kb tags --queue shows where a decision helps most; kb tag ID decides",
            code="no_decisions",
        )
    between()
    tagger = base if made is None else taught(base, made)
    tagged = _tagged(library, fronts, tagger)
    between()
    changes, papers = _changes(library, fronts, tagged)
    before, after, gain, folds = _agreement(base, given, between)
    return Proposal(
        generation,
        tagger,
        made,
        given,
        fronts,
        tagged,
        changes,
        papers,
        before,
        after,
        gain,
        folds,
        len(set(given.ids) & set(base.parts.ids)),
        time.perf_counter() - started,
    )


def apply(library: Library, proposal: Proposal) -> int:
    """Take a proposal's tagger and give every paper its tags anew, in one transaction.

    Returns how many papers changed for readers. Raises UsageError where the library has
    changed since it was proposed; LibraryLocked while another process writes.
    """
    made = proposal.lesson
    with library.writing(), library.catalogue.write() as writer:
        if writer.generation != proposal.generation:
            raise UsageError(
                "the library has changed since this was worked out",
                remedy="run kb learn again",
                code="changed_meanwhile",
            )
        if made is None:
            learned.forget(writer)
        else:
            learned.keep(writer, made, _facts(library, proposal))
        changed = retag(writer, proposal.fronts, proposal.tagged, proposal.tagger.facets)
        for paper in sorted(changed):
            writer.touch(paper)
        if not changed:
            writer.keep_generation()
        item = f"kb learn: {proposal.tagger.version}"
        writer.log([{"at": library.now(), "item": item, "state": "learned"}])
    return len(changed)


def _tagged(library: Library, fronts: Fronts, tagger: Tagger) -> tuple[Tagged, ...]:
    """What every paper would be tagged with.

    A paper that is here without its abstract may have been tagged where that was: its tags
    stay, but for what the lesson turns round when it reads the same title or digest.
    """
    if not fronts.ids:
        return ()
    judged = judge(tagger, fronts.texts, fronts.vectors)
    bare = np.flatnonzero(fronts.bare).tolist()
    if bare:
        with library.catalogue.read() as reader:
            held = original_tags(reader, LEARNED)
        base, texts = library.shipped_tagger, [fronts.texts[row] for row in bare]
        known = {(facet, key) for facet, keys in base.facets.items() for key in keys}
        for row, (before, _) in zip(bare, judge(base, texts, fronts.vectors[bare]), strict=True):
            mine = held.get(int(fronts.numbers[row]), [])
            own = [tag for tag in mine if (tag.facet, tag.key) in known]
            judged[row] = _turned(own, before, judged[row][0]), fronts.scores[row]
    return tuple(judged)


def _turned(
    held: Sequence[StoredTag], before: Sequence[StoredTag], after: Sequence[StoredTag]
) -> list[StoredTag]:
    """The tags held, changed as `before` changes to `after`: set aside, not deleted."""
    was, now = ({(tag.facet, tag.key) for tag in some} for some in (before, after))
    kept = [replace(tag, present=(tag.facet, tag.key) not in was - now) for tag in held]
    mine = {(tag.facet, tag.key) for tag in held}
    return kept + [tag for tag in after if (tag.facet, tag.key) in now - was - mine]


def _facts(library: Library, proposal: Proposal) -> dict[str, Any]:
    return {
        "at": library.now(),
        "papers": len(proposal.lessons.decided),
        "verdicts": proposal.lessons.verdicts,
    }


def _changes(
    library: Library, fronts: Fronts, tagged: Sequence[Tagged]
) -> tuple[tuple[Change, ...], int]:
    """Tags that readers would see come and go, and in how many papers."""
    with library.catalogue.read() as reader:
        held = machine_tags(reader)
        settled = set(effective(read_log(reader.connection)))
    known = {(f, key) for f, keys in library.shipped_tagger.facets.items() for key in keys}
    added: dict[Pair, list[str]] = {}
    removed: dict[Pair, list[str]] = {}
    moved: set[str] = set()
    for number, paper, (tags, _) in zip(fronts.numbers.tolist(), fronts.ids, tagged, strict=True):
        now = {(tag.facet, tag.key) for tag in tags if tag.present}
        before = held.get(number, set()) & known
        for into, pairs in ((added, now - before), (removed, before - now)):
            for pair in pairs:
                if (paper, *pair) not in settled:
                    into.setdefault(pair, []).append(paper)
                    moved.add(paper)
    order = [(f, key) for f, keys in library.shipped_tagger.facets.items() for key in keys]
    changes = tuple(
        Change(*pair, tuple(added.get(pair, ())), tuple(removed.get(pair, ())))
        for pair in order
        if pair in added or pair in removed
    )
    return changes, len(moved)


def _agreement(
    base: Tagger, given: Lessons, between: Callable[[], None]
) -> tuple[Agreed | None, Agreed | None, tuple[float, float] | None, int]:
    """Agreement before, and after in folds; the gain's interval; the number of folds."""
    count = len(given.decided)
    if count < 2:
        return None, None, None, 0
    truth, asked = verdict_table(base, given.decided)
    texts = [(one.title, one.abstract) for one in given.decided]
    _, before = base.judge(texts, given.vectors)
    after = np.zeros_like(before)
    rng = np.random.default_rng(_SEED)
    folds = min(FOLDS, count)
    for held in np.array_split(rng.permutation(count), folds):
        between()
        rest = np.setdiff1d(np.arange(count), held)
        part = learn(base, [given.decided[at] for at in rest.tolist()], given.vectors[rest])
        _, after[held] = part.judge([texts[at] for at in held.tolist()], given.vectors[held])
    right = np.stack([((said == truth) & asked).sum(axis=1) for said in (before, after)])
    sizes = asked.sum(axis=1)
    drawn = rng.integers(0, count, (ROUNDS, count))
    gains = (right[1] - right[0])[drawn].sum(axis=1) / np.maximum(sizes[drawn].sum(axis=1), 1)
    low, high = np.quantile(gains, (0.025, 0.975))
    one, other = (_agreed(said, truth, asked) for said in (before, after))
    return one, other, (float(low), float(high)), folds


def verdict_table(
    tagger: Tagger, decided: Sequence[Decided]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """(n, c) what people say, and (n, c) where they have said anything."""
    pairs = [(facet, key) for facet, keys in tagger.facets.items() for key in keys]
    yes = np.array([[pair in one.yes for pair in pairs] for one in decided], dtype=bool)
    no = np.array([[pair in one.no for pair in pairs] for one in decided], dtype=bool)
    return yes, yes | no


def _agreed(
    said: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_], asked: npt.NDArray[np.bool_]
) -> Agreed:
    hits = int((said & truth & asked).sum())
    sizes = int((said & asked).sum() + (truth & asked).sum())
    return Agreed(float((said == truth)[asked].mean()), 2 * hits / sizes if sizes else 1.0)
