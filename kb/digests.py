"""Digests in our own words: what each of their sentences states."""

from __future__ import annotations

from ingest.records import Paper, Passage
from ingest.sentences import sentence_spans

# What a digest's field states. A finding is what the paper contributes to know.
_FIELD_LABEL = {
    "problem": "other",
    "contribution": "contribution",
    "finding": "contribution",
    "challenge": "challenge",
    "direction": "direction",
}


def digest_sentences(paper: Paper, passage: Passage) -> list[tuple[int, int, str]]:
    """(start, end, label) of a digest's sentences in its passage: the field is the label.

    Empty for any other passage.
    """
    if paper.digest is None or passage.section != "Digest":
        return []
    found = []
    # The stored text of a digest is its fields, each after a blank.
    at = -passage.start
    for name, text in paper.digest.sentences():
        found += [(at + a, at + b, _FIELD_LABEL[name]) for a, b in sentence_spans(text)]
        at += len(text) + 1
    return [one for one in found if one[0] >= 0 and one[1] <= len(passage.text)]
