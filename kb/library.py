"""Library: the one object that the command line and the app hold."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from ingest.errors import IngestError
from ingest.identity import own_id, paper_id
from ingest.sources import encodable
from kb import learned
from kb.backup import BULK, keep_copy, require_meant
from kb.catalogue import Catalogue, Filters
from kb.catalogue.editions import newest
from kb.catalogue.filing import Filing
from kb.catalogue.joining import regroup
from kb.catalogue.known import held_as
from kb.catalogue.places import place_of
from kb.catalogue.sqlite_file import SqliteFile, no_library, require_bare
from kb.catalogue.standing import stands_for
from kb.catalogue.store import Busy
from kb.embed import Embedder
from kb.errors import CatalogueUnwritable, LibraryLocked, ModelMismatch, UsageError
from kb.index_state import IndexFolder
from kb.indexes import Indexes
from kb.leavings import left_over, sweep
from kb.mirror import Mirror
from kb.settings import FILE, Settings, load_settings
from kb.snapshot import Snapshot
from kb.vector_server import ServedIndex, mark_of
from taxonomy.codebook import Codebook
from taxonomy.codebook import load as load_codebook
from taxonomy.edition import Edition
from taxonomy.statements import StatementClassifier
from taxonomy.tagger import Tagger

# Milliseconds that a search waits to be logged: loading a bundle writes for many seconds.
LOG_PATIENCE = 200

PDFS = "pdf"
"""Folder of the PDFs that were fetched or uploaded, in the library's folder."""

# Tells libraries apart in caches that outlive them: an `id()` is given again once one is gone.
_openings = itertools.count(1)


def utc_now() -> datetime:
    """The clock, where none is passed in."""
    return datetime.now(UTC)


@dataclass
class Library:
    """One library's folder, open. Searching is safe from several threads."""

    folder: Path
    settings: Settings
    catalogue: Catalogue
    clock: Callable[[], datetime] = utc_now

    def __post_init__(self) -> None:
        self.lock = self.catalogue.write_lock()
        self.mirror = Mirror(self.folder) if self.catalogue.read_only else None
        home = self.mirror.folder if self.mirror else self.folder
        self.indexes = Indexes(home, IndexFolder(home, "lexical"), self._chroma(home))
        self._snapshot: Snapshot | None = None
        self._taught: tuple[str, Tagger] | None = None
        self._guard = threading.RLock()
        self.unlogged = 0
        self.opening = next(_openings)

    def _chroma(self, home: Path) -> IndexFolder | ServedIndex:
        """Where the vectors' index lies: in a folder, or on a Chroma server."""
        url = self.settings.chroma_url
        if not url:
            return IndexFolder(home, "chroma")
        place = self.catalogue.place
        with self.catalogue.read() as reader:
            created = reader.meta("created")
        on_server = not isinstance(place, SqliteFile)
        return ServedIndex(url, mark_of(place.name, created, on_server=on_server))

    @classmethod
    def create(cls, folder: Path, *, anew: bool = False) -> Library:
        """A new library in `folder`. Raises UsageError where there is one already, or where one
        was and its backups or indexes still lie, unless `anew`.
        """
        folder = folder.expanduser().resolve()
        settings = load_settings(folder)
        place = place_of(folder, settings.catalogue_url)
        if place.exists():
            raise UsageError(
                f"there is a library in {place.path.parent} already",
                item=place.name,
                remedy="use it as it is, or name another folder with --library",
                code="library_exists",
            )
        if isinstance(place, SqliteFile) and not anew:
            require_bare(folder)
        # Before anything is made: a model that is not there leaves no library behind.
        embedder = _embedder(settings)
        folder.mkdir(parents=True, exist_ok=True)
        facts = {"model": embedder.model_id, "created": utc_now().isoformat(timespec="seconds")}
        library = cls(folder, settings, Catalogue.create(place, facts))
        library.embedder = embedder
        return library

    @classmethod
    def open(cls, folder: Path, *, heal: bool = True, read_only: bool = False) -> Library:
        """The library in `folder`; indexes that lag behind the catalogue are healed.

        With `read_only` nothing is ever written: neither indexes nor the log of searches, and
        the write lock is not taken. Raises NoLibrary, DamagedCatalogue, NewerSchema.
        """
        folder = folder.expanduser().resolve()
        settings = load_settings(folder)
        place = place_of(folder, settings.catalogue_url)
        library = cls(folder, settings, Catalogue.open(place, read_only=read_only))
        library.lock.read_only = read_only
        if library.mirror:
            with library.catalogue.read() as reader:
                library.mirror.take(reader.generation)
        if heal:
            library.heal()
        return library

    def close(self) -> None:
        """Let go of the catalogue; the next opening need not check it again."""
        self.catalogue.close()
        if self.mirror:
            self.mirror.close()
        self.catalogue.remember_checked()

    def now(self) -> str:
        """The time, as written into the catalogue."""
        return self.clock().isoformat(timespec="seconds")

    @cached_property
    def embedder(self) -> Embedder:
        """The embedding model of the settings."""
        return _embedder(self.settings)

    @cached_property
    def shipped_edition(self) -> Edition:
        """The codebook that comes with Sixfold: version 0 of every library's."""
        return Edition(load_codebook().facets)

    @cached_property
    def _shipped_filing(self) -> Filing:
        return Filing(self.shipped_edition)

    @property
    def taxonomy(self) -> tuple[int, Filing]:
        """(version, how tags are read) of the codebook in force; version 0 is the shipped."""
        with self.catalogue.read() as reader:
            return newest(reader.connection) or (0, self._shipped_filing)

    @property
    def edition(self) -> Edition:
        """The codebook in force, with its memory of older keys."""
        return self.taxonomy[1].edition

    @property
    def codebook(self) -> Codebook:
        """All facets, as they are now."""
        return self.taxonomy[1].codebook

    @cached_property
    def shipped_tagger(self) -> Tagger:
        """The tagger that comes with Sixfold."""
        return Tagger.load()

    @property
    def tagger(self) -> Tagger:
        """The tagger of papers: with what this library's people have taught it."""
        with self.catalogue.read() as reader, self._guard:
            version = reader.meta(learned.VERSION)
            if self._taught is None or self._taught[0] != version:
                self._taught = version, learned.with_lesson(reader, self.shipped_tagger)
            return self._taught[1]

    @cached_property
    def classifier(self) -> StatementClassifier:
        """The classifier of sentences."""
        return StatementClassifier.load()

    def require_model(self) -> None:
        """Raise ModelMismatch where the held vectors come from another model."""
        with self.catalogue.read() as reader:
            held = reader.meta("model")
        if held != self.embedder.model_id:
            raise ModelMismatch(
                f"this library's vectors are from {held}, the settings name "
                f"{self.embedder.model_id}",
                item=self.embedder.model_id,
                remedy="kb reindex --embed makes all vectors anew; or set `model` back",
            )

    def require_room(self) -> None:
        """Raise UsageError where passages may be longer than the model reads."""
        most = self.embedder.max_tokens
        if self.settings.passage_tokens > most:
            raise UsageError(
                f"passage_tokens = {self.settings.passage_tokens}: {self.embedder.model_id} "
                f"reads {most} and would cut the rest",
                item="passage_tokens",
                remedy=f"give 64 to {most} in {self.folder / FILE}",
            )

    @contextmanager
    def writing(self, *, wait: float = 0.0, follow: bool = True) -> Iterator[None]:
        """Hold the write lock; indexes follow the catalogue when it is let go.

        Without `follow` they lag, as after a crash, until somebody writes or heals.
        """
        with self.lock.held(seconds=wait):
            try:
                yield
            finally:
                if follow:
                    self.indexes.follow(self.catalogue)

    @contextmanager
    def writing_beside(self, *, follow: bool = True) -> Iterator[None]:
        """For short writes: hold the lock where it is free, and do without where it is not.

        SQLite lets two writers of the catalogue take turns; the indexes, which only one may
        write, follow when the other one is done.
        """
        with ExitStack() as stack:
            with suppress(LibraryLocked):
                stack.enter_context(self.writing(follow=follow))
            yield

    def heal(self) -> bool:
        """Bring lagging or broken indexes up to the catalogue. True where that was needed.

        Left alone while another process writes: it brings them up itself.
        """
        with self.catalogue.read() as reader:
            generation = reader.generation
        left = left_over(self.folder, self.indexes)
        damaged = self.indexes.broken()
        if self.indexes.current(generation) and not left and not damaged:
            return False
        if self.mirror:
            self.mirror.take(generation)
            self.indexes.replace(self.catalogue, generation)
            return True
        try:
            with self.lock.held():
                self.indexes.put_aside(damaged, f"{self.clock():%Y%m%dT%H%M%S}")
                self.indexes.follow(self.catalogue)
                sweep(self.folder, self.indexes)
        except (LibraryLocked, CatalogueUnwritable):
            return False  # searched as it is
        return True

    def snapshot(self) -> Snapshot:
        """The facts in memory, taken again where the catalogue has moved on."""
        with self.catalogue.read() as reader:
            generation = reader.generation
        with self._guard:
            if self._snapshot is None or self._snapshot.generation != generation:
                self._snapshot = Snapshot.take(self.catalogue)
                if self.mirror:
                    self.heal()
                self.indexes.refresh()
            return self._snapshot

    def number(self, name: str, *, exact: bool = False) -> int:
        """The catalogue's number of the paper that `name` (id, URL, DOI) means.

        Of a joined paper that is the one that stands for it, unless `exact`.
        Raises UsageError `unknown_id` for a name that is none or a paper not held.
        """
        name = encodable(name)
        unknown_form: IngestError | None = None
        try:
            wanted = paper_id(name)
        except IngestError as error:
            wanted, unknown_form = own_id(name), error
        with self.catalogue.read() as reader:
            found = held_as(reader, wanted)
            if found is not None and not exact:
                found = stands_for(reader.connection, found)
        if found is None and unknown_form is not None:
            raise UsageError(
                unknown_form.message, item=name, remedy=unknown_form.remedy, code="unknown_id"
            )
        if found is None:
            raise UsageError(
                f"{wanted} is not in this library",
                item=wanted,
                remedy=f"kb add {wanted}, or kb search to find it",
                code="unknown_id",
            )
        return found

    def log_search(
        self, query: str, filters: Filters, mode: str, total: int, found: Sequence[str]
    ) -> None:
        """Keep what was searched and found, so that a map knows what nobody has looked for.

        A library that cannot be written (a long write under way, a full disk) is searched
        all the same.
        """
        values = {
            "at": self.now(),
            "query": query,
            "filters": filters.to_json(),
            "mode": mode,
            "total": total,
            "hits": list(found),
            "generation": self.snapshot().generation,
        }
        try:
            with self.catalogue.write(bump=False, patience=LOG_PATIENCE) as writer:
                writer.log_search(values)
        except Busy:
            self.unlogged += 1

    def remove(self, names: list[str], *, yes: bool = False) -> int:
        """Remove papers everywhere. Returns how many.

        Raises UsageError for an unknown id, and for a removal of 25 papers or more that
        are a quarter of the library or more, unless `yes`.
        """
        numbers = sorted({self.number(name, exact=True) for name in names})
        with self.catalogue.read() as reader:
            held = reader.counts()["papers"]
        require_meant(len(numbers), held, "remove", yes=yes)
        with self.writing():
            if len(numbers) >= BULK:
                keep_copy(self.catalogue, "before-removal", self.clock())
            with self.catalogue.write() as writer:
                paths = [Path(one.pdf_path) for one in writer.papers(numbers).values()]
                removed = writer.remove_papers(numbers)
                regroup(writer)
            # Fetched or uploaded by us, so ours to delete; a user's own files are not.
            for path in paths:
                if path.parent == self.folder / PDFS:
                    path.unlink(missing_ok=True)
        return removed


def is_library(folder: Path) -> bool:
    """True where there is a library, whole or not."""
    return place_of(folder, load_settings(folder).catalogue_url).exists()


def marked(folder: Path) -> int:
    """Changes where another catalogue is put in its place; a server's never is.

    Raises NoLibrary where there is no file.
    """
    place = place_of(folder, load_settings(folder).catalogue_url)
    if not isinstance(place, SqliteFile):
        return 0
    try:
        return place.path.stat().st_ino
    except FileNotFoundError:
        raise no_library(folder) from None


def _embedder(settings: Settings) -> Embedder:
    return Embedder(settings.model, threads=settings.threads, precision=settings.precision)
