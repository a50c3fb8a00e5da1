r"""Texts of papers that hold TeX, as they read: `2.68\%` is 2.68%, `$\times$` is ×.

For the screen only: what is stored, quoted, exported and checked stays as it is. Only what is
TeX beyond doubt is changed, so code, paths, prices and unknown macros stay as they stand.
Everything is given back as edits, so that spans of the stored text can be found in what is shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from kb.pages.parts.formula import FACES, SWITCHES, accented, formula, raised, symbol

Edit = tuple[int, int, str]
"""What of a text is replaced, from and up to which character, and by what."""

LONGEST = 20_000
"""Characters of a text that is still read; no abstract or passage is longer."""

_SIGNS = ("\\", "$", "--", "``", "~")
_FORMULA = 400  # characters between two dollar signs that may be a formula
_GROUP = 2_000  # characters between two braces

_SPAN = re.compile(
    rf"""
      (?P<kept> ```.*?``` | (?<!`)`(?!`)[^`\n]{{1,100}}`(?!`)  # code
        | https?://[^\s{{}}\\$]+ | \b[A-Za-z]:\\\S* | \\\\ )   # addresses, Windows paths
    | (?P<framed>\$)\\(?:{FACES}|href\{{[^{{}}]*\}})\{{  # a formula that is but words
        (?=(?:[^{{}}]|\{{[^{{}}]*\}}){{0,{_FORMULA}}}\}}\$)
    | (?P<dollar>\$\$?)(?P<formula>(?=\S)(?:[^$\\]|\\.){{1,{_FORMULA}}}?(?<=\S))(?P=dollar)
    | \\\((?P<inline>.{{1,{_FORMULA}}}?)\\\)
    | (?P<quote>(?<!`)``)(?=[^`]{{1,{_FORMULA}}}?(?P<unquote>''|"))
    | \\(?:{FACES})\{{ | \\(?:textcolor|href)\{{[^{{}}]*\}}\s?\{{ | \{{\\(?:{SWITCHES})\b\s*
    | (?P<note>\\footnote\{{) | (?P<address>\\url\{{)
    | (?P<cite>[ ~]?\\cite[a-z]?\*?(?:\[[^\]]*\])?\{{[^{{}}]*\}})
    | \\textsuperscript\{{(?P<power>[^{{}}]{{1,20}})\}}
    | \\(?P<escape>[%$&\#_])
    | (?P<space>(?<=[\w.,)}}])\\(?=\ ))
    | (?P<accent>(?<=[A-Za-z])\\(?:['`^~]|"(?=[aeiouyAEIOUY]))(?!s\b)[A-Za-z]
        | \\['"`^~=.uvHcrk]\{{[A-Za-z]\}} | \{{\\(?:['"`^~=.]|[uvHcrk]\ )[A-Za-z]\}})
    | (?<![A-Za-z_\\:/.])\\(?P<symbol>[A-Za-z]{{2,}})(?:\{{\}})?
    | (?P<tie>(?<=[\w.)}}])~(?=[(\[\\$]) | (?<=[A-Za-z\d]{{2}})~(?=[A-Za-z]{{2}}))
    | (?P<dash>(?<=[\w)}}\]%'"”$])---?(?=[\w(\[\\"'“`$]) | (?<=[^\s\-|]\ )---?(?=\ [^\s\-|]))
    """,
    re.VERBOSE | re.DOTALL,
)
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)


def readable(text: str) -> str:
    """`text` as it reads. For `plain` or `escaped`: it is as harmful as it was."""
    return _edited(text, _edits(text))


def readable_spans(
    text: str, spans: Sequence[tuple[int, int]]
) -> tuple[str, list[tuple[int, int]]]:
    """`text` as it reads, and where (start, end) spans of it stand in that.

    A span that ends within a formula takes the whole of it.
    """
    edits = _edits(text)
    return _edited(text, edits), [
        (_place(edits, start), _place(edits, end, after=True)) for start, end in spans
    ]


def _edited(text: str, edits: Sequence[Edit]) -> str:
    out, at = [], 0
    for start, end, new in edits:
        out += [text[at:start], new]
        at = end
    return "".join([*out, text[at:]])


def _place(edits: Sequence[Edit], at: int, *, after: bool = False) -> int:
    moved = 0
    for start, end, new in edits:
        if at <= start:
            break
        if at < end:
            return start + moved + (len(new) if after else 0)
        moved += len(new) - (end - start)
    return at + moved


def _edits(text: str) -> list[Edit]:
    if len(text) > LONGEST or not any(sign in text for sign in _SIGNS):
        return []
    return list(_found(text, 0, len(text)))


def _found(text: str, at: int, end: int) -> Iterator[Edit]:
    """What is to be replaced between two places, in order."""
    while found := _SPAN.search(text, at, end):
        at = found.end()
        if found["kept"]:
            continue
        if group := _group(text, found, end):
            opened, closed = group
            yield found.start(), at, opened
            if not found["address"]:
                yield from _found(text, at, closed[0])
            yield closed
            at = closed[1]
        elif (said := _said(found)) is not None:
            yield found.start(), at, said
        else:
            at = found.start() + 1


def _group(text: str, found: re.Match[str], end: int) -> tuple[str, Edit] | None:
    """What the opening of a group becomes, and its closing; None where it is none."""
    if found["quote"]:
        return "“", (*found.span("unquote"), "”")
    if found.lastgroup not in (None, "note", "address", "framed"):
        return None
    stop = _closing(text, found.end(), min(end, found.end() + _GROUP))
    if stop < 0:
        return None
    told = bool(found["note"]) and stop > found.end()
    closed = stop + (2 if found["framed"] else 1)
    return " (" if told else "", (stop, closed, ")" if told else "")


def _closing(text: str, at: int, end: int) -> int:
    """Where the brace stands that closes the one before `at`; -1 where none does."""
    depth = 1
    for found in _BRACE.finditer(text, at, end):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if not depth:
            return found.start()
    return -1


def _said(found: re.Match[str]) -> str | None:
    """What a piece of TeX says; None where it stays as it stands."""
    kind = found.lastgroup or ""
    text = found[kind] if kind else ""
    after = found.string[found.end() : found.end() + 1]
    said: dict[str, Callable[[], str | None]] = {
        "formula": lambda: formula(text, after),
        "inline": lambda: formula(text, ""),
        "power": lambda: raised(text),
        "symbol": lambda: symbol(text),
        "accent": lambda: accented(text),
        "dash": lambda: "—" if len(text) == 3 else "–",
        "escape": lambda: text,
        "tie": lambda: "\u00a0",
        "cite": lambda: "",
        "space": lambda: "",
    }
    return said[kind]() if kind in said else None
