"""What the machine says of papers and sentences: their tags and labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ingest.records import Paper
from kb.catalogue.values import StoredTag, Vector
from kb.library import Library
from kb.own_tags import present_tagger
from taxonomy.tagger import Tagger

Tagged = tuple[list[StoredTag], dict[str, dict[str, float]]]


def tag_papers(library: Library, papers: list[Paper], fronts: list[Vector]) -> list[Tagged]:
    """Each paper's machine tags and its scores for every category."""
    texts = [(paper.title, paper.abstract or _digest_text(paper)) for paper in papers]
    vectors = np.stack(fronts)
    judged = judge(library.tagger, texts, vectors)
    own = present_tagger(library)
    for rows in own.judge(texts, vectors).values() if own else ():
        for row, tag in rows.items():
            judged[row][0].append(tag)
    return judged


def judge(tagger: Tagger, texts: Sequence[tuple[str, str]], fronts: Vector) -> list[Tagged]:
    """What a tagger says of (title, abstract) pairs and their vectors, as it is stored."""
    out: list[Tagged] = []
    for found in tagger.tag(texts, fronts):
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
