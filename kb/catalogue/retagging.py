"""Machine tags of all papers at once: read, and replaced by a newer tagger's."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, delete, select

from kb.catalogue.decisions import effective, read_log
from kb.catalogue.fronts import Fronts
from kb.catalogue.reading import Reader, chunks
from kb.catalogue.sums import sum_of
from kb.catalogue.tables import papers, tags
from kb.catalogue.values import StoredTag
from kb.catalogue.writing import Writer


def machine_tags(reader: Reader) -> dict[int, set[tuple[str, str]]]:
    """Paper number -> (facet, key) of its machine tags."""
    found: dict[int, set[tuple[str, str]]] = {}
    query = select(tags.c.paper, tags.c.facet, tags.c.key).where(tags.c.by == "machine")
    for row in reader.connection.execute(query.where(tags.c.present)):
        found.setdefault(row.paper, set()).add((row.facet, row.key))
    return found


def original_tags(reader: Reader, mark: str) -> dict[int, list[StoredTag]]:
    """Paper number -> the machine's tags whose version lacks `mark`, also those set aside."""
    found: dict[int, list[StoredTag]] = {}
    query = select(tags).where(tags.c.by == "machine", ~tags.c.version.contains(mark))
    for row in reader.connection.execute(query):
        tag = StoredTag(
            row.facet, row.key, row.score, tuple(row.evidence), row.by, row.method, row.version
        )
        found.setdefault(row.paper, []).append(tag)
    return found


def retag(
    writer: Writer,
    fronts: Fronts,
    tagged: Sequence[tuple[Sequence[StoredTag], Mapping[str, Mapping[str, float]]]],
    facets: Mapping[str, Sequence[str]],
) -> set[int]:
    """Replace the machine's tags and scores of these papers in the categories of `facets`.

    Gives the papers (numbers) that changed for readers; the caller has the indexes follow.
    Categories that `facets` does not name, and all that people decided, stay.
    """
    before = machine_tags(writer)
    known = {(facet, key) for facet, keys in facets.items() for key in keys}
    decided = set(effective(read_log(writer.connection)))
    rows, scores, changed = [], [], set()
    for at, number in enumerate(fronts.numbers.tolist()):
        fresh, said = tagged[at]
        now = {(tag.facet, tag.key) for tag in fresh if tag.present}
        moved = now ^ (before.get(number, set()) & known)
        if any((fronts.ids[at], *pair) not in decided for pair in moved):
            changed.add(number)
        rows += [
            dataclasses.asdict(tag) | {"paper": number, "evidence": list(tag.evidence)}
            for tag in fresh
        ]
        merged = {
            facet: {**fronts.scores[at].get(facet, {}), **some} for facet, some in said.items()
        }
        scores.append((number, {**fronts.scores[at], **merged}))
    for facet, keys in facets.items():
        for batch in chunks(fronts.numbers.tolist()):
            mine = (tags.c.paper.in_(batch), tags.c.facet == facet, tags.c.key.in_(list(keys)))
            writer.connection.execute(delete(tags).where(*mine, tags.c.by == "machine"))
    if rows:
        writer.connection.execute(tags.insert(), rows)
    _keep_scores(writer, scores)
    return changed


def _keep_scores(writer: Writer, scores: Sequence[tuple[int, Mapping[str, object]]]) -> None:
    statement = papers.update().where(papers.c.n == bindparam("number"))
    if scores:
        writer.connection.execute(
            statement.values(scores=bindparam("said"), scores_sum=bindparam("made")),
            [
                {"number": n, "said": said, "made": sum_of(papers.c.scores_sum, {"scores": said})}
                for n, said in scores
            ],
        )
