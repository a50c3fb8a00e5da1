r"""LaTeX as bibliographies hold it, as plain text: `{\"o}` is ö, `{G}PT` is GPT."""

from __future__ import annotations

import re
from functools import cache

from pylatexenc.latex2text import (
    LatexNodes2Text,
    MacroTextSpec,
    get_default_latex_context_db,
)
from pylatexenc.latexwalker import LatexWalkerError

from ingest.errors import SourceError

MAX_FIELD = 200_000
"""Characters of one field: the longest abstracts have 6,000; a longer field is no such."""

# Text without one of these is what it says.
_TEX = re.compile(r"[\\{}$~]|--|''|``")
# What opens and closes maths: no space on its inner side and no digit after it, so that
# "from $5 to $6" stays money.
_MATHS = re.compile(r"(?<!\\)\$(?=[^\s$])(?:[^$\\]|\\.)*?(?<!\s)\$(?!\d)", re.DOTALL)

# Macros that pylatexenc would drop or dress up.
_AS_TEXT = {
    "textbraceleft": "{",
    "textbraceright": "}",
    "textless": "<",
    "textgreater": ">",
    "textbar": "|",
    "textquotedbl": '"',
    "textasciigrave": "`",
    "textasciicircum": "^",
    "textasciitilde": "~",
    "textunderscore": "_",
    "textdollar": "$",
    "texttimes": "×",
    "newblock": " ",
}


@cache
def _decoder() -> LatexNodes2Text:
    known = get_default_latex_context_db()
    macros = [MacroTextSpec(name, simplify_repl=text) for name, text in _AS_TEXT.items()]
    # The type face of a name is no part of it; what pylatexenc does not know it leaves out whole.
    macros += [MacroTextSpec(name, simplify_repl="%s") for name in ("url", "texttt", "mathtt")]
    macros += [MacroTextSpec("cite", simplify_repl="")]
    known.add_context_category("bibliography", macros=macros, prepend=True)
    return LatexNodes2Text(latex_context=known, math_mode="text")


def knows(name: str) -> bool:
    """True for a macro whose printed text is known; `plain` leaves out every other."""
    known = _decoder().latex_context
    return known.get_macro_spec(name) is not known.unknown_macro_spec


def plain(tex: str) -> str:
    """The text that `tex` prints.

    Raises SourceError `bad_latex` for what nests too deep, `too_long` over MAX_FIELD.
    """
    if len(tex) > MAX_FIELD:
        raise SourceError(
            "too_long", f"A field has {len(tex):,} characters.", "", f"Keep to {MAX_FIELD:,}."
        )
    if not _TEX.search(tex):
        return tex
    try:
        # A % in a field is a per cent sign that nobody escaped, not a comment; & parts no cells.
        whole = re.sub(r"(?<!\\)([%&])", r"\\\1", tex)
        # An accent on nothing is the sign itself.
        whole = re.sub(r"\\~\{\s*\}", r"\\textasciitilde{}", whole)
        whole = re.sub(r"\\\^\{\s*\}", r"\\textasciicircum{}", whole)
        text: str = _decoder().latex_to_text(_money(whole))
    except (LatexWalkerError, RecursionError, ValueError, IndexError, AttributeError) as error:
        raise SourceError(
            "bad_latex", "The LaTeX of a field cannot be read.", "", "Mend its braces and macros."
        ) from error
    return text


def _money(tex: str) -> str:
    """`tex` with every dollar sign escaped that opens or closes no maths."""
    if "$" not in tex:
        return tex
    kept, at = [], 0
    for maths in _MATHS.finditer(tex):
        kept += [re.sub(r"(?<!\\)\$", r"\\$", tex[at : maths.start()]), maths.group()]
        at = maths.end()
    return "".join(kept) + re.sub(r"(?<!\\)\$", r"\\$", tex[at:])
