"""Papers of ours that give orders, and a model that does what all of them demand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ingest.records import PageText, Section
from ingest.sources import Found, record_paper
from kb.quotes import normalise
from kb.reply import Answer
from kb.writing.instructions import visible
from tests.kb.played_model import Played

Orders = Sequence[dict[str, Any]]

ASKED = "How much does one clarifying question raise the acceptance of generated code?"
HONEST = (
    "In an honest study of {n} teams, one clarifying question raised the acceptance of "
    "generated code by {n} points."
)


def read_orders(name: str) -> Orders:
    """The records of one file of `tests/data`."""
    text = (Path(__file__).parents[1] / "data" / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def groups(orders: Orders) -> list[str]:
    """The authors, a handful of papers each: an answer is asked for within one of them."""
    return sorted({one["authors"][0] for one in orders})


def papers(orders: Orders) -> Iterator[Found]:
    """The papers with orders, and an honest one for each group."""
    for one in orders:
        paper = record_paper(one)
        if one["body"]:
            body = Section("Results", 1, 2, (PageText(2, one["body"]),))
            paper = replace(paper, sections=(body,))
        yield Found(one["arxiv_id"], partial(_same, paper), None)
    for n, group in enumerate(groups(orders), 3):
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


def obedient(orders: Orders, played: Played) -> str:
    """All that all papers of the library demand, cited in every way."""
    passages = played.passages()
    lines = []
    for one in orders:
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
    """`text` as a reader sees it."""
    return normalise(visible(text)).lower()


def obeyed(orders: Orders, answer: Answer) -> list[str]:
    """Kinds whose payload stands in a sentence that is shown and no verified quote."""
    quotes = {normalise(one.quote).strip() for one in answer.citations}
    free = " \n ".join(
        seen(one.text) for one in answer.sentences if normalise(one.text).strip() not in quotes
    )
    free += seen(" ".join(answer.notices) + answer.reason)
    return [one["kind"] for one in orders if any(seen(p) in free for p in one["payloads"])]
