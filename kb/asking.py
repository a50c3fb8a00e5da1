"""Looking into a question: what was found for it, and how well that supports an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kb.candidates import Pool, gather
from kb.catalogue import Filters
from kb.catalogue.values import Vector
from kb.library import Library
from kb.missing import lacking as lacking_words
from kb.question import Question, chunks, read_question, without
from kb.support import Signs, signs


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question, the papers that may answer it, and the signs of support."""

    question: Question
    pool: Pool
    signs: Signs
    lacking: Vector
    """(terms, dimension): the question without each of its terms, length 1."""
    unsaid: str = ""
    """A sentence on what no paper searched has, though it is asked for; "" for nothing."""


def look_into(library: Library, text: str, filters: Filters, among: Sequence[str] = ()) -> Inquiry:
    """Read the question, gather candidates, weigh the signs.

    Takes: among, the ids of the papers it is limited to, () for all.

    Raises ModelMismatch where the library's vectors come from another model.
    """
    library.require_model()
    snapshot = library.snapshot()
    passing = snapshot.mask(filters)
    if among:
        passing = passing & snapshot.columns.among(among)
    question = read_question(text, library.indexes.text, len(snapshot.table.n))
    pairs, lacking = chunks(question), without(question)
    vectors = library.embedder.encode_query([text, *pairs, *lacking])
    narrowed = bool(filters) or bool(among)
    pool = gather(library, snapshot, question, vectors[0], passing, narrowed=narrowed)
    end = 1 + len(pairs)
    weighed = signs(library, snapshot, question, pool, vectors[1:end], vectors[end:])
    unsaid = lacking_words(library, snapshot, question, passing)
    return Inquiry(question, pool, weighed, vectors[end:], unsaid)
