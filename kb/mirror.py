"""The indexes of a library that cannot be written, in a folder of our own.

Both engines write to what they only read: lock files, a database's version. So their small
files are copied, and the large ones linked, which neither changes while it reads.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import weakref
from pathlib import Path

from kb.index_state import NAMES, IndexFolder

# Opened for writing by the engine, or replaced by it.
_COPIED = (".json", ".lock")


class Mirror:
    """A folder that is gone when nobody holds this any more."""

    def __init__(self, library: Path) -> None:
        self.library = library
        self.folder = Path(tempfile.mkdtemp(prefix="sixfold-"))
        self._gone = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    def take(self, generation: int) -> None:
        """Show what the library's folder holds now; an index of another generation is left out.

        What is left out is made anew, here, from the catalogue.
        """
        for name in NAMES:
            theirs, ours = IndexFolder(self.library, name), IndexFolder(self.folder, name)
            state = theirs.state()
            if state is None or state.dirty or state.generation != generation or theirs.broken():
                continue
            mine = ours.state()
            if mine and mine.generation == generation:
                continue
            target = ours.fresh()
            try:
                _link(theirs.path, target)
                whole = theirs.state() == state
            except (OSError, sqlite3.Error):
                whole = False
            if not whole:  # another process writes it just now
                shutil.rmtree(target, ignore_errors=True)
                continue
            ours.adopt(target, generation, state.seal)

    def close(self) -> None:
        """Remove the folder."""
        self._gone()


def _link(source: Path, target: Path) -> None:
    for path in source.rglob("*"):
        there = target / path.relative_to(source)
        if path.is_dir():
            there.mkdir(parents=True, exist_ok=True)
            continue
        there.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".sqlite3":
            _copy_database(path, there)
        elif path.name.endswith(_COPIED):
            shutil.copyfile(path, there)
        else:
            there.symlink_to(path)


def _copy_database(source: Path, target: Path) -> None:
    """Whole also while another process writes to it."""
    theirs = sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)
    ours = sqlite3.connect(target)
    try:
        theirs.backup(ours)
    finally:
        ours.close()
        theirs.close()
