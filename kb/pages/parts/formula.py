r"""A formula in TeX as one line of characters: `O(n^2)` is O(n²), `\leq 3` is ≤ 3.

What such a line cannot tell (a fraction, a macro of the authors) is left to stay as it stands.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from ingest.errors import IngestError
from ingest.latex_text import knows
from ingest.latex_text import plain as without_tex

# Macros that only change the face of what they hold, and those that change it up to a brace.
FACES = (
    "emph|mbox|num|text|textbf|textit|textmd|textnormal|textrm|textsc|textsf|textsl|textsubscript"
    "|texttt|textup|ul|uline|underline|mathbf|mathit|mathrm|mathsf|mathtt"
)
SWITCHES = "bf|bfseries|em|footnotesize|it|itshape|normalfont|rm|sc|scshape|sf|sl|small|tt"

_MACRO = re.compile(r"\\([A-Za-z]+)")
_SET = re.compile(
    rf"\\(?:{FACES}|boldsymbol|operatorname)\{{([^{{}}]*)\}}"
    rf"|\{{\\(?:{SWITCHES})\s+([^{{}}]*)\}}"
)
_ENDS_IN_MACRO = re.compile(r"\\[A-Za-z]+\Z")
_CODED = re.compile(r"\\unicode\{x([0-9A-Fa-f]{1,5})\}")
# What is in no price and no variable; and what may stand before a letter.
_SURE = re.compile(r"\\[A-Za-z{|,;!]|\^")
_BARE = re.compile(r"[+\-−]?\d(?:[\d.,]*\d)?(?:\\?%)?|[.<>=+\-−]")
_SHIFTED = re.compile(r"([\^_])\{([^{}]*)\}")
_FRACTION = re.compile(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}")
_POWER = re.compile(r"\^([+-]?\d+|[+-](?!\w))")
# Money, and prose between the signs of two amounts.
_PROSE = re.compile(r"\d[\d.,]*\w?\b[^\\]*\s[^\\]*[A-Za-z]{2}|(?:[^\s<=>]+\s+){4}")

# What one line of characters does not tell, and what leaves the line.
_BUILT = frozenset(
    "begin binom cases choose dfrac end frac includegraphics input overset over ref stackrel"
    " substack tfrac underset".split()
)
_WORDS = {
    "LaTeX": "LaTeX",
    "TeX": "TeX",
    "BibTeX": "BibTeX",
    "eg": "e.g.",
    "ie": "i.e.",
    "etc": "etc.",
}
_RAISED = str.maketrans("0123456789+-\u2212n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ")


@lru_cache(maxsize=4096)
def formula(tex: str, after: str) -> str | None:
    """A formula in characters; None where these do not tell it, or where it may be none.

    Takes: after, the character behind its closing sign ("" at the end).
    """
    if not _SURE.search(tex) and not _alone(tex, after):
        return None
    line = _CODED.sub(lambda code: chr(int(code[1], 16)), tex)
    for _ in range(2):  # one in the other
        line = _SET.sub(_unset, line)
    line = _FRACTION.sub(_over, _SHIFTED.sub(_shifted, line))
    names = set(_MACRO.findall(line))
    if names & _BUILT or not all(len(name) > 1 and knows(name) for name in names):
        return None
    try:
        shown = without_tex(f"${line.strip()}$").strip()
    except IngestError:
        return None
    return _POWER.sub(lambda power: raised(power[1]), shown) or None


def _unset(found: re.Match[str]) -> str:
    """What stands in another face, apart from the name of a macro before it."""
    apart = " " if _ENDS_IN_MACRO.search(found.string, 0, found.start()) else ""
    return apart + (found[1] or found[2] or "")


def _alone(tex: str, after: str) -> bool:
    """False where what stands between two signs without TeX may be money or a variable."""
    if after.isalnum() or after in ("{", "_"):
        return bool(_BARE.fullmatch(tex)) and not (after.isdigit() and tex[-1].isdigit())
    return not _PROSE.match(tex)


def _shifted(found: re.Match[str]) -> str:
    sign, text = found[1], found[2].strip()
    if sign == "^" and re.fullmatch(r"[\d+n-]+", text):
        return raised(text)
    return sign + _held(text)


def _over(found: re.Match[str]) -> str:
    return f"{_held(found[1].strip())}/{_held(found[2].strip())}"


def _held(text: str) -> str:
    """What stood in braces, in brackets where it is more than one thing."""
    return text if re.fullmatch(r"\\?\w*", text) else f"({text})"


def raised(text: str) -> str:
    """The digits and signs of `text` as an exponent: 10 is ¹⁰."""
    return text.translate(_RAISED)


@lru_cache(maxsize=1024)
def symbol(name: str) -> str | None:
    r"""The one sign that a macro outside a formula prints: `times` is ×; None where it is none."""
    if name in _WORDS:
        return _WORDS[name]
    if not knows(name) or name in _BUILT:
        return None
    try:
        said = without_tex(f"\\{name}{{}}")
    except IngestError:
        return None
    sign = len(said) == 1 and (not said.isascii() or name.startswith("text"))
    return said if sign else None


@lru_cache(maxsize=1024)
def accented(tex: str) -> str | None:
    r"""A letter with its accent: `\'e` is é; None where there is no such letter."""
    try:
        letter = unicodedata.normalize("NFC", without_tex(tex))
    except IngestError:
        return None
    return letter if len(letter) == 1 else None
