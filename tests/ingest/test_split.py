from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.records import Digest, PageText, Paper, Section
from ingest.split import embedding_text, split

PAPER = Paper("2506.23762", "A title of five words")


def words(texts: list[str]) -> list[int]:
    """Tokens as a whole-word tokenizer counts them, with two special ones."""
    return [len(re.findall(r"\w+|[^\w\s]", text)) + 2 for text in texts]


def letters(texts: list[str]) -> list[int]:
    """A tokenizer whose joints cost: every run of three characters, blanks too."""
    return [-(-len(text) // 3) + 2 for text in texts]


def paper(**facts: object) -> Paper:
    return Paper("2506.23762", "A title of five words", **facts)  # type: ignore[arg-type]


def section(heading: str, *parts: tuple[int, str]) -> Section:
    return Section(heading, 1, parts[0][0], tuple(PageText(page, text) for page, text in parts))


def test_an_abstract_becomes_passages_without_page_or_with_its_own() -> None:
    done = split(paper(abstract="One two. Three four."), words)
    assert [(p.section, p.page, p.text) for p in done.passages] == [
        ("Abstract", None, "One two. Three four.")
    ]
    done = split(paper(abstract="One two.", abstract_page=1), words)
    assert [(p.section, p.page) for p in done.passages] == [("Abstract", 1)]


def test_an_abstract_goes_before_a_digest_and_a_digest_before_nothing() -> None:
    digest = Digest(problem="It is hard.", finding="It works.")
    assert split(paper(digest=digest), words).passages[0].text == "It is hard. It works."
    assert split(paper(digest=digest), words).passages[0].section == "Digest"
    both = split(paper(digest=digest, abstract="Own words."), words)
    assert [p.section for p in both.passages] == ["Abstract"]


def test_a_paper_that_is_only_a_title_is_one_passage() -> None:
    done = split(PAPER, words)
    assert [(p.section, p.page, p.text) for p in done.passages] == [("Title", None, PAPER.title)]
    assert done.pages == (PageText(None, PAPER.title),)


def test_passages_cross_neither_pages_nor_sections_and_point_into_the_pages() -> None:
    whole = paper(
        abstract="What it says.",
        abstract_page=1,
        sections=(
            section("Introduction", (1, "First page. It goes on."), (2, "Second page.")),
            section("Method", (2, "Another section."), (3, "The end.")),
        ),
    )
    done = split(whole, words)
    assert [(p.section, p.page, p.text) for p in done.passages] == [
        ("Abstract", 1, "What it says."),
        ("Introduction", 1, "First page. It goes on."),
        ("Introduction", 2, "Second page."),
        ("Method", 2, "Another section."),
        ("Method", 3, "The end."),
    ]
    assert [page.text for page in done.pages] == [
        "What it says.\nFirst page. It goes on.",
        "Second page.\nAnother section.",
        "The end.",
    ]


@pytest.mark.parametrize("heading", ["Acknowledgements", "Acknowledgment", "References", "Funding"])
def test_what_answers_nothing_is_no_passage(heading: str) -> None:
    done = split(
        paper(sections=(section(heading, (1, "We thank all.")), section("A", (1, "Text.")))), words
    )
    assert [p.section for p in done.passages] == ["A"]


def test_passages_are_filled_greedily_with_whole_sentences() -> None:
    text = " ".join(f"Word number {n} stands here." for n in range(40))
    done = split(paper(abstract=text), words, limit=60)
    assert all(p.text.endswith(".") for p in done.passages)
    sizes = words([embedding_text(PAPER.title, p.text) for p in done.passages])
    assert max(sizes) <= 60
    assert all(size > 60 - 6 for size in sizes[:-1])


def test_a_sentence_too_long_alone_is_cut_between_words() -> None:
    text = " ".join(["endless"] * 300)
    done = split(paper(abstract=text), words, limit=64)
    assert " ".join(p.text for p in done.passages) == text


def test_a_long_title_leaves_room_for_text() -> None:
    long = Paper("2506.23762", "word " * 400, abstract="One two. " * 100)
    done = split(long, words)
    sizes = words([embedding_text(long.title, p.text) for p in done.passages])
    assert max(sizes) <= 256
    assert words([embedding_text(long.title, "")])[0] <= 66


def test_a_limit_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="no room"):
        split(PAPER, words, limit=10)


@pytest.mark.parametrize("count", [words, letters])
@given(text=st.text(alphabet="ab. \n!1", max_size=600), limit=st.integers(30, 80))
def test_no_passage_exceeds_the_limit_and_nothing_but_blanks_is_lost(
    count: Callable[[list[str]], list[int]], text: str, limit: int
) -> None:
    whole = paper(sections=(section("S", (1, text)),), abstract="Fixed.")
    done = split(whole, count, limit)
    by_page = {page.page: page.text for page in done.pages}
    covered: dict[int | None, list[tuple[int, int]]] = {}
    for passage in done.passages:
        assert passage.text == by_page[passage.page][passage.start : passage.end]
        assert count([embedding_text(whole.title, passage.text)])[0] <= limit
        covered.setdefault(passage.page, []).append((passage.start, passage.end))
    kept = "".join("".join(by_page[1][a:b].split()) for a, b in covered.get(1, []))
    assert kept == "".join(text.split())
