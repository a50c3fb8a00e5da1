r"""TeX in the texts of papers is shown as it reads, and stays as it is wherever it is kept."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import closing
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from ingest.sources import jsonl
from kb.adding import add
from kb.answer import ask
from kb.chats import keep
from kb.library import Library
from kb.pages.parts.markup import escaped, marked, plain, spans_of, with_quotes
from kb.pages.parts.tex import LONGEST, readable, readable_spans
from kb.remarks import add as note
from kb.review_sources import from_library
from kb.screening import create

Start = Callable[..., AppTest]

PAPER = "2602.00777"
CHALLENGE = (
    r"It remains an open challenge to keep $O(n^2)$ walks of \textbf{Loopfinder} below"
    r" 2.68\% of the ``idle time'' that---as seen---costs 3$\times$ more."
)
SHOWN = (
    "It remains an open challenge to keep O(n²) walks of Loopfinder below"
    " 2.68% of the “idle time” that—as seen—costs 3× more."
)
RECORD = {
    "id": PAPER,
    "title": r"Loopfinder$^{2}$: Walks 3$\times$ Faster \& Cheaper",
    "abstract": f"We present \\emph{{Loopfinder}}, a finder of endless walks. {CHALLENGE}",
    "authors": ["Eda Beispiel"],
    "categories": ["cs.SE"],
    "published": "2026-02-03",
}


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"2.68\% \& 3 \#bugs in my\_file for \$5", "2.68% & 3 #bugs in my_file for $5"),
        (r"up to $3.5\times$ faster, 2\times slower", "up to 3.5× faster, 2× slower"),
        (r"$\times$10, from $\sim$30 to $>$80", "×10, from ∼30 to >80"),
        (r"from $5 or \$6 (in US$) to $42\%$up", "from $5 or $6 (in US$) to 42%up"),
        (r"the $n$ of pass@$k$ ($k=10$, $p<0.05$)", "the n of pass@k (k=10, p<0.05)"),
        (r"in $O(n^2)$, $10^{-3}$, $2^{n+1}$, $x_{i+1}$", "in O(n²), 10⁻³, 2ⁿ⁺¹, x_(i+1)"),
        (r"$\frac{n}{2}$, $\frac{a+b}{n^{2}}$", "n/2, (a+b)/n²"),
        (r"$L_{\text{all}}$ in $\mathbb{R}$", "L_all in ℝ"),
        (r"$1{,}474$ of $K{=}5$", "1,474 of K=5"),
        (r"\(L^2\) and \(q\)-walks", "L² and q-walks"),
        (r"$225$B and Node$.$js", "225B and Node.js"),
        (r"here$\unicode{x2014}$there", "here—there"),
        (r"\textbf{S}earch \textit{and \texttt{find}}", "Search and find"),
        (r"$\textbf{$\texttt{Walk}$}$ at $\href{https://a.example/}{here}$", "Walk at here"),
        (r"$\text{AB}^2$ and $\text{AB}, c$", "AB² and AB, c"),
        (r"{\em very} ${\it odd}$", "very odd"),
        (r"at \url{https://a.example/b_c%20d}", "at https://a.example/b_c%20d"),
        (r"at \href{https://a.example/}{\textcolor{blue}{here}}", "at here"),
        (r"CodeWalk\footnote{By hand.} and\footnote{} more", "CodeWalk (By hand.) and more"),
        (r"of others \cite{one2020, two2021}, and~\citep{three}", "of others, and"),
        (r"MC\textsuperscript{2}, H\textsubscript{2}O", "MC², H2O"),
        (r"Prot\'eg\'e, Schr\"odinger, s\u{a}", "Protégé, Schrödinger, să"),
        (r"in \LaTeX\ as is, \eg here, A vs.\ B", "in LaTeX as is, e.g. here, A vs. B"),
        ("the ``first one'' and ``other\"", "the “first one” and “other”"),
        ("Human--AI -- a walk---no run", "Human–AI – a walk—no run"),
        ("models~(LLMs) of~all", "models\u00a0(LLMs) of\u00a0all"),
    ],
)
def test_tex_is_shown_as_it_reads(tex: str, text: str) -> None:
    assert readable(tex) == text


@pytest.mark.parametrize(
    "text",
    [
        "from $5 to $6, about ~90% of US$5 (in US$), $0.3-$0.6",
        "$HOME/$USER, ${HOME}/${USER}, $a,$b, $var",
        r'print("a\n\t"), re.match(r"\d+\(\w\)\b"), \r\n, \u0041',
        r"C:\times\new and \\server\times, ..\in\pi",
        r"`$x$ \times` and ```$y$ \& ``z''```",
        r'{"\"name\"": \"e\"} and don\'t, it\'s',
        r"\name{} beats \ourtool in $\ourtool + 1$ by $\frac{\frac{a}{b}}{c}$",
        r"\textbf{never closed, $x",
        "for $5 each or 2,000 in US$, and A$3",
        "run --help, i--; <!-- no -->, | --- |, a-->b\n---\n",
        "y~x, ~/home, https://a.example/~me/x--y, snake_case, 2^3, {G}PT",
        "``code`` as in reST",
        "",
    ],
)
def test_what_may_be_no_tex_stays_as_it_is(text: str) -> None:
    assert readable(text) == text


def test_what_is_marked_in_the_stored_text_is_marked_in_what_is_shown() -> None:
    text = r"\textbf{One}. A 2\% gain of $O(n^2)$. ``Two'' ends."
    shown, places = readable_spans(text, [(0, 13), (14, 37), (33, 35), (38, 51)])
    assert [shown[start:end] for start, end in places] == [
        "One.",
        "A 2% gain of O(n²).",
        "O(n²)",
        "“Two” ends.",
    ]
    assert "<mark>A 2% gain of O(n²).</mark>" in with_quotes(text, [text[14:37]])
    assert "gain of O(n²).<span" in spans_of(text, [(14, 37, "challenge")])
    assert "<mark>One</mark>" in marked(text, "one")


TEX = st.lists(
    st.sampled_from([*r"\$`{}~-^_'x1 .", r"\textbf{", r"\%", "$n^2$", r"\unicode{x3c}", "<b>"])
).map("".join)


@given(TEX, st.integers(0, 40), st.integers(0, 40))
def test_nothing_is_lost_around_tex_and_nothing_becomes_markup(text: str, a: int, b: int) -> None:
    start, end = sorted((min(a, len(text)), min(b, len(text))))
    shown, [(left, right)] = readable_spans(text, [(start, end)])
    assert shown == readable(text)
    assert 0 <= left <= right <= len(shown)
    assert "<" not in escaped(shown)
    assert "<" not in plain(shown).replace(r"\<", "")


@pytest.mark.parametrize(
    "text",
    [
        r"\textbf{" * 2_000,
        r"\ul{" * 380 + "deep" + "}" * 380,
        r"\cite[" * 3_000,
        "$" + r"\sqrt{" * 60 + "$",
        "$a" * 9_000,
        "``a" * 6_000,
        "```" * 6_000,
        r"$\unicode{xD800}\unicode{xFFFFF}$",
    ],
)
def test_no_text_takes_long_or_fails(text: str) -> None:
    began = time.process_time()
    assert escaped(readable(text[:LONGEST]))
    assert time.process_time() - began < 5  # seconds; a tenth of it on a quiet machine


@pytest.fixture
def held(folder: Path) -> Path:
    """The app's library with a paper whose texts hold TeX."""
    record = folder.parent / "tex.jsonl"
    record.write_text(json.dumps(RECORD), encoding="utf-8")
    with closing(Library.open(folder)) as library:
        assert add(library, [jsonl(record)]).added == 1
    return folder


def html(app: AppTest) -> str:
    """What a page says, marks and other tags taken out."""
    bodies = "\n".join(one.proto.body for one in app.get("html"))
    for tag in ("<mark>", "</mark>"):
        bodies = bodies.replace(tag, "")
    return unescape(bodies)


def test_every_page_shows_it(start: Start, held: Path) -> None:
    with closing(Library.open(held)) as library:
        note(library, PAPER, r"Read $\leq$ twice.")
        create(library, "Walks")
        from_library(library, "Walks", who="ada")
        answer = ask(library, "How much do walks of Loopfinder cost in idle time?").to_json()
        keep(library, "talk", "How much?", answer)
    assert any(one["paper_id"] == PAPER for one in answer["citations"])

    found = start(q="idle time walks of Loopfinder", n="1")
    (label,) = (
        one.proto.label for one in found.get("page_link") if PAPER in one.proto.query_string
    )
    assert label == f"**{plain('Loopfinder²: Walks 3× Faster & Cheaper')}**"
    bodies = "\n".join(one.proto.body for one in found.get("html"))
    assert (
        "<mark>Loopfinder</mark> below 2.68% of the “<mark>idle</mark> <mark>time</mark>”" in bodies
    )

    card = start("paper", id=PAPER)
    assert f"We present Loopfinder, a finder of endless walks. {SHOWN}" in html(card)
    assert html(card).count(SHOWN) > 1  # the challenge beside the abstract
    assert "Read ≤ twice." in html(card)
    assert SHOWN in html(start("ask", chat="talk"))
    assert SHOWN in html(start("table"))
    assert SHOWN in html(start("label", who="ada", paper=PAPER))
    assert SHOWN in html(start("screening", who="ada", review="Walks", paper=PAPER))


def test_what_is_kept_is_not_changed(held: Path) -> None:
    with closing(Library.open(held)) as library:
        answer = ask(library, "How much do walks of Loopfinder cost in idle time?").to_json()
        with library.catalogue.read() as reader:
            paper = reader.papers([library.number(PAPER)])[library.number(PAPER)]
    assert (paper.title, paper.abstract) == (RECORD["title"], RECORD["abstract"])
    assert CHALLENGE in [one["quote"] for one in answer["citations"]]
