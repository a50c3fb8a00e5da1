from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.pages.parts import markup
from kb.pages.parts.markup import (
    address,
    escaped,
    link,
    marked,
    plain,
    readable,
    spans_of,
    title,
    visible,
    with_quotes,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=80) | st.sampled_from(
    ["<script>alert(1)</script>", '" onmouseover="x', "a <b>& c</b>", "x\u202ey"]
)


class Tags(HTMLParser):
    """The tags of a piece of HTML, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@given(TEXT)
def test_escaped_text_holds_no_tag(text: str) -> None:
    assert Tags(escaped(text)).tags == []
    assert html.unescape(escaped(text)) == visible(text)


@given(TEXT, TEXT)
def test_marking_adds_marks_and_nothing_else(text: str, query: str) -> None:
    shown = marked(text, query)
    assert set(Tags(shown).tags) <= {"mark"}
    assert html.unescape(re.sub(r"</?mark>", "", shown)) == visible(readable(text))


@given(TEXT)
def test_a_label_keeps_its_punctuation_from_markdown(text: str) -> None:
    bare = re.sub(r"\\.", "", plain(text))
    assert not re.search(r"[\\`*_\[\]<>$:|~#]", bare)
    assert "\n" not in plain(text)


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        ("POINT$^{2}$: Data", "POINT²: Data"),
        (r"$\texttt{SAGE}$: A Framework", "SAGE: A Framework"),
        (r"A Framework \& 2\% of it", "A Framework & 2% of it"),
        ("LLM$\\times$MapReduce", "LLM×MapReduce"),
        ("From $5 to $6, execute_code & <b>", "From $5 to $6, execute_code & <b>"),
        (r"\frac{" * 2_000, r"\frac{" * 2_000),
    ],
)
def test_latex_in_a_title_is_shown_as_text(tex: str, text: str) -> None:
    assert title(tex) == text


def test_marks_other_endings_of_the_querys_words() -> None:
    shown = marked("Tests of generated code are generated here.", "testing generation of code")
    assert re.findall("<mark>(.*?)</mark>", shown) == ["Tests", "generated", "code", "generated"]


def test_marks_a_quote_whose_lines_break_elsewhere() -> None:
    shown = with_quotes("It re\u00admains\n hard to know. <b>", ["It remains hard to know."])
    assert shown == "<mark>It re\u00admains\n hard to know.</mark> &lt;b&gt;"
    assert with_quotes("Something else.", ["not there", ""]) == "Something else."


def test_marks_statements_with_their_kind() -> None:
    shown = spans_of("One. Two. Three.", [(5, 9, "challenge"), (6, 8, "direction")])
    assert Tags(shown).tags == ["mark", "span"]
    assert 'class="sf-challenge"' in shown


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "//no.scheme", "", "http://[broken", "ftp://x"],
)
def test_only_web_addresses_are_linked(url: str) -> None:
    assert address(url) == ""
    assert link(url, "<b>") == "&lt;b&gt;"


def test_a_link_opens_apart_and_tells_nobody_where_from() -> None:
    shown = link("https://arxiv.org/abs/2501.00001?a=1&b=2", "arXiv")
    assert 'href="https://arxiv.org/abs/2501.00001?a=1&amp;b=2"' in shown
    assert 'rel="noopener noreferrer"' in shown


def test_the_look_holds_no_tag() -> None:
    """The browser drops a whole style that could be taken for markup, as `"<length>"` can."""
    look = Path(markup.__file__).with_name("look.css").read_text(encoding="utf-8")
    assert "<" not in look
