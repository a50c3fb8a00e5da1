"""The Taxonomy page: whose words each category is in, and changing it with a look ahead."""

from __future__ import annotations

from pathlib import Path

from kb.codebooks import commit, history
from kb.library import Library
from taxonomy.editing import Add
from tests.app.conftest import Start, sound
from tests.taxonomy.test_editing import facet


def texts(app: object) -> str:
    parts = [*app.markdown, *app.caption, *app.error]  # type: ignore[attr-defined]
    return "\n".join(str(one.value) for one in parts)


def test_every_category_says_whose_words_it_is_in(start: Start) -> None:
    app = start("taxonomy")
    shown = texts(app)
    assert "\\[P\\] the survey" in shown
    assert "\\[S\\] as others describe" in shown
    labels = [one.label for one in app.expander]
    assert sum(" paper" in label for label in labels) == 12
    assert "not public" in shown


def test_a_change_is_shown_before_it_is_made(start: Start, folder: Path) -> None:
    app = start("taxonomy")
    next(one for one in app.text_input if one.label == "New name").set_value("Needs")
    ahead = [one for one in app.button if one.label == "Look ahead"]
    ahead[0].click()
    app.run()
    sound(app)
    assert "Nothing was changed" in texts(app)
    library = Library.open(folder)
    assert len(history(library)) == 1
    next(one for one in app.button if one.label == "Make this change").click()
    app.run()
    sound(app)
    assert [one.change["kind"] for one in history(library)] == ["shipped", "rename"]
    assert library.codebook.facet("phase").categories[0].name == "Needs"
    library.close()


def test_a_form_with_a_fault_says_so(start: Start) -> None:
    app = start("taxonomy")
    next(one for one in app.text_input if one.label == "Key").set_value("Not A Key")
    ahead = [one for one in app.button if one.label == "Look ahead"]
    ahead[2].click()
    app.run()
    sound(app)
    assert app.error


def test_an_own_facet_filters_and_says_how_it_was_tagged(start: Start, folder: Path) -> None:
    library = Library.open(folder)
    subject = facet("subject", "repository")
    commit(library, Add(subject), who="ada")
    found = int(library.snapshot().table.has_tags["subject", "repository"].sum())
    library.close()
    assert found
    app = start("papers", subject="repository")
    assert f"**{found}** of 13 papers pass" in [one.value for one in app.sidebar.markdown]
    assert any("Repository" in one.label for one in app.sidebar.checkbox)
    assert "not trained" in texts(start("taxonomy"))
