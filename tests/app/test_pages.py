from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from ingest.sources import jsonl, pdf_file
from kb.adding import Options, add
from kb.exports import FORMATS
from kb.library import Library
from kb.pages.parts.markup import plain
from kb.review_sources import from_ids
from kb.screening import create

Start = Callable[..., AppTest]
PAGES = Path(__file__).resolve().parents[2] / "kb" / "pages"
ALL = ("search", "ask", "map", "challenges", "papers", "library", "paper")


def markup(app: AppTest) -> str:
    return "\n".join(
        [one.proto.body for one in app.get("html")] + [one.value for one in app.markdown]
    )


def links(app: AppTest) -> list[tuple[str, str]]:
    return [(one.proto.label, one.proto.query_string) for one in app.get("page_link")]


def button(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception
    return app


@pytest.mark.parametrize("page", ALL)
def test_every_page_shows_something(start: Start, page: str) -> None:
    app = start(page)
    assert app.title
    assert not app.error


def test_search_finds_and_says_why(start: Start) -> None:
    app = start(q="forgetting licensed code")
    label, target = links(app)[0]
    assert "Forgetting on Request" in label
    assert "id=2502.00002" in target
    shown = markup(app)
    assert "<mark>" in shown
    assert "No. 1: 1st by meaning" in shown
    assert 'href="https://arxiv.org/pdf/2502.00002"' in shown


def test_search_is_logged_once_however_often_it_is_drawn(start: Start, folder: Path) -> None:
    start(q="unlearning").run()
    library = Library.open(folder)
    with library.catalogue.read() as reader:
        logged = reader.searched()
    library.close()
    assert len(logged) == 1


def test_an_example_searches(start: Start) -> None:
    app = start()
    first = next(one for one in app.button if (one.key or "").startswith("try-"))
    first.click().run()
    assert app.query_params["q"] == first.label or app.query_params["q"] == [first.label]
    assert links(app)


def test_a_facet_narrows_down_and_stands_in_the_address(start: Start) -> None:
    app = start(q="language models")
    box = app.checkbox(key="at:phase:maintenance-and-evolution")
    counted = int(re.findall(r"\[(\d+)\]", box.label)[0])
    box.check().run()
    assert "maintenance-and-evolution" in app.query_params["phase"]
    assert f"**{counted}** of 13 papers pass" in [one.value for one in app.sidebar.markdown]
    button(app, "clear-filters")
    assert "phase" not in app.query_params


def test_the_facets_count_what_the_query_itself_demands(start: Start) -> None:
    app = start(q="language models year:2024")
    (told,) = (one.value for one in app.sidebar.markdown if "papers pass" in one.value)
    passing = int(re.findall(r"\d+", told)[0])
    assert 0 < passing < 13
    label = app.checkbox(key="at:phase:maintenance-and-evolution").label
    assert int(re.findall(r"\[(\d+)\]", label)[0]) <= passing
    assert any(f"of {passing} papers match" in one.value for one in app.caption)
    calm = start(q="((")
    assert any("nothing to search for" in one.value for one in calm.info)


def test_what_the_address_says_wrongly_is_left_out(start: Start) -> None:
    app = start(
        q="code", phase="no-such-phase", n="many", mode="magic", tagged="x", **{"from": "-1"}
    )
    assert "**13** of 13 papers pass" in [one.value for one in app.sidebar.markdown]


def test_a_wrong_filter_of_the_address_is_said_and_taken_out(start: Start) -> None:
    wrong = {"phase": ["no-such-phase", "dataset-construction"], "tagged": "x", "from": "-1"}
    for page in ("search", "papers", "map", "challenges", "ask"):
        app = start(page, layer="refinement-debug", **wrong)
        told = "\n".join(one.value for one in app.main.warning).replace("\\", "")
        for said in ("“no-such-phase” is no phase", "“refinement-debug” is no layer", "“-1” is no"):
            assert said in told
        assert "refinement-and-debug" in told, "the known ones are named"
    button(app, "take-out-phase")
    assert app.query_params["phase"] in ("dataset-construction", ["dataset-construction"])
    assert not any("such" in one.value for one in app.main.warning)
    assert not start("search", phase="dataset-construction").main.warning


def test_filters_that_nothing_passes_say_so(start: Start) -> None:
    for page in ("search", "papers", "challenges"):
        app = start(page, author="nobody at all", q="code")
        assert app.info


def test_papers_are_turned_page_by_page(start: Start) -> None:
    app = start("papers", order="oldest")
    assert len(links(app)) == 13
    assert "1–13 of 13 papers" in [one.value for one in app.caption]


def test_the_card_of_a_paper(start: Start) -> None:
    app = start("paper", id="https://arxiv.org/abs/2501.00001v1")
    assert app.title[0].value.startswith("RepoTrace")
    shown = markup(app)
    assert "Dependencies".lower() in shown.lower()
    assert 'class="sf-quote"' in shown
    places = [target for _, target in links(app) if "passage=" in target]
    assert places


def test_a_quotes_place_opens_its_passage(start: Start) -> None:
    app = start("paper", id="2501.00001", passage="2501.00001#0")
    assert any("2501" in one.value and "Abstract" in one.value for one in app.markdown)
    button(app, "close-passage")
    assert "passage" not in app.query_params


def test_a_passage_of_a_pdf_is_shown_on_its_page(start: Start, folder: Path) -> None:
    library = Library.open(folder)
    paper = Path(__file__).parents[1] / "ingest" / "latex" / "ieee_conference.pdf"
    added = add(library, [pdf_file(paper)], Options(statements=False))
    with library.catalogue.read() as reader:
        number = reader.numbers(added.papers)[added.papers[0]]
        passage = next(one for one in reader.passages_of([number])[number] if one.page == 2)
    library.close()
    assert passage.boxes
    for quote, told in ((passage.text[:90], "the quote marked"), ("not in it", "passage marked")):
        app = start("paper", id=added.papers[0], passage=passage.passage_id, quote=quote)
        captions = [one.proto.imgs[0].caption for one in app.get("image")]
        assert len(captions) == 1
        assert captions[0].startswith("Page 2 as printed")
        assert captions[0].endswith(told)
    button(app, "close-passage")
    assert not app.get("image")


def test_a_passage_that_is_gone_says_so(start: Start) -> None:
    app = start("paper", id="2501.00001", passage="2501.00001#99")
    assert any("is not stored any more" in one.value for one in app.markdown)


def test_a_paper_that_is_not_here_says_so(start: Start) -> None:
    for wanted in ("2999.99999", "no id at all", "<script>"):
        app = start("paper", id=wanted)
        assert app.error


def test_favourites_are_kept(start: Start, folder: Path) -> None:
    button(start("paper", id="2501.00001"), "favourite")
    app = start("papers", collection="favourites")
    assert "**1** of 13 papers pass" in [one.value for one in app.sidebar.markdown]


def test_a_hostile_paper_is_only_text(start: Start) -> None:
    for app in (
        start("paper", id="2401.09999"),
        start(q="alert markup titles"),
        start("papers", author="Mallory"),
    ):
        bodies = (one.proto.body for one in app.get("html"))
        # But for the app's own script, which says what language the page is in.
        shown = "\n".join(one for one in bodies if "document.documentElement.lang" not in one)
        assert "&lt;script&gt;" in shown or "&lt;i&gt;" in shown
        assert not re.search(r"<(script|img|i|b)\b", shown)
        assert "\u202e" not in shown
    labels = [label for label, _ in links(start("papers", author="Mallory"))]
    assert "\\<script\\>" in labels[0]
    assert "\\[x\\]" in labels[0]


def test_the_map_opens_a_cell(start: Start) -> None:
    app = start("map")
    cells = [one for one in app.button if (one.key or "").startswith("cell-")]
    assert len(cells) == 36
    filled = next(one for one in cells if "ch ·" in one.label)
    filled.click().run()
    assert not app.exception
    assert app.header
    assert links(app)
    assert app.query_params["row"]


def test_an_empty_cell_can_be_searched(start: Start) -> None:
    app = start("map")
    empty = next(one for one in app.button if one.label.startswith("?"))
    key = str(empty.key)
    empty.click().run()
    button(app, "search-cell")
    assert app.button(key=key).label.endswith(":small[no papers]")


def test_the_figure_of_the_map_is_the_map_on_screen(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[bytes] = []

    def kept(*_args: object, data: Callable[[], bytes], key: str, **_more: object) -> bool:
        if key == "get-svg":
            made.append(data())
        return False

    monkeypatch.setattr(st, "download_button", kept)
    app = start("map", count="directions")
    drawn = made[-1].decode()
    cells = [one.label for one in app.button if (one.key or "").startswith("cell-")]
    shown = [re.fullmatch(r"(?:\*\*(.+)\*\*|.)  \n:small\[(.+)\]", one) for one in cells]
    bold = [one[1] for one in shown if one and one[1]]
    assert len(bold) > 3
    assert re.findall(r'font-weight="bold"[^>]*>([\d,]+)<', drawn) == bold
    below = [one[2] for one in shown if one]
    assert len(below) == 36
    for told in {*below}:
        assert drawn.count(f">{told}<") == below.count(told), told
    assert "Darker = more directions." in drawn


def test_the_map_is_there_in_every_format(start: Start) -> None:
    app = start("map")
    assert len(app.get("download_button")) == len(FORMATS)


def test_chinese_pages_tell_support_and_sections_in_chinese(start: Start) -> None:
    shown = markup(start("challenges", lang="zh_CN"))
    assert "篇论文" in shown
    assert not re.search(r"\d papers?\b", shown)
    assert any("摘要" in label for label, _ in links(start("challenges", lang="zh_CN")))
    assert any("Abstract" in label for label, _ in links(start("challenges")))


def test_challenges_lead_to_their_quotes(start: Start) -> None:
    app = start("challenges")
    shown = markup(app)
    assert 'class="sf-quote"' in shown
    assert all("passage=" in target or "challenge=" in target for _, target in links(app))


def test_a_challenge_has_an_address_of_its_own(start: Start, folder: Path) -> None:
    library = Library.open(folder)
    library.close()
    app = start("challenges")
    known = re.findall(r'id="e-(c[0-9a-f]{10})-0"', markup(app))
    alone = start("challenges", challenge=known[0])
    assert markup(alone).count('class="sf-challenge"') == 1
    assert start("challenges", challenge="c0000000000").info


def test_a_rejected_challenge_says_who_rejected_it_with_the_undo(
    start: Start, folder: Path
) -> None:
    known = re.findall(r'id="e-(c[0-9a-f]{10})-0"', markup(start("challenges")))[0]
    app = start("challenges", challenge=known)
    app.text_input(key="challenge-who").set_value("ada")
    app.text_input(key="challenge-why").set_value("a *wish* only")
    button(app, "challenge-reject")
    for shown in (app, start("challenges", challenge=known)):
        (told,) = [one.value for one in shown.info]
        assert "ada rejected this challenge on " in told
        assert "wish" in told
        assert 'class="sf-challenge"' not in markup(shown)
    button(app, "challenge-undo-reject")
    assert markup(app).count('class="sf-challenge"') == 1
    assert any("Undone" in one.value for one in app.main.markdown)
    assert start("challenges", challenge=known).info == []


def test_ask_answers_and_the_address_brings_the_chat_back(start: Start) -> None:
    app = start("ask")
    app.chat_input(key="question").set_value(
        "How can verbatim recall of licensed code be reduced?"
    ).run()
    assert not app.exception
    chat = app.query_params["chat"]
    chat = chat if isinstance(chat, str) else chat[0]
    again = start("ask", chat=chat)
    assert len(again.chat_message) == 2
    assert any("papers pass the filters" in label for label, _ in links(again))


def test_ask_refuses_what_the_papers_do_not_say(start: Start) -> None:
    app = start("ask")
    app.chat_input(key="question").set_value("Who won the football match last night?").run()
    assert not app.exception
    assert app.info
    assert links(app), "the nearest papers"


def test_chats_of_others_are_not_shown(start: Start) -> None:
    app = start("ask")
    app.chat_input(key="question").set_value("How does CodeForget work?").run()
    assert not start("ask").chat_message
    assert not start("ask", chat="../../etc/passwd").chat_message


def test_an_empty_library_says_what_to_do(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Library.create(tmp_path / "empty").close()
    monkeypatch.setenv("KB_LIBRARY", str(tmp_path / "empty"))
    for page in ALL:
        app = start(page)
        assert app.info or page == "library"
        assert not app.error


def test_no_library_says_what_to_do(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KB_LIBRARY", str(tmp_path / "none"))
    for page in ALL:
        app = start(page)
        assert app.info
        assert "kb --library" in app.code[0].value


def test_a_damaged_library_says_what_to_do(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KB_LIBRARY", str(tmp_path / "bad"))
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "catalogue.sqlite").write_bytes(b"not a database" * 500)
    app = start("search")
    assert "damaged" in app.error[0].value
    assert any("restore" in one.value for one in app.markdown)


def test_paths_of_the_server_are_not_read(start: Start) -> None:
    app = start("library")
    app.text_area[0].set_value("/etc/passwd ../../secret.pdf")
    next(one for one in app.button if one.label == "Add").click().run()
    assert not app.exception
    assert "left out" in app.warning[0].value
    assert "1 added" not in markup(app)


def test_challenges_of_two_papers_lead_and_those_of_one_can_be_left_out(start: Start) -> None:
    app = start("challenges")
    (told,) = (one.value for one in app.markdown if "two papers or more" in one.value)
    shared, alone, _ = (int(one.replace(",", "")) for one in re.findall(r"\d[\d,]*", told))
    listed = f"{shared + alone:,} challenges found"
    assert any(one.value.startswith(listed) for one in app.caption)
    app.toggle(key="at:only:shared").set_value(True).run()
    assert "shared" in app.query_params["only"]
    if shared:
        assert any(one.value.startswith(f"{shared:,} challenges found") for one in app.caption)
    else:
        assert app.info
    assert not app.exception


def test_a_cell_lists_its_best_supported_challenges_and_names_its_scope(start: Start) -> None:
    app = start("map")
    next(one for one in app.button if "ch ·" in one.label).click().run()
    assert "within this cell ·" in markup(app)
    assert "within this cell" not in markup(start("challenges"))


def test_a_filtered_map_does_not_call_cells_unsearched_that_have_papers(start: Start) -> None:
    before = {one.key: one.label for one in start("map").button if "cell-" in (one.key or "")}
    narrowed = start("map", phase="testing-and-evaluation").button
    after = {one.key: one.label for one in narrowed if "cell-" in (one.key or "")}
    left_out = [key for key, label in after.items() if "none pass" in label]
    assert left_out
    assert all(not before[key].startswith("?") for key in left_out)
    unknown = [key for key, label in after.items() if label.startswith("?")]
    assert all(before[key].startswith("?") for key in unknown)


def test_headings_go_down_one_step_at_a_time() -> None:
    """Below a page's title there is one level: look.css says how large each heading is."""
    deeper = re.compile(r"""["']#{3,} |</?h[3-6]\b|\bst\.subheader\b""")
    assert deeper.search('f"### {name}"')
    for path in PAGES.rglob("*.py"):
        assert not deeper.search(path.read_text(encoding="utf-8")), path


LATEX = "FuXi-$\\alpha$: {\\'E}tudes of $\\mathcal{C}$ode"
READ = "FuXi-α: Études of 𝒞ode"


@pytest.mark.parametrize(
    ("page", "address"),
    [
        ("label", {"paper": "2503.00099"}),
        ("screening", {"review": "Codes", "paper": "2503.00099"}),
        ("screening", {"review": "Codes", "view": "papers"}),
        ("papers", {"author": "Fu"}),
    ],
)
def test_a_title_in_latex_is_read(
    start: Start, folder: Path, tmp_path: Path, page: str, address: dict[str, str]
) -> None:
    row = {"id": "2503.00099", "title": LATEX, "abstract": "We write code.", "authors": ["Xi Fu"]}
    (tmp_path / "latex.jsonl").write_text(json.dumps(row), encoding="utf-8")
    library = Library.open(folder)
    assert add(library, [jsonl(tmp_path / "latex.jsonl")]).added == 1
    create(library, "Codes")
    from_ids(library, "Codes", ["2503.00099"])
    library.close()
    app = start(page, **address)
    told = "\n".join([markup(app), *(label for label, _ in links(app))])
    assert plain(READ) in told
    assert "alpha" not in told
    assert "mathcal" not in told
