"""Notes on papers: written, changed, taken away; the log forgets nothing, hostile text is text."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from kb.catalogue import Filters
from kb.catalogue.remarks import remark_log
from kb.cli import main
from kb.errors import ReadOnly, UsageError
from kb.exporting import chosen, export_to, exported
from kb.exports.vault import MARKER
from kb.library import Library
from kb.merging import join
from kb.remarks import LONGEST, add, edit, remarks, remove

ONE, TWO = "2501.00001", "2502.00002"
HOSTILE = "<script>alert(1)</script> **bold** [x](javascript:alert(2)) '; DROP TABLE remarks; --"


def test_a_note_is_written_changed_removed_and_brought_back(library: Library) -> None:
    made = add(library, f"https://arxiv.org/abs/{ONE}v2", "  read section 3 \n\nagain ", "ada")
    assert (made.n, made.paper_id, made.text) == (1, ONE, "read section 3 \n\nagain")
    assert (made.who, made.changed_by) == ("ada", "")
    changed = edit(library, 1, "read section 4", "bea")
    assert (changed.text, changed.who, changed.changed_by) == ("read section 4", "ada", "bea")
    assert remarks(library, ONE) == [changed]
    assert remove(library, 1, "cyd").text == "read section 4"
    assert remarks(library) == []
    with pytest.raises(UsageError, match="there is no note 1"):
        remove(library, 1, "cyd")
    assert edit(library, 1, "read section 4", "cyd").text == "read section 4"
    with library.catalogue.read() as reader:
        log = remark_log(reader.connection)
    assert [(one.who, one.text) for one in log] == [
        ("ada", "read section 3 \n\nagain"),
        ("bea", "read section 4"),
        ("cyd", ""),
        ("cyd", "read section 4"),
    ]


def test_the_same_text_again_is_no_change(library: Library) -> None:
    made = add(library, ONE, "once", "ada")
    assert edit(library, made.n, " once ", "bea") == made


def test_notes_of_a_joined_paper_stand_with_it_and_outlive_it(library: Library) -> None:
    add(library, TWO, "of the version", "ada")
    add(library, ONE, "of the paper", "ada")
    join(library, ONE, [TWO], "ada")
    assert {one.text for one in remarks(library, TWO)} == {"of the version", "of the paper"}
    library.remove([TWO])
    assert len(remarks(library)) == 2


@pytest.mark.parametrize("text", ["", " \n\t ", "\0", "x" * (LONGEST + 1)])
def test_no_text_or_too_much_is_refused(library: Library, text: str) -> None:
    with pytest.raises(UsageError, match="the note has"):
        add(library, ONE, text, "ada")
    assert remarks(library) == []


def test_hostile_text_is_kept_as_text(library: Library) -> None:
    for text in (HOSTILE, "\u202eevil \x1b[31m", "half \udcff a letter"):
        made = add(library, ONE, text, "ada")
        assert remarks(library, ONE)[-1] == made
    assert remarks(library)[0].text == HOSTILE


def test_an_unknown_paper_or_note_is_named(library: Library) -> None:
    with pytest.raises(UsageError, match="is not in this library"):
        add(library, "2412.09999", "text", "ada")
    with pytest.raises(UsageError, match="there is no note 7") as caught:
        edit(library, 7, "text", "ada")
    assert "kb note ID TEXT" in caught.value.remedy


def test_a_library_for_reading_only_takes_no_note(library: Library) -> None:
    add(library, ONE, "before", "ada")
    library.catalogue.read_only = True
    with pytest.raises(ReadOnly):
        add(library, ONE, "x")
    with pytest.raises(ReadOnly):
        remove(library, 1)
    assert [one.text for one in remarks(library, ONE)] == ["before"]


def test_the_command_line(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*words: str) -> tuple[int, str]:
        status = main(["--library", str(folder), "note", *words])
        return status, capsys.readouterr().out

    def told(*words: str) -> Any:
        status, out = run(*words, "--json")
        assert status == 0
        return json.loads(out)

    assert told("--list") == {"notes": []}
    made = told(ONE, HOSTILE, "--who", "ada")["note"]
    assert (made["n"], made["paper_id"], made["text"], made["who"]) == (1, ONE, HOSTILE, "ada")
    assert set(made) == {"n", "paper_id", "text", "who", "at", "changed_by", "changed_at"}
    monkeypatch.setattr(sys, "stdin", io.StringIO("two\nlines\n"))
    assert told(TWO, "-")["note"]["text"] == "two\nlines"
    assert [one["n"] for one in told("--list")["notes"]] == [1, 2]
    assert [one["n"] for one in told(TWO, "--list")["notes"]] == [2]
    assert told("--edit", "1", "better", "--who", "bea")["note"]["changed_by"] == "bea"
    assert "better" in run(ONE)[1]
    assert told("--remove", "1")["removed"]["text"] == "better"
    assert run("--remove", "1")[0] == 2
    assert run("--list", "--remove", "2")[0] == 2
    assert run()[0] == 2
    status, out = run("2999.99999", "text", "--json")
    assert (status, json.loads(out)["error"]["code"]) == (2, "unknown_id")


def test_a_note_cannot_drive_the_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--library", str(folder), "note", ONE, "\x1b[31m \u202e red"])
    main(["--library", str(folder), "note", "--list"])
    assert not set(capsys.readouterr().out) & {"\x1b", "\u202e"}


def test_notes_go_with_the_reading_list_and_the_vault(library: Library, tmp_path: Path) -> None:
    add(library, TWO, f"first line\n\n{HOSTILE}\n%% [[a link]]", "ada <b>")
    add(library, ONE, "of a paper that goes", "ada")
    join(library, "2403.00003", [TWO], "ada")
    library.remove([ONE])
    papers = chosen(library, Filters())
    told = exported(library, papers, "markdown").decode()
    assert told.count("#### Notes") == 1
    assert "> first line\n>\n>" in told
    assert "of a paper that goes" not in told
    export_to(library, papers, "obsidian", tmp_path / "vault")
    (note,) = [
        text
        for one in (tmp_path / "vault").rglob("*.md")
        if "## Notes" in (text := one.read_text(encoding="utf-8"))
    ]
    above = note.partition(MARKER)[0]
    assert "first line" in above
    for text in (told, above):
        assert "<script>" not in text
        assert "<b>" not in text
    assert "[[a link]]" not in above
    assert "%% \\[" not in above
