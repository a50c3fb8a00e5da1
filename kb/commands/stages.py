"""kb parse, classify, statements: stages that run alone, on files, without a library."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

import click
import numpy as np

from ingest import pdf
from ingest.errors import PdfError
from ingest.records import Paper, Parsed
from ingest.sources import encodable
from ingest.split import embedding_text, split
from kb.commands.common import Session, command
from kb.embed import Embedder
from kb.errors import ItemsFailed, UsageError
from kb.settings import Settings, load_settings
from kb.whole_file import asked_for, require_free
from taxonomy.statements import StatementClassifier
from taxonomy.tagger import Tagger

# Lines held at once: bounds memory on a file of any length.
CHUNK = 2_000


@command
@click.argument("file", type=click.Path(path_type=Path))
def parse_command(session: Session, file: Path) -> None:
    """Read one PDF: title, authors, abstract, sections, references."""
    try:
        parsed = pdf.parse(file)
    except PdfError as error:
        raise ItemsFailed(
            error.message, item=str(file), remedy=error.remedy, code=error.code
        ) from error
    facts = parsed_json(parsed)
    lines = [parsed.title, ", ".join(parsed.authors), "", parsed.abstract, ""]
    lines += [f"{'  ' * (one.level - 1)}{one.heading} (p. {one.page})" for one in parsed.sections]
    lines += [f"{len(parsed.references)} references, {parsed.pages} pages"]
    lines += [f"note: {one.code}: {one.detail}" for one in parsed.warnings]
    session.emit(facts, "\n".join(lines))


def parsed_json(parsed: Parsed) -> dict[str, Any]:
    """A parsed PDF as the command line prints it."""
    return {
        "title": parsed.title,
        "authors": list(parsed.authors),
        "abstract": parsed.abstract,
        "sections": [
            {"heading": one.heading, "level": one.level, "page": one.page, "text": one.text}
            for one in parsed.sections
        ],
        "references": [
            {
                "raw": one.raw,
                "title": one.title,
                "year": one.year,
                "doi": one.doi,
                "arxiv_id": one.arxiv_id,
            }
            for one in parsed.references
        ],
        "pages": parsed.pages,
        "warnings": [{"code": one.code, "detail": one.detail} for one in parsed.warnings],
    }


@command
@click.option("--input", "source", type=click.Path(path_type=Path), required=True)
@click.option("--output", "target", type=click.Path(path_type=Path), required=True)
def classify_command(session: Session, source: Path, target: Path) -> None:
    """Tag titles and abstracts: lines {id, title, abstract} in, lines with tags out."""
    settings = load_settings(session.folder)
    embedder = _embedder(settings)
    tagger = Tagger.load()

    def tag(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The tags of some papers, in their order."""
        papers = [_paper(row) for row in rows]
        found = tagger.tag(
            [(one.title, one.abstract) for one in papers],
            paper_vectors(embedder, papers, settings.passage_tokens),
        )
        return [
            {"id": row["id"]}
            | {
                f"{facet}s": [
                    {"key": t.key, "score": round(float(t.score), 6), "evidence": list(t.evidence)}
                    for t in tags.tags.get(facet, ())
                ]
                for facet in ("phase", "layer")
            }
            | {
                f"{facet}_scores": {k: round(float(p), 6) for k, p in tags.scores[facet].items()}
                for facet in ("phase", "layer")
            }
            for row, tags in zip(rows, found, strict=True)
        ]

    done = _run(source, target, ("id", "title"), tag)
    session.emit({"lines": done, "file": str(target)}, f"{done} papers tagged: {target}")


@command
@click.option("--input", "source", type=click.Path(path_type=Path), required=True)
@click.option("--output", "target", type=click.Path(path_type=Path), required=True)
def statements_command(session: Session, source: Path, target: Path) -> None:
    """Label sentences: lines {id, text} in, lines {id, label, score} out."""
    embedder = _embedder(load_settings(session.folder))
    classifier = StatementClassifier.load()

    def label(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The labels of some sentences, in their order."""
        texts = [_text(row["text"]) for row in rows]
        found = classifier.label(texts, embedder.encode(texts))
        return [
            {"id": row["id"], "label": one.label, "score": round(float(one.score), 6)}
            for row, one in zip(rows, found, strict=True)
        ]

    done = _run(source, target, ("id", "text"), label)
    session.emit({"lines": done, "file": str(target)}, f"{done} sentences labelled: {target}")


def paper_vectors(
    embedder: Embedder, papers: list[Paper], passage_tokens: int
) -> np.ndarray[Any, Any]:
    """(n, dimension) unit vectors: the mean of each abstract's passages, as `kb add` makes."""
    cuts = [split(one, embedder.count_tokens, passage_tokens).passages for one in papers]
    # A paper without a word has no passage: then the bare title stands for it.
    texts = [
        [embedding_text(paper.title, passage.text) for passage in cut] or [paper.title]
        for paper, cut in zip(papers, cuts, strict=True)
    ]
    vectors = embedder.encode([text for some in texts for text in some])
    out, at = [], 0
    for some in texts:
        mean = vectors[at : at + len(some)].mean(axis=0)
        out.append(mean / max(float(np.linalg.norm(mean)), 1e-12))
        at += len(some)
    return np.stack(out).astype(np.float32)


def _embedder(settings: Settings) -> Embedder:
    return Embedder(settings.model, threads=settings.threads, precision=settings.precision)


def _paper(row: dict[str, Any]) -> Paper:
    return Paper(str(row["id"]), _text(row["title"]), _text(row.get("abstract")))


def _text(value: Any) -> str:
    """A field's text on one line; "" for null."""
    return " ".join(encodable("" if value is None else str(value)).split())


def _run(
    source: Path,
    target: Path,
    needed: tuple[str, ...],
    work: Callable[[list[dict[str, Any]]], list[dict[str, Any]]],
) -> int:
    """Read, work, write; the target appears whole or not at all. Returns lines written."""
    require_free(target)
    done = 0
    part = target.with_name(target.name + ".part")
    try:
        with _to(part, target) as out:
            for rows in _chunks(source, needed):
                for row in work(rows):
                    out.write(encodable(json.dumps(row, ensure_ascii=False)) + "\n")
                done += len(rows)
        with asked_for(target):
            part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return done


def _to(part: Path, target: Path) -> TextIO:
    with asked_for(target):
        return part.open("w", encoding="utf-8")


def _chunks(source: Path, needed: tuple[str, ...]) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    # A byte that is no UTF-8 costs a letter, not the run.
    with source.open(encoding="utf-8-sig", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                rows.append(_row(line, f"{source}:{number}", needed))
            if len(rows) >= CHUNK:
                yield rows
                rows = []
    if rows:
        yield rows


def _row(line: str, place: str, needed: tuple[str, ...]) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{place} is not JSON", item=place, remedy="mend the line") from error
    missing = [key for key in needed if not isinstance(row, dict) or key not in row]
    if missing:
        raise UsageError(
            f"{place} lacks {', '.join(missing)}",
            item=place,
            remedy=f"each line needs {', '.join(needed)}",
        )
    return dict(row)
