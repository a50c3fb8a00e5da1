"""The values of BibTeX fields, before TeX reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping

MACROS = {name: name for name in "jan feb mar apr may jun jul aug sep oct nov dec".split()}
"""Abbreviations that every style knows."""


def joined(raw: object, macros: Mapping[str, str]) -> str:
    """A field's value: pieces joined by `#`, each in braces, in quotes or an abbreviation."""
    pieces, depth, quoted, start = [], 0, False, 0
    text = str(raw)
    for at, char in enumerate(text if "#" in text else ""):
        depth += (char == "{") - (char == "}")
        quoted ^= char == '"' and depth == 0
        if char == "#" and depth == 0 and not quoted:
            pieces.append(text[start:at])
            start = at + 1
    pieces.append(text[start:])
    return "".join(_piece(piece.strip(), macros) for piece in pieces)


def _piece(piece: str, macros: Mapping[str, str]) -> str:
    if len(piece) > 1 and (piece[0] + piece[-1]) in ("{}", '""'):
        return piece[1:-1]
    return macros.get(piece.lower(), piece)


def verbatim(value: str) -> str:
    """An address or id, of which TeX may have needed some characters escaped."""
    address = re.fullmatch(r"\\(?:url|href)\{(.*?)\}.*", value)
    bare = address[1] if address else value
    return re.sub(r"\{?\\([_&%#$~])\}?", r"\1", bare).strip("{} ")
