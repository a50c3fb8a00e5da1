"""The command line keeps its contract: names, keys, exit statuses, clean standard output."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kb import cli
from kb.cli import COMMANDS, main

PAPERS = Path(__file__).parents[1] / "data" / "papers.jsonl"


def run(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> Any:
    """Run one command with --json; check the exit status; give the parsed document."""
    capsys.readouterr()
    assert main([*words, "--json"]) == status
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_help_and_takes_the_common_options(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "--help"]) == 0
    told = capsys.readouterr().out
    assert "--library" in told
    assert "--json" in told
    assert len(told.splitlines()[2].strip()) > 10  # says what it does


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from kb.cli import main; main(['--help']); "
        "sys.exit(any(m in sys.modules for m in ('torch','numpy','sqlalchemy','chromadb')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0


def test_searching_never_loads_torch(folder: Path) -> None:
    code = (
        "import sys; from kb.cli import main; "
        f"status = main(['--library', {str(folder)!r}, 'search', 'quantization']); "
        "sys.exit(status or 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "2403.00003" in done.stdout


def test_options_stand_before_or_after_the_command(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--json", "--library", str(folder), "status"]) == 0
    before = json.loads(capsys.readouterr().out)
    assert main(["status", "--library", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == before
    assert {"papers", "passages", "vectors", "tags", "statements", "generation"} <= set(before)
    assert before["papers"] == 12


def test_words_that_no_paper_holds_are_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ("--library", str(folder))
    assert run(capsys, *at, "search", "zzzzqqqq code")["unknown_words"] == ["zzzzqqqq"]
    assert run(capsys, *at, "search", "code")["unknown_words"] == []
    assert main([*at, "search", "zzzzqqqq code"]) == 0
    assert capsys.readouterr().err == "No paper holds “zzzzqqqq”.\n"
    assert main([*at, "search", "zzzzqqqq"]) == 0
    assert "the nearest by meaning" in capsys.readouterr().err


def test_the_main_job_from_papers_to_map(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ("--library", str(tmp_path / "library"))
    assert run(capsys, *at, "init")["papers"] == 0
    added = run(capsys, *at, "add", str(PAPERS))
    assert (added["added"], added["failed"]) == (12, [])
    hits = run(capsys, *at, "search", "unlearning licensed code")["hits"]
    assert hits[0]["paper_id"] == "2502.00002"
    texts = {one["passage_id"]: one["text"] for one in run(capsys, *at, "passages", "2502.00002")}
    card = run(capsys, *at, "show", "arXiv:2502.00002v3")
    for quote in [card["contribution"], *card["challenges"], *card["directions"]]:
        assert quote["quote"] in texts[quote["passage_id"]]
    assert card["links"]["arxiv"] == "https://arxiv.org/abs/2502.00002"
    found = run(capsys, *at, "challenges")
    assert found["total"] == len(found["challenges"]) > 0
    file = tmp_path / "map.json"
    done = run(capsys, *at, "map", "--format", "json", "-o", str(file))
    assert done["file"] == str(file)
    chart = json.loads(file.read_text())
    assert len(chart["cells"]) == 36
    assert {cell["state"] for cell in chart["cells"]} <= {
        "stated",
        "none_stated",
        "no_papers",
        "never_searched",
    }
    checked = run(capsys, *at, "verify", str(file))
    assert checked["edges"] == checked["verified"] > 0
    assert run(capsys, *at, "remove", "2502.00002") == {"removed": 1}
    assert run(capsys, *at, "doctor")["ok"] is True


def test_verify_finds_a_forged_quote(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ("--library", str(folder))
    file = tmp_path / "map.json"
    run(capsys, *at, "map", "-o", str(file))
    chart = json.loads(file.read_text())
    chart["edges"][0]["quote"] = "Nobody ever wrote this sentence."
    file.write_text(json.dumps(chart))
    checked = run(capsys, *at, "verify", str(file), status=1)
    assert checked["verified"] == checked["edges"] - 1


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (["search", "x", "--phase", "nonsense"], 2, "unknown_phase"),
        (["search", "x", "--layer", "nonsense"], 2, "unknown_layer"),
        (["search", "x", "--mode", "nonsense"], 2, "unknown_mode"),
        (["search", "x", "--year", "next"], 2, "bad_year"),
        (["search"], 2, "usage"),
        (["show", "2999.00001"], 2, "unknown_id"),
        (["show", "not an id at all"], 2, "unknown_id"),
        (["map", "--format", "docx"], 2, "unknown_format"),
        (["map", "--rows", "nonsense"], 2, "unknown_axis"),
        (["add"], 2, "usage"),
        (["parse", "/no/such/file.pdf"], 1, "not_found"),
        (["nonsense"], 2, "usage"),
        (["add", ""], 2, "usage"),
        (["collection", "list", "a", "b", "--nonsense"], 2, "usage"),
    ],
)
def test_bad_input_is_named_with_the_way_out(
    words: list[str], status: int, code: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = run(capsys, "--library", str(folder), *words, status=status)["error"]
    assert error["code"] == code
    assert error["message"]
    assert set(error) == {"code", "message", "item", "remedy"}
    assert main(["--library", str(folder), *words]) == status
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.strip().splitlines()) == 1


def test_what_cannot_be_opened_costs_only_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ("--library", str(tmp_path / "library"))
    run(capsys, *at, "init")
    (tmp_path / "broken.kbz").write_bytes(b"PK not a bundle")
    (tmp_path / "web.pdf").write_text("<!DOCTYPE html><html>no PDF</html>")
    names = ["/no/such/file.pdf", "broken.kbz", "web.pdf", "/no/such/folder"]
    words = [name if name.startswith("/") else str(tmp_path / name) for name in names]
    report = run(capsys, *at, "add", *words, str(PAPERS), status=1)
    assert report["added"] == 12
    assert sorted(one["item"] for one in report["failed"]) == sorted(words)
    assert all(one["error"] for one in report["failed"])


def test_no_library_says_how_to_make_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = run(capsys, "--library", str(tmp_path), "search", "x", status=3)["error"]
    assert error["code"] == "no_library"
    assert "kb init" in error["remedy"]


def test_a_setting_that_is_not_known_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "settings.toml").write_text('modle = "x"\n')
    error = run(capsys, "--library", str(folder), "search", "x", status=2)["error"]
    assert error["code"] == "unknown_setting"
    assert "model" in error["remedy"]


def test_classify_and_statements_write_a_line_for_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [json.loads(line) for line in PAPERS.read_text().splitlines()]
    source, target = tmp_path / "p.jsonl", tmp_path / "t.jsonl"
    source.write_text(
        "".join(
            json.dumps({"id": r["arxiv_id"], "title": r["title"], "abstract": r["abstract"]}) + "\n"
            for r in rows
        )
    )
    assert main(["classify", "--input", str(source), "--output", str(target)]) == 0
    tagged = [json.loads(line) for line in target.read_text().splitlines()]
    assert [one["id"] for one in tagged] == [one["arxiv_id"] for one in rows]
    for one in tagged:
        assert len(one["phase_scores"]) == 6
        assert len(one["layer_scores"]) == 6
        assert {tag["key"] for tag in one["phases"]} <= set(one["phase_scores"])
    birds = next(one for one in tagged if one["id"] == "2311.00011")
    assert (birds["phases"], birds["layers"]) == ([], [])
    source.write_text('{"id": 1, "text": "It remains unclear how models can be audited."}\n')
    assert main(["statements", "--input", str(source), "--output", str(target)]) == 0
    assert json.loads(target.read_text())["label"] == "challenge"


def test_a_failed_stage_leaves_no_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = tmp_path / "p.jsonl", tmp_path / "t.jsonl"
    source.write_text('{"id": "a", "text": "fine"}\n{"id": "b"}\n')
    words = ["statements", "--input", str(source), "--output", str(target)]
    error = run(capsys, *words, status=2)["error"]
    assert f"{source}:2" in error["item"]
    assert list(tmp_path.iterdir()) == [source]


def test_terminal_sequences_in_titles_do_not_reach_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "evil.jsonl"
    title = "Red \u001b[31malert\u001b]0;owned\u0007 \u202egnp.exe"
    file.write_text(
        json.dumps({"arxiv_id": "2501.09999", "title": title, "abstract": "A quiet abstract."})
    )
    at = ["--library", str(tmp_path / "library")]
    assert main([*at, "init"]) == 0
    assert main([*at, "add", str(file)]) == 0
    capsys.readouterr()
    assert main([*at, "search", "quiet"]) == 0
    shown = capsys.readouterr().out
    assert "alert" in shown
    assert not {"\u001b", "\u0007", "\u202e"} & set(shown)


def test_every_command_of_the_contract_is_here() -> None:
    contract = (
        "init add remove search related passages ask show challenges map verify bundle status "
        "doctor reindex backup restore app parse classify statements eval fetch"
    )
    assert set(contract.split()) <= set(cli.COMMANDS)


def test_a_group_without_a_command_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ([], ["taxonomy"], ["eval"]):
        assert main(words) == 2
        told = capsys.readouterr()
        assert told.out == ""
        assert "Commands:" in told.err
        assert run(capsys, *words, status=2)["error"]["remedy"].endswith("--help")


def test_a_misspelt_command_is_guessed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serch", "x"]) == 2
    assert "Did you mean search" in capsys.readouterr().err


def test_the_way_out_names_the_whole_command(capsys: pytest.CaptureFixture[str]) -> None:
    error = run(capsys, "taxonomy", "rename", status=2)["error"]
    assert error["remedy"] == "kb taxonomy rename --help"


def test_a_doi_alone_is_told_apart_from_a_missing_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ("--library", str(folder), "add")
    first, second = run(capsys, *at, "10.1145/3597503.1", "no.pdf", status=1)["failed"]
    assert "DOI cannot be looked up" in first["error"]
    assert "no such file" in second["error"]


def test_a_dry_run_counts_copies_once_and_says_that_it_is_dry(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paper = Path(__file__).parents[1] / "ingest" / "latex" / "article_two.pdf"
    for name in ("one.pdf", "two.pdf"):
        (tmp_path / name).write_bytes(paper.read_bytes())
    at = ("--library", str(folder), "add", str(tmp_path))
    dry = run(capsys, *at, "--dry-run")
    assert (dry["added"], dry["unchanged"]) == (1, 1)
    assert main([*at, "--dry-run"]) == 0
    assert capsys.readouterr().out.startswith("Nothing was changed; it would be: 1 added")
    real = run(capsys, *at)
    assert {key: real[key] for key in ("added", "unchanged", "passages")} == {
        key: dry[key] for key in ("added", "unchanged", "passages")
    }


def test_a_folder_without_papers_is_told(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "refs.bib").write_text("@misc{a, title={A dive}}")
    assert main(["--library", str(folder), "add", str(tmp_path)]) == 0
    assert f"no PDF in {tmp_path}" in capsys.readouterr().err


def test_a_pdf_that_a_bibliography_names_in_vain_is_told(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "refs.bib"
    file.write_text("@misc{a, title={A dive into nothing}, file={:gone/dive.pdf:PDF}}")
    at = ("--library", str(folder), "add", str(file))
    report = run(capsys, *at)
    assert report["added"] == 1
    assert [(one["code"], "gone/dive.pdf" in one["detail"]) for one in report["notes"]] == [
        ("no_pdf", True)
    ]
    assert main(at) == 0
    told = capsys.readouterr()
    assert "1 unchanged" in told.out
    assert "gone/dive.pdf: There is no such file." in told.err
    # What is missing here is no change of the paper when another file says the same.
    file.write_text("@misc{a, title={A dive into nothing}}")
    assert run(capsys, *at)["unchanged"] == 1
