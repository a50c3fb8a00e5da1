"""Checksums of rows: whatever a disk changes in them is named, and vectors are made anew."""

from __future__ import annotations

import json
import random
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from kb.catalogue import StoredTag
from kb.catalogue.byte_repair import with_byte_back
from kb.catalogue.decisions import Decision, append
from kb.catalogue.soundness import unsound
from kb.catalogue.sums import covered, sums
from kb.catalogue.tables import decisions, metadata, page_texts, papers, passages, sentences, tags
from kb.cli import main
from kb.doctor import check, mend
from kb.library import Library

APART = {
    "papers": {"n", "pdf_path", "added", "generation", "same_as", "title_key"},
    "passages": {"n"},
    "sentences": {"n"},
    "decisions": {"n"},
    "taxonomies": {"n"},
    "merges": {"n"},
    "chats": {"n"},
    "challenge_decisions": {"n"},
    "remarks": {"n"},
    "review_sources": {"n"},
    "screenings": {"n"},
}
"""Columns of summed tables that no sum is of."""

BARE = {
    "meta",
    "runs",
    "tombstones",
    "journal",
    "files",
    "searches",
    "collections",
    "chat_heads",
    "saved_searches",
    "visits",
    "reading_states",
}
"""Tables without sums: marks that are set anew, and logs of what was done."""


def test_every_column_is_summed_or_known_not_to_be() -> None:
    for table in metadata.sorted_tables:
        parts = [one.name for column in sums(table) for one in covered(column)]
        assert len(parts) == len(set(parts))
        if table.name in BARE:
            assert not parts
            continue
        own = {column.name for column in sums(table)}
        left = {column.name for column in table.c} - own - set(parts)
        assert left == APART.get(table.name, set()), table.name


@given(st.binary(min_size=1, max_size=800), st.data())
def test_one_changed_byte_is_put_back(whole: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(whole) - 1))
    bits = data.draw(st.integers(1, 255))
    damaged = whole[:at] + bytes([whole[at] ^ bits]) + whole[at + 1 :]
    assert with_byte_back(damaged, zlib.crc32(whole)) == whole
    assert with_byte_back(whole, zlib.crc32(whole)) is None


def test_more_than_one_changed_byte_is_not_guessed_at() -> None:
    rng = random.Random(3)
    whole = rng.randbytes(768)
    assert with_byte_back(many_bits(whole), zlib.crc32(whole)) is None
    assert with_byte_back(b"", zlib.crc32(whole)) is None
    assert with_byte_back(whole, 1 << 40) is None


@pytest.mark.timeout(20)
def test_what_is_no_vector_takes_no_time() -> None:
    assert with_byte_back(bytes(10_000_000), zlib.crc32(b"")) is None


def vectors(library: Library) -> list[bytes]:
    with library.catalogue.read() as reader:
        return [
            bytes(row.vector)
            for table in (passages, sentences)
            for row in reader.connection.execute(select(table.c.vector).order_by(table.c.n))
        ]


def one_bit(vector: bytes) -> bytes:
    """The least bit of one number: the length of the vector stays within what float16 keeps."""
    return bytes([vector[0] ^ 1]) + vector[1:]


def many_bits(vector: bytes) -> bytes:
    """The least bit of every number."""
    return bytes(byte ^ (at % 2 == 0) for at, byte in enumerate(vector))


def damage(library: Library, table: Any, n: int, **values: Any) -> None:
    """Change a row, and not its sums."""
    with library.catalogue.write(bump=False) as writer:
        writer.connection.execute(update(table).where(table.c.n == n).values(**values))


@pytest.mark.parametrize("table", [passages, sentences], ids=lambda table: str(table.name))
def test_a_changed_bit_of_a_vector_is_named_and_mended(
    table: Any, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = Library.open(folder)
    before = vectors(library)
    with library.catalogue.read() as reader:
        held = reader.connection.execute(select(table.c.vector).where(table.c.n == 3)).scalar_one()
    damage(library, table, 3, vector=one_bit(held))
    assert vectors(library) != before
    (fault,) = check(library)
    assert (fault.code, fault.remedy) == ("vector_changed", "kb doctor --fix")
    assert fault.detail.endswith(f": {table.name} 3")
    library.close()
    assert main(["--library", str(folder), "doctor", "--fix", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["code"] for one in told["mended"]] == ["vector_changed"]
    library = Library.open(folder)
    assert vectors(library) == before
    assert check(library) == []
    library.close()


def test_a_vector_of_which_more_changed_is_made_anew(folder: Path) -> None:
    library = Library.open(folder)
    before = vectors(library)
    damage(library, passages, 1, vector=many_bits(before[0]))
    mend(library, check(library))
    made, whole = (
        np.frombuffer(one, "<f2").astype(float) for one in (vectors(library)[0], before[0])
    )
    assert made @ whole > 0.999  # the model's own, to what its arithmetic keeps
    assert check(library) == []
    library.close()


CHANGED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "authors": (papers, {"authors": ["Nobody"]}, "row_changed"),
    "references": (papers, {"refs": [{"raw": "x"}]}, "row_changed"),
    "scores": (papers, {"scores": {"phase": {"testing": 0.25}}}, "row_changed"),
    "a sentence's score": (sentences, {"score": 0.123}, "row_changed"),
    "a sentence's label": (sentences, {"label": "challengf"}, "row_changed"),
    "a passage's section": (passages, {"section": "Abstracu"}, "row_changed"),
    "a decision": (decisions, {"why": "another"}, "said_changed"),
    "who decided": (decisions, {"who": "bob"}, "said_changed"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_changed_row_is_named(name: str, folder: Path) -> None:
    table, values, code = CHANGED[name]
    library = Library.open(folder)
    with library.catalogue.write(bump=False) as writer:
        said = Decision("2026-01-01", "ada", "2501.00001", "phase", "testing", "no", "as I see it")
        append(writer.connection, [said])
    with library.catalogue.read() as reader:
        assert code not in {one.code for one in unsound(reader, 384)}
    damage(library, table, 1, **values)
    with library.catalogue.read() as reader:
        found = {one.code: one.count for one in unsound(reader, 384)}
    assert found[code] == 1
    library.close()


def test_what_changes_rightly_keeps_its_sum(folder: Path) -> None:
    library = Library.open(folder)
    with library.catalogue.write() as writer:
        writer.set_facts(1, {"title": "Another", "title_key": None, "year": 2024})
        number = writer.numbers(["2402.00002"]).get("2402.00002", 2)
        scores = {"phase": {"testing": 1, "dataset": -0.0}}
        given = [("testing", 1), ("testing", 0.5), ("dataset", -0.0)]
        new = [
            StoredTag("phase", key, score, ("it says so",), "machine", "tagger", "1")
            for key, score in given
        ]
        writer.set_tags(number, new, scores)
    with library.catalogue.read() as reader:
        assert not {one.code for one in unsound(reader, 384)} & {"row_changed", "said_changed"}
    library.close()


def test_a_changed_row_is_not_taken_for_good_by_the_next_write(folder: Path) -> None:
    library = Library.open(folder)
    damage(library, papers, 1, authors=["Nobody"])
    with library.catalogue.write() as writer:
        writer.set_facts(1, {"doi": "10.5555/1"})
    with library.catalogue.read() as reader:
        (found,) = [one for one in unsound(reader, 384) if one.code == "row_changed"]
        paper_id = reader.papers([1])[1].paper_id
    assert found.examples == (f"papers {paper_id}",)
    library.close()


def test_a_changed_page_or_tag_is_named_by_its_paper(folder: Path) -> None:
    library = Library.open(folder)
    with library.catalogue.write(bump=False) as writer:
        connection = writer.connection
        connection.execute(update(page_texts).where(page_texts.c.paper == 1).values(page=7))
        (paper,) = connection.execute(select(tags.c.paper).limit(1)).one()
        connection.execute(update(tags).where(tags.c.paper == paper).values(version="0"))
        ids = {n: one.paper_id for n, one in writer.papers([1, paper]).items()}
    with library.catalogue.read() as reader:
        (found,) = [one for one in unsound(reader, 384) if one.code == "row_changed"]
    assert {f"page_texts {ids[1]}", f"tags {ids[paper]}"} <= set(found.examples)
    library.close()


def test_a_changed_vector_stays_bad_through_a_backup(folder: Path, tmp_path: Path) -> None:
    library = Library.open(folder)
    with library.catalogue.read() as reader:
        held = reader.connection.execute(select(passages.c.vector).limit(1)).scalar_one()
    damage(library, passages, 1, vector=one_bit(held))
    library.catalogue.backup(tmp_path / "copy.sqlite")
    library.close()
    other = Library.create(tmp_path / "other")
    other.catalogue.overwrite(tmp_path / "copy.sqlite")
    with other.catalogue.read() as reader:
        faults = unsound(reader, 384)
    assert [one.code for one in faults] == ["vector_changed"]
    mend(other, check(other))
    assert check(other) == []
    other.close()
