"""What writers do while they are killed, and what must then be there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ingest.sources import jsonl
from kb import doctor, index_probe
from kb.adding import add
from kb.bundle import check_bundle, write_bundle
from kb.bundle_taxonomy import keys_of
from kb.catalogue import SCHEMA_VERSION
from kb.catalogue.store import check_file
from kb.errors import KbError
from kb.index_probe import Probed
from kb.learned import VERSION
from kb.leavings import left_over
from kb.library import Library
from kb.mapping import challenges

ROOT = Path(__file__).parents[1]
PAPERS = ROOT / "data" / "papers.jsonl"
FIXTURES = ROOT / "fixtures"
PHASE = "deployment-and-operations"
MORE = 80
"""Papers that a writer adds: two of its batches."""


@dataclass(frozen=True, slots=True)
class Operation:
    """Commands that one writer does in turn, on a copy of the library at `base`."""

    name: str
    base: Path
    commands: tuple[tuple[str, ...], ...]
    missing: Callable[[Library, Operation, int], str]
    """What is not there of command number n, which was acknowledged; "" where all is."""
    sound: Callable[[Library, Operation], str] | None = None
    """What is half done, acknowledged or not; "" where nothing is."""
    facts: Any = None


def settled(folder: Path) -> None:
    """The engine that loads fast; what is made is the same."""
    (folder / "settings.toml").write_text('precision = "onnx"\n')


def make_base(folder: Path) -> list[str]:
    """The library that all begin with: twelve invented papers."""
    folder.mkdir(parents=True)
    settled(folder)
    library = Library.create(folder)
    assert add(library, [jsonl(PAPERS)]).added == 12
    library.close()
    return []


def write_more(path: Path) -> list[str]:
    lines = [
        {
            "arxiv_id": f"2511.{n:05d}",
            "title": f"Invented paper {n} of those added under fire",
            "abstract": f"We count to {n}. Counting past {n} remains open.",
        }
        for n in range(MORE)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return [str(line["arxiv_id"]) for line in lines]


def _ids(library: Library) -> set[str]:
    with library.catalogue.read() as reader:
        return {one.paper_id for one in reader.papers().values()}


def _gone(library: Library, wanted: Sequence[str]) -> str:
    away = set(wanted) - _ids(library)
    return f"{len(away)} papers lost: {sorted(away)[:3]}" if away else ""


def _by_hand(query: str) -> Callable[[Library, Operation, int], str]:
    """The n-th command was signed `wN`; the query finds what it wrote."""

    def missing(library: Library, _: Operation, number: int) -> str:
        with library.catalogue.read() as reader:
            found = reader.connection.exec_driver_sql(query, (f"w{number}",)).scalar()
        return "" if found else f"what w{number} wrote is lost"

    return missing


# Top-level functions: they travel to another process by name.
def tags_missing(library: Library, operation: Operation, number: int) -> str:
    return _by_hand("SELECT count(*) FROM decisions WHERE who = ?")(library, operation, number)


def challenges_missing(library: Library, operation: Operation, number: int) -> str:
    query = "SELECT count(*) FROM challenge_decisions WHERE who = ?"
    return _by_hand(query)(library, operation, number)


def notes_missing(library: Library, operation: Operation, number: int) -> str:
    kind = operation.commands[number][0]
    query = {
        "note": "SELECT count(*) FROM remarks WHERE who = ?",
        "review": "SELECT count(*) FROM screenings WHERE who = ?",
        "collection": "SELECT count(*) FROM collections WHERE name = ?",
    }[kind]
    return _by_hand(query)(library, operation, number)


def papers_missing(library: Library, operation: Operation, number: int) -> str:
    del number
    return _gone(library, operation.facts)


def removed_missing(library: Library, operation: Operation, number: int) -> str:
    name = operation.commands[number][1]
    return f"{name} was removed and is here" if name in _ids(library) else ""


def lesson_missing(library: Library, operation: Operation, number: int) -> str:
    del operation, number
    with library.catalogue.read() as reader:
        return "" if reader.meta(VERSION) else "the lesson is lost"


def nothing_missing(library: Library, operation: Operation, number: int) -> str:
    del operation, number
    return _gone(library, [])


def facts_missing(library: Library, operation: Operation, number: int) -> str:
    del number
    with library.catalogue.read() as reader:
        held = reader.counts()
    return "" if held == operation.facts else f"{held} is not {operation.facts}"


def migration_sound(library: Library, operation: Operation) -> str:
    for path in (library.folder / "backups").glob("*.sqlite"):
        if check_file(path) >= SCHEMA_VERSION:
            return f"{path.name} is no copy of the earlier version"
    return facts_missing(library, operation, 0)


def backup_missing(library: Library, operation: Operation, number: int) -> str:
    target = Path(operation.commands[number][1].replace("FOLDER", str(library.folder)))
    return "" if target.exists() else f"{target.name} is not there"


def backup_sound(library: Library, operation: Operation) -> str:
    del operation
    for path in (library.folder / "kept").glob("*.sqlite"):
        check_file(path)
    return ""


def bundle_sound(library: Library, operation: Operation) -> str:
    del operation
    for path in (library.folder / "kept").glob("*.kbz"):
        check_bundle(path, keys_of(library))
    return ""


def restore_sound(library: Library, operation: Operation) -> str:
    backed, here = operation.facts
    for path in (library.folder / "backups").glob("*.sqlite"):
        check_file(path)
    return "" if _ids(library) in (set(backed), set(here)) else "neither the old nor the new"


def restored_missing(library: Library, operation: Operation, number: int) -> str:
    del number
    return "" if _ids(library) == set(operation.facts[0]) else "what was restored is not there"


def faults(
    folder: Path, operation: Operation, done: dict[int, int], events: list[str]
) -> list[str]:
    """Everything that is wrong with a library after its writer died; [] where nothing is."""
    _probe_here()
    found = []
    library = Library.open(folder)
    try:
        found += [f"left over: {path.name}" for path in left_over(folder, library.indexes)]
        found += [f"{one.code}: {one.detail}" for one in doctor.check(library)]
        lost = [operation.missing(library, operation, n) for n, ended in done.items() if not ended]
        lost.append(_gone(library, events))
        found += [f"LOST {one}" for one in lost if one]
        if operation.sound and (told := operation.sound(library, operation)):
            found.append(told)
    except KbError as error:
        found.append(f"{error.code}: {error.message}")
    finally:
        library.close()
    return found


def _probe_here() -> None:
    """Look into the indexes in this process, which is one to be lost; a start costs seconds."""

    def probe(name: str, path: Path, sample: Sequence[int]) -> Probed:
        request = {"name": name, "path": str(path), "sample": list(sample)}
        return index_probe._read(index_probe._look(request))

    doctor.probe = probe  # type: ignore[assignment, attr-defined]


def make_operations(place: Path) -> list[str]:
    """Lay out, in `place`, what all operations begin with."""
    base = place / "base"
    make_base(base)
    write_more(place / "more.jsonl")
    shutil.copytree(base, place / "taught")
    from kb.cli import main

    names = sorted(json.loads(line)["arxiv_id"] for line in PAPERS.read_text().splitlines())
    for n, name in enumerate(names):
        words = [
            "tag",
            name,
            "--phase" if n % 2 else "--remove",
            PHASE,
            "--done",
            "--who",
            "ada",
            "--json",
        ]
        assert main(["--library", str(place / "taught"), *words]) == 0
    shutil.copytree(base, place / "reviewed")
    for words in (["new", "r"], ["add", "r", "--all"]):
        assert main(["--library", str(place / "reviewed"), "review", *words]) == 0
    shutil.copytree(base, place / "full")
    library = Library.open(place / "full")
    add(library, [jsonl(place / "more.jsonl")])
    library.catalogue.backup(place / "full.sqlite")
    write_bundle(library, place / "full.kbz")
    library.close()
    for version in range(1, SCHEMA_VERSION):
        shutil.copytree(FIXTURES / f"v{version}" / "library", place / f"v{version}")
        settled(place / f"v{version}")
    library = Library.open(base)
    found = [one.challenge_id for one in challenges(library)]
    (place / "facts.json").write_text(json.dumps({"papers": names, "challenges": found}))
    library.close()
    return []


def operations(place: Path) -> Iterator[Operation]:
    """What writers do, on the libraries laid out in `place`."""
    facts = json.loads((place / "facts.json").read_text())
    papers, stated = facts["papers"], facts["challenges"]
    more = [f"2511.{n:05d}" for n in range(MORE)]
    everything = [*papers, *more]
    base = place / "base"
    tagged = [("tag", papers[n], "--phase", PHASE, "--who", f"w{n}", "--json") for n in range(6)]
    refused = [
        ("challenge", "reject", stated[n], "--who", f"w{n}", "--json")
        for n in range(min(6, len(stated)))
    ]
    small = [
        ("note", papers[0], "A note.", "--who", "w0", "--json"),
        ("collection", "add", "w1", papers[1], "--json"),
        ("review", "screen", "r", papers[2], "include", "--who", "w2", "--json"),
        ("note", papers[3], "Another.", "--who", "w3", "--json"),
        ("collection", "add", "w4", papers[4], "--json"),
        ("review", "screen", "r", papers[5], "exclude", "--who", "w5", "--json"),
    ]
    whole = str(place / "more.jsonl")
    yield Operation("add", base, (("add", whole, "--events"),), papers_missing, facts=everything)
    yield Operation("tag", base, tuple(tagged), tags_missing)
    yield Operation("learn", place / "taught", (("learn", "--apply", "--json"),), lesson_missing)
    yield Operation("map", base, tuple(refused), challenges_missing)
    yield Operation("reindex", base, (("reindex", "--json"),), nothing_missing)
    yield Operation("notes", place / "reviewed", tuple(small), notes_missing)
    rm = tuple(("remove", name, "--json") for name in papers[:4])
    yield Operation("remove", base, rm, removed_missing)
    bulk = (("remove", *more, "--yes", "--json"),)
    yield Operation("bulk removal", place / "full", bulk, removed_missing, facts=None)
    kept = tuple(("backup", f"FOLDER/kept/{n}.sqlite", "--json") for n in range(3))
    yield Operation("backup", place / "full", kept, backup_missing, backup_sound)
    back = (("restore", str(place / "full.sqlite"), "--json"),)
    both = (everything, papers)
    yield Operation("restore", base, back, restored_missing, restore_sound, both)
    load = (("add", str(place / "full.kbz"), "--json"),)
    yield Operation("bundle load", base, load, papers_missing, facts=everything)
    out = tuple(("bundle", "-o", f"FOLDER/kept/{n}.kbz", "--json") for n in range(2))
    away = Operation("bundle write", place / "full", out, nothing_missing, bundle_sound)
    yield replace(away, missing=bundle_missing)
    for version in range(1, SCHEMA_VERSION):
        counts = json.loads((FIXTURES / f"v{version}" / "facts.json").read_text())["counts"]
        yield Operation(
            f"migrate v{version}", place / f"v{version}", (("status", "--json"),),
            facts_missing, migration_sound, counts,
        )  # fmt: skip


def bundle_missing(library: Library, operation: Operation, number: int) -> str:
    target = Path(operation.commands[number][2].replace("FOLDER", str(library.folder)))
    return "" if target.exists() else f"{target.name} is not there"
