"""The model as a background job uses it: beside people who wait for a page, telling its steps."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from functools import lru_cache, partial

from kb.batches import EncodeTexts
from kb.catalogue.values import Vector
from kb.embed import Embedder
from kb.library import Library
from kb.pages.parts.jobs import Job

# One thread, and a quarter of the usual batch: pages get the other processors, and what is
# done shows soon. The settings' threads are the command line's.
_THREADS, _TOKENS = 1, 512


def encoding(library: Library, job: Job) -> EncodeTexts:
    """Embeds texts for a job, and notes on it whether it loads the model or how far it is."""
    settings, own = library.settings, library.embedder
    # Another model is no small one, and serves questions too: there is but one of it.
    embedder = _quiet(settings.model, settings.precision) if own.files.is_default else own
    return partial(_encode, embedder, job)


# The thread in which Streamlit draws a page, and the seconds that a job rests for it after each
# quarter batch. Resting holds nothing; a nicer thread would hold the interpreter's lock while
# other programs run.
_DRAWING, _REST, _LOOK = "ScriptRunner.scriptThread", 0.2, 0.02


def _give_way() -> None:
    """Rest for as long as a page is being drawn, within limits: the job goes on all the same."""
    end = time.monotonic() + _REST
    while time.monotonic() < end and any(one.name == _DRAWING for one in threading.enumerate()):
        time.sleep(_LOOK)


@lru_cache(maxsize=1)
def _quiet(model: str, precision: str) -> Embedder:
    return Embedder(model, threads=_THREADS, precision=precision, tokens=_TOKENS)


def _encode(embedder: Embedder, job: Job, texts: Sequence[str]) -> Vector:
    def forward(count: int) -> None:
        """Count some texts, then let a waiting question go first."""
        job.texts = (job.texts[0] + count, len(texts))
        if embedder.files.is_default:  # else questions wait for this very model
            _give_way()

    job.at = "load"
    embedder.load()  # imports torch, here and not while a page is drawn
    job.at, job.texts = "embed", (0, len(texts))
    vectors = embedder.encode(texts, forward)
    job.at = "keep"
    return vectors
