"""Collections in the app: chosen as a filter, filled from a paper and from a search."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

from kb.collecting import collect, collections
from kb.library import Library

Start = Callable[..., AppTest]

ONE, TWO = "2501.00001", "2401.09999"


def held(folder: Path) -> dict[str, int]:
    library = Library.open(folder)
    found = collections(library)
    library.close()
    return found


def fill(folder: Path, name: str, *papers: str) -> None:
    library = Library.open(folder)
    collect(library, name, papers)
    library.close()


def test_every_collection_can_be_filtered_by(start: Start, folder: Path) -> None:
    fill(folder, "to read", ONE, TWO)
    app = start("papers")
    choice = app.selectbox(key="at:collection")
    assert choice.options == ["any", "favourites", "to read"]
    choice.set_value("to read").run()
    assert any(one.value.startswith("**2** of 13 papers pass") for one in app.sidebar.markdown)


def test_a_paper_goes_in_and_out(start: Start, folder: Path) -> None:
    fill(folder, "to read", TWO)
    app = start("paper", id=ONE)
    app.checkbox(key=f"collect-{ONE}-to read").check().run()
    assert held(folder) == {"to read": 2}
    app.checkbox(key=f"collect-{ONE}-to read").uncheck().run()
    assert held(folder) == {"to read": 1}
    app.text_input(key="collect-new").set_value("thesis, chapter 2")
    app.button(key="collect-put").click().run()
    assert not app.exception
    assert held(folder) == {"thesis, chapter 2": 1, "to read": 1}
    assert app.checkbox(key=f"collect-{ONE}-thesis, chapter 2").value
    assert app.text_input(key="collect-new").value == ""


def test_a_bad_name_is_said_and_nothing_is_kept(start: Start, folder: Path) -> None:
    app = start("paper", id=ONE)
    app.text_input(key="collect-new").set_value("  ")
    app.button(key="collect-put").click().run()
    assert "Not a name for a collection" in app.toast[0].value
    assert held(folder) == {}


def test_a_name_that_is_too_long_is_said_and_stays(start: Start, folder: Path) -> None:
    app = start("paper", id=ONE)
    app.text_input(key="collect-new").set_value("x" * 5_000)
    app.button(key="collect-put").click().run()
    assert "5,000 characters; at most 80" in app.toast[0].value
    assert held(folder) == {}
    assert app.text_input(key="collect-new").value == "x" * 5_000


def test_search_results_are_kept(start: Start, folder: Path) -> None:
    app = start("search", q="code", mode="dense")
    shown = sum(one.key == "more" for one in app.button)
    app.text_input(key="collect-these").set_value("on code")
    app.button(key="keep-these-now").click().run()
    assert not app.exception
    assert held(folder) == {"on code": 10}
    assert shown == 1  # there are more, which were not kept
