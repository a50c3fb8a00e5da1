"""kb eval retrieval, kb eval answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from kb.commands.common import Session, command
from kb.errors import UsageError, unknown
from kb.evaluate import eval_answers, eval_retrieval, read_questions
from kb.model_files import cache_dir
from kb.ranking import MODES


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--library", metavar="DIR", help="The library's folder (else KB_LIBRARY).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def eval_command(ctx: click.Context, library: str | None, as_json: bool) -> None:
    """Measure retrieval or answers on your own data."""
    outer = ctx.obj or {}
    ctx.obj = {
        "library": library or outer.get("library"),
        "json": as_json or bool(outer.get("json")),
    }


@command
@click.option("--dataset", metavar="DIR", required=True, help="A test collection in BEIR layout.")
@click.option("--mode", default="hybrid", help="hybrid, dense or lexical.")
@click.option("--run", "run_file", metavar="FILE", help="Where to write the TREC run.")
def retrieval_command(session: Session, dataset: str, mode: Any, run_file: str | None) -> None:
    """Measure search on a test collection: nDCG@10, recall, MRR; top 100 to a TREC run."""
    if mode not in MODES:
        raise unknown("mode", mode, MODES)
    with tqdm(desc="documents", unit=" docs", disable=None, leave=False) as bar:

        def progress(papers: int, _: int) -> None:
            bar.update(papers)

        found = eval_retrieval(
            Path(dataset).expanduser(),
            mode=mode,
            run=Path(run_file).expanduser() if run_file else None,
            cache=cache_dir() / "vectors.sqlite",
            settings=session.folder,
            on_progress=progress,
        )
    session.emit(found, _retrieval_lines(found))


@command
@click.option("--questions", metavar="FILE", required=True, help="Questions as JSON lines.")
def answers_command(session: Session, questions: str) -> None:
    """Measure answers on questions whose papers are known, on the opened library."""
    path = Path(questions).expanduser()
    if not path.is_file():
        raise UsageError(
            f"there is no file {path}",
            item=str(path),
            remedy="give lines of {id, type, question, gold_papers, gold_quotes}",
            code="not_found",
        )
    found = eval_answers(session.open(), read_questions(path))
    session.emit(found, _answer_lines(found))


eval_command.add_command(retrieval_command, "retrieval")
eval_command.add_command(answers_command, "answers")


def _retrieval_lines(found: dict[str, Any]) -> str:
    lines = [f"{found['queries']} queries, {found['docs']} documents, mode {found['mode']}"]
    for name, (low, high) in found["intervals"].items():
        lines.append(f"{name:<11}{found[name]:.4f}  (95 %: {low:.4f} to {high:.4f})")
    return "\n".join([*lines, f"{found['ms_per_query']} ms a query"])


def _answer_lines(found: dict[str, Any]) -> str:
    lines = []
    for kind in ("single", "multi", "phase", "unanswerable"):
        if kind in found:
            facts = [
                f"{name} {value if value is not None else '–'}"
                for name, value in found[kind].items()
            ]
            lines.append(f"{kind:<13}{', '.join(facts)}")
    for name in ("refusal_precision", "quote_exact", "median_ms"):
        value = found[name]
        lines.append(f"{name}: {value if value is not None else '–'}")
    return "\n".join(lines)
