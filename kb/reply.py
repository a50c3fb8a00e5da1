"""An answer as it is given: sentences with citations, or a refusal; as JSON and as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kb.catalogue import Filters, StoredPaper
from kb.citations import Citation
from kb.counting import Count
from kb.covered import Coverage
from kb.followup import Resolved
from kb.grouping import CLOSEST, Group


@dataclass(frozen=True, slots=True)
class AnswerSentence:
    """One sentence of an answer, with the numbers of its citations."""

    text: str
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer or a refusal."""

    question: str
    answered: bool
    reason: str
    """Why it is refused, and what was searched; "" where it is answered."""
    sentences: tuple[AnswerSentence, ...]
    citations: tuple[Citation, ...]
    coverage: Coverage
    took_ms: float
    chance: float
    """The chance that the library can answer, by the refusal model, 0 to 1."""
    dropped: int = 0
    """Quotes that the gate did not let pass."""
    nearest: tuple[StoredPaper, ...] = ()
    """Papers offered with a refusal, the nearest first."""
    counted: Count | None = None
    """What was counted, where the question asks for a number of papers."""
    filters: Filters = field(default_factory=Filters)
    """All that was passed: those given, and those that the question or conversation names."""
    groups: tuple[Group, ...] = ()
    """Every sentence once; () where nothing is cited."""
    understood: Resolved = field(default_factory=lambda: Resolved(""))
    """The question completed from the conversation; it itself where that was not needed."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """What each sign adds to the log-odds of an answer; {} where nothing was weighed."""
    retrieved_ids: tuple[str, ...] = ()
    """Papers looked into (of a count, the first of those counted), the best first."""
    writer: str = "extractive"
    """Who worded the sentences: the papers themselves, or `llm`."""
    notices: tuple[str, ...] = ()
    """What the person should know of how it was written."""
    removed: Mapping[str, int] = field(default_factory=dict)
    """What the gate took out of a language model's text, by reason; empty where none wrote."""

    @property
    def cited_ids(self) -> tuple[str, ...]:
        """Papers cited, in the order of their citations."""
        return tuple(dict.fromkeys(one.paper_id for one in self.citations))

    def to_json(self) -> dict[str, Any]:
        """The answer as the command line prints it."""
        found: dict[str, Any] = {
            "question": self.question,
            "understood": self.understood.to_json(),
            "answered": self.answered,
            "reason": self.reason,
            "sentences": [
                {"text": one.text, "citations": list(one.citations)} for one in self.sentences
            ],
            "groups": [one.to_json() for one in self.groups],
            "citations": [one.to_json() for one in self.citations],
            "coverage": self.coverage.to_json(),
            "coverage_ids": {"retrieved": [*self.retrieved_ids], "cited": [*self.cited_ids]},
            "took_ms": round(self.took_ms, 2),
            "chance": round(self.chance, 4),
            "shares": {name: round(share, 3) for name, share in self.shares.items()},
            "dropped": self.dropped,
            "writer": self.writer,
            "notices": [*self.notices],
            "removed": {"unknown_citations": 0, "unsupported": 0, **self.removed},
            "filters": self.filters.to_json(),
        }
        if self.counted:
            found["count"] = self.counted.to_json()
        if not self.answered:
            found["nearest"] = [_offered(one) for one in self.nearest]
        return found

    def to_text(self) -> str:
        """The answer for a terminal."""
        told = self.understood.told
        head = [f"Understood as: {told}", ""] if told else []
        if not self.answered:
            near = [f"  {_named(one)}" for one in self.nearest]
            offered = ["Nearest papers:", *near, ""] if near else []
            return "\n".join([*head, self.reason, "", *offered, self._foot])
        return "\n".join([*head, *self._sentence_lines(), *self._paper_lines(), "", self._foot])

    def to_sources(self) -> str:
        """What follows the sentences on a terminal, where those are shown already."""
        return "\n".join([*self._paper_lines(), "", self._foot])

    @property
    def _foot(self) -> str:
        seen = self.coverage
        return (
            f"{seen.tagged} papers searched, {seen.retrieved} looked into, {seen.cited} cited; "
            f"{seen.without_full_text} without full text."
        )

    def _sentence_lines(self) -> list[str]:
        groups = self.groups or (Group("further", CLOSEST, tuple(range(len(self.sentences)))),)
        lines = []
        for group in groups:
            if len(groups) > 1 or group.title != CLOSEST:
                lines += [f"{group.title}:", ""]
            for i in group.sentences:
                one = self.sentences[i]
                marks = "".join(f"[{n}]" for n in one.citations)
                lines += [f"{one.text} {marks}".rstrip(), ""]
        return lines

    def _paper_lines(self) -> list[str]:
        if self.counted and self.counted.first:
            return ["The newest of them:", *(f"  {_named(one)}" for one in self.counted.first)]
        lines = []
        for cited in self.citations:
            place = cited.section + (f", p. {cited.page}" if cited.page else "")
            named = f"{cited.title} ({cited.year or 'n. d.'}), {cited.paper_id}"
            lines.append(f"[{cited.n}] {named}: {place}")
            if self.writer != "extractive":  # else the sentence is the quote
                lines.append(f"    “{cited.quote}”")
        return lines


def _named(paper: StoredPaper) -> str:
    return f"{paper.paper_id}  {paper.title} ({paper.year or 'n. d.'})"


def _offered(paper: StoredPaper) -> dict[str, Any]:
    return {
        "paper_id": paper.paper_id,
        "title": paper.title,
        "year": paper.year,
        "url": paper.url,
    }
