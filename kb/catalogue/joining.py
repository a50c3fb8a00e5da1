"""Papers that are one: the log of what was joined and parted, and what follows from it.

`papers.same_as` follows from the log alone: undoing an entry is leaving it out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select

from kb.catalogue.reading import Reader, chunks
from kb.catalogue.sums import unsummed
from kb.catalogue.tables import merges, papers
from kb.catalogue.writing import Writer
from kb.titles import title_key

MACHINE = "machine"
"""Who joined what nobody was asked about."""

# Papers of one title that are looked at: more are called `Editorial`.
_MOST = 50


@dataclass(frozen=True, slots=True)
class Merge:
    """One entry of the log."""

    n: int
    at: str
    who: str
    """`machine`, or a person's name."""
    action: str
    """`same`, `apart` or `undo`."""
    kept: str
    other: str
    why: str
    undoes: int | None = None

    @property
    def pair(self) -> frozenset[str]:
        """Ids of the two papers."""
        return frozenset((self.kept, self.other))


@dataclass(frozen=True, slots=True)
class Record:
    """What tells one held paper from another."""

    n: int
    paper_id: str
    title: str
    abstract: str
    authors: tuple[str, ...]
    year: int | None
    doi: str
    arxiv_id: str
    pdf_sha256: str
    full_text: bool
    same_as: int | None

    @property
    def stands(self) -> int:
        """Number of the paper that stands for this one; its own where none does."""
        return self.n if self.same_as is None else self.same_as


_RECORD = tuple(papers.c[name] for name in Record.__slots__)


def merge_log(reader: Reader) -> list[Merge]:
    """Every entry, the first one first."""
    rows = reader.connection.execute(select(*unsummed(merges)).order_by(merges.c.n))
    return [Merge(**row._mapping) for row in rows]


def append_merge(writer: Writer, entry: Merge) -> int:
    """Append an entry; its `n` is given here and returned."""
    values = {name: getattr(entry, name) for name in Merge.__slots__ if name != "n"}
    key = writer.connection.execute(merges.insert().values(**values)).inserted_primary_key
    return int(key[0]) if key else 0


def active(log: Sequence[Merge]) -> list[Merge]:
    """What was joined or parted and is not undone, in order."""
    undone = {entry.undoes for entry in log if entry.action == "undo"}
    return [entry for entry in log if entry.action != "undo" and entry.n not in undone]


@dataclass
class Fold:
    """The groups that follow from a log."""

    groups: dict[str, set[str]]
    """Paper id -> ids of its whole group, one set a group. Papers on their own are missing."""
    apart: set[frozenset[str]]
    """Pairs that were parted."""
    named: dict[str, int]
    """Id of a paper that a person named as the one to keep -> when (entry number)."""

    def group(self, paper_id: str) -> set[str]:
        """Ids of the papers that are one with this, itself among them."""
        return self.groups.get(paper_id) or {paper_id}

    def take(self, entry: Merge) -> None:
        """Let an entry have its effect; one that joins what was parted has none."""
        if entry.action == "apart":
            self.apart.add(entry.pair)
            _split(self, entry.kept, entry.other)
        elif not self.forbids(entry.kept, entry.other):
            whole = self.group(entry.kept) | self.group(entry.other)
            self.groups.update(dict.fromkeys(whole, whole))
            if entry.who != MACHINE:
                self.named[entry.kept] = entry.n

    def forbids(self, one: str, other: str) -> frozenset[str] | None:
        """A parted pair that joining these two would bring together; None where there is none."""
        for a in self.group(one):
            for b in self.group(other):
                if frozenset((a, b)) in self.apart:
                    return frozenset((a, b))
        return None


def fold(entries: Iterable[Merge], present: set[str]) -> Fold:
    """What follows from entries in force; those that name a paper not here count for nothing."""
    found = Fold({}, set(), {})
    for entry in entries:
        if entry.pair <= present and len(entry.pair) == 2:
            found.take(entry)
    return found


def _split(found: Fold, kept: str, other: str) -> None:
    """Take one paper out of the other's group; the rest stay together."""
    whole = found.group(kept)
    if other not in whole:
        return
    rest = whole - {other}
    found.groups.pop(other)
    found.groups.pop(kept, None)
    if len(rest) > 1:
        found.groups.update(dict.fromkeys(rest, rest))


def records(reader: Reader, numbers: Iterable[int] | None = None) -> dict[int, Record]:
    """Number -> record; of all papers, joined ones too, without `numbers`."""
    found: dict[int, Record] = {}
    for batch in [None] if numbers is None else chunks(numbers):
        query = select(*_RECORD)
        query = query if batch is None else query.where(papers.c.n.in_(batch))
        found.update({row.n: _record(row) for row in reader.connection.execute(query)})
    return found


def _record(row: Sequence[object]) -> Record:
    values = dict(zip(Record.__slots__, row, strict=True))
    return Record(**values | {"authors": tuple(values["authors"])})  # type: ignore[arg-type]


def _where(reader: Reader, *conditions: ColumnElement[bool]) -> list[Record]:
    query = select(*_RECORD).where(*conditions).order_by(papers.c.n).limit(_MOST)
    return [_record(row) for row in reader.connection.execute(query)]


def candidates(reader: Reader, paper: Record) -> list[Record]:
    """Other papers that bear the same identifier or title.

    Costs a few look-ups by index, however large the library is.
    """
    found: dict[int, Record] = {}
    for column, value in (
        (papers.c.arxiv_id, paper.arxiv_id),
        (papers.c.doi, paper.doi),
        (papers.c.pdf_sha256, paper.pdf_sha256),
    ):
        if value:
            found |= {one.n: one for one in _where(reader, column == value)}
    key = title_key(paper.title)
    if key:
        found |= {one.n: one for one in _where(reader, papers.c.title_key == key)}
    found.pop(paper.n, None)
    return [found[n] for n in sorted(found)]


def fill_title_keys(writer: Writer) -> None:
    """Make the keys of titles that have none yet: of new papers, or of an older catalogue."""
    query = select(papers.c.n, papers.c.title).where(papers.c.title_key.is_(None))
    for row in writer.connection.execute(query).all():
        statement = papers.update().where(papers.c.n == row.n)
        writer.connection.execute(statement.values(title_key=title_key(row.title)))


def regroup(writer: Writer) -> int:
    """Make `same_as` follow the log. Returns how many papers changed theirs."""
    log = merge_log(writer)
    here = writer.numbers({one for entry in log for one in entry.pair})
    found = fold(active(log), set(here))
    facts = records(writer, here.values())
    wanted: dict[int, int] = {}
    for group in {id(some): some for some in found.groups.values()}.values():
        members = [facts[here[one]] for one in group]
        root = min(members, key=lambda one: _rank(one, found)).n
        wanted |= {one.n: root for one in members if one.n != root}
    query = select(papers.c.n, papers.c.same_as).where(papers.c.same_as.is_not(None))
    held = {row.n: row.same_as for row in writer.connection.execute(query)}
    changed = [n for n in {**held, **wanted} if held.get(n) != wanted.get(n)]
    for n in sorted(changed):
        statement = papers.update().where(papers.c.n == n)
        writer.connection.execute(statement.values(same_as=wanted.get(n)))
    writer.bury(sorted(n for n in changed if n in wanted))
    roots = {each.get(n, n) for n in changed for each in (held, wanted)}
    for n in sorted(roots):
        writer.touch(n)  # it has other tags now, or is a paper of its own again
    return len(changed)


def _rank(one: Record, found: Fold) -> tuple[bool, int, bool, int]:
    """Smallest for the paper to stand for its group: the text must not be lost."""
    return (not one.full_text, -found.named.get(one.paper_id, 0), not one.arxiv_id, one.n)
