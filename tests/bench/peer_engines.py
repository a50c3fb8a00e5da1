"""One other search engine, asked on its own: `python peer_engines.py ENGINE JOB ANSWER`.

Started by peers.py with the Python of another environment, which has bm25s, PyStemmer,
chromadb, sentence-transformers and txtai; nothing of Sixfold is imported. JOB is a JSON file
{documents: [[id, text]], queries: {id: text}, model, vectors, depth}; ANSWER gets {versions,
build_s, ms: [...], rankings: {id: [id, ...]}}. `vectors` is a .npy of the documents' vectors,
or null: then the engine embeds them itself, by the same model.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

# Of reciprocal rank fusion, as its authors set it.
RRF_K = 60

Ask = Callable[[str], list[str]]
"""A query -> document ids, best first."""


class Job:
    """Documents, queries, and the model for both."""

    def __init__(self, path: Path) -> None:
        read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        self.ids = [str(one) for one, _ in read["documents"]]
        self.texts = [str(text) for _, text in read["documents"]]
        self.queries: dict[str, str] = read["queries"]
        self.folder: str = read["model"]
        self.depth: int = read["depth"]
        self._vectors: str | None = read["vectors"]

    @cached_property
    def model(self) -> Any:
        """The embedding model, as sentence-transformers loads it."""
        return import_module("sentence_transformers").SentenceTransformer(self.folder, device="cpu")

    def encode(self, texts: Sequence[str]) -> Any:
        """(n, dimension) vectors of length 1."""
        return self.model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)

    def vectors(self) -> Any:
        """(documents, dimension): those given, else made now."""
        return np.load(self._vectors) if self._vectors else self.encode(self.texts)


def chroma(job: Job) -> Ask:
    """Chroma with its default settings (cosine), one document a paper."""
    import chromadb
    from chromadb.config import Settings

    place = tempfile.mkdtemp(prefix="peer-chroma-")
    client = chromadb.PersistentClient(place, settings=Settings(anonymized_telemetry=False))
    collection = client.create_collection(
        "papers", configuration={"hnsw": {"space": "cosine"}}, embedding_function=None
    )
    vectors = job.vectors()
    for start in range(0, len(job.ids), 2_000):
        part = slice(start, start + 2_000)
        collection.add(ids=job.ids[part], embeddings=vectors[part], documents=list(job.texts[part]))

    def ask(query: str) -> list[str]:
        found = collection.query(
            query_embeddings=job.encode([query]), n_results=job.depth, include=["distances"]
        )
        return list(found["ids"][0])

    return ask


def bm25(job: Job) -> Ask:
    """bm25s (Lucene's formula) with English stop words and stems."""
    engine = import_module("bm25s")
    stemmer = import_module("Stemmer").Stemmer("english")

    def tokens(texts: Sequence[str]) -> Any:
        return engine.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False)

    index = engine.BM25()
    index.index(tokens(job.texts), show_progress=False)

    def ask(query: str) -> list[str]:
        rows, scores = index.retrieve(
            tokens([query]), k=min(job.depth, len(job.ids)), show_progress=False
        )
        return [job.ids[row] for row, score in zip(rows[0], scores[0], strict=True) if score > 0]

    return ask


def fusion(job: Job) -> Ask:
    """Reciprocal rank fusion of the two."""
    legs = (bm25(job), chroma(job))

    def ask(query: str) -> list[str]:
        scores: dict[str, float] = {}
        for leg in legs:
            for rank, one in enumerate(leg(query), 1):
                scores[one] = scores.get(one, 0.0) + 1 / (RRF_K + rank)
        return sorted(scores, key=lambda one: (-scores[one], one))[: job.depth]

    return ask


def txtai(job: Job) -> Ask:
    """txtai's own hybrid search, default weights."""
    given = dict(zip(job.texts, job.vectors(), strict=True))

    def transform(texts: Sequence[str]) -> Any:
        if all(text in given for text in texts):
            return np.stack([given[text] for text in texts])
        return job.encode(texts)

    embeddings = import_module("txtai").Embeddings(
        method="external", transform=transform, hybrid=True, content=False
    )
    embeddings.index(zip(job.ids, job.texts, strict=True))
    return lambda query: [str(one) for one, _ in embeddings.search(query, job.depth)]


ENGINES: dict[str, tuple[Callable[[Job], Ask], tuple[str, ...]]] = {
    "chroma": (chroma, ("chromadb",)),
    "bm25s": (bm25, ("bm25s",)),
    "rrf": (fusion, ("bm25s", "chromadb")),
    "txtai": (txtai, ("txtai",)),
}


def main() -> None:
    """Build the index, ask all queries, write the answer."""
    name, job_path, answer_path = sys.argv[1:]
    make, packages = ENGINES[name]
    job = Job(Path(job_path))
    job.encode(["warm up"])  # loads the model before the clocks
    start = time.perf_counter()
    ask = make(job)
    built = time.perf_counter() - start
    ask("warm up")
    rankings, taken = {}, []
    for key, query in job.queries.items():
        start = time.perf_counter()
        rankings[key] = ask(query)
        taken.append((time.perf_counter() - start) * 1000)
    answer = {
        "versions": {package: version(package) for package in packages},
        "build_s": built,
        "ms": taken,
        "rankings": rankings,
    }
    Path(answer_path).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
