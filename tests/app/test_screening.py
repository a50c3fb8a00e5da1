"""Screening in the app: from an empty page to decisions, conflicts and the flow diagram."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from kb.catalogue import Catalogue
from kb.catalogue.screening import Criterion
from kb.collecting import collections
from kb.errors import CatalogueUnwritable
from kb.library import Library
from kb.review_flow import flow
from kb.review_sources import from_library
from kb.review_state import board
from kb.screening import change, create, decide, require, reviews

Start = Callable[..., AppTest]

NAME = "Tests"
HOSTILE = '<script>alert(1)</script> **bold** [x](javascript:alert(2)) =1+1 :red["'


@pytest.fixture
def reviewed(folder: Path) -> Path:
    """The app's library with a review of its thirteen papers."""
    library = Library.open(folder)
    rules = [Criterion("generates tests", "include"), Criterion(HOSTILE, "exclude")]
    create(library, NAME, question="How are tests generated?", criteria=rules)
    from_library(library, NAME, who="ada")
    library.close()
    return folder


def press(app: AppTest, key: str) -> AppTest:
    button(app, key).click().run()
    assert not app.exception
    return app


def button(app: AppTest, key: str) -> Button:
    """A button by its key, or by its key without the id of the paper that ends it."""
    every = [one for one in app.button if str(one.key) == key]
    return (every or [one for one in app.button if str(one.key).startswith(f"{key}-")])[0]


def at(app: AppTest, name: str) -> str:
    return "".join(app.query_params.get(name, ""))


def said(folder: Path) -> list[tuple[str, str, str, str]]:
    library = Library.open(folder)
    log = board(library, NAME).log
    library.close()
    return [(one.who, one.stage, one.verdict, one.reason) for one in log]


def say(folder: Path, *words: tuple[str, str, str]) -> list[str]:
    """Decide on the first papers as `(who, stage, verdict)`; gives all ids."""
    library = Library.open(folder)
    every = list(board(library, NAME).cases)
    for place, (who, stage, verdict) in enumerate(words):
        decide(library, NAME, every[place], verdict, stage=stage, who=who)
    library.close()
    return every


def shown(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.info, app.success, app.warning)
    return "\n".join(one.value for some in kinds for one in some)


def named(app: AppTest, who: str) -> AppTest:
    app.text_input(key="screen-who").set_value(who).run()
    return app


def test_an_empty_page_offers_three_starts(start: Start, folder: Path) -> None:
    app = start("screening")
    assert "No review yet" in shown(app)
    assert sum(str(one.key).startswith("try-review-") for one in app.button) == 3
    press(app, "try-review-0")
    assert [one.value for one in app.toast] == ["Made\\: Test generation"]  # escaped once
    library = Library.open(folder)
    made = next(iter(reviews(library)))
    counts = flow(board(library, made))
    library.close()
    assert at(app, "review") == made
    assert counts.papers > 0
    assert not button(app, "screen-include").disabled


def test_a_review_is_made_by_form_and_papers_come_in(start: Start, folder: Path) -> None:
    app = start("screening")
    app.text_input(key="review-name").set_value(" My  review ")
    app.text_area(key="exclude-").set_value("too old\n\ntoo short")
    press(app, "review-make")
    assert (at(app, "review"), at(app, "view")) == ("My review", "papers")
    press(app, "bring-library-now")
    app.text_input(key="bring-query").set_value("tests").run()
    press(app, "bring-query-now")
    library = Library.open(folder)
    assert require(library, "My review").texts("exclude") == ("too old", "too short")
    counts = flow(board(library, "My review"))
    library.close()
    assert counts.papers == 13
    assert counts.duplicates_again > 0
    assert [one.label.split()[0] for one in counts.sources] == ["Whole", "Search"]


def test_keys_decide_skip_and_undo(start: Start, reviewed: Path) -> None:
    app = named(start("screening", review=NAME, order="found"), "eve")
    every = say(reviewed)
    for key, shortcut in (("include", "1"), ("exclude", "2"), ("because-0", "5")):
        assert button(app, f"screen-{key}").proto.shortcut == shortcut
    press(app, "screen-include")
    app.text_input(key="screen-reason").set_value("not on tests")
    press(app, "screen-exclude")
    press(app, "screen-skip")
    press(app, "screen-maybe")
    press(app, "screen-because-0")
    assert said(reviewed) == [
        ("eve", "abstract", "include", ""),
        ("eve", "abstract", "exclude", "not on tests"),
        ("eve", "abstract", "maybe", ""),
        ("eve", "abstract", "exclude", HOSTILE),
    ]
    press(app, "screen-undo")
    assert at(app, "paper") == every[4]
    assert said(reviewed)[-1][2] == "undo"
    press(app, "screen-back")
    assert at(app, "paper") == every[3]
    library = Library.open(reviewed)
    assert board(library, NAME).cases[every[2]].outcomes["abstract"].state == "open"
    library.close()


def test_what_was_meant_for_another_paper_is_refused_and_said(start: Start, reviewed: Path) -> None:
    app = named(start("screening", review=NAME, order="found"), "eve")
    shown_now = app.session_state["screen-shown"]
    for name in ("include", "because-0", "skip", "undo"):
        app.session_state["screen-shown"] = "another"  # drawn since, the click came from before
        press(app, f"screen-{name}")
        assert "One moment" in app.toast[0].value
        assert app.session_state["screen-shown"] == shown_now
    assert not said(reviewed)
    press(app, "screen-include")
    assert not [one for one in app.toast if "One moment" in one.value]
    assert [one[2] for one in said(reviewed)] == ["include"]


def test_the_second_stage_offers_what_was_included(start: Start, reviewed: Path) -> None:
    every = say(reviewed, ("ada", "abstract", "include"), ("ada", "abstract", "exclude"))
    app = named(start("screening", review=NAME, stage="full_text"), "ada")
    press(app, "screen-not_retrieved")
    assert "Nothing is left for you" in shown(app)
    library = Library.open(reviewed)
    counts = flow(board(library, NAME))
    library.close()
    assert (counts.sought, counts.not_retrieved) == (1, 1)
    again = start("screening", review=NAME, stage="full_text", paper=every[1])
    assert "is not at this stage" in shown(again)


def test_a_blind_review_shows_nothing_before_one_has_decided(start: Start, reviewed: Path) -> None:
    library = Library.open(reviewed)
    change(library, NAME, blind=True, coders=2)
    library.close()
    every = say(reviewed, ("bob", "abstract", "exclude"))
    app = named(start("screening", review=NAME, paper=every[0]), "ada")
    assert "Others have decided" in shown(app)
    assert "bob" not in shown(app)
    press(app, "screen-include")
    again = named(start("screening", review=NAME, paper=every[0]), "ada")
    assert "bob: Exclude" in shown(again)
    assert "in conflict" in shown(again)
    coders = named(start("screening", review=NAME, view="coders"), "eve")
    assert "1 conflict to settle" in shown(coders)
    assert not [one for one in coders.button if str(one.key).startswith("settle-")]
    coders.checkbox(key="settling").check().run()
    press(coders, "settle-abstract-include-0")
    assert "Nothing is left to settle" in shown(coders)
    assert "kappa" in shown(coders)


def test_criteria_change_and_decisions_stay(start: Start, reviewed: Path) -> None:
    say(reviewed, ("ada", "abstract", "exclude"))
    app = start("screening", review=NAME, view="rules")
    app.text_area(key=f"exclude-{NAME}").set_value("other")
    press(app, "rules-save")
    library = Library.open(reviewed)
    assert require(library, NAME).texts("exclude") == ("other",)
    library.close()
    assert len(said(reviewed)) == 1


def test_the_flow_is_drawn_and_the_included_become_a_collection(
    start: Start, reviewed: Path
) -> None:
    every = say(reviewed, ("ada", "abstract", "include"))
    app = start("screening", review=NAME, view="flow")
    assert "can become a collection" in shown(app)
    library = Library.open(reviewed)
    decide(library, NAME, every[0], "include", stage="full_text", who="ada")
    library.close()
    app = start("screening", review=NAME, view="flow")
    press(app, "flow-collect")
    library = Library.open(reviewed)
    assert collections(library)[NAME] == 1
    library.close()


def test_a_sample_is_drawn_and_comes_first(start: Start, reviewed: Path) -> None:
    app = named(start("screening", review=NAME, stop="true"), "ada")
    press(app, "sample-draw")
    library = Library.open(reviewed)
    drawn = board(library, NAME).review.checks[0].papers
    library.close()
    assert drawn
    assert "random sample" in shown(app)


@pytest.mark.parametrize("view", ["screen", "papers", "coders", "flow", "rules", "nonsense"])
def test_every_view_of_an_odd_address_is_sound(start: Start, reviewed: Path, view: str) -> None:
    say(reviewed, ("ada", "abstract", "include"), ("bob", "abstract", "exclude"))
    app = start(
        "screening", review="No such", view=view, stage="x", paper="<b>", order="y", show="z"
    )
    assert "no review called" in shown(app)
    for value in (one.value for one in app.markdown if one.allow_html):
        assert "<script" not in value


def test_read_only_offers_no_writes(
    start: Start, reviewed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(reviewed, ("ada", "abstract", "include"), ("bob", "abstract", "exclude"))
    opened = Catalogue.open

    def shut(path: Path, **options: object) -> Catalogue:
        found = opened(path, **options)  # type: ignore[arg-type]
        found.read_only = True
        return found

    monkeypatch.setattr("kb.library.Catalogue.open", shut)
    for view in ("screen", "papers", "coders", "flow", "rules"):
        app = start("screening", review=NAME, view=view)
        writes = ("screen-", "bring-", "source-out", "settle-", "rules-", "review-", "sample-")
        assert not [one.key for one in app.button if str(one.key).startswith(writes)]


def test_what_cannot_be_saved_stays_on_the_page(
    start: Start, reviewed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise CatalogueUnwritable("the catalogue cannot be used: the disk is full")

    app = named(start("screening", review=NAME, order="found"), "ada")
    app.text_input(key="screen-reason").set_value("my reason")
    with monkeypatch.context() as patched:
        patched.setattr("kb.pages.parts.screening_acts.decide", full)
        press(app, "screen-exclude")
    assert "the disk is full" in app.error[0].value
    assert app.text_input(key="screen-reason").value == "my reason"
    press(app, "screen-exclude")
    assert [one[2:] for one in said(reviewed)] == [("exclude", "my reason")]


def test_what_is_decided_and_what_one_decided_agree(start: Start, reviewed: Path) -> None:
    say(reviewed, ("eve", "abstract", "include"), ("eve", "abstract", "maybe"))
    app = named(start("screening", review=NAME), "eve")
    assert "**1** of 13 papers are decided · you decided on **1**" in shown(app)
    assert "maybe, and still open: 1" in shown(app)
