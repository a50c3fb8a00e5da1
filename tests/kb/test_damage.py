"""Damage of every kind: told of, put aside, made anew, and never the end of the process."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kb.backup import KEPT_COPIES, keep_copy, newest_backup
from kb.catalogue import Catalogue, checked
from kb.catalogue.soundness import lacking, unsound
from kb.cli import main
from kb.doctor import check, examine
from kb.errors import DamagedCatalogue, DamagedIndex, LibraryError
from kb.index_state import DAMAGED, KEPT, IndexFolder
from kb.library import Library
from kb.row_check import odd

FLIPS = 120
TOUCHED = 60

READING = [
    ["status"],
    ["show", "2501.00001"],
    ["passages", "2501.00001"],
    ["tags"],
    ["challenges"],
    ["table"],
    ["journal"],
    ["searches"],
    ["duplicates"],
    ["chats", "list"],
    ["saved", "list"],
    ["taxonomy", "show"],
    ["export", "--format", "csv"],
    ["doctor"],
]


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def delete(path: Path) -> None:
    path.unlink()


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def sealed(folder: Path) -> list[tuple[IndexFolder, Path]]:
    """Every file of the indexes that has something in it, with its index."""
    found = []
    for index in (IndexFolder(folder, "lexical"), IndexFolder(folder, "chroma")):
        state = index.state()
        assert state is not None
        assert state.seal is not None
        names = [name for name, (size, _) in state.seal.items() if size > 1]
        found += [(index, index.path / name) for name in names]
    return found


@pytest.mark.parametrize("damage", [cut, delete, flip])
def test_damage_to_any_file_of_an_index_is_seen_before_an_engine_opens_it(
    damage: Callable[[Path], None], folder: Path
) -> None:
    files = sealed(folder)
    assert {path.suffix for _, path in files} >= {".idx", ".pos", ".term", ".store", ".fast"}
    for index, path in files:
        content = path.read_bytes()
        assert index.broken(deep=True) == []
        damage(path)
        name = path.relative_to(index.path).as_posix()
        assert index.broken(deep=True) == [name]
        assert index.broken() == ([] if damage is flip else [name])
        path.write_bytes(content)


def test_what_was_cut_is_put_aside_and_made_anew_at_opening(folder: Path) -> None:
    for turn in range(KEPT + 1):
        cut(next(path for _, path in sealed(folder) if path.suffix == ".idx"))
        library = Library.open(folder)
        assert library.indexes.text.paper_numbers() == set(range(1, 13))
        library.close()
        kept = list((folder / DAMAGED).iterdir())
        assert len(kept) == min(turn + 1, KEPT)


def test_changed_bytes_are_never_handed_to_an_engine(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flip(next(path for _, path in sealed(folder) if path.suffix == ".idx"))
    library = Library.open(folder)
    with pytest.raises(DamagedIndex, match="not as it was written"):
        _ = library.indexes.text
    library.close()
    assert main(["--library", str(folder), "doctor", "--fix", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["code"] for one in told["mended"]] == ["lexical_damaged"]
    (kept,) = told["put_aside"]
    assert Path(kept).is_dir()


def outcome(path: Path, before: list[str]) -> str:
    """What becomes of a damaged catalogue: found at open, by the doctor, harmless or silent."""
    try:
        catalogue = Catalogue.open(path)
    except DamagedCatalogue:
        return "open"
    try:
        if catalogue.integrity() != "ok":
            return "doctor"
        with catalogue.read() as reader:
            if lacking(reader) or unsound(reader, 384) or odd(reader):
                return "doctor"
    except (LibraryError, ValueError, UnicodeError):
        return "doctor"
    finally:
        catalogue.close()
    return "harmless" if content(path) == before else "silent"


def content(path: Path) -> list[str]:
    with sqlite3.connect(path) as connection:
        connection.text_factory = lambda said: said.decode(errors="backslashreplace")
        found = list(connection.iterdump())
    connection.close()
    return found


def test_flipped_bytes_of_the_catalogue(made_library: Path, tmp_path: Path) -> None:
    source = made_library / "catalogue.sqlite"
    whole = source.read_bytes()
    path = tmp_path / "catalogue.sqlite"
    path.write_bytes(whole)
    before = content(path)
    rng = random.Random(9)
    found: Counter[str] = Counter()
    for _ in range(FLIPS):
        damaged = bytearray(whole)
        at = rng.randrange(len(damaged) // 4096) * 4096
        damaged[at : at + 64] = rng.randbytes(64)  # the head of a page: what a bad sector takes
        path.write_bytes(damaged)
        (tmp_path / ".checked.json").unlink(missing_ok=True)
        found[outcome(path, before)] += 1
    assert found["silent"] == 0
    assert found["open"] + found["doctor"] + found["harmless"] == FLIPS
    assert found["open"] >= FLIPS // 4


def flip_bit(content: bytes, bit: int) -> bytes:
    flipped = bytearray(content)
    flipped[bit // 8] ^= 1 << bit % 8
    return bytes(flipped)


def rot(path: Path, content: bytes) -> None:
    """Give a file other bytes behind the system's back: its time stays."""
    facts = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def test_one_bit_that_the_disk_flips_is_found_at_opening(folder: Path) -> None:
    path = folder / "catalogue.sqlite"
    Library.open(folder, heal=False).close()
    whole, rng = path.read_bytes(), random.Random(9)
    for _ in range(FLIPS):
        rot(path, flip_bit(whole, rng.randrange(8 * len(whole))))
        with pytest.raises(DamagedCatalogue, match="not those last written") as raised:
            Catalogue.open(path)
        assert "kb restore" in raised.value.remedy
    (fault,) = examine(folder)
    assert fault.code == "damaged_catalogue"
    rot(path, whole)
    library = Library.open(folder, heal=False)
    rot(path, flip_bit(whole, 8 * 5000))
    with pytest.raises(DamagedCatalogue):  # the good backups must not be crowded out
        library.catalogue.backup(folder / "copy.sqlite")
    assert not (folder / "copy.sqlite").exists()
    assert [one.code for one in check(library)] == ["catalogue_damaged"]
    library.close()
    with pytest.raises(DamagedCatalogue):  # closing has not taken it for good
        Catalogue.open(path)


def test_what_was_written_since_is_no_rot(folder: Path) -> None:
    for name in ("one", "two"):
        library = Library.open(folder)
        with library.catalogue.write() as writer:
            writer.set_meta("name", name)
        library.close()
        assert checked.seen(folder / "catalogue.sqlite")
    note = folder / checked.NOTE
    note.write_bytes(flip_bit(note.read_bytes(), 8 * (len(note.read_bytes()) // 2)))
    assert not checked.seen(folder / "catalogue.sqlite")  # the note itself is what rots
    Library.open(folder).close()


def test_one_bit_flipped_by_whoever_wrote_the_file(made_library: Path, tmp_path: Path) -> None:
    """Nothing tells it from a write then: what is left are the checksums of the rows."""
    whole = (made_library / "catalogue.sqlite").read_bytes()
    path = tmp_path / "catalogue.sqlite"
    path.write_bytes(whole)
    before, rng = content(path), random.Random(10)
    found: Counter[str] = Counter()
    for _ in range(TOUCHED):
        path.write_bytes(flip_bit(whole, rng.randrange(8 * len(whole))))
        (tmp_path / ".checked.json").unlink(missing_ok=True)
        found[outcome(path, before)] += 1
    assert sum(found.values()) == TOUCHED
    assert found["silent"] <= 1, found
    assert found["open"] + found["doctor"] >= TOUCHED // 6, found


def unchecked(folder: Path) -> None:
    """Have the next opening take the catalogue as good, as if damaged since."""
    facts = checked._facts(folder / "catalogue.sqlite")
    (folder / checked.NOTE).write_text(json.dumps([*facts, checked._sum_of(facts)]))


def test_no_command_ends_in_a_traceback_over_damage(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = folder / "catalogue.sqlite"
    whole, rng = path.read_bytes(), random.Random(4)
    statuses: Counter[int] = Counter()
    for _ in range(4):
        damaged = whole
        for _ in range(30):
            damaged = flip_bit(damaged, rng.randrange(8 * 4096, 8 * len(whole)))
        for words in READING:
            path.write_bytes(damaged)
            for end in ("-wal", "-shm"):
                path.with_name(path.name + end).unlink(missing_ok=True)
            unchecked(folder)
            statuses[main(["--library", str(folder), *words])] += 1
    assert set(statuses) <= {0, 1, 2, 3}
    assert statuses[3] >= 10
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize(
    "value",
    ["title = CAST(x'FF41' AS TEXT)", "authors = '[\"'", "title = x'4142'", "year = 'a'"],
)
def test_a_value_that_cannot_be_read_is_told_of(
    value: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = sqlite3.connect(folder / "catalogue.sqlite")
    connection.execute(f"UPDATE papers SET {value} WHERE n = 1")
    connection.commit()
    connection.close()
    assert {one.code for one in examine(folder)} <= {"catalogue_damaged", "damaged_catalogue"}
    unchecked(folder)
    assert main(["--library", str(folder), "doctor", "--json"]) == 3
    (fault,) = json.loads(capsys.readouterr().out)["faults"]
    assert (fault["code"], "kb restore" in fault["remedy"]) == ("catalogue_damaged", True)


ODD = {
    "UPDATE papers SET year = 1999 WHERE n = 2": "published",
    "UPDATE papers SET abstract = 'X' || substr(abstract, 2) WHERE n = 2": "abstract",
    "UPDATE papers SET title_key = 'another' WHERE n = 2": "title",
    "UPDATE papers SET generation = 1 << 30 WHERE n = 2": "generation",
    "UPDATE passages SET passage_id = 'x' || passage_id WHERE n = 2": "is called",
    "UPDATE sentences SET label = 'challengf' WHERE n = 2": "not one of",
    "UPDATE papers SET content_hash = 'x' || substr(content_hash, 2) WHERE n = 2": "content hash",
    "UPDATE papers SET authors = '{}' WHERE n = 2": "authors",
}


@pytest.mark.parametrize("statement", ODD)
def test_rows_that_contradict_each_other_are_named(statement: str, folder: Path) -> None:
    connection = sqlite3.connect(folder / "catalogue.sqlite")
    connection.execute(statement)
    connection.commit()
    connection.close()
    library = Library.open(folder, heal=False)
    with library.catalogue.read() as reader:
        (fault,) = odd(reader)
    library.close()
    assert (fault.code, fault.count) == ("odd_values", 1)
    assert ODD[statement] in fault.examples[0]


def test_a_vector_that_is_no_number_is_named(folder: Path) -> None:
    vector = np.full(384, np.nan, dtype="<f2").tobytes()
    connection = sqlite3.connect(folder / "catalogue.sqlite")
    connection.execute("UPDATE passages SET vector = ? WHERE n = 1", (vector,))
    connection.commit()
    connection.close()
    library = Library.open(folder, heal=False)
    with library.catalogue.read() as reader:
        assert {one.code for one in unsound(reader, 384)} == {"vector_not_unit"}
    library.close()


def test_restoring_without_a_file_takes_the_newest_sound_one(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = Library.open(folder)
    for n, name in enumerate(("old", "good", "cut")):
        path = folder / "backups" / f"{name}.sqlite"
        library.catalogue.backup(path)
        os.utime(path, (n, n))
    library.close()
    os.truncate(folder / "backups" / "cut.sqlite", 30_000)
    os.truncate(folder / "catalogue.sqlite", 20_000)
    assert newest_backup(folder) == folder / "backups" / "good.sqlite"
    assert main(["--library", str(folder), "restore", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (Path(told["file"]).name, told["papers"]) == ("good.sqlite", 12)
    assert Path(told["kept"]).stat().st_size == 20_000
    shutil.rmtree(folder / "backups")
    assert main(["--library", str(folder), "restore", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "no_backup"


def test_the_newest_automatic_copies_are_kept(folder: Path) -> None:
    library = Library.open(folder)
    made = [keep_copy(library.catalogue, "before-removal", library.clock()) for _ in range(7)]
    library.close()
    left = {path.name for path in (folder / "backups").glob("*.sqlite")}
    assert len(left) == KEPT_COPIES
    assert made[-1].name in left
