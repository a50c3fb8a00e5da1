"""The derived text index: BM25 over whole papers and over passages, in tantivy."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tantivy

from kb.catalogue.values import IndexRow, Vector
from kb.errors import damaged_index

ANALYZER = "english"
HEAP_BYTES = 64_000_000

# Ranking reads one field that holds a paper's words, those of its title this many times:
# fields scored apart and summed count a word of title and text as two, and a short title's
# rarely. nDCG@10 of hybrid search over SciFact's training claims .732 with fields apart, .743
# with the title once, .745 twice or three times; papers of own topics and questions among the
# first twenty .592 / .593 / .594 / .589.
TITLES = 2
WHOLE = "whole"

_WORD = re.compile(r"\w+")

Hits = tuple[npt.NDArray[np.int64], Vector]
"""(numbers, BM25 scores), best first."""


@dataclass(frozen=True, slots=True)
class Among:
    """The papers that a search is about."""

    papers: Sequence[int]
    """Catalogue numbers."""
    inside: bool
    """True: these papers; False: all but these."""


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
                tantivy.Document(
                    n=row.paper.n,
                    title=row.paper.title,
                    text=_front(row),
                    whole=[*[row.paper.title] * TITLES, _front(row)],
                )
            )
            for passage in row.passages:
                text = passage.text if passage.section != "Title" else ""
                passages.add_document(
                    tantivy.Document(
                        n=passage.n,
                        paper=row.paper.n,
                        title=row.paper.title,
                        section=passage.section,
                        text=text,
                        whole=[*[row.paper.title] * TITLES, passage.section, text],
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

    def search_papers(self, query: str, limit: int, among: Among | None = None) -> tuple[Hits, int]:
        """Best papers by title and abstract, and how many match; of those `among` where given."""
        narrowed = None if among is None else _clause(self._papers, "n", among)
        return _search(self._papers, _once(self.stems(query)), limit, narrowed)

    def search_passages(
        self, query: str, limit: int, among: Among | None = None
    ) -> tuple[Hits, int]:
        """Best passages by title, heading and text, and how many match; of papers `among`."""
        narrowed = None if among is None else _clause(self._passages, "paper", among)
        return _search(self._passages, _once(self.stems(query)), limit, narrowed)

    def weigh_papers(self, stems: Mapping[str, float], among: Among) -> Hits:
        """BM25 of title and abstract, each stem times its weight, of those that have any."""
        limit = len(among.papers) if among.inside else self._papers.searcher().num_docs
        return _search(self._papers, stems, limit, _clause(self._papers, "n", among))[0]

    def rarities(self, stems: Iterable[str]) -> list[float]:
        """BM25's weight of each stem: the fewer papers have it in title or abstract, the more."""
        searcher = self._papers.searcher()
        # Papers that were changed count twice until the index tidies up.
        papers = max(searcher.num_docs, 1)
        having = (min(searcher.doc_freq(WHOLE, stem), papers) for stem in stems)
        return [math.log(1 + (papers - count + 0.5) / (count + 0.5)) for count in having]

    def stems(self, text: str) -> list[str]:
        """The words of a text as the index sees them: without stop words, stemmed."""
        return list(self._analyzer.analyze(text))

    def papers_with(self, stem: str) -> int:
        """How many papers have this stem in title or abstract."""
        return _search(self._papers, {stem: 1.0}, 1)[1]

    def papers_with_all(self, stems: Sequence[str]) -> set[int]:
        """Numbers of the papers that have every one of the stems in title or abstract."""
        searcher = self._papers.searcher()
        if not stems or not searcher.num_docs:
            return set()
        schema = self._papers.schema
        each = [(tantivy.Occur.Must, _any_of(schema, {stem: 1.0})) for stem in stems]
        found = searcher.search(tantivy.Query.boolean_query(each), limit=searcher.num_docs)
        values = searcher.fast_field_values("n", [address for _, address in found.hits])
        return {int(value) for value in values if value is not None}

    def papers_saying(self, text: str, *, title: bool = False) -> set[int]:
        """Numbers of the papers that have the words of `text` side by side, compared by stem.

        Looked for in title, abstract and full text, or in the title alone. Stop words count
        as a place that any word may take. A text of stop words alone is in every paper.
        """
        stems = self._places(text)
        if not stems:
            return self.paper_numbers()
        found = _numbers_of(self._papers, stems, ("title",) if title else ("title", "text"), "n")
        if not title:
            found |= _numbers_of(self._passages, stems, ("section", "text"), "paper")
        return found

    def holds(self, number: int, stems: Sequence[str], *, passages: bool = False) -> int:
        """How many of the stems one paper (or passage) is indexed under."""
        index = self._passages if passages else self._papers
        searcher, schema = index.searcher(), index.schema
        one = tantivy.Query.term_query(schema, "n", int(number))
        found = 0
        for stem in stems:
            both = [
                (tantivy.Occur.Must, one),
                (tantivy.Occur.Must, _any_of(schema, {stem: 1.0})),
            ]
            found += bool(searcher.search(tantivy.Query.boolean_query(both), limit=1).hits)
        return found

    def passages_saying(self, text: str) -> set[int]:
        """Numbers of the passages that have the words of `text` side by side, as above."""
        stems = self._places(text)
        if not stems:
            return self.passage_numbers()
        found = _numbers_of(self._passages, stems, ("text",), "n")
        if self.papers_saying(text, title=True):
            # A passage that is a title has its text in the field of titles alone.
            named = _numbers_of(self._passages, stems, ("title",), "n")
            found |= named & _numbers_of(self._passages, [(0, "titl")], ("section",), "n")
        return found

    def _places(self, text: str) -> list[tuple[int, str]]:
        """(which word of the text, stem) of every word that counts."""
        return [(at, stem) for at, word in enumerate(words(text)) for stem in self.stems(word)]

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
    _add_whole(builder)
    return builder.build()


def _passage_schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("n", stored=True, indexed=True, fast=True)
    builder.add_integer_field("paper", indexed=True, fast=True)
    builder.add_text_field("title", tokenizer_name=ANALYZER)
    builder.add_text_field("section", tokenizer_name=ANALYZER)
    builder.add_text_field("text", tokenizer_name=ANALYZER)
    _add_whole(builder)
    return builder.build()


def _add_whole(builder: tantivy.SchemaBuilder) -> None:
    # How often a word is there, not where: phrases are looked for in the other fields.
    builder.add_text_field(WHOLE, tokenizer_name=ANALYZER, index_option="freq")


def _once(stems: Sequence[str]) -> dict[str, float]:
    """Each stem and how often it stands there."""
    return {stem: float(count) for stem, count in Counter(stems).items()}


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


def _any_of(schema: tantivy.Schema, stems: Mapping[str, float]) -> tantivy.Query:
    """Documents with any of the stems, each worth its weight, the more the better.

    Built term by term: tantivy's query parser would take a person's "not" or "(" for an
    operator and refuse what is left.
    """
    clauses = []
    for stem, weight in stems.items():
        query = tantivy.Query.term_query(schema, WHOLE, stem)
        if weight != 1.0:
            query = tantivy.Query.boost_query(query, weight)
        clauses.append((tantivy.Occur.Should, query))
    return tantivy.Query.boolean_query(clauses)


Clause = tuple[tantivy.Occur, tantivy.Query]


def _clause(index: tantivy.Index, field: str, among: Among) -> Clause:
    """What leaves other papers out and adds nothing to a score."""
    found = tantivy.Query.term_set_query(index.schema, field, list(among.papers))
    occur = tantivy.Occur.Must if among.inside else tantivy.Occur.MustNot
    return occur, tantivy.Query.const_score_query(found, 0.0)


def _search(
    index: tantivy.Index,
    stems: Mapping[str, float],
    limit: int,
    narrowed: Clause | None = None,
) -> tuple[Hits, int]:
    searcher = index.searcher()
    if not stems or not searcher.num_docs or limit < 1:
        return (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)), 0
    query = _any_of(index.schema, stems)
    if narrowed is not None:
        query = tantivy.Query.boolean_query([(tantivy.Occur.Must, query), narrowed])
    found = searcher.search(query, limit=min(limit, searcher.num_docs))
    numbers = searcher.fast_field_values("n", [address for _, address in found.hits])
    scores = np.array([score for score, _ in found.hits], dtype=np.float32)
    matched = found.count  # type: ignore[attr-defined]  # missing in its stubs
    return (np.array(numbers, dtype=np.int64), scores), int(matched or 0)


def _numbers_of(
    index: tantivy.Index, stems: Sequence[tuple[int, str]], fields: Sequence[str], number: str
) -> set[int]:
    """What the field `number` holds of the documents with these stems at these distances."""
    searcher = index.searcher()
    if not searcher.num_docs:
        return set()
    each = [
        # tantivy panics over a phrase of one word.
        tantivy.Query.phrase_query(index.schema, name, list(stems))
        if len(stems) > 1
        else tantivy.Query.term_query(index.schema, name, stems[0][1])
        for name in fields
    ]
    query = tantivy.Query.boolean_query([(tantivy.Occur.Should, one) for one in each])
    found = searcher.search(query, limit=searcher.num_docs)
    values = searcher.fast_field_values(number, [address for _, address in found.hits])
    return {int(value) for value in values if value is not None}


def _all_numbers(index: tantivy.Index) -> set[int]:
    searcher = index.searcher()
    if not searcher.num_docs:
        return set()
    found = searcher.search(tantivy.Query.all_query(), limit=searcher.num_docs)
    values = searcher.fast_field_values("n", [address for _, address in found.hits])
    return {int(value) for value in values if value is not None}
