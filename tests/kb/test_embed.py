"""The genuine model, the same on both engines, cut nowhere in silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kb.embed import Embedder, fast_bf16
from kb.errors import ModelError
from kb.model_files import DEFAULT_MODEL, ModelFiles, find_model
from kb.vector_cache import VectorCache

TEXTS = [
    "How do language models hallucinate package names?",
    "unlearning",
    "We present a benchmark of 1,200 repository-level completion tasks. " * 12,
    "要求工程 and naïve café — “quotes”",
    "",
]


@pytest.fixture(scope="module")
def documents() -> Embedder:
    return Embedder(DEFAULT_MODEL, threads=1, precision="fp32")


def test_query_model_agrees_with_sentence_transformers(documents: Embedder) -> None:
    expected = documents.encode(TEXTS)
    together = documents.encode_query(TEXTS)
    alone = np.concatenate([documents.encode_query([text]) for text in TEXTS])
    assert (expected * together).sum(axis=1).min() >= 0.9999
    assert (expected * alone).sum(axis=1).min() >= 0.9999
    assert np.linalg.norm(together, axis=1) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.skipif(not fast_bf16(), reason="this processor has no bf16 units")
def test_bf16_is_close_enough(documents: Embedder) -> None:
    fast = Embedder(DEFAULT_MODEL, threads=1, precision="bf16").encode(TEXTS[:4])
    assert (documents.encode(TEXTS[:4]) * fast).sum(axis=1).min() >= 0.999


def test_order_of_texts_does_not_matter(documents: Embedder) -> None:
    there, back = documents.encode(TEXTS), documents.encode(TEXTS[::-1])[::-1]
    assert (there * back).sum(axis=1).min() >= 0.99999


def test_tokens_count_the_special_ones(documents: Embedder) -> None:
    assert documents.count_tokens(["", "model code"]) == [2, 4]


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    genuine = Path(find_model(DEFAULT_MODEL).path)
    for file in genuine.iterdir():
        if file.is_file() and file.name != "model.safetensors":
            (tmp_path / file.name).symlink_to(file)
    weights = bytearray((genuine / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (tmp_path / "model.safetensors").write_bytes(weights)
    with pytest.raises(ModelError) as caught:
        ModelFiles(DEFAULT_MODEL, str(tmp_path)).check()
    assert "not the genuine" in caught.value.message
    assert "pip install" in caught.value.remedy


def test_another_model_that_is_not_here_says_so(tmp_path: Path) -> None:
    embedder = Embedder(str(tmp_path / "none"), threads=1)
    with pytest.raises(ModelError):
        embedder.encode(["x"])


def test_cache_embeds_each_text_once(tmp_path: Path, documents: Embedder) -> None:
    asked: list[str] = []

    def encode(texts: object) -> np.ndarray:
        asked.extend(texts)  # type: ignore[arg-type]
        return documents.encode(texts)  # type: ignore[arg-type]

    cache = VectorCache(tmp_path / "vectors.sqlite", "m")
    first = cache.encode(["a b", "c"], encode, 384)
    again = cache.encode(["c", "a b", "c"], encode, 384)
    assert sorted(asked) == ["a b", "c"]
    assert np.array_equal(first[[1, 0, 1]], again)
    other = VectorCache(tmp_path / "vectors.sqlite", "another model")
    other.encode(["c"], encode, 384)
    assert asked.count("c") == 2
    cache.close()
    other.close()
