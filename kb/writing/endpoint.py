"""Which language model writes, where it is asked, and how much it may take.

A library's settings may name an endpoint, and a library may come from somebody else: so the
key goes to an endpoint of this machine, or to the one that the person's environment names.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from ingest.url import BadUrl, Place, parse
from kb.errors import UsageError
from kb.settings import Settings

URL = "SIXFOLD_LLM_URL"
MODEL = "SIXFOLD_LLM_MODEL"
KEY = "SIXFOLD_LLM_KEY"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An OpenAI-compatible endpoint. Its key is in no object of ours: see `key`."""

    url: str
    """The base URL, e.g. `http://localhost:11434/v1`."""
    model: str
    seconds: float
    """Longest time of one answer."""
    tokens: int
    """Longest answer, in tokens of the model."""
    own: bool = False
    """True where the person's environment names the URL, and not the library's settings."""

    @property
    def place(self) -> Place:
        """Scheme, host and port."""
        return parse(self.url).place

    @property
    def host(self) -> str:
        """Host and port, where one is named."""
        return self.place.netloc

    @property
    def local(self) -> bool:
        """True where the text stays on this machine."""
        return self.place.loopback

    @property
    def trusted(self) -> bool:
        """True where the key may be sent: to this machine, or where the person says so."""
        return self.own or self.local

    @property
    def notice(self) -> str:
        """Where the text goes, said once; "" where it stays on this machine.

        Where a key is set but may not be sent, it says so, and why.
        """
        if self.local:
            return ""
        open_ = ", unencrypted" if self.url.startswith("http:") else ""
        told = f"The question and the passages found for it are sent to {self.host}{open_}."
        if key() and not self.trusted:
            told += (
                f" The key in {KEY} is not: the library's settings name this address. "
                f"Name it in {URL} to send the key."
            )
        return told


def read_endpoint(settings: Settings, environ: Mapping[str, str] = os.environ) -> Endpoint:
    """The endpoint of the environment, else of the settings.

    Raises UsageError `no_llm` where none or no model is named, `bad_llm_url` for a URL that
    cannot be used.
    """
    own = environ.get(URL, "").strip()
    url = own or settings.llm_url.strip()
    model = environ.get(MODEL, "").strip() or settings.llm_model.strip()
    for value, variable, setting in ((url, URL, "llm_url"), (model, MODEL, "llm_model")):
        if not value:
            raise UsageError(
                f"no language model is set up: {setting} is empty",
                item=setting,
                remedy=f"set {variable}, or {setting} in the library's settings.toml, e.g. "
                "http://localhost:11434/v1 for Ollama; or use --writer extractive",
                code="no_llm",
            )
    fault = _fault(url)
    if fault:
        # The URL is not repeated: it may hold a password.
        raise UsageError(
            f"llm_url {fault}",
            item="llm_url",
            remedy=f"give http://HOST:PORT/v1 or https://HOST/v1 in {URL} or llm_url; a key "
            f"goes into {KEY}",
            code="bad_llm_url",
        )
    seconds, tokens = settings.llm_seconds, settings.llm_tokens
    return Endpoint(url.rstrip("/"), model, seconds, tokens, own=bool(own))


def available(settings: Settings, environ: Mapping[str, str] = os.environ) -> str | None:
    """Why the language-model writer cannot be offered; None where it can."""
    try:
        read_endpoint(settings, environ)
    except UsageError as error:
        return f"{error.message}: {error.remedy}"
    return None


def key(environ: Mapping[str, str] = os.environ) -> str:
    """The key, read where it is sent and kept nowhere; "" where none is set.

    To be sent only to an endpoint that is `trusted`.
    """
    return environ.get(KEY, "").strip()


def _fault(url: str) -> str:
    """What is wrong with a URL, without repeating it; "" where nothing is."""
    try:
        parts = parse(url)
    except BadUrl as error:
        return str(error)
    if parts.query or parts.fragment:
        return "has something after ? or #"
    return ""
