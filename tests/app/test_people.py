"""Several people at once: who acts, and what nobody may see or change of another's."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from kb.answer import ask
from kb.catalogue import Filters
from kb.catalogue.chats import heads
from kb.chats import chats, keep, remove, rename, turns
from kb.decisions import LONGEST_NAME
from kb.errors import ReadOnly, UsageError
from kb.followup import Resolved
from kb.library import Library
from kb.pages.parts import narrowing, person
from kb.pages.parts.markup import plain
from kb.settings import READ_ONLY

Start = Callable[..., AppTest]

PAGES = "search ask map challenges papers table screening label taxonomy library paper".split()


class Context:
    """What Streamlit tells of a request."""

    def __init__(self, **headers: str) -> None:
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.locale = "en"
        self.url = ""


def as_seen(monkeypatch: pytest.MonkeyPatch, **headers: str) -> None:
    monkeypatch.setattr(st, "context", Context(**headers))


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(person.HEADER, "X-Forwarded-User")


def test_two_headers_are_two_people(
    folder: Path, proxied: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library.open(folder)
    seen = set()
    for who in ("ada", "grace@example.org"):
        as_seen(monkeypatch, X_Forwarded_User=who)
        seen.add(person.name(library))
    assert seen == {"ada", "grace@example.org"}
    library.close()


def test_a_session_cannot_claim_another_name(
    start: Start, folder: Path, proxied: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_seen(monkeypatch, X_Forwarded_User="ada", X_User="grace")
    monkeypatch.setitem(st.session_state, "coder", "grace")
    library = Library.open(folder)
    assert person.name(library) == "ada"
    library.close()


def test_without_a_proxy_no_header_is_believed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(person.HEADER, raising=False)
    as_seen(monkeypatch, X_Forwarded_User="mallory")
    library = Library.open(folder)
    assert person.signed_in() == ""
    assert person.name(library) != "mallory"
    library.close()


def test_who_is_signed_in_stands_on_every_page(
    start: Start, proxied: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_seen(monkeypatch, X_Forwarded_User="grace@example.org")
    shown = [one.value for one in start("papers").markdown]
    # No link to her mailbox.
    assert any(":material/person:" in one and "grace\\@\u2060example" in one for one in shown)


def test_where_others_look_on_no_path_of_this_machine_is_shown(
    start: Start, folder: Path, proxied: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_seen(monkeypatch, X_Forwarded_User="ada")
    shown = "\n".join(one.value for one in start("library").caption)
    assert "schema" in shown
    assert plain(str(folder.parent)) not in shown
    monkeypatch.delenv(person.HEADER)
    assert plain(str(folder)) in "\n".join(one.value for one in start("library").caption)


def test_who_is_among_others(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(person.HEADER, raising=False)
    listening = {"localhost": False, "127.0.0.1": False, "0.0.0.0": True, "192.0.2.7": True}
    library = Library.open(folder)
    for address, others in listening.items():
        monkeypatch.setattr(st, "get_option", lambda _name, told=address: told)
        assert person.among_others(library) is others
    library.catalogue.read_only = True
    monkeypatch.setattr(st, "get_option", lambda _name: "localhost")
    assert person.among_others(library)
    library.close()


def test_only_where_several_sign_in_favourites_are_said_to_be_everybodys(
    start: Start, proxied: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_seen(monkeypatch, X_Forwarded_User="ada")
    assert "everybody" in start("paper", id="2501.00001").button(key="favourite").help
    monkeypatch.delenv(person.HEADER)
    assert not start("paper", id="2501.00001").button(key="favourite").help


def test_past_the_proxy_nothing_is_shown(start: Start, proxied: None) -> None:
    for page in PAGES:
        app = start(page)
        assert "Nobody is signed in" in app.error[0].value
        assert not app.get("page_link")


def test_a_name_is_one_line_of_its_length_and_in_any_script(
    proxied: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for given, wanted in (
        ("  Ada\tLovelace ", "Ada Lovelace"),
        ("李雷", "李雷"),
        ("李雷".encode().decode("latin-1"), "李雷"),
        ("Eve\u202e", "Eve\ufffd"),
    ):
        as_seen(monkeypatch, X_Forwarded_User=given)
        assert person.signed_in() == wanted
    names = set()
    for end in "ab":
        as_seen(monkeypatch, X_Forwarded_User="x" * 300 + end)
        names.add(person.signed_in())
    assert len(names) == 2
    assert max(map(len, names)) <= LONGEST_NAME


def content(folder: Path) -> dict[str, str]:
    """Every file of a library and its hash, but for SQLite's own two beside the catalogue."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


def pressed(app: AppTest, name: str) -> None:
    """Press the buttons that a page offers, one after the other, and fill its fields."""
    for box in app.text_input[:3]:
        box.set_value("code")
    # AppTest keeps the labels of a choice in the first language, and a browser does not.
    keys = [one.key for one in app.button if one.key and not one.disabled]
    for key in [one for one in keys if not one.startswith("language-")][:12]:
        if any(one.key == key for one in app.button):
            app.button(key=key).click().run()
            assert not app.exception, (name, key, app.exception)
            shown = " ".join(one.value for one in app.error)
            assert "could not be shown" not in shown, (name, key, app.code[0].value)


def test_reading_alone_writes_nothing(
    start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Library.open(folder).close()
    before = content(folder)
    monkeypatch.setenv(READ_ONLY, "1")
    for page in PAGES:
        address = {"search": {"q": "licensed code"}, "paper": {"id": "2501.00001"}}
        app = start(page, **address.get(page, {}))
        assert "read only" in " ".join(one.value for one in app.markdown)
        pressed(app, page)
    app = start("ask")
    app.chat_input(key="question").set_value("How can recall of licensed code be reduced?").run()
    assert not app.exception
    st.cache_resource.clear()
    assert content(folder) == before
    with_all = Library.open(folder)
    with with_all.catalogue.read() as reader:
        assert not reader.searched()
        assert not heads(reader.connection)
    with_all.close()


def test_the_library_page_offers_no_writes_to_readers(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(READ_ONLY, "1")
    app = start("library")
    offered = {str(one.key) for one in app.button}
    assert not offered & {"doctor", "repair", "reindex", "backup"}
    assert not app.text_area
    assert app.get("page_link")


def test_readers_are_not_offered_to_teach_the_tagger(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    def panels(app: AppTest) -> list[str]:
        return [one.label for one in app.expander]

    assert "Teach the tagger" in panels(start("label"))
    st.cache_resource.clear()
    monkeypatch.setenv(READ_ONLY, "1")
    assert panels(start("label")) == ["Agreement"]


def test_a_library_for_reading_refuses_writes_and_the_lock(folder: Path) -> None:
    library = Library.open(folder, read_only=True)
    with pytest.raises(ReadOnly), library.catalogue.write():
        pass
    with pytest.raises(ReadOnly), library.lock.held():
        pass
    with pytest.raises(ReadOnly):
        library.remove(["2501.00001"])
    assert not (folder / ".lock.json").exists()
    library.close()


def test_an_empty_folder_for_reading_makes_no_library(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(READ_ONLY, "1")
    monkeypatch.setenv("KB_LIBRARY", str(tmp_path / "none"))
    app = start("search")
    assert app.info
    assert "load-starter" not in {str(one.key) for one in app.button}
    assert not (tmp_path / "none").exists()


QUESTION = "How can verbatim recall of licensed code be reduced?"


def signed_in(monkeypatch: pytest.MonkeyPatch, who: str) -> None:
    as_seen(monkeypatch, X_Forwarded_User=who)


def listed(app: AppTest) -> set[str]:
    keys = (str(one.key) for one in app.sidebar.button)
    return {key.removeprefix("show-") for key in keys if key.startswith("show-")}


@pytest.fixture
def talks(folder: Path, proxied: None) -> Path:
    """A library with a chat of Ada's, one of Grace's and one from before there was a proxy."""
    library = Library.open(folder)
    for chat, whose in (("hers", ("ada",)), ("graces", ("grace",)), ("old", None)):
        keep(library, chat, f"{QUESTION} {chat}?", ask(library, QUESTION).to_json(), whose=whose)
    library.close()
    return folder


def test_one_sees_and_changes_only_ones_own_chats(
    start: Start, talks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in(monkeypatch, "ada")
    app = start("ask", chat="hers")
    assert listed(app) == {"hers"}
    app.chat_input(key="question").set_value(QUESTION).run()
    app.text_input(key="rename-hers").set_value("Mine").run()
    assert not app.exception
    signed_in(monkeypatch, "grace")
    app = start("ask", find="licensed")
    assert listed(app) == {"graces"}
    library = Library.open(talks)
    assert [(one.chat, one.name, one.turns, one.who) for one in chats(library)] == [
        ("hers", "Mine", 2, "ada"),
        ("old", "", 1, ""),
        ("graces", "", 1, "grace"),
    ]
    with pytest.raises(UsageError, match="hers"):
        rename(library, "hers", "x", ("grace",))
    with pytest.raises(UsageError, match="hers"):
        remove(library, "hers", ("grace",))
    assert rename(library, "graces", "Mine", ("grace",)) == "Mine"  # tells nothing of Ada's
    library.close()


def test_anothers_chat_opens_by_its_link_for_reading(
    start: Start, talks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in(monkeypatch, "grace")
    app = start("ask", chat="hers")
    assert any("somebody else" in one.value for one in app.info)
    assert any("hers?" in one.value for one in app.markdown)
    assert listed(app) == {"graces"}
    assert not app.chat_input
    assert not {"export-hers", "rename-hers", "delete"} & {str(one.key) for one in app.button}
    library = Library.open(talks)
    with pytest.raises(UsageError, match="somebody else"):
        keep(library, "hers", QUESTION, {"answered": False}, whose=("grace",))
    assert len(turns(library, "hers")) == 1
    library.close()


def test_a_question_put_anew_in_anothers_chat_begins_ones_own(
    start: Start, talks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in(monkeypatch, "grace")
    app = start("ask", chat="hers")
    app.session_state[narrowing.AGAIN] = Resolved(QUESTION, Filters())
    app.run()
    assert not app.exception
    library = Library.open(talks)
    assert len(turns(library, "hers")) == 1
    newest = chats(library)[0]
    assert (newest.who, newest.first) == ("grace", QUESTION)
    library.close()


def test_chats_from_before_the_proxy_are_the_coders(
    start: Start, talks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (talks / "settings.toml").open("a", encoding="utf-8") as settings:
        settings.write('\ncoder = "ada"\n')
    signed_in(monkeypatch, "ada")
    assert listed(start("ask")) == {"hers", "old"}
    signed_in(monkeypatch, "grace")
    assert listed(start("ask")) == {"graces"}


def test_without_a_proxy_everybody_sees_all_chats(
    start: Start, talks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(person.HEADER)
    app = start("ask", chat="hers")
    assert listed(app) == {"hers", "graces", "old"}
    assert app.chat_input
    library = Library.open(talks)
    keep(library, "new", QUESTION, {"answered": False})
    assert chats(library)[0].who == ""
    library.close()
