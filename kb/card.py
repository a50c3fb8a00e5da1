"""A paper's card: what it says, in quotes; where it is filed, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kb.catalogue import StoredPaper, StoredPassage
from kb.catalogue.many_papers import page_texts
from kb.catalogue.reading import Reader
from kb.catalogue.values import SentenceRow
from kb.dropped import Dropped, record
from kb.library import Library
from kb.merging import Version, versions
from kb.quotes import contains, unmarked
from kb.text_index import words

# Most quotes of one kind on a card; the rest is in the passages.
MOST = 5

KEYWORDS = 8

# Papers whose passages and sentences are held at a time, for files of many.
_AT_ONCE = 100

# Sections in which a paper sums itself up: their statements go first on the card.
_SUMMING_UP = re.compile(
    r"abstract|digest|conclusion|discussion|limitation|future|threat", re.IGNORECASE
)

_FINDING = re.compile(
    r"\b(we (find|found|show|observe|demonstrate|reveal)|results? (show|indicate|suggest|reveal)"
    r"|experiments? (show|demonstrate|reveal)|outperform|achiev|improv|reduc|increas"
    r"|\d+(\.\d+)?\s?%|accuracy|significant)",
    re.IGNORECASE,
)

_PROPOSAL = re.compile(
    r"\b(we (propose|present|introduce|develop|design|conduct|study|investigate|survey)"
    r"|this (paper|work|study|article|survey) (\w+ )?(proposes|presents|introduces|investigates"
    r"|studies|surveys|reviews))",
    re.IGNORECASE,
)

_PLAIN = frozenset(
    "about across against allow based between both code data different effective existing from"
    " generation have high however into language large llm llms method model models more most new"
    " novel other over paper performance propose proposed recent results show such than that the"
    " their these they this through towards using via well which while with work".split()
)


@dataclass(frozen=True, slots=True)
class Quote:
    """A verbatim sentence of a paper, with its place."""

    quote: str
    page: int | None
    section: str
    passage_id: str

    def to_json(self) -> dict[str, Any]:
        """The quote as the command line prints it."""
        return {
            "quote": self.quote,
            "page": self.page,
            "section": self.section,
            "passage_id": self.passage_id,
        }


@dataclass(frozen=True, slots=True)
class Card:
    """What there is to know of one paper at a glance."""

    paper: StoredPaper
    contribution: Quote | None
    findings: tuple[Quote, ...]
    challenges: tuple[Quote, ...]
    directions: tuple[Quote, ...]
    keywords: tuple[str, ...]
    sections: tuple[tuple[str, int, int | None], ...]
    """(heading, level, page)."""
    references: tuple[dict[str, Any], ...]
    scores: dict[str, dict[str, float]]
    """facet -> key -> probability, for every category."""
    versions: tuple[Version, ...] = ()
    """Other papers that are this work, joined to it."""

    @property
    def tldr(self) -> str:
        """The paper in one sentence: the digest's where there is one, else its contribution."""
        if self.paper.digest and self.paper.digest.get("contribution"):
            return str(self.paper.digest["contribution"])
        return self.contribution.quote if self.contribution else ""

    def to_json(self) -> dict[str, Any]:
        """The card as the command line prints it."""
        paper = self.paper
        return {
            "paper_id": paper.paper_id,
            "title": paper.title,
            "authors": list(paper.authors),
            "year": paper.year,
            "abstract": paper.abstract,
            "digest": paper.digest,
            "tldr": self.tldr,
            "contribution": self.contribution.to_json() if self.contribution else None,
            "findings": [one.to_json() for one in self.findings],
            "challenges": [one.to_json() for one in self.challenges],
            "directions": [one.to_json() for one in self.directions],
            "keywords": list(self.keywords),
            "phases": _tags(paper, "phase"),
            "layers": _tags(paper, "layer"),
            "links": links(paper),
            "full_text": paper.full_text,
            "versions": [one.to_json() for one in self.versions],
            "notes": [{"code": code, "detail": detail} for code, detail in paper.notes],
        }

    def to_text(self) -> str:
        """The card for a terminal."""
        paper = self.paper
        lines = [
            paper.title,
            f"{', '.join(paper.authors) or 'authors not given'} ({paper.year or 'n. d.'})",
            f"{paper.paper_id} · {paper.url}",
            "",
        ]
        if self.tldr:
            lines += [f"In short: {self.tldr}", ""]
        for name, facet in (("Phases", "phase"), ("Layers", "layer")):
            for tag in (one for one in paper.tags if one.facet == facet):
                why = f" ({', '.join(tag.evidence)})" if tag.evidence else ""
                lines.append(f"{name}: {tag.key} {tag.score:.2f} by {tag.by}{why}")
        for name, quotes in (
            ("Findings", self.findings),
            ("Challenges", self.challenges),
            ("Directions", self.directions),
        ):
            if quotes:
                lines += ["", f"{name}:"]
                lines += [f"  “{one.quote}” ({_place(one)})" for one in quotes]
        if self.versions:
            lines += ["", "Versions, joined to this paper:"]
            lines += [
                f"  {one.merge}: {one.paper_id}  {one.title} ({one.year or '–'}), by {one.by}"
                for one in self.versions
            ]
        if paper.digest and not paper.abstract:
            lines += [
                "",
                "The quotes above are from a digest in Sixfold's words, not the authors'.",
            ]
        return "\n".join(lines)


def card(library: Library, number: int) -> Card:
    """The card of the paper with this catalogue number."""
    with library.catalogue.read() as reader:
        joined = versions(reader, number)
        paper = with_links(reader.papers([number])[number], joined)
        passages = {one.n: one for one in reader.passages_of([number]).get(number, [])}
        sentences = reader.sentences(passages)
        sections, references, scores = reader.extras(number)
        pages = {one.page for one in passages.values()}
        gate = _Gate(paper, {page: reader.page_text(number, page) for page in pages})
    ordered = sorted(sentences, key=lambda s: (not _sums_up(passages[s.passage]), s.n))
    of_label = {
        label: [one for one in ordered if one.label == label]
        for label in ("contribution", "challenge", "direction")
    }
    main, findings = _split_contributions(of_label["contribution"], passages)
    shown = Card(
        paper=paper,
        contribution=next(iter(gate.passed((main,) if main else ())), None),
        findings=gate.passed(findings),
        challenges=gate.passed(_quotes(of_label["challenge"], passages)),
        directions=gate.passed(_quotes(of_label["direction"], passages)),
        keywords=_keywords(paper),
        sections=tuple((one[0], one[1], one[2]) for one in sections),
        references=tuple(references),
        scores=scores,
        versions=joined,
    )
    record(library, gate.dropped)
    return shown


def stated_challenges(
    library: Library, papers: Sequence[StoredPaper]
) -> dict[str, tuple[Quote, ...]]:
    """Paper id -> the challenges on its card, for many papers at once."""
    found: dict[str, tuple[Quote, ...]] = {}
    dropped: list[Dropped] = []
    with library.catalogue.read() as reader:
        for start in range(0, len(papers), _AT_ONCE):
            some = papers[start : start + _AT_ONCE]
            quotes = _challenges(reader, [one.n for one in some])
            pages = page_texts(
                reader, [(n, one.page) for n, held in quotes.items() for one in held]
            )
            for paper in some:
                own = {page: text for (n, page), text in pages.items() if n == paper.n}
                gate = _Gate(paper, own, dropped)
                found[paper.paper_id] = gate.passed(quotes[paper.n])
    record(library, dropped)
    return found


def _challenges(reader: Reader, numbers: Sequence[int]) -> dict[int, tuple[Quote, ...]]:
    """Paper number -> the surest challenges that it states."""
    passages = {one.n: one for held in reader.passages_of(numbers).values() for one in held}
    stated: dict[int, list[SentenceRow]] = {number: [] for number in numbers}
    for sentence in reader.sentences(passages):
        if sentence.label == "challenge":
            stated[passages[sentence.passage].paper].append(sentence)
    return {number: _quotes(some, passages) for number, some in stated.items()}


@dataclass(frozen=True, slots=True)
class _Gate:
    """Lets quotes pass that stand in the stored text of their page, and keeps the others.

    That a quote stands in its passage is so by its making: it is cut out of it.
    """

    paper: StoredPaper
    pages: Mapping[int | None, str]
    dropped: list[Dropped] = field(default_factory=list)

    def passed(self, quotes: Sequence[Quote]) -> tuple[Quote, ...]:
        """The quotes that stand where they say."""
        kept = tuple(one for one in quotes if contains(self.pages.get(one.page, ""), one.quote))
        self.dropped.extend(
            Dropped(self.paper.paper_id, "card", one.quote) for one in quotes if one not in kept
        )
        return kept


def with_links(paper: StoredPaper, joined: Sequence[Version]) -> StoredPaper:
    """The paper with the arXiv id and DOI of its versions, where it has none of its own."""
    arxiv = next((one.arxiv_id for one in joined if one.arxiv_id), "")
    doi = next((one.doi for one in joined if one.doi), "")
    return replace(paper, arxiv_id=paper.arxiv_id or arxiv, doi=paper.doi or doi)


def links(paper: StoredPaper) -> dict[str, str]:
    """Where the paper lies: {arxiv, pdf, doi}; "" where it is not there."""
    arxiv = f"https://arxiv.org/abs/{paper.arxiv_id}" if paper.arxiv_id else ""
    pdf = f"https://arxiv.org/pdf/{paper.arxiv_id}" if paper.arxiv_id else ""
    return {"arxiv": arxiv, "pdf": pdf, "doi": f"https://doi.org/{paper.doi}" if paper.doi else ""}


def _tags(paper: StoredPaper, facet: str) -> list[dict[str, Any]]:
    return [
        {
            "key": tag.key,
            "score": round(tag.score, 4),
            "evidence": list(tag.evidence),
            "by": tag.by,
            "method": tag.method,
            "version": tag.version,
        }
        for tag in paper.tags
        if tag.facet == facet
    ]


def _sums_up(passage: StoredPassage) -> bool:
    return bool(_SUMMING_UP.search(passage.section))


def _quote(sentence: SentenceRow, passages: dict[int, StoredPassage]) -> Quote:
    passage = passages[sentence.passage]
    text = passage.text[sentence.start : sentence.end]
    return Quote(unmarked(text), passage.page, passage.section, passage.passage_id)


def _quotes(sentences: list[SentenceRow], passages: dict[int, StoredPassage]) -> tuple[Quote, ...]:
    """The surest statements of one kind, those that sum the paper up first."""
    best = sorted(
        sentences, key=lambda s: (not _sums_up(passages[s.passage]), -round(s.score, 1), s.n)
    )[:MOST]
    return tuple(_quote(one, passages) for one in sorted(best, key=lambda s: s.n))


def _split_contributions(
    sentences: list[SentenceRow], passages: dict[int, StoredPassage]
) -> tuple[Quote | None, tuple[Quote, ...]]:
    """The sentence that says what the paper did, and those that say what came out."""
    if not sentences:
        return None, ()

    def text(sentence: SentenceRow) -> str:
        """The sentence as its passage says it."""
        return passages[sentence.passage].text[sentence.start : sentence.end]

    main = next((one for one in sentences if _PROPOSAL.search(text(one))), sentences[0])
    results = [one for one in sentences if one is not main and _FINDING.search(text(one))]
    return _quote(main, passages), _quotes(results, passages)


def _keywords(paper: StoredPaper) -> tuple[str, ...]:
    """Words of the title that the abstract repeats, the most repeated first."""
    body = words(paper.abstract or " ".join((paper.digest or {}).values()))
    counts = {
        word: body.count(word)
        for word in dict.fromkeys(words(paper.title))
        if len(word) > 3 and word not in _PLAIN
    }
    ranked = sorted(counts, key=lambda word: -counts[word])
    return tuple(ranked[:KEYWORDS])


def _place(quote: Quote) -> str:
    return quote.section + (f", p. {quote.page}" if quote.page else "")
