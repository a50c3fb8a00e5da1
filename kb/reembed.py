"""Vectors made anew: all of them for another model, or those that are missing."""

from __future__ import annotations

from collections.abc import Callable

from ingest.split import embedding_text
from kb.catalogue.soundness import ToEmbed, put_vectors, to_embed
from kb.library import Library
from kb.model_files import cache_dir
from kb.vector_cache import VectorCache

# Texts embedded between two reports of progress.
STEP = 2_048


def embed_again(
    library: Library,
    *,
    everything: bool,
    on_progress: Callable[[int, int], None] | None = None,
) -> int:
    """Make the missing or wrong vectors anew; with `everything`, all of them.

    With `everything` the library is bound to the settings' model from then on. Vectors are
    kept by content on the way, so that a run cut short goes on where it was; the catalogue
    changes in one transaction at the end. `on_progress` is told (done, all). Returns how
    many vectors were made. Raises LibraryLocked; ModelMismatch unless `everything`.
    """
    if not everything:
        library.require_model()
    embedder = library.embedder
    with library.writing():
        with library.catalogue.read() as reader:
            texts = to_embed(reader, embedder.dimension, everything=everything)
        cache = VectorCache(cache_dir() / "vectors.sqlite", embedder.model_id)
        try:
            for start in range(0, len(texts), STEP):
                some = [_embedded(one) for one in texts[start : start + STEP]]
                cache.encode(some, embedder.encode, embedder.dimension)
                if on_progress:
                    on_progress(min(start + STEP, len(texts)), len(texts))
            held = [_embedded(one) for one in texts]
            vectors = cache.encode(held, embedder.encode, embedder.dimension)
        finally:
            cache.close()
        with library.catalogue.write() as writer:
            put_vectors(writer, texts, vectors)
            if everything:
                writer.set_meta("model", embedder.model_id)
        if everything:
            # Vectors of another length do not go into the same collection.
            library.indexes.discard()
    return len(texts)


def _embedded(one: ToEmbed) -> str:
    return embedding_text(one.title, one.text) if one.table == "passages" else one.text
