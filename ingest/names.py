"""Names of authors: one order (First Last) whatever the source writes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_SUFFIX = re.compile(r"(?:jr|sr)\.?|I{2,3}|IV", re.IGNORECASE)
_INITIALS = re.compile(r"(?:[^\W\d_]\.[\s-]?)+|[A-Z]{1,3}", re.UNICODE)
_OTHERS = re.compile(r"(?:and\s+)?(?:others|et\s+al\.?|\.\.\.|…)", re.IGNORECASE)
# Words that end or mark the name of a group, which has no family name.
_GROUP = re.compile(
    r"\b(?:team|group|consortium|collaboration|association|foundation|institute|university"
    r"|laborator(?:y|ies)|labs?|research|committee|project|inc|ltd|corporation)\b",
    re.IGNORECASE,
)


def is_suffix(word: str) -> bool:
    """True for `Jr.`, `III` and the like."""
    return bool(_SUFFIX.fullmatch(word))


@dataclass(frozen=True, slots=True)
class Name:
    """The parts of a person's name; a group has a `literal` and nothing else."""

    family: str = ""
    given: str = ""
    particle: str = ""
    """E.g. `van der`."""
    suffix: str = ""
    """E.g. `Jr.`."""
    literal: str = ""

    @property
    def text(self) -> str:
        """The name in reading order, e.g. `Jan van der Berg Jr.`."""
        parts = (self.given, self.particle, self.family, self.suffix)
        return self.literal or " ".join(part for part in parts if part)


def parts_of(name: str) -> Name:
    """The parts of a name written in reading order; `parts_of(x).text` is always `x`.

    The family name is the last word, with the lower-case words right before it as its
    particle. A single word, a name with a comma and the name of a group stay whole.
    """
    words = name.split(" ")
    if len(words) < 2 or "," in name or "and" in words or _GROUP.search(name) or not all(words):
        return Name(literal=name)
    suffix = words.pop() if len(words) > 2 and _SUFFIX.fullmatch(words[-1]) else ""
    family, start = words[-1], len(words) - 1
    while start > 1 and words[start - 1].islower():
        start -= 1
    return Name(family, " ".join(words[:start]), " ".join(words[start:-1]), suffix)


def family_name(name: str) -> str:
    """The last word of a person's name, without suffix; the whole name of a group."""
    known = parts_of(name)
    return known.family or known.literal


def reading_order(name: str) -> str:
    """`Berg, Jan`, `Berg, Jan, Jr.`, `Berg, Jr., Jan` or Scopus's `Berg J.` as `Jan Berg`."""
    parts = [" ".join(part.split()) for part in name.split(",")]
    parts = [part for part in parts if part]
    if len(parts) == 2 and _SUFFIX.fullmatch(parts[1]):
        return " ".join(parts)
    if len(parts) == 2:
        return f"{parts[1]} {parts[0]}"
    if len(parts) == 3:
        last, suffix, first = parts if _SUFFIX.fullmatch(parts[1]) else (parts[0], *parts[:0:-1])
        return f"{first} {last} {suffix}"
    words = (parts[0] if len(parts) == 1 else ", ".join(parts)).split()
    if len(words) > 1 and re.fullmatch(r"(?:[^\W\d_]\.-?)+", words[-1]):
        return " ".join([words[-1], *words[:-1]])  # Berg J.
    return " ".join(words)


def people(names: Iterable[str]) -> tuple[str, ...]:
    """The names in reading order, without `others` and empty ones."""
    ordered = (reading_order(name) for name in names)
    return tuple(name for name in ordered if name and not _OTHERS.fullmatch(name))


def listed(text: str) -> tuple[str, ...]:
    """The people of one cell, whichever of `;`, `and` and `,` parts them."""
    text = re.sub(r"\s*\(\d+\)", "", text)  # Scopus puts its own number behind a name
    if re.search(r"[;|\n]", text):
        return people(re.split(r"[;|\n]", text))
    parts = re.split(r"\s+and\s+|\s+&\s+", text)
    if len(parts) == 1:
        return people(_by_comma(text))
    # `A B, C D and E F`; but `Berg, Jan and Lund, Eva` are two.
    if all(part.count(",") == 1 for part in parts):
        return people(parts)
    return people(name for part in parts for name in _by_comma(part))


def _by_comma(text: str) -> list[str]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) < 2:
        return parts
    if len(parts) % 2 == 0 and all(_INITIALS.fullmatch(part) for part in parts[1::2]):
        return [f"{last}, {first}" for last, first in zip(parts[::2], parts[1::2], strict=True)]
    if len(parts) == 2 and not all(" " in part for part in parts):
        return [", ".join(parts)]
    return parts
