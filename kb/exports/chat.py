"""A chat as Markdown: questions, answers, quotes with their places, BibTeX of what is cited."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kb.catalogue.chats import Turn
from kb.grouping import CLOSEST
from kb.quotes import legible
from kb.rechecks import Recheck

# Markup within a line; an underscore within a word is none, nor is an ampersand alone.
_MARKUP = re.compile(r"[\\`*\[\]{$~]|(?<!\w)_|_(?!\w)")
_ENTITY = re.compile(r"&(?=#|\w+;)")
# Markup of a whole line, where a text begins one: heading, quote, list, rule, underline.
_OPENING = re.compile(r"^(?:(?=[#>+=|-])|(\d{1,9})(?=[.)](?:\s|$)))")
_CLOSING = re.compile(r"(?=#+$)")
_WEB = re.compile(r"https?://[^\s<>()\\]+")


def chat_markdown(
    title: str,
    turns: Sequence[tuple[Turn, Sequence[Recheck]]],
    keys: Mapping[str, str],
    bibtex: str,
) -> str:
    """The chat for a reader.

    Takes: turns, each with what became of its citations; keys, the citation keys of the
    papers cited by paper id; bibtex, the entries of these papers.
    """
    lines = [f"# {escaped(title)}", ""]
    for turn, checked in turns:
        lines += [f"## {escaped(turn.question)}", "", f"Asked {escaped(turn.at)}.", ""]
        lines += _turn(turn, checked, keys)
    if bibtex:
        # A fence longer than any run of backticks that an abstract brings along.
        fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", bibtex)), 3)
        lines += ["## BibTeX", "", f"{fence}bibtex", bibtex.rstrip(), fence]
    return "\n".join(lines).rstrip() + "\n"


def escaped(text: str) -> str:
    """`text` on one line so that Markdown and HTML print it as it is, and no more escaped."""
    line = _MARKUP.sub(r"\\\g<0>", legible(text))
    line = _ENTITY.sub("&amp;", line).replace("<", "&lt;")
    line = _OPENING.sub(lambda found: f"{found[1] or ''}\\", line)
    return _CLOSING.sub(r"\\", line, count=1)


def _turn(turn: Turn, checked: Sequence[Recheck], keys: Mapping[str, str]) -> Iterator[str]:
    answer = turn.answer
    if told := dict(answer.get("understood") or {}).get("told"):
        yield from (f"Understood as: {escaped(str(told))}", "")
    narrowed = [f"{name} {_said(value)}" for name, value in answer.get("filters", {}).items()]
    if narrowed:
        yield from (f"Of the papers with {escaped('; '.join(narrowed))}.", "")
    if not answer.get("answered"):
        yield from (f"Not answered: {escaped(str(answer.get('reason', '')))}", "")
    for heading, sentences in _grouped(answer):
        if heading:
            yield from (f"### {escaped(heading)}", "")
        for one in sentences:
            marks = "".join(f"\\[{int(n)}\\]" for n in one.get("citations", ()))
            yield from (f"{escaped(str(one.get('text', '')))} {marks}".rstrip(), "")
    for one, now in zip(answer.get("citations", ()), checked, strict=True):
        yield _citation(one, now, keys)
    yield ""


def _grouped(answer: Mapping[str, Any]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """(heading or "", sentences) of each group, as the answer was shown."""
    said = list(answer.get("sentences", ()))
    groups = list(answer.get("groups", ()))
    if not groups or (len(groups) == 1 and groups[0]["title"] == CLOSEST):
        return [("", said)]
    return [
        (str(one["title"]), [said[i] for i in one["sentences"] if i < len(said)]) for one in groups
    ]


def _citation(one: Mapping[str, object], now: Recheck, keys: Mapping[str, str]) -> str:
    title, url = escaped(str(one.get("title", ""))), legible(str(one.get("url", "")))
    linked = f"[{title}](<{url}>)" if _WEB.fullmatch(url) else title
    section = now.passage.section if now.passage else str(one.get("section", ""))
    page = now.passage.page if now.passage else one.get("page")
    place = escaped(section) + (f", p. {page}" if page else "")
    key = keys.get(now.paper_id)
    cited = f", @{key}" if key else ""
    quote = f"“{escaped(str(one.get('quote', '')))}”"
    if not now.holds:
        quote = f"~~{quote}~~"
    told = f" {escaped(now.told)}" if now.told else ""
    facts = f"{one.get('year') or 'n. d.'}; {place}{cited}"
    return f"- \\[{one.get('n')}\\] {linked} ({facts}): {quote}{told}"


def _said(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
