"""Is the catalogue sound beyond what SQLite itself checks? And mending what can be mended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Select, Table, bindparam, func, inspect, or_, select, text

from kb.catalogue.byte_repair import with_byte_back
from kb.catalogue.decisions import astray
from kb.catalogue.reading import Reader, cut
from kb.catalogue.standing import OWN, OWN_PASSAGE
from kb.catalogue.sums import changed, sum_of, summed
from kb.catalogue.tables import metadata, page_texts, papers, passages, sentences, tags
from kb.catalogue.values import Vector
from kb.catalogue.writing import Writer, pack

# float16 keeps 3 digits: the stored length of 76,056 unit vectors was off by 0.0003 at most.
UNIT = 0.001

NAMED = 5
"""Examples told of one kind of fault."""

_ROWS = 4_000

# What a paper brings with it: added again, it is as before.
_OF_PAPERS = (papers, page_texts, passages, sentences, tags)


@dataclass(frozen=True, slots=True)
class Unsound:
    """A kind of fault in the catalogue's rows."""

    code: str
    count: int
    examples: tuple[str, ...]
    """Ids of papers or passages, at most five."""


@dataclass(frozen=True, slots=True)
class ToEmbed:
    """A text whose vector is to be made."""

    table: str
    """`passages` or `sentences`."""
    n: int
    paper: int
    title: str
    text: str


def lacking(reader: Reader) -> list[str]:
    """Tables, and columns as `table.column`, that this Sixfold's catalogue has and this has not."""
    found = inspect(reader.connection)
    held = set(found.get_table_names())
    missing = []
    for table in metadata.sorted_tables:
        if table.name not in held:
            missing.append(table.name)
            continue
        columns = {one["name"] for one in found.get_columns(table.name)}
        missing += [f"{table.name}.{one.name}" for one in table.c if one.name not in columns]
    return missing


def unsound(reader: Reader, dimension: int) -> list[Unsound]:
    """Every kind of fault found; empty where the catalogue is sound."""
    found = [
        _orphans(reader),
        _named(reader, "quote_mismatch", _misquoted()),
        _named(reader, "sentence_span", _misplaced()),
        _named(reader, "no_passages", _without_passages()),
        _named(reader, "joined_to_nothing", _joined_to_nothing()),
        _named(reader, "joined_in_chain", _joined_in_chain()),
        _astray(reader),
        *_changed(reader),
        *_vectors(reader, dimension),
    ]
    return [one for one in found if one.count]


def misquoted(reader: Reader) -> set[str]:
    """Ids of passages whose text is not what their page says: no quote may be cut from them."""
    return {str(row[0]) for row in reader.connection.execute(_misquoted())}


def _named(reader: Reader, code: str, query: Select[Any]) -> Unsound:
    names = [str(row[0]) for row in reader.connection.execute(query)]
    return Unsound(code, len(names), tuple(names[:NAMED]))


def _orphans(reader: Reader) -> Unsound:
    rows = _row_orphans(reader)
    return Unsound("orphan_rows", len(rows), tuple(f"{row[0]} {row[1]}" for row in rows[:NAMED]))


def _row_orphans(reader: Reader) -> Sequence[Any]:
    """(table, rowid, …) of rows whose paper or passage is gone; PostgreSQL lets none be."""
    if reader.connection.dialect.name != "sqlite":
        return []
    return reader.connection.execute(text("PRAGMA foreign_key_check")).all()


def _astray(reader: Reader) -> Unsound:
    """Tags by people that are not what the log of decisions says."""
    places = astray(reader.connection)
    return Unsound("decisions_astray", len(places), tuple(places[:NAMED]))


def _misquoted() -> Select[Any]:
    """Passages whose text is not the stretch of the page text that they name."""
    on = (page_texts.c.paper == passages.c.paper) & (
        page_texts.c.page == func.coalesce(passages.c.page, 0)
    )
    stretch = cut(page_texts.c.text, passages.c.start, passages.c.stop)
    return (
        select(passages.c.passage_id)
        .outerjoin(page_texts, on)
        .where(or_(page_texts.c.text.is_(None), stretch != passages.c.text))
        .order_by(passages.c.n)
    )


def _misplaced() -> Select[Any]:
    """Passages with a sentence that reaches beyond their text."""
    return (
        select(passages.c.passage_id)
        .join(sentences, sentences.c.passage == passages.c.n)
        .where(
            or_(
                sentences.c.start < 0,
                sentences.c.start >= sentences.c.stop,
                sentences.c.stop > func.length(passages.c.text),
            )
        )
        .distinct()
    )


def _without_passages() -> Select[Any]:
    held = select(passages.c.paper)
    return select(papers.c.paper_id).where(papers.c.n.not_in(held)).order_by(papers.c.n)


def _joined_to_nothing() -> Select[Any]:
    """Joined papers whose paper to stand for them is not here."""
    here = select(papers.c.n)
    return select(papers.c.paper_id).where(~OWN, papers.c.same_as.not_in(here))


def _joined_in_chain() -> Select[Any]:
    """Joined papers whose paper to stand for them is joined itself, maybe to them."""
    joined = select(papers.c.n).where(~OWN)
    return select(papers.c.paper_id).where(papers.c.same_as.in_(joined)).order_by(papers.c.n)


def _changed(reader: Reader) -> list[Unsound]:
    """Rows that are not as they were written: of papers, and of what people said."""
    found: dict[str, list[str]] = {"row_changed": [], "said_changed": []}
    for table in metadata.sorted_tables:
        code = "row_changed" if table in _OF_PAPERS else "said_changed"
        rows = changed(reader.connection, table, "row_sum", "scores_sum")
        found[code] += [f"{table.name} {_whose(reader, row)}" for row in list(rows)]
    return [Unsound(code, len(some), tuple(some[:NAMED])) for code, some in found.items()]


def _whose(reader: Reader, row: Mapping[str, Any]) -> str:
    """What a row is about, in a word or two."""
    if "passage" in row:
        query = select(passages.c.passage_id).where(passages.c.n == row["passage"])
        return str(reader.connection.execute(query).scalar())
    if "paper" in row:
        query = select(papers.c.paper_id).where(papers.c.n == row["paper"])
        return str(reader.connection.execute(query).scalar())
    return str(row.get("paper_id") or row.get("passage_id") or row.get("n") or row.get("name"))


def _vectors(reader: Reader, dimension: int) -> list[Unsound]:
    """Vectors of another length than the model's, not of length 1, or not those written."""
    found: dict[str, list[str]] = {}
    for name, n, code in _bad_vectors(reader, dimension):
        found.setdefault(code, []).append(f"{name} {n}")
    return [Unsound(code, len(some), tuple(some[:NAMED])) for code, some in found.items()]


def _bad_vectors(reader: Reader, dimension: int) -> Iterator[tuple[str, int, str]]:
    """(table, number, code of what is wrong) of each vector that is to be made anew."""
    for table in (passages, sentences):
        for n, blob, kept in _blobs(reader, table):
            if len(blob) != 2 * dimension:
                yield table.name, n, "vector_missing"
            elif not _is_unit(blob):
                yield table.name, n, "vector_not_unit"
            elif sum_of(table.c.vector_sum, {"vector": blob}) != kept:
                yield table.name, n, "vector_changed"


def _is_unit(blob: bytes) -> bool:
    # NaN fails the comparison too.
    vector = np.frombuffer(blob, dtype="<f2").astype(np.float32)
    return bool(abs(float(vector @ vector) - 1.0) < 2 * UNIT)


def _blobs(reader: Reader, table: Table) -> Iterator[tuple[int, bytes, int]]:
    """(number, stored vector, its sum) of all rows of a table."""
    query = select(table.c.n, table.c.vector, table.c.vector_sum).order_by(table.c.n)
    last = -1
    while rows := reader.connection.execute(query.where(table.c.n > last).limit(_ROWS)).all():
        yield from (tuple(row) for row in rows)
        last = rows[-1].n


def titles(reader: Reader) -> list[tuple[str, str, str | None, int]]:
    """(id, title, key that its title is compared by, generation) of every paper."""
    query = select(papers.c.paper_id, papers.c.title, papers.c.title_key, papers.c.generation)
    return [tuple(row) for row in reader.connection.execute(query)]


def passage_names(reader: Reader) -> list[tuple[str, str, int]]:
    """(paper's id, passage's id, its place in the paper) of every passage."""
    query = select(papers.c.paper_id, passages.c.passage_id, passages.c.ordinal)
    joined = query.join(passages, passages.c.paper == papers.c.n)
    return [tuple(row) for row in reader.connection.execute(joined)]


def held_dimension(reader: Reader) -> int:
    """Length of the vectors held, going by most of them; 0 where there are none."""
    size = func.length(passages.c.vector)
    query = select(size).group_by(size).order_by(func.count().desc(), size).limit(1)
    return int(reader.connection.execute(query).scalar() or 0) // 2


def index_sample(reader: Reader, dimension: int, size: int) -> tuple[set[int], dict[int, Vector]]:
    """(numbers of passages indexed, vectors of about `size` of them) to compare an index with."""
    lengths = select(passages.c.n, func.length(passages.c.vector).label("bytes"))
    lengths = lengths.where(OWN_PASSAGE)
    rows = reader.connection.execute(lengths.order_by(passages.c.n)).all()
    whole = [row.n for row in rows if row.bytes == 2 * dimension]
    chosen = whole[:: max(1, len(whole) // size)]
    return {row.n for row in rows}, reader.vectors(chosen)


def to_embed(reader: Reader, dimension: int, *, everything: bool) -> list[ToEmbed]:
    """The texts whose vectors are missing or wrong; with `everything`, all texts."""
    bad: dict[str, set[int]] = {"passages": set(), "sentences": set()}
    if not everything:
        for name, n, _ in _bad_vectors(reader, dimension):
            bad[name].add(n)
    said = cut(passages.c.text, sentences.c.start, sentences.c.stop)
    queries: dict[str, Select[Any]] = {
        "passages": select(
            passages.c.n, passages.c.paper, papers.c.title, passages.c.text.label("text")
        ).join(papers, papers.c.n == passages.c.paper),
        "sentences": select(sentences.c.n, passages.c.paper, papers.c.title, said.label("text"))
        .join(passages, passages.c.n == sentences.c.passage)
        .join(papers, papers.c.n == passages.c.paper),
    }
    return [
        ToEmbed(name, row.n, row.paper, row.title, row.text)
        for name, query in queries.items()
        for row in reader.connection.execute(query)
        if everything or row.n in bad[name]
    ]


def put_vectors(writer: Writer, texts: Sequence[ToEmbed], vectors: Vector) -> None:
    """Keep new vectors of some texts; their papers count as changed."""
    for name, table in (("passages", passages), ("sentences", sentences)):
        rows = [
            summed(table, {"number": one.n, "vector": pack(vector)})
            for one, vector in zip(texts, vectors, strict=True)
            if one.table == name
        ]
        if rows:
            statement = table.update().where(table.c.n == bindparam("number"))
            writer.connection.execute(statement, rows)
    for paper in sorted({one.paper for one in texts}):
        writer.touch(paper)


def put_bytes_back(writer: Writer) -> int:
    """Give vectors of which one byte changed that byte back. Returns how many there were."""
    back = 0
    for table in (passages, sentences):
        for row in list(changed(writer.connection, table, "vector_sum")):
            vector = with_byte_back(row["vector"], row["vector_sum"])
            if vector is None:
                continue
            here = table.c.n == row["n"]
            writer.connection.execute(table.update().where(here).values(vector=vector))
            own = here if table is passages else passages.c.n == _passage_of(writer, row["n"])
            for paper in writer.connection.execute(select(passages.c.paper).where(own)).scalars():
                # Of what it was meanwhile an index may have been made, or challenges merged.
                writer.bury([paper])
                writer.touch(paper)
            back += 1
    return back


def _passage_of(reader: Reader, sentence: int) -> int:
    query = select(sentences.c.passage).where(sentences.c.n == sentence)
    return int(reader.connection.execute(query).scalar_one())


def drop_orphans(writer: Writer) -> int:
    """Delete rows whose paper or passage is gone. Returns how many there were."""
    rows = _row_orphans(writer)
    known = {"page_texts", "passages", "sentences", "tags"}
    for table in known & {row[0] for row in rows}:
        numbers = [{"row": row[1]} for row in rows if row[0] == table]
        writer.connection.execute(text(f"DELETE FROM {table} WHERE rowid = :row"), numbers)  # noqa: S608 - one of four names
    return len(rows)
