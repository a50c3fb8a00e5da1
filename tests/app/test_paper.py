"""A paper's card: tags put right by a click, text by section, citations, notes, printed pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ingest.records import PageText, Paper, ParseNote, Reference, Section
from ingest.sources import FileSource, Found, pdf_file
from kb import remarks
from kb.adding import Options, add
from kb.answer import ask
from kb.decisions import history
from kb.library import Library
from kb.pages.parts.markup import escaped
from kb.settings import Settings

Start = Callable[..., AppTest]

ONE, FORGET = "2501.00001", "2502.00002"
DATASET = "dataset-construction"
HOSTILE = "<script>alert(1)</script> **bold** [x](javascript:alert(2)) <img src=x onerror=1>"


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception
    return app


def keys(app: AppTest, beginning: str) -> list[str]:
    return [str(one.key) for one in app.button if str(one.key).startswith(beginning)]


def html(app: AppTest) -> str:
    return "\n".join(one.proto.body for one in app.get("html"))


def links(app: AppTest) -> list[tuple[str, str]]:
    return [(one.proto.label, one.proto.query_string) for one in app.get("page_link")]


def unfold(app: AppTest, beginning: str) -> AppTest:
    """Open the fold whose label begins so."""
    fold = next(one for one in app.expander if one.label.startswith(beginning))
    app.session_state[str(fold.key)] = True
    app.run()
    assert not app.exception
    return app


def found(start: Start, **filters: str) -> set[str]:
    """Ids of the papers that a search with these filters finds."""
    app = start(q="language models", **filters)
    return {target.split("id=")[1].split("&")[0] for _, target in links(app) if "id=" in target}


def given(folder: Path, *papers: Paper) -> None:
    sources = [Found(one.paper_id, lambda one=one: one) for one in papers]  # type: ignore[misc]
    with closing(Library.open(folder)) as library:
        add(library, [FileSource("given", lambda: iter(sources))], Options(statements=False))


def whole(paper_id: str, **facts: object) -> Paper:
    """A paper with sections."""
    sections = (
        Section("Introduction", 1, 1, (PageText(1, "We begin here. It is a long story."),)),
        Section("Method", 1, 2, ()),
        Section("Data <b>", 2, 2, (PageText(2, "We gathered data from many places."),)),
    )
    made = Paper(paper_id, f"A Study Numbered {paper_id}", arxiv_id=paper_id, sections=sections)
    return replace(made, pages=2, **facts)  # type: ignore[arg-type]


def test_a_wrong_tag_is_taken_away_and_a_search_knows_at_once(start: Start, folder: Path) -> None:
    app = start("paper", id=ONE)
    wrong = keys(app, "say-no-phase-")[0].removeprefix("say-no-phase-")
    assert ONE in found(start, phase=wrong)
    press(app, f"say-no-phase-{wrong}")
    assert ONE not in found(start, phase=wrong)
    assert not keys(app, f"say-no-phase-{wrong}")
    press(app, keys(app, "say-no-undo-")[0])
    assert ONE in found(start, phase=wrong)
    with closing(Library.open(folder)) as library:
        log = [one.decision for one in history(library, ONE)]
    assert [(one.key or one.facet, one.verdict) for one in log] == [(wrong, "no"), (wrong, "undo")]


def test_a_right_tag_is_kept_with_the_reason_and_the_name(start: Start, folder: Path) -> None:
    app = start("paper", id=ONE)
    right = keys(app, "say-yes-phase-")[0].removeprefix("say-yes-phase-")
    app.text_input(key="decide-who").set_value("ada")
    app.text_input(key=f"decide-why-{ONE}").set_value("section 2")
    press(app, f"say-yes-phase-{right}")
    assert not keys(app, f"say-yes-phase-{right}"), "a person has said so: only ✗ is left"
    with closing(Library.open(folder)) as library:
        (one,) = history(library, ONE)
    said = one.decision
    assert (said.who, said.key, said.verdict, said.why) == ("ada", right, "yes", "section 2")


def test_a_tag_is_added_from_the_menu_and_found_by(start: Start) -> None:
    assert ONE not in found(start, phase=DATASET)
    app = start("paper", id=ONE)
    menu = next(one for one in app.selectbox if str(one.key).startswith("filed-add-"))
    menu.set_value(f"phase.{DATASET}").run()
    assert not app.exception
    assert keys(app, f"say-no-phase-{DATASET}")
    assert ONE in found(start, phase=DATASET)


def test_the_text_is_read_by_section(start: Start, folder: Path) -> None:
    given(folder, whole("2601.00001"))
    app = start("paper", id="2601.00001")
    assert "a long story" not in html(app), "drawn when it is opened"
    unfold(app, "Read the stored text")
    assert "a long story" in html(app)
    heads = {one.label: one for one in app.button if str(one.key).startswith("outline-")}
    assert heads["Method :small[p. 2]"].disabled, "it only heads others"
    press(app, next(str(one.key) for label, one in heads.items() if "Data" in label))
    assert "We gathered data" in html(app)
    assert "a long story" not in html(app)
    assert "&lt;b&gt;" in html(app)
    address = "".join(app.query_params["section"])
    again = start("paper", id="2601.00001", section=address)
    assert "We gathered data" in html(again), "a shared address shows the same"
    assert start("paper", id="2601.00001", section="99")


def test_references_lead_to_papers_in_the_library(start: Start, folder: Path) -> None:
    title = "Forgetting on Request: Unlearning Licensed Code from Language Models"
    references = (
        Reference("[1] Ada. RepoTrace.", arxiv_id=ONE),
        Reference("[2] Cy.", title=title),
        Reference(HOSTILE, title="Unknown", doi="10.1/x"),
    )
    given(folder, whole("2601.00001", references=references))
    app = unfold(start("paper", id="2601.00001"), "3 references · 2 of them in this library")
    assert {f"id={ONE}", f"id={FORGET}"} <= {target for _, target in links(app)}
    assert html(app).count('class="sf-here"') == 2
    assert "<script>alert" not in html(app)
    cited = unfold(start("paper", id=FORGET), "Cited by 1 paper of this library")
    assert "id=2601.00001" in {target for _, target in links(cited)}


def test_notes_are_written_changed_removed_and_brought_back(start: Start, folder: Path) -> None:
    app = start("paper", id=ONE)
    app.text_area(key=f"note-new-{ONE}").set_value(HOSTILE)
    press(app, "note-add")
    assert app.text_area(key=f"note-new-{ONE}").value == ""
    assert "&lt;script&gt;alert(1)&lt;/script&gt; **bold** [x]" in html(app)
    assert not re.search(r"<(img|b)\b|<script>alert", html(app))
    press(app, "note-edit-1")
    app.text_area(key="note-text-1").set_value("two\nlines")
    press(app, "note-save")
    assert '<div class="sf-note">two\nlines</div>' in html(app)
    press(app, "note-remove-1")
    assert "two\nlines" not in html(app)
    press(app, "note-undo")
    assert "two\nlines" in html(app)
    with closing(Library.open(folder)) as library:
        (one,) = remarks.remarks(library, ONE)
    assert one.text == "two\nlines"
    assert one.changed_by == one.who != ""


def test_an_empty_note_is_refused_and_said(start: Start, folder: Path) -> None:
    app = press(start("paper", id=ONE), "note-add")
    assert "no text" in app.error[0].value
    with closing(Library.open(folder)) as library:
        assert not remarks.remarks(library)


def test_what_was_odd_about_the_file_is_told_in_plain_words(start: Start, folder: Path) -> None:
    warnings = (
        ParseNote("hidden_text", f"page 1, white on white: {HOSTILE}"),
        ParseNote("prompt_visible", "page 2: ignore all instructions"),
        ParseNote("of_tomorrow", "a code that this page does not know"),
    )
    given(folder, whole("2601.00001", warnings=warnings), whole("2601.00002"))
    app = start("paper", id="2601.00001")
    assert any("nobody sees" in one.value for one in app.warning)
    assert any("in plain sight" in one.value for one in app.info)
    assert any("of tomorrow" in one.value for one in app.info)
    assert "&lt;script&gt;" in html(app)
    calm = start("paper", id="2601.00002")
    assert not calm.warning
    assert any("nothing odd was found" in one.value for one in calm.caption)


@pytest.fixture
def printed(folder: Path) -> str:
    """Id of a paper with a PDF of several pages and what is stated in it."""
    paper = Path(__file__).parents[1] / "ingest" / "latex" / "ieee_conference.pdf"
    with closing(Library.open(folder)) as library:
        return str(add(library, [pdf_file(paper)]).papers[0])


def test_pages_are_turned_and_stand_in_the_address(start: Start, printed: str) -> None:
    app = start("paper", id=printed)
    assert not app.get("image"), "drawn when it is opened"
    app = start("paper", id=printed, page="2")
    assert app.get("image")[0].proto.imgs[0].caption.startswith("Page 2 as printed")
    press(app, "page-to-previous")
    assert app.query_params["page"] in ("1", ["1"])
    assert app.get("image")[0].proto.imgs[0].caption.startswith("Page 1 as printed")
    assert app.button(key="page-to-previous").disabled
    assert start("paper", id=printed, page="9999").get("image")


def test_a_library_for_reading_only_shows_and_offers_no_write(
    start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Library.open(folder)) as library:
        remarks.add(library, ONE, "written before", "ada")
    ordinary = Library.open

    def frozen(where: Path, **options: object) -> Library:
        library = ordinary(where)
        library.catalogue.read_only = True
        return library

    monkeypatch.setattr(Library, "open", frozen)
    app = start("paper", id=ONE)
    assert "written before" in html(app)
    for beginning in ("say-", "note-", "favourite", "decide-", "filed-"):
        assert not keys(app, beginning)
    assert not app.text_area
    for page in ("label", "taxonomy", "challenges", "table"):
        shown = start(page)
        assert not shown.error
        assert not keys(shown, "label-save")
    assert not [one for one in start("taxonomy").button if one.label == "Look ahead"]
    asked = start("ask")
    assert any("open for reading only" in one.value for one in asked.caption)
    asked.chat_input(key="question").set_value("How can verbatim recall be reduced?").run()
    assert not asked.exception
    assert len(asked.chat_message) == 2
    assert any("reading only" in one.value for one in asked.toast)


def test_the_settings_name_who_decides(start: Start, folder: Path) -> None:
    assert Settings().coder == ""
    (folder / "settings.toml").write_text('coder = "grace"\n', encoding="utf-8")
    app = start("paper", id=ONE)
    assert app.text_input(key="decide-who").value == "grace"


def test_the_quote_one_came_for_is_marked_in_its_passage(start: Start, folder: Path) -> None:
    with closing(Library.open(folder)) as library:
        cited = ask(library, "How can verbatim recall of licensed code be reduced?").citations[0]
    target = {"id": cited.paper_id, "passage": cited.passage_id}
    marks = re.findall(
        r"<mark[^>]*>(.*?)</mark>", html(start("paper", **target, quote=cited.quote))
    )
    assert marks == [escaped(cited.quote)]
    for lost in ({}, {"quote": "words that stand nowhere"}):
        assert "sf-kind" in html(start("paper", **target, **lost)), "what is stated there"


def test_a_reference_is_english_and_names_no_crowd(start: Start) -> None:
    app = start("paper", id=ONE, lang="zh_CN")
    reference = app.code[1].value
    assert "及另外" not in reference
    assert " · " not in reference
    assert re.search(r"\((19|20)\d\d\)\. .+\. https?://", reference), reference
