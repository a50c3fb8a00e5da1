"""Search as it is used every day: kept papers, more like this, saved searches, files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from ingest.sources import jsonl
from kb import reading_states, saved_searches
from kb.adding import Options, add
from kb.catalogue import Filters
from kb.catalogue.own_work import set_visit
from kb.collecting import collect
from kb.decisions import coder
from kb.library import Library
from kb.pages.parts import keeping, opened

Start = Callable[..., AppTest]

ONE, TWO, HOSTILE = "2501.00001", "2502.00002", "2401.09999"
EVIL = "<img src=x onerror=alert(1)> **b** [x](javascript:alert(2))"


def markup(app: AppTest) -> str:
    """What the page's own HTML holds; not the scripts and styles of its frame."""
    bodies = [one.proto.body for one in app.get("html")]
    return "\n".join(body for body in bodies if not body.startswith(("<script", "<style")))


def titles(app: AppTest) -> list[str]:
    """Ids of the papers that are linked, in order."""
    found = (
        re.search(r"(?:^|&)id=([^&]+)", one.proto.query_string) for one in app.get("page_link")
    )
    return [one[1] for one in found if one]


def param(app: AppTest, name: str) -> str:
    held = app.query_params[name]
    return held if isinstance(held, str) else held[-1]


def menu(app: AppTest, paper_id: str) -> list[str]:
    (held,) = (one for one in app.get("menu_button") if one.proto.id.endswith(f"keep-{paper_id}"))
    return list(held.proto.options)


def write(folder: Path, act: Callable[[Library, str], Any]) -> Any:
    """Do something to the library as whoever uses it here."""
    library = Library.open(folder)
    try:
        return act(library, coder(library))
    finally:
        library.close()


def newcomer(folder: Path) -> str:
    """A paper more in the library; its id."""
    record = {
        "id": "2601.00001",
        "title": "Zymurgy agents repair compilers",
        "abstract": "We study zymurgy for code models. It repairs compilers.",
        "authors": ["Ada Lovelace"],
        "categories": ["cs.SE"],
        "published": "2026-01-05",
    }
    path = folder.parent / "newcomer.jsonl"
    path.write_text(json.dumps(record), encoding="utf-8")
    write(folder, lambda library, _: add(library, [jsonl(path)], Options(statements=False)))
    return str(record["id"])


def test_what_is_kept_is_told_on_the_card(start: Start, folder: Path) -> None:
    write(folder, lambda library, who: reading_states.put(library, who, [TWO], "reading"))
    write(folder, lambda library, _: collect(library, "thesis", [TWO]))
    write(folder, lambda library, _: collect(library, "favourites", [TWO]))
    app = start(q="forgetting licensed code")
    shown = markup(app)
    for told in ("★ favourite", "Reading", "thesis"):
        assert f'<span class="sf-kept">{told}</span>' in shown
    held, other = " ".join(menu(app, TWO)), " ".join(menu(app, ONE))
    for told in ("Take out of the favourites", "Take off my reading list", "Take out of thesis"):
        assert told in held
        assert told not in other
    assert "Keep in thesis" in other


def test_words_that_no_paper_holds_are_named(start: Start) -> None:
    app = start(q="zzzzqqqq")
    assert [one.value for one in app.info] == [
        "No paper holds these words; the papers below are the nearest by meaning."
    ]
    app = start(q="zzzzqqqq code")
    assert not app.info
    assert "No paper holds “zzzzqqqq”." in [one.value for one in app.caption]
    assert not any("No paper holds" in one.value for one in start(q="code repair").caption)


def test_what_is_not_narrowed_is_not_to_be_widened(start: Start) -> None:
    app = start("search", q='"no such phrase anywhere"', mode="lexical")
    assert [one.value for one in app.info] == ["No paper matches this."]
    app = start("search", q="licensed code", author="nobody")
    assert [one.value for one in app.info] == ["No paper passes these filters: take one away."]


def test_an_error_of_a_query_begins_with_a_capital(start: Start) -> None:
    (told,) = start(q="cats OR dogs").info
    assert told.value[0].isupper()


def test_a_question_longer_than_is_read_says_so(start: Start) -> None:
    app = start(q="code " * 1_000)
    assert "5,000 characters" in app.warning[0].value


def test_categories_that_no_paper_has_are_left_out(start: Start, folder: Path) -> None:
    newcomer(folder)
    app = start(**{"from": "2026", "to": "2026"})
    (pills,) = [one for one in app.sidebar.button_group if one.label == "arXiv category"]
    assert [re.sub(r" :gray.*", "", one) for one in pills.options] == ["cs\\.SE"]
    assert any("have none" in one.value or "has none" in one.value for one in app.caption)


def test_the_menu_of_a_card_keeps_and_lets_go(folder: Path) -> None:
    def act(library: Library, who: str) -> None:
        for chosen in ("in:favourites", "in:a: b", "state:to_read"):
            keeping.act(library, ONE, chosen)
        held = keeping.kept(library)
        assert ONE in held.favourites
        assert held.collections == {"a: b": {ONE}}
        assert held.states == {ONE: "to_read"} == reading_states.states(library, who)
        for chosen in ("out:favourites", "out:a: b", "state:", "", "in:no\x07name"):
            keeping.act(library, ONE, chosen)
        held = keeping.kept(library)
        assert (held.favourites, held.collections, held.states) == (frozenset(), {}, {})

    write(folder, act)


def test_more_like_this_and_back(start: Start) -> None:
    app = start(q="unlearning", n="20")
    app.button(key=f"like-{TWO}").click().run()
    assert param(app, "like") == TWO
    assert "n" not in app.query_params
    like = titles(app)
    assert like[0] == TWO  # named above the list
    assert TWO not in like[1:]
    assert len(like) == 11
    app.button(key="unlike").click().run()
    assert "like" not in app.query_params
    assert param(app, "q") == "unlearning"
    assert start(like="2999.99999").error
    assert titles(start(like=TWO, phase="no-such", category="stat.ML", author="nobody"))[1:] == []


def test_the_address_filters_by_reading_state(start: Start, folder: Path) -> None:
    write(folder, lambda library, who: reading_states.put(library, who, [ONE, TWO], "to_read"))
    write(folder, lambda library, who: reading_states.put(library, who, [HOSTILE], "read"))
    app = start("papers", reading="to_read")
    assert set(titles(app)) == {ONE, TWO}
    assert "**2** of 13 papers pass" in [one.value for one in app.sidebar.markdown]
    assert set(titles(start(q="code", reading="read"))) == {HOSTILE}
    assert len(titles(start("papers", reading="skimmed"))) == 13
    assert start("papers", reading="reading").info
    app.button(key="clear-filters").click().run()
    assert "reading" not in app.query_params


def test_two_people_have_lists_of_their_own(
    start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, lambda library, _: reading_states.put(library, "ada", [ONE], "to_read"))
    write(folder, lambda library, _: collect(library, "favourites", [TWO]))
    monkeypatch.setenv("SIXFOLD_USER_HEADER", "X-User")
    for who, listed in (("ada", [ONE]), ("bob", [])):
        monkeypatch.setattr("kb.pages.parts.person.signed_in", lambda who=who: who)
        assert titles(start("papers", reading="to_read")) == listed
        assert titles(start("papers", collection="favourites")) == [TWO]


def test_what_is_new_since_the_last_visit(start: Start, folder: Path) -> None:
    first = start()
    assert not any("since your last visit" in one.value for one in first.markdown)
    new = newcomer(folder)
    st.cache_resource.clear()  # the server has been started again, a day later
    app = start()
    assert any("1 paper is new since your last visit" in one.value for one in app.markdown)
    assert titles(app) == [new]
    assert titles(start("papers", new="1")) == [new]  # a page loaded again: the same visit
    assert titles(start(q="code", new="1")) == [new]
    st.cache_resource.clear()
    assert start("papers", new="1").info


def test_a_search_is_saved_opened_and_removed(start: Start, folder: Path) -> None:
    app = start(q="zymurgy", mode="lexical", category="cs.SE")
    assert app.info  # nothing matches yet, and nothing can be saved
    app = start(q="zymurgy code", category="cs.SE", phase="testing-and-evaluation")
    app.text_input(key="save-name").set_value(EVIL)
    app.button(key="save-now").click().run()
    assert not app.exception
    (held,) = write(folder, saved_searches.saved_searches)
    assert (held.name, held.query, held.mode) == (EVIL, "zymurgy code", "hybrid")
    assert held.filters == Filters(phases=("testing-and-evaluation",), category="cs.SE")
    assert any("Saved as" in one.value for one in app.markdown)
    app = start(layer="synthesis")
    button = app.button(key="open-saved-0")
    assert "\\<img" in button.label
    assert "new" not in button.label.replace(EVIL, "")
    button.click().run()
    assert param(app, "q") == "zymurgy code"
    assert param(app, "category") == "cs.SE"
    assert "layer" not in app.query_params
    app.button(key="save-remove").click().run()
    assert write(folder, saved_searches.saved_searches) == []


def test_a_saved_search_tells_what_is_new_in_it_once(start: Start, folder: Path) -> None:
    write(
        folder,
        lambda library, who: saved_searches.save(
            library, who, "brewing", "zymurgy", Filters(), "lexical"
        ),
    )
    write(
        folder,
        lambda library, who: saved_searches.save(library, who, "birds", '"baltic sea"', Filters()),
    )
    new = newcomer(folder)
    app = start()
    assert "1 new" in app.button(key="open-saved-1").label
    assert "new" not in app.button(key="open-saved-0").label
    app.button(key="open-saved-1").click().run()
    assert param(app, "mode") == "lexical"
    assert titles(app) == [new]
    assert '<span class="sf-new">new</span>' in markup(app)
    box = app.checkbox(key="at:new:1")
    assert box.label.startswith("New since this search was last opened")
    assert "[1]" in box.label
    assert "new" not in start().button(key="open-saved-1").label


def test_a_saved_search_that_cannot_be_made_any_more_says_so(start: Start, folder: Path) -> None:
    library = Library.open(folder)
    saved_searches.save(library, coder(library), "old", "code", Filters())
    with library.catalogue.write(bump=False) as writer:
        writer.connection.exec_driver_sql(
            "UPDATE saved_searches SET query = 'phase:gone', seen = 0"
        )
    library.close()
    assert "cannot be made any more" in start().button(key="open-saved-0").label


@pytest.mark.parametrize("page", ["search", "papers"])
def test_the_list_is_a_file_of_exactly_what_is_shown_or_of_all(
    start: Start, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: dict[str, Callable[[], bytes]] = {}

    def kept(_label: str, *, data: Callable[[], bytes], key: str, **_: Any) -> bool:
        made[key] = data
        return False

    monkeypatch.setattr(st, "download_button", kept)
    app = start(page, q='"language models"', order="id")
    shown = titles(app)[:10] if page == "search" else titles(app)
    assert list(made) == [f"export-{form}" for form in ("bibtex", "ris", "csv", "markdown")]
    rows = made["export-csv"]().decode().splitlines()[1:]
    assert [row.split(",")[0].strip('"') for row in rows] == shown
    assert made["export-ris"]().decode().count("TY  -") == len(shown)
    assert made["export-bibtex"]().decode().count("\n@") + 1 == len(shown)
    assert made["export-markdown"]().startswith(b"# ")


def test_all_that_is_ranked_can_be_written(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    made: dict[str, Callable[[], bytes]] = {}
    monkeypatch.setattr(
        st, "download_button", lambda _label, **given: made.update({given["key"]: given["data"]})
    )
    app = start(q="code")
    (which,) = (one for one in app.button_group if one.key == "export-which")
    which.set_value("all").run()
    assert made["export-ris"]().decode().count("TY  -") == 13


def test_papers_are_ordered(start: Start) -> None:
    app = start("papers", order="title")
    names = [one.proto.label.strip("*").lower() for one in app.get("page_link")]
    assert names[1:] == sorted(names[1:])  # the first begins with an escaped mark
    by_year = titles(start("papers", order="year"))
    assert by_year[-1].startswith("23")
    assert by_year[0].startswith("25")


def test_a_library_for_reading_only_offers_no_writing(start: Start, folder: Path) -> None:
    write(folder, lambda library, who: reading_states.put(library, who, [TWO], "reading"))
    write(
        folder,
        lambda library, who: saved_searches.save(library, who, "mine", "unlearning", Filters()),
    )
    opened.library().catalogue.read_only = True
    app = start(q="forgetting licensed code")
    assert not app.get("menu_button")
    written = {"save-now", "keep-these-now"}
    assert not written & {one.key for one in app.button}
    assert '<span class="sf-kept">Reading</span>' in markup(app)
    app = start()
    app.button(key="open-saved-0").click().run()
    assert not app.exception
    assert param(app, "q") == "unlearning"
    start("papers", reading="reading")
    with opened.library().catalogue.read() as reader:
        assert not reader.connection.exec_driver_sql("SELECT count(*) FROM visits").scalar()


def test_hostile_names_and_queries_are_only_text(start: Start, folder: Path) -> None:
    write(folder, lambda library, _: collect(library, EVIL, [HOSTILE, ONE]))
    for app in (start(q=f"alert markup titles {EVIL}"), start("papers", collection=EVIL)):
        assert not re.search(r"<(script|img|i|b)\b", markup(app))
        assert "&lt;img" in markup(app)
        assert any("\\<img" in one for one in menu(app, HOSTILE))


def test_the_last_visit_is_the_persons_own(folder: Path) -> None:
    def act(library: Library, _: str) -> None:
        with library.catalogue.write(bump=False) as writer:
            set_visit(writer.connection, "ada", 3, library.now())
            set_visit(writer.connection, "ada", 4, library.now())
            set_visit(writer.connection, "bob", 5, library.now())
            rows = writer.connection.exec_driver_sql("SELECT who, seen FROM visits ORDER BY who")
            assert [tuple(row) for row in rows] == [("ada", 4), ("bob", 5)]

    write(folder, act)
