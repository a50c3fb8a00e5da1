"""One library's settings: one typed object, read once, passed down."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from platformdirs import user_data_path

from kb.errors import UsageError, unknown
from kb.model_files import DEFAULT_MODEL

FILE = "settings.toml"
PRECISIONS = ("auto", "fp32", "bf16", "onnx")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a user may set in `settings.toml` of the library's folder."""

    model: str = DEFAULT_MODEL
    """Embedding model: ours, or a sentence-transformers model by name or path."""
    precision: str = "auto"
    """`fp32` or `bf16` on torch, `onnx` (fp32), or `auto`: bf16 where the processor has it, else
    onnx (cosine to fp32 ≥ .9999)."""
    reranker: str = ""
    """A sentence-transformers CrossEncoder, by name or folder, that reads the first hits of a
    hybrid search again; "" = none. Slow without a graphics card, and never downloaded."""
    coder: str = ""
    """Name under which decisions are logged; "" = the system's user name."""
    threads: int = 2
    """Processor threads for embedding and exact scoring."""
    passage_tokens: int = 256
    """Longest passage with its title, in tokens of the model; MiniLM reads 256."""
    arxiv_url: str = "https://export.arxiv.org/api/query"
    """arXiv's API; a local server in tests."""
    arxiv_pdf_url: str = "https://arxiv.org/pdf/"
    """Where PDFs are fetched; the id is appended."""
    arxiv_delay: float = 3.0
    """Seconds between requests: https://info.arxiv.org/help/api/tou.html asks for 3."""
    arxiv_timeout: float = 30.0
    """Seconds to wait for an answer of arXiv."""
    stop_after: int = 25
    """Items in a row that fail for the same reason before adding stops and says so; 0: never.
    A failure of network, disk or parser process counts for five."""
    llm_url: str = ""
    """Base URL of an OpenAI-compatible endpoint, for answers by a language model; "": none.
    `SIXFOLD_LLM_URL` goes before it. The key is read from `SIXFOLD_LLM_KEY` alone."""
    llm_model: str = ""
    """The model's name there; `SIXFOLD_LLM_MODEL` goes before it."""
    llm_seconds: float = 120.0
    """Longest time for one answer of the language model."""
    llm_tokens: int = 800
    """Longest answer of the language model, in its tokens."""
    pdf_seconds: float = 60.0
    """Longest time for parsing one PDF."""
    pdf_megabytes: int = 200
    """Largest PDF that is read."""
    pdf_pages: int = 2000
    """Pages read of one PDF; the rest is left out with a note."""

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise unknown("precision", self.precision, PRECISIONS)
        if not 1 <= self.threads <= 256:
            raise UsageError(f"threads = {self.threads}: give 1 to 256", item="threads")
        if not 1 <= self.llm_seconds <= 3600:
            raise UsageError(
                f"llm_seconds = {self.llm_seconds}: give 1 to 3600", item="llm_seconds"
            )
        if not 16 <= self.llm_tokens <= 32768:
            raise UsageError(f"llm_tokens = {self.llm_tokens}: give 16 to 32768", item="llm_tokens")
        if self.stop_after < 0:
            raise UsageError(f"stop_after = {self.stop_after}: give 0 or more", item="stop_after")
        if not 64 <= self.passage_tokens <= 8192:
            raise UsageError(
                f"passage_tokens = {self.passage_tokens}: give 64 to 8192", item="passage_tokens"
            )


def load_settings(folder: Path) -> Settings:
    """The settings of the library in `folder`; defaults where it has no file.

    Raises UsageError for a key that is not known or a value of the wrong type.
    """
    path = folder / FILE
    if not path.is_file():
        return Settings()
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path}: {error}", item=str(path), remedy="mend the line, or delete the file"
        ) from error
    known = {field.name: type(field.default) for field in fields(Settings)}
    for key, value in values.items():
        if key in ("llm_key", "llm_api_key", "api_key"):
            raise UsageError(
                f"{path}: {key} is not kept in a file",
                item=key,
                remedy="take the line out and set SIXFOLD_LLM_KEY in the environment",
                code="key_in_file",
            )
        if key not in known:
            raise unknown("setting", key, sorted(known))
        wanted = known[key]
        if wanted is float and type(value) is int:
            values[key] = float(value)
        elif type(value) is not wanted:
            raise UsageError(
                f"{path}: {key} = {value!r} is not of type {wanted.__name__}",
                item=key,
                remedy=f"give a {wanted.__name__}",
            )
    return Settings(**values)


def default_folder() -> Path:
    """Where the library lies without `--library`: `KB_LIBRARY`, else the user's data folder."""
    named = os.environ.get("KB_LIBRARY", "")
    return Path(named).expanduser() if named else user_data_path("sixfold") / "library"
