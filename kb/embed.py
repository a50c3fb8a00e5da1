"""Texts to unit vectors: documents through sentence-transformers, queries on ONNX Runtime.

`python -m kb.embed` exports the query model into the user's cache.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kb.catalogue.values import Vector
from kb.errors import ModelError
from kb.model_files import ModelFiles, find_model
from kb.onnx_model import MAX_TOKENS, TOKENS, Batches, Ids, OnnxModel, TokenCounter, export_path

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

# Texts of a batch share its longest length; 32 keeps two cores busy and padding small.
BATCH = 32

Progress = Callable[[int], None]
"""Called with the number of texts just embedded."""


class Embedder:
    """One embedding model, loaded when first needed.

    `encode` serves documents (sentence-transformers, torch); `encode_query` serves
    questions (ONNX Runtime for the default model, the same weights). `tokens` is about
    what the default model reads at once.
    """

    def __init__(
        self, model: str, *, threads: int, precision: str = "auto", tokens: int = TOKENS
    ) -> None:
        self.files: ModelFiles = find_model(model)
        self.threads = threads
        self.precision = precision
        self.tokens = tokens
        self._documents: SentenceTransformer | None = None
        self._queries: OnnxModel | None = None
        self._batches: Batches | None = None
        self._counter: Callable[[list[str]], list[int]] | None = None
        # The app's threads share one model: it is loaded once, and the tokenizer of
        # sentence-transformers serves one caller at a time. Questions to the query model
        # do not wait for documents.
        self._guard = threading.RLock()
        self._query_guard = threading.Lock()

    @property
    def model_id(self) -> str:
        """The model's name, with the weights' hash where it is ours."""
        return self.files.model_id

    @property
    def dimension(self) -> int:
        """Length of the vectors."""
        if self.files.is_default:
            return 384
        found = self._sentence_transformer().get_sentence_embedding_dimension()
        if found is None:
            raise ModelError(f"{self.files.name} does not tell its dimension", item=self.files.name)
        return int(found)

    @property
    def max_tokens(self) -> int:
        """Tokens that the model reads of one text, special ones included."""
        if self.files.is_default:
            return MAX_TOKENS
        return int(self._sentence_transformer().max_seq_length or MAX_TOKENS)

    def load(self) -> None:
        """Load what embeds documents: seconds the first time, nothing after. Raises ModelError."""
        if self.files.is_default and self.engine == "onnx":
            self._query_model()
        else:
            self._sentence_transformer()

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vector:
        """(n, dimension) float32 vectors of length 1, longest texts first for little padding."""
        with self._guard:
            return self._encode(texts, progress)

    def _encode(self, texts: Sequence[str], progress: Progress | None) -> Vector:
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        if self.files.is_default and self.engine != "fp32":
            return self._encode_evenly(texts, progress)
        model = self._sentence_transformer()
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(order), BATCH * 8):
            some = order[start : start + BATCH * 8]
            vectors[some] = (
                model.encode(
                    [texts[i] for i in some],
                    batch_size=BATCH,
                    convert_to_tensor=True,
                    normalize_embeddings=True,
                    show_progress_bar=False,
                )
                .float()
                .cpu()
                .numpy()
            )
            if progress:
                progress(len(some))
        return unit(vectors)

    @property
    def engine(self) -> str:
        """What runs the default model: `bf16` or `fp32` on torch, `onnx` in fp32.

        Left to itself, bf16 where the processor multiplies it, else ONNX Runtime: each is
        the fastest there of those with a cosine of .999 or more to torch in fp32 (int8 has
        .98). Another model runs on torch.
        """
        if self.precision != "auto":
            return self.precision
        return "bf16" if fast_bf16() else "onnx"

    def _encode_evenly(self, texts: Sequence[str], progress: Progress | None) -> Vector:
        """The same for the default model, in batches of even work."""
        if self._batches is None:
            self._batches = Batches(self.files, self.tokens)
        vectors_of = self._query_model().vectors if self.engine == "onnx" else self._in_torch
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for rows, ids, mask in self._batches(texts):
            vectors[rows] = vectors_of(ids, mask)
            if progress:
                progress(len(rows))
        return unit(vectors)

    def _in_torch(self, ids: Ids, mask: Ids) -> Vector:
        model = self._sentence_transformer()
        import torch

        features = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
        with torch.inference_mode():
            vectors: Vector = model(features)["sentence_embedding"].float().numpy()
        return vectors

    def encode_query(self, texts: Sequence[str]) -> Vector:
        """(n, dimension) float32 vectors of length 1, without torch for the default model."""
        if not self.files.is_default:
            return self.encode(texts)
        return self._query_model().encode(list(texts))

    def _query_model(self) -> OnnxModel:
        """The exported model, loaded once; the export is made where it is not there."""
        with self._query_guard:
            if self._queries is None:
                path = export_path()
                if not path.is_file():
                    export_query_model(self.files, path)
                self._queries = OnnxModel(self.files, path, threads=self.threads)
            return self._queries

    def count_tokens(self, texts: list[str]) -> list[int]:
        """Tokens of each text as the model sees it, special tokens included."""
        if self._counter is None:
            if self.files.is_default:
                self._counter = TokenCounter(self.files)
            else:
                tokenizer = self._sentence_transformer().tokenizer
                self._counter = lambda some: [
                    len(ids) for ids in tokenizer(some, truncation=False)["input_ids"]
                ]
        if self.files.is_default:
            return self._counter(texts)
        with self._guard:
            return self._counter(texts)

    def _sentence_transformer(self) -> SentenceTransformer:
        with self._guard:
            if self._documents is None:
                self.files.check()
                self._documents = _load(self.files, self.threads, self.precision)
            return self._documents


class Reranker:
    """A CrossEncoder of sentence-transformers: reads question and text together.

    Raises ModelError where its files are not on this machine: none is fetched.
    """

    def __init__(self, name: str, *, threads: int) -> None:
        self._guard = threading.Lock()
        # As for embedding: imported here, for searching without it never needs torch.
        import torch
        from sentence_transformers import CrossEncoder

        torch.set_num_threads(threads)
        try:
            self._model = CrossEncoder(name, device="cpu", num_labels=1, local_files_only=True)
        except (OSError, ValueError, RuntimeError) as error:
            raise ModelError(
                f"cannot load the reranker {name}: {str(error).splitlines()[0]}",
                item=name,
                remedy="name a CrossEncoder's folder on this machine, or search without a reranker",
            ) from error

    def scores(self, question: str, texts: Sequence[str]) -> Vector:
        """(n,) float32: how well each text fits, the higher the better; no fixed scale."""
        pairs = [(question, text) for text in texts]
        with self._guard:
            found = self._model.predict(pairs, batch_size=BATCH, show_progress_bar=False)
        return np.asarray(found, dtype=np.float32).reshape(len(texts))


@lru_cache(maxsize=1)
def load_reranker(name: str, threads: int) -> Reranker:
    """The reranker `name` (or its folder), kept for the next search. Raises ModelError."""
    return Reranker(name, threads=threads)


def unit(vectors: Vector) -> Vector:
    """Rows scaled to length 1; a zero row stays zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)


def fast_bf16() -> bool:
    """True where the processor multiplies bfloat16 natively."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def _load(files: ModelFiles, threads: int, precision: str) -> SentenceTransformer:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # Threads that wait for one another sleep: spinning, they cost whoever searches meanwhile
    # several times the work itself.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    if files.is_default:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    # Imported here: eight seconds and a gigabyte that searching never needs.
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # its bar for a half-second load would break ours
    torch.set_num_threads(threads)
    try:
        model = SentenceTransformer(files.path, device="cpu")
    except (OSError, ValueError) as error:
        raise ModelError(
            f"cannot load the model {files.name}: {str(error).splitlines()[0]}",
            item=files.name,
            remedy="set `model` in the library's settings.toml to a model folder on this machine",
        ) from error
    model.max_seq_length = MAX_TOKENS if files.is_default else model.max_seq_length or MAX_TOKENS
    if precision == "bf16" or (precision == "auto" and fast_bf16()):
        model = model.to(torch.bfloat16)
    return model.eval()


def export_query_model(files: ModelFiles, target: Path) -> Path:
    """Write the default model as ONNX to `target` (90 MB, once, about ten seconds)."""
    import torch

    files.check()
    transformer: Any = _load(files, threads=1, precision="fp32")[0].auto_model
    transformer.set_attn_implementation("eager")

    class Pooled(torch.nn.Module):
        """Mean pooling and length 1, as the model's own modules do."""

        def __init__(self) -> None:
            super().__init__()
            self.transformer = transformer

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            """Unit vectors (texts, dimension) of tokens and their mask (texts, tokens)."""
            hidden = self.transformer(
                input_ids=ids, attention_mask=mask, token_type_ids=torch.zeros_like(ids)
            ).last_hidden_state
            weight = mask.unsqueeze(-1).to(hidden.dtype)
            mean = (hidden * weight).sum(1) / weight.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(mean, dim=1)

    example = torch.ones(2, 8, dtype=torch.long)
    axes = {0: torch.export.Dim("texts"), 1: torch.export.Dim("tokens")}
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns about its own internals
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # and misses torchvision
        torch.onnx.export(
            Pooled().eval(),
            (example, torch.ones_like(example)),
            str(part),
            input_names=["ids", "mask"],
            output_names=["vectors"],
            dynamo=True,
            external_data=False,
            verbose=False,
            dynamic_shapes={"ids": axes, "mask": axes},
        )
    part.replace(target)  # atomic: two first runs at once both end well
    return target


def main() -> int:
    """Export the query model into the cache, unless it is there."""
    files = find_model("all-MiniLM-L6-v2")
    path = export_path()
    if not path.is_file():
        export_query_model(files, path)
    sys.stdout.write(f"query model: {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
