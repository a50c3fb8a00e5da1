"""Adding papers: read, cut, embed, tag, keep. What is kept is never half of a paper."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ingest.errors import IngestError
from ingest.records import Paper, Passage, Split
from ingest.sentences import sentence_spans
from ingest.sources import Found, Source, encodable
from ingest.split import embedding_text, split
from kb.catalogue.values import NewPassage, Vector
from kb.catalogue.writing import Writer, content_hash
from kb.digests import digest_sentences
from kb.errors import KbError
from kb.held import keeps_text, with_held
from kb.judging import Tagged, label_sentences, tag_papers
from kb.library import Library

__all__ = ["Options", "Report", "add", "tag_papers"]

# Papers embedded and committed together. A crash loses at most this many unacknowledged
# papers; larger batches pad less and commit less often.
BATCH_PAPERS = 64
BATCH_PASSAGES = 512

# Papers committed between two updates of the indexes (and always at the end).
INDEX_EVERY = 2_048

# A sentence shorter than this states nothing.
MIN_SENTENCE = 20

EncodeTexts = Callable[[Sequence[str]], Vector]


@dataclass(frozen=True, slots=True)
class Options:
    """How to add."""

    dry_run: bool = False
    """Read and report only."""
    since: str = ""
    """ISO date: papers published before it are passed over; those without a date are not."""
    statements: bool = True
    """Label and embed every sentence; off for corpora that are only searched."""
    wait: float = 0.0
    """Seconds to wait for another writer."""
    encode: EncodeTexts | None = None
    """Embeds texts; the library's model where None."""
    on_event: Callable[[dict[str, str]], None] | None = None
    """Told {item, state, paper_id} after each commit: the acknowledgement."""
    on_progress: Callable[[int, int], None] | None = None
    """Told (papers, passages) done since the last call."""


@dataclass
class Report:
    """What adding did."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    """{item, step, error} of each item that failed."""
    passages: int = 0
    seconds: float = 0.0
    papers: list[str] = field(default_factory=list)
    """Ids of papers added or updated."""

    def to_json(self) -> dict[str, Any]:
        """The report as the command line prints it."""
        return {
            "added": self.added,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "failed": self.failed,
            "passages": self.passages,
            "seconds": round(self.seconds, 2),
        }


@dataclass(frozen=True, slots=True)
class _Item:
    """A paper read and cut, waiting for its vectors."""

    item: str
    paper: Paper
    cut: Split
    file: tuple[str, int, int] | None
    """(path, size, mtime_ns) where it was read from a file of its own."""


def add(library: Library, sources: Iterable[Source], options: Options = Options()) -> Report:
    """Add what the sources hold. An item that fails is reported; the rest goes on.

    Raises LibraryLocked where another process writes, ModelMismatch where the library's
    vectors come from another model, UsageError where `passage_tokens` is more than it reads.
    """
    library.require_model()
    library.require_room()
    report, start = Report(), time.perf_counter()
    if options.dry_run:
        for batch in _batches(_Reading(library, report, options.since).items(sources)):
            _count(library, batch, report)
    else:
        with library.writing(wait=options.wait):
            since_index = 0
            for batch in _batches(_Reading(library, report, options.since).items(sources)):
                since_index += _keep(library, batch, report, options)
                if since_index >= INDEX_EVERY:
                    library.indexes.follow(library.catalogue)
                    since_index = 0
            _journal_failures(library, report)
    report.seconds = time.perf_counter() - start
    return report


@dataclass
class _Reading:
    """Reads items one after the other, passing over what is held unchanged."""

    library: Library
    report: Report
    since: str = ""
    # No batch is larger: a paper given before these has been kept.
    given: deque[str] = field(default_factory=lambda: deque(maxlen=BATCH_PAPERS))

    def items(self, sources: Iterable[Source]) -> Iterator[_Item | None]:
        """What has to be embedded, in order; None where all before must be kept first.

        A paper that comes twice is merged with what is then held of it.
        """
        for source in sources:
            try:
                for found in source.items():
                    paper = self._load(found)
                    if paper is None:
                        continue
                    if paper.paper_id in self.given:
                        self.given.clear()
                        yield None
                    item = self._cut(found, paper)
                    if item is not None:
                        self.given.append(paper.paper_id)
                        yield item
            except (IngestError, KbError) as error:
                self._fail(source.name, "open", error)

    def _load(self, found: Found) -> Paper | None:
        file = _file_facts(found)
        if file and self._known(file):
            self.report.unchanged += 1
            return None
        try:
            paper = found.read()
        except (IngestError, KbError) as error:
            self._fail(found.item, "read", error)
            return None
        except OSError as error:  # e.g. the file is gone or the disk full: the rest goes on
            reason = f"{error.strerror or error} {error.filename or ''}".strip()
            self._failed(found.item, "read", reason)
            return None
        early = paper.published and paper.published < self.since[: len(paper.published)]
        return None if early else paper

    def _cut(self, found: Found, paper: Paper) -> _Item | None:
        paper, held = self._with_held(paper)
        if held == content_hash(paper):
            self.report.unchanged += 1
            return None
        try:
            cut = split(
                paper, self.library.embedder.count_tokens, self.library.settings.passage_tokens
            )
        except ValueError as error:
            self._failed(found.item, "split", str(error))
            return None
        return _Item(encodable(found.item), paper, cut, _file_facts(found))

    def _known(self, file: tuple[str, int, int]) -> bool:
        with self.library.catalogue.read() as reader:
            return bool(reader.known_file(*file))

    def _with_held(self, paper: Paper) -> tuple[Paper, str]:
        """The paper with what only the held record has, and the held content hash."""
        with self.library.catalogue.read() as reader:
            number = reader.numbers([paper.paper_id]).get(paper.paper_id)
            if number is None:
                return paper, ""
            held = reader.papers([number])[number]
            held_hash = reader.hashes([paper.paper_id])[paper.paper_id]
        if keeps_text(paper, held):
            # A bare record of a paper whose full text is here brings nothing new.
            return paper, content_hash(paper)
        return with_held(paper, held), held_hash

    def _fail(self, item: str, step: str, error: IngestError | KbError) -> None:
        self._failed(item, step, f"{error.message} {error.remedy}".strip())

    def _failed(self, item: str, step: str, why: str) -> None:
        told = {"item": encodable(item), "step": step, "error": encodable(why)}
        self.report.failed.append(told)


def _file_facts(found: Found) -> tuple[str, int, int] | None:
    if found.path is None:
        return None
    try:
        facts = found.path.stat()
    except OSError:
        return None  # reading it will say why
    return encodable(str(found.path.resolve())), facts.st_size, facts.st_mtime_ns


def _batches(items: Iterable[_Item | None]) -> Iterator[list[_Item]]:
    """Items in batches of about even work, cut also where an item is None."""
    batch: list[_Item] = []
    passages = 0
    for item in items:
        full = len(batch) >= BATCH_PAPERS or passages >= BATCH_PASSAGES
        if batch and (full or item is None):
            yield batch
            batch, passages = [], 0
        if item is not None:
            batch.append(item)
            passages += len(item.cut.passages)
    if batch:
        yield batch


def _count(library: Library, batch: list[_Item], report: Report) -> None:
    with library.catalogue.read() as reader:
        known = reader.numbers(item.paper.paper_id for item in batch)
    for item in batch:
        if item.paper.paper_id in known:
            report.updated += 1
        else:
            report.added += 1
        report.passages += len(item.cut.passages)


def _keep(library: Library, batch: list[_Item], report: Report, options: Options) -> int:
    """Embed, tag and commit one batch. Returns how many papers were kept."""
    encode = options.encode or library.embedder.encode
    spans = [
        [_spans(item.paper, passage) if options.statements else [] for passage in item.cut.passages]
        for item in batch
    ]
    texts = [
        embedding_text(item.paper.title, passage.text)
        for item in batch
        for passage in item.cut.passages
    ]
    sentences = [
        passage.text[start:end]
        for item, per_passage in zip(batch, spans, strict=True)
        for passage, some in zip(item.cut.passages, per_passage, strict=True)
        for start, end in some
    ]
    vectors = encode([*texts, *sentences])
    passage_vectors, sentence_vectors = vectors[: len(texts)], vectors[len(texts) :]
    labels = label_sentences(library, sentences, sentence_vectors)
    built = _assemble(batch, spans, passage_vectors, sentence_vectors, labels)
    tagged = tag_papers(library, [item.paper for item in batch], [_front(b) for b in built])
    _commit(library, batch, built, tagged, report, options)
    if options.on_progress:
        options.on_progress(len(batch), len(texts))
    return len(batch)


def _spans(paper: Paper, passage: Passage) -> list[tuple[int, int]]:
    """(start, end) of the passage's sentences, in its text."""
    if passage.section == "Title":
        return []
    if passage.section == "Digest":
        return [(start, end) for start, end, _ in digest_sentences(paper, passage)]
    return [(a, b) for a, b in sentence_spans(passage.text) if b - a >= MIN_SENTENCE]


def _assemble(
    batch: list[_Item],
    spans: list[list[list[tuple[int, int]]]],
    passage_vectors: Vector,
    sentence_vectors: Vector,
    labels: list[tuple[str, float]],
) -> list[list[NewPassage]]:
    """Each paper's passages with their vectors and sentences."""
    built: list[list[NewPassage]] = []
    at = sentence_at = 0
    for item, per_passage in zip(batch, spans, strict=True):
        mine: list[NewPassage] = []
        for passage, some in zip(item.cut.passages, per_passage, strict=True):
            own = {a: kind for a, _, kind in digest_sentences(item.paper, passage)}
            kept = []
            for start, end in some:
                label, score = labels[sentence_at]
                if passage.section == "Digest":
                    label, score = own[start], 1.0
                kept.append((start, end, label, score, sentence_vectors[sentence_at]))
                sentence_at += 1
            mine.append(
                NewPassage(
                    passage.section,
                    passage.page,
                    passage.start,
                    passage.end,
                    passage.text,
                    passage_vectors[at],
                    tuple(kept),
                )
            )
            at += 1
        built.append(mine)
    return built


def _front(passages: list[NewPassage]) -> Vector:
    """A paper's own vector: the mean of its abstract's (else first) passages, length 1."""
    front = [p.vector for p in passages if p.section in ("Abstract", "Digest", "Title")]
    mean = np.mean(np.stack(front or [p.vector for p in passages[:3]]), axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), dtype=np.float32)


def _commit(
    library: Library,
    batch: list[_Item],
    built: list[list[NewPassage]],
    tagged: list[Tagged],
    report: Report,
    options: Options,
) -> None:
    """One transaction for the batch; acknowledged once it is on the disk."""
    now = library.now()
    with library.catalogue.write() as writer:
        known = writer.numbers(item.paper.paper_id for item in batch)
        for item, passages, (tags, scores) in zip(batch, built, tagged, strict=True):
            writer.put_paper(item.paper, item.cut.pages, passages, tags, scores, now=now)
            _note(writer, item, now)
    for item in batch:
        fresh = item.paper.paper_id not in known
        report.added += fresh
        report.updated += not fresh
        report.passages += len(item.cut.passages)
        report.papers.append(item.paper.paper_id)
        if options.on_event:
            state = "added" if fresh else "updated"
            options.on_event({"item": item.item, "state": state, "paper_id": item.paper.paper_id})


def _note(writer: Writer, item: _Item, now: str) -> None:
    if item.file:
        writer.remember_file(*item.file, item.paper.paper_id)
    writer.log([{"at": now, "item": item.item, "state": "kept", "paper_id": item.paper.paper_id}])


def _journal_failures(library: Library, report: Report) -> None:
    now = library.now()
    rows = [
        {
            "at": now,
            "item": one["item"],
            "state": "failed",
            "step": one["step"],
            "error": one["error"],
        }
        for one in report.failed
    ]
    if rows:
        with library.catalogue.write(bump=False) as writer:
            writer.log(rows)
