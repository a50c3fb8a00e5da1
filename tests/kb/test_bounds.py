"""What people write has a length beyond which it is refused, and nothing is kept of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kb import challenge_acts, codebooks, decisions, merging
from kb.bounds import LONGEST_WHY, bounded, named
from kb.catalogue.joining import merge_log
from kb.catalogue.screening import Criterion
from kb.errors import UsageError
from kb.library import Library
from kb.mapping import mapped
from kb.screening import MOST_CRITERIA, create, require, reviews
from taxonomy.editing import Rename

ONE, TWO = "2502.00002", "2403.00003"
TEN_MEGABYTES = "x" * 10_000_000


def test_the_limit_itself_is_taken_and_named_beyond() -> None:
    assert bounded("x" * LONGEST_WHY) == "x" * LONGEST_WHY
    with pytest.raises(UsageError, match="1,001 characters") as error:
        bounded("x" * (LONGEST_WHY + 1))
    assert "1,000" in error.value.remedy


def test_a_refused_name_is_not_said_whole() -> None:
    assert named("  on \t code ", "chat", 80) == "on code"
    with pytest.raises(UsageError) as error:
        named(TEN_MEGABYTES, "chat", 80, "last")
    assert len(str(error.value.to_json())) < 400
    assert "80" in error.value.remedy
    with pytest.raises(UsageError, match="not a name for a chat"):
        named("last", "chat", 80, "last")


def _decide(library: Library) -> object:
    key = library.codebook.facet("phase").keys[0]
    return decisions.decide(library, ONE, "phase", key, "yes", "ada", TEN_MEGABYTES)


def _join(library: Library) -> object:
    return merging.join(library, ONE, [TWO], "ada", TEN_MEGABYTES, yes=True)


def _reject(library: Library) -> object:
    name = mapped(library).challenges[0].challenge_id
    return challenge_acts.reject(library, name, who="ada", why=TEN_MEGABYTES)


def _rename(library: Library) -> object:
    change = Rename("phase", "testing-and-evaluation", "tests", "Tests")
    return codebooks.commit(library, change, who="ada", why=TEN_MEGABYTES)


@pytest.mark.parametrize("act", [_decide, _join, _reject, _rename])
def test_a_reason_of_ten_megabytes_is_refused_and_nothing_kept(
    library: Library, act: Callable[[Library], object]
) -> None:
    with pytest.raises(UsageError, match="10,000,000 characters") as error:
        act(library)
    assert len(str(error.value.to_json())) < 400
    assert not decisions.history(library)
    assert not challenge_acts.history(library)
    assert len(codebooks.history(library)) == 1
    with library.catalogue.read() as reader:
        assert not merge_log(reader)


def test_a_coders_name_of_ten_megabytes_is_not_said_whole(library: Library) -> None:
    with pytest.raises(UsageError) as error:
        decisions.coder(library, TEN_MEGABYTES)
    assert len(str(error.value.to_json())) < 500


def test_a_review_has_no_more_criteria_than_can_be_read(library: Library) -> None:
    rules = [Criterion(f"rule {n}", "include") for n in range(MOST_CRITERIA + 1)]
    with pytest.raises(UsageError, match="101 criteria"):
        create(library, "Many", criteria=rules)
    assert not reviews(library)
    create(library, "Many", criteria=rules[:-1])
    assert len(require(library, "Many").criteria) == MOST_CRITERIA
