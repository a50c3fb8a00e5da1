"""Labelling in the app: one paper after another, nothing lost, and the tagger is taught."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from kb.decisions import Verdict, history, record
from kb.errors import CatalogueUnwritable
from kb.learning import propose
from kb.library import Library
from kb.pages.parts import lessons, person
from kb.queue import queue

Start = Callable[..., AppTest]

PHASES = 6
EVERY = 12


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception
    return app


def at(app: AppTest, name: str) -> str:
    """A parameter of the address; "" where it is not there."""
    return "".join(app.query_params.get(name, ""))


def log(folder: Path) -> list[tuple[str, str, str, str]]:
    library = Library.open(folder)
    said = [one.decision for one in history(library)]
    library.close()
    return [(one.who, one.paper_id, one.key or one.facet, one.verdict) for one in said]


def waiting(folder: Path, **options: str) -> list[str]:
    library = Library.open(folder)
    found = [one.paper_id for one in queue(library, count=20, **options)]
    library.close()
    return found


def progress(app: AppTest) -> str:
    return next(one.value for one in app.caption if one.value.startswith("You have decided"))


def test_papers_come_in_the_order_of_the_queue(start: Start, folder: Path) -> None:
    wanted = waiting(folder, who="ada")
    app = start("label", who="ada")
    assert at(app, "paper") == wanted[0]
    press(app, "label-skip")
    assert at(app, "paper") == wanted[1]
    press(app, "label-back")
    assert at(app, "paper") == wanted[0]
    assert not log(folder)
    app.selectbox(key="at:order").set_value("random").run()
    assert at(app, "paper") == waiting(folder, who="ada", strategy="random")[0]


def test_saving_takes_every_answer_as_it_stands(start: Start, folder: Path) -> None:
    app = start("label", who="ada")
    first = at(app, "paper")
    suggested = {
        key.split("-", 2)[2]
        for key in (str(one.key) for one in app.button)
        if key.startswith("yes-phase") and app.button(key=key).proto.shortcut == ""
    }
    press(app, "yes-phase-requirements-engineering")
    press(app, "no-layer-synthesis")
    press(app, "label-save")
    assert at(app, "paper") not in ("", first)
    assert not at(app, "yes")
    assert not at(app, "no")
    said = [one for one in log(folder) if one[1] == first]
    assert {one[0] for one in said} == {"ada"}
    verdicts = {key: verdict for *_, key, verdict in said if verdict != "done"}
    assert len(verdicts) == EVERY
    assert verdicts["requirements-engineering"] == "yes"
    assert verdicts["synthesis"] == "no"
    phases = suggested | {"requirements-engineering"}
    assert all(verdicts[key] == "yes" for key in phases)
    assert [key for *_, key, verdict in said if verdict == "done"] == ["phase", "layer"]
    assert progress(app) == ("You have decided on **1** of 13 papers, **1** of them today.")


def test_the_indexes_follow_a_save_by_themselves(start: Start, folder: Path) -> None:
    app = start("label", who="ada")
    press(app, "yes-phase-requirements-engineering")
    press(app, "label-save")
    library = Library.open(folder, heal=False)
    with library.catalogue.read() as reader:
        generation = reader.generation
    end = time.monotonic() + 30
    while not library.indexes.current(generation) and time.monotonic() < end:
        time.sleep(0.05)
    assert library.indexes.current(generation)
    library.close()


def test_only_what_was_clicked_in_one_facet_with_a_reason(start: Start, folder: Path) -> None:
    app = start("label", who="ada", facet="phase")
    assert sum(str(one.key).startswith("yes-") for one in app.button) == PHASES
    first = at(app, "paper")
    app.checkbox(key="at:only:clicked").check().run()
    press(app, "label-save")
    assert at(app, "paper") == first
    assert "Nothing is clicked" in app.error[0].value
    press(app, "yes-phase-dataset-construction")
    app.text_input(key="at:why").set_value("section 2")
    press(app, "label-save")
    assert log(folder) == [("ada", first, "dataset-construction", "yes")]
    library = Library.open(folder)
    assert [one.decision.why for one in history(library)] == ["section 2"]
    library.close()
    assert at(app, "paper") != first
    assert at(app, "why") == ""


def test_none_of_them_and_undo(start: Start, folder: Path) -> None:
    app = start("label", who="ada", facet="layer")
    first = at(app, "paper")
    press(app, "none-layer")
    press(app, "label-save")
    assert {one[3] for one in log(folder)} == {"no", "done"}
    press(app, "label-undo")
    assert at(app, "paper") == first
    assert {one[3] for one in log(folder)} == {"no", "done", "undo"}
    assert "**0** of 13" in progress(app)
    press(app, "label-undo")
    assert "nothing that could be undone" in app.error[0].value


def test_a_reload_brings_back_what_was_clicked(start: Start, folder: Path) -> None:
    app = start("label", who="ada")
    press(app, "yes-phase-requirements-engineering")
    press(app, "no-phase-testing-and-evaluation")
    held = {name: at(app, name) for name in ("who", "paper", "yes", "no")}
    again = start("label", **held)
    assert {name: at(again, name) for name in held} == held
    for name in ("yes-phase-requirements-engineering", "no-phase-testing-and-evaluation"):
        assert again.button(key=name).proto.type == "primary"
    assert again.button(key="label-save").proto.type == "primary"
    suggestions = [one for one in again.button if str(one.key).startswith(("yes-", "no-"))]
    assert sum(one.proto.type == "primary" for one in suggestions) == 2
    assert not log(folder)


def test_while_another_writes_one_goes_on(start: Start, folder: Path) -> None:
    app = start("label", who="ada")
    first = at(app, "paper")
    press(app, "yes-phase-requirements-engineering")
    other = Library.open(folder)
    with other.writing():
        press(app, "label-save")
    other.close()
    assert not app.error
    assert at(app, "paper") != first
    assert log(folder)


def test_what_cannot_be_saved_is_kept_on_the_page(
    start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise CatalogueUnwritable("the catalogue cannot be used: the disk is full")

    app = start("label", who="ada")
    first = at(app, "paper")
    press(app, "yes-phase-requirements-engineering")
    with monkeypatch.context() as patched:
        patched.setattr("kb.catalogue.Catalogue.write", full)
        press(app, "label-save")
    assert "kept on this page" in app.error[0].value
    assert at(app, "paper") == first
    assert at(app, "yes") == "phase.requirements-engineering"
    assert not log(folder)
    press(app, "label-save")
    assert not app.error
    assert at(app, "paper") != first


def test_who_is_signed_in_is_not_asked_for_a_name(
    start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(person, "by_proxy", lambda: True)
    monkeypatch.setattr(person, "signed_in", lambda: "grace")
    app = start("label", who="mallory")
    assert not any(one.key == "label-who" for one in app.text_input)
    press(app, "label-save")
    assert {one[0] for one in log(folder)} == {"grace"}
    card = start("paper", id=log(folder)[0][1])
    assert not any(one.key == "decide-who" for one in card.text_input)


def test_nobody_named_is_asked_for_a_name(start: Start, folder: Path) -> None:
    app = start("label", who="ada")
    app.text_input(key="label-who").set_value("\u200b").run()
    assert "Say who is labelling" in app.info[0].value
    app.text_input(key="label-who").set_value("bea").run()
    press(app, "label-save")
    assert {one[0] for one in log(folder)} == {"bea"}


def test_nothing_left_says_so_and_offers_what_was_skipped(start: Start, folder: Path) -> None:
    ids = waiting(folder, who="ada", facet="phase")
    library = Library.open(folder)
    everything = [Verdict(one, "phase", "", "done") for one in ids[1:]]
    record(library, everything, who="ada")
    library.close()
    app = start("label", who="ada", facet="phase")
    assert at(app, "paper") == ids[0]
    press(app, "label-skip")
    assert "Nothing is left" in app.success[0].value
    press(app, "label-again")
    assert at(app, "paper") == ids[0]


def test_a_paper_without_abstract_says_what_stands_instead(start: Start, folder: Path) -> None:
    library = Library.open(folder)
    with library.catalogue.write() as writer:
        writer.connection.exec_driver_sql("UPDATE papers SET abstract = ''")
    library.close()
    app = start("label", who="ada")
    assert any("No abstract is stored here" in one.value for one in app.caption)
    assert any("kb fetch --missing" in one.value for one in app.caption)


def test_an_empty_library_says_so(
    folder: Path, tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    Library.create(tmp_path / "empty").close()
    monkeypatch.setenv("KB_LIBRARY", str(tmp_path / "empty"))
    app = start("label", who="ada")
    assert "holds no papers" in app.info[0].value


def test_coders_are_compared_and_a_third_settles(start: Start, folder: Path) -> None:
    paper = waiting(folder, who="ada")[0]
    library = Library.open(folder)
    for who, verdict in (("ada", "yes"), ("bea", "no")):
        record(library, [Verdict(paper, "phase", "dataset-construction", verdict)], who=who)
        record(library, [Verdict(paper, "phase", "testing-and-evaluation", "no")], who=who)
    library.close()
    party = start("label", who="bea", agree="true")
    assert any("ada and bea: kappa **0.00**, 50% of n = 2" in one.value for one in party.markdown)
    assert any(one.key == "change-0" for one in party.button)
    third = start("label", who="cyd", agree="true")
    press(third, "settle-yes-0")
    assert any(one.value == "Nothing is left to settle." for one in third.markdown)
    library = Library.open(folder)
    last = history(library)[-1]
    assert (last.decision.who, last.decision.verdict, last.decision.settles) == ("cyd", "yes", True)
    library.close()


@pytest.fixture
def taught(folder: Path) -> Library:
    """A library in which one coder has turned every phase of some papers round."""
    ids = waiting(folder, who="ada")
    library = Library.open(folder)
    for paper in ids[:6]:
        record(library, [Verdict(paper, "phase", "requirements-engineering", "yes")], who="ada")
    return library


def settled(held: lessons.Lessons, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while held.busy and time.monotonic() < end:
        time.sleep(0.02)
    assert not held.busy


def test_the_tagger_is_taught_as_the_command_does(taught: Library) -> None:
    held = lessons.Lessons()
    held.look_ahead(taught)
    settled(held)
    assert held.state == "ready"
    assert held.proposal is not None
    wanted = propose(taught)
    assert held.proposal.changes == wanted.changes
    before = taught.tagger.version
    held.apply(taught)
    settled(held)
    assert held.state == "applied"
    assert held.changed == wanted.papers
    assert taught.tagger.version == wanted.tagger.version != before
    taught.close()


def test_looking_ahead_can_be_stopped_and_left(
    taught: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = lessons.Lessons()

    def endless(_: Library, *, between: Callable[[], None]) -> None:
        while True:
            between()
            time.sleep(0.01)

    monkeypatch.setattr(lessons, "propose", endless)
    held.look_ahead(taught)
    assert held.busy
    held.stop()
    settled(held)
    assert (held.state, held.proposal) == ("stopped", None)
    held.leave()
    assert held.state == ""
    taught.close()


def test_what_was_worked_out_is_not_applied_to_a_changed_library(taught: Library) -> None:
    held = lessons.Lessons()
    held.look_ahead(taught)
    settled(held)
    paper = taught.snapshot().table.paper_id[0]
    record(taught, [Verdict(paper, "layer", "synthesis", "yes")], who="bea")
    record(taught, [Verdict(paper, "layer", "synthesis", "no")], who="bea")
    before = taught.tagger.version
    held.apply(taught)
    settled(held)
    assert held.state == "failed"
    assert "work it out again" in held.message
    assert taught.tagger.version == before
    taught.close()


def test_the_panel_shows_what_would_change(start: Start, taught: Library) -> None:
    taught.close()
    app = start("label", who="ada", teach="true")
    app.button(key="teach-look").click().run()
    end = time.monotonic() + 60
    while not any(one.key == "teach-apply" for one in app.button) and time.monotonic() < end:
        time.sleep(0.1)
        app.run()
    assert any("It would learn from **6** verdicts" in one.value for one in app.markdown)
    press(app, "teach-leave")
    assert any(one.key == "teach-look" for one in app.button)
