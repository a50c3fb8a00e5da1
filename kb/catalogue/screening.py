"""Systematic reviews as they are stored: their sources, their papers, and who decided what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, select

from kb.catalogue.reading import chunks
from kb.catalogue.sums import unsummed
from kb.catalogue.tables import papers, review_papers, review_sources, reviews, screenings
from kb.catalogue.undoing import Judged

STAGES = ("abstract", "full_text")
"""Title and abstract first; then the full text of what was included."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """What a paper must be, or must not be."""

    text: str
    kind: str
    """`include` or `exclude`."""


@dataclass(frozen=True, slots=True)
class Check:
    """A random sample of the papers that were not screened then."""

    at: str
    who: str
    papers: tuple[str, ...]
    left: int
    """How many were not screened; the sample is drawn from them."""
    found: int
    """How many had been included."""


@dataclass(frozen=True, slots=True)
class Review:
    """A review's question and rules."""

    name: str
    at: str
    question: str = ""
    criteria: tuple[Criterion, ...] = ()
    coders: int = 1
    """How many must say include or exclude before a paper is decided."""
    blind: bool = False
    """True where nobody sees what others said before having decided."""
    checks: tuple[Check, ...] = ()

    def texts(self, kind: str) -> tuple[str, ...]:
        """The criteria of one kind, in their order."""
        return tuple(one.text for one in self.criteria if one.kind == kind)


@dataclass(frozen=True, slots=True)
class Source:
    """Where some of the papers came from."""

    n: int
    at: str
    who: str
    kind: str
    """`search`, `collection`, `library` or `papers`."""
    details: dict[str, Any]
    found: int
    """Records: papers that the library had joined as one are counted each."""


@dataclass(frozen=True, slots=True)
class Held:
    """A paper as a source brought it."""

    source: int
    place: int
    paper_id: str
    title: str
    """As it was then: it names the paper where the library has it no longer."""


@dataclass(frozen=True, slots=True)
class Screening(Judged):
    """One decision, or the undoing of one."""

    at: str
    who: str
    review: str
    paper_id: str
    stage: str
    verdict: str
    """`include`, `exclude`, `maybe`, `not_retrieved` or `undo`."""
    reason: str = ""
    settles: bool = False
    undoes: int | None = None
    n: int = 0


def read_reviews(connection: Connection) -> dict[str, Review]:
    """All reviews by name, the oldest first."""
    rows = connection.execute(select(*unsummed(reviews)).order_by(reviews.c.at, reviews.c.name))
    return {row.name: _review(row._mapping) for row in rows}


def put_review(connection: Connection, review: Review) -> None:
    """Keep a review in place of what was held of it."""
    values = asdict(review)
    values["criteria"] = list(values["criteria"])
    values["checks"] = [one | {"papers": list(one["papers"])} for one in values["checks"]]
    connection.execute(delete(reviews).where(reviews.c.name == review.name))
    connection.execute(reviews.insert().values(**values))


def _review(row: Any) -> Review:
    checks = tuple(Check(**one | {"papers": tuple(one["papers"])}) for one in row["checks"])
    criteria = tuple(Criterion(**one) for one in row["criteria"])
    return Review(**{**row, "criteria": criteria, "checks": checks})


def read_sources(connection: Connection, review: str) -> list[Source]:
    """A review's sources, the first one first."""
    columns = [review_sources.c[name] for name in Source.__slots__]
    query = select(*columns).where(review_sources.c.review == review).order_by(review_sources.c.n)
    return [Source(*row) for row in connection.execute(query)]


def read_held(connection: Connection, review: str) -> list[Held]:
    """What every source brought, in order."""
    columns = [review_papers.c[name] for name in Held.__slots__]
    query = select(*columns).where(review_papers.c.review == review)
    rows = connection.execute(query.order_by(review_papers.c.source, review_papers.c.place))
    return [Held(*row) for row in rows]


def add_source(
    connection: Connection, review: str, source: Source, held: Sequence[tuple[str, str]]
) -> int:
    """Keep a source with its (paper id, title) in order; gives its number."""
    values = {name: getattr(source, name) for name in Source.__slots__ if name != "n"}
    made = connection.execute(review_sources.insert().values(review=review, **values))
    n = int((made.inserted_primary_key or (0,))[0])
    rows = [
        {"review": review, "source": n, "place": place, "paper_id": paper, "title": title}
        for place, (paper, title) in enumerate(held, 1)
    ]
    if rows:
        connection.execute(review_papers.insert(), rows)
    return n


def drop_source(connection: Connection, n: int) -> None:
    """Take a source out with its papers; decisions stay in the log."""
    connection.execute(delete(review_papers).where(review_papers.c.source == n))
    connection.execute(delete(review_sources).where(review_sources.c.n == n))


def read_screenings(connection: Connection, review: str) -> list[Screening]:
    """A review's log, in order of numbers."""
    columns = [screenings.c[name] for name in Screening.__slots__]
    query = select(*columns).where(screenings.c.review == review).order_by(screenings.c.n)
    return [Screening(*row) for row in connection.execute(query)]


def latest_screening(connection: Connection) -> tuple[int, str]:
    """(number, time) of the newest decision of all reviews; (0, "") where there is none."""
    row = connection.execute(select(func.max(screenings.c.n), func.max(screenings.c.at))).one()
    return int(row[0] or 0), str(row[1] or "")


def append_screening(connection: Connection, one: Screening) -> int:
    """Append a decision; gives its number."""
    values = {name: getattr(one, name) for name in Screening.__slots__ if name != "n"}
    made = connection.execute(screenings.insert().values(**values))
    return int((made.inserted_primary_key or (0,))[0])


def standing_ids(connection: Connection, paper_ids: Iterable[str]) -> dict[str, str]:
    """Paper id -> id of the paper that stands for it now; those not here are left out."""
    kept = papers.alias()
    stands = func.coalesce(kept.c.paper_id, papers.c.paper_id)
    found: dict[str, str] = {}
    for batch in chunks(dict.fromkeys(paper_ids)):
        query = select(papers.c.paper_id, stands).outerjoin(kept, kept.c.n == papers.c.same_as)
        rows = connection.execute(query.where(papers.c.paper_id.in_(batch)))
        found.update({str(row[0]): str(row[1]) for row in rows})
    return found


def facts_of(connection: Connection, paper_ids: Iterable[str]) -> dict[str, tuple[str, int]]:
    """Paper id -> (title, how many records it stands for, itself among them)."""
    joined = papers.alias()
    found: dict[str, tuple[str, int]] = {}
    for batch in chunks(dict.fromkeys(paper_ids)):
        query = select(papers.c.paper_id, papers.c.title, func.count(joined.c.n))
        query = query.outerjoin(joined, joined.c.same_as == papers.c.n).group_by(papers.c.n)
        rows = connection.execute(query.where(papers.c.paper_id.in_(batch)))
        found.update({str(row[0]): (str(row[1]), int(row[2]) + 1) for row in rows})
    return found
