"""The derived vector index: passages in Chroma, with their paper's tags as metadata.

Nothing is known here that the catalogue does not know; the index can be rebuilt from it
at any time, without embedding anything.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ingest.url import parse
from kb.catalogue.values import IndexRow, Vector
from kb.errors import DamagedIndex, IndexUnreachable, damaged_index

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

COLLECTION = "passages"

# Chroma searches its graph this widely; at 256 recall against exact scoring was 1.0 on
# 13 k passages, at under 2 ms.
EF_SEARCH = 256
_CONFIGURATION: Any = {"hnsw": {"space": "cosine", "ef_search": EF_SEARCH}}


class VectorIndex:
    """An open Chroma collection of passages; its ids are the catalogue's passage numbers.

    Safe to use from several threads; they take turns.
    """

    def __init__(self, path: Path | Served) -> None:
        self.path = path
        self._guard = threading.RLock()
        # Any: Chroma's stubs forget `close`.
        self._client: Any
        self._client, self._collection = _open(path)

    def reload(self) -> None:
        """See what another process has written: Chroma keeps its graph in memory."""
        with self._guard:
            if isinstance(self.path, Path):
                self._client.close()
            self._client, self._collection = _open(self.path)

    @contextmanager
    def _using(self) -> Iterator[None]:
        """Alone with Chroma; what it reports is told in our words."""
        from chromadb.errors import ChromaError

        if isinstance(self.path, Served):
            with self._guard, told(self.path.url):
                yield
            return
        with self._guard:
            try:
                yield
            except ChromaError as error:
                raise damaged_index("vector", self.path, str(error)) from error

    def put(self, rows: Iterable[IndexRow]) -> None:
        """Hold these papers' passages, in place of what was held of those papers."""
        with self._using():
            batch_size = self._client.get_max_batch_size()
        ids: list[str] = []
        vectors: list[Vector] = []
        facts: list[dict[str, Any]] = []
        for row in rows:
            metadata = _metadata(row)
            for passage, vector in zip(row.passages, row.vectors, strict=True):
                ids.append(str(passage.n))
                vectors.append(vector)
                facts.append(metadata)
        for start in range(0, len(ids), batch_size):
            part = slice(start, start + batch_size)
            with self._using():
                self._collection.add(
                    ids=ids[part], embeddings=np.stack(vectors[part]), metadatas=list(facts[part])
                )

    def drop(self, papers: Sequence[int]) -> None:
        """Forget everything of these papers (catalogue numbers)."""
        for start in range(0, len(papers), 500):
            where: Any = {"paper": {"$in": [int(n) for n in papers[start : start + 500]]}}
            with self._using():
                held = self._collection.get(where=where, include=[])["ids"]
                for first in range(0, len(held), 5_000):
                    self._collection.delete(ids=held[first : first + 5_000])

    def query(self, vector: Vector, limit: int) -> tuple[npt.NDArray[np.int64], Vector]:
        """(passage numbers, cosines) of the nearest passages, nearest first."""
        return self.query_many(vector[None, :], limit)[0]

    def query_many(self, vectors: Vector, limit: int) -> list[tuple[npt.NDArray[np.int64], Vector]]:
        """The same for each of some vectors, (n, dimension)."""
        with self._using():
            if limit < 1 or not len(vectors) or not self._collection.count():
                none = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
                return [none] * len(vectors)
            found = self._collection.query(
                query_embeddings=vectors, n_results=limit, include=["distances"]
            )
        distances = found["distances"] or [[]] * len(vectors)
        return [
            (
                np.array([int(one) for one in ids], dtype=np.int64),
                1.0 - np.asarray(some, dtype=np.float32),
            )
            for ids, some in zip(found["ids"], distances, strict=True)
        ]

    def numbers(self) -> set[int]:
        """All passage numbers held."""
        with self._using():
            return {int(one) for one in self._collection.get(include=[])["ids"]}

    def vectors(self, numbers: Sequence[int]) -> dict[int, Vector]:
        """Passage number -> the vector held."""
        if not numbers:
            return {}
        with self._using():
            found = self._collection.get(
                ids=[str(number) for number in numbers], include=["embeddings"]
            )
        embeddings = found["embeddings"]
        if embeddings is None:
            return {}
        return {
            int(one): np.asarray(vector, dtype=np.float32)
            for one, vector in zip(found["ids"], embeddings, strict=True)
        }


@dataclass(frozen=True, slots=True)
class Served:
    """A collection on a Chroma server."""

    url: str
    """`http://HOST:PORT`."""
    collection: str

    def __str__(self) -> str:
        return f"{self.url}/{self.collection}"

    @classmethod
    def read(cls, text: str) -> Served:
        """The collection that `str` wrote."""
        url, _, name = text.rpartition("/")
        return cls(url, name)


@contextmanager
def told(url: str) -> Iterator[None]:
    """What the server reports, or that it does not answer, in our words.

    Raises IndexUnreachable, DamagedIndex.
    """
    import httpx
    from chromadb.errors import ChromaError, NotFoundError

    try:
        yield
    except NotFoundError as error:
        raise DamagedIndex(
            f"the vector index on {url} is gone: {error}",
            item=url,
            remedy="kb reindex makes it anew from the catalogue; nothing is lost",
        ) from error
    # Chroma turns a refused connection into a ValueError of its own.
    except (ChromaError, httpx.HTTPError, OSError, ValueError) as error:
        raise IndexUnreachable(
            f"the Chroma server {url} does not answer as it should: "
            f"{(str(error).splitlines() or [type(error).__name__])[0][:200]}",
            item=url,
            remedy="start it (chroma run), or mend `chroma_url` in settings.toml; until then "
            "vectors are compared one by one",
        ) from error


def client_of(url: str) -> Any:
    """A client of a Chroma server, one a process."""
    return _client_of(url.rstrip("/"))


@lru_cache(maxsize=4)
def _client_of(url: str) -> Any:
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    place = parse(url).place
    return chromadb.HttpClient(
        host=place.host,
        port=place.port,
        ssl=place.scheme == "https",
        settings=ChromaSettings(anonymized_telemetry=False),
    )


def _open_served(where: Served) -> tuple[Any, Collection]:
    with told(where.url):
        client = client_of(where.url)
        return client, client.get_or_create_collection(
            where.collection, configuration=_CONFIGURATION, embedding_function=None
        )


def _open(path: Path | Served) -> tuple[Any, Collection]:
    if isinstance(path, Served):
        return _open_served(path)
    # Imported here: half a second that lexical search and `kb --help` do not owe.
    import chromadb
    from chromadb.config import Settings as ChromaSettings
    from chromadb.errors import ChromaError

    try:
        client = chromadb.PersistentClient(
            str(path), settings=ChromaSettings(anonymized_telemetry=False)
        )
        collection = client.get_or_create_collection(
            COLLECTION,
            configuration=_CONFIGURATION,
            embedding_function=None,
        )
    except ChromaError as error:
        raise damaged_index("vector", path, str(error)) from error
    return client, collection


def _metadata(row: IndexRow) -> dict[str, Any]:
    """A paper's facts as Chroma takes them: no empty list, no None."""
    facts: dict[str, Any] = {"paper": row.paper.n, "paper_id": row.paper.paper_id}
    if row.paper.year is not None:
        facts["year"] = row.paper.year
    for facet, name in (("phase", "phases"), ("layer", "layers")):
        keys = list(row.paper.keys(facet))
        if keys:
            facts[name] = keys
    return facts
