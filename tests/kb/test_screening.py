"""Reviews: papers come in and are counted, coders decide, undo, differ and settle."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from kb.catalogue import Filters
from kb.catalogue.screening import Criterion
from kb.collecting import collect, collections
from kb.errors import UsageError
from kb.library import Library
from kb.merging import join
from kb.query import parse
from kb.review_agreement import conflicts, pairs
from kb.review_export import chosen, collect_included, listed
from kb.review_flow import flow
from kb.review_order import pool_of, queue
from kb.review_sources import (
    from_collection,
    from_ids,
    from_library,
    from_log,
    from_search,
    take_out,
)
from kb.review_state import board
from kb.screening import change, create, decide, require, reviews, undo
from kb.search import search
from kb.search_log import log, searches

NAME = "Tests"
HOSTILE = '=HYPERLINK("http://evil.example") <script>alert(1)</script>'


def ids(library: Library) -> list[str]:
    return list(library.snapshot().table.paper_id)


@pytest.fixture
def review(library: Library) -> Library:
    """A library with a review of all its papers."""
    create(library, NAME, question="How are tests generated?")
    from_library(library, NAME, who="ada")
    return library


def say(library: Library, paper: str, verdict: str, who: str = "ada", **more: object) -> None:
    decide(library, NAME, paper, verdict, who=who, **more)  # type: ignore[arg-type]


def state(library: Library, paper: str, stage: str = "abstract") -> str:
    return board(library, NAME).cases[paper].outcomes[stage].state


def test_a_review_has_a_name_a_question_and_criteria(library: Library) -> None:
    rules = [Criterion(" uses  a model ", "include"), Criterion("", "exclude")]
    made = create(library, "  My   review ", question="Why?", criteria=rules, coders=2, blind=True)
    assert made.name == "My review"
    assert made.criteria == (Criterion("uses a model", "include"),)
    assert require(library, "My review") == made
    with pytest.raises(UsageError, match="called My review already"):
        create(library, "My review")
    with pytest.raises(UsageError, match="unknown review: Other") as error:
        require(library, "Other")
    assert "My review" in error.value.remedy


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\x00b"])
def test_a_bad_name_is_refused(library: Library, name: str) -> None:
    with pytest.raises(UsageError, match="not a name"):
        create(library, name)
    assert not reviews(library)


def test_changed_criteria_leave_decisions_and_reasons(review: Library) -> None:
    paper = ids(review)[0]
    change(review, NAME, criteria=[Criterion("too short", "exclude")])
    say(review, paper, "exclude", reason="too short")
    change(review, NAME, criteria=[Criterion("too old", "exclude")], question="Else?")
    assert require(review, NAME).texts("exclude") == ("too old",)
    assert board(review, NAME).cases[paper].outcomes["abstract"].reason == "too short"


def test_each_source_counts_what_it_found_and_what_was_new(library: Library) -> None:
    create(library, NAME)
    every = ids(library)
    collect(library, "some", every[:3])
    one = from_collection(library, NAME, "some", who="ada")
    two = from_ids(library, NAME, [every[2], every[3], every[3]], who="ada")
    three = from_search(library, NAME, "generated tests", most=5, who="ada")
    four = from_library(library, NAME, who="ada")
    assert (one.found, one.new) == (3, 3)
    assert (two.found, two.new) == (2, 1)
    assert three.found == 5
    assert four.found == len(every)
    counts = flow(board(library, NAME))
    assert counts.papers == len(every)
    assert counts.identified == 3 + 2 + 5 + len(every)
    assert counts.duplicates_again == counts.identified - len(every)
    assert all(counts.checks().values())
    assert counts.sources[0].label == "Collection some"


def test_a_logged_search_brings_the_hits_it_showed(library: Library) -> None:
    create(library, NAME)
    asked = parse("benchmark", library.edition)
    shown = [hit.paper.paper_id for hit in search(library, asked, limit=4).hits]
    log(library, asked, Filters(), "hybrid", 12, shown)
    made = from_log(library, NAME, searches(library)[-1], who="ada")
    assert made.found == 4
    assert list(board(library, NAME).cases) == shown


def test_nothing_found_brings_nothing(library: Library) -> None:
    create(library, NAME)
    with pytest.raises(UsageError, match="no paper was found"):
        from_search(library, NAME, "zzzqqq", mode="lexical", who="ada")
    with pytest.raises(UsageError, match="not in this library"):
        from_ids(library, NAME, ["2401.99999"], who="ada")
    assert not board(library, NAME).sources


def test_papers_joined_before_and_since_are_duplicates(library: Library) -> None:
    first, second, third, fourth = ids(library)[:4]
    join(library, first, [second], "ada")
    create(library, NAME)
    from_library(library, NAME, who="ada")
    counts = flow(board(library, NAME))
    assert (counts.identified, counts.papers, counts.duplicates_joined) == (12, 11, 1)
    say(library, fourth, "include")
    join(library, third, [fourth], "ada")
    now = board(library, NAME)
    counts = flow(now)
    assert (counts.identified, counts.papers, counts.duplicates_since) == (12, 10, 1)
    assert all(counts.checks().values())
    stands = next(one for one in (third, fourth) if one in now.cases)
    assert now.cases[stands].outcomes["abstract"].state == "include"  # said of the other
    say(library, stands, "exclude")
    assert state(library, stands) == "exclude"


def test_a_source_taken_out_takes_only_its_own(library: Library) -> None:
    create(library, NAME)
    every = ids(library)
    one = from_ids(library, NAME, every[:3], who="ada")
    two = from_ids(library, NAME, every[2:5], who="ada")
    say(library, every[4], "include")
    assert take_out(library, NAME, two.source) == 2
    assert list(board(library, NAME).cases) == every[:3]
    with pytest.raises(UsageError, match="unknown source"):
        take_out(library, NAME, two.source)
    from_ids(library, NAME, every[4:5], who="ada")
    assert state(library, every[4]) == "include"
    assert one.source != two.source


def test_a_paper_goes_through_both_stages(review: Library) -> None:
    one, two, three, four = ids(review)[:4]
    for paper in (one, two, three):
        say(review, paper, "include")
    say(review, four, "exclude", reason="off topic")
    say(review, one, "include", stage="full_text")
    say(review, two, "exclude", stage="full_text", reason="no evaluation")
    say(review, three, "not_retrieved", stage="full_text")
    counts = flow(board(review, NAME))
    assert (counts.screened, counts.to_screen, counts.excluded) == (4, 8, 1)
    assert (counts.sought, counts.not_retrieved, counts.assessed) == (3, 1, 2)
    assert (counts.excluded_full, counts.included) == (1, 1)
    assert counts.excluded_full_reasons == (("no evaluation", 1),)
    undo(review, NAME, who="ada")
    assert flow(board(review, NAME)).to_assess == 1
    say(review, one, "exclude")  # at the first stage again: the second does not count any more
    counts = flow(board(review, NAME))
    assert (counts.sought, counts.included) == (2, 0)
    assert all(counts.checks().values())


def test_undo_takes_back_ones_own_last_and_nothing_else(review: Library) -> None:
    one, two = ids(review)[:2]
    say(review, one, "include")
    say(review, two, "exclude", who="bob")
    assert undo(review, NAME, who="ada").paper_id == one
    assert (state(review, one), state(review, two)) == ("open", "exclude")
    with pytest.raises(UsageError, match="ada has decided nothing"):
        undo(review, NAME, who="ada")
    log_ = board(review, NAME).log
    assert [entry.verdict for entry in log_] == ["include", "exclude", "undo"]
    undo(review, NAME, n=log_[-1].n, who="bob")  # undoing the undo brings it back
    assert state(review, one) == "include"
    with pytest.raises(UsageError, match="undone already"):
        undo(review, NAME, n=log_[-1].n, who="bob")


def test_two_coders_must_agree_and_conflicts_are_settled(review: Library) -> None:
    change(review, NAME, coders=2)
    one, two, three = ids(review)[:3]
    say(review, one, "include")
    assert state(review, one) == "waiting"
    say(review, one, "include", who="bob")
    assert state(review, one) == "include"
    say(review, two, "include")
    say(review, two, "exclude", who="bob", reason="too old")
    assert state(review, two) == "conflict"
    say(review, three, "maybe")
    assert state(review, three) == "maybe"
    say(review, three, "exclude", who="bob")
    assert state(review, three) == "waiting"
    now = board(review, NAME)
    assert [case.paper_id for case in conflicts(now, "abstract")] == [two]
    pair = pairs(now, "abstract")[0]
    assert (pair.who, pair.n) == (("ada", "bob"), 3)
    assert pair.share == pytest.approx(1 / 3)
    assert pair.kappa == pytest.approx(1 / 7)  # 1/3 agreed, 2/9 by chance
    say(review, two, "exclude", who="eve", reason="talked over", settles=True)
    outcome = board(review, NAME).cases[two].outcomes["abstract"]
    assert (outcome.state, outcome.reason, outcome.settled_by) == ("exclude", "talked over", "eve")
    undo(review, NAME, who="eve")
    assert state(review, two) == "conflict"


def test_the_queue_holds_what_this_coder_is_to_look_at(review: Library) -> None:
    every = ids(review)
    now = board(review, NAME)
    assert queue(review, now, "abstract", "ada", "found") == every
    mixed = queue(review, now, "abstract", "ada", "random")
    assert sorted(mixed) == sorted(every)
    assert mixed != every
    say(review, every[0], "maybe")
    say(review, every[1], "include")
    now = board(review, NAME)
    assert queue(review, now, "abstract", "ada", "found") == every[2:]
    assert queue(review, now, "abstract", "bob", "found") == [every[0], *every[2:]]
    assert queue(review, now, "full_text", "bob", "found") == [every[1]]
    with pytest.raises(UsageError, match="unknown order"):
        queue(review, now, "abstract", "ada", "best")


def test_what_was_decided_brings_its_like_forward(review: Library) -> None:
    every = ids(review)
    pool = pool_of(review, every)
    rows = np.hstack([pool.vectors, pool.words.dense(0, len(every))])
    one, far = 0, 1
    # With one paper of either kind the learner can only point from one to the other.
    nearness = rows @ (rows[one] - rows[far])
    nearness[[one, far]] = 0
    near = int(nearness.argmax())
    say(review, every[one], "include")
    say(review, every[far], "exclude")
    first = queue(review, board(review, NAME), "abstract", "ada", "likely").index(every[near])
    undo(review, NAME, who="ada")
    undo(review, NAME, who="ada")
    say(review, every[one], "exclude")
    say(review, every[far], "include")
    last = queue(review, board(review, NAME), "abstract", "ada", "likely").index(every[near])
    assert (first, last) == (0, len(every) - 3)


@pytest.mark.parametrize(
    ("verdict", "stage", "what"),
    [
        ("good", "abstract", "unknown verdict"),
        ("not_retrieved", "abstract", "unknown verdict"),
        ("include", "title", "unknown stage"),
    ],
)
def test_unknown_words_are_refused(review: Library, verdict: str, stage: str, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        say(review, ids(review)[0], verdict, stage=stage)
    with pytest.raises(UsageError, match="not in the review"):
        say(review, "2401.99999", "include")
    assert not board(review, NAME).log


def test_a_paper_that_is_gone_stays_counted_and_named(review: Library) -> None:
    one, two = ids(review)[:2]
    say(review, one, "include")
    title = board(review, NAME).cases[one].title
    review.remove([one, two])
    now = board(review, NAME)
    counts = flow(now)
    assert (counts.papers, counts.gone, counts.sought) == (12, 2, 1)
    assert now.cases[one].title == title
    assert queue(review, now, "abstract", "ada", "likely")[-1] == two
    say(review, two, "exclude", reason="withdrawn")
    assert flow(board(review, NAME)).excluded == 1
    rows = sheet(review, "all")
    assert [row["in_library"] for row in rows if row["paper_id"] in (one, two)] == ["no", "no"]


def sheet(library: Library, which: str) -> list[dict[str, str]]:
    text = listed(library, board(library, NAME), which, "csv").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_lists_hold_what_was_decided_and_no_formula(review: Library) -> None:
    one, two, three = ids(review)[:3]
    say(review, one, "include")
    say(review, one, "include", stage="full_text")
    say(review, two, "exclude", reason=HOSTILE)
    say(review, three, "maybe", who="=cmd")  # a name that a spreadsheet would run
    assert [row["paper_id"] for row in sheet(review, "included")] == [one]
    excluded = sheet(review, "excluded")
    assert [row["paper_id"] for row in excluded] == [two]
    assert excluded[0]["reason"] == f"'{HOSTILE}"
    everything = sheet(review, "all")
    assert len(everything) == 12
    assert all(
        not value.startswith(("=", "+", "@")) for row in everything for value in row.values()
    )
    now = board(review, NAME)
    assert len(chosen(now, "undecided")) == 10
    assert b"@misc{" in listed(review, now, "included", "bibtex")
    assert listed(review, now, "included", "ris").count(b"ER  - ") == 1
    with pytest.raises(UsageError, match="unknown choice"):
        listed(review, now, "good", "csv")
    with pytest.raises(UsageError, match="unknown format"):
        listed(review, now, "all", "xlsx")


def test_the_included_become_a_collection(review: Library) -> None:
    one = ids(review)[0]
    with pytest.raises(UsageError, match="nothing is included"):
        collect_included(review, board(review, NAME), "kept")
    say(review, one, "include")
    say(review, one, "include", stage="full_text")
    assert collect_included(review, board(review, NAME), "kept") == 1
    assert collections(review)["kept"] == 1
