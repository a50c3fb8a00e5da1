"""Writing the catalogue: everything in one transaction, or nothing."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, CursorResult, delete, select

from ingest.records import PageText, Paper
from kb.catalogue.decisions import replay_known
from kb.catalogue.reading import Reader, chunks
from kb.catalogue.standing import group_ids
from kb.catalogue.sums import sum_of, summed
from kb.catalogue.tables import (
    chats,
    collections,
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
from kb.catalogue.upsert import insert
from kb.catalogue.values import NewPassage, StoredTag, Vector


def pack(vector: Vector) -> bytes:
    """A vector as stored: float16, little endian."""
    return np.asarray(vector, dtype="<f2").tobytes()


def content_hash(paper: Paper) -> str:
    """Hash of everything a paper says; where it lies and came from do not count."""
    # That a file was not where a bibliography says is nothing the paper says.
    notes = tuple(note for note in paper.warnings if note.code != "no_pdf")
    bare = dataclasses.replace(
        paper, source="", pdf_path="", sections=(), abstract_boxes=(), warnings=notes
    )
    facts = dataclasses.asdict(bare)
    del facts["abstract_boxes"]
    facts["sections"] = [
        {
            "heading": section.heading,
            "level": section.level,
            "page": section.page,
            "parts": [{"page": part.page, "text": part.text} for part in section.parts],
        }
        for section in paper.sections
    ]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


class Writer(Reader):
    """Reads and writes in one transaction of the catalogue."""

    def __init__(self, connection: Connection, *, bump: bool) -> None:
        super().__init__(connection)
        self._bump = bump
        self._next = self.generation + 1

    def finish(self) -> None:
        """Raise the generation; called by the catalogue before it commits."""
        if self._bump:
            self.set_meta("generation", str(self._next))

    @property
    def next_generation(self) -> int:
        """The generation that this transaction makes."""
        return self._next

    def keep_generation(self) -> None:
        """Leave the generation: nothing that an index holds has changed after all."""
        self._bump = False

    def outrun(self, generation: int) -> None:
        """Make this transaction's generation higher than a given one."""
        self._next = max(self._next, generation + 1)

    def renew(self, gone: Iterable[int]) -> None:
        """Have every index drop all papers, those in `gone` too, and take up what is here."""
        here = self.connection.execute(select(papers.c.n)).scalars().all()
        self.bury(sorted({*here, *gone}))
        self.connection.execute(papers.update().values(generation=self._next))

    def touch(self, paper: int) -> None:
        """Mark a paper as changed, so that the indexes take it up again."""
        self.connection.execute(
            papers.update().where(papers.c.n == paper).values(generation=self._next)
        )

    def set_meta(self, key: str, value: str) -> None:
        """Set one of the library's own facts."""
        statement = insert(self.connection, meta).values(key=key, value=value)
        self.connection.execute(
            statement.on_conflict_do_update(index_elements=["key"], set_={"value": value})
        )

    def put_paper(
        self,
        paper: Paper,
        pages: Sequence[PageText],
        new_passages: Sequence[NewPassage],
        new_tags: Sequence[StoredTag],
        scores: Mapping[str, Mapping[str, float]],
        *,
        now: str,
    ) -> int:
        """Keep a paper, replacing what was held of it; human tags stay. Returns its number."""
        known = self.numbers([paper.paper_id]).get(paper.paper_id)
        values = _paper_values(paper) | {"scores": scores, "generation": self._next}
        if known is None:
            result = self.connection.execute(papers.insert().values(**values, added=now))
            number = _key(result)
        else:
            number = known
            changed = summed(papers, values)
            self.connection.execute(papers.update().where(papers.c.n == number).values(**changed))
            self.connection.execute(delete(passages).where(passages.c.paper == number))
            self.connection.execute(delete(page_texts).where(page_texts.c.paper == number))
            self.bury([number])
            if not paper.has_full_text:
                # Its PDF is to be read again when it is added again.
                self.connection.execute(delete(files).where(files.c.paper_id == paper.paper_id))
        if pages:
            self.connection.execute(
                page_texts.insert(),
                [{"paper": number, "page": part.page or 0, "text": part.text} for part in pages],
            )
        for ordinal, passage in enumerate(new_passages):
            self._put_passage(paper.paper_id, number, ordinal, passage)
        self.set_tags(number, new_tags, scores)
        replay_known(self.connection, paper.paper_id)
        return number

    def set_facts(self, paper: int, values: Mapping[str, Any]) -> None:
        """Change some of a paper's facts; its text, vectors and tags stay."""
        here = papers.c.n == paper
        held = dict(self.connection.execute(select(papers).where(here)).mappings().one())
        changed = dict(values) | {"generation": self._next}
        # A row that a disk has changed must not be taken for good by this.
        if held["row_sum"] == sum_of(papers.c.row_sum, held):
            changed["row_sum"] = sum_of(papers.c.row_sum, {**held, **values})
        self.connection.execute(papers.update().where(here).values(**changed))

    def _put_passage(self, paper_id: str, paper: int, ordinal: int, passage: NewPassage) -> None:
        result = self.connection.execute(
            passages.insert().values(
                passage_id=f"{paper_id}#{ordinal}",
                paper=paper,
                ordinal=ordinal,
                section=passage.section,
                page=passage.page,
                start=passage.start,
                stop=passage.end,
                text=passage.text,
                vector=pack(passage.vector),
                boxes=[list(box) for box in passage.boxes] or None,
            )
        )
        number = _key(result)
        if passage.sentences:
            self.connection.execute(
                sentences.insert(),
                [
                    {
                        "passage": number,
                        "start": start,
                        "stop": end,
                        "label": label,
                        "score": score,
                        "vector": pack(vector),
                    }
                    for start, end, label, score, vector in passage.sentences
                ],
            )

    def set_tags(
        self, paper: int, new_tags: Sequence[StoredTag], scores: Mapping[str, Mapping[str, float]]
    ) -> None:
        """Replace a paper's machine tags; add human ones over older human ones."""
        self.connection.execute(delete(tags).where(tags.c.paper == paper, tags.c.by == "machine"))
        changed = summed(papers, {"scores": scores, "generation": self._next})
        self.connection.execute(papers.update().where(papers.c.n == paper).values(**changed))
        for tag in new_tags:
            row = dataclasses.asdict(tag) | {"paper": paper, "evidence": list(tag.evidence)}
            values = summed(tags, row)
            statement = insert(self.connection, tags).values(**values)
            self.connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["paper", "facet", "key", "by"], set_=values
                )
            )

    def remove_papers(self, numbers: Iterable[int]) -> int:
        """Remove papers and all that belongs to them. Returns how many there were."""
        doomed = list(numbers)
        self.bury(doomed)
        gone = 0
        for batch in chunks(doomed):
            ids = select(papers.c.paper_id).where(papers.c.n.in_(batch))
            self.connection.execute(delete(files).where(files.c.paper_id.in_(ids)))
            self.connection.execute(delete(collections).where(collections.c.paper_id.in_(ids)))
            gone += self.connection.execute(delete(papers).where(papers.c.n.in_(batch))).rowcount
        return gone

    def bury(self, numbers: Iterable[int]) -> None:
        """Note papers as removed or replaced, so that the indexes drop what they hold."""
        rows = [{"paper": number, "generation": self._next} for number in numbers]
        if rows:
            self.connection.execute(tombstones.insert(), rows)

    def log(self, rows: Sequence[Mapping[str, str]]) -> None:
        """Append to the ingest journal: {at, item, state, step?, error?, paper_id?}."""
        blank = {"step": "", "error": "", "paper_id": ""}
        if rows:
            self.connection.execute(journal.insert(), [blank | dict(row) for row in rows])

    def remember_file(self, path: str, size: int, mtime_ns: int, paper_id: str) -> None:
        """Note a file as read, so that the next run can pass over it unread."""
        values = {"path": path, "size": size, "mtime_ns": mtime_ns, "paper_id": paper_id}
        statement = insert(self.connection, files).values(**values)
        self.connection.execute(
            statement.on_conflict_do_update(index_elements=["path"], set_=values)
        )

    def log_search(self, values: Mapping[str, Any]) -> None:
        """Append to the search log: {at, query, filters, mode, total, hits, generation}."""
        self.connection.execute(searches.insert().values(**values))

    def set_collected(self, name: str, paper_id: str, *, member: bool, now: str) -> None:
        """Put a paper into a named collection, or take it out."""
        ids = [paper_id] if member else group_ids(self.connection, paper_id)
        where = (collections.c.name == name, collections.c.paper_id.in_(ids))
        self.connection.execute(delete(collections).where(*where))
        if member:
            values = {"name": name, "paper_id": paper_id, "at": now}
            self.connection.execute(collections.insert().values(**values))

    def log_turn(self, chat: str, question: str, answer: Mapping[str, Any], *, now: str) -> None:
        """Append a question and its answer to a chat."""
        values = {"chat": chat, "at": now, "question": question, "answer": dict(answer)}
        self.connection.execute(chats.insert().values(**values))


def _key(result: CursorResult[Any]) -> int:
    """The number that an inserted row was given."""
    key = result.inserted_primary_key
    if key is None:
        raise RuntimeError("an insert gave no key")
    return int(key[0])


def _paper_values(paper: Paper) -> dict[str, Any]:
    return {
        "paper_id": paper.paper_id,
        "title": paper.title,
        "abstract": paper.abstract,
        "authors": list(paper.authors),
        "categories": list(paper.categories),
        "published": paper.published,
        "year": paper.year,
        "doi": paper.doi,
        "arxiv_id": paper.arxiv_id,
        "version": paper.version,
        "pages": paper.pages,
        "pdf_path": paper.pdf_path,
        "pdf_sha256": paper.pdf_sha256,
        "full_text": paper.has_full_text,
        "digest": dataclasses.asdict(paper.digest) if paper.digest else None,
        "sections": [[part.heading, part.level, part.page] for part in paper.sections],
        "refs": [dataclasses.asdict(reference) for reference in paper.references],
        "notes": [[note.code, note.detail] for note in paper.warnings],
        "source": paper.source,
        "content_hash": content_hash(paper),
        "title_key": None,
    }
