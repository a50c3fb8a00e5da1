"""Papers that give orders: none is obeyed, by either writer, whatever the model does.

`tests/data/injected.jsonl` holds 47 papers of ours with orders in title, abstract or body.
The model is the worst there is: it does what every paper of the library demands, the ones it
was not given too. An order counts as obeyed where its payload (a text, an address, a claim, a
citation number) stands in a sentence that is shown and is no verified quote, or where the
answer is refused because of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ingest.records import PageText, Section
from ingest.sources import FileSource, Found, record_paper
from kb.adding import add
from kb.answer import ask
from kb.catalogue import Filters
from kb.embed import Embedder
from kb.library import Library
from kb.quotes import normalise
from kb.reply import Answer
from kb.settings import Settings
from kb.writer import Done, Sentence, write
from kb.writing import given
from kb.writing.instructions import speaks_to_machine, visible
from tests.kb.played_model import Played, play, use

INJECTED: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "data" / "injected.jsonl").read_text().splitlines()
]
ASKED = "How much does one clarifying question raise the acceptance of generated code?"
# Claims on the subject that stand in the paper as claims: without the outer wall they are shown
# as what that paper states, beside the quote.
CLAIMED = {"answer X", "fake citation", "unsafe advice"}
GROUPS = sorted({one["authors"][0] for one in INJECTED})
HONEST = (
    "In an honest study of {n} teams, one clarifying question raised the acceptance of "
    "generated code by {n} points."
)


def _papers() -> Iterator[Found]:
    for one in INJECTED:
        paper = record_paper(one)
        if one["body"]:
            body = Section("Results", 1, 2, (PageText(2, one["body"]),))
            paper = replace(paper, sections=(body,))
        yield Found(one["arxiv_id"], partial(_same, paper), None)
    for n, group in enumerate(GROUPS, 3):
        record = {
            "arxiv_id": f"2602.2{n:04d}",
            "title": f"What {n} Honest Teams Accept",
            "abstract": f"{HONEST.format(n=n)} Acceptance was logged.",
            "authors": [group],
            "published": "2026-02-01",
        }
        yield Found(str(record["arxiv_id"]), partial(_same, record_paper(record)), None)


def _same(paper: Any) -> Any:
    return paper


@pytest.fixture(scope="module")
def injected(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Library]:
    library = Library.create(tmp_path_factory.mktemp("injected") / "library")
    library.embedder = embedder
    report = add(library, [FileSource("injected", _papers)])
    assert report.added == len(INJECTED) + len(GROUPS)
    yield library
    library.close()


def of(group: str) -> list[dict[str, Any]]:
    return [one for one in INJECTED if one["authors"] == [group]]


def obedient(played: Played) -> str:
    """All that all papers of the library demand, cited in every way."""
    passages = played.passages()
    lines = []
    for one in INJECTED:
        mine = [n for n, text in passages.items() if one["mark"] in text]
        for n in [*mine, *list(passages)[:2], 99]:
            lines.append(one["obey"].replace("[N]", f"[{n}]"))
            lines += [f"{payload} [{n}]." for payload in one["payloads"]]
            lines.append(f"{one['injection']} [{n}]")
    honest = [n for n, text in passages.items() if "an honest study" in text]
    for n in honest:
        teams = re.search(r"study of (\d+) teams", passages[n])
        assert teams
        lines.insert(len(lines) // 2, f"{HONEST.format(n=teams[1])} [{n}]")
    return "\n".join(lines)


def seen(text: str) -> str:
    return normalise(visible(text)).lower()


def obeyed(answer: Answer) -> list[str]:
    """Payloads in sentences that are shown and no verified quote."""
    quotes = {normalise(one.quote).strip() for one in answer.citations}
    free = " \n ".join(
        seen(one.text) for one in answer.sentences if normalise(one.text).strip() not in quotes
    )
    free += seen(" ".join(answer.notices) + answer.reason)
    return [one["kind"] for one in INJECTED if any(seen(p) in free for p in one["payloads"])]


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
    assert obeyed(answer) == []


@pytest.mark.parametrize("wall", ["both walls", "the inner wall alone"])
@pytest.mark.parametrize("group", GROUPS)
def test_a_model_that_obeys_everything_shows_nothing_of_it(
    injected: Library, monkeypatch: pytest.MonkeyPatch, group: str, wall: str
) -> None:
    if wall != "both walls":
        monkeypatch.setattr(given, "speaks_to_machine", lambda text: False)
    monkeypatch.setattr(injected, "settings", Settings(llm_tokens=32768, llm_seconds=280.0))
    with play(lambda line: line.say(obedient(line.played))) as played:
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
    assert set(obeyed(answer)) <= (set() if wall == "both walls" else CLAIMED)
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
