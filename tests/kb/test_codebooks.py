"""A library's own codebook: versions, tags that follow them, maps that stay the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from ingest.sources import jsonl
from kb import own_tags
from kb.adding import add
from kb.bundle import load_bundle, write_bundle
from kb.catalogue import Filters, StoredTag
from kb.catalogue.editions import set_custom
from kb.catalogue.filing import SUB_AREA, Filing, filed
from kb.cli import main
from kb.codebooks import commit, edition_at, filing_at, history, propose, revert_to
from kb.doctor import check, mend
from kb.errors import BundleError, UsageError
from kb.library import Library
from kb.mapping import challenge_map
from kb.snapshot import Snapshot
from taxonomy.codebook import CodebookError, load
from taxonomy.custom import BY_DEFINITION, BY_EXAMPLES
from taxonomy.editing import Add, Edit, Merge, Rename, Retire, Revert, Split, apply
from taxonomy.edition import Edition
from tests.taxonomy.test_editing import changes, entry, facet

SHIPPED = Edition(load().facets)
CODE = entry(
    "repositories", definition="Code generation over whole repositories.", cues=("repository",)
)


TAG_FAULTS = {"tags_astray", "unknown_tags"}


def add_code(library: Library) -> None:
    """A facet of our own whose one category some of the invented papers are near to."""
    new = facet("subject", "other")
    commit(library, Add(new), who="ada")
    commit(library, Add(facet_with(CODE)), who="ada", why="to see repositories")


def facet_with(*categories: Any) -> Any:
    from dataclasses import replace

    return replace(facet("subject", "other"), categories=categories)


def tagged(library: Library, kind: str, key: str) -> set[str]:
    table = library.snapshot().table
    has = table.has_tags.get((kind, key))
    return set() if has is None else {table.paper_id[i] for i in has.nonzero()[0]}


def counts(library: Library) -> dict[tuple[str, str], int]:
    table = library.snapshot().table
    return {place: int(has.sum()) for place, has in table.has_tags.items() if has.any()}


# -- reading tags ---------------------------------------------------------------------------


def tag(key: str, by: str = "machine", *, present: bool = True, score: float = 0.5) -> StoredTag:
    return StoredTag("phase", key, score, (key,), by, "m", "1", present)


def keys_under(edition: Edition, *tags: StoredTag) -> dict[str, StoredTag]:
    return {one.key: one for one in filed(tags, Filing(edition))}


A, B, C = SHIPPED.facet("phase").keys[:3]


def test_a_merged_category_has_the_best_score_and_all_evidence() -> None:
    edition = apply(SHIPPED, Merge("phase", (A, B), entry("both")))
    found = keys_under(edition, tag(A, score=0.6), tag(B, score=0.9), tag(C))
    assert set(found) == {"both", C}
    assert found["both"].score == 0.9
    assert set(found["both"].evidence) == {A, B}
    assert "merged from" in found["both"].method


def test_a_persons_word_on_the_merged_category_outweighs_its_parts() -> None:
    edition = apply(SHIPPED, Merge("phase", (A, B), entry("both")))
    gone = tag("both", "human", present=False)
    assert keys_under(edition, tag(A), tag(B, "human"), gone) == {}
    # Of the parts, one that somebody has taken away says nothing against the other.
    assert set(keys_under(edition, tag(A, "human", present=False), tag(B))) == {"both"}
    assert keys_under(edition, tag(A, "human", present=False)) == {}
    assert keys_under(edition, tag(A, "human"), tag(B, score=0.9))["both"].by == "human"


def test_the_later_name_of_a_category_is_the_later_word() -> None:
    edition = apply(SHIPPED, Rename("phase", A, "new", "New"))
    old, new = tag(A, "human", present=False), tag("new", "human")
    assert set(keys_under(edition, old, new)) == {"new"}
    assert set(keys_under(SHIPPED, old, tag(B))) == {B}


def test_a_sub_area_holds_within_its_category_only() -> None:
    edition = apply(SHIPPED, Split("phase", A, (entry("part"),)))
    assert keys_under(edition, tag("part")) == {}
    assert set(keys_under(edition, tag("part"), tag(A))) == {"part", A}
    assert keys_under(edition, tag("part"), tag(A, "human", present=False)) == {}
    brought = keys_under(edition, tag("part", "human"))
    assert set(brought) == {"part", A}
    assert brought[A].method == SUB_AREA
    assert keys_under(apply(edition, Retire("phase", A)), tag("part", "human"), tag(A)) == {}


@settings(max_examples=150, deadline=None)
@given(
    st.lists(changes(), max_size=6),
    st.lists(st.tuples(st.sampled_from([A, B, C, "a", "b", "health"]), st.booleans())),
)
def test_after_going_back_tags_are_what_they_were(wanted: list[Any], rows: list[Any]) -> None:
    held = {key: tag(key, "human" if mine else "machine") for key, mine in rows}
    before = keys_under(SHIPPED, *held.values())
    edition, used = SHIPPED, set(SHIPPED.live)
    for change in wanted:
        try:
            edition = apply(edition, change, used)
        except CodebookError:
            continue
        used |= edition.live
        now = keys_under(edition, *held.values())
        assert {("phase", key) for key in now} <= edition.live
    if edition != SHIPPED:
        edition = apply(edition, Revert(0, SHIPPED), used)
    assert keys_under(edition, *held.values()) == before


# -- versions in a library ------------------------------------------------------------------


def test_a_library_starts_with_the_shipped_codebook(library: Library) -> None:
    assert [one.n for one in history(library)] == [0]
    assert library.codebook == load()
    with pytest.raises(UsageError, match="unknown taxonomy version: 7"):
        edition_at(library, 7)


def test_a_proposal_changes_nothing(library: Library) -> None:
    before = counts(library)
    plan = propose(library, Rename("phase", A, "needs", "Needs"))
    assert plan.version == 1
    assert set(plan.before) == {("phase", A)}
    assert set(plan.after) == {("phase", "needs")}
    assert [one.n for one in history(library)] == [0]
    assert counts(library) == before


def test_an_own_facet_is_tagged_from_its_definition_and_filters(library: Library) -> None:
    add_code(library)
    found = tagged(library, "subject", "repositories")
    assert found
    assert len(found) < 12
    mask = library.snapshot().mask(Filters(tags=(("subject", "repositories"),)))
    assert int(mask.sum()) == len(found)
    with library.catalogue.read() as reader:
        papers = reader.papers()
    tags = [one for paper in papers.values() for one in paper.tags if one.facet == "subject"]
    assert tags
    assert {one.method for one in tags} == {BY_DEFINITION}
    assert all(0.35 <= one.score <= 1 for one in tags)
    assert any("repositor" in word.lower() for one in tags for word in one.evidence)


def test_going_back_gives_the_tags_that_were(library: Library) -> None:
    before = counts(library)
    commit(library, Rename("phase", "testing-and-evaluation", "tests", "Tests"), who="ada")
    keys = ("dataset-construction", "model-development-and-enhancement")
    commit(library, Merge("phase", keys, entry("building")), who="ada")
    commit(library, Split("layer", "synthesis", (CODE,)), who="ada")
    add_code(library)
    assert counts(library) != before
    assert tagged(library, "layer", "repositories") <= tagged(library, "layer", "synthesis")
    commit(library, revert_to(library, 0), who="ada", why="enough")
    assert counts(library) == before
    assert library.codebook == load()
    assert history(library)[-1].change == {"kind": "revert", "version": 0, "why": "enough"}
    # Bringing a version back judges papers by it again.
    commit(library, revert_to(library, 5), who="ada")
    assert tagged(library, "subject", "repositories")


def test_a_key_is_never_given_twice(library: Library) -> None:
    add_code(library)
    commit(library, Retire("subject", "repositories"), who="ada")
    with pytest.raises(UsageError, match="was in use"):
        commit(library, Add(facet_with(CODE)), who="ada")


def bare(chart: Any) -> dict[str, Any]:
    """A map without the count of writes, which every change raises."""
    data: dict[str, Any] = json.loads(json.dumps(chart.to_json()))
    del data["meta"]["generation"]
    return data


def test_an_old_map_is_made_again(library: Library) -> None:
    add_code(library)
    old, own = challenge_map(library), challenge_map(library, rows="subject")
    then = library.taxonomy[0]
    commit(library, Rename("phase", "testing-and-evaluation", "tests", "Tests"), who="ada")
    keys = ("dataset-construction", "model-development-and-enhancement")
    commit(library, Merge("phase", keys, entry("building")), who="ada")
    commit(library, Split("layer", "synthesis", (entry("sql"),)), who="ada")
    commit(library, Edit("subject", entry("repositories", definition="Cats.")), who="ada")
    assert bare(challenge_map(library)) != bare(old)
    assert bare(challenge_map(library, version=then)) == bare(old)
    assert bare(challenge_map(library, rows="subject", version=then)) == bare(own)
    assert own.lattice.rows == ("other", "repositories")
    assert old.meta["versions"]["taxonomy"] == str(then)


def test_an_edited_own_category_is_judged_again(library: Library) -> None:
    add_code(library)
    before = tagged(library, "subject", "repositories")
    cats = entry("repositories", name="Cats", definition="Feeding cats at home.", cues=())
    commit(library, Edit("subject", cats), who="ada")
    assert tagged(library, "subject", "repositories").isdisjoint(before)
    then = Snapshot.take(library.catalogue, filing_at(library, 2)).table
    assert int(then.has_tags["subject", "repositories"].sum()) == len(before)


def test_a_new_paper_is_judged_by_own_categories(library: Library, tmp_path: Path) -> None:
    add_code(library)
    line = {
        "id": "2601.00077",
        "title": "Repository code generation",
        "abstract": "We study code generation over whole repositories. Each repository counts.",
    }
    file = tmp_path / "new.jsonl"
    file.write_text(json.dumps(line), encoding="utf-8")
    add(library, [jsonl(file)])
    assert "2601.00077" in tagged(library, "subject", "repositories")


def test_people_teach_an_own_category(library: Library, monkeypatch: Any) -> None:
    add_code(library)
    assert own_tags.learn_own(library) == {}
    monkeypatch.setattr("taxonomy.custom.ENOUGH", 8)
    with library.catalogue.read() as reader:
        numbers = sorted(reader.papers())
    with library.writing(), library.catalogue.write() as writer:
        for number in numbers:
            place = {"p": number, "f": "subject", "k": "repositories", "y": number % 2}
            writer.connection.execute(
                text(
                    "insert into tags (paper, facet, key, by, present, score, evidence, method,"
                    " version) values (:p, :f, :k, 'human', :y, 1, '[]', 'decision', 'ada')"
                ),
                place,
            )
    assert own_tags.learn_own(library) == {("subject", "repositories"): (6, 6)}
    with library.catalogue.read() as reader:
        query = "select distinct method, version from tags where key = 'repositories'"
        rows = reader.connection.execute(text(query + " and by = 'machine'")).all()
    assert [row.method for row in rows] == [BY_EXAMPLES]
    assert not TAG_FAULTS & {one.code for one in check(library)}


# -- doctor and bundles ---------------------------------------------------------------------


def test_doctor_finds_and_mends_tags_that_do_not_follow(library: Library) -> None:
    add_code(library)
    before = counts(library)
    with library.writing(), library.catalogue.write() as writer:
        connection = writer.connection
        connection.execute(text("update tags set version = 'x' where key = 'repositories'"))
        stray = StoredTag("phase", "nobody-knows", 0.5, (), "machine", "m", "1")
        set_custom(connection, ("phase", "nobody-knows"), {1: stray})
    faults = check(library)
    assert {one.code for one in faults} >= TAG_FAULTS
    mend(library, faults)
    assert not TAG_FAULTS & {one.code for one in check(library)}
    assert counts(library) == before


def test_a_bundle_carries_the_codebook(library: Library, tmp_path: Path) -> None:
    add_code(library)
    commit(library, Rename("phase", "testing-and-evaluation", "tests", "Tests"), who="ada")
    file = tmp_path / "own.kbz"
    write_bundle(library, file)
    other = Library.create(tmp_path / "other")
    other.embedder = library.embedder
    load_bundle(other, file)
    assert other.codebook == library.codebook
    assert counts(other) == counts(library)
    assert [one.change for one in history(other)] == [one.change for one in history(library)]
    assert load_bundle(other, file).unchanged == 12
    commit(library, Retire("subject", "other"), who="ada")
    commit(other, Retire("subject", "repositories"), who="bob")
    write_bundle(library, file)
    with pytest.raises(BundleError, match="differ from version 4 on"):
        load_bundle(other, file)


# -- the command line -----------------------------------------------------------------------


def run(capsys: pytest.CaptureFixture[str], folder: Path, *words: str) -> tuple[int, Any]:
    status = main(["--library", str(folder), *words, "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_the_command_line(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from taxonomy.codebook_file import write

    file = tmp_path / "subject.toml"
    file.write_text(write(facet_with(CODE)), encoding="utf-8")
    status, plan = run(capsys, folder, "taxonomy", "import", str(file), "--dry-run")
    assert (status, plan["dry_run"], plan["version"]) == (0, True, 1)
    assert plan["papers"] == plan["after"][0]["papers"] > 0
    status, done = run(capsys, folder, "taxonomy", "import", str(file), "--why", "try")
    assert (status, done["papers"]) == (0, plan["papers"])
    back = tmp_path / "back.toml"
    assert run(capsys, folder, "taxonomy", "export", "subject", "-o", str(back))[0] == 0
    assert back.read_text(encoding="utf-8") == file.read_text(encoding="utf-8")

    old = "testing-and-evaluation"
    _, found = run(capsys, folder, "search", "code", "--phase", old)
    assert run(capsys, folder, "taxonomy", "rename", "phase", old, "tests", "--name", "T")[0] == 0
    # The old key still means the category.
    assert run(capsys, folder, "search", "code", "--phase", old)[1]["total"] == found["total"]
    status, shown = run(capsys, folder, "taxonomy", "show", "phase")
    assert "tests" in [one["key"] for one in shown["facets"][0]["categories"]]
    status, shown = run(capsys, folder, "taxonomy", "show", "--version", "0")
    assert old in [one["key"] for one in shown["facets"][0]["categories"]]

    status, hits = run(capsys, folder, "search", "code", "--tag", "subject=repositories")
    assert (status, hits["total"]) == (0, plan["papers"])
    status, error = run(capsys, folder, "search", "code", "--tag", "subject=nothing")
    assert (status, error["error"]["code"]) == (2, "unknown_subject")
    status, error = run(capsys, folder, "search", "code", "--tag", "nothing=x")
    assert (status, error["error"]["code"]) == (2, "unknown_facet")

    status, chart = run(capsys, folder, "map", "--rows", "subject", "--columns", "phase")
    assert (status, chart["rows"]) == (0, ["repositories"])
    status, chart = run(capsys, folder, "map", "--taxonomy", "0")
    assert old in chart["rows"]
    assert run(capsys, folder, "map", "--taxonomy", "9")[0] == 2
    assert run(capsys, folder, "map", "--rows", "nothing")[0] == 2

    add_one = ("taxonomy", "add-category", "subject", "agents", "--name", "Agents")
    assert run(capsys, folder, *add_one)[1]["error"]["item"] == "definition"
    assert run(capsys, folder, *add_one, "--definition", "Agents that act.")[0] == 0
    merge = ("taxonomy", "merge", "subject", "agents", "repositories", "--into", "all")
    assert run(capsys, folder, *merge, "--name", "All")[0] == 0
    assert run(capsys, folder, "taxonomy", "edit", "subject", "all", "--name", "Every")[0] == 0
    assert run(capsys, folder, "taxonomy", "retire", "subject")[0] == 0
    status, error = run(capsys, folder, "taxonomy", "retire", "phase")
    assert (status, error["error"]["code"]) == (2, "taxonomy")
    assert run(capsys, folder, "taxonomy", "revert", "0")[0] == 0
    status, told = run(capsys, folder, "taxonomy", "history")
    assert [one["version"] for one in told["versions"]] == list(range(8))
    assert told["versions"][1]["change"]["why"] == "try"


def test_files_with_faults_are_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bad.toml"
    assert run(capsys, folder, "taxonomy", "import", str(file))[0] == 2
    file.write_bytes(b"\xff\xfe")
    assert run(capsys, folder, "taxonomy", "import", str(file))[0] == 2
    file.write_text('key = "x"\nkey = "y"\n', encoding="utf-8")
    status, error = run(capsys, folder, "taxonomy", "import", str(file))
    assert (status, "line 2" in error["error"]["message"]) == (2, True)
    assert run(capsys, folder, "taxonomy", "history")[1]["versions"][-1]["version"] == 0
