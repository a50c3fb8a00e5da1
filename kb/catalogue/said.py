"""Whether what papers say may have changed, told without reading it."""

from __future__ import annotations

from sqlalchemy import Table, func, select

from kb.catalogue.reading import Reader
from kb.catalogue.soundness import misquoted
from kb.catalogue.tables import passages, sentences

Said = tuple[tuple[int, ...], tuple[int, ...], frozenset[str]]
"""Sums of the sentences, sums of the passages, and the passages that may not be quoted."""


def state_of_text(reader: Reader) -> Said:
    """Another value once a passage or a sentence was written, moved, judged anew or removed.

    Costs a scan of both tables by the engine: 0.06 s of 62,809 sentences.
    """
    sums = _sums(reader, sentences), _sums(reader, passages)
    return *sums, frozenset(misquoted(reader))


def _sums(reader: Reader, table: Table) -> tuple[int, ...]:
    # Spans beside the sums: a disk may change them, and a quote must stand where it is said to.
    summed = (table.c.row_sum, table.c.vector_sum, table.c.start, table.c.stop)
    query = select(func.count(), *(func.coalesce(func.sum(one), 0) for one in summed))
    found = reader.connection.execute(query.select_from(table)).one()
    return tuple(int(one) for one in found)
