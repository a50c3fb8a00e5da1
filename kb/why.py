"""Why a hit is where it is, in words."""

from __future__ import annotations

from kb.library import Library
from kb.search import Hit, Results
from kb.text_index import TextIndex, words

# Words named in one reason.
_MOST = 8

# Places that the first hits' words and meaning must move a hit up to be named as a reason.
_MOVED = 3


def reasons(library: Library, results: Results) -> list[list[str]]:
    """For each hit: what brought it here, the stronger first."""
    index = library.indexes.text
    asked = {stems[0]: word for word in words(results.ranked_by) if (stems := index.stems(word))}
    return [_of(index, hit, results, asked) for hit in results.hits]


def _of(index: TextIndex, hit: Hit, results: Results, asked: dict[str, str]) -> list[str]:
    why, found = hit.why, []
    if why.dense_rank is not None:
        found.append(f"{_place(why.dense_rank)} in meaning: cosine {why.dense:.2f}")
    elif results.mode != "lexical" and asked:
        found.append("not near in meaning")
    if why.lexical_rank is not None:
        found.append(f"{_place(why.lexical_rank)} by words: {_words(index, hit, asked)}")
    elif results.mode != "dense" and asked:
        found.append("has none of the words" if not _held(index, hit, asked) else "few words")
    if why.first_rank and results.reranker:
        found.append(f"{_place(why.first_rank)} before {results.reranker} read it")
    elif why.first_rank and why.first_rank - hit.rank >= _MOVED:
        found.append(f"{_place(why.first_rank)} without what the first hits share")
    return found or ["passes the filters; there was nothing to rank by"]


def _place(rank: int) -> str:
    return "first" if rank == 1 else f"number {rank}"


def _words(index: TextIndex, hit: Hit, asked: dict[str, str]) -> str:
    held = _held(index, hit, asked)
    shown = ", ".join(held[:_MOST])
    return f"{len(held)} of {len(asked)} words ({shown})" if held else "words of the full text"


def _held(index: TextIndex, hit: Hit, asked: dict[str, str]) -> list[str]:
    """The words asked for that the paper's title, abstract or passage has."""
    paper = hit.paper
    text = f"{paper.title} {paper.abstract} {hit.passage.section} {hit.passage.text}"
    stems = set(index.stems(text))
    return [word for stem, word in asked.items() if stem in stems]
