"""What one part of the library does to another: joined papers, decisions, codebooks, bundles."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kb.bundle import load_bundle, write_bundle
from kb.catalogue.fronts import read_fronts
from kb.cli import main
from kb.codebooks import commit
from kb.coders import agreement, codings
from kb.codings import load_codings, save_log
from kb.decisions import decide, done, undo
from kb.doctor import check
from kb.errors import UsageError
from kb.exporting import exported
from kb.learning import lessons
from kb.library import Library
from kb.merging import join
from kb.merging import undo as unjoin
from kb.queue import progress, queue
from taxonomy.editing import Edit, Merge, Rename
from tests.kb.test_codebooks import add_code, tagged
from tests.kb.test_decisions import DATASET, ONE, TWO, keys, other_phase
from tests.taxonomy.test_editing import entry

RENAMED = Rename("phase", DATASET, "data-sets", "Data sets")


def asked(library: Library, who: str) -> set[str]:
    return {one.paper_id for one in queue(library, count=99, who=who, facet="phase")}


# -- bundles and the log ---------------------------------------------------------------------


def test_an_older_bundle_brings_back_nothing_that_was_undone(
    library: Library, tmp_path: Path
) -> None:
    fresh = other_phase(library, ONE)
    decide(library, ONE, "phase", fresh, "yes", "ada")
    write_bundle(library, tmp_path / "older.kbz")
    undo(library, who="ada")
    load_bundle(library, tmp_path / "older.kbz")
    assert fresh not in keys(library, ONE)
    assert check(library) == []


def test_a_paper_that_a_bundle_brings_back_has_what_was_decided(
    library: Library, tmp_path: Path
) -> None:
    fresh = other_phase(library, ONE)
    write_bundle(library, tmp_path / "bare.kbz")
    decide(library, ONE, "phase", fresh, "yes", "ada")
    library.remove([ONE])
    load_bundle(library, tmp_path / "bare.kbz")
    assert fresh in keys(library, ONE)
    assert check(library) == []


@pytest.mark.parametrize(
    "at", ["9999-12-31T23:59:59.999999+00:00", "2026-99-99T99:99:99.999999+00:00"]
)
def test_a_time_that_leaves_none_for_later_is_refused(
    library: Library, tmp_path: Path, at: str
) -> None:
    decide(library, ONE, "phase", DATASET, "yes", "ada")
    log = tmp_path / "log.jsonl"
    save_log(library, log)
    log.write_text(json.dumps(json.loads(log.read_text()) | {"at": at}) + "\n")
    with pytest.raises(UsageError, match=r"log\.jsonl:1"):
        load_codings(library, log)
    assert decide(library, ONE, "phase", DATASET, "no", "ada")


def test_a_log_is_read_back_whatever_its_reasons_hold(library: Library, tmp_path: Path) -> None:
    decide(library, ONE, "phase", DATASET, "yes", "ada", "one\u2028two\x85three")
    save_log(library, tmp_path / "log.jsonl")
    assert load_codings(library, tmp_path / "log.jsonl").lines == 1
    (tmp_path / "c.csv").write_text(f"id,title,phases\n{ONE},a\u2028b,{DATASET}\n")
    assert load_codings(library, tmp_path / "c.csv", "ben").papers == 1
    (tmp_path / "deep.jsonl").write_text("[" * 200_000 + "\n")
    with pytest.raises(UsageError, match="not JSON"):
        load_codings(library, tmp_path / "deep.jsonl")


# -- a codebook that has changed -------------------------------------------------------------


def test_done_keeps_what_the_coder_said_before_a_renaming(library: Library) -> None:
    decide(library, ONE, "phase", DATASET, "yes", "ada")
    commit(library, RENAMED, who="ada")
    done(library, ONE, "phase", "ada")
    assert keys(library, ONE) == {"data-sets"}


def test_the_queue_knows_what_was_said_before_a_renaming(library: Library) -> None:
    done(library, ONE, "phase", "ada")
    commit(library, RENAMED, who="ada")
    assert ONE not in asked(library, "ada")
    assert progress(library, "ada").complete["phase"] == 1


def test_a_renamed_category_keeps_its_score(library: Library) -> None:
    commit(library, RENAMED, who="ada")
    questions = queue(library, count=99, who="ada", facet="phase")
    assert all(one.score is not None for question in questions for one in question.open)
    (said,) = decide(library, ONE, "phase", "data-sets", "no", "ada")
    assert said.score is not None


def test_coders_agree_across_a_renaming(library: Library) -> None:
    decide(library, ONE, "phase", DATASET, "yes", "ada")
    commit(library, RENAMED, who="ada")
    decide(library, ONE, "phase", "data-sets", "no", "ben")
    found = agreement(library, facet="phase")
    assert found["disagreements"] == 1
    assert found["facets"]["phase"]["pairs"][0]["n"] == 1


def test_the_later_name_of_a_category_is_what_is_learned(library: Library) -> None:
    decide(library, ONE, "phase", DATASET, "yes", "ada")
    commit(library, RENAMED, who="ada")
    decide(library, ONE, "phase", "data-sets", "no", "ada")
    with library.catalogue.read() as reader:
        fronts = read_fronts(reader)
    (one,) = lessons(library, fronts).decided
    assert one.yes == frozenset()
    assert one.no == {("phase", DATASET)}


def test_a_log_and_codings_with_older_keys_are_read(library: Library, tmp_path: Path) -> None:
    decide(library, ONE, "phase", DATASET, "yes", "ada")
    commit(library, RENAMED, who="ada")
    save_log(library, tmp_path / "log.jsonl")
    assert load_codings(library, tmp_path / "log.jsonl").decisions == 0
    (tmp_path / "codings.jsonl").write_text(json.dumps({"id": TWO, "phases": [DATASET]}) + "\n")
    load_codings(library, tmp_path / "codings.jsonl", "ben")
    assert keys(library, TWO) == {"data-sets"}


def test_a_merged_category_is_decided_where_its_parts_are(library: Library) -> None:
    first, second, *_ = library.codebook.facet("phase").keys
    decide(library, ONE, "phase", first, "yes", "ada")
    decide(library, ONE, "phase", second, "no", "ada")
    decide(library, TWO, "phase", first, "no", "ada")
    decide(library, TWO, "phase", second, "no", "ben")
    commit(library, Merge("phase", (first, second), entry("both")), who="ada")
    held = codings(library)
    assert held.coders["ada"][ONE, "phase", "both"].verdict == "yes"
    assert (TWO, "phase", "both") not in held.coders["ada"]  # a no to one part leaves the other
    assert held.holds[TWO, "phase", "both"].verdict == "no"
    done(library, ONE, "phase", "ada")
    assert keys(library, ONE) == {"both"}


# -- joined papers ---------------------------------------------------------------------------


def test_what_was_said_of_a_joined_paper_counts_for_the_one_that_stands(library: Library) -> None:
    done(library, TWO, "phase", "ada")
    decide(library, TWO, "phase", DATASET, "yes", "ada")
    join(library, ONE, [TWO], "ada")
    assert ONE not in asked(library, "ada")
    with library.catalogue.read() as reader:
        fronts = read_fronts(reader)
    assert lessons(library, fronts).ids == (ONE,)
    decide(library, ONE, "phase", DATASET, "no", "ben")
    assert agreement(library, facet="phase")["disagreements"] == 1


def test_a_paper_taken_out_of_its_group_has_the_tags_of_own_categories(library: Library) -> None:
    add_code(library)
    place = ("subject", "repositories")
    first, second, *_ = sorted(tagged(library, *place))
    join(library, first, [second], "ada")
    held = library.edition.facet("subject").category("repositories")
    commit(library, Edit("subject", replace(held, cues=(*held.cues, "code base"))), who="ada")
    unjoin(library, None, "ada")
    assert {first, second} <= tagged(library, *place)
    assert check(library) == []


# -- the terminal ----------------------------------------------------------------------------


def test_an_error_does_not_drive_the_terminal(
    library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    with library.catalogue.write(bump=False) as writer:
        writer.set_collected("a\x1b]0;b\x9b31m", ONE, member=True, now="")
    assert main(["collection", "rm", "none", "--library", str(library.folder)]) == 2
    told = capsys.readouterr().err.rstrip("\n")
    assert "known" in told
    assert not set(told) & set(map(chr, [*range(32), *range(127, 160)]))


# -- exports ---------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["2025-13-45", "Spring 2025", "2025-06-30T12:00:00Z", "2025/6"])
def test_a_paper_with_any_date_is_exported(library: Library, when: str) -> None:
    number = library.number(ONE)
    with library.catalogue.write() as writer:
        writer.set_facts(number, {"published": when})  # as a bundle may bring it
    with library.catalogue.read() as reader:
        papers = list(reader.papers([number]).values())
    for form in ("bibtex", "ris", "csl", "csv"):
        assert b"2025" in exported(library, papers, form)
