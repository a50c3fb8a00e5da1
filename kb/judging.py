"""What the machine says of papers and sentences: their tags and labels."""

from __future__ import annotations

import numpy as np

from ingest.records import Paper
from kb.catalogue.values import StoredTag, Vector
from kb.library import Library

Tagged = tuple[list[StoredTag], dict[str, dict[str, float]]]


def tag_papers(library: Library, papers: list[Paper], fronts: list[Vector]) -> list[Tagged]:
    """Each paper's machine tags and its scores for every category."""
    tagger = library.tagger
    texts = [(paper.title, paper.abstract or _digest_text(paper)) for paper in papers]
    out: list[Tagged] = []
    for found in tagger.tag(texts, np.stack(fronts)):
        tags = [
            StoredTag(
                tag.facet,
                tag.key,
                tag.score,
                tag.evidence,
                "machine",
                tagger.method,
                tagger.version,
            )
            for some in found.tags.values()
            for tag in some
        ]
        scores = {
            facet: {key: round(float(score), 4) for key, score in some.items()}
            for facet, some in found.scores.items()
        }
        out.append((tags, scores))
    return out


def _digest_text(paper: Paper) -> str:
    return " ".join(text for _, text in paper.digest.sentences()) if paper.digest else ""


def label_sentences(library: Library, texts: list[str], vectors: Vector) -> list[tuple[str, float]]:
    """(label, score) of each sentence."""
    if not texts:
        return []
    return [(one.label, one.score) for one in library.classifier.label(texts, vectors)]
