"""Reading the catalogue: one consistent state, as frozen values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Text, case, cast, func, select

from kb.catalogue.editions import newest
from kb.catalogue.filing import Filing, effective
from kb.catalogue.standing import OWN, OWN_PASSAGE, members, memberships, tag_rows
from kb.catalogue.tables import (
    files,
    journal,
    meta,
    page_texts,
    papers,
    passages,
    searches,
    sentences,
    tags,
    tombstones,
)
from kb.catalogue.values import (
    PaperTable,
    SentenceRow,
    StoredPaper,
    StoredPassage,
    StoredTag,
    Vector,
)

# Not the section list, references and scores: `extras` reads those for one paper.
_PAPER = tuple(
    column
    for column in papers.c
    if column.name not in ("sections", "refs", "scores", "content_hash", "pdf_sha256")
)

# SQLite takes 32,766 variables a statement; stay well below.
CHUNK = 5_000

_PASSAGE = (
    passages.c.n,
    passages.c.passage_id,
    passages.c.paper,
    papers.c.paper_id,
    passages.c.section,
    passages.c.page,
    passages.c.start,
    passages.c.stop,
    passages.c.text,
    passages.c.boxes,
)


def unpack(blob: bytes) -> Vector:
    """A stored float16 vector as float32."""
    return np.frombuffer(blob, dtype="<f2").astype(np.float32)


def unpack_many(blobs: Sequence[bytes | bytearray]) -> Vector:
    """Stored vectors as one float32 matrix (n, dimension)."""
    if not blobs:
        return np.zeros((0, 0), dtype=np.float32)
    flat = np.frombuffer(b"".join(blobs), dtype="<f2")
    return flat.reshape(len(blobs), -1).astype(np.float32)


def chunks(values: Iterable[Any]) -> Iterator[list[Any]]:
    """The values in lists that fit one statement."""
    batch = list(values)
    for start in range(0, len(batch), CHUNK):
        yield batch[start : start + CHUNK]


def cut(
    whole: ColumnElement[str], start: ColumnElement[int], stop: ColumnElement[int]
) -> ColumnElement[str]:
    """The characters of a text from `start` (0 is the first) to before `stop`.

    A span that is none gives ""; PostgreSQL would end the whole query.
    """
    length = stop - start
    return func.substr(whole, start + 1, case((length > 0, length), else_=0))


class Reader:
    """Reads on one connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._filing: Filing | None = None

    @property
    def filing(self) -> Filing | None:
        """How tags are read: by the newest codebook; None where that is the shipped one."""
        if self._filing is None:
            found = newest(self.connection)
            self._filing = found[1] if found else None
        return self._filing

    def under(self, filing: Filing) -> None:
        """Read tags by another version of the codebook from now on."""
        self._filing = filing

    def meta(self, key: str) -> str:
        """A value of the library's own facts; "" where it is not set."""
        found = self.connection.execute(select(meta.c.value).where(meta.c.key == key)).scalar()
        return str(found) if found is not None else ""

    @property
    def generation(self) -> int:
        """How many index-changing writes this catalogue has seen."""
        return int(self.meta("generation") or 0)

    def counts(self) -> dict[str, int]:
        """How many papers, passages, vectors, tags, sentences and statements there are."""

        def count(table: Any, *where: Any) -> int:
            """How many rows of a table hold to the conditions."""
            query = select(func.count()).select_from(table).where(*where)
            return int(self.connection.execute(query).scalar() or 0)

        found = {
            "papers": count(papers, OWN),
            "full_text": count(papers, papers.c.full_text, OWN),
            "digests": count(papers, cast(papers.c.digest, Text) != "null", OWN),
            "passages": count(passages, OWN_PASSAGE),
            "sentences": count(sentences.join(passages), OWN_PASSAGE),
            "tags": count(tags.join(papers), tags.c.present, OWN),
            "statements": count(
                sentences.join(passages), sentences.c.label != "other", OWN_PASSAGE
            ),
        }
        return {**found, "vectors": found["passages"] + found["sentences"]}

    def numbers(self, paper_ids: Iterable[str]) -> dict[str, int]:
        """paper_id -> number, of those that are here."""
        found: dict[str, int] = {}
        for batch in chunks(paper_ids):
            query = select(papers.c.paper_id, papers.c.n).where(papers.c.paper_id.in_(batch))
            found.update({row.paper_id: row.n for row in self.connection.execute(query)})
        return found

    def hashes(self, paper_ids: Iterable[str]) -> dict[str, str]:
        """paper_id -> content hash, of those that are here."""
        found: dict[str, str] = {}
        for batch in chunks(paper_ids):
            query = select(papers.c.paper_id, papers.c.content_hash).where(
                papers.c.paper_id.in_(batch)
            )
            found.update({row.paper_id: row.content_hash for row in self.connection.execute(query)})
        return found

    def papers(self, numbers: Iterable[int] | None = None) -> dict[int, StoredPaper]:
        """Papers by number with their effective tags; all of their own without `numbers`."""
        found: dict[int, StoredPaper] = {}
        batches = [None] if numbers is None else chunks(numbers)
        for batch in batches:
            query = select(*_PAPER).where(OWN if batch is None else papers.c.n.in_(batch))
            tagged = effective(tag_rows(self.connection, batch), self.filing)
            for row in self.connection.execute(query):
                found[row.n] = _paper(row, tagged.get(row.n, ()))
        return found

    def extras(self, number: int) -> tuple[list[Any], list[Any], dict[str, dict[str, float]]]:
        """(sections, references, scores per facet and key) of one paper, as JSON values."""
        query = select(papers.c.sections, papers.c.refs, papers.c.scores)
        row = self.connection.execute(query.where(papers.c.n == number)).one()
        return row.sections, row.refs, row.scores

    def passages(self, numbers: Iterable[int]) -> dict[int, StoredPassage]:
        """Passages by number."""
        found: dict[int, StoredPassage] = {}
        for batch in chunks(numbers):
            query = select(*_PASSAGE).join(papers).where(passages.c.n.in_(batch))
            found.update({row.n: _passage(row) for row in self.connection.execute(query)})
        return found

    def passages_of(self, numbers: Iterable[int]) -> dict[int, list[StoredPassage]]:
        """Paper number -> its passages in reading order."""
        found: dict[int, list[StoredPassage]] = {}
        for batch in chunks(numbers):
            query = select(*_PASSAGE).join(papers).where(passages.c.paper.in_(batch))
            for row in self.connection.execute(
                query.order_by(passages.c.paper, passages.c.ordinal)
            ):
                found.setdefault(row.paper, []).append(_passage(row))
        return found

    def passage_numbers(self, passage_ids: Iterable[str]) -> dict[str, int]:
        """passage_id -> number, of those that are here."""
        found: dict[str, int] = {}
        for batch in chunks(passage_ids):
            query = select(passages.c.passage_id, passages.c.n)
            query = query.where(passages.c.passage_id.in_(batch))
            found.update({row.passage_id: row.n for row in self.connection.execute(query)})
        return found

    def page_text(self, number: int, page: int | None) -> str:
        """The stored text of a page of a paper; "" where there is none."""
        query = select(page_texts.c.text).where(
            page_texts.c.paper == number, page_texts.c.page == (page or 0)
        )
        return str(self.connection.execute(query).scalar() or "")

    def vectors(self, numbers: Iterable[int]) -> dict[int, Vector]:
        """Passage number -> its vector."""
        found: dict[int, Vector] = {}
        for batch in chunks(numbers):
            query = select(passages.c.n, passages.c.vector).where(passages.c.n.in_(batch))
            found.update({row.n: unpack(row.vector) for row in self.connection.execute(query)})
        return found

    def all_vectors(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], Vector]:
        """(passage numbers, paper numbers, vectors) of the whole library, by number."""
        query = select(passages.c.n, passages.c.paper, passages.c.vector).where(OWN_PASSAGE)
        # The driver's own rows: SQLAlchemy's take twice as long, and every search of a fresh
        # process waits for them. In parts: never all blobs at once beside the matrix.
        cursor: Any = self.connection.execute(query.order_by(passages.c.n)).cursor
        numbers: list[tuple[int, int]] = []
        packed = bytearray()
        while rows := cursor.fetchmany(CHUNK):
            numbers += [row[:2] for row in rows]
            packed += b"".join([row[2] for row in rows])
        held = np.array(numbers, dtype=np.int64).reshape(-1, 2).T.copy()
        vectors = unpack_many([packed] if numbers else [])
        return held[0], held[1], vectors.reshape(len(numbers), -1 if numbers else 0)

    def sentences(self, passage_numbers: Iterable[int]) -> list[SentenceRow]:
        """The sentences of some passages, in reading order."""
        found: list[SentenceRow] = []
        for batch in chunks(passage_numbers):
            query = select(sentences).where(sentences.c.passage.in_(batch))
            found.extend(_sentence(row) for row in self.connection.execute(query))
        return sorted(found, key=lambda sentence: sentence.n)

    def statements(self, labels: Sequence[str]) -> tuple[list[Any], Vector]:
        """Sentences with one of the labels, joined to their passage's facts, and vectors.

        `before` and `after` are the characters around the quote.
        """
        query = (
            select(
                sentences.c.n,
                sentences.c.label,
                sentences.c.score,
                sentences.c.start,
                sentences.c.stop,
                sentences.c.vector,
                passages.c.passage_id,
                passages.c.paper,
                passages.c.page,
                passages.c.section,
                cut(passages.c.text, sentences.c.start, sentences.c.stop).label("quote"),
                # SQL counts from 1; "" at either end of the passage.
                func.substr(passages.c.text, sentences.c.start, 1).label("before"),
                func.substr(passages.c.text, sentences.c.stop + 1, 1).label("after"),
            )
            .join(passages, passages.c.n == sentences.c.passage)
            .where(sentences.c.label.in_(labels), OWN_PASSAGE)
            .order_by(sentences.c.n)
        )
        rows: list[Any] = list(self.connection.execute(query))
        return rows, unpack_many([row.vector for row in rows])

    def removed_since(self, generation: int) -> set[int]:
        """Numbers of papers removed or replaced after `generation`."""
        query = select(tombstones.c.paper).where(tombstones.c.generation > generation)
        return {row.paper for row in self.connection.execute(query)}

    def changed_since(self, generation: int) -> list[int]:
        """Numbers of papers that are here and changed after `generation`, ascending."""
        query = select(papers.c.n).where(papers.c.generation > generation, OWN)
        query = query.order_by(papers.c.n)
        return [row.n for row in self.connection.execute(query)]

    def table(self) -> PaperTable:
        """All papers as columns, for filters and counts."""
        query = select(
            papers.c.n,
            papers.c.paper_id,
            papers.c.year,
            papers.c.published,
            cast(papers.c.authors, Text).label("authors"),
            cast(papers.c.categories, Text).label("categories"),
            papers.c.full_text,
        )
        query = query.where(OWN).order_by(papers.c.n)
        rows = self.connection.execute(query).all()
        row_of = {row.n: i for i, row in enumerate(rows)}
        has: dict[tuple[str, str], Any] = {}
        human: dict[tuple[str, str], Any] = {}
        tagged = effective(tag_rows(self.connection, None, evidence=False), self.filing)
        for n, found in tagged.items():
            for tag in found if n in row_of else ():
                for masks, wanted in ((has, True), (human, tag.by == "human")):
                    if wanted:
                        mask = masks.setdefault((tag.facet, tag.key), np.zeros(len(rows), bool))
                        mask[row_of[n]] = True
        return PaperTable(
            n=np.array([row.n for row in rows], dtype=np.int64),
            year=np.array([row.year or 0 for row in rows], dtype=np.int64),
            paper_id=tuple(row.paper_id for row in rows),
            published=tuple(row.published for row in rows),
            authors=tuple(
                "\n".join(names).lower() for names in _lists(row.authors for row in rows)
            ),
            categories=tuple(map(tuple, _lists(row.categories for row in rows))),
            full_text=np.array([row.full_text for row in rows], dtype=bool),
            has_tags=has,
            human_tags=human,
            row_of=row_of,
        )

    def collection(self, name: str) -> set[str]:
        """Ids of the papers in a named collection."""
        return members(self.connection, name)

    def collections(self) -> dict[str, int]:
        """How many papers each named collection has, by name."""
        return {name: len(ids) for name, ids in memberships(self.connection).items()}

    def searched(self) -> list[dict[str, Any]]:
        """The filters of every logged search."""
        return [dict(row.filters) for row in self.connection.execute(select(searches.c.filters))]

    def known_file(self, path: str, size: int, mtime_ns: int | None) -> str:
        """The id of the paper read from this very file; "" where it is new or changed.

        Without a time, whatever was read from a file of this path and size.
        """
        query = select(files.c.paper_id).where(files.c.path == path, files.c.size == size)
        if mtime_ns is not None:
            query = query.where(files.c.mtime_ns == mtime_ns)
        return str(self.connection.execute(query).scalar() or "")

    def journal(self, limit: int = 200) -> list[dict[str, Any]]:
        """The newest entries of the ingest journal, newest first."""
        query = select(journal).order_by(journal.c.n.desc()).limit(limit)
        return [dict(row._mapping) for row in self.connection.execute(query)]


def _lists(stored: Iterable[str]) -> list[list[str]]:
    """Stored lists, read in one go: one by one they take half the time of opening a library."""
    found: list[list[str]] = json.loads(f"[{','.join(stored)}]")
    return found


def _paper(row: Any, effective: tuple[StoredTag, ...]) -> StoredPaper:
    return StoredPaper(
        n=row.n,
        paper_id=row.paper_id,
        title=row.title,
        abstract=row.abstract,
        authors=tuple(row.authors),
        categories=tuple(row.categories),
        published=row.published,
        year=row.year,
        doi=row.doi,
        arxiv_id=row.arxiv_id,
        version=row.version,
        pages=row.pages,
        pdf_path=row.pdf_path,
        full_text=row.full_text,
        digest=row.digest,
        source=row.source,
        added=row.added,
        notes=tuple((note[0], note[1]) for note in row.notes),
        tags=effective,
    )


def _passage(row: Any) -> StoredPassage:
    return StoredPassage(
        row.n,
        row.passage_id,
        row.paper,
        row.paper_id,
        row.section,
        row.page,
        row.start,
        row.stop,
        row.text,
        tuple((x0, y0, x1, y1) for x0, y0, x1, y1 in row.boxes or ()),
    )


def _sentence(row: Any) -> SentenceRow:
    return SentenceRow(
        row.n, row.passage, row.start, row.stop, row.label, row.score, unpack(row.vector)
    )
