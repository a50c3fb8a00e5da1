"""The codebooks as data: facets, their categories, and where each entry comes from.

CodebookError              a codebook file is wrong, or a name is not in it
└── UnknownNameError       no facet or category of that name; lists the known ones
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

SHIPPED: tuple[Path, ...] = (
    Path(__file__).with_name("phases.toml"),
    Path(__file__).with_name("layers.toml"),
)
"""The two codebooks that come with the project, in the order they are shown."""

SOURCES = ("survey", "secondary", "inferred")
"""Where a name or definition comes from: the survey's own words, others' description of
the survey, or inferred by this project or its user."""

CONFIDENCES = ("high", "medium", "low")
"""How sure the author of the entry is that it says what its source means."""

_KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class CodebookError(Exception):
    """A codebook file cannot be used.

    Takes: message, one sentence; item, the file and entry it is about; remedy, what to do.
    """

    def __init__(self, message: str, item: str = "", remedy: str = "") -> None:
        super().__init__(message, item, remedy)
        self.message = message
        self.item = item
        self.remedy = remedy

    def __str__(self) -> str:
        where = f"{self.item}: " if self.item else ""
        return f"{where}{self.message}" + (f" {self.remedy}" if self.remedy else "")


class UnknownNameError(CodebookError):
    """There is no facet or category of that name.

    Takes: kind, `facet` or `category`; name, what was asked for; known, what there is.
    """

    def __init__(self, kind: str, name: str, known: Sequence[str]) -> None:
        super().__init__(f"There is no {kind} {name!r}.", "", f"Known: {', '.join(known)}.")
        self.name = name
        self.known = tuple(known)


@dataclass(frozen=True, slots=True)
class Category:
    """One place in a facet where a paper can belong."""

    key: str
    """Stable key, lower-case words joined by hyphens; unique within its facet."""
    name: str
    """The name as shown to people."""
    definition: str
    """What the category means, in this project's words."""
    include: tuple[str, ...]
    """What belongs here although one could doubt it."""
    exclude: tuple[str, ...]
    """What does not belong here, and where it goes instead."""
    cues: tuple[str, ...]
    """Words and phrases that hint at the category, lower case; hints, not rules."""
    example: str
    """A made-up paper that belongs here, in one sentence."""
    source: str
    """Where the name comes from; one of `SOURCES`."""
    confidence: str
    """How sure the entry is; one of `CONFIDENCES`."""
    definition_source: str = "inferred"
    """Where the definition comes from; one of `SOURCES`."""
    stage: str = ""
    """The stage the category belongs to (a layer's phase of code generation); "" if none."""
    stage_source: str = "inferred"
    """Where the assignment to the stage comes from; one of `SOURCES`."""
    parent: str = ""
    """Key of the category this is a sub-area of; "" for a category of its own."""


@dataclass(frozen=True, slots=True)
class Facet:
    """One question asked of every paper, with the categories that can answer it."""

    key: str
    """Stable key, singular: `phase`, `layer`."""
    plural: str
    """The key's plural, as used in outputs: `phases`, `layers`."""
    name: str
    """The name as shown to people."""
    question: str
    """What is asked of a paper."""
    version: str
    """The version its author declares; raise it whenever meanings change."""
    citation: str
    """The publication the facet comes from; "" for a user's own."""
    arxiv_id: str
    """arXiv id of that publication, without version; "" if none."""
    note: str
    """What a reader must know about that source."""
    categories: tuple[Category, ...]
    """In the order they are shown."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of its categories, in order."""
        return tuple(category.key for category in self.categories)

    def category(self, key: str) -> Category:
        """The category of that key. Raises UnknownNameError, which lists the known keys."""
        for category in self.categories:
            if category.key == key:
                return category
        raise UnknownNameError(f"{self.key}", key, self.keys)


@dataclass(frozen=True, slots=True)
class Codebook:
    """All facets in use."""

    facets: tuple[Facet, ...]
    """In the order they are shown."""
    version: str
    """Declared versions and a short hash of the content: changes with every edit."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of its facets, in order."""
        return tuple(facet.key for facet in self.facets)

    def facet(self, key: str) -> Facet:
        """The facet of that key (singular). Raises UnknownNameError, listing the known."""
        for facet in self.facets:
            if facet.key == key:
                return facet
        raise UnknownNameError("facet", key, self.keys)


def _check_names(table: Mapping[str, Any], known: set[str], needed: set[str], item: str) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise CodebookError(
            f"Unknown key {unknown[0]!r}.", item, f"Known: {', '.join(sorted(known))}."
        )
    missing = sorted(needed - set(table))
    if missing:
        raise CodebookError(f"The key {missing[0]!r} is missing.", item, "Add it.")


def _text(table: Mapping[str, Any], key: str, item: str, default: str | None = None) -> str:
    value = table.get(key, default)
    if not isinstance(value, str) or (default is None and not value.strip()):
        raise CodebookError(f"{key!r} must be a text that is not empty.", item)
    return value.strip()


def _texts(table: Mapping[str, Any], key: str, item: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(x, str) and x.strip() for x in value):
        raise CodebookError(f"{key!r} must be a list of texts.", item)
    return tuple(x.strip() for x in value)


def _one_of(value: str, allowed: Sequence[str], key: str, item: str) -> str:
    if value not in allowed:
        raise CodebookError(f"{key!r} is {value!r}.", item, f"Known: {', '.join(allowed)}.")
    return value


def _key(table: Mapping[str, Any], item: str) -> str:
    key = _text(table, "key", item)
    if not _KEY.fullmatch(key):
        raise CodebookError(f"{key!r} is no key.", item, "Use lower-case words joined by hyphens.")
    return key


_CATEGORY_KEYS = {field.name for field in fields(Category)}
_CATEGORY_NEEDS = {"key", "name", "definition"}
_FACET_KEYS = {"key", "plural", "name", "question", "version", "source", "category"}
_FACET_NEEDS = {"key", "plural", "name", "version", "category"}
_SOURCE_KEYS = {"title", "authors", "arxiv_id", "note"}


def _category(table: object, where: str) -> Category:
    if not isinstance(table, dict):
        raise CodebookError("Each category must be a [[category]] table.", where)
    item = f"{where}, category {table.get('key', '?')!r}"
    _check_names(table, _CATEGORY_KEYS, _CATEGORY_NEEDS, item)
    cues = _texts(table, "cues", item)
    if any(cue != cue.lower() for cue in cues):
        raise CodebookError("'cues' must be lower case.", item)
    return Category(
        key=_key(table, item),
        name=_text(table, "name", item),
        definition=_text(table, "definition", item),
        include=_texts(table, "include", item),
        exclude=_texts(table, "exclude", item),
        cues=cues,
        example=_text(table, "example", item, ""),
        source=_one_of(_text(table, "source", item, "inferred"), SOURCES, "source", item),
        confidence=_one_of(
            _text(table, "confidence", item, "medium"), CONFIDENCES, "confidence", item
        ),
        definition_source=_one_of(
            _text(table, "definition_source", item, "inferred"), SOURCES, "definition_source", item
        ),
        stage=_text(table, "stage", item, ""),
        stage_source=_one_of(
            _text(table, "stage_source", item, "inferred"), SOURCES, "stage_source", item
        ),
        parent=_text(table, "parent", item, ""),
    )


def _check_categories(categories: Sequence[Category], item: str) -> None:
    if not categories:
        raise CodebookError("A facet needs at least one [[category]].", item)
    for label, names in (
        ("key", [category.key for category in categories]),
        ("name", [category.name.casefold() for category in categories]),
    ):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise CodebookError(f"The {label} {twice[0]!r} occurs twice.", item, "Rename one.")
    tops = {category.key for category in categories if not category.parent}
    for category in categories:
        if category.parent and category.parent not in tops:
            raise CodebookError(
                f"{category.key!r} is a sub-area of {category.parent!r}, which is no category.",
                item,
                f"Known: {', '.join(sorted(tops))}.",
            )
        if category.parent and "survey" in (category.source, category.definition_source):
            raise CodebookError(
                f"{category.key!r} is a sub-area, and the surveys name none.",
                item,
                'Say source = "inferred".',
            )


def _facet(table: Mapping[str, Any], item: str) -> Facet:
    _check_names(table, _FACET_KEYS, _FACET_NEEDS, item)
    source = table.get("source", {})
    entries = table["category"]
    if not isinstance(source, dict):
        raise CodebookError("'source' must be a [source] table.", item)
    if not isinstance(entries, list):
        raise CodebookError("Categories must be [[category]] tables.", item)
    _check_names(source, _SOURCE_KEYS, set(), f"{item}, source")
    categories = tuple(_category(entry, item) for entry in entries)
    _check_categories(categories, item)
    title, authors = (_text(source, name, item, "") for name in ("title", "authors"))
    return Facet(
        key=_key(table, item),
        plural=_text(table, "plural", item),
        name=_text(table, "name", item),
        question=_text(table, "question", item, ""),
        version=_text(table, "version", item),
        citation=f'{authors}, "{title}"' if authors and title else title,
        arxiv_id=_text(source, "arxiv_id", item, ""),
        note=_text(source, "note", item, ""),
        categories=categories,
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CodebookError(f"It cannot be read: {error.strerror}.", str(path)) from error


def load(paths: Sequence[Path] | None = None) -> Codebook:
    """Read and check codebook files, one facet a file.

    Takes: paths, TOML files in the order to show them; None for the two shipped
    (`SHIPPED`). Raises CodebookError for anything missing, unknown, double or misspelt.
    """
    files = tuple(SHIPPED if paths is None else paths)
    if not files:
        raise CodebookError("No codebook file was given.", "", "Give at least one.")
    facets: list[Facet] = []
    for path in files:
        content = _read(path)
        try:
            table = tomllib.loads(content.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            # A number of 5,000 digits and a thousand brackets are TOML too.
            raise CodebookError(f"It is not TOML: {error!s:.200}.", str(path)) from error
        facet = _facet(table, str(path))
        for other in facets:
            if facet.key == other.key or facet.plural == other.plural:
                raise CodebookError(f"The facet {facet.key!r} occurs twice.", str(path))
        facets.append(facet)
    return of_facets(facets)


def of_facets(facets: Sequence[Facet]) -> Codebook:
    """The codebook of some facets; its version follows from their content."""
    digest = hashlib.sha256()
    for facet in facets:
        # Hash what is meant, not how the file is laid out.
        digest.update(repr(facet).encode())
    declared = "+".join(f"{facet.key}-{facet.version}" for facet in facets)
    return Codebook(tuple(facets), f"{declared}.{digest.hexdigest()[:8]}")


def read_facet(table: Mapping[str, Any], item: str) -> Facet:
    """A facet from a table of the files' form, checked. Raises CodebookError, naming `item`."""
    return _facet(table, item)


def read_category(table: Mapping[str, Any], item: str) -> Category:
    """A category from a table of the files' form, checked. Raises CodebookError."""
    return _category(table, item)


def category_table(category: Category) -> dict[str, Any]:
    """A category in the files' form, without what is empty."""
    values = ((field.name, getattr(category, field.name)) for field in fields(Category))
    kept = {name: list(value) if isinstance(value, tuple) else value for name, value in values}
    if not category.stage:
        del kept["stage_source"]
    return {name: value for name, value in kept.items() if value not in ("", [])}


def facet_table(facet: Facet) -> dict[str, Any]:
    """A facet in the files' form: what `read_facet` reads back as the same facet."""
    source = {"title": facet.citation, "arxiv_id": facet.arxiv_id, "note": facet.note}
    own = {name: getattr(facet, name) for name in ("key", "plural", "name", "version", "question")}
    return {
        **{name: value for name, value in own.items() if value},
        "source": {name: value for name, value in source.items() if value},
        "category": [category_table(category) for category in facet.categories],
    }
