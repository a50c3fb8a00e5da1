"""The reading list: how far each person has read which paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from kb.catalogue import StoredPaper
from kb.catalogue.own_work import set_state, states_of
from kb.errors import unknown
from kb.library import Library

STATES = ("to_read", "reading", "read")
"""How far a paper can be read; what is not on the list has no state."""


def states(library: Library, who: str) -> dict[str, str]:
    """Paper id -> state of everything on somebody's list, the last set first."""
    with library.catalogue.read() as reader:
        return {key: state for key, (state, _) in states_of(reader.connection, who).items()}


def put(library: Library, who: str, papers: Sequence[str], state: str) -> int:
    """Set the state of papers; "" takes them off the list. Returns how many changed.

    Raises UsageError for an unknown state or paper; then none is changed.
    """
    checked(state)
    numbers = [library.number(name) for name in papers]
    with library.catalogue.write(bump=False) as writer:
        held = states_of(writer.connection, who)
        ids = {one.paper_id for one in writer.papers(numbers).values()}
        changed = [one for one in sorted(ids) if held.get(one, ("", ""))[0] != state]
        for one in changed:
            set_state(writer.connection, who, one, state, library.now())
    return len(changed)


def checked(state: str) -> str:
    """The state itself. Raises UsageError, with the known ones, where there is none such."""
    if state and state not in STATES:
        raise unknown("reading state", state, STATES)
    return state


def listed(library: Library, who: str, state: str = "") -> list[tuple[StoredPaper, str, str]]:
    """(paper, state, since when) of somebody's list, the last set first; of one state or all.

    A paper that was removed from the library is left out, until it is added again.
    """
    checked(state)
    with library.catalogue.read() as reader:
        held = states_of(reader.connection, who)
        wanted = {key: one for key, one in held.items() if state in ("", one[0])}
        numbers = reader.numbers(wanted)
        papers = reader.papers(numbers.values())
    return [(papers[numbers[key]], *one) for key, one in wanted.items() if key in numbers]


def counts(library: Library, who: str) -> dict[str, int]:
    """How many held papers of somebody's list have each state."""
    found = Counter(state for _, state, _ in listed(library, who))
    return {state: found[state] for state in STATES}
