"""Are two titles, and the names with them, those of one work? How alike, and why."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz

from ingest.identity import normal_title

# A title of fewer words or letters may be that of many works.
MIN_WORDS = 4
MIN_LETTERS = 20

# Words that every part of a set may have in its title, whatever its length.
_GENERIC = re.compile(
    r"^(?:guest )?(?:editorial|introduction|preface|foreword|erratum|corrigendum|correction"
    r"|retraction|addendum|reply|response|comments?|rejoinder|discussion|in memoriam|obituary"
    r"|book review|message from|welcome|call for|proceedings|report on|report of"
    r"|frontmatter|front matter|table of contents|index|news|panel|keynote|tutorial)\b"
)

# What tells works of a series apart: numbers, parts, and what one work says of another.
_TELLING = frozenset(
    "part reply response comment comments erratum corrigendum correction addendum retraction"
    " revisited replication reproducibility replicating extended extension supplement"
    " supplementary appendix rejoinder demo poster tutorial keynote towards toward beyond not"
    " no without".split()
)
_ROMAN = re.compile(r"(?:i{1,3}|iv|vi{0,3}|ix|x)")
_MACRO = re.compile(r"\\[a-zA-Z]+\*?|\\.|[{}$]")
_MARK = re.compile(r"\\([`'^\"~=.uvHcdbrk])\s*\{?\s*\\?([A-Za-z])\}?")
# Different words of an abstract long enough to compare, and the share two versions have in
# common; of two papers of one field it is a third.
MIN_ABSTRACT = 30
SHARED_WORDS = 0.45

# What arXiv's feeds put after a title.
_LISTING = re.compile(r"\(arXiv:[^()]*\)\s*$", re.IGNORECASE)
_SUBTITLE = re.compile(r"\s*(?::|\?\s|\s[-\u2013\u2014]+\s|\u2014|--+)\s*")
_WORD_SIGNS = (
    ("\\&", " and "),
    ("++", " plusplus "),
    ("#", " sharp "),
    ("&amp;", " and "),
    ("&", " and "),
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What tells one work from another, of one paper."""

    title: str
    authors: tuple[str, ...] = ()
    year: int | None = None


@lru_cache(maxsize=1 << 16)
def words(title: str) -> str:
    """The words of a title for comparing: no TeX, accents, case or punctuation."""
    # An accent's macro goes, its letter stays; of other macros the argument stays.
    plain = re.sub(
        r"\\(?=(?:alpha|beta|gamma|delta|epsilon|lambda|mu|pi|sigma|tau|omega)\b)", " ", title
    )
    plain = _LISTING.sub("", plain)
    for sign, word in _WORD_SIGNS:
        plain = plain.replace(sign, word)
    plain = _MACRO.sub("", _MARK.sub(r"\2", plain)) if re.search(r"[\\{}$]", plain) else plain
    # A language has one letter; of others the name is as good: α is alpha in TeX.
    plain = re.sub(r"[α-ωΑ-Ω]", _letter_name, plain)
    return normal_title(plain)


def _letter_name(found: re.Match[str]) -> str:
    return f" {unicodedata.name(found[0]).rsplit(' ', 1)[-1]} "


def title_key(title: str) -> str:
    """The letters and digits of a title without spaces: the same for every way to set it.

    `and` is left out: an `&` gets lost on the way through XML.
    """
    return "".join(word for word in words(title).split() if word != "and")


def main_title(title: str) -> str:
    """The title before its subtitle; the whole of one that has none."""
    return _SUBTITLE.split(title.strip(), maxsplit=1)[0]


def alike(one: str, other: str) -> bool:
    """True where two titles can be those of one paper, if loosely given."""
    return fuzz.token_set_ratio(words(one), words(other)) >= 60


def likeness(one: str, other: str) -> float:
    """How alike two titles are as they are written, 0 to 1."""
    return (
        max(fuzz.ratio(one, other), fuzz.ratio(one.replace(" ", ""), other.replace(" ", ""))) / 100
    )


def generic(title: str) -> bool:
    """True for a title that many works bear: it says nothing of whether they are one."""
    plain = words(title)
    few = len(plain.split()) < MIN_WORDS or len(plain.replace(" ", "")) < MIN_LETTERS
    return few or bool(_GENERIC.match(plain))


def told_apart(one: str, other: str) -> bool:
    """True where a number, a part or a word such as `reply` stands in one title only."""
    mine, others = words(one).split(), words(other).split()
    return _telling(mine) != _telling(others)


def _telling(some: Sequence[str]) -> set[str]:
    return {
        word
        for word in some
        if word in _TELLING or any(map(str.isdigit, word)) or _ROMAN.fullmatch(word)
    }


def _name(name: str) -> tuple[str, frozenset[str]]:
    """(family name, all parts of the name), plain."""
    family, comma, _ = name.partition(",")
    parts = normal_title(name).split()
    if not comma:
        found = [part for part in parts if part not in ("jr", "sr", "ii", "iii")]
        return (found or [""])[-1], frozenset(found)
    return (normal_title(family).split() or [""])[-1], frozenset(parts)


def same_name(one: str, other: str) -> bool:
    """True where two names can be one person's: family name equal, given names in accord.

    `Wang Wei` and `Wei Wang` are the same; `W. Wang` and `Wei Wang` too.
    """
    (mine, parts), (yours, others) = _name(one), _name(other)
    if parts == others:
        return bool(parts)
    if not mine or mine != yours:
        return False
    given, its = sorted(parts - {mine}), sorted(others - {yours})
    if not given or not its:
        return True
    return any(a.startswith(b) or b.startswith(a) for a in given for b in its)


def shared_names(one: Sequence[str], other: Sequence[str]) -> float:
    """Share of the shorter list's names that the longer one has, 0 to 1; 0 without names."""
    few, many = sorted((tuple(one), tuple(other)), key=len)
    if not few:
        return 0.0
    left = list(many)
    found = 0
    for name in few:
        match = next((i for i, its in enumerate(left) if same_name(name, its)), None)
        if match is not None:
            left.pop(match)
            found += 1
    return found / len(few)


def same_text(one: str, other: str) -> bool:
    """False where two abstracts, both long enough to tell, have too little in common."""
    mine, others = (set(normal_title(text).split()) for text in (one, other))
    if min(len(mine), len(others)) < MIN_ABSTRACT:
        return True
    return len(mine & others) / min(len(mine), len(others)) >= SHARED_WORDS


def same_authors(one: Sequence[str], other: Sequence[str]) -> bool:
    """True where the first authors are one, or at least half of the names."""
    if not one or not other:
        return False
    return same_name(one[0], other[0]) or shared_names(one, other) >= 0.5


def near_years(one: int | None, other: int | None) -> bool:
    """True where two years are at most 2 apart, or one is not known."""
    return one is None or other is None or abs(one - other) <= 2


def same_work(one: Facts, other: Facts) -> str:
    """Why two papers are surely one work, in words; "" where that is not sure.

    A title with a subtitle and one without are not: a group's next paper may be called so.
    """
    if title_key(one.title) != title_key(other.title):
        return ""
    if generic(one.title) or generic(other.title):
        return ""
    agree = same_authors(one.authors, other.authors) and near_years(one.year, other.year)
    return "same title, authors agree" if agree else ""
