"""Looking into a question: what was found for it, and how well that supports an answer."""

from __future__ import annotations

from dataclasses import dataclass

from kb.candidates import Pool, gather
from kb.catalogue import Filters
from kb.library import Library
from kb.question import Question, chunks, read_question
from kb.support import Signs, signs


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question, the papers that may answer it, and the signs of support."""

    question: Question
    pool: Pool
    signs: Signs


def look_into(library: Library, text: str, filters: Filters) -> Inquiry:
    """Read the question, gather candidates, weigh the signs.

    Raises ModelMismatch where the library's vectors come from another model.
    """
    library.require_model()
    papers = len(library.snapshot().table.n)
    question = read_question(text, library.indexes.text, papers)
    vectors = library.embedder.encode_query([text, *chunks(question)])
    pool = gather(library, question, vectors[0], filters)
    return Inquiry(question, pool, signs(library, question, pool, vectors[1:]))
