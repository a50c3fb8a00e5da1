"""Pairs of sentences scored before, so that added papers cost only what is new about them.

A score depends on two sentences and on fixed rules alone: it is kept under the keys of the
two, and read back wherever both still stand in the library.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kb.linkage import Pairs

Mask = NDArray[np.bool_]

_STAMP = "stamp"


@dataclass(frozen=True, slots=True)
class Known:
    """What was scored before among some sentences, by their present rows."""

    asked: Mask
    """(n,) whether each asking sentence was compared before."""
    among: Mask
    """(m,) whether each sentence asked about was; two groups that are one are equal."""
    pairs: Pairs
    """The pairs found then: `one` a row of `among`, `other` of `asked`."""


@dataclass(frozen=True, slots=True)
class Scored:
    """All pairs found among sentences, by the sentences' keys."""

    asked: tuple[str, ...]
    among: tuple[str, ...]
    pairs: Pairs

    def known(self, asked: Sequence[str], among: Sequence[str]) -> Known:
        """What this says of the sentences with these keys; of a key given twice the first."""
        rows, seen_asked = _places(self.asked, asked)
        columns, seen_among = _places(self.among, among)
        one, other = columns[self.pairs.one], rows[self.pairs.other]
        held = (one >= 0) & (other >= 0)
        pairs = Pairs(one[held], other[held], self.pairs.sure[held])
        return Known(seen_asked, seen_among, pairs)


@dataclass(slots=True)
class Memory:
    """The pairs of one library: those of the last time, and those of this one."""

    stamp: str = ""
    """The rules under which pairs were scored."""
    before: dict[str, Scored] = field(default_factory=dict)
    now: dict[str, Scored] = field(default_factory=dict)

    def under(self, stamp: str) -> None:
        """Forget what was scored under other rules than those of `stamp`."""
        if stamp != self.stamp:
            self.stamp, self.before = stamp, {}

    def known(self, name: str, asked: Sequence[str], among: Sequence[str]) -> Known:
        """What is known of the sentences with these keys, among the pairs called `name`."""
        if name not in self.before:
            return nothing_known(len(asked), len(among))
        return self.before[name].known(asked, among)

    def learn(self, name: str, asked: Sequence[str], among: Sequence[str], pairs: Pairs) -> None:
        """Keep all pairs found among these sentences."""
        self.now[name] = Scored(tuple(asked), tuple(among), pairs)


def nothing_known(asked: int, among: int) -> Known:
    """Nothing known of so many sentences."""
    none = np.zeros(0, dtype=np.int64)
    pairs = Pairs(none, none, none.astype(np.float32))
    return Known(np.zeros(asked, dtype=np.bool_), np.zeros(among, dtype=np.bool_), pairs)


def in_order(some: Iterable[Pairs]) -> Pairs:
    """All of the pairs, by `other`, then `one`: the same whatever was known before."""
    every = list(some)
    one = np.concatenate([part.one for part in every])
    other = np.concatenate([part.other for part in every])
    order = np.lexsort((one, other))
    sure = np.concatenate([part.sure for part in every])
    return Pairs(one[order], other[order], sure[order])


def keep(path: Path, memory: Memory) -> None:
    """Write what was scored this time to `path`; left out where its folder cannot be written.

    It only saves time: whoever finds none scores all pairs again.
    """
    arrays = {_STAMP: np.array(json.dumps([memory.stamp, sorted(memory.now)]))}
    for name, one in memory.now.items():
        arrays |= {
            f"{name}-asked": np.array(one.asked, dtype=np.bytes_),
            f"{name}-among": np.array(one.among, dtype=np.bytes_),
            f"{name}-one": one.pairs.one.astype(np.int32),
            f"{name}-other": one.pairs.other.astype(np.int32),
            f"{name}-sure": one.pairs.sure,
        }
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        with part.open("wb") as stream:
            np.savez(stream, **arrays)  # type: ignore[arg-type]
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def recall(path: Path) -> Memory:
    """What `keep` wrote to `path`; nothing where it is not whole."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as held:
            stamp, names = json.loads(str(held[_STAMP]))
            return Memory(stamp, {name: _scored(held, name) for name in names})
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return Memory()


def _scored(held: Mapping[str, NDArray[np.generic]], name: str) -> Scored:
    asked, among = (
        tuple(key.decode() for key in held[f"{name}-{side}"].tolist())
        for side in ("asked", "among")
    )
    one, other = (held[f"{name}-{end}"].astype(np.int64) for end in ("one", "other"))
    sure = held[f"{name}-sure"].astype(np.float32)
    if not len(one) == len(other) == len(sure):
        raise ValueError("columns of different lengths")
    for ends, keys in ((one, among), (other, asked)):
        if len(ends) and not 0 <= ends.min() <= ends.max() < len(keys):
            raise ValueError("a pair of sentences that are not there")
    return Scored(asked, among, Pairs(one, other, sure))


def _places(before: Sequence[str], now: Sequence[str]) -> tuple[NDArray[np.int64], Mask]:
    """Present row of each earlier sentence, -1 where it is gone; which present ones were there."""
    rows: dict[str, int] = {}
    for row, key in enumerate(now):
        rows.setdefault(key, row)
    places = np.array([rows.get(key, -1) for key in before], dtype=np.int64)
    seen = np.zeros(len(now), dtype=np.bool_)
    seen[places[places >= 0]] = True
    return places, seen
