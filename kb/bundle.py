"""Bundles: a whole library in one file `.kbz`, with vectors and what people decided and wrote.

The same library gives the same bytes. A bundle is read as hostile input: all of it is
checked before any of it is kept, and keeping it is one transaction. Chats, visits and the
log of searches stay behind: a bundle is made to be given away, and what somebody asked is
not, unless they saved it. A backup has them.
"""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from threading import Event
from typing import Any

from kb.adding import Report
from kb.bundle_challenges import keep_challenge_log, read_carried_log, write_challenge_log
from kb.bundle_decisions import keep_log, read_decisions, write_decisions
from kb.bundle_file import (
    COLLECTED,
    MANIFEST,
    MAX_FILE,
    PAPERS,
    PASSAGE_VECTORS,
    SENTENCE_VECTORS,
    SINCE,
    BundleReader,
    BundleWriter,
    bundle_reader,
    bundle_writer,
    damaged,
    npy_header,
    to_line,
)
from kb.bundle_merges import keep_merges, read_merges, write_merges
from kb.bundle_records import COLLECTED as COLLECTED_CHECK
from kb.bundle_records import Check, from_record, listed, record, text, to_record, whole
from kb.bundle_reviews import keep_reviews, read_carried_reviews, write_reviews
from kb.bundle_taxonomy import carried_codebook, keep_taxonomies, keys_of, write_taxonomies
from kb.bundle_vectors import embedded
from kb.bundle_work import keep_work, read_work, write_work
from kb.catalogue.carrying import (
    CarriedPaper,
    Standing,
    all_carried,
    carried_counts,
    collected,
    keep_carried,
    keep_collected,
    keep_decisions,
    standing,
    tag_versions,
    with_vectors,
)
from kb.catalogue.reading import Reader
from kb.catalogue.writing import Writer
from kb.errors import BundleError
from kb.library import Library
from kb.whole_file import asked_for, require_free
from taxonomy.codebook import Codebook

FORMAT = 2
"""Version of the bundle's layout; raised with each new member or key, which older ones refuse."""

_SCHEMA = 2
"""The schema whose Sixfold first read format 2; see `SINCE` for what a bundle need not have."""

# Papers kept at once: bounds memory.
BATCH = 500

_COUNTED = ("papers", "passages", "sentences", "tags", "collected")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle says of itself. No date: the same library gives the same bytes."""

    format: int
    schema: int
    """The oldest schema whose Sixfold reads it. Those up to 5 refuse a number above their own;
    here the format alone counts."""
    model: str
    """Id of the embedding model whose vectors it holds."""
    dimension: int
    """Length of the vectors."""
    tagger: str
    """Version of the tagger of the Sixfold that wrote it."""
    statements: str
    """Version of its classifier of sentences."""
    codebook: str
    """Version of its codebook."""
    tag_versions: tuple[str, ...]
    """`method version` of every kind of machine tag in it."""
    counts: dict[str, int]
    """How many papers, passages, sentences, tags and collection entries it holds."""


_MANIFEST: dict[str, Check] = {
    "format": whole,
    "schema": whole,
    "model": text,
    "dimension": whole,
    "tagger": text,
    "statements": text,
    "codebook": text,
    "tag_versions": listed(text),
    "counts": record(dict.fromkeys(_COUNTED, whole)),
}


def write_bundle(library: Library, path: Path) -> Manifest:
    """Write the whole library to `path`, and read it back to check it. Atomic.

    Raises BundleError where the library is too large for one file or not sound.
    """
    require_free(path)
    part = path.with_name(path.name + ".part")
    try:
        with asked_for(path):
            part.parent.mkdir(parents=True, exist_ok=True)
        with asked_for(path), library.catalogue.read() as reader, bundle_writer(part) as writer:
            manifest = _manifest(library, reader)
            _write_members(reader, writer, manifest)
            oldest = max(SINCE.get(name, _SCHEMA) for name in writer.members)
            manifest = replace(manifest, schema=oldest)
            whole_manifest = asdict(manifest) | {"members": writer.members}
            writer.member(MANIFEST, [to_line(whole_manifest)])
        check_bundle(part, keys_of(library))
        with asked_for(path):
            part.replace(path)
    except zipfile.LargeZipFile as error:
        raise BundleError(
            f"this library does not fit into one bundle of {MAX_FILE >> 20} MB",
            item=str(path),
            remedy="kb backup FILE copies it whole",
            code="bundle_too_large",
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return manifest


def _manifest(library: Library, reader: Reader) -> Manifest:
    return Manifest(
        format=FORMAT,
        schema=_SCHEMA,
        model=reader.meta("model"),
        dimension=library.embedder.dimension,
        tagger=library.tagger.version,
        statements=library.classifier.version,
        codebook=library.codebook.version,
        tag_versions=tuple(tag_versions(reader)),
        counts=carried_counts(reader),
    )


def _write_members(reader: Reader, writer: BundleWriter, manifest: Manifest) -> None:
    """Records, then vectors: the papers are read once for each, to hold few in memory."""
    counts, dimension = manifest.counts, manifest.dimension
    writer.member(PAPERS, (to_line(to_record(paper)) for paper in all_carried(reader)))
    writer.member(
        COLLECTED,
        (
            to_line({"name": name, "paper_id": paper, "at": at})
            for name, paper, at in collected(reader)
        ),
    )

    def vectors(rows: int, of: str) -> Iterator[bytes]:
        """The bytes of an array (rows, dimension) by their .npy header and rows; `of` names it."""
        yield npy_header(rows, dimension)
        for paper in all_carried(reader):
            yield getattr(paper, of).tobytes()

    write_decisions(writer, reader)
    write_merges(writer, reader)
    write_challenge_log(writer, reader)
    write_taxonomies(writer, reader)
    write_work(writer, reader)
    write_reviews(writer, reader)
    writer.member(PASSAGE_VECTORS, vectors(counts["passages"], "vectors"))
    writer.member(SENTENCE_VECTORS, vectors(counts["sentences"], "sentence_vectors"))


def read_manifest(path: Path) -> Manifest:
    """What the bundle at `path` says of itself. Raises BundleError."""
    with bundle_reader(path) as reader:
        return _read_manifest(reader, path)


def _read_manifest(reader: BundleReader, path: Path) -> Manifest:
    value = reader.manifest()
    told = value.get("format")
    if type(told) is int and told > FORMAT:
        raise BundleError(
            f"a newer Sixfold wrote this bundle: format {told} (this one reads up to {FORMAT})",
            item=str(path),
            remedy="install that Sixfold; nothing was changed",
            code="bundle_newer",
        )
    reader.expect(value.pop("members", None))
    checked = record(_MANIFEST)(value, MANIFEST)
    manifest = Manifest(
        **{field.name: checked[field.name] for field in fields(Manifest)}
        | {"tag_versions": tuple(checked["tag_versions"])}
    )
    if manifest.format < 1 or not 1 <= manifest.dimension <= 65_536:
        raise damaged("the manifest's format or dimension", str(path))
    return manifest


def check_bundle(path: Path, codebook: Codebook, stop: Event | None = None) -> Manifest:
    """Check all of a bundle, keeping none of it. Raises BundleError; Cancelled by `stop`."""
    with bundle_reader(path, stop) as reader:
        manifest = _read_manifest(reader, path)
        codebook = carried_codebook(reader, codebook)
        for _ in _papers(reader, manifest, codebook, path):
            pass
        _collected(reader, manifest, path)
        read_decisions(reader, codebook)
        read_merges(reader)
        read_carried_log(reader)
        read_work(reader)
        read_carried_reviews(reader)
    return manifest


def _papers(
    reader: BundleReader, manifest: Manifest, codebook: Codebook, path: Path
) -> Iterator[CarriedPaper]:
    """Every paper with its vectors, checked; the last step checks counts and hashes."""
    counts = manifest.counts
    vectors = reader.vectors(PASSAGE_VECTORS, counts["passages"], manifest.dimension)
    said = reader.vectors(SENTENCE_VECTORS, counts["sentences"], manifest.dimension)
    seen = dict.fromkeys(_COUNTED, 0)
    last = ""
    for value, where in reader.records(PAPERS):
        paper = from_record(value, where, codebook)
        if paper.paper_id <= last:
            raise damaged(f"{where}: papers stand twice or out of order", str(path))
        last = paper.paper_id
        sentences = sum(len(passage.sentences) for passage in paper.passages)
        seen["papers"] += 1
        seen["passages"] += len(paper.passages)
        seen["sentences"] += sentences
        seen["tags"] += len(paper.tags)
        yield with_vectors(paper, vectors.take(len(paper.passages)), said.take(sentences))
    vectors.finish()
    said.finish()
    for name in ("papers", "passages", "sentences", "tags"):
        if seen[name] != counts[name]:
            raise damaged(f"{counts[name]} {name} announced, {seen[name]} found", str(path))


def _collected(reader: BundleReader, manifest: Manifest, path: Path) -> list[tuple[str, str, str]]:
    checked = [COLLECTED_CHECK(value, where) for value, where in reader.records(COLLECTED)]
    if len(checked) != manifest.counts["collected"]:
        raise damaged("another number of collection entries than announced", str(path))
    return [(one["name"], one["paper_id"], one["at"]) for one in checked]


def load_bundle(
    library: Library, path: Path, *, allow_other_model: bool = False, stop: Event | None = None
) -> Report:
    """Merge a bundle into a library: all of it, or nothing.

    A paper that is here with the same content stays as it is; one of which more is here
    (abstract, full text, a later version) is not overwritten; a person's tags are kept,
    and the bundle's own are added where nobody here has decided. With
    `allow_other_model`, vectors of another model are made anew by this library's model.

    Raises BundleError, LibraryLocked, ModelMismatch; Cancelled where `stop` is set while the
    papers are read, and then nothing is kept.
    """
    started = time.perf_counter()
    library.require_model()
    manifest = check_bundle(path, keys_of(library), stop)
    embed = _must_embed(library, manifest, path, allow_other_model)
    report = Report()
    with (
        library.writing(),
        library.catalogue.write() as writer,
        bundle_reader(path, stop) as reader,
    ):
        manifest = _read_manifest(reader, path)
        codebook = carried_codebook(reader, keys_of(library))
        batch: list[CarriedPaper] = []
        brought: set[str] = set()
        for paper in _papers(reader, manifest, codebook, path):
            batch.append(paper)
            if len(batch) == BATCH:
                brought |= _merge(library, writer, batch, report, embed=embed)
                batch = []
        brought |= _merge(library, writer, batch, report, embed=embed)
        keep_collected(writer, _collected(reader, manifest, path))
        decided, changed = keep_log(writer, read_decisions(reader, codebook), brought)
        joined = keep_merges(writer, read_merges(reader))
        keep_challenge_log(writer, read_carried_log(reader))
        keep_work(writer, reader)
        keep_reviews(writer, reader)
        adopted = keep_taxonomies(library, writer, reader, str(path))
        item = {"at": library.now(), "item": str(path), "state": "kept"}
        writer.log([item])
        if not (report.added or report.updated or decided or changed or adopted or joined):
            writer.keep_generation()
    report.seconds = time.perf_counter() - started
    return report


def would_load(library: Library, path: Path) -> Report:
    """What `load_bundle` would do with the papers; nothing is changed. Raises BundleError."""
    report = Report()
    with library.catalogue.read() as held, bundle_reader(path) as reader:
        manifest = _read_manifest(reader, path)
        codebook = carried_codebook(reader, keys_of(library))
        for paper in _papers(reader, manifest, codebook, path):
            here = standing(held, [paper.paper_id]).get(paper.paper_id)
            report.added += here is None
            report.updated += here is not None and _brings_more(paper, here)
    report.unchanged = manifest.counts["papers"] - report.added - report.updated
    return report


def _must_embed(library: Library, manifest: Manifest, path: Path, allowed: bool) -> bool:
    """True where the bundle's vectors are of no use here. Raises BundleError unless allowed."""
    held = library.embedder.model_id
    if manifest.model == held and manifest.dimension == library.embedder.dimension:
        return False
    if not allowed:
        raise BundleError(
            f"the bundle's vectors are from {manifest.model}, this library's from {held}",
            item=str(path),
            remedy=f"load it into a library whose settings.toml names {manifest.model}",
            code="bundle_model",
        )
    return True


def _merge(
    library: Library, writer: Writer, batch: list[CarriedPaper], report: Report, *, embed: bool
) -> set[str]:
    """Keep what a batch brings that is new. Gives the papers that came or were given tags."""
    held = standing(writer, [paper.paper_id for paper in batch])
    chosen = [paper for paper in batch if _brings_more(paper, held.get(paper.paper_id))]
    kept = {paper.paper_id for paper in chosen}
    if embed:
        chosen = embedded(library, chosen)
    keep_carried(writer, chosen, now=library.now())
    for paper in batch:
        here = held.get(paper.paper_id)
        decided = 0
        if here is not None and paper.paper_id not in kept:
            decided = keep_decisions(writer, here.n, paper.tags)
        if decided:
            kept.add(paper.paper_id)
        report.added += here is None
        report.updated += here is not None and paper.paper_id in kept
        report.unchanged += here is not None and paper.paper_id not in kept
    report.passages += sum(len(paper.passages) for paper in chosen)
    report.papers.extend(paper.paper_id for paper in chosen)
    return kept


def _brings_more(paper: CarriedPaper, here: Standing | None) -> bool:
    """True where the bundle's record should stand in place of what is here."""
    if here is None:
        return True
    facts: dict[str, Any] = paper.facts
    if here.content_hash == facts["content_hash"]:
        return False
    barer = (here.full_text and not facts["full_text"]) or (
        here.has_abstract and not facts["abstract"]
    )
    older = 0 < _number(facts["version"]) < _number(here.version)
    return not barer and not older


def _number(version: str) -> int:
    """3 of `v3`; 0 where unknown."""
    digits = version.removeprefix("v")
    return int(digits) if digits.isascii() and digits.isdigit() else 0
