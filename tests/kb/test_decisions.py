"""What people say holds, is kept, can be undone, and outlives whatever happens to the paper."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.records import Paper
from ingest.sources import FileSource, Found, jsonl
from kb.adding import add
from kb.bundle import load_bundle, write_bundle
from kb.catalogue.decisions import Decision, effective, marks, merge, read_log, replay
from kb.catalogue.undoing import in_line
from kb.cli import main
from kb.codings import load_codings, save_log
from kb.decisions import Verdict, accept, decide, done, history, record, undo
from kb.doctor import check, mend
from kb.errors import UsageError
from kb.library import Library, utc_now

PAPERS = Path(__file__).parents[1] / "data" / "papers.jsonl"
ONE, TWO = "2502.00002", "2403.00003"
DEPLOYMENT = "deployment-and-operations"
DATASET = "dataset-construction"


def run(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> Any:
    capsys.readouterr()
    assert main([*words, "--json"]) == status
    return json.loads(capsys.readouterr().out)


def keys(library: Library, paper: str, facet: str = "phase") -> set[str]:
    number = library.number(paper)
    with library.catalogue.read() as reader:
        return set(reader.papers([number])[number].keys(facet))


def phases(library: Library) -> tuple[str, ...]:
    return library.codebook.facet("phase").keys


def other_phase(library: Library, paper: str) -> str:
    return next(key for key in phases(library) if key not in keys(library, paper))


def test_what_a_person_says_holds_over_the_machine(library: Library) -> None:
    fresh = other_phase(library, ONE)
    (said,) = decide(library, ONE, "phase", fresh, "yes", "ada", "section 3")
    assert fresh in keys(library, ONE)
    assert (said.n, said.who, said.why) == (1, "ada", "section 3")
    assert said.score is not None
    decide(library, ONE, "phase", fresh, "no", "ada")
    assert fresh not in keys(library, ONE)
    assert check(library) == []


def test_the_same_again_is_not_logged_again(library: Library) -> None:
    fresh = other_phase(library, ONE)
    assert len(decide(library, ONE, "phase", fresh, "yes", "ada")) == 1
    assert decide(library, ONE, "phase", fresh, "yes", "ada") == []
    decide(library, ONE, "phase", fresh, "no", "ben")
    assert len(decide(library, ONE, "phase", fresh, "yes", "ada")) == 1  # again the latest


def test_done_without_a_word_means_none(library: Library) -> None:
    accept(library, ONE, "ada", facet="phase")
    kept = keys(library, ONE)
    done(library, ONE, "phase", "ada")
    assert keys(library, ONE) == kept
    done(library, ONE, "phase", "ben")
    assert keys(library, ONE) == set()
    assert {one.decision.key for one in history(library, ONE) if one.holds} == set(phases(library))
    assert done(library, ONE, "phase", "ben") == []


def test_undo_takes_the_last_act_whole_and_redo_brings_it_back(library: Library) -> None:
    before = {paper: keys(library, paper) for paper in (ONE, TWO)}
    said = [Verdict(paper, "phase", "", "done") for paper in (ONE, TWO)]
    logged = record(library, said, who="ada")
    assert len({one.at for one in logged}) == 1
    undone = undo(library, who="ada")
    assert len(undone) == len(logged)
    assert {paper: keys(library, paper) for paper in (ONE, TWO)} == before
    with pytest.raises(UsageError, match="nothing that could be undone"):
        undo(library, who="ada")
    for one in undone:
        undo(library, one.n, who="ada")  # redo
    assert keys(library, ONE) == keys(library, TWO) == set()
    with pytest.raises(UsageError, match="undone already"):
        undo(library, undone[0].n)


def test_mine_undone_another_coders_verdict_holds_again(library: Library) -> None:
    fresh = other_phase(library, ONE)
    decide(library, ONE, "phase", fresh, "yes", "ada")
    decide(library, ONE, "phase", fresh, "no", "ben")
    assert fresh not in keys(library, ONE)
    undo(library, who="ben")
    assert fresh in keys(library, ONE)


def changed(paper: Paper) -> FileSource:
    return FileSource("test", lambda: iter([Found(paper.paper_id, lambda: paper)]))


def test_a_decision_outlives_a_new_version_and_a_removal(library: Library) -> None:
    fresh = other_phase(library, ONE)
    decide(library, ONE, "phase", fresh, "yes", "ada")
    newer = Paper(ONE, "A quite different title", "Nothing about code at all.", version="v9")
    add(library, [changed(newer)])
    assert fresh in keys(library, ONE)
    library.remove([ONE])
    assert check(library) == []
    assert [one.decision.key for one in history(library, ONE)] == [fresh]
    add(library, [jsonl(PAPERS)])
    assert fresh in keys(library, ONE)
    assert check(library) == []


def test_several_papers_are_decided_in_one_transaction(library: Library) -> None:
    good = Verdict(ONE, "phase", DEPLOYMENT, "yes")
    for bad in (
        Verdict("2999.99999", "phase", DEPLOYMENT, "yes"),
        Verdict(ONE, "phase", "tests", "yes"),
        Verdict(ONE, "mood", "glad", "yes"),
        replace(good, verdict="no"),
        replace(good, verdict="perhaps"),
    ):
        with pytest.raises(UsageError):
            record(library, [good, bad], who="ada")
    assert history(library) == []


def test_time_never_runs_back(library: Library) -> None:
    library.clock = lambda: utc_now().replace(year=2031)
    fresh = other_phase(library, ONE)
    decide(library, ONE, "phase", fresh, "yes", "ada")
    library.clock = utc_now
    decide(library, ONE, "phase", fresh, "no", "ada")
    assert fresh not in keys(library, ONE)


def test_doctor_finds_and_mends_tags_that_the_log_does_not_bear(library: Library) -> None:
    fresh = other_phase(library, ONE)
    decide(library, ONE, "phase", fresh, "yes", "ada")
    with library.catalogue.engine.connect() as connection:
        connection.exec_driver_sql("UPDATE tags SET present = false WHERE by = 'human'")
    faults = check(library)
    assert [fault.code for fault in faults] == ["decisions_astray", "row_changed"]
    mend(library, faults)
    assert fresh in keys(library, ONE)
    assert check(library) == []


FIXTURE = Path(__file__).parents[1] / "fixtures" / "v1"


def test_tags_by_people_from_before_the_log_stand_in_it(tmp_path: Path) -> None:
    library = Library.create(tmp_path / "library")
    load_bundle(library, FIXTURE / "library.kbz")
    (entry,) = history(library, "2402.00002")
    assert (entry.decision.who, entry.decision.verdict) == ("not recorded", "yes")
    undo(library, entry.decision.n, who="ada")
    load_bundle(library, FIXTURE / "library.kbz")
    assert not any(one.holds for one in history(library))
    library.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Library]:
    made = Library.create(tmp_path / "other")
    add(made, [jsonl(PAPERS)])
    yield made
    made.close()


def log_of(library: Library) -> list[Decision]:
    with library.catalogue.read() as reader:
        return read_log(reader.connection)


def test_two_laptops_come_to_the_same_log(library: Library, other: Library, tmp_path: Path) -> None:
    fresh = other_phase(library, ONE)
    decide(library, ONE, "phase", fresh, "yes", "ada")
    decide(other, ONE, "phase", fresh, "no", "ben")
    decide(library, TWO, "phase", fresh, "yes", "ada")
    undo(library, who="ada")
    write_bundle(library, tmp_path / "mine.kbz")
    write_bundle(other, tmp_path / "theirs.kbz")
    load_bundle(library, tmp_path / "theirs.kbz")
    load_bundle(other, tmp_path / "mine.kbz")
    one, two = (in_line(log_of(made)) for made in (library, other))
    assert list(marks(one).values()) == list(marks(two).values())
    assert len(one) == 4
    assert keys(library, ONE) == keys(other, ONE)
    assert fresh not in keys(library, ONE)  # ben spoke later
    before = log_of(library)
    load_bundle(library, tmp_path / "theirs.kbz")
    assert log_of(library) == before
    save_log(library, tmp_path / "log.jsonl")
    assert load_codings(other, tmp_path / "log.jsonl").decisions == 0


@pytest.mark.parametrize(
    "line",
    [
        '{"id": "2502.00002"}',
        '{"phases": []}',
        '{"id": "2502.00002", "phases": ["tests"]}',
        '{"id": "2502.00002", "phases": 3}',
        "{",
        "[]",
        '{"verdict": "yes"}',
    ],
)
def test_a_broken_coding_is_refused_whole(library: Library, tmp_path: Path, line: str) -> None:
    file = tmp_path / "codings.jsonl"
    file.write_text(line + "\n")
    with pytest.raises(UsageError, match=r"codings\.jsonl:1"):
        load_codings(library, file, "ada")
    assert history(library) == []


def test_the_command_line(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = ("--library", str(folder), "--who", "ada")
    said = run(capsys, "tag", ONE, "--phase", DATASET, "--why", "by hand", *at)
    assert DATASET in said["phases"]
    assert said["decisions"] == [1]
    said = run(capsys, "tag", ONE, "--remove", DATASET, *at)
    assert DATASET not in said["phases"]
    run(capsys, "tag", ONE, TWO, "--accept", "all", *at)
    said = run(capsys, "tag", ONE, "--none", "phase", *at)
    assert said["phases"] == []
    told = run(capsys, "tag", ONE, "--history", "--library", str(folder))["decisions"]
    assert told[0]["why"] == "by hand"
    assert {one["who"] for one in told} == {"ada"}
    assert run(capsys, "undo", *at)["undone"]
    error = run(capsys, "tag", ONE, "--phase", "tests", *at, status=2)["error"]
    assert DATASET in error["remedy"]
    error = run(capsys, "tag", ONE, "--remove", "tests", *at, status=2)["error"]
    assert DATASET in error["remedy"]
    assert run(capsys, "tag", ONE, *at, status=2)["error"]["code"] == "usage"
    file = tmp_path / "codings.csv"
    file.write_text(f"id,phases\n{TWO},{DATASET};{DEPLOYMENT}\n2999.99999,\n")
    loaded = run(capsys, "tag", "--from", str(file), *at, status=1)
    assert (loaded["papers"], len(loaded["failed"])) == (1, 1)
    counts = run(capsys, "tags", "--library", str(folder))["tags"]
    assert next(one for one in counts if one["key"] == DATASET)["human"] == 1


WHO = st.sampled_from(["ada", "ben", "cyd"])
STEP = st.tuples(WHO, st.sampled_from([ONE, TWO]), st.sampled_from([0, 1, 2]), st.integers(0, 9))


@settings(max_examples=20)
@given(steps=st.lists(STEP, max_size=14), cut=st.integers(0, 14))
def test_replaying_the_log_gives_the_tags_in_force(
    property_library: Library, steps: list[tuple[str, str, int, int]], cut: int
) -> None:
    """Against the rule as it reads: an entry is in force unless an undo in force names it."""
    library = property_library
    with library.catalogue.write() as writer:
        for table in ("DELETE FROM decisions", "DELETE FROM tags WHERE by = 'human'"):
            writer.connection.exec_driver_sql(table)
    said: list[tuple[int, str, str]] = []  # (number, paper, verdict), oldest first
    undos: list[tuple[int, int]] = []  # (number, number of what it undoes)

    def alive(n: int) -> bool:
        return not any(alive(one) for one, undone in undos if undone == n)

    for at, (who, paper, kind, n) in enumerate(steps):
        if at == cut:
            add(library, [jsonl(PAPERS)])
        if kind < 2:
            logged = decide(library, paper, "phase", DATASET, ("yes", "no")[kind], who)
            said += [(one.n, one.paper_id, one.verdict) for one in logged]
        elif n in {one for one, *_ in [*said, *undos]} and alive(n):
            (entry,) = undo(library, n, who=who)
            undos.append((entry.n, n))
        else:
            with pytest.raises(UsageError):
                undo(library, n, who=who)
    wanted = {paper: verdict for n, paper, verdict in said if alive(n)}
    assert {place[0]: one.verdict for place, one in effective(log_of(library)).items()} == wanted
    with library.catalogue.write() as writer:
        assert replay(writer.connection) == set()
        writer.connection.exec_driver_sql("DELETE FROM tags WHERE by = 'human'")
        replay(writer.connection)
    for paper, verdict in wanted.items():
        assert (DATASET in keys(library, paper)) == (verdict == "yes")


@pytest.fixture(scope="module")
def property_library(
    made_library: Path, tmp_path_factory: pytest.TempPathFactory, embedder: Any
) -> Iterator[Library]:
    target = tmp_path_factory.mktemp("property") / "library"
    shutil.copytree(made_library, target)
    opened = Library.open(target)
    opened.embedder = embedder
    yield opened
    opened.close()


def test_merging_orders_by_time_and_repeats_nothing(library: Library) -> None:
    early = Decision("2020-01-01T00:00:00.000000+00:00", "ada", ONE, "phase", DATASET, "yes", n=1)
    late = replace(early, at="2021-01-01T00:00:00.000000+00:00", verdict="undo", undoes=1, n=2)
    decide(library, ONE, "phase", DATASET, "no", "ben")
    with library.catalogue.write() as writer:
        assert [one.undoes for one in merge(writer.connection, [early, late])] == [None, 2]
        assert merge(writer.connection, [early, late]) == []
        log = read_log(writer.connection)
    assert [one.who for one in effective(log).values()] == ["ben"]
