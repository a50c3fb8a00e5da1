"""kb searches."""

from __future__ import annotations

import click

from kb.commands.common import Session, command
from kb.search_log import LoggedSearch, searches


@command
@click.option("-n", "last", type=click.IntRange(1, 1_000_000), help="Only the last so many.")
def searches_command(session: Session, last: int | None) -> None:
    """The log of searches: what was looked for, when, inside what, and what was found.

    The oldest first; --json gives every hit. A map tells by it what nobody has looked for.
    """
    held = searches(session.open(), last=last)
    text = "\n".join(_line(one) for one in held)
    session.emit({"searches": [one.to_json() for one in held]}, text or "nothing was searched yet")


def _line(one: LoggedSearch) -> str:
    inside = ", ".join(
        f"{name} {', '.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in one.filters.items()
    )
    told = f"{one.at}  {one.mode:<7}  {len(one.hits):>3} of {one.total:<6}  {one.query or '–'}"
    return f"{told}  [{inside}]" if inside else told
