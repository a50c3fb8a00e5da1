"""kb eval retrieval, kb eval answers, kb eval tagging."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from kb.commands.common import Session, command, group
from kb.commands.self_testing import self_command
from kb.embed import Embedder
from kb.errors import UsageError, unknown
from kb.eval_retrieval import eval_questions, eval_retrieval
from kb.eval_tagging import (
    eval_decisions,
    eval_papers,
    eval_sentences,
    eval_simulation,
    read_coded,
    recorded,
)
from kb.evaluate import GoldQuestion, eval_answers, read_questions
from kb.model_files import DEFAULT_MODEL, cache_dir
from kb.ranking import MODES
from kb.whole_file import require_free
from taxonomy.codebook import load as load_codebook
from taxonomy.simulation import Plan


@group
def eval_command() -> None:
    """Measure retrieval, answers or tagging on your own data."""


@command
@click.option("--dataset", metavar="DIR", default="", help="A test collection in BEIR layout.")
@click.option("--questions", metavar="FILE", default="", help="Or questions to the library.")
@click.option("--mode", default="hybrid", help="hybrid, dense or lexical.")
@click.option("--run", "run_file", metavar="FILE", help="Where to write the TREC run.")
@click.option("--compare", is_flag=True, help="Beside the other modes, by paired bootstrap.")
@click.option("--by-phase", is_flag=True, help="Also by phase of the relevant papers.")
def retrieval_command(
    session: Session, dataset: str, questions: str, mode: Any, run_file: str | None, **also: bool
) -> None:
    """Measure search on a test collection: nDCG@10, recall, MRR; top 100 to a TREC run."""
    if mode not in MODES:
        raise unknown("mode", mode, MODES)
    if bool(dataset) == bool(questions):
        raise UsageError(
            "say on what to measure: one of --dataset and --questions",
            item="--dataset",
            remedy="--dataset DIR (corpus.jsonl, queries.jsonl, qrels/test.tsv), or "
            "--questions FILE about the opened library",
        )
    run = Path(run_file).expanduser() if run_file else None
    if run:
        require_free(run)
    if questions:
        asked = _questions(questions)
        found = eval_questions(session.open(), asked, mode=mode, run=run, **also)
    else:
        found = _on_collection(session, dataset, mode, run, also)
    session.emit(found, _retrieval_lines(found))


def _on_collection(
    session: Session, dataset: str, mode: Any, run: Path | None, also: dict[str, bool]
) -> dict[str, Any]:
    with tqdm(desc="documents", unit=" docs", disable=None, leave=False) as bar:

        def progress(papers: int, _: int) -> None:
            """Move the bar by some documents."""
            bar.update(papers)

        return eval_retrieval(
            Path(dataset).expanduser(),
            mode=mode,
            run=run,
            cache=cache_dir() / "vectors.sqlite",
            settings=session.folder,
            on_progress=progress,
            **also,
        )


@command
@click.option("--questions", metavar="FILE", required=True, help="Questions as JSON lines.")
@click.option("--writer", default="extractive", help="extractive, or llm where one is set up.")
def answers_command(session: Session, questions: str, writer: str) -> None:
    """Measure answers on questions whose papers are known, on the opened library."""
    asked = _questions(questions)
    found = eval_answers(session.open(), asked, writer=writer)
    session.emit(found, _answer_lines(found))


def _questions(name: str) -> list[GoldQuestion]:
    path = Path(name).expanduser()
    if not path.is_file():
        raise UsageError(
            f"there is no file {path}",
            item=str(path),
            remedy="give lines of {id, type, question, gold_papers, gold_quotes}",
            code="not_found",
        )
    return read_questions(path)


_FILES: dict[str, Any] = {"multiple": True, "metavar": "FILE"}


@command
@click.option("--papers", **_FILES, help="Coded papers as JSON lines; repeatable.")
@click.option("--sentences", **_FILES, help="Coded sentences as JSON lines; repeatable.")
@click.option("--train", **_FILES, help="More coded papers, to train on and to reveal.")
@click.option("--train-sentences", **_FILES, help="More coded sentences, to train on.")
@click.option("--simulate", is_flag=True, help="Decisions that the queue saves.")
@click.option("--seeds", type=click.IntRange(10), default=60, help="Papers known at its start.")
@click.option("--last", type=click.IntRange(20), default=700, help="Papers known at its end.")
@click.option("--repeats", type=click.IntRange(1), default=5, help="Times it is done.")
def tagging_command(session: Session, **options: Any) -> None:
    """Measure tagging on coded files; without any, on the library's own decisions."""
    files = {
        name: [Path(one).expanduser() for one in options[name]]
        for name in ("papers", "sentences", "train", "train_sentences")
    }
    if options["simulate"] and not files["papers"]:
        raise UsageError(
            "a simulation needs coded papers",
            remedy="--papers FILE, and --train FILE with papers to reveal",
        )
    codebook, found = load_codebook(), {}
    if not files["papers"] and not files["sentences"]:
        found = {"recorded": recorded(), "library": eval_decisions(session.open())}
        session.emit(found, _tagging_lines(found))
        return
    embedder = Embedder(DEFAULT_MODEL, threads=2)
    if files["papers"]:
        coded = read_coded(files["papers"], files["train"], codebook, embedder)
        if options["simulate"]:
            plan = Plan(options["seeds"], last=options["last"], repeats=options["repeats"])
            with tqdm(desc="refits", unit="", disable=None, leave=False) as bar:

                def step() -> None:
                    """Move the bar by one refit."""
                    bar.update()

                found["simulation"] = eval_simulation(coded, plan, step)
        else:
            found["papers"] = eval_papers(coded, codebook, embedder)
    if files["sentences"]:
        found["sentences"] = eval_sentences(files["sentences"], files["train_sentences"], embedder)
    session.emit(found, _tagging_lines(found))


eval_command.add_command(retrieval_command, "retrieval")
eval_command.add_command(answers_command, "answers")
eval_command.add_command(self_command, "self")
eval_command.add_command(tagging_command, "tagging")


def _retrieval_lines(found: dict[str, Any]) -> str:
    lines = [f"{found['queries']} queries, {found['docs']} documents, mode {found['mode']}"]
    for name, (low, high) in found["intervals"].items():
        lines.append(f"{name:<11}{found[name]:.4f}  (95 %: {low:.4f} to {high:.4f})")
    if found.get("queries_missing"):
        lines.append(f"{found['queries_missing']} judged queries have no text, and are left out")
    for other, measures in found.get("compare", {}).items():
        lines.append(f"ahead of {other}:")
        for name, one in measures.items():
            low, high = one["interval"]
            told = f"{one['difference']:+.4f}  (95 %: {low:+.4f} to {high:+.4f}, p {one['p']:.4f})"
            lines.append(f"  {name:<11}{one['value']:.4f}  {told}")
    for phase, one in found.get("phases", {}).items():
        told = ", ".join(f"{name} {one[name]:.3f}" for name in one["intervals"])
        lines.append(f"{phase:<34} {told}  n {one['queries']}")
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
    if found["page"]["n"]:
        lines.append("page         " + ", ".join(f"{k} {v}" for k, v in found["page"].items()))
    for name in ("refusal_precision", "quote_exact", "median_ms"):
        value = found[name]
        lines.append(f"{name}: {value if value is not None else '–'}")
    return "\n".join(lines)


def _tagging_lines(found: dict[str, Any]) -> str:
    lines = _shipped_lines(found)
    for name in ("papers", "sentences"):
        if name in found:
            told = found[name]
            how = "refitted without them" if told["refitted"] else told["version"]
            lines.append(f"{told['n']} {name}, judged by weights {how}")
    for facet, one in found.get("papers", {}).get("facets", {}).items():
        lines.append(f"{facet}: macro-F1 {_figure(one['macro_f1'])}")
        lines.append(f"  false tags {_figure(one['false_tags'])}, of {one['bare']} without any")
        for name, base in found["papers"]["baselines"].items():
            lines.append(f"  {name:<12} macro-F1 {_figure(base[facet]['macro_f1'])}")
    tables = (
        found.get("papers", {}).get("categories", {}),
        found.get("sentences", {}).get("labels", {}),
        found.get("library", {}).get("categories", {}),
    )
    lines += [
        f"{key:<40} P {one['precision']['value']:.3f} R {one['recall']['value']:.3f} "
        f"F1 {_figure(one['f1'])}  positives {one['positives']}"
        for table in tables
        for key, one in table.items()
    ]
    if "simulation" in found:
        lines += _simulation_lines(found["simulation"])
    return "\n".join(lines)


def _shipped_lines(found: dict[str, Any]) -> list[str]:
    lines = []
    if found.get("recorded"):
        for facet, one in found["recorded"]["tagger"]["facets"].items():
            told = f"{facet}, when the weights were made: macro-F1 {_figure(one['macro_f1'])}"
            lines.append(told)
    if "library" in found:
        own = found["library"]
        lines.append(f"{own['verdicts']} verdicts of people on {own['papers']} papers here")
    return lines


def _simulation_lines(found: dict[str, Any]) -> list[str]:
    lines = [f"{'papers':>6} {'queue':>7} {'random':>7}   macro-F1 on {found['judged']} papers"]
    lines += [f"{one['papers']:>6} {one['queue']:>7} {one['random']:>7}" for one in found["curve"]]
    if found["mean_saved"] is not None:
        lines.append(f"The queue needs {found['mean_saved']:.0%} fewer decisions than chance.")
    return lines


def _figure(one: dict[str, Any]) -> str:
    return f"{one['value']:.3f} (95 %: {one['low']:.3f} to {one['high']:.3f}, n {one['n']})"
