"""What people wrote of papers and kept for themselves, as it travels in a bundle.

Notes, reading lists and saved searches go along under the names of those who made them.
What somebody took off a list here is back after loading a bundle that has it still.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from kb.bundle_decisions import coder_name
from kb.bundle_file import NOTES, READING, SAVED, BundleReader, BundleWriter
from kb.bundle_lines import (
    FILTERS,
    Values,
    append_new,
    in_line,
    lines,
    numbered_names,
    title,
    when,
    write_lines,
)
from kb.bundle_records import Check, identity, one_of, optional, text, whole, wrong
from kb.catalogue.own_work import all_saved, all_states, highest_paper, keep_state, put_saved
from kb.catalogue.reading import Reader
from kb.catalogue.remarks import RemarkEntry, append_remark, remark_log
from kb.catalogue.writing import Writer
from kb.ranking import MODES
from kb.reading_states import STATES
from kb.remarks import LONGEST
from kb.saved_searches import LONGEST_NAME


def _owner(value: Any, where: str) -> str:
    """Whose it is; "" where no name was known."""
    return "" if value == "" else coder_name(value, where)


def _note(value: Any, where: str) -> str:
    told = text(value, where)
    if len(told) > LONGEST or "\0" in told:
        raise wrong(where, f"a note of at most {LONGEST} characters")
    return told


_NOTES: dict[str, Check] = {
    "at": when,
    "who": coder_name,
    "paper_id": identity,
    "text": _note,
    "replaces": optional(whole),
}
_READING: dict[str, Check] = {
    "who": _owner,
    "paper_id": identity,
    "state": one_of(STATES),
    "at": when,
}
_SAVED: dict[str, Check] = {
    "who": _owner,
    "name": title(LONGEST_NAME),
    "at": when,
    "query": text,
    "filters": FILTERS,
    "mode": one_of(MODES),
}


def write_work(writer: BundleWriter, reader: Reader) -> None:
    """A member of each kind of which there is something; a note names the line it replaces."""
    log = in_line(remark_log(reader.connection), "replaces")
    write_lines(writer, NOTES, ({name: getattr(one, name) for name in _NOTES} for one in log))
    write_lines(writer, READING, all_states(reader.connection))
    saved = all_saved(reader.connection)
    # `seen` is a paper's number, which is another one elsewhere.
    write_lines(writer, SAVED, ({name: one[name] for name in _SAVED} for one in saved))


def read_work(reader: BundleReader) -> tuple[list[RemarkEntry], list[Values], list[Values]]:
    """(notes, numbered by line from 1; reading states; saved searches), checked.

    Raises BundleError.
    """
    notes: list[RemarkEntry] = []
    for value, where in lines(reader, NOTES, _NOTES):
        one = RemarkEntry(n=len(notes) + 1, **value)
        if one.replaces is None and not one.text.strip():
            raise wrong(f"{where}.text", "a note's text")
        if one.replaces is not None and not _replaces(one, notes):
            raise wrong(f"{where}.replaces", "the line of an earlier note on the same paper")
        notes.append(one)
    states = [value for value, _ in lines(reader, READING, _READING, ("who", "paper_id"))]
    return notes, states, [value for value, _ in lines(reader, SAVED, _SAVED, ("who", "name"))]


def keep_work(writer: Writer, reader: BundleReader) -> None:
    """Add what is new: notes to their log, of two reading states of a paper the newer one.

    Raises BundleError.
    """
    notes, states, saved = read_work(reader)
    connection = writer.connection
    if notes:
        here = remark_log(connection)
        append_new(here, notes, "replaces", lambda one: append_remark(connection, one))
    held = {(one["who"], one["paper_id"]): one["at"] for one in all_states(connection)}
    for one in states:
        if held.get((one["who"], one["paper_id"]), "") < one["at"]:
            keep_state(connection, one)
    _keep_saved(writer, saved)


def _keep_saved(writer: Writer, carried: Sequence[Values]) -> None:
    """Keep searches beside those of the same name here, as `name (2)`.

    One that was kept at the same moment is the same, whatever it is called here; what is in
    the library now counts as seen in the others.
    """
    here = all_saved(writer.connection)
    taken = {(one["who"], one["name"]) for one in here}
    known = {_asked(one) for one in here}
    seen = highest_paper(writer.connection)
    for one in carried:
        if _asked(one) not in known:
            names = numbered_names(one["name"], LONGEST_NAME)
            name = next(to for to in names if (one["who"], to) not in taken)
            put_saved(writer.connection, one | {"name": name, "seen": seen})
            taken.add((one["who"], name))


def _replaces(one: RemarkEntry, before: Sequence[RemarkEntry]) -> bool:
    if not one.replaces or one.replaces > len(before):
        return False
    first = before[one.replaces - 1]
    return first.replaces is None and first.paper_id == one.paper_id


def _asked(one: Values) -> tuple[str, ...]:
    """Whose search it is, since when, and what it looks for."""
    told = json.dumps(one["filters"], sort_keys=True)
    return one["who"], one["at"], one["query"], one["mode"], told
