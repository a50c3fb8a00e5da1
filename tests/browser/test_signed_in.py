"""Two people at once, each named by a proxy: what one does is one's own, and bears one's name.

Over real connections, in Streamlit's own protocol; tests/browser/test_nginx.py has the proxy.
"""

from __future__ import annotations

import json
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import InvalidStatus

from ingest.sources import jsonl
from kb.adding import add
from kb.catalogue.chats import heads
from kb.catalogue.decisions import read_log
from kb.library import Library
from kb.reading_states import states
from kb.remarks import remarks
from kb.saved_searches import saved_searches
from kb.settings import USER_HEADER
from kb.visits import begin
from tests.browser.session import Drawn, Session, asking, chat_box

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

Serving = Callable[..., AbstractContextManager[str]]

HEADER = "X-Forwarded-User"
PAPER = "2501.00001"
PAGES = (*"ask map challenges papers table screening label taxonomy library".split(), "")
STATES = {"ada": "To read", "grace": "Reading"}
SAYS = {"ada": "yes", "grace": "no"}


@pytest.fixture
def shared(invented: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library to write to, whose app believes the header of a proxy."""
    monkeypatch.setenv(USER_HEADER, HEADER)
    folder = tmp_path / "library"
    shutil.copytree(invented, folder)
    return folder


@pytest.fixture
def enter() -> Iterator[Callable[..., Session]]:
    """Opens a session under a name; "" for none."""
    opened: list[Session] = []

    def entered(url: str, who: str, earlier: str = "", called: str = "", **told: str) -> Session:
        headers = {name.replace("_", "-"): value for name, value in told.items()}
        opened.append(Session(url, headers | ({HEADER: who} if who else {}), earlier, called))
        return opened[-1]

    yield entered
    for one in opened:
        one.close()


def filled(drawn: Drawn, key: str, text: str) -> WidgetState:
    return WidgetState(id=drawn.widget(key), string_value=text)


def pressed(drawn: Drawn, key: str) -> WidgetState:
    return WidgetState(id=drawn.widget(key), trigger_value=True)


def work(person: Session, who: str) -> None:
    """Ask, put the paper on the reading list, write a note on it, tag it, save a search."""
    blank = person.load("ask")
    question = f"How can recall of licensed code be reduced, asks {who}?"
    asked = person.load("ask", states=[asking(chat_box(blank), question)])
    assert not asked.failures
    at = urlencode({"id": PAPER})
    card = person.load("paper", at)
    chosen = WidgetState(id=card.widget(f"reading-{PAPER}"))
    chosen.string_array_value.data.append(STATES[who])
    person.load("paper", at, [chosen])
    note = [filled(card, f"note-new-{PAPER}", f"a note of {who}"), pressed(card, "note-add")]
    person.load("paper", at, note)
    said = f"say-{SAYS[who]}-phase-testing-and-evaluation"
    person.load("paper", at, [pressed(card, said)])
    search = urlencode({"q": "licensed code"})
    found = person.load("", search)
    name = filled(found, "save-name", f"search of {who}")
    kept = person.load("", search, [name, pressed(found, "save-now")])
    assert not kept.failures


def at_once(*acts: Callable[[], None]) -> list[str]:
    """Do these at the same time; gives what went wrong."""
    wrong: list[str] = []
    ready = threading.Barrier(len(acts))

    def one(act: Callable[[], None]) -> None:
        try:
            ready.wait()
            act()
        except Exception as error:  # noqa: BLE001 - told with the others' at the end
            wrong.append(f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=one, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def test_what_two_do_at_once_stays_apart(
    shared: Path, tmp_path: Path, serving: Serving, enter: Callable[..., Session]
) -> None:
    another = tmp_path / "new.jsonl"
    another.write_text(json.dumps({"id": "2512.00099", "title": "A paper that came in between"}))
    library = Library.open(shared)
    begin(library, "ada")  # has looked before, and Grace never
    add(library, [jsonl(another)])
    library.close()
    with serving(shared) as url:
        people = {who: enter(url, who) for who in ("ada", "grace")}
        acts = [lambda p=p, who=who: work(p, who) for who, p in people.items()]
        assert not at_once(*acts)
        for (who, person), new in zip(people.items(), (1, 0), strict=True):
            other = "grace" if who == "ada" else "ada"
            asked = person.load("ask")
            assert "How can recall of licensed code" in asked.text
            assert f"asks {other}" not in asked.text
            found = person.load("", "find=recall")
            assert f"search of {who}" in found.text
            assert f"search of {other}" not in found.text
            found = person.load("", urlencode({"q": "licensed code"}))
            assert f"New since my last visit :gray[{new}]" in found.text
            listed = {name: int(name == STATES[who]) for name in ("To read", "Reading", "Read")}
            for name, count in listed.items():
                assert f"{name} :gray[{count}]" in found.text
            # What is everybody's names its maker.
            card = person.load("paper", urlencode({"id": PAPER}))
            assert "a note of ada" in card.text
            assert "a note of grace" in card.text
    library = Library.open(shared)
    for who in people:
        assert states(library, who) == {PAPER: STATES[who].lower().replace(" ", "_")}
        assert [one.name for one in saved_searches(library, who)] == [f"search of {who}"]
    assert {one.text: one.who for one in remarks(library, PAPER)} == {
        f"a note of {who}": who for who in people
    }
    with library.catalogue.read() as reader:
        assert {one.verdict: one.who for one in read_log(reader.connection)} == {
            said: who for who, said in SAYS.items()
        }
        assert {one.first.rpartition(" ")[2]: one.who for one in heads(reader.connection)} == {
            f"{who}?": who for who in people
        }
    library.close()


def test_who_is_named_by_no_proxy_sees_nothing_and_is_nobody(
    shared: Path, serving: Serving, enter: Callable[..., Session]
) -> None:
    with serving(shared) as url:
        assert "RepoTrace" in enter(url, "ada").load("", "q=repotrace").text
        nobody = enter(url, "", X_User="ada", X_Forwarded_Email="ada@example.org")
        for page in (*PAGES, "paper"):
            drawn = nobody.load(page, urlencode({"q": "repotrace", "id": PAPER}))
            assert "Nobody is signed in here." in drawn.text
            assert "RepoTrace" not in drawn.text


def test_a_lost_connection_taken_up_by_another_acts_under_the_others_name(
    shared: Path, serving: Serving, enter: Callable[..., Session]
) -> None:
    """One browser, two people after each other: Ada signs out, Grace in, the page reconnects."""
    at = urlencode({"id": PAPER})
    with serving(shared) as url:
        ada = enter(url, "ada")
        ada.load("paper", at)
        ada.close()
        grace = enter(url, "grace", earlier=ada.number)
        card = grace.load("paper", at)
        assert grace.number == ada.number
        note = [filled(card, f"note-new-{PAPER}", "whose?"), pressed(card, "note-add")]
        assert not grace.load("paper", at, note).failures
    library = Library.open(shared)
    assert [one.who for one in remarks(library, PAPER)] == ["grace"]
    library.close()


def test_read_only_is_read_by_those_signed_in_and_changed_by_nobody(
    shared: Path, serving: Serving, enter: Callable[..., Session]
) -> None:
    with serving(shared, "--read-only") as url:
        ada = enter(url, "ada")
        for page in PAGES:
            drawn = ada.load(page, urlencode({"q": "licensed code"}))
            assert not drawn.failures
            assert "read only" in drawn.text
        card = ada.load("paper", urlencode({"id": PAPER}))
        for key in ("note-add", "favourite", f"reading-{PAPER}", "decide-save"):
            with pytest.raises(AssertionError, match=key):
                card.widget(key)
    library = Library.open(shared)
    with library.catalogue.read() as reader:
        assert not reader.searched()
    library.close()


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Where a request to outside would end: it is asked for all of them."""
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(1)
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{trap.getsockname()[1]}")
        yield trap


def test_a_page_from_elsewhere_cannot_connect_and_nobody_is_asked_who_we_are(
    shared: Path,
    serving: Serving,
    enter: Callable[..., Session],
    outside: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
    monkeypatch.setenv("STREAMLIT_BROWSER_SERVER_ADDRESS", "papers.example.org")
    with serving(shared) as url:
        # The second is how it looks where evil.example was made to point here.
        for called in ("", "evil.example", "papers.example.org.evil.example"):
            with pytest.raises(InvalidStatus, match="403"):
                enter(url, "ada", called=called, Origin=f"http://{called or 'evil.example'}")
        public = enter(url, "ada", called="papers.example.org", Origin="https://papers.example.org")
        assert not public.load("papers").failures
        with pytest.raises(TimeoutError):
            outside.accept()
