"""Chats are kept, named, searched, exported; their citations are checked again when shown."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ingest.sources import jsonl
from kb.adding import add
from kb.answer import ask
from kb.chat_export import exported_chat
from kb.chats import LAST, chats, find, keep, remove, rename, talk, turns
from kb.cli import main
from kb.errors import CatalogueUnwritable, UsageError
from kb.grouping import CLOSEST, FURTHER
from kb.library import Library
from kb.rechecks import Recheck, recheck

QUESTION = "How can verbatim recall of licensed code be reduced?"
FOOTBALL = "Who won the football match last night?"
CITED = "2502.00002"


def kept(library: Library, chat: str = "one", question: str = QUESTION) -> dict[str, Any]:
    """A question answered and kept; its answer."""
    answer = ask(library, question).to_json()
    keep(library, chat, question, answer)
    return answer


def citation(answer: dict[str, Any], paper: str = CITED) -> dict[str, Any]:
    return next(one for one in answer["citations"] if one["paper_id"] == paper)


def checked(library: Library, *citations: dict[str, Any]) -> list[Recheck]:
    with library.catalogue.read() as reader:
        return recheck(reader, citations)


def add_again(library: Library, tmp_path: Path, abstract: str) -> None:
    """The cited paper once more, with another abstract."""
    path = tmp_path / "again.jsonl"
    with library.catalogue.read() as reader:
        paper = reader.papers(reader.numbers([CITED]).values()).popitem()[1]
    record = {
        "id": CITED,
        "title": paper.title,
        "abstract": abstract,
        "authors": list(paper.authors),
        "published": paper.published,
    }
    path.write_text(json.dumps(record), encoding="utf-8")
    assert add(library, [jsonl(path)]).updated == 1


def test_a_chat_is_kept_as_it_was_answered(library: Library) -> None:
    answer = kept(library)
    kept(library, question=FOOTBALL)
    kept(library, "two")
    found = chats(library)
    assert [(one.chat, one.turns, one.title) for one in found] == [
        ("two", 1, QUESTION),
        ("one", 2, QUESTION),
    ]
    first, second = turns(library, "one")
    assert first.answer == answer
    assert not second.answer["answered"]
    assert turns(library, "three") == []


def test_a_chat_is_found_by_what_was_asked_answered_and_cited(library: Library) -> None:
    answer = kept(library)
    kept(library, "two", FOOTBALL)
    rename(library, "two", "Überraschung")
    told = answer["sentences"][0]["text"].split()[-1].strip(".")
    for words, wanted in (
        ("LICENSED verbatim", ["one"]),
        (told, ["one"]),
        (citation(answer)["title"].split()[0], ["one"]),
        ("überraschung", ["two"]),
        ("football licensed", []),
        ("passage_id", []),
        ("  ", ["two", "one"]),
    ):
        assert [one.chat for one in chats(library, words)] == wanted, words


def test_a_chat_goes_by_id_name_first_question_or_last(library: Library) -> None:
    kept(library)
    kept(library, "two", FOOTBALL)
    assert rename(library, "one", "  the   licence ") == "the licence"
    for name, wanted in ((LAST, "two"), ("one", "one"), ("the licence", "one"), (FOOTBALL, "two")):
        assert find(library, name).chat == wanted
    with pytest.raises(UsageError, match="unknown chat") as error:
        find(library, "none of them")
    assert "the licence" in error.value.remedy
    rename(library, "the licence", "")
    assert find(library, "one").title == QUESTION


@pytest.mark.parametrize("name", ["last", "x" * 81, "tab\there\x07", "\u202eback"])
def test_a_bad_name_is_refused(library: Library, name: str) -> None:
    kept(library)
    with pytest.raises(UsageError, match="not a name"):
        rename(library, "one", name)
    assert find(library, "one").name == ""


def test_a_name_is_one_chats_alone(library: Library) -> None:
    kept(library)
    kept(library, "two")
    rename(library, "one", "mine")
    rename(library, "one", "mine")
    with pytest.raises(UsageError, match="another chat is called mine"):
        rename(library, "two", "mine")
    assert find(library, "two").name == ""


def test_two_who_begin_a_chat_of_one_name_meet_in_it(library: Library) -> None:
    begun = [talk(library, "ours") for _ in range(2)]
    assert begun[0].chat != begun[1].chat
    for one in begun:
        keep(library, one.chat, QUESTION, {"answered": False}, one.name)
    (head,) = chats(library)
    assert (head.name, head.turns) == ("ours", 2)
    with pytest.raises(UsageError, match="not a name"):
        talk(library, " \t ")


def test_a_removed_chat_is_gone_with_its_name(library: Library) -> None:
    kept(library)
    kept(library, "two")
    rename(library, "one", "mine")
    assert remove(library, "mine") == 1
    assert [one.chat for one in chats(library)] == ["two"]
    kept(library)
    assert find(library, "one").name == ""


def test_a_chat_is_kept_while_papers_come_in(library: Library, folder: Path) -> None:
    other = Library.open(folder)
    begun, done = threading.Event(), threading.Event()

    def adding() -> None:
        with other.writing(), other.catalogue.write() as writer:
            writer.set_meta("being", "written")
            begun.set()
            done.wait(0.5)

    thread = threading.Thread(target=adding)
    thread.start()
    assert begun.wait(10)
    kept(library)
    done.set()
    thread.join()
    with other.writing():
        kept(library)
        rename(library, "one", "beside")
        kept(library, "two")
        remove(library, "two")
    assert [(one.name, one.turns) for one in chats(other)] == [("beside", 2)]
    other.close()


def test_the_generation_stays_when_chats_are_written(library: Library) -> None:
    before = library.snapshot().generation
    kept(library)
    rename(library, "one", "mine")
    assert library.snapshot().generation == before
    assert library.indexes.current(before)


def test_a_citation_that_stands_is_the_same(library: Library) -> None:
    answer = kept(library)
    found = checked(library, *answer["citations"])
    assert {one.state for one in found} == {"same"}
    assert [one.to_json()["passage_id"] for one in found] == [
        one["passage_id"] for one in answer["citations"]
    ]
    assert not any(one.told for one in found)


def test_a_citation_that_moved_is_followed(library: Library, tmp_path: Path) -> None:
    one = citation(kept(library))
    filler = " ".join(f"The {n}th sentence in front says nothing of note here." for n in range(90))
    add_again(library, tmp_path, f"{filler} {one['quote']} And more follows.")
    (found,) = checked(library, one)
    assert found.state == "moved"
    assert found.passage is not None
    assert found.passage.passage_id != one["passage_id"]
    assert one["quote"] in " ".join(found.passage.text.split())
    assert "another passage" in found.told
    (elsewhere,) = checked(library, one | {"page": 7})
    assert elsewhere.told == "On re-ingest the quote moved from page 7 to the abstract."


def test_a_quote_that_is_gone_is_told(library: Library, tmp_path: Path) -> None:
    one = citation(kept(library))
    add_again(library, tmp_path, "The paper was rewritten. It says other things now.")
    (found,) = checked(library, one)
    assert (found.state, found.passage, found.holds) == ("changed", None, False)
    assert found.told.startswith("The paper's text changed on re-ingest")
    forged = one | {"quote": "Nobody ever wrote this sentence."}
    assert [now.state for now in checked(library, forged)] == ["changed"]


def test_a_removed_paper_is_told(library: Library) -> None:
    one = citation(kept(library))
    library.remove([CITED])
    (found,) = checked(library, one)
    assert (found.state, found.told) == ("removed", "The paper is no longer in this library.")
    assert found.to_json()["passage_id"] == ""


def test_a_chat_is_exported_with_what_it_cites(library: Library) -> None:
    answer = kept(library)
    kept(library, question=FOOTBALL)
    text = exported_chat(library, find(library, "one"))
    assert text.count("\n## ") == 3
    key = re.search(rf"@misc\{{(\S+),[^@]*{CITED}", text)
    assert key
    assert f"@{key[1]})" in text
    assert text.count("@misc{") == len({one["paper_id"] for one in answer["citations"]})
    library.remove([CITED])
    gone = exported_chat(library, find(library, "one"))
    assert "~~“" in gone
    assert "no longer in this library" in gone
    assert CITED not in gone.partition("## BibTeX")[2]


def test_an_export_reads_as_the_answer_did(library: Library) -> None:
    answer = ask(library, QUESTION).to_json()
    answer["sentences"] = [
        {"text": "1986. In 2026-11-21, foo_bar (see a.b) beats * and _x_!", "citations": []},
        {"text": "# More on repair.", "citations": []},
    ]
    answer["groups"] = [
        {"kind": "further", "title": CLOSEST, "sentences": [0]},
        {"kind": "further", "title": FURTHER, "sentences": [1]},
    ]
    answer["understood"] = {"told": "What of repair?"}
    keep(library, "one", QUESTION, answer)
    refused = kept(library, question=FOOTBALL)
    text = exported_chat(library, find(library, "one"))
    assert "Understood as: What of repair?\n" in text
    assert "\n1986\\. In 2026-11-21, foo_bar (see a.b) beats \\* and \\_x\\_!\n" in text
    assert f"### {CLOSEST}\n" in text
    assert f"### {FURTHER}\n\n\\# More on repair.\n" in text
    assert not refused["answered"]
    assert f"Not answered: {refused['reason'][:20]}" in text


def test_hostile_words_of_a_chat_stay_words(library: Library) -> None:
    answer = ask(library, QUESTION).to_json()
    hostile = "# <script>alert(1)</script> [x](javascript:1) ```\n\n## no heading"
    answer["sentences"][0]["text"] = hostile
    answer["citations"][0] |= {"title": hostile, "url": "javascript:alert(1)", "quote": hostile}
    keep(library, "one", hostile, answer)
    text = exported_chat(library, find(library, "one"))
    told, _, bibtex = text.partition("\n## BibTeX")
    assert "<script" not in told
    assert "](<javascript" not in told
    assert len(re.findall(r"^#{1,2} ", told, re.MULTILINE)) == 2
    assert not re.search(r"(?<!\\)`", told)
    assert bibtex


def run(capsys: pytest.CaptureFixture[str], words: Sequence[str], status: int = 0) -> Any:
    capsys.readouterr()
    assert main([*words, "--json"]) == status
    return json.loads(capsys.readouterr().out)


def test_the_command_line_keeps_chats(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ("--library", str(folder))
    assert run(capsys, [*at, "chats"]) == {"chats": []}
    first = run(capsys, [*at, "ask", QUESTION, "--chat", "licences"])
    run(capsys, [*at, "ask", "And since 2025?", "--chat", LAST])
    (one,) = run(capsys, [*at, "chats", "list"])["chats"]
    assert (one["name"], one["turns"]) == ("licences", 2)
    shown = run(capsys, [*at, "chats", "show", "licences"])
    assert shown["turns"][0]["answer"]["citations"] == first["citations"]
    assert {now["state"] for now in shown["turns"][0]["now"]} == {"same"}
    assert shown["turns"][1]["answer"]["understood"]["filters"] == {"year_from": 2025}
    assert run(capsys, [*at, "chats", "search", "verbatim"])["chats"] == [one]
    assert run(capsys, [*at, "chats", "search", "zebra"]) == {"chats": []}
    assert run(capsys, [*at, "chats", "search", "verbatim", "zebra"]) == {"chats": []}
    error = run(capsys, [*at, "chats", "show", "two", "words"], status=2)["error"]
    assert (error["code"], error["item"]) == ("surplus", "two words")
    assert run(capsys, [*at, "chats", "rename", "last", "Mine"])["name"] == "Mine"
    for words in (["Mine"], ["Mine", ""], ["Mine", "Yours", "--reset"]):
        error = run(capsys, [*at, "chats", "rename", *words], status=2)["error"]
        assert error["code"] == "no_name"
        assert "--reset" in error["remedy"]
    assert run(capsys, [*at, "chats", "list"])["chats"][0]["name"] == "Mine"
    assert run(capsys, [*at, "chats", "rename", "Mine", "--reset"])["name"] == ""
    assert run(capsys, [*at, "chats", "rename", "last", "Mine"])["name"] == "Mine"
    file = tmp_path / "chat.md"
    assert run(capsys, [*at, "chats", "export", "Mine", "-o", str(file)])["file"] == str(file)
    assert "@misc{" in file.read_text(encoding="utf-8")
    assert main([*at, "chats", "export", "Mine"]) == 0
    assert capsys.readouterr().out == file.read_text(encoding="utf-8")
    error = run(capsys, [*at, "chats", "rm", "Mine"], status=2)["error"]
    assert error["code"] == "not_confirmed"
    assert run(capsys, [*at, "chats", "rm", "Mine", "--yes"])["removed"] == 2
    error = run(capsys, [*at, "chats", "show", "Mine"], status=2)["error"]
    assert error["code"] == "unknown_chat"


def test_last_needs_a_chat(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--library", str(folder), "ask", QUESTION, "--chat", LAST]
    error = run(capsys, words, status=2)["error"]
    assert error["code"] == "unknown_chat"
    assert "--chat NAME" in error["remedy"]
    assert run(capsys, ["--library", str(folder), "chats"]) == {"chats": []}


def test_an_answer_that_cannot_be_kept_is_given_all_the_same(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise CatalogueUnwritable("the disk is full", remedy="make room")

    monkeypatch.setattr("kb.commands.answering.keep", full)
    assert main(["--library", str(folder), "ask", QUESTION, "--chat", "one", "--json"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["answered"]  # one document, not an error after it
    assert "not kept in the chat: the disk is full — make room" in err


def test_a_line_of_the_list_is_one_line(
    library: Library, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(library, "one", "What?\n2026-01-01T00:00    9  forged\x1b[2J", {"answered": False})
    capsys.readouterr()
    assert main(["--library", str(folder), "chats"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert "\x1b" not in line


def test_removing_asks_first(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library.open(folder)
    kept(library)
    monkeypatch.setattr("click.confirm", lambda *_, **__: (_ for _ in ()).throw(SystemExit(9)))
    with pytest.raises(SystemExit):
        main(["--library", str(folder), "chats", "rm", "one"])
    assert len(chats(library)) == 1
    library.close()
    assert capsys.readouterr().out == ""
