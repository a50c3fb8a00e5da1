"""Statements of many papers become challenges: what is hard, who says so, since when.

**Merging.** Groups of challenge statements are joined while they are alike enough on average
(`kb.likeness.group`). A challenge's seed is the oldest of its statements (date, paper, place,
quote) that could be listed alone, and its id is a hash of the seed. Later papers may join two
challenges or move a statement to another, but a seed once listed is always in some challenge:
an id that was seen once opens the challenge that now holds its seed, as the id of each of a
challenge's statements does.

**Status**, recomputable with `status_of` from the dated quotes that a challenge carries:
`answers` are contributions like one of its statements that claim to offer or attain
something, not dated before the first one.

- `open`: there is no answer.
- `addressed`: there is an answer, and no statement is dated after the latest of them.
- `contested`: there is an answer, but the challenge is stated again after the latest.

"Addressed" therefore says that somebody has claimed to work on it, never that it is solved.
Dates are compared as precisely as both are known; a quote without a date decides nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from kb import likeness
from kb.evidence import (
    Evidence,
    Statement,
    age,
    author_groups,
    before,
    hashed,
    statement_id,
    status_of,
)
from kb.known_pairs import Memory
from kb.linkage import Bar
from kb.trouble import troubles
from kb.wording import claims_answer, label, names_difficulty, points_back, points_elsewhere

__all__ = [
    "Challenge",
    "Evidence",
    "Statement",
    "build",
    "prominence",
    "status_of",
    "to_json",
    "within",
]

Vectors = NDArray[np.float32]

SAME_CHALLENGE = likeness.Rule(
    bar=Bar(single=0.4, many=0.15), pair=0.05, substance=2.0, stated=0.45
)
"""When statements are one challenge. A statement with less substance ("existing methods
still have limitations") names no difficulty that another could share, and one that is less
sure to state a trouble is background or result. Chosen by cross-validation on all coded pairs
but the test half of `data/labels/pairs.jsonl`; data/labels/pairs.md has what that says."""
ALONE = 0.7
"""Sureness of stating a trouble from which a statement is listed where no other says the same."""
ANSWERS = 0.53
"""Likeness from which a contribution answers a statement."""
DIRECTS = 0.5
"""Likeness from which a direction belongs to a challenge."""
_SAME_WORDS = 0.92
"""Plain cosine from which two statements of one paper are one, as abstract and introduction
often repeat each other."""
_LEAST_SHARE = 0.2
"""A phase or layer of fewer of a challenge's papers is an accident, unless it is all there is."""
_CHALLENGES_A_DIRECTION = 3
_LONG = 140
"""Characters from which a label no longer reads at a glance."""
_FAULT = 0.25
"""Closeness that a fault in readability costs a label."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """A difficulty that one or more papers state."""

    challenge_id: str
    """`c` and 10 hex digits of the hash of the seed's paper id and quote; see the module."""
    statement: str
    """Short label: a verbatim stretch of one of its own statements, or a person's words."""
    status: str
    """`open`, `addressed` or `contested`; see the module."""
    phases: tuple[str, ...]
    """Keys of at least a fifth of its papers, most frequent first."""
    layers: tuple[str, ...]
    papers: int
    """Supporting papers, those that share an author counted once."""
    paper_ids: tuple[str, ...]
    """All its papers, oldest first."""
    first_year: int | None
    last_year: int | None
    evidence: tuple[Evidence, ...]
    """One entry a statement, oldest first."""
    answers: tuple[Evidence, ...] = ()
    """Contributions that claim to answer it, oldest first; inferred by likeness."""
    directions: tuple[Evidence, ...] = ()
    """Research directions that belong to it, most like first; inferred by likeness."""
    renamed: bool = False
    """True where `statement` is a person's and not a quote."""


def build(
    statements: Sequence[Statement],
    vectors: Vectors,
    *,
    shared: likeness.Background | None = None,
    memory: Memory | None = None,
    rules: str = "",
) -> tuple[Challenge, ...]:
    """Challenges of `statements`, best supported first.

    `vectors`: (n, d) unit vectors of the statements, in their order. `shared`: what the
    field's sentences have in common; taken from the oldest challenge statements where not
    given. `memory`: pairs compared before, under the same `rules`, which are not compared
    again; it is given those of this time, and changes no result. The order of the input does
    not matter. Left out are statements labelled `other`, challenge statements too vague to
    share or unlikely to state a trouble (`SAME_CHALLENGE`), and challenges none of whose
    statements is sure and readable enough to be listed alone.
    Raises ValueError where the numbers of statements and vectors differ.
    """
    if len(statements) != len(vectors):
        raise ValueError(f"{len(statements)} statements but {len(vectors)} vectors")
    stated, stated_vectors = _of_kind("challenge", statements, vectors)
    stated, stated_vectors = _without_repeats(stated, stated_vectors)
    shared = shared or likeness.background(stated_vectors)
    memory = memory if memory is not None else Memory()
    memory.under(rules + _field(shared))
    told = _grouped(stated, stated_vectors, shared, memory)
    answers = _linked("contribution", statements, vectors, told)
    directions = _linked("direction", statements, vectors, told)
    challenges = [
        told_of(
            hashed("c", stated[told.seeds[group]]),
            label(_medoid(rows, told.sentences.vectors, stated).quote),
            [Evidence(stated[row], float(told.alike[row])) for row in rows],
            answers.get(told.seeds[group], []),
            directions.get(told.seeds[group], []),
        )
        for group, rows in told.members.items()
        if group in told.seeds
    ]
    return tuple(sorted(challenges, key=prominence))


def within(challenge: Challenge, paper_ids: Collection[str]) -> Challenge | None:
    """`challenge` as the papers `paper_ids` alone tell it; None if none of them states it.

    Id and label stay; evidence, answers, directions and all that follows from them (status,
    years, keys, support) are those of the given papers. This is what a filter shows.
    """
    evidence = [item for item in challenge.evidence if item.statement.paper_id in paper_ids]
    if not evidence:
        return None
    narrowed = told_of(
        challenge.challenge_id,
        challenge.statement,
        evidence,
        [item for item in challenge.answers if item.statement.paper_id in paper_ids],
        [item for item in challenge.directions if item.statement.paper_id in paper_ids],
    )
    return replace(narrowed, renamed=challenge.renamed)


def to_json(challenge: Challenge) -> dict[str, object]:
    """`challenge` as `kb challenges --json` prints it."""
    return {
        "challenge_id": challenge.challenge_id,
        "statement": challenge.statement,
        "renamed": challenge.renamed,
        "status": challenge.status,
        "phases": list(challenge.phases),
        "layers": list(challenge.layers),
        "papers": challenge.papers,
        "paper_ids": list(challenge.paper_ids),
        "first_year": challenge.first_year,
        "last_year": challenge.last_year,
        "evidence": [item.to_json() for item in challenge.evidence],
        "answers": [item.to_json() for item in challenge.answers],
        "directions": [
            {"direction_id": statement_id(item.statement), **item.to_json()}
            for item in challenge.directions
        ],
    }


def prominence(challenge: Challenge) -> tuple[int, int, str]:
    """Sort key: the most papers first, then the latest, then by id."""
    return (-challenge.papers, -(challenge.last_year or 0), challenge.challenge_id)


def _of_kind(
    kind: str, statements: Sequence[Statement], vectors: Vectors
) -> tuple[list[Statement], Vectors]:
    """The statements of one label, oldest first, with their vectors."""
    rows = [row for row, statement in enumerate(statements) if statement.label == kind]
    rows.sort(key=lambda row: age(statements[row]))
    chosen = np.asarray(vectors)[rows] if rows else np.zeros((0, vectors.shape[1]))
    return [statements[row] for row in rows], chosen.astype(np.float32)


def _without_repeats(stated: list[Statement], vectors: Vectors) -> tuple[list[Statement], Vectors]:
    """One statement of each paper where it says the same twice: the first."""
    kept: list[int] = []
    of_paper: dict[str, list[int]] = {}
    said: set[str] = set()
    for row, statement in enumerate(stated):
        earlier = of_paper.setdefault(statement.paper_id, [])
        identity = statement_id(statement)
        if identity in said or any(
            float(vectors[row] @ vectors[other]) >= _SAME_WORDS for other in earlier
        ):
            continue
        said.add(identity)
        earlier.append(row)
        kept.append(row)
    return [stated[row] for row in kept], vectors[kept]


@dataclass(frozen=True, slots=True)
class _Told:
    """The challenge statements in their groups, to which others are linked."""

    shared: likeness.Background | None
    sentences: likeness.Sentences
    keys: Sequence[str]
    memory: Memory
    alike: Vectors
    """(n,) average likeness of each to the others of its group."""
    members: dict[int, list[int]]
    """The rows of each group, oldest first, by the group's first row."""
    seeds: dict[int, int]
    """The row of each group that stands for it; a group without one is not listed."""
    leader: NDArray[np.int64]
    """(n,) the seed of each one's group; -1 where there is none."""


def _grouped(
    stated: Sequence[Statement],
    vectors: Vectors,
    shared: likeness.Background | None,
    memory: Memory,
) -> _Told:
    quotes = [said.quote for said in stated]
    keys = _keys_of(stated, vectors)
    prepared = likeness.prepare(quotes, vectors, shared)
    found = troubles(quotes, [said.score for said in stated])
    known = memory.known("challenge", keys, keys)
    first, alike, pairs = likeness.group(prepared, found, SAME_CHALLENGE, known)
    memory.learn("challenge", keys, keys, pairs)
    members: dict[int, list[int]] = {}
    for row, group in enumerate(first.tolist()):
        if group >= 0:
            members.setdefault(group, []).append(row)
    # Nobody can read "These limitations remain" alone.
    seeds = {
        group: row
        for group, rows in members.items()
        for row in reversed(rows)
        if found.stated[row] >= ALONE and not points_elsewhere(label(quotes[row]))
    }
    leader = np.array([seeds.get(group, -1) for group in first.tolist()], dtype=np.int64)
    return _Told(shared, prepared, keys, memory, alike, members, seeds, leader)


def _linked(
    kind: str, statements: Sequence[Statement], vectors: Vectors, told: _Told
) -> dict[int, list[Evidence]]:
    """Statements of `kind` that are like a challenge's, by the challenge's seed."""
    asked, asked_vectors = _of_kind(kind, statements, vectors)
    if kind == "contribution":
        claims = [row for row, said in enumerate(asked) if claims_answer(said.quote)]
        asked, asked_vectors = [asked[row] for row in claims], asked_vectors[claims]
    if not asked or not len(told.leader):
        return {}
    at_least = DIRECTS if kind == "direction" else ANSWERS
    most = _CHALLENGES_A_DIRECTION if kind == "direction" else len(told.leader)
    keys = _keys_of(asked, asked_vectors)
    known = told.memory.known(kind, keys, told.keys)
    quotes = [said.quote for said in asked]
    prepared = likeness.prepare(quotes, asked_vectors, told.shared, clauses=False)
    pairs = likeness.match(prepared, told.sentences, at_least=at_least, known=known)
    told.memory.learn(kind, keys, told.keys, pairs)
    best: dict[int, dict[int, float]] = {}
    for seed, row, score in zip(
        told.leader[pairs.one].tolist(), pairs.other.tolist(), pairs.sure.tolist(), strict=True
    ):
        if seed >= 0:
            of = best.setdefault(row, {})
            of[seed] = max(of.get(seed, 0.0), score)
    linked: dict[int, list[Evidence]] = {}
    for row, of in best.items():
        for seed, score in sorted(of.items(), key=lambda pair: (-pair[1], pair[0]))[:most]:
            linked.setdefault(seed, []).append(Evidence(asked[row], score))
    return linked


def _keys_of(statements: Sequence[Statement], vectors: Vectors) -> list[str]:
    """A key for everything about each statement that its likeness to others depends on."""
    keys = []
    for said, vector in zip(statements, vectors, strict=True):
        told = f"{said.paper_id}\0{said.quote}\0{said.score!r}".encode()
        keys.append(blake2b(told + vector.tobytes(), digest_size=10).hexdigest())
    return keys


def _field(shared: likeness.Background | None) -> str:
    """Stands for what was taken out of all vectors."""
    known = shared.mean.tobytes() + shared.axis.tobytes() if shared else b""
    return blake2b(known, digest_size=10).hexdigest()


def _medoid(rows: Sequence[int], vectors: Vectors, stated: Sequence[Statement]) -> Statement:
    """The statement to name a challenge by: near to all the others, and readable alone.

    Closeness counts up to 1; a label that names no difficulty, points at another sentence
    or is long loses some of it. The oldest wins where two are equal.
    """
    centre = vectors[list(rows)].sum(axis=0)
    closeness = vectors[list(rows)] @ centre
    closest = max(float(closeness.max()), 1e-9)
    merits = []
    for row, close in zip(rows, closeness.tolist(), strict=True):
        name = label(stated[row].quote)
        fault = (not names_difficulty(name)) + points_back(name) + (len(name) > _LONG)
        fault += 2 * points_elsewhere(name)
        merits.append(round(close / closest - _FAULT * fault, 4))
    return stated[rows[int(np.argmax(merits))]]


def told_of(
    challenge_id: str,
    statement: str,
    evidence: Sequence[Evidence],
    answers: Sequence[Evidence],
    directions: Sequence[Evidence],
) -> Challenge:
    """A challenge of its statements (oldest first) and what is linked to it: all that follows
    from them is worked out here.
    """
    said = [item.statement for item in evidence]
    by_paper = {statement.paper_id: statement for statement in said}
    years = [statement.year for statement in said if statement.year is not None]
    dates = [statement.published for statement in said]
    first = next((date for date in dates if date), "")
    timely = [
        item
        for item in sorted(answers, key=lambda item: age(item.statement))
        if first and item.statement.published and not before(item.statement.published, first)
    ]
    return Challenge(
        challenge_id=challenge_id,
        statement=statement,
        status=status_of(dates, [item.statement.published for item in timely]),
        phases=_keys([statement.phases for statement in by_paper.values()]),
        layers=_keys([statement.layers for statement in by_paper.values()]),
        papers=author_groups({key: value.authors for key, value in by_paper.items()}),
        paper_ids=tuple(by_paper),
        first_year=min(years, default=None),
        last_year=max(years, default=None),
        evidence=tuple(evidence),
        answers=tuple(timely),
        directions=tuple(
            sorted(directions, key=lambda item: (-item.likeness, *age(item.statement)))
        ),
    )


def _keys(of_papers: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Keys carried by at least a fifth of the papers, most frequent first."""
    counts = Counter(key for keys in of_papers for key in set(keys))
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    enough = [key for key, count in ranked if count >= _LEAST_SHARE * len(of_papers)]
    return tuple(enough or [key for key, _ in ranked[:1]])
