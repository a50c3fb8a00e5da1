"""Measure everything and write it down.

    python -m taxonomy.figures --texts FILE… --sentences FILE… [--definitions FILE]
        [--labels DIR] [--output FILE]

Writes cross-validated figures with intervals, baselines and learning curves as JSON. Texts
are those that training takes; vectors come from the shipped weights. `--definitions` is an
.npz of `ids` (category keys) and `vectors` (of their definitions) for the zero-shot baseline.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from taxonomy.agreement import expected_calibration_error, false_tag_rate, macro_f1
from taxonomy.codebook import Codebook
from taxonomy.codebook import load as load_codebook
from taxonomy.evaluation import (
    Judged,
    Rows,
    by_definitions,
    by_keywords,
    by_majority,
    cross_validate,
    judge_statements,
    per_category,
    shipped_examples,
    shipped_sentences,
    statement_report,
    summary,
)
from taxonomy.labels import FOLDER as LABELS_FOLDER
from taxonomy.labels import lines
from taxonomy.statement_training import SentenceExamples, StatementRecipe
from taxonomy.statements import StatementClassifier
from taxonomy.tagger import Tagger
from taxonomy.tagger_training import Examples, Language, Recipe
from taxonomy.training import SEED, read_texts, read_vectors
from taxonomy.weights_file import FOLDER

log = logging.getLogger(__name__)

SHARES = (0.125, 0.25, 0.5)
"""Shares of the once-coded items in the learning curves, beside all of them."""

SELECTIVE = (0.5, 0.7, 0.8, 0.9, 1.0)
"""Shares of all (paper, category) answers kept, surest first."""


def _plain(truth: np.ndarray[Any, Any], said: np.ndarray[Any, Any], facets: Rows) -> dict[str, Any]:
    """Macro-F1 and false tags of each facet without intervals."""
    return {
        str(facet): {
            "macro_f1": round(macro_f1(truth[:, facets == facet], said[:, facets == facet]), 3),
            "false_tags": round(
                false_tag_rate(truth[:, facets == facet], said[:, facets == facet]), 3
            ),
        }
        for facet in range(int(facets.max()) + 1)
    }


def selective(truth: np.ndarray[Any, Any], answers: Judged) -> dict[str, float]:
    """Share of right answers among the surest, for each share of `SELECTIVE`."""
    sure = np.abs(answers.chances - 0.5).ravel()
    right = (answers.chosen == truth).ravel()[np.argsort(-sure, kind="stable")]
    return {
        str(share): round(float(right[: int(share * len(right))].mean()), 4) for share in SELECTIVE
    }


def tagger_figures(
    examples: Examples,
    judged: Rows,
    language: Language,
    codebook: Codebook,
    definitions: np.ndarray[Any, Any] | None,
) -> dict[str, Any]:
    """All figures of the tagger."""
    rng = np.random.default_rng(SEED)
    recipe, facets = Recipe(), examples.facet_of
    answers = cross_validate(examples, judged, language, recipe, rng)
    truth = examples.truth[answers.rows]
    out: dict[str, Any] = {
        "judged": len(truth),
        "trained_on": len(examples.ids),
        "facets": summary(truth, answers.chosen, facets, codebook, rng),
        "categories": per_category(truth, answers, codebook, rng),
        "calibration_error": round(
            expected_calibration_error(truth.ravel(), answers.chances.ravel()), 4
        ),
        "selective_accuracy": selective(truth, answers),
    }
    real = examples.truth[judged]
    texts = [examples.texts[row] for row in judged]
    baselines = {
        "keywords": by_keywords(texts, codebook),
        "majority": by_majority(examples, judged),
    }
    if definitions is not None:
        baselines["definitions"] = by_definitions(examples, judged, definitions, rng)
    out["baselines"] = {name: _plain(real, said, facets) for name, said in baselines.items()}
    others = np.setdiff1d(np.arange(len(examples.ids)), judged)
    order = rng.permutation(others)
    out["learning_curve"] = {}
    for share in SHARES:
        allowed = np.zeros(len(examples.ids), dtype=bool)
        allowed[judged] = True
        allowed[order[: int(share * len(order))]] = True
        part = cross_validate(examples, judged, language, recipe, rng, 3, allowed)
        out["learning_curve"][str(int(allowed.sum()))] = _plain(
            examples.truth[part.rows], part.chosen, facets
        )
        log.info("learning curve: %d papers done", allowed.sum())
    out["learning_curve"][str(len(examples.ids))] = _plain(truth, answers.chosen, facets)
    return out


def statement_figures(examples: SentenceExamples) -> dict[str, Any]:
    """All figures of the sentence classifier."""
    rng = np.random.default_rng(SEED)
    judged, recipe = np.flatnonzero(examples.twice), StatementRecipe()
    rows, chances, said = judge_statements(examples, judged, recipe, rng)
    out: dict[str, Any] = {
        "judged": len(rows),
        "trained_on": len(examples.truth),
        "labels": statement_report(examples.truth[rows], said, chances, rng),
        "learning_curve": {},
    }
    order = rng.permutation(np.flatnonzero(~examples.twice))
    for share in SHARES:
        allowed = examples.twice.copy()
        allowed[order[: int(share * len(order))]] = True
        rows, chances, said = judge_statements(examples, judged, recipe, rng, 5, allowed)
        report = statement_report(examples.truth[rows], said, chances, rng)
        out["learning_curve"][str(int(allowed.sum()))] = {
            label: figures["f1"]["value"] for label, figures in report.items()
        }
    out["learning_curve"][str(len(examples.truth))] = {
        label: figures["f1"]["value"] for label, figures in out["labels"].items()
    }
    return out


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure from the command line. Gives the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m taxonomy.figures",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--texts", type=Path, nargs="+", required=True)
    parser.add_argument("--sentences", type=Path, nargs="+", required=True)
    parser.add_argument("--definitions", type=Path)
    parser.add_argument("--labels", type=Path, default=LABELS_FOLDER)
    parser.add_argument("--output", type=Path, default=FOLDER / "metrics.json")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    codebook = load_codebook()
    examples, judged, language = shipped_examples(
        read_texts(options.texts), options.labels, codebook
    )
    definitions = None
    if options.definitions:
        held = read_vectors(options.definitions)
        definitions = np.stack([held[key] for facet in codebook.facets for key in facet.keys])
    texts = [str(line["text"]) for path in options.sentences for line in lines(path)]
    figures = {
        "tagger": {
            "version": Tagger.load().version,
            **tagger_figures(examples, judged, language, codebook, definitions),
        },
        "statements": {
            "version": StatementClassifier.load().version,
            **statement_figures(shipped_sentences(texts, options.labels)),
        },
    }
    options.output.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    log.info("-> %s", options.output)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
