"""Codings on disk: ids and labels, never texts.

A paper's line: {"id", "phases", "layers", "coder", "times", "confident", "chosen"}.
A sentence's line: {"id" or "paper", "start", "end", "sha256", "label", "coder", "times"}.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taxonomy.codebook import Codebook
from taxonomy.statements import LABELS as STATEMENT_LABELS

FOLDER = Path(__file__).parent.parent / "data" / "labels"
"""Where the project keeps its codings."""

TIMES = ("once", "twice")
"""How often an item was coded; "twice" means that differences were settled."""


class LabelsError(Exception):
    """A file of codings, texts or vectors cannot be used; says which line and why."""


@dataclass(frozen=True, slots=True)
class PaperLabels:
    """One paper's coding."""

    id: str
    """The paper's id."""
    labels: frozenset[str]
    """Keys of the categories given, of all facets."""
    coder: str
    """Who coded it."""
    times: str
    """One of `TIMES`."""
    confident: bool
    """False where the coder thought a colleague could differ."""
    chosen: bool
    """True where the paper was picked for coding because a model found it hard, so that a
    set of them says nothing about how common a category is."""


@dataclass(frozen=True, slots=True)
class SentenceLabel:
    """One sentence's coding."""

    sha256: str
    """SHA-256 of the sentence's text, 64 hex digits: how its text is found again."""
    label: str
    """One of the statement labels."""
    coder: str
    """Who coded it."""
    times: str
    """One of `TIMES`."""
    paper: str
    """Id of the paper it stands in; "" where only a file is known."""
    start: int
    """Offset of its first character in the abstract; -1 where it is not from one."""
    end: int
    """Offset after its last character; -1 likewise."""


def text_hash(text: str) -> str:
    """The SHA-256 of a text's UTF-8 bytes, 64 hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def lines(path: Path) -> Iterator[Mapping[str, Any]]:
    """The objects of a JSON Lines file. Raises LabelsError, naming file and line."""
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8")
            if path.suffix == ".gz"
            else path.open(encoding="utf-8") as file
        ):
            for number, line in enumerate(file, 1):
                value = json.loads(line)
                if not isinstance(value, dict):
                    raise LabelsError(f"{path}, line {number}: no JSON object.")
                yield value
    except (OSError, ValueError, EOFError, RecursionError, zlib.error) as error:
        raise LabelsError(f"{path}: {error}.") from error


def _times(line: Mapping[str, Any], path: Path) -> str:
    if line.get("times") not in TIMES:
        raise LabelsError(f"{path}, {line.get('id')}: 'times' must be one of {', '.join(TIMES)}.")
    return str(line["times"])


def read_papers(path: Path, plurals: Sequence[str], known: frozenset[str]) -> list[PaperLabels]:
    """The codings of papers in a file.

    Takes: plurals, the fields that hold labels; known, the keys there are. Raises
    LabelsError for an unknown key, an id that occurs twice, or a broken line.
    """
    found: dict[str, PaperLabels] = {}
    for line in lines(path):
        labels = frozenset(key for plural in plurals for key in line.get(plural, ()))
        if not labels <= known:
            unknown = ", ".join(sorted(labels - known))
            raise LabelsError(
                f"{path}, {line.get('id')}: unknown {unknown}. Known: {', '.join(sorted(known))}."
            )
        paper = PaperLabels(
            str(line["id"]),
            labels,
            str(line.get("coder", "")),
            _times(line, path),
            bool(line.get("confident", True)),
            bool(line.get("chosen", False)),
        )
        if paper.id in found:
            raise LabelsError(f"{path}: {paper.id} occurs twice.")
        found[paper.id] = paper
    return list(found.values())


def read_codings(folder: Path, codebook: Codebook) -> list[PaperLabels]:
    """All codings of papers in a folder; a paper coded twice hides its single coding.

    Raises LabelsError where there is none.
    """
    plurals = [facet.plural for facet in codebook.facets]
    known = frozenset(key for facet in codebook.facets for key in facet.keys)
    found: dict[str, PaperLabels] = {}
    for path in sorted(folder.glob("papers_*.jsonl")):
        for paper in read_papers(path, plurals, known):
            if paper.id not in found or paper.times == "twice":
                found[paper.id] = paper
    if not found:
        raise LabelsError(f"{folder}: no papers_*.jsonl with codings in it.")
    return [found[key] for key in sorted(found)]


def read_sentence_codings(folder: Path) -> list[SentenceLabel]:
    """All codings of sentences in a folder, as `read_codings` for papers."""
    found: dict[str, SentenceLabel] = {}
    for path in sorted(folder.glob("sentences_*.jsonl")):
        for coded in read_sentences(path, STATEMENT_LABELS):
            if coded.sha256 not in found or coded.times == "twice":
                found[coded.sha256] = coded
    if not found:
        raise LabelsError(f"{folder}: no sentences_*.jsonl with codings in it.")
    return [found[key] for key in sorted(found)]


def read_sentences(path: Path, known: Sequence[str]) -> list[SentenceLabel]:
    """The codings of sentences in a file. Raises LabelsError as `read_papers` does."""
    found: dict[str, SentenceLabel] = {}
    for line in lines(path):
        if line.get("label") not in known:
            raise LabelsError(f"{path}: unknown {line.get('label')!r}. Known: {', '.join(known)}.")
        sentence = SentenceLabel(
            str(line["sha256"]),
            str(line["label"]),
            str(line.get("coder", "")),
            _times(line, path),
            str(line.get("paper", "")),
            int(line.get("start", -1)),
            int(line.get("end", -1)),
        )
        found.setdefault(sentence.sha256, sentence)
    return list(found.values())
