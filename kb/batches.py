"""Papers in batches: gathered, embedded, labelled and tagged, ready to be kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.records import Paper, Passage, Split
from ingest.sentences import sentence_spans
from ingest.split import embedding_text
from kb.catalogue.values import NewPassage, Vector
from kb.digests import digest_sentences
from kb.judging import Tagged, label_sentences, tag_papers
from kb.library import Library

# Papers embedded and committed together. A crash loses at most this many unacknowledged
# papers; larger batches pad less and commit less often.
BATCH_PAPERS = 64
BATCH_PASSAGES = 512

# A sentence shorter than this states nothing.
MIN_SENTENCE = 20
# Of a sentence that goes on overleaf this share has to stand on its page to be quoted at all.
MOSTLY = 0.6

EncodeTexts = Callable[[Sequence[str]], Vector]


@dataclass(frozen=True, slots=True)
class Item:
    """A paper read and cut, waiting for its vectors."""

    item: str
    paper: Paper
    cut: Split
    file: tuple[str, int, int] | None
    """(path, size, mtime_ns) where it was read from a file of its own."""
    keys: frozenset[str]
    """What other records of the same paper would share with it."""
    state: str
    """How far it had come when it was handed on: `found`, `fetched` or `parsed`."""


@dataclass(frozen=True, slots=True)
class Built:
    """An item with its vectors, labels and tags."""

    item: Item
    passages: list[NewPassage]
    tagged: Tagged


class StepFailed(Exception):
    """A batch failed at a step; told with its cause."""

    def __init__(self, step: str, cause: Exception) -> None:
        super().__init__(step, cause)
        self.step = step
        self.why = f"{type(cause).__name__}: {cause}".strip()


def batches(items: Iterable[Item | None], share: int = 1) -> Iterator[list[Item]]:
    """Items in batches of about even work, cut also where an item is None.

    Takes: share, into how many parts a batch of the usual size is cut.
    """
    most_papers, most_passages = BATCH_PAPERS // share, BATCH_PASSAGES // share
    batch: list[Item] = []
    passages = 0
    for item in items:
        full = len(batch) >= most_papers or passages >= most_passages
        if batch and (full or item is None):
            yield batch
            batch, passages = [], 0
        if item is not None:
            batch.append(item)
            passages += len(item.cut.passages)
    if batch:
        yield batch


def build(
    library: Library,
    batch: list[Item],
    encode: EncodeTexts,
    *,
    statements: bool,
    on_embedded: Callable[[], None],
) -> list[Built]:
    """Embed, label and tag a batch. Raises StepFailed `embed` or `tag`.

    `on_embedded` is called once the vectors are there.
    """
    spans = [
        [_spans(item.paper, passage) if statements else [] for passage in item.cut.passages]
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
    try:
        vectors = encode([*texts, *sentences])
    except (RuntimeError, ValueError, MemoryError) as error:  # torch's and ONNX Runtime's own
        raise StepFailed("embed", error) from error
    on_embedded()
    passage_vectors, sentence_vectors = vectors[: len(texts)], vectors[len(texts) :]
    try:
        labels = label_sentences(library, sentences, sentence_vectors)
        built = _assemble(batch, spans, passage_vectors, sentence_vectors, labels)
        tagged = tag_papers(library, [item.paper for item in batch], [_front(b) for b in built])
    except (RuntimeError, ValueError, MemoryError) as error:
        raise StepFailed("tag", error) from error
    return [Built(*one) for one in zip(batch, built, tagged, strict=True)]


def _spans(paper: Paper, passage: Passage) -> list[tuple[int, int]]:
    """(start, end) of the passage's sentences, in its text."""
    if passage.section == "Title":
        return []
    if passage.section == "Digest":
        return [(start, end) for start, end, _ in digest_sentences(paper, passage)]
    here = [(a, b, _end_here(passage, a, b)) for a, b in sentence_spans(passage.text)]
    return [(a, at) for a, b, at in here if at - a >= max(MIN_SENTENCE, MOSTLY * (b - a))]


def _end_here(passage: Passage, start: int, end: int) -> int:
    """Where a sentence ends on its passage's page, between words.

    What is quoted has to stand on the page that is named, and a sentence may go on overleaf.
    """
    away = next((a for a, b in passage.overleaf if start < b and a < end), end)
    if away >= end:
        return end
    told = passage.text[start:away]
    whole = told if passage.text[away - 1 : away].isspace() else told[: told.rfind(" ") + 1]
    return start + len(whole.rstrip())


def _assemble(
    batch: list[Item],
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
                    passage.boxes,
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
