"""What a question asks for that no paper searched has: a name, or the words of a few papers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kb.leaning import BELONGING
from kb.library import Library
from kb.question import PLAIN, Question, Term, chunks, foreign
from kb.snapshot import Mask, Snapshot
from kb.text_index import words

# Up to this many papers, what none of them says can be told by words alone: of more, one is
# likely to say it in other words.
FEW_PAPERS = 50

IN_ENGLISH = (
    "The papers here are in English, and so is the model that searches them: ask in English."
)

# Content words of a question that is about one thing; each of them has to be there.
SHORT = 3

_PART = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ACRONYM = re.compile(r"([A-Z]{2,5})s?")
_AFTER_STOP = re.compile(r"[.?!:]\s+$")


def lacking(library: Library, snapshot: Snapshot, question: Question, passing: Mask) -> str:
    """A sentence on what no paper that passes has; "" where nothing need be said.

    Takes: passing, (papers,) of the snapshot.
    A name is looked for in all their text: of 277 answerable questions to 7,912 abstracts none
    is lost. Where few papers pass, so are the other words: of 252 questions on one of 10 full
    texts this refuses 2, and 146 of the same to 10 others.
    """
    numbers = snapshot.table.n[passing]
    if not len(numbers) or not question.terms:
        return ""
    here = frozenset(numbers.tolist())
    whole = bool(passing.all())
    for name in _names(question):
        known = whole and name.papers and len(name.stems) == 1
        if not known and _unnamed(library, name.text, here):
            return f"No paper searched names “{name.text}”."
    if len(here) >= FEW_PAPERS:
        return ""
    return _unsaid(library, question, here)


def unreadable(library: Library, text: str) -> str:
    """Why a question in another script finds nothing here; "" where papers are in one too, or
    the settings name a model that may know it.
    """
    if not foreign(text) or not library.embedder.files.is_default:
        return ""
    with library.catalogue.read() as reader:
        titles = [paper.title for paper in reader.papers().values()]
    return "" if not titles or any(map(foreign, titles)) else IN_ENGLISH


@dataclass(frozen=True, slots=True)
class Unknown:
    """Words of a query that stand in no paper of the library, neither in abstract nor in text."""

    words: tuple[str, ...]
    """Lower case, in the order of the query; stop words are looked for nowhere."""
    every: bool
    """True where these are all the words that were looked for."""


def unknown_words(library: Library, text: str) -> Unknown:
    """The words of `text` that no paper holds, in whatever form (compared by stem)."""
    index = library.indexes.text
    asked = {word: index.stems(word) for word in words(text)}
    looked_for = [word for word, stems in asked.items() if stems]
    missing = tuple(
        word
        for word in looked_for
        if not all(map(index.papers_with, asked[word])) and not index.papers_saying(word)
    )
    return Unknown(missing, bool(missing) and len(missing) == len(looked_for))


def _names(question: Question) -> list[Term]:
    """Names that stand as such: a capital says nothing in a heading or after a full stop."""
    if question.text.isupper():
        return []
    heading = len(question.terms) > 1 and all(term.text[0].isupper() for term in question.terms)
    return [
        term
        for term in question.terms
        if term.name
        and (
            any(letter.isupper() for letter in term.text[1:])
            or (any(letter.isdigit() for letter in term.text) and term.text[0].isupper())
            or (term.text[0].isupper() and not heading and not _opens(question.text, term.text))
        )
    ]


def _opens(text: str, word: str) -> bool:
    return bool(_AFTER_STOP.search(text[: text.find(word)]))


def _unnamed(library: Library, name: str, here: frozenset[int]) -> bool:
    """True where no paper `here` has a name, however its parts are joined."""
    index = library.indexes.text
    spellings = {name, "".join(_PART.findall(name)), _HUMP.sub(" ", name)}
    if any(index.papers_saying(one) & here for one in spellings):
        return False
    # "GPT-4-based" is said where GPT is; a number by itself names nothing.
    parts = [one for one in _PART.findall(name) if any(letter.isupper() for letter in one)]
    if all(index.papers_saying(one) & here for one in parts):
        return False
    return not (len(here) < FEW_PAPERS and _spelt_out(library, name, here))


def _spelt_out(library: Library, name: str, here: frozenset[int]) -> bool:
    """True where a paper has words that an acronym may stand for: "large language models"."""
    found = _ACRONYM.fullmatch(name)
    if not found:
        return False
    words = re.compile(r"\b" + r"\w*[\s-]+".join(found[1]) + r"\w", re.IGNORECASE)
    with library.catalogue.read() as reader:
        return any(
            words.search(passage.text)
            for passages in reader.passages_of(here).values()
            for passage in passages
        )


def _unsaid(library: Library, question: Question, here: frozenset[int]) -> str:
    """A sentence on words that no paper of a few has, or has together; "" for none."""
    empty = PLAIN | BELONGING
    terms = {term.text: term for term in question.terms if term.text.lower() not in empty}
    held = {text: _holding(library, term) & here for text, term in terms.items()}
    if not held:
        return ""
    runs = [found for found in _runs(question, terms) if len(found) > 1]
    missing = [text for text in terms if not held[text]]
    apart = [found for found in runs if not frozenset.intersection(*(held[w] for w in found))]
    most = max(sum(n in some for some in held.values()) for n in here)
    if len(terms) <= SHORT:
        gone = bool(missing or (runs and len(apart) == len(runs)))
    else:
        gone = 2 * most < len(terms) or (bool(runs) and len(apart) == len(runs))
    if not gone:
        return ""
    papers = f"None of the {len(here)} papers searched" if len(here) > 1 else "The paper searched"
    verb = "speaks" if len(here) > 1 else "does not speak"
    if missing:
        told = next((found for found in apart if set(found) & set(missing)), missing[:1])
    else:
        told = apart[0] if apart else sorted(terms, key=lambda text: len(held[text]))[:2]
        verb = "speaks at once" if len(here) > 1 else "does not speak at once"
    return f"{papers} {verb} of “{' '.join(told)}”."


def _holding(library: Library, term: Term) -> frozenset[int]:
    """Papers with every part of a word, wherever in the text."""
    say = library.indexes.text.papers_saying
    return frozenset.intersection(*(frozenset(say(one)) for one in _PART.findall(term.text)))


def _runs(question: Question, terms: dict[str, Term]) -> Iterator[list[str]]:
    for stretch in chunks(question):
        yield [word for word in stretch.split() if word in terms]
