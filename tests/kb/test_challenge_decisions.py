"""What people decide about challenges holds: through rebuilds, added papers and bundles."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.sources import jsonl
from kb import challenge_acts as acts
from kb.adding import add
from kb.bundle import load_bundle, write_bundle
from kb.catalogue.challenge_log import ChallengeDecision, Named, read_challenge_log
from kb.catalogue.undoing import in_force
from kb.challenge_decisions import Decided, decided
from kb.challenges import Challenge, within
from kb.cli import main
from kb.errors import BundleError, UsageError
from kb.evidence import Evidence, Statement, statement_id
from kb.exports import export
from kb.library import Library
from kb.mapping import challenge_map, mapped

OLD, ALL = 12, 20
"""Statements before and after papers were added; statement i is of paper i."""


def said(number: int, label: str = "challenge") -> Statement:
    day = f"2024-01-{number + 1:02d}"
    quote = f"Oracle {number} of {label} is lacking."
    return Statement(
        number, f"p{number}", f"p{number}#0", 1, "Abstract", quote, label, 0.9, "rule", "1",
        False, day, 2024, (f"Author {number}",), ("testing",), ("synthesis",),
    )  # fmt: skip


IDS = [statement_id(said(number)) for number in range(ALL)]


def built(partition: Sequence[Sequence[int]]) -> tuple[Challenge, ...]:
    """Challenges as `build` gives them: the oldest statement is the seed and names the id."""
    found = []
    for group in partition:
        rows = tuple(Evidence(said(number), 1.0) for number in sorted(group))
        direction = (Evidence(said(group[0], "direction"), 0.8),)
        bare = Challenge(
            statement_id(rows[0].statement), rows[0].statement.quote.rstrip("."), "open", (), (),
            0, (), None, None, rows, (), direction,
        )  # fmt: skip
        whole = within(bare, {f"p{number}" for number in range(ALL)})
        assert whole is not None
        found.append(whole)
    return tuple(found)


def partition(draw: st.DrawFn, count: int) -> list[list[int]]:
    """Statements in groups, each begun by its oldest."""
    groups: list[list[int]] = []
    for number in range(count):
        at = draw(st.integers(0, len(groups)))
        if at == len(groups):
            groups.append([])
        groups[at].append(number)
    return groups


def parts(after: Decided, count: int) -> set[frozenset[str]]:
    """The challenges of the first `count` statements, each as the ids of its statements."""
    known = set(IDS[:count])
    rows = ({statement_id(i.statement) for i in one.evidence} & known for one in after.challenges)
    return {frozenset(some) for some in rows if some}


def named(one: Challenge) -> Named:
    return Named(one.challenge_id, tuple(statement_id(item.statement) for item in one.evidence))


@st.composite
def act(draw: st.DrawFn, after: Decided, log: list[ChallengeDecision]) -> ChallengeDecision:
    """A decision that somebody could make on what they see."""
    n = len(log) + 1
    kind = draw(st.sampled_from(["merge", "split", "rename", "reject", "row", "undo"]))
    blank = ChallengeDecision(f"2026-01-01T00:00:00.{n:06d}+00:00", "ada", kind, n=n)
    if kind == "undo" and log:
        return replace(blank, undoes=draw(st.sampled_from(log)).n)
    seen = list(after.challenges)
    large = [one for one in seen if len(one.evidence) > 1]
    if kind == "merge" and len(seen) > 1:
        some = draw(st.lists(st.sampled_from(seen), min_size=2, max_size=3, unique_by=id))
        return replace(blank, challenges=tuple(named(one) for one in some))
    if kind in ("split", "row") and large:
        one = named(draw(st.sampled_from(large)))
        size = draw(st.integers(1, len(one.statements) - 1))
        rows = draw(st.permutations(one.statements))[:size]
        action = "split" if kind == "split" else "reject"
        return replace(blank, action=action, challenges=(one,), out=tuple(rows))
    if not seen:
        return replace(blank, action="undo", undoes=1)
    one = named(draw(st.sampled_from(seen)))
    if kind == "reject" and len(seen) > 2:
        return replace(blank, challenges=(one,))
    return replace(blank, action="rename", challenges=(one,), text=f"Called {n}")


@st.composite
def history(draw: st.DrawFn) -> tuple[tuple[Challenge, ...], list[ChallengeDecision]]:
    before = built(partition(draw, OLD))
    log: list[ChallengeDecision] = []
    for _ in range(draw(st.integers(1, 7))):
        log.append(draw(act(decided(before, log), log)))
    return before, log


def grown(draw: st.DrawFn, before: Sequence[Challenge]) -> tuple[Challenge, ...]:
    """The challenges with newer papers, which join or begin some."""
    groups = [[item.statement.sentence_id for item in one.evidence] for one in before]
    for number in range(OLD, ALL):
        at = draw(st.integers(0, len(groups)))
        if at == len(groups):
            groups.append([])
        groups[at].append(number)
    return built(groups)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_decisions_hold_when_papers_are_added(data: st.DataObject) -> None:
    before, log = data.draw(history())
    after = decided(before, log)
    later = decided(data.draw(st.composite(grown)(before)), log)
    assert parts(later, OLD) == parts(after, OLD)
    labels = {one.challenge_id: one.statement for one in later.challenges}
    for one in after.challenges:
        if one.renamed:
            assert labels[one.challenge_id] == one.statement
    assert {one.n for one in later.lost} <= {one.n for one in after.lost}
    ids = [one.challenge_id for one in later.challenges]
    assert len(ids) == len(set(ids))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_the_last_decision_holds_however_challenges_are_built_anew(data: st.DataObject) -> None:
    _, log = data.draw(history())
    last = log[-1]
    other = built(data.draw(st.composite(partition)(ALL)))
    after = decided(other, log)
    holder = {
        statement_id(item.statement): one for one in after.challenges for item in one.evidence
    }
    about = [row for one in last.challenges for row in one.statements]
    if last in after.lost or not any(row in holder for row in about):
        return
    if last.action == "merge":
        assert len({holder[row].challenge_id for row in about if row in holder}) == 1
    elif last.action == "rename":
        first = next(row for row in about if row in holder)
        assert (holder[first].statement, holder[first].renamed) == (last.text, True)
    elif last.action == "split":
        apart = {holder[row].challenge_id for row in last.out if row in holder}
        rest = {holder[row].challenge_id for row in set(about) - set(last.out) if row in holder}
        assert len(apart) == 1
        assert not apart & rest
    elif last.action == "reject":
        assert not set(last.out or about) & holder.keys()


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_undoing_everything_leaves_no_trace(data: st.DataObject) -> None:
    before, log = data.draw(history())
    n = len(log)
    for one in in_force(log):
        n += 1
        at = f"2026-01-02T00:00:00.{n:06d}+00:00"
        log.append(ChallengeDecision(at, "ada", "undo", undoes=one.n, n=n))
    assert decided(before, log).challenges == before


def test_a_decision_on_what_is_gone_is_kept_and_told() -> None:
    before = built([[0, 1], [2]])
    gone = Named("c0000000000", ("c0000000000",))
    log = [ChallengeDecision("2026", "ada", "reject", (gone,), n=1)]
    after = decided(before, log)
    assert after.challenges == before
    assert [one.n for one in after.lost] == [1]


def test_what_people_moved_and_named_is_marked() -> None:
    one, other = built([[0], [1]])
    log = [
        ChallengeDecision("2026-02-03", "ada", "merge", (named(one), named(other)), n=1),
        ChallengeDecision("2026-02-04", "ada", "rename", (named(one),), text="Oracles", n=2),
    ]
    (whole,) = decided([one, other], log).challenges
    assert (whole.statement, whole.renamed, whole.papers) == ("Oracles", True, 2)
    assert [item.decided for item in whole.evidence] == ["", "merged by ada, 2026-02-03"]
    assert len(whole.directions) == 2


def test_in_a_library_from_command_to_map_and_back(library: Library, tmp_path: Path) -> None:
    before = export(challenge_map(library), "json", {})
    first, second = mapped(library).challenges[:2]
    acts.merge(library, [first.challenge_id, second.challenge_id], who="ada", why="the same")
    acts.rename(library, first.challenge_id, "Our <b>words</b>", who="bea")
    chart = challenge_map(library)
    (node,) = (one for one in chart.nodes if one.renamed)
    assert node.label == "Our <b>words</b>"
    moved = [edge for edge in chart.edges if edge.decided]
    assert moved
    assert all(edge.human and "merged by ada" in edge.decided for edge in moved)
    acts.reject(library, first.challenge_id, who="ada")
    meta = challenge_map(library).meta
    assert meta["rejected"] == {"challenges": 1, "rows": 0}
    assert meta["decisions"]["in_force"] == 3
    bundle = tmp_path / "with.kbz"
    write_bundle(library, bundle)
    other = Library.create(tmp_path / "other")
    other.embedder = library.embedder
    load_bundle(other, bundle)
    load_bundle(other, bundle)  # nothing twice
    assert challenge_map(other).meta["decisions"] == meta["decisions"]
    again = tmp_path / "again.kbz"
    write_bundle(other, again)
    assert again.read_bytes() == bundle.read_bytes()
    other.close()
    for who in ("ada", "bea", "ada"):
        acts.undo(library, who=who)
    assert export(challenge_map(library), "json", {}) == before
    with pytest.raises(UsageError, match="undone already"):
        acts.undo(library, 1, who="ada")


def test_decisions_outlive_added_papers_and_removed_ones(library: Library, tmp_path: Path) -> None:
    first, second = mapped(library).challenges[:2]
    acts.merge(library, [first.challenge_id, second.challenge_id], who="ada")
    more = tmp_path / "more.jsonl"
    more.write_text(
        json.dumps(
            {
                "arxiv_id": "2612.00001",
                "title": "A later paper",
                "abstract": "However, sound oracles are still lacking for generated tests.",
                "published": "2026-12-01",
            }
        )
    )
    add(library, [jsonl(more)])
    ids = {one.challenge_id for one in mapped(library).challenges}
    assert len({first.challenge_id, second.challenge_id} & ids) == 1
    kept = acts.find(library, second.challenge_id)
    assert set(first.paper_ids + second.paper_ids) <= set(kept.paper_ids)
    library.remove(list(kept.paper_ids), yes=True)
    (entry,) = acts.history(library)
    assert (entry.in_force, entry.found) == (True, False)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["merge", "c0000000000", "c1111111111"], "unknown_challenge"),
        (["merge", "FIRST"], "too_few_challenges"),
        (["split", "FIRST", "--out", "c0000000000"], "unknown_statement"),
        (["rename", "FIRST", " \t "], "bad_label"),
        (["rename", "FIRST", "x" * 301], "bad_label"),
        (["reject", "FIRST", "--row", "nonsense"], "unknown_statement"),
        (["undo", "7"], "unknown_decision"),
    ],
)
def test_what_is_not_there_is_named(
    folder: Path, words: list[str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    library = Library.open(folder)
    first = mapped(library).challenges[0].challenge_id
    library.close()
    asked = [first if word == "FIRST" else word for word in words]
    assert main(["--library", str(folder), "--json", "challenge", *asked]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == code
    opened = Library.open(folder)
    with opened.catalogue.read() as reader:
        assert read_challenge_log(reader.connection) == []
    opened.close()


def test_the_command_line_tells_what_was_decided(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = Library.open(folder)
    first = mapped(library).challenges[0]
    library.close()
    kb = ["--library", str(folder), "--json", "challenge"]
    row = statement_id(first.evidence[0].statement)
    assert main([*kb, "reject", first.challenge_id, "--row", row, "--who", "ada"]) == 0
    entry = json.loads(capsys.readouterr().out)
    assert (entry["action"], entry["out"], entry["in_force"]) == ("reject", [row], True)
    assert main([*kb, "undo", "--who", "ada"]) == 0
    assert json.loads(capsys.readouterr().out) == {"undone": 1}
    assert main([*kb, "list"]) == 0
    told = json.loads(capsys.readouterr().out)["decisions"]
    assert [(one["action"], one["in_force"]) for one in told] == [("reject", False), ("undo", True)]


def test_a_bundle_with_a_forged_log_is_refused(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = mapped(library).challenges[0]
    forged = [
        ChallengeDecision("2026-01-01T00:00:00.000000+00:00", "ada", "merge", (named(first),), n=1)
    ]
    monkeypatch.setattr("kb.bundle_challenges.read_challenge_log", lambda _: forged)
    # What is written is read back first, with the checks of loading.
    with pytest.raises(BundleError, match="as many as merge takes"):
        write_bundle(library, tmp_path / "forged.kbz")
