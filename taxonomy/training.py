"""Codings, texts and vectors -> the weights that ship.

    python -m taxonomy.training --texts FILE… --vectors FILE --unlabelled FILE…
        --sentences FILE… --sentence-vectors FILE [--labels DIR] [--output DIR]

Texts are JSON Lines ({id or arxiv_id, title, abstract}; .gz too), sentences likewise ({id,
text}), vectors an .npz of `ids` and `vectors`. `--unlabelled` are more texts, from which
only the use of words is learned. Either model's files may be left out: then it is left as
it is. The same input gives the same weights: every random choice comes from `SEED`.
"""

from __future__ import annotations

import argparse
import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from taxonomy.codebook import load as load_codebook
from taxonomy.labels import FOLDER as LABELS_FOLDER
from taxonomy.labels import lines, read_codings, read_sentence_codings, text_hash
from taxonomy.statement_training import StatementRecipe, fit_statements, save_statements
from taxonomy.statement_training import join as join_sentences
from taxonomy.statements import WEIGHTS as STATEMENT_WEIGHTS
from taxonomy.tagger import WEIGHTS
from taxonomy.tagger_training import Recipe, fit_tagger, join, learn_language, save_tagger

log = logging.getLogger(__name__)

SEED = 20506


def read_texts(paths: Sequence[Path]) -> dict[str, tuple[str, str]]:
    """Id -> (title, abstract) of JSON Lines files. Raises LabelsError."""
    return {
        str(line.get("id", line.get("arxiv_id"))): (str(line["title"]), str(line["abstract"]))
        for path in paths
        for line in lines(path)
    }


def read_vectors(path: Path) -> dict[str, NDArray[np.float32]]:
    """Id -> vector of an .npz with `ids` and `vectors`."""
    with np.load(path, allow_pickle=False) as archive:
        return dict(zip(archive["ids"].tolist(), archive["vectors"], strict=True))


def train_tagger(options: argparse.Namespace) -> None:
    """Train and save the tagger from the files that the command line names."""
    codebook, recipe = load_codebook(), Recipe()
    codings = read_codings(options.labels, codebook)
    wanted = {paper.id for paper in codings}
    texts = {key: text for key, text in read_texts(options.texts).items() if key in wanted}
    rng = np.random.default_rng(SEED)
    unlabelled = sorted({**texts, **read_texts(options.unlabelled)}.items())
    language = learn_language([text for _, text in unlabelled], recipe, rng)
    examples = join(codings, texts, read_vectors(options.vectors), codebook)
    tagger = fit_tagger(examples, language, recipe, rng)
    times = Counter(paper.times for paper in codings)
    about = {"papers": len(codings), **{f"coded_{key}": times[key] for key in sorted(times)}}
    save_tagger(options.output / WEIGHTS.name, tagger, codebook, about)
    log.info("%d papers -> %s", len(codings), options.output)


def train_statements(options: argparse.Namespace) -> None:
    """Train and save the sentence classifier from the files that the command line names."""
    by_id = {
        str(line["id"]): str(line["text"]) for path in options.sentences for line in lines(path)
    }
    held = read_vectors(options.sentence_vectors)
    texts = {text_hash(text): text for text in by_id.values()}
    vectors = {text_hash(text): held[key] for key, text in by_id.items() if key in held}
    examples = join_sentences(read_sentence_codings(options.labels), texts, vectors)
    model = fit_statements(examples, StatementRecipe(), np.random.default_rng(SEED))
    about = {"sentences": len(examples.truth)}
    save_statements(options.output / STATEMENT_WEIGHTS.name, model, about)
    log.info("%d sentences -> %s", len(examples.truth), options.output)


def main(arguments: Sequence[str] | None = None) -> int:
    """Train from the command line. Gives the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m taxonomy.training",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--texts", type=Path, nargs="+")
    parser.add_argument("--vectors", type=Path)
    parser.add_argument("--unlabelled", type=Path, nargs="*", default=[])
    parser.add_argument("--sentences", type=Path, nargs="+")
    parser.add_argument("--sentence-vectors", type=Path)
    parser.add_argument("--labels", type=Path, default=LABELS_FOLDER)
    parser.add_argument("--output", type=Path, default=WEIGHTS.parent)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if bool(options.texts) != bool(options.vectors):
        parser.error("--texts and --vectors go together")
    if bool(options.sentences) != bool(options.sentence_vectors):
        parser.error("--sentences and --sentence-vectors go together")
    if options.texts:
        train_tagger(options)
    if options.sentences:
        train_statements(options)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
