"""Cells that a spreadsheet would run: made harmless on the way out, as they were on the way in."""

from __future__ import annotations

import re

# A cell that begins like this is a formula to Excel, LibreOffice or Google Sheets. Leading
# apostrophes are counted in, so that taking one off again always gives the original.
_FORMULA = re.compile(r"'*[\s]*[=+\-@|%\uff1d\uff0b\uff0d\uff20]")


def guarded(text: str) -> str:
    """`text` with an apostrophe in front where a spreadsheet would take it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """The text that `guarded` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text
