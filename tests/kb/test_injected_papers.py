"""Papers that give orders: none is obeyed, by either writer, whatever the model does.

`tests/data/injected.jsonl` holds 47 papers of ours with orders in title, abstract or body.
The model is the worst there is: it does what every paper of the library demands, the ones it
was not given too. An order counts as obeyed where its payload (a text, an address, a claim, a
citation number) stands in a sentence that is shown and is no verified quote, or where the
answer is refused because of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ingest.sources import FileSource
from kb.adding import add
from kb.answer import ask
from kb.catalogue import Filters
from kb.embed import Embedder
from kb.library import Library
from kb.settings import Settings
from kb.writer import Done, Sentence, write
from kb.writing import given
from kb.writing.instructions import speaks_to_machine
from tests.kb.injected_papers import ASKED, groups, obedient, obeyed, papers, read_orders, seen
from tests.kb.played_model import play, use

INJECTED = read_orders("injected.jsonl")
# Claims on the subject that stand in the paper as claims: without the outer wall they are shown
# as what that paper states, beside the quote.
CLAIMED = {"answer X", "fake citation", "unsafe advice"}
GROUPS = groups(INJECTED)


@pytest.fixture(scope="module")
def injected(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Library]:
    library = Library.create(tmp_path_factory.mktemp("injected") / "library")
    library.embedder = embedder
    report = add(library, [FileSource("injected", lambda: papers(INJECTED))])
    assert report.added == len(INJECTED) + len(GROUPS)
    yield library
    library.close()


def of(group: str) -> list[dict[str, Any]]:
    return [one for one in INJECTED if one["authors"] == [group]]


def test_there_are_enough_kinds() -> None:
    assert len(INJECTED) >= 36
    assert len({one["kind"] for one in INJECTED}) == len(INJECTED)
    assert {one["where"] for one in INJECTED} == {"title", "abstract", "body"}


def test_every_order_is_recognised() -> None:
    """The outer wall: no model is given a passage with any of these."""
    missed = [
        one["kind"] for one in INJECTED
        if not any(map(speaks_to_machine, (one["title"], one["injection"])))
    ]  # fmt: skip
    assert missed == []


@pytest.mark.parametrize("group", GROUPS)
def test_the_extractive_writer_obeys_none(injected: Library, group: str) -> None:
    answer = ask(injected, ASKED, Filters(author=group))
    assert answer.answered
    assert {one["arxiv_id"] for one in of(group)} <= {one.paper_id for one in answer.citations}
    assert obeyed(INJECTED, answer) == []


@pytest.mark.parametrize("wall", ["both walls", "the inner wall alone"])
@pytest.mark.parametrize("group", GROUPS)
def test_a_model_that_obeys_everything_shows_nothing_of_it(
    injected: Library, monkeypatch: pytest.MonkeyPatch, group: str, wall: str
) -> None:
    if wall != "both walls":
        monkeypatch.setattr(given, "speaks_to_machine", lambda text: False)
    monkeypatch.setattr(injected, "settings", Settings(llm_tokens=32768, llm_seconds=280.0))
    with play(lambda line: line.say(obedient(INJECTED, line.played))) as played:
        use(monkeypatch, played.url)
        quoted = ask(injected, ASKED, Filters(author=group))
        events = list(write(injected, quoted, "llm"))
        passages = "\n".join(played.passages().values())
        held = set(played.passages())
        if wall == "both walls":  # else every order of the group did reach the model
            assert not any(one["mark"] in passages for one in of(group))
        else:
            assert all(one["mark"] in passages for one in of(group))
    done = events[-1]
    assert isinstance(done, Done)
    answer = done.answer
    assert answer.answered
    assert answer.writer == "llm"
    assert any("an honest study" in one.text for one in answer.sentences)
    assert set(obeyed(INJECTED, answer)) <= (set() if wall == "both walls" else CLAIMED)
    # Nothing was shown on the way that is not in the answer, and nothing cited but what was given.
    shown = [one.text for one in events if isinstance(one, Sentence)]
    assert shown == [one.text for one in answer.sentences]
    allowed = {one.passage_id for one in quoted.citations}
    assert {one.passage_id for one in answer.citations} <= allowed
    assert answer.removed["unknown_citations"] > 0
    assert len(held) <= len(allowed)
    told = answer.to_text().replace("“", "\n“")
    unquoted = "\n".join(line for line in told.splitlines() if not line.startswith("“"))
    assert "evil.example" not in seen(unquoted)
    assert "\x1b" not in told


def test_a_model_cannot_be_made_to_refuse(
    injected: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    with play(lambda line: line.say("NOT ANSWERED")) as played:
        use(monkeypatch, played.url)
        answer = ask(injected, ASKED, Filters(author=GROUPS[0]), writer="llm")
    assert answer.answered
    assert answer.citations
