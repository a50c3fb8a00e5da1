"""What a person types -> what is asked: words to rank by, and conditions that must hold.

    "exact phrase"   -word   -"a phrase"   title:word   title:"a phrase"
    author:lovelace  year:2023..2025  phase:KEY  layer:KEY  category:cs.SE  collection:NAME

A facet of the library's own is a field too. A minus before a field turns it round. Phrases and
single words are compared by stem, as the index holds them. Bare words only rank: no paper is
left out for want of one. AND in capitals is implied and left out; OR and NOT are refused, for
they would not do what they say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kb.catalogue import Filters
from kb.errors import UsageError, unknown
from taxonomy.edition import Edition

FIELDS = ("title", "author", "year", "phase", "layer", "category", "collection")

# A field's name is followed at once by its value: "http://…" is no field, nor is "C++: why".
# A minus counts before a word, a phrase or a field; a dash alone is a word like others.
_TOKEN = re.compile(
    r"\s*(?P<minus>-(?=[^\s-]))?(?:(?P<field>[^\W\d_]+):(?=[^\s/:]))?"
    r'(?:"(?P<phrase>[^"]*)(?P<end>"?)|(?P<word>\S+))'
)
# What a part of this field is to be, where the query ends or goes on without a value. The
# others may stand in a title that is pasted: "The missing layer: …".
_VALUED = ("author", "year", "category", "collection")
_OPERATORS = {
    "OR": 'search for one after the other; quote "OR" where it is a word',
    "NOT": 'put a minus before the word: -word; quote "NOT" where it is a word',
}
_QUOTES = str.maketrans("\u201c\u201d\u201e\u00ab\u00bb", '"""""')
_YEARS = re.compile(r"(\d{4})|(\d{4})?(?:-|\.\.)(\d{4})?")


@dataclass(frozen=True, slots=True)
class Condition:
    """Words that a paper must have (or must not), side by side and in this order."""

    text: str
    field: str
    """`title`, or "" for title, abstract and full text alike."""
    wanted: bool
    """False where no such paper is wanted."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query, read."""

    text: str
    """The words to rank by; "" where there are only conditions."""
    conditions: tuple[Condition, ...] = ()
    filters: tuple[tuple[Filters, bool], ...] = ()
    """Filters, each with False where papers that pass it are not wanted."""
    typed: str = ""
    """What was typed, as it was."""

    @property
    def plain(self) -> bool:
        """True where nothing but words was typed."""
        return not (self.conditions or self.filters)


@dataclass(frozen=True, slots=True)
class _Part:
    """One thing typed: perhaps a field, and its value."""

    field: str
    value: str
    quoted: bool
    wanted: bool


def parse(typed: str, edition: Edition) -> Query:
    """Read what was typed. Takes: edition, the library's codebook.

    Raises UsageError `bad_query` for an open quote, an empty phrase, a bad year, a field without
    a value, an OR or NOT, or nothing to search for, and the errors for unknown names, which
    list the known ones.
    """
    words: list[str] = []
    conditions: list[Condition] = []
    filters: list[tuple[Filters, bool]] = []
    for part in _parts(typed, _fields(edition)):
        if part.field not in ("", "title"):
            filters.append((_filter(part, edition), part.wanted))
        elif part.field or part.quoted or not part.wanted:
            conditions.append(Condition(part.value, part.field, part.wanted))
            words += [part.value] if part.wanted else []
        else:
            words.append(part.value)
    _check(typed, words, conditions, filters)
    return Query(" ".join(words), tuple(conditions), tuple(filters), typed)


def _check(
    typed: str,
    words: Sequence[str],
    conditions: Sequence[Condition],
    filters: Sequence[tuple[Filters, bool]],
) -> None:
    """Raises UsageError where something was typed, but nothing that can be looked for."""
    told = [" ".join(words)] if words or not (filters or conditions) else []
    told += [one.text for one in conditions]
    if typed.strip() and not all(any(char.isalnum() for char in text) for text in told):
        raise _bad(
            typed,
            f"there is nothing to search for in {typed.strip()[:40]}",
            "give words, a field such as author:NAME, or filters alone",
        )


def _parts(typed: str, fields: Sequence[str]) -> Iterator[_Part]:
    typed, at = typed.translate(_QUOTES), 0
    while found := _TOKEN.match(typed, at):
        at = found.end()
        field = _known(found["field"], fields)
        quoted = found["phrase"] is not None
        value = (found["phrase"] if quoted else found["word"]).strip()
        if quoted and not found["end"]:
            raise _bad(typed, f'the quote before "{value[:40]}" is not closed', 'close it with "')
        if not value:
            raise _bad(typed, "there is nothing between two quotes", "put words there")
        if not quoted and not field:
            _check_word(typed, value, fields, last=not typed[at:].strip())
            if value == "AND":
                continue
        yield _Part(field, value, quoted, not found["minus"])


def _check_word(typed: str, word: str, fields: Sequence[str], *, last: bool) -> None:
    """Raises UsageError for an operator that is none here, and a field that has no value."""
    if word in _OPERATORS:
        raise _bad(typed, f"{word} is not understood in a query", _OPERATORS[word])
    name = word.removesuffix(":").lower()
    if word.endswith(":") and name in fields and (last or name in _VALUED):
        raise _bad(
            typed,
            f"the field {word} has no value",
            f'write it without a space: {name}:VALUE; quote "{word}" where it is a word',
        )


def _fields(edition: Edition) -> list[str]:
    """All fields, with the facets that the library has of its own."""
    own = [facet.key for facet in edition.facets if facet.key not in FIELDS]
    return [*FIELDS, *own]


def _known(name: str | None, fields: Sequence[str]) -> str:
    """The field that `name` means, "" for none. Raises UsageError for an unknown one."""
    field = (name or "").lower()
    if field and field not in fields:
        error = unknown("field", field, fields)
        error.remedy += f'; if "{name}:" belongs to the words, leave a space after the colon'
        raise error
    return field


def _filter(part: _Part, edition: Edition) -> Filters:
    """One field as a filter."""
    if part.field == "phase":
        return Filters(phases=(key_of(edition, "phase", part.value),))
    if part.field == "layer":
        return Filters(layers=(key_of(edition, "layer", part.value),))
    if part.field == "year":
        first, last = _years(part.value)
        return Filters(year_from=first, year_to=last)
    if part.field == "author":
        return Filters(author=part.value)
    if part.field == "category":
        return Filters(category=part.value)
    if part.field == "collection":
        return Filters(collection=part.value)
    return Filters(tags=((part.field, key_of(edition, part.field, part.value)),))


def key_of(edition: Edition, facet: str, typed: str) -> str:
    """The category that `typed` names: its key, an older one, or the beginning of one alone.

    Raises UsageError that lists the known keys, or those that begin so.
    """
    wanted, keys = typed.lower(), edition.facet(facet).keys
    near = [key for key in keys if wanted and key.startswith(wanted)]
    now = edition.current(facet, wanted)
    if now or len(near) == 1:
        return now or near[0]
    raise unknown(facet, typed, near or keys)


def _years(typed: str) -> tuple[int | None, int | None]:
    """First and last year of 2024, 2023-2025, 2023..2025, 2023.. or ..2025."""
    found = _YEARS.fullmatch(typed)
    if found and any(found.groups()):
        one, first, last = (int(part) if part else None for part in found.groups())
        if one or not (first and last and last < first):
            return one or first, one or last
    raise _bad(typed, f"not a year or range of years: {typed}", "give year:2024 or year:2023..2025")


def _bad(typed: str, why: str, remedy: str) -> UsageError:
    return UsageError(why, item=typed, remedy=remedy, code="bad_query")
