"""`kb learn` shows what would change, changes just that, and can be taken back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ingest.records import Paper
from ingest.sources import FileSource, Found
from kb import learned
from kb.adding import add
from kb.catalogue import Catalogue
from kb.catalogue.fronts import read_fronts
from kb.catalogue.retagging import machine_tags
from kb.cli import main
from kb.decisions import Verdict, decide, record
from kb.doctor import check
from kb.errors import UsageError
from kb.learning import Proposal, apply, lessons, propose
from kb.library import Library

ONE = "2502.00002"
UNDECIDED = "2405.00005"  # without the tag, but of all such papers the nearest to it
DATASET = ("phase", "dataset-construction")


def machine(library: Library) -> dict[int, set[tuple[str, str]]]:
    with library.catalogue.read() as reader:
        return machine_tags(reader)


def versions(library: Library) -> set[str]:
    with library.catalogue.read() as reader:
        rows = reader.connection.exec_driver_sql(
            "SELECT DISTINCT version FROM tags WHERE by = 'machine'"
        )
        return {row[0] for row in rows}


def teach(library: Library) -> Proposal:
    """Everybody says that all papers but one are about data: enough to move the machine."""
    with library.catalogue.read() as reader:
        ids = read_fronts(reader).ids
    said = [Verdict(paper, *DATASET, "yes") for paper in ids if paper != UNDECIDED]
    record(library, said, who="ada")
    return propose(library)


def test_nothing_to_learn_is_said(library: Library) -> None:
    with pytest.raises(UsageError, match="no decision to learn from"):
        propose(library)


def test_a_proposal_changes_nothing(library: Library) -> None:
    before = machine(library)
    found = teach(library)
    assert machine(library) == before
    assert library.tagger.version == library.shipped_tagger.version
    assert found.lesson is not None
    assert found.after is not None
    assert found.folds == 10
    assert "few" in " ".join(found.warnings)


def test_what_is_applied_is_what_was_shown(library: Library) -> None:
    found = teach(library)
    before = machine(library)
    changed = apply(library, found)
    after = machine(library)
    (change,) = (one for one in found.changes if (one.facet, one.key) == DATASET)
    assert set(change.added) == {UNDECIDED}  # the only one on which people have not spoken
    number = library.number(UNDECIDED)
    assert DATASET in after[number] - before.get(number, set())
    assert changed == found.papers
    assert versions(library) == {found.tagger.version}
    assert library.tagger.version == found.tagger.version
    assert check(library) == []
    with library.catalogue.read() as reader:
        assert reader.journal(1)[0]["state"] == "learned"


def test_it_outlives_a_restart_and_a_backup_and_tags_what_comes(
    library: Library, tmp_path: Path
) -> None:
    found = teach(library)
    apply(library, found)
    again = Library.open(library.folder)
    assert again.tagger.version == found.tagger.version
    with again.catalogue.read() as reader:
        fronts = read_fronts(reader)
    one, two = (
        made.judge(fronts.texts, fronts.vectors)[0] for made in (found.tagger, again.tagger)
    )
    assert one == pytest.approx(two, abs=1e-6)
    again.embedder = library.embedder
    paper = Paper("2601.00077", "A data set of code", "We build a benchmark data set of code.")
    add(again, [FileSource("test", lambda: iter([Found("x", lambda: paper)]))])
    assert versions(again) == {found.tagger.version}
    again.catalogue.backup(tmp_path / "copy.sqlite")
    again.close()
    copy = Catalogue.open(tmp_path / "copy.sqlite")
    with copy.read() as reader:
        held = learned.with_lesson(reader, library.shipped_tagger)
    copy.close()
    assert held.version == found.tagger.version


def test_reset_goes_back(library: Library) -> None:
    before = machine(library)
    apply(library, teach(library))
    apply(library, propose(library, reset=True))
    assert library.tagger.version == library.shipped_tagger.version
    assert machine(library) == before
    assert check(library) == []


def test_decisions_hold_over_what_was_learned(library: Library) -> None:
    decide(library, ONE, *DATASET, "no", "ben")
    with library.catalogue.read() as reader:
        ids = read_fronts(reader).ids
    record(library, [Verdict(one, *DATASET, "yes") for one in ids if one != ONE], who="ada")
    apply(library, propose(library))
    with library.catalogue.read() as reader:
        held = reader.papers([library.number(ONE)])[library.number(ONE)]
    assert DATASET[1] not in held.keys("phase")


def test_a_library_that_changed_meanwhile_is_left_alone(library: Library) -> None:
    found = teach(library)
    library.remove([ONE])
    with pytest.raises(UsageError, match="changed since"):
        apply(library, found)
    assert library.tagger.version == library.shipped_tagger.version


def test_a_lesson_for_other_weights_is_not_used(library: Library) -> None:
    apply(library, teach(library))
    with library.catalogue.write(bump=False) as writer:
        held = json.loads(writer.meta("learned_facts"))
        writer.set_meta("learned_facts", json.dumps(held | {"base": "another"}))
    again = Library.open(library.folder)
    assert again.tagger.version == library.shipped_tagger.version
    assert "learned_stale" in {fault.code for fault in check(again)}
    again.close()


def test_verdicts_on_other_categories_are_counted_apart(library: Library) -> None:
    decide(library, ONE, *DATASET, "yes", "ada")
    with library.catalogue.write() as writer:
        writer.connection.exec_driver_sql("UPDATE decisions SET facet = 'mood'")
    with library.catalogue.read() as reader:
        fronts = read_fronts(reader)
    assert lessons(library, fronts).beyond == 1


def run(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> Any:
    capsys.readouterr()
    assert main([*words, "--json"]) == status
    return json.loads(capsys.readouterr().out)


def test_the_command_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = ("--library", str(folder))
    assert run(capsys, "learn", *at, status=2)["error"]["code"] == "no_decisions"
    run(capsys, "tag", ONE, "--phase", DATASET[1], "--done", "--who", "ada", *at)
    shown = run(capsys, "learn", *at)
    assert (shown["applied"], shown["learned"]) == (False, None)
    assert shown["papers_decided"] == 1
    assert shown["warnings"]
    done = run(capsys, "learn", "--apply", *at)
    assert done["applied"]
    assert done["learned"]["papers"] == 1
    assert run(capsys, "learn", "--reset", "--apply", *at)["learned"] is None
