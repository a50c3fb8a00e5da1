"""Vectors for training the tagger and the sentence classifier, as `kb add` makes them.

    python -m kb.training_vectors --texts FILE… --output papers.npz
    python -m kb.training_vectors --sentences FILE… --output sentences.npz

Files are JSON Lines, {id or arxiv_id, title, abstract} or {id, text}, .gz too. The output
holds `ids` and `vectors` (n, 384), for `python -m taxonomy.training`. Vectors are kept in
the user's cache, so that a second run embeds only what is new.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ingest.records import Paper
from ingest.sources import clean_text
from ingest.split import embedding_text, split
from kb.catalogue.values import Vector
from kb.embed import Embedder, unit
from kb.model_files import DEFAULT_MODEL, cache_dir
from kb.vector_cache import VectorCache
from taxonomy.labels import lines


def paper_vectors(files: Sequence[Path], embedder: Embedder) -> tuple[list[str], Vector]:
    """(ids, vectors) of papers: the mean of the abstract's passages, of length 1."""
    papers = {
        str(line.get("id", line.get("arxiv_id"))): (
            clean_text(str(line["title"])),
            clean_text(str(line["abstract"])),
        )
        for file in files
        for line in lines(file)
    }
    cuts = [
        [embedding_text(title, one.text) for one in cut.passages]
        for key, (title, abstract) in papers.items()
        for cut in [split(Paper(key, title, abstract), embedder.count_tokens)]
    ]
    vectors = _encode([text for cut in cuts for text in cut], embedder)
    ends = np.cumsum([len(cut) for cut in cuts])
    means = [part.mean(axis=0) for part in np.split(vectors, ends[:-1])]
    return list(papers), unit(np.stack(means))


def sentence_vectors(files: Sequence[Path], embedder: Embedder) -> tuple[list[str], Vector]:
    """(ids, vectors) of sentences."""
    texts = {str(line["id"]): str(line["text"]) for file in files for line in lines(file)}
    return list(texts), _encode(list(texts.values()), embedder)


def text_vectors(texts: Sequence[str], embedder: Embedder) -> Vector:
    """(n, 384) vectors of some texts."""
    return _encode(list(texts), embedder)


def _encode(texts: list[str], embedder: Embedder) -> Vector:
    cache = VectorCache(cache_dir() / "vectors.sqlite", embedder.model_id)
    try:
        return cache.encode(texts, embedder.encode, embedder.dimension)
    finally:
        cache.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the vectors that the command line names. Gives the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m kb.training_vectors",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--texts", type=Path, nargs="+")
    what.add_argument("--sentences", type=Path, nargs="+")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args(arguments)
    embedder = Embedder(DEFAULT_MODEL, threads=2)
    if options.texts:
        ids, vectors = paper_vectors(options.texts, embedder)
    else:
        ids, vectors = sentence_vectors(options.sentences, embedder)
    np.savez(options.output, ids=np.array(ids), vectors=vectors)
    sys.stdout.write(f"{len(ids)} vectors: {options.output}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
