"""Systematic reviews: made and changed, and who says what of which paper.

Decisions are only ever appended; changing a review's criteria leaves them as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from kb.bounds import bounded, named
from kb.catalogue.screening import (
    STAGES,
    Criterion,
    Review,
    Screening,
    append_screening,
    latest_screening,
    put_review,
    read_held,
    read_reviews,
    read_screenings,
    standing_ids,
)
from kb.catalogue.undoing import in_force, undone_by
from kb.catalogue.writing import Writer
from kb.decisions import coder
from kb.errors import UsageError, unknown
from kb.library import Library
from kb.quotes import legible

VERDICTS = {
    "abstract": ("include", "exclude", "maybe"),
    "full_text": ("include", "exclude", "maybe", "not_retrieved"),
}
"""Stage -> what may be said."""

LONGEST_NAME = 80
LONGEST_TEXT = 500
"""Characters of a criterion or reason."""
MOST_CRITERIA = 100
MOST_CODERS = 9

KINDS = ("include", "exclude")


def reviews(library: Library) -> dict[str, Review]:
    """All reviews by name, the oldest first."""
    with library.catalogue.read() as reader:
        return read_reviews(reader.connection)


def require(library: Library, name: str) -> Review:
    """The review of this name. Raises UsageError, with the known names, where there is none."""
    return _known(reviews(library), name)


def create(
    library: Library,
    name: str,
    *,
    question: str = "",
    criteria: Sequence[Criterion] = (),
    coders: int = 1,
    blind: bool = False,
) -> Review:
    """A new review. Raises UsageError where the name is taken or something is out of bounds."""
    checked = Review(
        named(name, "review", LONGEST_NAME),
        library.now(),
        _text(question),
        _criteria(criteria),
        _coders(coders),
        blind,
    )
    with library.writing_beside(), library.catalogue.write(bump=False) as writer:
        if checked.name in read_reviews(writer.connection):
            raise UsageError(
                f"there is a review called {checked.name} already",
                item=checked.name,
                remedy="give another name, or change that one: kb review criteria",
                code="review_exists",
            )
        put_review(writer.connection, checked)
    return checked


def change(
    library: Library,
    name: str,
    *,
    question: str | None = None,
    criteria: Sequence[Criterion] | None = None,
    coders: int | None = None,
    blind: bool | None = None,
) -> Review:
    """Change a review's question and rules; None leaves one. What was decided stays.

    Raises UsageError where there is no such review or something is out of bounds.
    """
    with library.writing_beside(), library.catalogue.write(bump=False) as writer:
        one = _known(read_reviews(writer.connection), name)
        changed = replace(
            one,
            question=one.question if question is None else _text(question),
            criteria=one.criteria if criteria is None else _criteria(criteria),
            coders=one.coders if coders is None else _coders(coders),
            blind=one.blind if blind is None else blind,
        )
        put_review(writer.connection, changed)
    return changed


def decide(
    library: Library,
    name: str,
    paper: str,
    verdict: str,
    *,
    stage: str = "abstract",
    reason: str = "",
    who: str = "",
    settles: bool = False,
) -> Screening:
    """Say what a paper is to a review; the newest word of each coder counts.

    `settles`: it ends a disagreement, whatever the coders said. Raises UsageError for an
    unknown review, stage or verdict, a paper that is not in the review, or no name.
    """
    if stage not in STAGES:
        raise unknown("stage", stage, STAGES)
    if verdict not in VERDICTS[stage]:
        raise unknown("verdict", verdict, VERDICTS[stage])
    name_of = coder(library, who)
    said = Screening("", name_of, name, paper, stage, verdict, _text(reason), settles)
    with library.writing_beside(), library.catalogue.write(bump=False) as writer:
        _known(read_reviews(writer.connection), name)
        if not _in_review(writer, name, paper):
            raise UsageError(
                f"{paper} is not in the review {name}",
                item=paper,
                remedy=f"kb review add {name} {paper}",
                code="not_in_review",
            )
        said = replace(said, at=_time(library, writer))
        return replace(said, n=append_screening(writer.connection, said))


def undo(library: Library, name: str, *, n: int | None = None, who: str = "") -> Screening:
    """Undo decision `n`, or the last one of this coder that is in force; gives what was undone.

    Raises UsageError where there is nothing to undo.
    """
    name_of = coder(library, who)
    with library.writing_beside(), library.catalogue.write(bump=False) as writer:
        _known(read_reviews(writer.connection), name)
        log = read_screenings(writer.connection, name)
        target = _last(log, name_of) if n is None else _numbered(log, n)
        said = replace(
            target,
            at=_time(library, writer),
            who=name_of,
            verdict="undo",
            reason="",
            settles=False,
            undoes=target.n,
        )
        append_screening(writer.connection, said)
    return target


def _in_review(writer: Writer, name: str, paper: str) -> bool:
    """True where a source brought the paper, or one that it stands for today."""
    held = {one.paper_id for one in read_held(writer.connection, name)}
    return paper in held or paper in standing_ids(writer.connection, held).values()


def _last(log: Sequence[Screening], who: str) -> Screening:
    mine = [one for one in in_force(log) if one.who == who]
    if not mine:
        raise UsageError(
            f"{who} has decided nothing here that could be undone",
            item=who,
            remedy="kb review undo REVIEW N undoes decision N, anybody's",
            code="nothing_to_undo",
        )
    return mine[-1]


def _numbered(log: Sequence[Screening], n: int) -> Screening:
    found = next((one for one in log if one.n == n), None)
    if found is None:
        raise unknown("decision", str(n), [str(one.n) for one in log[-10:]] or ["none yet"])
    if n in undone_by(log):
        raise UsageError(
            f"decision {n} is undone already",
            item=str(n),
            remedy=f"kb review undo {found.review} {undone_by(log)[n]} brings it back",
            code="undone_already",
        )
    return found


def _time(library: Library, writer: Writer) -> str:
    """Now, but later than all that stands in the log: a clock may go wrong."""
    now = library.clock().isoformat(timespec="microseconds")
    last = latest_screening(writer.connection)[1]
    if last < now:
        return now
    later = datetime.fromisoformat(last) + timedelta(microseconds=1)
    return later.isoformat(timespec="microseconds")


def _known(held: dict[str, Review], name: str) -> Review:
    if name not in held:
        error = unknown("review", name, held)
        error.remedy = error.remedy if held else "there is none yet: kb review new NAME"
        raise error
    return held[name]


def _text(text: str) -> str:
    return bounded(legible(text), LONGEST_TEXT)


def _criteria(given: Sequence[Criterion]) -> tuple[Criterion, ...]:
    """The criteria that say something, each once."""
    if len(given) > MOST_CRITERIA:
        raise UsageError(
            f"{len(given):,} criteria",
            item=str(len(given)),
            remedy=f"give at most {MOST_CRITERIA}",
            code="too_long",
        )
    for one in given:
        if one.kind not in KINDS:
            raise unknown("kind of criterion", one.kind, KINDS)
    kept = [Criterion(_text(one.text), one.kind) for one in given]
    return tuple(dict.fromkeys(one for one in kept if one.text))


def _coders(count: int) -> int:
    if not 1 <= count <= MOST_CODERS:
        raise UsageError(
            f"{count} coders a paper", item=str(count), remedy=f"give 1 to {MOST_CODERS}"
        )
    return count
