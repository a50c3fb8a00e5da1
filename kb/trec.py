"""Files of retrieval experiments: the BEIR layout of a test collection, and TREC runs."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TextIO

from ingest.records import Paper
from ingest.sources import Found, clean_text
from kb.errors import UsageError
from kb.whole_file import write_whole

# Before every document's id: a collection may use any string, and an id that looks like
# arXiv's must not become that paper.
PREFIX = "doc:"

TAG = "sixfold"


@dataclass(frozen=True, slots=True)
class Collection:
    """A test collection: documents, questions, and which documents answer which."""

    folder: Path
    queries: dict[str, str]
    """Query id -> text; only those that are judged."""
    grades: dict[str, dict[str, int]]
    """Query id -> document id -> grade."""
    missing: int = 0
    """Queries with a relevant document whose text is not there."""
    ignored: ClassVar[dict[str, frozenset[str]]] = {}
    """Nothing is left out of a ranking."""

    @property
    def name(self) -> str:
        """What to call it as a source."""
        return f"beir:{self.folder.name}"

    def items(self) -> Iterator[Found]:
        """Its documents, as a source of papers; ids are `doc:` and the collection's own."""
        path = _found(self.folder / "corpus.jsonl")
        for place, record in _lines(path):
            yield Found(place, partial(_document, place, record))


def read_collection(folder: Path) -> Collection:
    """The collection in `folder` (corpus.jsonl, queries.jsonl, qrels/test.tsv).

    Any of the files may be packed (`.gz`). A query counts where a document is relevant to it
    (grade 1 or more). Raises UsageError `bad_dataset` that names the missing file or bad line.
    """
    _, asked, judged = (
        _found(folder / name)
        for name in ("corpus.jsonl", "queries.jsonl", str(Path("qrels", "test.tsv")))
    )
    grades = _grades(judged)
    wanted = {query for query, some in grades.items() if max(some.values()) > 0}
    texts = {str(record["_id"]): str(record.get("text") or "") for _, record in _lines(asked)}
    queries = {query: text for query, text in texts.items() if query in wanted}
    if not queries:
        raise _bad(str(asked), "has no query that qrels/test.tsv judges")
    return Collection(folder, queries, grades, len(wanted - set(queries)))


def _found(path: Path) -> Path:
    """The file, or its packed form. Raises UsageError where there is neither."""
    packed = path.with_name(f"{path.name}.gz")
    if path.is_file() or not packed.is_file():
        if not path.is_file():
            raise _bad(str(path), "is missing: a folder in BEIR layout has it")
        return path
    return packed


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """A text file, packed or not. Raises UsageError where it cannot be read."""
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8-sig", newline="")
            if path.suffix == ".gz"
            else path.open(encoding="utf-8-sig", newline="")
        ) as stream:
            yield stream
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise _bad(str(path), f"cannot be read: {error}") from error


def write_run(path: Path, rankings: Mapping[str, Sequence[tuple[str, float]]]) -> None:
    """Write query id -> (document id, score), best first, as a TREC run.

    Raises UsageError for an id with white space in it, which the format cannot hold.
    """
    lines = []
    for query, ranking in rankings.items():
        for rank, (document, score) in enumerate(ranking, 1):
            if len(f"{query} {document}".split()) != 2:
                raise _bad(f"{query} {document}", "is an id with white space")
            lines.append(f"{query} Q0 {document} {rank} {score:.6f} {TAG}\n")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, "".join(lines).encode())


def read_run(path: Path) -> dict[str, list[tuple[str, float]]]:
    """A TREC run as query id -> (document id, score), by rank. Raises UsageError."""
    found: dict[str, list[tuple[int, str, float]]] = {}
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _bad(str(path), "is not UTF-8") from error
    for number, line in enumerate(text.splitlines(), 1):
        parts = line.split()
        try:
            query, _, document, rank, score, _ = parts
            found.setdefault(query, []).append((int(rank), document, float(score)))
        except ValueError as error:
            raise _bad(f"{path}:{number}", "is not `qid Q0 docid rank score tag`") from error
    return {
        query: [(document, score) for _, document, score in sorted(some)]
        for query, some in found.items()
    }


def _grades(path: Path) -> dict[str, dict[str, int]]:
    grades: dict[str, dict[str, int]] = {}
    with _opened(path) as stream:
        # A quotation mark is a character like others there.
        reader = csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        for number, row in enumerate(reader, 1):
            if not any(cell.strip() for cell in row) or (number == 1 and not _is_whole(row[-1])):
                continue  # blank, or the heading
            try:
                query, document, grade = row[0].strip(), row[1].strip(), int(row[2])
            except (IndexError, ValueError) as error:
                raise _bad(f"{path}:{number}", "is not `query-id, corpus-id, score`") from error
            grades.setdefault(query, {})[document] = grade
    return grades


def _is_whole(cell: str) -> bool:
    return cell.strip().lstrip("-").isdecimal()


def _lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with _opened(path) as stream:
        for number, line in enumerate(stream, 1):
            place = f"{path}:{number}"
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise _bad(place, "is not JSON") from error
            if not isinstance(record, dict) or "_id" not in record:
                raise _bad(place, "has no _id")
            yield place, record


def _document(place: str, record: dict[str, Any]) -> Paper:
    identity = str(record["_id"])
    title = clean_text(str(record.get("title") or ""))
    text = clean_text(str(record.get("text") or ""))
    return Paper(
        paper_id=PREFIX + identity,
        title=title if title or text else identity,
        abstract=text,
        source=place.rpartition(":")[0],
    )


def _bad(place: str, fault: str) -> UsageError:
    return UsageError(
        f"{place} {fault}",
        item=place,
        remedy="give a folder with corpus.jsonl, queries.jsonl and qrels/test.tsv",
        code="bad_dataset",
    )
