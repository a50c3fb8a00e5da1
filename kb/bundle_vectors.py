"""A bundle's vectors made anew, where they are of another model than the library's."""

from __future__ import annotations

import numpy as np

from ingest.split import embedding_text
from kb.catalogue.carrying import CarriedPaper, with_vectors
from kb.library import Library


def embedded(library: Library, papers: list[CarriedPaper]) -> list[CarriedPaper]:
    """The papers with vectors by this library's model."""
    texts: list[str] = []
    for paper in papers:
        title = str(paper.facts["title"])
        held = [paper.text(passage) for passage in paper.passages]
        texts += [embedding_text(title, one) for one in held]
        texts += [
            one[start:end]
            for one, passage in zip(held, paper.passages, strict=True)
            for start, end, _, _ in passage.sentences
        ]
    vectors = library.embedder.encode(texts).astype("<f2")
    made, at = [], 0
    for paper in papers:
        middle = at + len(paper.passages)
        end = middle + sum(len(passage.sentences) for passage in paper.passages)
        made.append(with_vectors(paper, np.asarray(vectors[at:middle]), vectors[middle:end]))
        at = end
    return made
