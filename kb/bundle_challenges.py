"""The log of decisions on challenges as it travels in a bundle."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from kb.bundle_decisions import coder_name, moment
from kb.bundle_file import CHALLENGES, BundleReader, BundleWriter, to_line
from kb.bundle_records import Check, matching, one_of, optional, record, text, whole, wrong
from kb.catalogue.challenge_log import (
    ACTIONS,
    ChallengeDecision,
    decision,
    merge_log,
    read_challenge_log,
)
from kb.catalogue.reading import Reader
from kb.catalogue.undoing import in_line
from kb.catalogue.writing import Writer

MOST = 200_000
"""Entries in one log, and ids in one entry."""
_ID = re.compile(r"[a-z][0-9a-f]{10}")
_id = matching(_ID, "the id of a challenge or statement")


def _ids(value: Any, where: str) -> list[str]:
    if type(value) is not list or len(value) > MOST:
        raise wrong(where, "a list of ids")
    return [_id(one, where) for one in value]


_NAMED = record({"id": _id, "statements": _ids})


def _challenges(value: Any, where: str) -> list[dict[str, Any]]:
    if type(value) is not list or len(value) > MOST:
        raise wrong(where, "a list of challenges")
    return [_NAMED(one, where) for one in value]


_DETAILS: dict[str, Check] = {"challenges": _challenges, "out": _ids, "text": text}
_FACTS: dict[str, Check] = {
    "at": moment,
    "who": coder_name,
    "action": one_of(ACTIONS),
    "why": text,
    "undoes": optional(whole),
}
_ENTRY = record(_FACTS | _DETAILS)


def write_challenge_log(writer: BundleWriter, reader: Reader) -> None:
    """The log as a bundle's member, none where nothing was decided; lines count from 1."""
    log = in_line(read_challenge_log(reader.connection))
    if log:
        lines = ({name: getattr(one, name) for name in _FACTS} | one.details for one in log)
        writer.member(CHALLENGES, (to_line(line) for line in lines))


def read_carried_log(reader: BundleReader) -> list[ChallengeDecision]:
    """The log that a bundle carries, checked; `n` is the line, from 1. Raises BundleError."""
    log: list[ChallengeDecision] = []
    for value, where in reader.records(CHALLENGES) if reader.holds(CHALLENGES) else ():
        checked = _ENTRY(value, where)
        details = {name: checked.pop(name) for name in _DETAILS}
        one = decision(details, **checked, n=len(log) + 1)
        _check(one, log, where)
        log.append(one)
    return log


def keep_challenge_log(writer: Writer, carried: Sequence[ChallengeDecision]) -> int:
    """Append what is new of a log. Returns how many entries."""
    return merge_log(writer.connection, carried)


def _check(one: ChallengeDecision, before: list[ChallengeDecision], where: str) -> None:
    if one.n > MOST:
        raise wrong(where, f"among the first {MOST} decisions")
    if before and one.order[:2] < before[-1].order[:2]:
        raise wrong(where, "in order of time")
    fewest, most = {"merge": (2, MOST), "undo": (0, 0)}.get(one.action, (1, 1))
    if not fewest <= len(one.challenges) <= most:
        raise wrong(f"{where}.challenges", f"as many as {one.action} takes")
    if (one.action == "split") > bool(one.out) or (one.action == "rename") != bool(one.text):
        raise wrong(where, f"what {one.action} takes")
    if (one.action == "undo") != (one.undoes is not None):
        raise wrong(f"{where}.undoes", "a line where the action is undo, else null")
    if one.undoes is not None and not 1 <= one.undoes <= len(before):
        raise wrong(f"{where}.undoes", "an earlier line")
