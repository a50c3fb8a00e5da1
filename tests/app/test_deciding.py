"""On a paper's page people decide on its tags, give a reason, see what was said, and undo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from kb.decisions import history
from kb.library import Library

Start = Callable[..., AppTest]

ONE = "2501.00001"
DATASET = "dataset-construction"


def choice(app: AppTest, facet: str) -> Any:
    return next(one for one in app.multiselect if str(one.key).startswith(f"decide-{ONE}-{facet}-"))


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception
    return app


def log(folder: Path) -> list[tuple[str, str, str, str]]:
    library = Library.open(folder)
    said = [one.decision for one in history(library, ONE)]
    library.close()
    return [(one.who, one.key, one.verdict, one.why) for one in said]


def test_a_tag_is_added_with_a_reason_and_undone(start: Start, folder: Path) -> None:
    app = start("paper", id=ONE)
    app.text_input(key="decide-who").set_value("ada")
    app.text_input(key=f"decide-why-{ONE}").set_value("section 2")
    before = list(choice(app, "phase").value)
    assert DATASET not in before
    choice(app, "phase").set_value([*before, DATASET])
    press(app, "decide-save")
    assert [one.value[:16] for one in app.success] == ["1 decision saved"]
    assert log(folder) == [("ada", DATASET, "yes", "section 2")]
    assert DATASET in choice(app, "phase").value
    assert any("section 2" in one.value for one in app.caption)
    press(app, "undo-1")
    assert DATASET not in choice(app, "phase").value
    assert [one[2] for one in log(folder)] == ["yes", "undo"]


def test_all_right_as_it_is(start: Start, folder: Path) -> None:
    app = start("paper", id=ONE)
    app.text_input(key="decide-who").set_value("ada")
    kept = {facet: set(choice(app, facet).value) for facet in ("phase", "layer")}
    press(app, "decide-accept")
    said = log(folder)
    assert {key for _, key, verdict, _ in said if verdict == "yes"} == set.union(*kept.values())
    assert sum(verdict == "done" for *_, verdict, _ in said) == 2
    assert {facet: set(choice(app, facet).value) for facet in kept} == kept
