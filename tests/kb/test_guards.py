"""One rule wherever much of a library would go: 25 papers and a quarter of it need a yes."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest

from ingest.records import PageText, Paper
from kb.backup import backup, backups, require_meant, restore
from kb.catalogue.values import NewPassage
from kb.cli import main
from kb.duplicates import apply
from kb.errors import DamagedCatalogue, UsageError
from kb.library import Library, utc_now
from kb.merging import join
from kb.pages.parts import job_kinds
from kb.pages.parts.jobs import Jobs

PAIRS = 30


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """The folder of a library with 30 files, each held as two papers."""
    folder = tmp_path / "pairs"
    library = Library.create(folder)
    vectors = np.random.default_rng(0).normal(size=(2 * PAIRS, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with library.writing(), library.catalogue.write() as writer:
        for n, vector in enumerate(vectors):
            file = f"{n // 2:064x}"
            paper = Paper(f"doi:10.1000/{n}", f"Invented paper {n // 2}", pdf_sha256=file)
            passage = NewPassage("Title", None, 0, len(paper.title), paper.title, vector, ())
            writer.put_paper(paper, [PageText(None, paper.title)], [passage], [], {}, now="2026")
    library.close()
    return folder


def papers(folder: Path) -> int:
    """How many papers there are, those joined to another not counted."""
    library = Library.open(folder)
    found = len(library.snapshot().table.n)
    library.close()
    return found


@pytest.mark.parametrize(
    ("doomed", "held", "refused"),
    [(24, 24, False), (25, 100, True), (25, 101, False), (26, 101, True), (0, 0, False)],
)
def test_the_rule(doomed: int, held: int, refused: bool) -> None:
    require_meant(doomed, held, "remove", yes=True)
    if not refused:
        require_meant(doomed, held, "remove", yes=False)
        return
    with pytest.raises(UsageError, match=f"would remove {doomed} of {held}") as raised:
        require_meant(doomed, held, "remove", yes=False)
    assert raised.value.code == "bulk_removal"
    assert "--yes" in raised.value.remedy


def emptied(folder: Path) -> Path:
    """A backup of the library as it was when it held nothing; the library still holds all."""
    empty = Library.create(folder.with_name("empty"))
    target = folder / "backups" / "empty.sqlite"
    backup(empty.catalogue, target)
    empty.close()
    return target


def test_a_backup_that_lacks_much_is_put_back_only_where_that_is_meant(
    pairs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = emptied(pairs)
    with pytest.raises(UsageError, match="would take away 60 of 60"):
        restore(pairs, source, utc_now())
    for words in (["restore"], ["restore", str(source)]):
        assert main(["--library", str(pairs), *words, "--json"]) == 2
        assert json.loads(capsys.readouterr().out)["error"]["code"] == "bulk_removal"
    assert papers(pairs) == 60
    assert [one.path for one in backups(pairs)] == [source]
    assert main(["--library", str(pairs), "restore", "--yes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["papers"] == 0


def test_a_damaged_library_counts_as_far_as_it_can_be_read(pairs: Path) -> None:
    source, path = emptied(pairs), pairs / "catalogue.sqlite"
    facts, content = path.stat(), bytearray(path.read_bytes())
    content[-2000] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    with pytest.raises(DamagedCatalogue):
        Library.open(pairs)
    with pytest.raises(UsageError, match="would take away 60 of 60"):
        restore(pairs, source, utc_now())
    kept = restore(pairs, source, utc_now(), yes=True)
    assert kept is not None
    assert "damaged" in kept.name
    assert kept.read_bytes() == content
    assert papers(pairs) == 0


def test_the_apps_job_asks_the_same(pairs: Path) -> None:
    source = emptied(pairs)

    def done(*, yes: bool) -> str:
        job = job_kinds.put_back(Jobs(), pairs, source, yes=yes)
        while not job.over:
            time.sleep(0.01)
        return job.message

    assert "would take away 60 of 60" in done(yes=False)
    assert papers(pairs) == 60
    assert done(yes=True) == ""
    assert papers(pairs) == 0


def test_much_is_joined_only_where_that_is_meant(
    pairs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = Library.open(pairs)
    with pytest.raises(UsageError, match="would hide behind another 30 of 60"):
        apply(library, "ada")
    first, *others = (f"doi:10.1000/{n}" for n in range(26))
    with pytest.raises(UsageError, match="would hide behind another 25 of 60"):
        join(library, first, others, "ada")
    library.close()
    for words in (["duplicates", "--apply"], ["same", first, *others]):
        assert main(["--library", str(pairs), *words, "--json"]) == 2
        assert json.loads(capsys.readouterr().out)["error"]["code"] == "bulk_removal"
    assert papers(pairs) == 60
    assert main(["--library", str(pairs), "duplicates", "--apply", "--yes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["joined"] == 30
    assert papers(pairs) == 30
