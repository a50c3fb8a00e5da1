"""Finds the app's words for translation, as Babel asks for them: `make words` runs it.

The shipped codebook's own words are found too: its facets and categories, which pages show with
`words._`. What a library's people have renamed or added is shown as they wrote it.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Collection, Iterator, Mapping
from typing import Any, BinaryIO

Found = tuple[int, str, str | tuple[str, ...], list[str]]
"""Line, name of the mark, text or its two forms, comments."""

_TEXTS = {"_": 1, "later": 1, "many": 2}
"""How many of the first arguments of each mark are texts."""


def of_code(
    file: BinaryIO,
    keywords: Collection[str],  # noqa: ARG001 - Babel gives them to every extractor
    comment_tags: Collection[str],  # noqa: ARG001
    options: Mapping[str, str],  # noqa: ARG001
) -> Iterator[Found]:
    """The marked texts of a Python file, also within f-strings, which Babel's own passes over."""
    for node in ast.walk(ast.parse(file.read())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            count = _TEXTS.get(node.func.id, 0)
            texts = tuple(
                one.value
                for one in node.args[:count]
                if isinstance(one, ast.Constant) and isinstance(one.value, str)
            )
            if count and len(texts) == count:
                yield node.lineno, node.func.id, texts[0] if count == 1 else texts, []


def of_codebook(
    file: BinaryIO,
    keywords: Collection[str],  # noqa: ARG001
    comment_tags: Collection[str],  # noqa: ARG001
    options: Mapping[str, str],  # noqa: ARG001
) -> Iterator[Found]:
    """What a facet's file says to people; its cues stay, for they are what is looked for."""
    for text in _shown(tomllib.load(file)):
        yield 1, "_", text, []


def _shown(held: Mapping[str, Any]) -> Iterator[str]:
    yield from (str(held[name]) for name in ("name", "question") if held.get(name))
    if note := held.get("source", {}).get("note"):
        yield str(note)
    for one in held.get("category", ()):
        yield from (str(one[name]) for name in ("name", "definition", "example") if one.get(name))
        yield from (str(text) for name in ("include", "exclude") for text in one.get(name, ()))
