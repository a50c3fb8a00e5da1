"""The derived text index: BM25 over whole papers and over passages, in tantivy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tantivy

from kb.catalogue.values import IndexRow, Vector
from kb.errors import damaged_index

LAYOUT = 1
ANALYZER = "english"
HEAP_BYTES = 64_000_000

# BM25 of a short field is high by itself, so a word in the title needs no further weight.
# nDCG@10 of title weights .25 / .5 / 1 / 1.5: development questions .467 / .467 / .422 / .394,
# topic lists .126 / .114 / .099 / .096, SciFact's training claims – / .692 / .672 / .651.
PAPER_BOOSTS = {"title": 0.5, "text": 1.0}
PASSAGE_BOOSTS = {"title": 0.5, "section": 1.0, "text": 1.0}

_WORD = re.compile(r"\w+")

Hits = tuple[npt.NDArray[np.int64], Vector]
"""(numbers, BM25 scores), best first."""


def words(text: str) -> list[str]:
    """The words of a query, lower case."""
    return _WORD.findall(text.lower())


class TextIndex:
    """Two open tantivy indexes in one folder: `papers` and `passages`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._papers = _open(path / "papers", _paper_schema())
        self._passages = _open(path / "passages", _passage_schema())
        self._analyzer = _analyzer()

    def put(self, rows: Iterable[IndexRow], dropped: Sequence[int] = ()) -> None:
        """Hold these papers, in place of what was held of them and of the `dropped` ones."""
        try:
            self._put(rows, dropped)
        except ValueError as error:  # what tantivy raises for a full disk too
            raise damaged_index("text", self.path, str(error)) from error
        self.reload()

    def _put(self, rows: Iterable[IndexRow], dropped: Sequence[int]) -> None:
        papers = self._papers.writer(HEAP_BYTES, 1)
        passages = self._passages.writer(HEAP_BYTES, 1)
        for number in dropped:
            papers.delete_documents_by_term("n", int(number))
            passages.delete_documents_by_term("paper", int(number))
        for row in rows:
            papers.add_document(
                tantivy.Document(n=row.paper.n, title=row.paper.title, text=_front(row))
            )
            for passage in row.passages:
                passages.add_document(
                    tantivy.Document(
                        n=passage.n,
                        paper=row.paper.n,
                        title=row.paper.title,
                        section=passage.section,
                        text=passage.text if passage.section != "Title" else "",
                    )
                )
        passages.commit()
        papers.commit()
        passages.wait_merging_threads()
        papers.wait_merging_threads()

    def reload(self) -> None:
        """See what other processes have committed."""
        self._papers.reload()
        self._passages.reload()

    def search_papers(self, query: str, limit: int) -> tuple[Hits, int]:
        """Best papers by title and abstract, and how many match."""
        return _search(self._papers, self.stems(query), PAPER_BOOSTS, limit)

    def search_passages(self, query: str, limit: int) -> tuple[Hits, int]:
        """Best passages by title, heading and text, and how many match."""
        return _search(self._passages, self.stems(query), PASSAGE_BOOSTS, limit)

    def stems(self, text: str) -> list[str]:
        """The words of a text as the index sees them: without stop words, stemmed."""
        return list(self._analyzer.analyze(text))

    def papers_with(self, stem: str) -> int:
        """How many papers have this stem in title or abstract."""
        return _search(self._papers, [stem], PAPER_BOOSTS, 1)[1]

    def papers_with_all(self, stems: Sequence[str]) -> set[int]:
        """Numbers of the papers that have every one of the stems in title or abstract."""
        searcher = self._papers.searcher()
        if not stems or not searcher.num_docs:
            return set()
        schema = self._papers.schema
        each = [(tantivy.Occur.Must, _any_of(schema, [stem], PAPER_BOOSTS)) for stem in stems]
        found = searcher.search(tantivy.Query.boolean_query(each), limit=searcher.num_docs)
        values = searcher.fast_field_values("n", [address for _, address in found.hits])
        return {int(value) for value in values if value is not None}

    def paper_numbers(self) -> set[int]:
        """Numbers of all papers held."""
        return _all_numbers(self._papers)

    def passage_numbers(self) -> set[int]:
        """Numbers of all passages held."""
        return _all_numbers(self._passages)


def _front(row: IndexRow) -> str:
    """Abstract, or the digest, or the first passages of a paper without either."""
    paper = row.paper
    if paper.abstract:
        return paper.abstract
    if paper.digest:
        return " ".join(text for text in paper.digest.values() if text)
    return " ".join(passage.text for passage in row.passages[:3] if passage.section != "Title")


def _paper_schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    # Integer, not unsigned: an unsigned field kills the writer in tantivy 0.27.
    builder.add_integer_field("n", stored=True, indexed=True, fast=True)
    builder.add_text_field("title", tokenizer_name=ANALYZER)
    builder.add_text_field("text", tokenizer_name=ANALYZER)
    return builder.build()


def _passage_schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("n", stored=True, indexed=True, fast=True)
    builder.add_integer_field("paper", indexed=True, fast=True)
    builder.add_text_field("title", tokenizer_name=ANALYZER)
    builder.add_text_field("section", tokenizer_name=ANALYZER)
    builder.add_text_field("text", tokenizer_name=ANALYZER)
    return builder.build()


def _analyzer() -> tantivy.TextAnalyzer:
    """Words, lower case, without accents and stop words, stemmed."""
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(60))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
        .filter(tantivy.Filter.stopword("english"))
        .filter(tantivy.Filter.stemmer("english"))
        .build()
    )


def _open(path: Path, schema: tantivy.Schema) -> tantivy.Index:
    path.mkdir(parents=True, exist_ok=True)
    try:
        index = tantivy.Index(schema, str(path))
    except BaseException as error:
        # Files cut short make tantivy panic, and a panic is no Exception.
        if isinstance(error, ValueError) or type(error).__name__ == "PanicException":
            raise damaged_index("text", path, str(error)) from error
        raise
    index.register_tokenizer(ANALYZER, _analyzer())
    return index


def _any_of(
    schema: tantivy.Schema, terms: Sequence[str], boosts: dict[str, float]
) -> tantivy.Query:
    """Documents with any of the terms in any of the fields, the more the better.

    Built term by term: tantivy's query parser would take a person's "not" or "(" for an
    operator and refuse what is left.
    """
    clauses = []
    for term in terms:
        for name, boost in boosts.items():
            query = tantivy.Query.term_query(schema, name, term)
            if boost != 1.0:
                query = tantivy.Query.boost_query(query, boost)
            clauses.append((tantivy.Occur.Should, query))
    return tantivy.Query.boolean_query(clauses)


def _search(
    index: tantivy.Index, terms: Sequence[str], boosts: dict[str, float], limit: int
) -> tuple[Hits, int]:
    searcher = index.searcher()
    if not terms or not searcher.num_docs or limit < 1:
        return (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)), 0
    query = _any_of(index.schema, terms, boosts)
    found = searcher.search(query, limit=min(limit, searcher.num_docs))
    numbers = searcher.fast_field_values("n", [address for _, address in found.hits])
    scores = np.array([score for score, _ in found.hits], dtype=np.float32)
    matched = found.count  # type: ignore[attr-defined]  # missing in its stubs
    return (np.array(numbers, dtype=np.int64), scores), int(matched or 0)


def _all_numbers(index: tantivy.Index) -> set[int]:
    searcher = index.searcher()
    if not searcher.num_docs:
        return set()
    found = searcher.search(tantivy.Query.all_query(), limit=searcher.num_docs)
    values = searcher.fast_field_values("n", [address for _, address in found.hits])
    return {int(value) for value in values if value is not None}
