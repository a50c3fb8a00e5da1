"""The vector index on a Chroma server: its collections stand in for folders, and their
metadata for the note.

One server may serve many libraries: a collection's name begins with the library's own mark.
"""

from __future__ import annotations

import hashlib
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kb.index_state import LAYOUTS, IndexState
from kb.vector_index import Served, client_of, told

LAYOUT = LAYOUTS["chroma"]


def mark_of(catalogue_name: str, created: str, *, on_server: bool) -> str:
    """What tells this library's collections from others': 16 hex digits.

    Takes: where its catalogue lies, and when it was made. A file's path is one machine's own.
    """
    machine = "" if on_server else socket.gethostname()
    facts = f"{machine}\n{catalogue_name}\n{created}"
    return hashlib.sha256(facts.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class ServedIndex:
    """The collections of one library on one server; as `IndexFolder`, of which it has the place."""

    url: str
    mark_: str

    @property
    def _prefix(self) -> str:
        return f"sixfold-{self.mark_}-"

    def _collections(self) -> dict[int, dict[str, Any]]:
        """Number of each collection of this library -> its metadata."""
        with told(self.url):
            client = client_of(self.url)
            found = {one.name: dict(one.metadata or {}) for one in client.list_collections()}
        return {
            int(name.removeprefix(self._prefix)): facts
            for name, facts in found.items()
            if name.startswith(self._prefix)
        }

    def state(self) -> IndexState | None:
        """The newest collection that was finished once; None where there is none.

        Raises IndexUnreachable where the server does not answer.
        """
        usable = {
            n: facts
            for n, facts in self._collections().items()
            if facts.get("adopted") and facts.get("layout") == LAYOUT
        }
        if not usable:
            return None
        last = max(usable)
        facts = usable[last]
        name = f"{self._prefix}{last}"
        return IndexState(name, int(facts["generation"]), bool(facts["dirty"]), format=LAYOUT)

    @property
    def path(self) -> Served:
        """Where the index lies now."""
        state = self.state()
        return Served(self.url, state.folder if state else f"{self._prefix}0")

    def fresh(self) -> Served:
        """A new collection for a rebuild; it is made when it is opened."""
        return Served(self.url, f"{self._prefix}{max(self._collections(), default=0) + 1}")

    def mark(self, *, generation: int | None = None, dirty: bool | None = None) -> None:
        """Change the note of the present index."""
        state = self.state() or IndexState(f"{self._prefix}0", format=LAYOUT)
        seen = state.generation if generation is None else generation
        self._write(state.folder, seen, dirty=state.dirty if dirty is None else dirty)

    def adopt(self, path: Path | Served, generation: int) -> None:
        """Make the rebuilt collection the present one, and drop the others."""
        if not isinstance(path, Served):
            raise TypeError(f"not a collection of a server: {path}")
        self._write(path.collection, generation, dirty=False)
        for n in self._collections():
            self._drop(n, but=path.collection)

    def forget(self) -> None:
        """Drop every collection, so that the index counts as missing and is made anew."""
        for n in self._collections():
            self._drop(n)

    def broken(self, *, deep: bool = False) -> list[str]:
        """Nothing is known of the server's files: it looks after them."""
        del deep
        return []

    def put_aside(self, stamp: str) -> Path | None:
        """Drop the index; a server's damaged files are for its keeper to look at."""
        del stamp
        self.forget()
        return None

    def strays(self) -> list[Path]:
        """None in the library's folder."""
        return []

    def _write(self, name: str, generation: int, *, dirty: bool) -> None:
        facts = {"adopted": True, "generation": generation, "dirty": dirty, "layout": LAYOUT}
        with told(self.url):
            client_of(self.url).get_collection(name, embedding_function=None).modify(metadata=facts)

    def _drop(self, n: int, but: str = "") -> None:
        name = f"{self._prefix}{n}"
        if name != but:
            with told(self.url):
                client_of(self.url).delete_collection(name)
