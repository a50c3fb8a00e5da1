"""The colours of pictures: told apart by the colour-blind, and seen on their ground.

Held by tests/kb/test_pictures.py: every two colours of a set differ by a CIEDE2000 of 10 or
more, also as protanopes, deuteranopes and tritanopes see them, and each has a contrast of
3 : 1 or more with its ground. Marks of other shapes say the same without colour.
"""

from __future__ import annotations

# Okabe and Ito's, but for those that are too pale on white or too dark on near-black.
ON_LIGHT = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#332288", "#5a4a00")
ON_DARK = ("#56b4e9", "#d55e00", "#009e73", "#cc79a7", "#f0e442", "#9048c0")

MACHINE, PERSON = "#0072b2", "#d55e00"
"""Who gave a tag; on either ground."""

KINDS = {"phase": "#0072b2", "challenge": "#d55e00", "paper": "#009e73"}
"""Nodes of the challenge graph, by kind; on either ground."""

INK, PALE, RULE = "#1b1f24", "#57606a", "#d0d7de"
"""Text, small text and thin lines, on white."""

# Blues of one hue: they stay in order for the colour-blind and in print without colour.
_LIGHT, _DARK = (222, 235, 247), (8, 81, 156)
_WHITE_FROM = 0.74
"""Depth of colour from which white text has more contrast than black: 4.5 : 1 or more."""


def shade(depth: float) -> str:
    """The blue of a depth from 0 (pale) to 1."""
    parts = (round(a + (b - a) * depth) for a, b in zip(_LIGHT, _DARK, strict=True))
    return "#" + "".join(f"{part:02x}" for part in parts)


def ink_on(depth: float) -> str:
    """The colour of text on that blue."""
    return "#ffffff" if depth > _WHITE_FROM else "#000000"
