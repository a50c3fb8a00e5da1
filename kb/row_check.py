"""Does what the catalogue says of a paper agree with itself? For damage that no engine sees."""

from __future__ import annotations

from collections.abc import Iterator

from kb.bundle_records import what_is_wrong
from kb.catalogue.carrying import CarriedPaper, all_carried
from kb.catalogue.reading import Reader
from kb.catalogue.soundness import NAMED, Unsound, passage_names, titles
from kb.titles import title_key


def odd(reader: Reader) -> list[Unsound]:
    """Papers with values that cannot be, or that contradict each other.

    Takes a catalogue whose vectors are all of one length.
    """
    found = {f"{paper_id}: {why}": None for paper_id, why in _odd(reader)}
    return [Unsound("odd_values", len(found), tuple(list(found)[:NAMED]))] if found else []


def _odd(reader: Reader) -> Iterator[tuple[str, str]]:
    for paper in all_carried(reader):
        if why := what_is_wrong(paper) or _contradiction(paper):
            yield paper.paper_id, why
    newest = reader.generation
    for paper_id, title, key, generation in titles(reader):
        if key is not None and key != title_key(title):
            yield paper_id, "its title is not the one that was compared with others"
        if not 0 < generation <= newest:
            yield paper_id, f"of generation {generation}, beyond {newest}"
    for paper_id, name, ordinal in passage_names(reader):
        if name != f"{paper_id}#{ordinal}":
            yield paper_id, f"its passage {ordinal} is called {name}"


def _contradiction(paper: CarriedPaper) -> str:
    facts = paper.facts
    published = facts["published"][:4]
    if facts["year"] != (int(published) if published.isdecimal() else None):
        return f"published {facts['published']}, in {facts['year']}"
    # What is read off a PDF may differ from what a record says of it.
    held = facts["full_text"] or any(facts["abstract"] in said for _, said in paper.page_texts)
    return "" if held or not facts["abstract"] else "its abstract is not in its stored text"
