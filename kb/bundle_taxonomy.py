"""The versions of a library's codebook as they travel in a bundle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kb.bundle_file import TAXONOMIES, BundleReader, BundleWriter, to_line
from kb.bundle_records import Check, mapping, record, text, whole, wrong
from kb.catalogue.editions import Version, append, versions
from kb.catalogue.reading import Reader
from kb.catalogue.writing import Writer
from kb.errors import BundleError
from kb.library import Library
from kb.own_tags import HEADS, derive, heads_sound
from taxonomy.codebook import Codebook, CodebookError, Facet, of_facets
from taxonomy.edition import edition_json, read_edition

MOST = 10_000
"""Versions in one bundle."""


def _any(value: object, where: str) -> object:  # noqa: ARG001 - a check's form
    """Checked later, as a codebook or a change."""
    return value


_PARTS: dict[str, Check] = {
    "n": whole,
    "at": text,
    "who": text,
    "change": mapping(_any),
    "codebook": _any,
}
_VERSION = record(_PARTS, {"heads": text})


def write_taxonomies(writer: BundleWriter, reader: Reader) -> None:
    """The versions as a bundle's member; none where the codebook was never changed."""
    held = versions(reader.connection)
    if not held:
        return
    lines = []
    for one in held:
        value = {"n": one.n, "at": one.at, "who": one.who, "change": one.change}
        lines.append(value | {"codebook": edition_json(one.edition)})
    lines[-1]["heads"] = reader.meta(HEADS)
    writer.member(TAXONOMIES, (to_line(line) for line in lines))


def read_taxonomies(reader: BundleReader) -> tuple[list[Version], str]:
    """(versions that a bundle carries, what its own categories have learned), checked.

    Raises BundleError.
    """
    found: list[Version] = []
    heads = ""
    for value, where in reader.records(TAXONOMIES) if reader.holds(TAXONOMIES) else ():
        checked = _VERSION(value, where)
        if checked["n"] != len(found) or len(found) >= MOST:
            raise wrong(f"{where}.n", "the next version's number")
        try:
            edition = read_edition(checked["codebook"], where)
        except CodebookError as error:
            raise wrong(f"{where}.codebook", f"a codebook ({error.message})") from error
        found.append(
            Version(checked["n"], checked["at"], checked["who"], checked["change"], edition)
        )
        heads = checked.get("heads", "")
    if heads and not heads_sound(heads):
        raise wrong(f"{TAXONOMIES}.heads", "weights as Sixfold writes them")
    return found, heads


def known_codebook(codebook: Codebook, carried: Sequence[Version]) -> Codebook:
    """A codebook of every key that tags may name: the library's, and all versions'."""
    facets: dict[str, Facet] = {facet.key: facet for facet in codebook.facets}
    for facet in (facet for one in carried for facet in one.edition.facets):
        held = facets.get(facet.key, facet)
        fresh = tuple(one for one in facet.categories if one.key not in held.keys)
        facets[facet.key] = replace(held, categories=(*held.categories, *fresh))
    return of_facets(list(facets.values()))


def carried_codebook(reader: BundleReader, codebook: Codebook) -> Codebook:
    """`known_codebook` with what a bundle carries. Raises BundleError."""
    return known_codebook(codebook, read_taxonomies(reader)[0])


def keys_of(library: Library) -> Codebook:
    """Every key that this library's tags may name, of whatever version."""
    with library.catalogue.read() as reader:
        held = versions(reader.connection)
    return known_codebook(library.shipped_edition.codebook, held)


def keep_taxonomies(library: Library, writer: Writer, reader: BundleReader, path: str) -> int:
    """Take over the versions that this library lacks; its own categories are then judged.

    Gives how many were taken over. Raises BundleError where both have changed their
    codebooks in different ways.
    """
    carried, heads = read_taxonomies(reader)
    held = versions(writer.connection)
    for mine, theirs in zip(held, carried, strict=False):
        if mine.edition != theirs.edition:
            raise BundleError(
                f"the bundle's codebook and this library's differ from version {mine.n} on",
                item=path,
                remedy="load it into a new library: kb --library DIR init, then add; "
                "nothing was changed",
                code="bundle_taxonomy",
            )
    fresh = carried[len(held) :]
    for one in fresh:
        append(writer.connection, one)
    if fresh and heads:
        writer.set_meta(HEADS, heads)
    newest = [*held, *fresh]
    if newest:
        derive(library, writer, newest[-1].edition)
    return len(fresh)
