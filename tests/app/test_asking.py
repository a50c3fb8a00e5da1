"""The Ask page: chats beside, answers that say what changed, filters that can be taken away."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import kb.answer
from ingest.sources import jsonl
from kb.adding import add
from kb.answer import ask
from kb.chats import chats, keep, rename, turns
from kb.errors import UsageError
from kb.grouping import CLOSEST, FURTHER
from kb.library import Library
from kb.pages.parts import chat_list, facets
from kb.pages.parts.markup import plain

Start = Callable[..., AppTest]
QUESTION = "How can verbatim recall of licensed code be reduced?"
FOOTBALL = "Who won the football match last night?"
CITED = "2502.00002"


def asked(folder: Path, *questions: str, chat: str = "talk") -> list[dict[str, Any]]:
    """Questions asked and kept without the app; their answers."""
    with closing(Library.open(folder)) as library:
        found = [ask(library, one).to_json() for one in questions]
        for question, answer in zip(questions, found, strict=True):
            keep(library, chat, question, answer)
    return found


def html(app: AppTest) -> str:
    """What is drawn as HTML, but for the one script that is the app's own."""
    bodies = (one.proto.body for one in app.get("html"))
    return "\n".join(one for one in bodies if "document.documentElement.lang" not in one)


def markdown(app: AppTest) -> list[str]:
    return [one.value for one in (*app.markdown, *app.caption)]


def links(app: AppTest) -> list[tuple[str, str]]:
    return [(one.proto.label, one.proto.query_string) for one in app.get("page_link")]


def folds(app: AppTest) -> list[str]:
    return [one.label for one in app.expander]


def listed(app: AppTest) -> list[str]:
    return [one.label for one in app.sidebar.button if (one.key or "").startswith("show-")]


def html_of(fold: Any) -> str:
    return "".join(one.proto.body for one in fold.get("html"))


def click(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception
    return app


def type_in(app: AppTest, question: str) -> AppTest:
    app.chat_input(key="question").set_value(question).run()
    assert not app.exception
    return app


def test_chats_stand_beside_the_newest_first(start: Start, folder: Path) -> None:
    asked(folder, QUESTION)
    asked(folder, FOOTBALL, chat="other")
    app = start("ask")
    assert listed(app)[0].startswith("Who won the football")
    assert len(listed(app)) == 2
    click(app, "show-talk")
    assert app.query_params["chat"] in ("talk", ["talk"])
    assert len(app.chat_message) == 2
    click(app, "new")
    assert "chat" not in app.query_params
    assert not app.chat_message


def test_chats_are_searched(start: Start, folder: Path) -> None:
    asked(folder, QUESTION)
    asked(folder, FOOTBALL, chat="other")
    app = start("ask", find="licensed")
    assert len(listed(app)) == 1
    app.text_input(key="at:find").set_value("zebra").run()
    assert listed(app) == []
    assert any("No chat has all of these words" in one.value for one in app.sidebar.caption)


def test_many_chats_are_shown_in_parts(start: Start, folder: Path) -> None:
    (answer,) = asked(folder, FOOTBALL)
    with closing(Library.open(folder)) as library:
        for number in range(12):
            keep(library, f"chat{number}", FOOTBALL, answer)
    app = start("ask")
    assert len(listed(app)) == 8
    assert len(listed(click(app, "more-chats"))) == 13


def test_chats_that_are_called_the_same_are_told_apart(start: Start, folder: Path) -> None:
    asked(folder, FOOTBALL)
    asked(folder, FOOTBALL, chat="again")
    asked(folder, QUESTION, chat="other")
    rows = listed(start("ask"))
    dated = [one for one in rows if one.startswith("Who won")]
    assert len(dated) == 2
    assert all(":gray[20" in one for one in dated)
    assert not any(":gray[" in one for one in rows if one not in dated)


def test_a_chat_is_renamed_in_place(start: Start, folder: Path) -> None:
    asked(folder, QUESTION)
    asked(folder, FOOTBALL, chat="other")
    app = start("ask", chat="talk")
    app.text_input(key="rename-talk").set_value("On licences").run()
    assert "On licences" in listed(app)
    app.text_input(key="rename-talk").set_value("last").run()
    assert "not a name for a chat" in app.toast[0].value.replace("\\", "")
    with closing(Library.open(folder)) as library:
        assert [one.title for one in chats(library)] == [FOOTBALL, "On licences"]


def test_a_chat_is_deleted_when_that_is_meant(start: Start, folder: Path) -> None:
    asked(folder, QUESTION, FOOTBALL)
    app = start("ask", chat="talk")
    click(app, "delete")
    assert any("2 questions for good" in one.value for one in app.sidebar.markdown)
    click(app, "spare")
    assert len(app.chat_message) == 4
    click(app, "delete")
    click(app, "gone")
    assert not app.chat_message
    assert listed(app) == []
    with closing(Library.open(folder)) as library:
        assert chats(library) == []


def test_a_follow_up_is_understood_and_its_filter_taken_away(start: Start, folder: Path) -> None:
    app = type_in(start("ask"), QUESTION)
    type_in(app, "And since 2025?")
    assert any("Understood as" in one.value for one in app.caption)
    assert "2025" in app.button(key="under-1-0").label
    click(app, "under-1-0")
    assert len(app.chat_message) == 6
    assert not any(one.key == "under-2-0" for one in app.button)
    with closing(Library.open(folder)) as library:
        told = [one.answer for one in turns(library, chats(library)[0].chat)]
    assert told[1]["filters"] == {"year_from": 2025}
    assert told[2]["filters"] == {}
    assert told[2]["understood"]["question"] == QUESTION
    assert told[2]["coverage"]["tagged"] > told[1]["coverage"]["tagged"]


def test_filters_of_the_address_are_shown_and_taken_away(start: Start) -> None:
    app = start("ask", phase="maintenance-and-evolution", **{"from": "2024"})
    labels = [one.label for one in app.button if (one.key or "").startswith("within-")]
    assert [label.split(" :material")[0] for label in labels] == [
        "Maintenance and evolution",
        "2024–",
    ]
    click(app, "within-0")
    assert "phase" not in app.query_params
    assert app.query_params["from"] in ("2024", ["2024"])


def test_every_count_leads_to_these_papers(start: Start, folder: Path) -> None:
    (answer,) = asked(folder, QUESTION)
    app = start("ask", chat="talk")
    counts = {label: target for label, target in links(app) if label.startswith(":small[")}
    assert len(counts) == 4
    for label, target in counts.items():
        wanted = int(re.findall(r"\[([\d,]+)", label)[0])
        given = dict(part.split("=") for part in target.split("&") if part)
        shown = start("papers", **given)
        cards = [target for label, target in links(shown) if label.startswith("**")]
        assert len(cards) == min(wanted, 20), label
    cited = start("papers", chat="talk", turn="0", of="cited")
    cards = [target for label, target in links(cited) if label.startswith("**")]
    assert cards == [f"id={one}" for one in answer["coverage_ids"]["cited"]]
    assert any("Back to the answer" in label for label, _ in links(cited))


def test_a_list_of_an_answer_that_is_gone_says_so(start: Start, folder: Path) -> None:
    asked(folder, QUESTION)
    for address in ({"chat": "talk", "turn": "7"}, {"chat": "nobody", "turn": "0"}):
        app = start("papers", of="cited", **address)
        assert any("not kept any more" in one.value for one in app.info)
    app = start("papers", chat="talk", turn="0", of="nonsense")
    assert "1–13 of 13 papers" in [one.value for one in app.caption]


def test_a_count_leads_to_what_was_counted(start: Start, folder: Path) -> None:
    (answer,) = asked(folder, "How many papers mention licensed code?")
    app = start("ask", chat="talk")
    target = next(target for label, target in links(app) if label == "See these papers")
    shown = start("papers", **dict(part.split("=") for part in target.split("&")))
    cards = [target for label, target in links(shown) if label.startswith("**")]
    assert len(cards) == answer["count"]["papers"] > 0


def test_a_citation_says_that_the_text_changed(start: Start, folder: Path, tmp_path: Path) -> None:
    asked(folder, QUESTION)
    record = {"id": CITED, "title": "Rewritten", "abstract": "It says other things now."}
    (tmp_path / "again.jsonl").write_text(json.dumps(record), encoding="utf-8")
    with closing(Library.open(folder)) as library:
        assert add(library, [jsonl(tmp_path / "again.jsonl")]).updated == 1
    app = start("ask", chat="talk")
    assert any("no longer in the paper" in label for label in folds(app))
    assert "text changed on re-ingest" in html(app)
    assert re.search(r'sf-quote"><del>[^<]', html(app))
    assert any("no longer in the library" in one.value for one in app.caption)


def test_a_citation_says_that_the_paper_is_gone(start: Start, folder: Path) -> None:
    asked(folder, QUESTION)
    with closing(Library.open(folder)) as library:
        library.remove([CITED])
    app = start("ask", chat="talk")
    assert any(label.endswith("· removed") for label in folds(app))
    assert not any(f"id={CITED}&" in target for _, target in links(app))


def test_a_refusal_says_how_sure_it_is(start: Start, folder: Path) -> None:
    asked(folder, FOOTBALL)
    app = start("ask", chat="talk")
    assert app.info
    assert "How sure is this?" in folds(app)


def test_old_answers_are_not_worked_out_again(start: Start, folder: Path) -> None:
    asked(folder, *[QUESTION] * 7)
    app = start("ask", chat="talk")
    assert len(app.chat_message) == 2 * 5
    assert len(click(app, "earlier").chat_message) == 2 * 7


def test_hostile_chats_are_only_text(start: Start, folder: Path) -> None:
    hostile = "<script>alert(1)</script> **bold** [x](javascript:alert(2)) :red[no] \u202eback"
    with closing(Library.open(folder)) as library:
        answer = ask(library, QUESTION).to_json()
        answer["sentences"][0]["text"] = hostile
        answer["citations"][0] |= {"title": hostile, "quote": hostile, "url": "javascript:1"}
        answer["groups"] = [
            {"kind": "agreeing", "title": hostile, "sentences": [0]},
            {"kind": "further", "title": hostile, "sentences": [0, 99]},
        ]
        keep(library, "talk", hostile, answer)
        rename(library, "talk", hostile.replace("\u202e", "").strip())
    app = start("ask", chat="talk")
    assert not re.search(r"<(script|b)\b", html(app))
    for label in (*listed(app), *folds(app), *(one.value for one in app.chat_message[0].markdown)):
        assert "**bold**" not in label
        assert "[x](" not in label
        assert "\u202e" not in label
    assert not any(one.proto.url.startswith("javascript") for one in app.get("link_button"))


class _Model(BaseHTTPRequestHandler):
    """Streams one sentence slowly, word by word, with the first given passage cited."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        said = "CodeForget reduces verbatim recall by 87% while keeping utility [1]. "
        for word in [*said.split(" "), *["Nobody", "said", "this."] * 400]:
            piece = {"index": 0, "delta": {"content": f"{word} "}}
            told: dict[str, Any] = {"id": "1", "object": "chat.completion.chunk", "created": 1}
            told |= {"model": "m", "choices": [piece]}
            try:
                self.wfile.write(f"data: {json.dumps(told)}\n\n".encode())
                self.wfile.flush()
            except OSError:
                return
            time.sleep(0.02)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Says nothing."""


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A language model on this machine that writes until somebody stops it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Model)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("SIXFOLD_LLM_URL", f"http://127.0.0.1:{server.server_port}/v1")
    monkeypatch.setenv("SIXFOLD_LLM_MODEL", "m")
    yield
    server.shutdown()
    server.server_close()


def test_a_language_model_is_offered_where_there_is_one(start: Start) -> None:
    assert not start("ask").toggle


@pytest.mark.usefixtures("model")
def test_what_a_model_writes_is_shown_and_can_be_stopped(start: Start, folder: Path) -> None:
    app = start("ask")
    app.toggle(key="worded").set_value(True)
    type_in(app, QUESTION)
    end = time.monotonic() + 30
    while "87%" not in html(app) and time.monotonic() < end:
        time.sleep(0.2)
        app.run()
    assert any(one.key == "stop" for one in app.button), markdown(app)
    chat = app.query_params["chat"]
    app.query_params.clear()  # left, and back by the link in the navigation
    app.run()
    assert app.query_params["chat"] == chat
    click(app, "stop")
    while any(one.key == "stop" for one in app.button) and time.monotonic() < end:
        time.sleep(0.2)
        app.run()
    with closing(Library.open(folder)) as library:
        (kept,) = turns(library, chats(library)[0].chat)
    assert kept.answer["writer"] == "llm"
    assert "87%" in kept.answer["sentences"][0]["text"]
    assert any("Worded by a language model" in one.value for one in app.caption)
    assert len(app.chat_message) == 2


def test_a_chat_that_is_gone_says_so_and_a_new_one_begins(start: Start, folder: Path) -> None:
    app = start("ask", chat="nosuchchat")
    assert any("This chat is gone" in one.value for one in app.info)
    assert any(label == "Begin a new chat" for label, _ in links(app))
    type_in(app, QUESTION)
    assert app.query_params["chat"] != ["nosuchchat"]
    with closing(Library.open(folder)) as library:
        assert not [one for one in chats(library) if one.chat == "nosuchchat"]


def test_a_small_library_is_asked_about_its_own_papers(start: Start, folder: Path) -> None:
    app = start("ask")
    shown = [one.label for one in app.main.button if (one.key or "").startswith("try-")]
    with closing(Library.open(folder)) as library, library.catalogue.read() as reader:
        titles = [plain(one.title.rstrip(".?!")) for one in reader.papers().values()]
    assert len(shown) == 3
    assert all(any(title in label for title in titles) for label in shown)


def test_further_papers_are_folded_and_keep_their_numbers(start: Start, folder: Path) -> None:
    with closing(Library.open(folder)) as library:
        answer = ask(library, QUESTION).to_json()
        answer["sentences"].append({"text": "One more.", "citations": [1]})
        last = len(answer["sentences"]) - 1
        answer["groups"] = [
            {"kind": "further", "title": CLOSEST, "sentences": [*range(last)]},
            {"kind": "further", "title": FURTHER, "sentences": [last]},
        ]
        keep(library, "talk", QUESTION, answer)
    app = start("ask", chat="talk")
    (fold,) = [one for one in app.expander if one.label.startswith(FURTHER)]
    assert not fold.proto.expanded
    assert 'One more.&nbsp;<sup><a href="#source-0-1">[1]</a></sup>' in html_of(fold)
    assert 'id="source-0-1"' in html(app), "cited above too: not folded with the further ones"
    assert 'id="source-0-1"' not in html_of(fold)


def test_citations_of_further_papers_alone_are_folded_with_them(start: Start, folder: Path) -> None:
    with closing(Library.open(folder)) as library:
        answer = ask(library, QUESTION).to_json()
        first = answer["citations"][0]
        answer["citations"] = [first, first | {"n": 2}]
        answer["sentences"] = [
            {"text": "One.", "citations": [1]},
            {"text": "Two.", "citations": [1, 2]},
        ]
        answer["groups"] = [
            {"kind": "further", "title": CLOSEST, "sentences": [0]},
            {"kind": "further", "title": FURTHER, "sentences": [1]},
        ]
        keep(library, "talk", QUESTION, answer)
    app = start("ask", chat="talk")
    (fold,) = [one for one in app.expander if one.label.startswith(FURTHER)]
    assert 'id="source-0-2"' in html_of(fold)
    assert 'id="source-0-1"' not in html_of(fold)
    anchors = re.findall(r'id="(source-0-\d)"', html(app))
    assert anchors == ["source-0-1", "source-0-2"], "the answer's own sources come first"


@pytest.mark.parametrize("where", ["before it is read", "while it is read"])
def test_a_question_that_a_click_interrupts_is_answered_by_the_next_run(
    start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    app = start("ask")
    with monkeypatch.context() as during:
        if where == "before it is read":
            during.setattr(facets, "sidebar", lambda *_args: st.stop())
        else:
            during.setattr(kb.answer, "ask", lambda *_args, **_more: st.stop())
        type_in(app, QUESTION)
    app.session_state[chat_list.ASKING] += (FOOTBALL,)  # typed meanwhile
    app.run()
    assert [one.markdown[0].value for one in app.chat_message[::2]] == [QUESTION, FOOTBALL]
    app.run()
    with closing(Library.open(folder)) as library:
        (kept,) = chats(library)
        assert len(turns(library, kept.chat)) == 2, "each once"


def test_a_chat_left_while_it_is_answered_is_shown_again(
    start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = start("ask")
    type_in(app, QUESTION)
    chat = app.query_params["chat"]
    with monkeypatch.context() as during:
        during.setattr(kb.answer, "ask", lambda *_args, **_more: st.stop())
        type_in(app, FOOTBALL)
    app.query_params.clear()  # as the link in the navigation does
    app.run()
    assert app.query_params["chat"] == chat
    assert [one.markdown[0].value for one in app.chat_message[::2]] == [QUESTION, FOOTBALL]
    app.query_params.clear()  # seen by now: the link begins a new one
    app.run()
    assert not app.chat_message
    assert any(str(one.key).startswith("try-") for one in app.button)


def test_a_question_is_not_answered_in_another_chat(
    start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(folder, FOOTBALL, chat="other")
    app = start("ask")
    with monkeypatch.context() as during:
        during.setattr(kb.answer, "ask", lambda *_args, **_more: st.stop())
        type_in(app, QUESTION)
    app.query_params["chat"] = "other"
    app.run()
    app.run()
    assert [one.markdown[0].value for one in app.chat_message[::2]] == [FOOTBALL]


def test_a_question_that_fails_is_not_asked_for_ever(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_args: object, **_more: object) -> None:
        raise UsageError("no answer", remedy="ask less")

    app = start("ask")
    with monkeypatch.context() as during:
        during.setattr(kb.answer, "ask", failing)
        type_in(app, QUESTION)
        assert "o answer" in app.error[0].value
    app.run()
    assert not app.error
    assert not app.chat_message
