"""kb eval self."""

from __future__ import annotations

from typing import Any

import click

from kb.commands.common import Session, command
from kb.library import Library
from kb.selftest import ITEMS, SelfTest, keep_self_test, self_test

# Papers added or changed at once after which a library is asked for its papers.
MANY = 256


@command
@click.option("-n", "items", type=click.IntRange(1, 2_000), default=ITEMS, help="Most queries.")
def self_command(session: Session, items: int) -> int:
    """Ask the opened library for its own papers: recall and rank, by mode and by phase.

    Queries are made from the papers themselves: sentences without their rarest words, titles
    with their words shuffled. With the usual number of them the result is kept, and later
    ones (kb doctor) say what has been lost since.
    """
    library = session.open()
    made = keep_self_test(library) if items == ITEMS else self_test(library, items)
    library.close()
    session.emit(made.to_json(), told_of(made))
    return 3 if made.weak else 0


def test_after(session: Session, library: Library, changed: int) -> None:
    """Ask a library for its papers where many of them are new; say what is weak."""
    if changed >= MANY:
        for one in keep_self_test(library).weak:
            session.say(f"weak: {one.detail}; {one.remedy}")


def told_of(made: SelfTest) -> str:
    """A self-test for a person."""
    found = made.to_json()
    lines = [f"{found['n']} queries made from {found['papers']} papers"]
    for leg, one in found["modes"].items():
        low, high = one["intervals"]["recall@10"]
        lines.append(
            f"{leg:<12} recall@10 {one['recall@10']:.3f} (95 %: {low:.3f} to {high:.3f}) "
            f"MRR@10 {one['mrr@10']:.3f}  n {one['n']}"
        )
    for phase, modes in found["phases"].items():
        lines.append(f"  {phase:<34} {_by_mode(modes)}")
    lines += [f"weak: {one['detail']}\n      {one['remedy']}" for one in found["weak"]]
    return "\n".join(lines if found["n"] else ["There is no paper to ask for."])


def _by_mode(modes: dict[str, Any]) -> str:
    shown = (leg for leg in ("hybrid", "dense", "lexical") if leg in modes)
    return " · ".join(f"{leg} {modes[leg]['recall@10']:.2f} (n {modes[leg]['n']})" for leg in shown)
