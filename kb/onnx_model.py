"""The query model: the default model on ONNX Runtime, without torch.

Importing torch takes longer than a whole search should. So the same weights are
exported once (`python -m kb.embed`, part of `make install`) and queries run here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from kb.catalogue.values import Vector
from kb.model_files import GENUINE_SHA256, ModelFiles, cache_dir

# ONNX Runtime writes to its maker's queue as soon as it is loaded, unless told before.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

MAX_TOKENS = 256
"""What the model reads; longer input is cut, special tokens included."""

TOKENS = 2_048
"""Tokens of one batch of documents, padding included: of 512 to 8,192 about the fastest."""

Ids = npt.NDArray[np.int64]

# Raised when the export changes, so that an older file in the cache is not used.
EXPORT_VERSION = 1


def export_path() -> Path:
    """Where the exported query model lies, or will lie."""
    return cache_dir() / "models" / f"minilm-{GENUINE_SHA256[:12]}-v{EXPORT_VERSION}.onnx"


class TokenCounter:
    """Counts the tokens of texts, special tokens included."""

    def __init__(self, model: ModelFiles) -> None:
        self._tokenizer = Tokenizer.from_file(str(model.tokenizer))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def __call__(self, texts: list[str]) -> list[int]:
        """The number of tokens of each text."""
        encoded = self._tokenizer.encode_batch_fast(texts)
        return [len(one.ids) for one in encoded]


class Batches:
    """Cuts texts into batches of even work: texts of like length, about `tokens` tokens."""

    def __init__(self, model: ModelFiles, tokens: int = TOKENS) -> None:
        self._tokens = tokens
        self._tokenizer = Tokenizer.from_file(str(model.tokenizer))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.no_padding()

    def __call__(self, texts: Sequence[str]) -> Iterator[tuple[list[int], Ids, Ids]]:
        """(places in `texts`, token ids, mask of real tokens), the longest texts first."""
        ids = [one.ids for one in self._tokenizer.encode_batch_fast(list(texts))]
        order = sorted(range(len(ids)), key=lambda i: -len(ids[i]))
        start = 0
        while start < len(order):
            width = len(ids[order[start]])
            rows = order[start : start + max(1, self._tokens // width)]
            padded = np.zeros((len(rows), width), dtype=np.int64)
            mask = np.zeros_like(padded)
            for at, row in enumerate(rows):
                padded[at, : len(ids[row])] = ids[row]
                mask[at, : len(ids[row])] = 1
            yield rows, padded, mask
            start += len(rows)


class OnnxModel:
    """Texts to unit vectors on ONNX Runtime."""

    def __init__(self, model: ModelFiles, path: Path, *, threads: int) -> None:
        self._tokenizer = Tokenizer.from_file(str(model.tokenizer))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.enable_padding(pad_id=0, pad_token="[PAD]")  # noqa: S106 - no secret
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Else its threads go on spinning after a query, against BM25 and scoring: a search of
        # 89,000 passages took twice the processor time (42 ms for 22, on 2 busy cores).
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )

    def encode(self, texts: list[str]) -> Vector:
        """(n, 384) float32 vectors of length 1."""
        encoded = self._tokenizer.encode_batch(texts)
        return self.vectors(
            np.array([one.ids for one in encoded], dtype=np.int64),
            np.array([one.attention_mask for one in encoded], dtype=np.int64),
        )

    def vectors(self, ids: Ids, mask: Ids) -> Vector:
        """(n, 384) float32 vectors of length 1 of (n, width) padded token ids."""
        vectors: Vector = self._session.run(["vectors"], {"ids": ids, "mask": mask})[0]
        return vectors
