"""What was mapped, brought up to changes of papers' facts alone: tags, authors, years.

A person's word on a tag changes what a paper is filed under, not what it says: no statement
is read again for it, and none merged. The result is that of reading everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kb.catalogue.said import state_of_text
from kb.catalogue.values import StoredPaper
from kb.challenges import Challenge, prominence, told_of
from kb.evidence import Evidence, Statement
from kb.library import Library
from kb.stated import Stated, filed

_MOST = 1_000
"""Changed papers beyond which reading everything costs little more."""

Built = tuple[Challenge, ...]


def restated(
    library: Library, held: Stated, built: Built, since: int
) -> tuple[Stated, Built] | None:
    """What was stated and merged at generation `since`, as of now; None where it takes reading.

    That is where papers came, went or were joined, a text or a date was changed, or much was.
    The codebook must be the same.
    """
    with library.catalogue.read() as reader:
        touched = reader.changed_since(since)
        if len(touched) > _MOST or reader.removed_since(since):
            return None
        if state_of_text(reader) != held.state:
            return None
        papers = {one.paper_id: one for one in reader.papers(touched).values()}
    if any(not _same_text(one, held.papers.get(one.paper_id)) for one in papers.values()):
        return None
    anew = {
        one.sentence_id: filed(one, papers[one.paper_id])
        for one in held.statements
        if one.paper_id in papers
    }
    now = replace(
        held,
        statements=tuple(anew.get(one.sentence_id, one) for one in held.statements),
        papers={key: papers.get(key, one) for key, one in held.papers.items()},
    )
    return now, tuple(sorted((_told(one, anew) for one in built), key=prominence))


def _same_text(now: StoredPaper, before: StoredPaper | None) -> bool:
    """True where a paper was here before, at the date that puts its statements in order."""
    return before is not None and now.published == before.published


def _told(one: Challenge, anew: Mapping[int, Statement]) -> Challenge:
    """A challenge with some of its statements as they are now."""
    parts = (one.evidence, one.answers, one.directions)
    if not any(item.statement.sentence_id in anew for part in parts for item in part):
        return one
    evidence, answers, directions = (
        [Evidence(anew.get(it.statement.sentence_id, it.statement), it.likeness) for it in part]
        for part in parts
    )
    return told_of(one.challenge_id, one.statement, evidence, answers, directions)
