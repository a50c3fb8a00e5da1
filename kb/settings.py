"""One library's settings: one typed object, read once, passed down."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from platformdirs import user_data_path

from ingest.url import BadUrl, parse, parse_place
from kb.errors import UsageError, unknown
from kb.model_files import DEFAULT_MODEL

FILE = "settings.toml"
_RANGES = {
    "threads": (1, 256),
    "passage_tokens": (64, 8192),
    "arxiv_delay": (0, 3600),
    "arxiv_timeout": (0.1, 3600),
    "llm_seconds": (1, 3600),
    "llm_tokens": (16, 32768),
    "pdf_seconds": (0.1, 86_400),
    "pdf_megabytes": (1, 100_000),
    "pdf_pages": (1, 1_000_000),
}
"""Setting -> least and greatest value."""
_OR_OUT = f"change the line in {FILE}, or take it out"
_NAMED = {
    str: "text, in quotes",
    int: "a whole number",
    float: "a number",
    tuple: "a list of texts, in brackets",
    bool: "true or false",
}
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
    allow_hosts: tuple[str, ...] = ()
    """Places besides arXiv's that may be asked: scheme, host and port, exactly, e.g.
    `["http://127.0.0.1:8000"]`. This machine may be named, a private network may not."""
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

    catalogue_url: str = ""
    """`postgresql+psycopg://USER@HOST:PORT/DATABASE`: the catalogue lies there; "" = in an SQLite
    file in this folder. `SIXFOLD_CATALOGUE_URL` goes before it. No password stands in it."""
    chroma_url: str = ""
    """`http://HOST:PORT` of a Chroma server that keeps the vectors' index; "" = in this folder.
    Of another machine than this one it stands in `allow_hosts` too."""

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise unknown("precision", self.precision, PRECISIONS)
        for entry in self.allow_hosts:
            _check_place(entry)
        if self.chroma_url:
            _check_place(self.chroma_url, "chroma_url")
        if self.chroma_url:
            _check_asked("chroma_url", self.chroma_url, self.allow_hosts)
        if self.stop_after < 0:
            raise UsageError(
                f"stop_after = {self.stop_after} is below 0", item="stop_after", remedy=_OR_OUT
            )
        for name, (least, most) in _RANGES.items():
            # Not a number (nan) is in no range.
            if not least <= getattr(self, name) <= most:
                given = f"{getattr(self, name):g}"
                raise UsageError(
                    f"{name} = {given}: give {least:g} to {most:g}", item=name, remedy=_OR_OUT
                )


def _check_place(entry: str, name: str = "allow_hosts") -> None:
    try:
        parse_place(entry)
    except BadUrl as error:
        # Not repeated: it may hold a password.
        raise UsageError(
            f"{name}: an entry {error}",
            item=name,
            remedy='give scheme, host and port, e.g. ["http://127.0.0.1:8000"]',
            code=f"bad_{name}",
        ) from None


def _check_llm(url: str) -> None:
    """Refuse what is no web address at all; the rest is looked at where it is asked."""
    if url and not url.lower().startswith(("http://", "https://")):
        raise UsageError(
            "llm_url begins with neither http:// nor https://",
            item="llm_url",
            remedy="give http://HOST:PORT/v1 or https://HOST/v1; a key goes into SIXFOLD_LLM_KEY",
            code="bad_llm_url",
        )


def _check_asked(name: str, url: str, entries: tuple[str, ...]) -> None:
    """Refuse an address that lies neither here nor at a place that is named."""
    try:
        place = parse(url).place
    except BadUrl as error:
        raise UsageError(
            f"{name} {error}", item=name, remedy="give http://HOST:PORT", code="not_allowed"
        ) from None
    if not place.loopback and place not in map(parse_place, entries):
        raise UsageError(
            f"{name}: {place} is not among the hosts that may be asked",
            item=name,
            remedy=f'where you trust it, add allow_hosts = ["{place}"] to settings.toml',
            code="not_allowed",
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
    except (ValueError, RecursionError) as error:
        # A number of 5,000 digits and a thousand brackets are TOML too.
        raise UsageError(
            f"{path}: {str(error).splitlines()[0]:.200}",
            item=str(path),
            remedy="mend the line, or delete the file",
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
        values[key] = _typed(path, key, value, known[key])
    _check_llm(str(values.get("llm_url", "")).strip())
    return Settings(**values)


def _typed(path: Path, key: str, value: object, wanted: type) -> object:
    """A value as the setting holds it. Raises UsageError where it is of another type."""
    if wanted is float and type(value) is int:
        return float(value)
    if wanted is tuple and type(value) is list and all(type(one) is str for one in value):
        return tuple(value)
    if type(value) is not wanted or wanted is tuple:
        # The value is not repeated: an address may hold a password.
        raise UsageError(f"{path}: {key} must be {_NAMED[wanted]}", item=key, remedy=_OR_OUT)
    return value


READ_ONLY = "SIXFOLD_READ_ONLY"
"""Environment variable: `1` where the app shows the library and nobody may change it."""


USER_HEADER = "SIXFOLD_USER_HEADER"
"""Environment variable: the header in which a proxy names who is signed in, e.g.
`X-Forwarded-User`. Unset: no header is believed."""


def only_shown() -> bool:
    """True where the app was told to change nothing (`kb app --read-only`)."""
    return os.environ.get(READ_ONLY, "").strip().lower() not in ("", "0", "false", "no")


def default_folder() -> Path:
    """Where the library lies without `--library`: `KB_LIBRARY`, else the user's data folder."""
    named = os.environ.get("KB_LIBRARY", "")
    return Path(named).expanduser() if named else user_data_path("sixfold") / "library"
