"""Follow-ups: "and for deployment?" read against the conversation, by rules alone.

A question that stands by itself is left as it is. One that leans on the conversation is
completed from the turn before: what it names takes the place of the like, a phase, layer or
year becomes a filter, "those papers" are the ones cited last.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kb.asides import aside
from kb.catalogue import Filters
from kb.leaning import (
    AMONG,
    ANY_OF,
    ASKING_WORDS,
    ASKS,
    BELONGING,
    CLAUSE,
    DATED,
    EMPTY_IT,
    EMPTY_WORDS,
    LANGUAGES,
    LEAD,
    MEASURE,
    MODEL_NAME,
    PREPOSITION,
    PREPOSITION_FIRST,
    PRONOUN,
    THEY,
    WHY,
    WORD,
)
from kb.naming import phrases, places_in, read_filters, with_places, years_in
from kb.pointing import asked_of, aspect_of, cited_place, named
from kb.question import ASKING, foreign
from taxonomy.codebook import Codebook

# A follow-up names little; what is longer stands by itself.
MOST_WORDS = 12
# A pronoun this early, with nothing told behind it, has nothing in its own question to stand for;
# "it" has less: the words before it name several things ("which models solve it best?").
FEW = 2
ONE = 3


@dataclass(frozen=True, slots=True)
class Turn:
    """A question asked before, as it was understood."""

    question: str
    filters: Filters = field(default_factory=Filters)
    """Those that the conversation itself has set, not those chosen beside it."""
    cited: tuple[str, ...] = ()
    """Ids of the papers that its answer cited."""
    numbered: tuple[str, ...] = field(default=(), compare=False)
    """The paper of each citation, from 1; a paper may be cited more than once."""
    aside: bool = False
    """True where it was no question, so that nothing can lean on it."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A question that can be asked by itself."""

    question: str
    filters: Filters = field(default_factory=Filters)
    """Those that the conversation sets, with this question's."""
    papers: tuple[str, ...] = ()
    """Ids of the papers it is limited to; () for all."""
    told: str = ""
    """How it was understood, for the person; "" where it was left as it is."""
    refused: str = ""
    """Why it is not looked up at all; "" where it is."""

    def to_json(self) -> dict[str, Any]:
        """As kept in an answer; `turn_of` reads it back."""
        return {
            "question": self.question,
            "filters": self.filters.to_json(),
            "papers": list(self.papers),
            "told": self.told,
        } | ({"refused": self.refused} if self.refused else {})


def turn_of(answer: Mapping[str, Any]) -> Turn:
    """The turn of an answer as `kb ask --json` prints it, also of one by an older version."""
    held = answer.get("understood") or {}
    filters = read_filters(held.get("filters") or {})
    numbered = tuple(str(one["paper_id"]) for one in answer.get("citations", ()))
    asked = str(held.get("question") or answer.get("question", ""))
    cited = tuple(dict.fromkeys(numbered))
    return Turn(asked, filters, cited, numbered, bool(held.get("refused")))


def resolve(question: str, earlier: Sequence[Turn], codebook: Codebook) -> Resolved:
    """The question completed from `earlier` turns, the last one first; itself where it needs
    nothing. Deterministic, no language model.
    """
    typed = " ".join(question.split())
    earlier = [turn for turn in earlier if not turn.aside]
    if why := aside(typed, first=not earlier):
        return Resolved(question, refused=why)
    if not earlier or not typed or foreign(typed):
        return Resolved(question)
    last = earlier[-1]
    found = (
        _cited(typed, last)
        or _among(typed, earlier)
        or _aspect(typed, last, codebook)
        or _leaning(typed, last, codebook)
        or _they(typed, last)
        or _pronoun(typed, last)
    )
    if found is None:
        return Resolved(question)
    return found if found.refused else replace(found, told=_told(found))


def _told(found: Resolved) -> str:
    said = [found.question, *phrases(found.filters)]
    if found.papers:
        many = len(found.papers)
        said.append(f"in the {many} papers cited before" if many > 1 else "in one paper cited")
    return "; ".join(said)


def _cited(typed: str, last: Turn) -> Resolved | None:
    """A question on one citation of the last answer: "what about the second one?"."""
    papers = last.numbered or last.cited
    pointed = cited_place(typed, len(papers)) if papers else None
    if pointed is None:
        return None
    place, left = pointed
    if not 0 <= place < len(papers):
        why = f"The answer before has {len(papers)} citations, and no number {place + 1}."
        return Resolved(typed, refused=why)
    return Resolved(left or last.question, last.filters, (papers[place],))


def _aspect(typed: str, last: Turn, codebook: Codebook) -> Resolved | None:
    """An aspect of what was asked about takes the place of the one asked: "its cost?"."""
    rest = _without_lead(typed.rstrip("?!. "))
    found = aspect_of(rest)
    if found is None or (not found[1] and places_in(rest, codebook)):
        return None
    asked = asked_of(found[0], last.question)
    if not asked.endswith("?"):
        asked += f" (about: {topic(last.question)})?"
    return Resolved(asked, last.filters)


def _they(typed: str, last: Turn) -> Resolved | None:
    """What "they" do, right after an answer, is what the papers cited do."""
    bare = _without_lead(typed)
    if not last.cited or len(bare.split()) > MOST_WORDS or not THEY.search(bare):
        return None
    return Resolved(_capital(bare), last.filters, last.cited)


def _among(typed: str, earlier: Sequence[Turn]) -> Resolved | None:
    """A question on the papers cited last."""
    found = AMONG.search(typed)
    cited = next((turn.cited for turn in reversed(earlier) if turn.cited), ())
    if not found or not cited:
        return None
    asked = found["ask"]
    kept = f"{asked} papers" if asked else ""
    if (
        not asked
        and found.start() > 0
        and not re.match(r"(?:among|of|in|from|for|with)", found[0], re.IGNORECASE)
    ):
        kept = "papers"  # "do those papers measure …" keeps its subject
    text = f"{typed[: found.start()]}{kept}{typed[found.end() :]}"
    text = re.sub(r"\s+", " ", _without_lead(text.strip(" ,:;")).strip(" ,:;"))
    text = re.sub(r"^which (?!papers|of|\w+s\b)", "which papers ", text, flags=re.IGNORECASE)
    if not _content(text) and not text.lower().startswith("how many"):
        text = earlier[-1].question
    return Resolved(_capital(text), earlier[-1].filters, cited)


def _leaning(typed: str, last: Turn, codebook: Codebook) -> Resolved | None:
    """A question without a clause of its own: "and for Rust?", "since 2024?", "why?"."""
    bare = typed.rstrip("?!. ")
    lead = LEAD.match(bare)
    whole = bool(lead and lead["whole"])
    led = bool(lead and lead[0].strip())
    rest = _without_lead(bare)
    if WHY.fullmatch(rest):
        return Resolved(_joined(last.question, "and why"), last.filters)
    if MEASURE.fullmatch(rest):
        return Resolved(_joined(last.question, f"and {rest.lower()}"), last.filters)
    if len(rest.split()) > MOST_WORDS or (ASKS.match(rest) and not whole):
        return None
    if not (led or PREPOSITION_FIRST.match(rest) or _only_narrows(rest, codebook)):
        return None
    return _narrowed(rest, last, codebook)


def _narrowed(rest: str, last: Turn, codebook: Codebook) -> Resolved:
    """The last question with the years, categories and words of `rest`."""
    filters, question = last.filters, last.question
    freed = ANY_OF.fullmatch(rest)
    if freed and (facet := _facet(freed["of"], codebook)):
        return Resolved(question, _freed(filters, facet))
    first, until, left = _years(rest)
    if first is not None or until is not None:
        filters = replace(filters, year_from=first, year_to=until)
        question = " ".join(years_in(question)[2].split()).replace(" ?", "?")
    left = re.sub(
        r"^only\b|\b(?:only|instead|too|as well)$", "", left.strip(" ,"), flags=re.IGNORECASE
    )
    left = left.strip(" ,")
    preposition, subject = _split(left)
    if preposition in ("and", "or"):
        preposition = ""
    places = _own(places_in(subject, codebook))
    if places:
        return Resolved(question, with_places(filters, places))
    tail = re.search(
        r",? (?:in|for|during|at|of) ((?:the )?[\w &-]+ (?:phase|layer))$", left, re.IGNORECASE
    )
    if tail and (places := _own(places_in(tail[1], codebook))):
        filters = with_places(filters, places)
        preposition, subject = _split(left[: tail.start()])
    if not _content(subject):
        return Resolved(question, filters)
    return Resolved(_swapped(question, preposition, subject), filters)


def _pronoun(typed: str, last: Turn) -> Resolved | None:
    """A question whose "it" or "they" stands for what was asked about before."""
    bare = _without_lead(typed).rstrip("?!. ")
    if len(bare.split()) > MOST_WORDS:
        return None
    if not _content(bare):  # "tell me more"
        return Resolved(last.question, last.filters)
    found = PRONOUN.search(bare)
    about = Resolved(f"{_capital(bare)} (about: {topic(last.question)})?", last.filters)
    if _content(bare) <= BELONGING:
        return about
    if not found or found[0].lower() == "there":
        return None
    if found[0].lower() == "it" and EMPTY_IT.search(bare):
        return None
    front, behind = bare[: found.start()], bare[found.end() :]
    if _content(front) and not _late(bare, found):
        return None
    # "This" before a noun only points at it.
    alone = found[0].lower() == "it" or not behind or PREPOSITION_FIRST.match(behind.strip())
    if alone and (name := _stands_for(found[0].lower(), last, early=not _content(front))):
        return Resolved(_capital(f"{front}{name}{behind}?"), last.filters)
    return about


def _stands_for(word: str, last: Turn, *, early: bool) -> str:
    """The name that a pronoun stands for; "" where it may stand for all that was asked."""
    if word != "it" and (early or word != "this"):
        return ""
    name = named(last.question)
    return "" if early and len(_content(last.question) - _content(name)) >= FEW else name


def _late(bare: str, found: re.Match[str]) -> bool:
    """True where a pronoun is all that is asked of: "which models solve it best?"."""
    front, word, behind = bare[: found.start()], found[0].lower(), bare[found.end() :].strip()
    most = ONE if word in ("it", "this") else FEW
    # "Those with …" are told of there.
    added = word in ("it", "this", "them") and PREPOSITION_FIRST.match(behind)
    told_behind = _content(behind) and not added
    # "Which" and "who" ask, as the first word; further on they open a clause, as "that" does.
    clause = word == "that" or CLAUSE.search(front.partition(" ")[2])
    return len(_content(front)) <= most and not told_behind and not clause


def topic(question: str) -> str:
    """What a question is about: itself without the words of asking in front."""
    bare = question.rstrip("?!. ")
    about = re.search(r"\(about: (.+)\)$", bare)
    if about:
        return about[1]
    words = bare.split()
    while len(words) > 1 and (ASKS.match(words[0]) or words[0].lower() in ASKING_WORDS):
        words = words[1:]
    return " ".join(words) or bare


def _swapped(question: str, preposition: str, subject: str) -> str:
    """The question with `subject` in place of its like, or added."""
    for kind in (_is_language, _is_model):
        mine = [word for word in WORD.findall(subject) if kind(word)]
        held = list(dict.fromkeys(w for w in WORD.findall(question) if kind(w)))
        if len(mine) == 1 and len(held) == 1 and _content(subject) <= {mine[0].lower()}:
            return re.sub(rf"(?<!\w){re.escape(held[0])}(?![\w+#])", mine[0], question)
    bare, dated = question.rstrip("?!. "), ""
    if years := DATED.search(bare):
        bare, dated = bare[: years.start()], years[0]
    if preposition:
        tail = re.search(
            rf"\b{preposition} (?:(?!\b(?:{PREPOSITION})\b)[^,;]){{1,50}}$", bare, re.IGNORECASE
        )
        if tail and len(tail[0].split()) <= FEW + 3 and tail.start() > 0:
            return f"{bare[: tail.start()]}{preposition} {subject}{dated}?"
    return _joined(question, f"{preposition or 'for'} {subject}")


def _joined(question: str, more: str) -> str:
    return f"{question.rstrip('?!. ')}, {more}?"


def _split(text: str) -> tuple[str, str]:
    """(preposition in front or "", the rest)."""
    found = PREPOSITION_FIRST.match(text)
    return (found[0].lower(), text[found.end() :].strip()) if found else ("", text)


def _years(text: str) -> tuple[int | None, int | None, str]:
    """As `years_in`; a bare year counts too."""
    first, last, left = years_in(text)
    alone = re.fullmatch(r"(?:only |just )?((?:19|20)\d\d)(?: only)?", text.strip(), re.IGNORECASE)
    if alone:
        return int(alone[1]), int(alone[1]), ""
    return first, last, left


def _only_narrows(rest: str, codebook: Codebook) -> bool:
    """True for a bare year, category or name: "2025?", "deployment?", "Rust?"."""
    first, last, left = _years(rest)
    named = not left.strip() or bool(places_in(left, codebook))
    if first is not None or last is not None:
        return named
    freed = ANY_OF.fullmatch(rest)
    word = rest.strip()
    return (
        bool(places_in(word, codebook))
        or bool(freed and _facet(freed["of"], codebook))
        or _is_language(word)
        or _is_model(word)
    )


def _facet(word: str, codebook: Codebook) -> str:
    """The facet (or "year") that a word names; "" for none."""
    low = word.lower()
    known = {one.key: one.key for one in codebook.facets}
    known |= {one.plural: one.key for one in codebook.facets} | {"years": "year", "year": "year"}
    return known.get(low, "")


def _freed(filters: Filters, facet: str) -> Filters:
    if facet == "year":
        return replace(filters, year_from=None, year_to=None)
    if facet in ("phase", "layer"):
        return replace(filters, phases=()) if facet == "phase" else replace(filters, layers=())
    return replace(filters, tags=tuple(pair for pair in filters.tags if pair[0] != facet))


def _own(places: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The places of the first facet: one name is not asked of two facets at once."""
    return tuple(place for place in places if place[0] == places[0][0])


def _is_language(word: str) -> bool:
    # One letter is a language only as people write it.
    return word in ("C", "R") if len(word) == 1 else word.lower() in LANGUAGES


def _is_model(word: str) -> bool:
    return bool(MODEL_NAME.fullmatch(word))


def _content(text: str) -> set[str]:
    """Words that say what is meant, lower case."""
    words = WORD.findall(text)
    plain = {word.lower() for word in words} - ASKING - EMPTY_WORDS
    return plain | {word.lower() for word in words if word[0].isupper() and _is_language(word)}


def _without_lead(text: str) -> str:
    found = LEAD.match(text)
    return text[found.end() :].strip() if found else text


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
