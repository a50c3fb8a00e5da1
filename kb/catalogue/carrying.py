"""Whole papers out of one catalogue and into another, in bulk: what a bundle carries."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Row, delete, func, select

from ingest.records import Box
from kb.catalogue.filing import stored_tag
from kb.catalogue.reading import Reader, chunks
from kb.catalogue.sums import summed
from kb.catalogue.tables import collections, page_texts, papers, passages, sentences, tags
from kb.catalogue.upsert import insert
from kb.catalogue.values import StoredTag
from kb.catalogue.writing import Writer

Halves = npt.NDArray[np.float16]
"""(n, dimension) vectors as stored: float16, little endian."""

FACTS = (
    "paper_id",
    "title",
    "abstract",
    "authors",
    "categories",
    "published",
    "year",
    "doi",
    "arxiv_id",
    "version",
    "pages",
    "pdf_sha256",
    "full_text",
    "digest",
    "sections",
    "refs",
    "notes",
    "source",
    "content_hash",
    "scores",
    "added",
)
"""Columns of `papers` that travel. Not the PDF's path, which names folders of one machine."""


@dataclass(frozen=True, slots=True)
class CarriedPassage:
    """A passage as a span of its page's stored text."""

    section: str
    page: int | None
    start: int
    end: int
    sentences: tuple[tuple[int, int, str, float], ...]
    """(start, end, label, score) in the passage's text."""
    boxes: tuple[Box, ...] = ()
    """Where it stands on its page, in points from the top left."""


@dataclass(frozen=True, slots=True)
class CarriedPaper:
    """All that a catalogue keeps of one paper."""

    facts: dict[str, Any]
    """Values of the columns `FACTS`."""
    page_texts: tuple[tuple[int, str], ...]
    """(page, text), ascending; page 0 is text that has no page."""
    passages: tuple[CarriedPassage, ...]
    tags: tuple[StoredTag, ...]
    """Machine tags and a person's decisions, sorted."""
    vectors: Halves
    """Of the passages."""
    sentence_vectors: Halves
    """Of all sentences of all passages, in order."""

    @property
    def paper_id(self) -> str:
        """The paper's id."""
        return str(self.facts["paper_id"])

    def text(self, passage: CarriedPassage) -> str:
        """The text of one of its passages."""
        whole = dict(self.page_texts).get(passage.page or 0, "")
        return whole[passage.start : passage.end]


@dataclass(frozen=True, slots=True)
class Standing:
    """What a catalogue already knows of a paper: enough to decide whether to replace it."""

    n: int
    content_hash: str
    has_abstract: bool
    full_text: bool
    version: str
    digest: dict[str, str] | None


def standing(reader: Reader, paper_ids: Sequence[str]) -> dict[str, Standing]:
    """paper_id -> its standing, of those that are here."""
    found: dict[str, Standing] = {}
    for batch in chunks(paper_ids):
        query = select(
            papers.c.paper_id,
            papers.c.n,
            papers.c.content_hash,
            papers.c.abstract,
            papers.c.full_text,
            papers.c.version,
            papers.c.digest,
        ).where(papers.c.paper_id.in_(batch))
        for row in reader.connection.execute(query):
            found[row.paper_id] = Standing(
                row.n, row.content_hash, bool(row.abstract), row.full_text, row.version, row.digest
            )
    return found


def carried_counts(reader: Reader) -> dict[str, int]:
    """How many papers, passages, sentences, tags and collection entries there are to carry."""
    tables = {
        "papers": papers,
        "passages": passages,
        "sentences": sentences,
        "tags": tags,
        "collected": collections,
    }
    return {
        name: int(reader.connection.execute(select(func.count()).select_from(table)).scalar() or 0)
        for name, table in tables.items()
    }


def tag_versions(reader: Reader) -> list[str]:
    """`method version` of every kind of machine tag held, sorted."""
    query = select(tags.c.method, tags.c.version).where(tags.c.by == "machine").distinct()
    return sorted(f"{row.method} {row.version}".strip() for row in reader.connection.execute(query))


def collected(reader: Reader) -> list[tuple[str, str, str]]:
    """(name, paper_id, at) of every entry of a collection, sorted."""
    query = select(collections).order_by(collections.c.name, collections.c.paper_id)
    return [(row.name, row.paper_id, row.at) for row in reader.connection.execute(query)]


def all_carried(reader: Reader, batch: int = 500) -> Iterator[CarriedPaper]:
    """Every paper, by paper_id; `batch` papers are in memory at once."""
    query = select(papers.c.n).order_by(papers.c.paper_id)
    numbers = [row.n for row in reader.connection.execute(query)]
    for start in range(0, len(numbers), batch):
        yield from _carried(reader, numbers[start : start + batch])


def _carried(reader: Reader, numbers: list[int]) -> Iterator[CarriedPaper]:
    """Some papers, in the order asked for."""

    def by_paper(query: Any) -> dict[int, list[Row[Any]]]:
        """Paper number -> the query's rows, which come sorted by paper."""
        rows = reader.connection.execute(query).all()
        return {number: list(some) for number, some in groupby(rows, key=lambda row: row.paper)}

    pages = by_paper(
        select(page_texts)
        .where(page_texts.c.paper.in_(numbers))
        .order_by(page_texts.c.paper, page_texts.c.page)
    )
    held = by_paper(
        select(passages)
        .where(passages.c.paper.in_(numbers))
        .order_by(passages.c.paper, passages.c.ordinal)
    )
    judged = by_paper(
        select(tags)
        .where(tags.c.paper.in_(numbers))
        .order_by(tags.c.paper, tags.c.facet, tags.c.key, tags.c.by)
    )
    said = by_paper(
        select(passages.c.paper, sentences)
        .join(passages, passages.c.n == sentences.c.passage)
        .where(passages.c.paper.in_(numbers))
        .order_by(passages.c.paper, passages.c.ordinal, sentences.c.start, sentences.c.n)
    )
    columns = [papers.c.n, *(papers.c[name] for name in FACTS)]
    facts = {
        row.n: {name: row._mapping[name] for name in FACTS}
        for row in reader.connection.execute(select(*columns).where(papers.c.n.in_(numbers)))
    }
    for number in numbers:
        mine = said.get(number, [])
        yield CarriedPaper(
            facts[number],
            tuple((row.page, row.text) for row in pages.get(number, [])),
            _passages(held.get(number, []), mine),
            tuple(stored_tag(row) for row in judged.get(number, [])),
            _halves([row.vector for row in held.get(number, [])]),
            _halves([row.vector for row in mine]),
        )


def _passages(rows: list[Row[Any]], said: list[Row[Any]]) -> tuple[CarriedPassage, ...]:
    of_passage: dict[int, list[tuple[int, int, str, float]]] = {}
    for row in said:
        of_passage.setdefault(row.passage, []).append((row.start, row.stop, row.label, row.score))
    return tuple(
        CarriedPassage(
            row.section,
            row.page,
            row.start,
            row.stop,
            tuple(of_passage.get(row.n, ())),
            tuple((x0, y0, x1, y1) for x0, y0, x1, y1 in row.boxes or ()),
        )
        for row in rows
    )


def _halves(blobs: list[bytes]) -> Halves:
    flat = np.frombuffer(b"".join(blobs), dtype="<f2")
    return flat.reshape(len(blobs), -1) if blobs else flat.reshape(0, 0)


def keep_carried(writer: Writer, batch: Sequence[CarriedPaper], *, now: str) -> None:
    """Keep papers, replacing what was held of them; a person's decisions here stay.

    Takes papers that were checked; `now` is when those count as added that do not say.
    """
    held = standing(writer, [paper.paper_id for paper in batch])
    fresh, again = [], []
    for paper in batch:
        values = paper.facts | {"generation": writer.next_generation, "title_key": None}
        if paper.paper_id in held:
            before = held[paper.paper_id]
            values.pop("added")
            values["digest"] = values["digest"] or before.digest
            again.append((before.n, values))
        else:
            values |= {"added": values["added"] or now, "pdf_path": ""}
            fresh.append(values)
    if fresh:
        writer.connection.execute(papers.insert(), fresh)
    for number, values in again:
        changed = summed(papers, values)
        writer.connection.execute(papers.update().where(papers.c.n == number).values(**changed))
    replaced = [number for number, _ in again]
    for some in chunks(replaced):
        writer.connection.execute(delete(passages).where(passages.c.paper.in_(some)))
        writer.connection.execute(delete(page_texts).where(page_texts.c.paper.in_(some)))
        where = (tags.c.paper.in_(some), tags.c.by == "machine")
        writer.connection.execute(delete(tags).where(*where))
    writer.bury(replaced)
    numbers = writer.numbers(paper.paper_id for paper in batch)
    _keep_texts(writer, batch, numbers)
    machine = [
        (numbers[paper.paper_id], tag) for paper in batch for tag in paper.tags if tag.by != "human"
    ]
    if machine:
        writer.connection.execute(tags.insert(), [_tag_row(*one) for one in machine])
    for paper in batch:
        keep_decisions(writer, numbers[paper.paper_id], paper.tags)


def _keep_texts(writer: Writer, batch: Sequence[CarriedPaper], numbers: dict[str, int]) -> None:
    """Page texts, passages and sentences of papers that hold none yet."""
    pages = [
        {"paper": numbers[paper.paper_id], "page": page, "text": text}
        for paper in batch
        for page, text in paper.page_texts
    ]
    if pages:
        writer.connection.execute(page_texts.insert(), pages)
    rows = [
        {
            "passage_id": f"{paper.paper_id}#{ordinal}",
            "paper": numbers[paper.paper_id],
            "ordinal": ordinal,
            "section": passage.section,
            "page": passage.page,
            "start": passage.start,
            "stop": passage.end,
            "text": paper.text(passage),
            "vector": paper.vectors[ordinal].tobytes(),
            "boxes": [list(box) for box in passage.boxes] or None,
        }
        for paper in batch
        for ordinal, passage in enumerate(paper.passages)
    ]
    if rows:
        writer.connection.execute(passages.insert(), rows)
    placed = writer.passage_numbers(row["passage_id"] for row in rows)
    said = [
        {
            "passage": placed[f"{paper.paper_id}#{ordinal}"],
            "start": start,
            "stop": end,
            "label": label,
            "score": score,
            "vector": vector.tobytes(),
        }
        for paper in batch
        for (ordinal, (start, end, label, score)), vector in zip(
            _said(paper), paper.sentence_vectors, strict=True
        )
    ]
    if said:
        writer.connection.execute(sentences.insert(), said)


def _said(paper: CarriedPaper) -> Iterator[tuple[int, tuple[int, int, str, float]]]:
    for ordinal, passage in enumerate(paper.passages):
        for sentence in passage.sentences:
            yield ordinal, sentence


def _tag_row(paper: int, tag: StoredTag) -> dict[str, Any]:
    return dataclasses.asdict(tag) | {"paper": paper, "evidence": list(tag.evidence)}


def keep_decisions(writer: Writer, paper: int, judged: Sequence[StoredTag]) -> int:
    """Add a person's decisions where nobody here has decided. Returns how many were new."""
    rows = [_tag_row(paper, tag) for tag in judged if tag.by == "human"]
    if not rows:
        return 0
    added = 0
    for row in rows:
        statement = insert(writer.connection, tags).values(**row).on_conflict_do_nothing()
        added += writer.connection.execute(statement).rowcount
    if added:
        writer.touch(paper)
    return added


def keep_collected(writer: Writer, entries: Sequence[tuple[str, str, str]]) -> None:
    """Add entries (name, paper_id, at) to the collections; those that are there stay."""
    rows = [{"name": name, "paper_id": paper, "at": at} for name, paper, at in entries]
    for some in chunks(rows):
        statement = insert(writer.connection, collections).on_conflict_do_nothing()
        writer.connection.execute(statement, some)


def with_vectors(paper: CarriedPaper, vectors: Halves, sentence_vectors: Halves) -> CarriedPaper:
    """The paper with other vectors."""
    return replace(paper, vectors=vectors, sentence_vectors=sentence_vectors)
