"""Challenges as people have merged, split, renamed and rejected them.

Pure: built challenges and the log in, challenges out. Each decision in force is applied in
order of time to what the earlier ones left. It finds its challenge by the statements that
this had: the challenge that now holds the first of them that is still there. So it holds
when challenges are built anew, papers are added, or read again. A decision none of whose
statements is there any more has no effect and is reported.

- `merge`: those challenges are one, with what has joined them since.
- `split`: the statements named are a challenge of their own. Answers and directions, which
  nobody has split, stay with the rest.
- `rename`: its label is a person's words.
- `reject`: it is no challenge, or the rows named do not belong to it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from kb.catalogue.challenge_log import ChallengeDecision, Named
from kb.catalogue.undoing import in_force
from kb.challenges import Challenge, prominence, within
from kb.evidence import Evidence, age, statement_id
from kb.wording import label

_DONE = {"merge": "merged", "split": "split off"}


@dataclass(frozen=True, slots=True)
class Decided:
    """Challenges after decisions."""

    challenges: tuple[Challenge, ...]
    """Best supported first."""
    rejected: tuple[Challenge, ...] = ()
    """Challenges that people rejected whole, as they were then."""
    rejected_rows: tuple[Evidence, ...] = ()
    """Statements, answers and directions rejected one by one."""
    in_force: tuple[ChallengeDecision, ...] = ()
    lost: tuple[ChallengeDecision, ...] = ()
    """Of those in force, the ones whose statements are not there: kept, without effect."""


@dataclass(slots=True)
class _Work:
    """Challenges while decisions are applied."""

    of: dict[str, Challenge]
    where: dict[str, str]
    """Statement id -> id of the challenge that it is evidence of."""
    rejected: list[Challenge] = field(default_factory=list)
    rejected_rows: list[Evidence] = field(default_factory=list)

    def holder(self, named: Named) -> str:
        """Id of the challenge that is now what was named; "" where none is."""
        return next((self.where[one] for one in named.statements if one in self.where), "")

    def keep(self, one: Challenge) -> None:
        """Put a challenge in its place, and its statements under it."""
        self.of[one.challenge_id] = one
        for item in one.evidence:
            self.where[statement_id(item.statement)] = one.challenge_id

    def drop(self, challenge_id: str) -> Challenge:
        """Take a challenge out with its statements; KeyError where there is none."""
        one = self.of.pop(challenge_id)
        for item in one.evidence:
            del self.where[statement_id(item.statement)]
        return one

    def take(self, wanted: Iterable[str]) -> list[Evidence]:
        """Take statements out of whatever challenges hold them; the oldest first."""
        sources: dict[str, set[str]] = {}
        for one in wanted:
            if one in self.where:
                sources.setdefault(self.where[one], set()).add(one)
        taken: list[Evidence] = []
        for source, ids in sources.items():
            whole = self.drop(source)
            gone = [item for item in whole.evidence if _in(item, ids)]
            rest = [item for item in whole.evidence if not _in(item, ids)]
            taken += gone
            if rest:
                whole = _named(whole, gone, rest)
                # The id is that of the oldest statement: it goes where that one goes.
                first = statement_id(rest[0].statement)
                own = first if source in ids else source
                self.keep(_rebuilt(replace(whole, challenge_id=own, evidence=tuple(rest))))
        return sorted(taken, key=lambda item: age(item.statement))


def decided(challenges: Sequence[Challenge], log: Iterable[ChallengeDecision]) -> Decided:
    """The challenges after all decisions in force. The order of `log` does not matter."""
    force = in_force(log)
    if not force:
        return Decided(tuple(challenges))
    work = _Work({}, {})
    for one in challenges:
        work.keep(one)
    acts = {"merge": _merge, "split": _split, "rename": _rename, "reject": _reject}
    lost = [one for one in force if not acts[one.action](work, one)]
    return Decided(
        tuple(sorted(work.of.values(), key=prominence)),
        tuple(work.rejected),
        tuple(work.rejected_rows),
        tuple(force),
        tuple(lost),
    )


def _merge(work: _Work, one: ChallengeDecision) -> bool:
    found = [holder for named in one.challenges if (holder := work.holder(named))]
    if len(found) < 2:
        return False
    parts = [work.drop(holder) for holder in dict.fromkeys(found)]
    # A statement that other rules put elsewhere since was part of what the person saw.
    strays = work.take(row for named in one.challenges for row in named.statements)
    first = min(parts, key=lambda part: age(part.evidence[0].statement))
    renamed = [part for part in parts if part.renamed]
    called = (renamed or sorted(parts, key=prominence))[0]
    told = _told(one)
    joined = [
        replace(item, decided=told) for part in parts if part != first for item in part.evidence
    ]
    joined += [replace(item, decided=told) for item in strays]
    whole = replace(
        first,
        statement=called.statement,
        renamed=called.renamed,
        evidence=tuple(sorted([*first.evidence, *joined], key=lambda item: age(item.statement))),
        answers=_united([part.answers for part in parts]),
        directions=_united([part.directions for part in parts]),
    )
    work.keep(_rebuilt(whole))
    return True


def _split(work: _Work, one: ChallengeDecision) -> bool:
    apart = set(one.out)
    rest = {row for named in one.challenges for row in named.statements} - apart
    holders = {work.where[row] for row in apart if row in work.where}
    if not holders:
        return False
    if len(holders) == 1 and not any(work.where.get(row) in holders for row in rest):
        return True  # it stands apart already
    template = work.of[min(holders)]
    rows = [replace(item, decided=_told(one)) for item in work.take(sorted(apart))]
    named = label(rows[0].statement.quote)
    fresh = replace(
        template,
        challenge_id=statement_id(rows[0].statement),
        statement=named,
        renamed=False,
        evidence=tuple(rows),
        answers=(),
        directions=(),
    )
    work.keep(_rebuilt(fresh))
    return True


def _rename(work: _Work, one: ChallengeDecision) -> bool:
    holder = work.holder(one.challenges[0])
    if not holder:
        return False
    work.of[holder] = replace(work.of[holder], statement=one.text, renamed=True)
    return True


def _reject(work: _Work, one: ChallengeDecision) -> bool:
    named = one.challenges[0]
    holder = work.holder(named)
    if not holder:
        return False
    if not one.out:
        work.rejected.append(work.drop(holder))
        work.rejected_rows += work.take(named.statements)
        return True
    gone = set(one.out)
    whole = work.of[holder]
    links = [item for item in (*whole.answers, *whole.directions) if _in(item, gone)]
    answers = tuple(item for item in whole.answers if not _in(item, gone))
    directions = tuple(item for item in whole.directions if not _in(item, gone))
    work.keep(_rebuilt(replace(whole, answers=answers, directions=directions)))
    stated = work.take(sorted(gone))
    work.rejected_rows += [*stated, *links]
    return bool(stated or links)


def _in(item: Evidence, ids: Collection[str]) -> bool:
    return statement_id(item.statement) in ids


def _told(one: ChallengeDecision) -> str:
    return f"{_DONE[one.action]} by {one.who}, {one.at[:10]}"


def _united(groups: Iterable[tuple[Evidence, ...]]) -> tuple[Evidence, ...]:
    """Rows of several challenges, each once, as like as it is to the likest."""
    best: dict[str, Evidence] = {}
    for item in (item for rows in groups for item in rows):
        key = statement_id(item.statement)
        if key not in best or item.likeness > best[key].likeness:
            best[key] = item
    return tuple(best.values())


def _named(one: Challenge, gone: Sequence[Evidence], rest: Sequence[Evidence]) -> Challenge:
    """`one` with another label where its own was taken from a statement that is gone."""
    from_gone = any(_says(item, one.statement) for item in gone)
    if one.renamed or not from_gone or any(_says(item, one.statement) for item in rest):
        return one
    return replace(one, statement=label(rest[0].statement.quote))


def _rebuilt(one: Challenge) -> Challenge:
    """`one` with all that follows from its rows."""
    papers = {i.statement.paper_id for i in (*one.evidence, *one.answers, *one.directions)}
    whole = within(one, papers)
    return whole or one


def _says(item: Evidence, words: str) -> bool:
    return words in item.statement.quote or words == label(item.statement.quote)
