"""Where sentences begin and end."""

from __future__ import annotations

import re

# A full stop after these never ends a sentence.
_NEVER = frozenset(
    "e.g i.e eg ie cf vs viz fig figs eq eqs eqn eqns sect secs tab tabs refs nos dr mr mrs ms "
    "prof st vols pp chap appx appdx alg thm approx resp w.r.t wrt a.k.a aka ca incl esp dept univ "
    "proc eds ph.d m.sc b.sc s.t jan feb mar apr jun jul aug sep sept oct nov dec".split()
)
# These may end one: they do where a word that usually opens a sentence follows.
_MAYBE = frozenset(
    "al et etc inc ltd co corp u.s u.k u.s.a e.u jr sr i.i.d a.i no app ref sec ch vol def prop "
    "lem cor ex int trans ed rev gen sen rep hon conf".split()
)
_OPENERS = frozenset(
    "the we this these those that our in it they however to for as a an while although when where "
    "if moreover furthermore finally first second third then thus therefore hence here there on "
    "by with from since but and their its both such each many most some all one two despite "
    "experiments results recent existing additionally also instead specifically overall".split()
)
_BOUNDARY = re.compile(
    r"""(?P<stop>[.!?…]+)(?P<close>["'”’)\]»]*)(?P<gap>\s+)(?=["'“‘(\[«]*[A-Z0-9À-ÖØ-ÞΑ-ΩА-Я•])
        |(?P<blank>\s*\n\s*\n\s*)
        |(?P<wide>[。！？])(?=\S)""",
    re.VERBOSE,
)
_LAST_WORD = re.compile(r"[^\s(\[“‘\"']+$")
_NEXT_WORD = re.compile(r"[\"'“‘(\[«]*([A-Za-z]+)")


def _opens(text: str, at: int) -> bool:
    found = _NEXT_WORD.match(text, at)
    return bool(found) and found[1].lower() in _OPENERS  # type: ignore[index]


def _ends_here(text: str, start: int, found: re.Match[str]) -> bool:
    """Whether the stop that `found` matched, in a sentence begun at `start`, ends it."""
    stop = found.group("stop")
    if stop != ".":
        # "..." and "?" end a sentence; "!" inside names (Yahoo!) is too rare to guard.
        return True
    if found.group("close"):
        return True
    at = found.start("stop")
    before = _LAST_WORD.search(text, max(start, at - 24), at)
    word = before[0] if before else ""
    bare = word.lower().lstrip("-–—/")
    if bare in _NEVER:
        return False
    if bare in _MAYBE:
        return _opens(text, found.end())
    if len(word) == 1 and word.isalpha() and word.isupper():
        # An initial (J. Smith); "in Appendix A. The rest" ends.
        return _opens(text, found.end())
    # A list number that opens the sentence ("1. First item") does not end it.
    return not (word.isdigit() and before is not None and before.start() == start)


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Character spans (start, end) of the sentences of `text`, in order, none empty.

    White space between sentences belongs to none. A blank line always ends a sentence; a
    single line break never does. Abbreviations, initials and decimals end none.
    """
    spans: list[tuple[int, int]] = []
    start = len(text) - len(text.lstrip())
    for found in _BOUNDARY.finditer(text):
        if found.lastgroup == "blank" or found.group("blank") is not None:
            end = found.start()
        elif found.group("wide"):
            end = found.end()
        elif _ends_here(text, start, found):
            end = found.start("gap")
        else:
            continue
        if end > start:
            spans.append((start, end))
        start = max(start, found.end())
    end = len(text.rstrip())
    if end > start:
        spans.append((start, end))
    return spans
