"""What another process adds is found, whenever the catalogue was looked at in between."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from ingest.records import Paper
from ingest.sources import FileSource, Found
from kb.adding import add
from kb.library import Library
from kb.search import search


def test_an_index_that_follows_after_the_catalogue_was_read_is_seen(library: Library) -> None:
    paper = Paper("2403.00009", "On zorblax models", abstract="We study the zorblax.")
    with closing(Library.open(Path(library.folder))) as reader:
        assert not search(reader, "zorblax", mode="lexical").hits
        reader_saw: list[int] = []
        follow = library.indexes.follow

        def looked_at_in_between(catalogue: object) -> None:
            # Between the commit and the index, as a busy reader does.
            reader_saw.append(len(search(reader, "zorblax", mode="lexical").hits))
            follow(catalogue)  # type: ignore[arg-type]

        library.indexes.follow = looked_at_in_between  # type: ignore[method-assign]
        add(library, [FileSource("played", lambda: iter([Found("x", lambda: paper)]))])
        assert reader_saw
        found = search(reader, "zorblax", mode="lexical").hits
        assert [hit.paper.paper_id for hit in found] == ["2403.00009"]
