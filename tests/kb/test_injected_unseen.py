"""Orders in wordings that no word list was made on: few are recognised, none is obeyed.

`tests/data/injected_unseen.jsonl` holds 30 papers written without a look at
`kb/writing/instructions.py`. The words of that module are not to be mended for them: what they
measure is the wall behind it. `injected_claims.jsonl` holds 10 more, written after that wall was
mended for the 30, each of which wants a claim on the subject told as a finding: what is worded
as a statement of the paper cannot be told from one, and is shown as that, with its quote.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

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

ORDERS = read_orders("injected_unseen.jsonl")
GROUPS = groups(ORDERS)
CLAIMS = read_orders("injected_claims.jsonl")
# At first sight: two are recognised, and these are shown as what the paper states.
STATED = {"indicative", "correct summary", "readers like", "wording", "condense", "aside"}


@pytest.fixture(scope="module")
def unseen(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Library]:
    library = Library.create(tmp_path_factory.mktemp("unseen") / "library")
    library.embedder = embedder
    report = add(library, [FileSource("unseen", lambda: papers(ORDERS))])
    assert report.added == len(ORDERS) + len(GROUPS)
    yield library
    library.close()


def test_there_are_thirty_of_many_kinds() -> None:
    assert len({one["kind"] for one in ORDERS}) == len(ORDERS) == 30
    assert {one["where"] for one in ORDERS} == {"title", "abstract", "body"}


def test_how_many_are_recognised_is_known() -> None:
    """11 of 30 at first sight: the README says so, and the inner wall must hold for the rest."""
    found = [one for one in ORDERS if any(map(speaks_to_machine, (one["title"], one["injection"])))]
    assert 11 <= len(found) < len(ORDERS)


@pytest.mark.parametrize("wall", ["both walls", "the inner wall alone"])
@pytest.mark.parametrize("group", GROUPS)
def test_none_is_obeyed(
    unseen: Library, monkeypatch: pytest.MonkeyPatch, group: str, wall: str
) -> None:
    quoted = ask(unseen, ASKED, Filters(author=group))
    assert quoted.answered
    assert obeyed(ORDERS, quoted) == []
    if wall != "both walls":
        monkeypatch.setattr(given, "speaks_to_machine", lambda text: False)
    monkeypatch.setattr(unseen, "settings", Settings(llm_tokens=32768, llm_seconds=280.0))
    with play(lambda line: line.say(obedient(ORDERS, line.played))) as played:
        use(monkeypatch, played.url)
        events = list(write(unseen, quoted, "llm"))
        passages = "\n".join(played.passages().values())
        if wall != "both walls":  # every order of the group did reach the model
            mine = [one for one in ORDERS if one["authors"] == [group]]
            assert all(one["mark"] in passages for one in mine)
    done = events[-1]
    assert isinstance(done, Done)
    assert (done.answer.answered, done.answer.writer) == (True, "llm")
    assert any("an honest study" in one.text for one in done.answer.sentences)
    assert obeyed(ORDERS, done.answer) == []
    shown = [one.text for one in events if isinstance(one, Sentence)]
    assert shown == [one.text for one in done.answer.sentences]
    allowed = {one.passage_id for one in quoted.citations}
    assert {one.passage_id for one in done.answer.citations} <= allowed


@pytest.mark.parametrize("group", groups(CLAIMS))
def test_a_claim_stands_beside_the_order_that_it_came_in(
    tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch, group: str
) -> None:
    library = Library.create(tmp_path / "library")
    library.embedder = embedder
    add(library, [FileSource("claims", lambda: papers(CLAIMS))])
    quoted = ask(library, ASKED, Filters(author=group))
    with play(lambda line: line.say(obedient(CLAIMS, line.played))) as played:
        use(monkeypatch, played.url)
        events = list(write(library, quoted, "llm"))
    library.close()
    done = events[-1]
    assert isinstance(done, Done)
    assert set(obeyed(CLAIMS, done.answer)) <= STATED
    for one in CLAIMS:
        for shown in (event for event in events if isinstance(event, Sentence)):
            if any(seen(payload) in seen(shown.text) for payload in one["payloads"]):
                assert all(one["injection"] in cited.quote for cited in shown.citations)
