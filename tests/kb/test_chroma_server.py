"""The vector index on a real Chroma server: found, gone, back, shared with others."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from ingest.sources import jsonl
from kb.adding import add
from kb.doctor import check, examine, mend
from kb.embed import Embedder
from kb.errors import IndexUnreachable
from kb.library import Library
from kb.search import search
from kb.settings import FILE
from kb.vector_index import Served, VectorIndex

pytestmark = pytest.mark.postgres


@dataclass
class Chroma:
    """`chroma run`, which can be stopped and started again over the same data."""

    folder: Path
    port: int
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        program = Path(sys.executable).with_name("chroma")
        words = ["run", "--path", str(self.folder), "--port", str(self.port)]
        quiet = subprocess.DEVNULL
        self._running.append(subprocess.Popen([program, *words], stdout=quiet, stderr=quiet))
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        pytest.fail("chroma run does not listen")

    def stop(self) -> None:
        while self._running:
            self._running[-1].kill()
            self._running.pop().wait(10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chroma]:
    chroma = Chroma(tmp_path_factory.mktemp("chroma"), free_port())
    chroma.start()
    yield chroma
    chroma.stop()


@contextmanager
def opened(folder: Path, server: Chroma, embedder: Embedder) -> Iterator[Library]:
    (folder / FILE).write_text(f'chroma_url = "{server.url}"\n', encoding="utf-8")
    library = Library.open(folder)
    library.embedder = embedder
    yield library
    library.close()


@pytest.fixture
def served(folder: Path, server: Chroma, embedder: Embedder) -> Iterator[Library]:
    with opened(folder, server, embedder) as library:
        yield library


def passages(library: Library) -> set[int]:
    with library.catalogue.read() as reader:
        return {int(n) for n in reader.all_vectors()[0]}


def test_the_index_follows_the_catalogue_and_is_sound(served: Library, tmp_path: Path) -> None:
    assert served.indexes.vector.numbers() == passages(served)
    removed = next(iter(served.snapshot().table.paper_id))
    served.remove([removed])
    source = tmp_path / "one.jsonl"
    source.write_text(
        '{"arxiv_id": "2511.12344", "title": "A late paper", "abstract": "Attention for code."}'
    )
    assert add(served, [jsonl(source)]).added == 1
    assert served.indexes.vector.numbers() == passages(served)
    assert check(served) == []


def test_it_finds_what_exact_scoring_finds(served: Library) -> None:
    matrix = served.snapshot().matrix
    for row in range(len(matrix.passage)):
        numbers, cosines = served.indexes.vector.query(matrix.vectors[row], 5)
        exact = np.sort(matrix.vectors @ matrix.vectors[row])[::-1][:5]
        assert np.allclose(cosines, exact, atol=1e-3)
        assert matrix.passage[row] in numbers


def test_without_its_server_a_library_is_searched_and_written_and_heals(
    served: Library, server: Chroma, embedder: Embedder, tmp_path: Path
) -> None:
    query = "requirements for generated code"
    before = [hit.paper.paper_id for hit in search(served, query, mode="dense").hits]
    server.stop()
    try:
        with pytest.raises(IndexUnreachable, match="does not answer"):
            served.indexes.vector.numbers()
        state = served.snapshot()
        assert served.indexes.nearest(state.matrix.vectors[0], 3, state.generation) is None
        again = search(served, query, mode="dense")
        assert [hit.paper.paper_id for hit in again.hits] == before
        source = tmp_path / "one.jsonl"
        source.write_text(
            '{"arxiv_id": "2511.12345", "title": "Zebra finches", "abstract": "Songs of finches."}'
        )
        assert add(served, [jsonl(source)]).added == 1  # kept, though the index cannot follow
        found = search(served, "songs of zebra finches", mode="dense").hits
        assert found[0].paper.title == "Zebra finches"
        assert [fault.code for fault in examine(served.folder)] == ["index_unreachable"]
    finally:
        server.start()
    with opened(served.folder, server, embedder) as back:
        assert back.indexes.vector.numbers() == passages(back)
        assert check(back) == []


def test_an_index_that_is_behind_is_not_asked(served: Library) -> None:
    vector = served.snapshot().matrix.vectors[0]
    generation = served.snapshot().generation
    assert served.indexes.nearest(vector, 3, generation) is not None
    assert served.indexes.nearest(vector, 3, generation + 1) is None
    served.indexes.chroma.mark(dirty=True)
    assert served.indexes.nearest(vector, 3, generation) is None


def test_two_libraries_on_one_server_do_not_meet(
    served: Library, server: Chroma, embedder: Embedder, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(served.folder, other)
    with opened(other, server, embedder) as second:
        assert second.indexes.chroma.path != served.indexes.chroma.path
        second.remove(list(second.snapshot().table.paper_id)[:3])
        assert second.indexes.vector.numbers() == passages(second)
    assert served.indexes.vector.numbers() == passages(served)


def test_what_another_wrote_into_the_collection_is_found_and_mended(served: Library) -> None:
    place = served.indexes.chroma.path
    assert isinstance(place, Served)
    strange = VectorIndex(place)
    strange.drop([1])
    faults = check(served)
    assert [fault.code for fault in faults] == ["chroma_differs"]
    mend(served, faults)
    assert check(served) == []
