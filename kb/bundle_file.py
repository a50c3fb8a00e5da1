"""A bundle's container: a zip of known members, written the same way each time, read as hostile.

Nothing is unpacked to disk; members are streamed, and every limit is checked before and
while reading. A limit is named beside its reason.
"""

from __future__ import annotations

import hashlib
import json
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import IO, Any

import numpy as np

from kb.catalogue.carrying import Halves
from kb.errors import BundleError, Cancelled

MANIFEST = "manifest.json"
PAPERS = "papers.jsonl"
COLLECTED = "collections.jsonl"
PASSAGE_VECTORS = "passages.npy"
SENTENCE_VECTORS = "sentences.npy"
DECISIONS = "decisions.jsonl"
MERGES = "merges.jsonl"
TAXONOMIES = "taxonomies.jsonl"
CHALLENGES = "challenges.jsonl"
MEMBERS = (MANIFEST, PAPERS, COLLECTED, PASSAGE_VECTORS, SENTENCE_VECTORS)
NOTES = "notes.jsonl"
READING = "reading.jsonl"
SAVED = "saved_searches.jsonl"
REVIEWS = "reviews.jsonl"
REVIEW_SOURCES = "review_sources.jsonl"
SCREENINGS = "screenings.jsonl"
WORK = (NOTES, READING, SAVED, REVIEWS, REVIEW_SOURCES, SCREENINGS)
MAY = (DECISIONS, TAXONOMIES, MERGES, CHALLENGES, *WORK)
"""Members that a bundle need not have; format 1 knows none."""

SINCE = {CHALLENGES: 3, **dict.fromkeys(WORK, 4)}
"""Member -> the schema whose Sixfold first read it, where that came after format 2."""

# Below zip64, whose second directory could contradict the first.
MAX_FILE = 2**31 - 1
MAX_MEMBER = MAX_FILE
MAX_MANIFEST = 2**20
# A few entries of fifty bytes; a directory of millions would fill the memory.
MAX_DIRECTORY = 4_096
# Text packs about 5 : 1, float16 vectors hardly at all; a bomb packs 1,000 : 1.
MAX_RATIO = 100
RATIO_FROM = 2**20
MAX_LINE = 64 * 2**20
CHUNK = 2**20

_EPOCH = (1980, 1, 1, 0, 0, 0)
_END = b"PK\x05\x06"
_END_BYTES = 22
_LOCAL_BYTES = 30
_ZIP64_LOCATOR = b"PK\x06\x07"
_NPY_HEADER = 128

REMEDY = "ask for the bundle again; nothing was changed"


def damaged(message: str, item: str) -> BundleError:
    """The error for a bundle that cannot be trusted."""
    return BundleError(
        f"damaged bundle: {message}", item=item, remedy=REMEDY, code="bundle_damaged"
    )


def to_line(value: Any) -> bytes:
    """A JSON value on a line of its own, always the same bytes."""
    line = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return line.encode("utf-8") + b"\n"


def npy_header(rows: int, dimension: int) -> bytes:
    """The header of a .npy file of float16 vectors, format 1.0, 128 bytes."""
    facts = f"{{'descr': '<f2', 'fortran_order': False, 'shape': ({rows}, {dimension}), }}"
    room = _NPY_HEADER - 10
    return (
        b"\x93NUMPY\x01\x00" + room.to_bytes(2, "little") + facts.ljust(room - 1).encode() + b"\n"
    )


class BundleWriter:
    """Writes the members one after the other, and notes size and hash of each."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.members: dict[str, dict[str, Any]] = {}

    def member(self, name: str, parts: Iterable[bytes]) -> None:
        """Write one member from its parts."""
        info = zipfile.ZipInfo(name, _EPOCH)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.create_system = 3
        info.external_attr = (stat.S_IFREG | 0o644) << 16
        seen, size = hashlib.sha256(), 0
        with self._archive.open(info, "w") as stream:
            for part in parts:
                stream.write(part)
                seen.update(part)
                size += len(part)
        self.members[name] = {"bytes": size, "sha256": seen.hexdigest()}


@contextmanager
def bundle_writer(path: Path) -> Iterator[BundleWriter]:
    """Write a bundle at `path`."""
    with zipfile.ZipFile(path, "w", allowZip64=False) as archive:
        yield BundleWriter(archive)


class BundleReader:
    """Reads members that the container's checks have passed."""

    def __init__(self, archive: zipfile.ZipFile, name: str, stop: Event | None) -> None:
        self._archive = archive
        self._name = name
        self._stop = stop
        self._sizes: dict[str, int] = {}
        self._hashes: dict[str, str] = {}

    def manifest(self) -> dict[str, Any]:
        """The manifest as JSON values; its members' sizes and hashes are held on to."""
        content = b"".join(self._parts(MANIFEST, MAX_MANIFEST))
        value = self._json(content, MANIFEST)
        if type(value) is not dict:
            raise damaged("the manifest is not an object", self._name)
        return value

    def expect(self, members: Any) -> None:
        """Take the manifest's word for each member's size and hash, to hold them to it.

        Not before its format is known: a newer one has other members.
        """
        held = {MANIFEST, *self._archive.namelist()}
        strange, missing = sorted(held - {*MEMBERS, *MAY}), sorted({*MEMBERS} - held)
        if strange or missing:
            told = f"strange: {strange[:5]}" if strange else f"missing: {missing}"
            raise damaged(f"its members are not a bundle's ({told!r:.200})", self._name)
        if type(members) is not dict or set(members) != held - {MANIFEST}:
            raise damaged("the manifest does not list the members", self._name)
        for name, facts in members.items():
            size = facts.get("bytes") if type(facts) is dict else None
            seen = facts.get("sha256") if type(facts) is dict else None
            if type(size) is not int or type(seen) is not str or set(facts) != {"bytes", "sha256"}:
                raise damaged(f"the manifest's entry for {name}", self._name)
            if size != self._archive.getinfo(name).file_size:
                raise damaged(f"{name} has another size than the manifest says", self._name)
            self._sizes[name], self._hashes[name] = size, seen

    def holds(self, name: str) -> bool:
        """True where the bundle has a member that it need not have."""
        return name in self._archive.namelist()

    def records(self, name: str) -> Iterator[tuple[Any, str]]:
        """(JSON value, where it stands) of every line of a member. Raises Cancelled."""
        rest, number = b"", 0
        for part in self._parts(name, MAX_MEMBER):
            lines = (rest + part).split(b"\n")
            rest = lines.pop()
            if len(rest) > MAX_LINE:
                raise damaged(f"{name} has a line beyond {MAX_LINE >> 20} MB", self._name)
            for line in lines:
                number += 1
                if self._stop and self._stop.is_set():
                    raise Cancelled("reading a bundle was cancelled", item=self._name)
                yield self._json(line, f"{name}:{number}"), f"{name}:{number}"
        if rest:
            raise damaged(f"{name} ends within a line", self._name)

    def vectors(self, name: str, rows: int, dimension: int) -> VectorStream:
        """The vectors of a member, whose shape must be (rows, dimension)."""
        wanted = _NPY_HEADER + 2 * rows * dimension
        if self._sizes[name] != wanted:
            raise damaged(f"{name} does not hold {rows} × {dimension} vectors", self._name)
        stream = VectorStream(self._parts(name, wanted), dimension, name)
        # Our own header byte for byte: no other layout, and nothing that numpy would unpickle.
        if stream.take_bytes(_NPY_HEADER) != npy_header(rows, dimension):
            raise damaged(f"{name} is not a float16 matrix in our layout", self._name)
        return stream

    def _parts(self, name: str, limit: int) -> Iterator[bytes]:
        """The member's bytes, within the limit, checked against the manifest at the end."""
        seen, size = hashlib.sha256(), 0
        try:
            with self._archive.open(name) as stream:
                while part := stream.read(CHUNK):
                    size += len(part)
                    if size > limit or size > self._sizes.get(name, limit):
                        raise damaged(f"{name} is larger than it may be", self._name)
                    seen.update(part)
                    yield part
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
            raise damaged(f"{name} cannot be unpacked ({error})", self._name) from error
        if name in self._hashes and self._hashes[name] != seen.hexdigest():
            raise damaged(f"{name} is not what the manifest was made for (SHA-256)", self._name)

    def _json(self, content: bytes, where: str) -> Any:
        try:
            return json.loads(
                content.decode("utf-8"), parse_constant=_refuse, object_pairs_hook=_once
            )
        except (ValueError, RecursionError) as error:
            raise damaged(f"{where} is not JSON", self._name) from error


def _refuse(name: str) -> Any:
    raise ValueError(name)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys stand once: of two, one reader takes the first, another the last."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


class VectorStream:
    """Vectors taken from a stream in order."""

    def __init__(self, parts: Iterator[bytes], dimension: int, name: str) -> None:
        self._parts = parts
        self._dimension = dimension
        self._name = name
        self._held = bytearray()

    def take_bytes(self, amount: int) -> bytes:
        """The next bytes; fewer at the end."""
        while len(self._held) < amount and (part := next(self._parts, b"")):
            self._held += part
        taken = bytes(self._held[:amount])
        del self._held[:amount]
        return taken

    def take(self, rows: int) -> Halves:
        """The next `rows` vectors, each of length 1. Raises BundleError."""
        content = self.take_bytes(2 * rows * self._dimension)
        if len(content) != 2 * rows * self._dimension:
            raise damaged(f"{self._name} holds too few vectors", self._name)
        vectors = np.frombuffer(content, dtype="<f2").reshape(rows, self._dimension)
        lengths = np.linalg.norm(vectors.astype(np.float32), axis=1)
        # NaN fails the comparison too.
        if rows and not bool(np.all(np.abs(lengths - 1.0) < 0.02)):
            raise damaged(f"{self._name} holds a vector whose length is not 1", self._name)
        return vectors

    def finish(self) -> None:
        """Hold the stream to its end, where its hash is compared. Raises BundleError."""
        if self.take_bytes(1):
            raise damaged(f"{self._name} holds more vectors than there are texts", self._name)


@contextmanager
def bundle_reader(path: Path, stop: Event | None = None) -> Iterator[BundleReader]:
    """Open a bundle whose container passes every check. Raises BundleError, OSError.

    Takes: stop, set by whoever wants the reading to end.
    """
    if not path.is_file():  # a pipe would be waited for, without end
        raise damaged("not a file", str(path))
    with path.open("rb") as stream:
        _check_ends(stream, path)
        try:
            archive = zipfile.ZipFile(stream)
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise damaged(f"not a bundle ({error})", str(path)) from error
        with archive:
            _check_count(archive, path)
            _check_entries(archive, path)
            yield BundleReader(archive, str(path), stop)


def _check_ends(stream: IO[bytes], path: Path) -> None:
    """The zip's directory is small and stands alone, before zipfile reads it whole."""
    size = stream.seek(0, 2)
    if size > MAX_FILE:
        raise damaged(f"the file is beyond {MAX_FILE >> 20} MB", str(path))
    stream.seek(max(0, size - _END_BYTES - 20))
    tail = stream.read()
    end = tail[-_END_BYTES:]
    # Ours carries no comment, so the end record is the file's last bytes.
    if len(end) < _END_BYTES or not end.startswith(_END):
        raise damaged("not a bundle, or cut short", str(path))
    directory = int.from_bytes(end[12:16], "little")
    # One disk, as many entries on it as in all, and none of them a guess; no comment.
    plain = end[4:8] == bytes(4) and end[8:10] == end[10:12] and end[20:] == bytes(2)
    if not plain or directory > MAX_DIRECTORY or tail[:-_END_BYTES].startswith(_ZIP64_LOCATOR):
        raise damaged("its table of contents is not a bundle's", str(path))
    stream.seek(0)


def _check_count(archive: zipfile.ZipFile, path: Path) -> None:
    """As many entries as the end of the file says: `zipfile` itself does not look."""
    stream = archive.fp
    if stream is not None:
        stream.seek(-_END_BYTES, 2)
        if int.from_bytes(stream.read()[8:10], "little") != len(archive.infolist()):
            raise damaged("its table of contents is not a bundle's", str(path))


def _check_entries(archive: zipfile.ZipFile, path: Path) -> None:
    """A manifest and others, once each, plain files, none beside, above or over another."""
    entries = archive.infolist()
    names = {entry.filename for entry in entries}
    if MANIFEST not in names or len(names) < len(entries):
        told = f"one stands twice, or {MANIFEST} is missing"
        raise damaged(f"its members are not a bundle's ({told})", str(path))
    after = 0
    for entry in sorted(entries, key=lambda one: one.header_offset):
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG) or entry.flag_bits & 0x1:
            raise damaged(f"{entry.filename} is a link or encrypted", str(path))
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise damaged(f"{entry.filename} is packed in an unknown way", str(path))
        if entry.header_offset < after:
            raise damaged(f"{entry.filename} lies over another member", str(path))
        after = entry.header_offset + _LOCAL_BYTES + len(entry.filename) + entry.compress_size
        packed = max(entry.compress_size, RATIO_FROM // MAX_RATIO)
        if entry.file_size > MAX_MEMBER or entry.file_size > MAX_RATIO * packed:
            raise damaged(f"{entry.filename} unpacks to far more than it may", str(path))
    # Nothing stands before the first member, and the last ends before the directory.
    if min(entry.header_offset for entry in entries) or after > archive.start_dir:
        raise damaged("its members do not lie where its table of contents says", str(path))
