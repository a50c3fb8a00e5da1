"""Text from papers and people as HTML and Markdown that can only ever be text.

Everything here is pure: strings in, strings out. Whatever comes from a paper, a file name
or a question goes through `escaped` or `plain` before it meets the browser.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence

from ingest.url import is_web_address
from kb import shown
from kb.pages.parts import tex
from kb.quotes import normalise

_WORD = re.compile(r"[^\W_]+")

_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$^:=\"'&@/])")

# `:name:` and `:name/…` become emoji and icons even when the colon is escaped.
_SHORTCODE = re.compile(r":(?=[A-Za-z_])")

# An address of mail becomes a link even when its sign is escaped.
_MAIL = re.compile(r"(?<=\w)@(?=\w)")

_WORD_JOINER = "\u2060"

# Words that are in nearly every question and would mark half a snippet.
_COMMON = frozenset(
    "a an and are as at be by do does for from has have how in into is it its of on or that the"
    " their there these they this to was what when where which who why will with".split()
)

visible = shown.visible
readable = tex.readable

_ENDINGS = ("ions", "ion", "ings", "ing", "ies", "ed", "es", "s")


def escaped(text: str) -> str:
    """`text` for HTML, in an element or in a quoted attribute."""
    return html.escape(visible(text), quote=True)


def plain(text: str) -> str:
    """`text` for a Markdown label of Streamlit: on one line, and nothing in it is markup."""
    line = " ".join(visible(text).split())
    broken = _SHORTCODE.sub(f":{_WORD_JOINER}", line)
    broken = _MAIL.sub(f"@{_WORD_JOINER}", broken)
    return _PUNCTUATION.sub(r"\\\1", broken)


def title(text: str) -> str:
    """A paper's title as it reads, where it holds TeX: `T$^2$` is T². For `plain` or `escaped`."""
    return readable(text)


def message(text: str) -> str:
    """What went wrong, for Markdown: `plain`, without the backticks meant for a terminal."""
    return plain(text.replace("`", ""))


def address(url: str) -> str:
    """`url` for an href; "" where it is no web address (a `javascript:` link, say)."""
    return escaped(url) if is_web_address(url) else ""


def link(url: str, label: str) -> str:
    """A link that opens a tab of its own; the label alone where `url` is none."""
    safe = address(url)
    if not safe:
        return escaped(label)
    return f'<a href="{safe}" target="_blank" rel="noopener noreferrer">{escaped(label)}</a>'


def marked(text: str, query: str) -> str:
    """A paper's `text` as HTML with the query's words marked, other endings of a word included."""
    text = readable(text)
    wanted = {_root(word) for word in _words(query) if word not in _COMMON}
    spans = [m.span() for m in _WORD.finditer(text) if wanted and _root(m[0].lower()) in wanted]
    return _with_spans(text, spans)


def with_quotes(text: str, quotes: Iterable[str]) -> str:
    """A paper's `text` as HTML with each quote in it marked, however its white space is broken."""
    found = sorted(span for quote in quotes if (span := _find(text, quote)))
    return _with_spans(*tex.readable_spans(text, found))


def spans_of(
    text: str, spans: Sequence[tuple[int, int, str]], names: Mapping[str, str] | None = None
) -> str:
    """A paper's `text` as HTML with (start, end, label) spans marked, the label shown as a hint.

    `names` says what the labels are called; a label that it lacks is called by itself.
    """
    spans = sorted(spans)
    text, places = tex.readable_spans(text, [(start, end) for start, end, _ in spans])
    out, at = [], 0
    for (start, end), (*_, label) in zip(places, spans, strict=True):
        if start < at:
            continue
        kind, name = escaped(label), escaped((names or {}).get(label, label))
        out.append(escaped(text[at:start]))
        out.append(
            f'<mark class="sf-{kind}" title="{name}">{escaped(text[start:end])}'
            f'<span class="sf-kind"> {name}</span></mark>'
        )
        at = end
    return "".join([*out, escaped(text[at:])])


def _with_spans(text: str, spans: Sequence[tuple[int, int]]) -> str:
    out, at = [], 0
    for start, end in spans:
        if start < at:
            continue
        out += [escaped(text[at:start]), f"<mark>{escaped(text[start:end])}</mark>"]
        at = end
    return "".join([*out, escaped(text[at:])])


def _find(text: str, quote: str) -> tuple[int, int] | None:
    """Where `quote` stands in `text`, compared as quotes are; None where it does not."""
    exact = text.find(quote)
    if exact >= 0 and quote:
        return exact, exact + len(quote)
    words = normalise(quote).split()
    if not words:
        return None
    # Between two words any white space, within a word a soft hyphen may stand.
    pattern = r"\s+".join("\u00ad?".join(map(re.escape, word)) for word in words)
    found = re.search(pattern, text)
    return found.span() if found else None


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _root(word: str) -> str:
    """A crude stem: enough that `testing` marks `tests`."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word[:-1] if word.endswith("e") and len(word) > 4 else word
