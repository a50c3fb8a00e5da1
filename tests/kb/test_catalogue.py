"""The catalogue: what goes in comes out, in one piece, and its schema is the frozen one."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from ingest.records import Digest, PageText, Paper, ParseNote, Reference, Section
from kb.catalogue import SCHEMA_VERSION, Catalogue, StoredTag, store
from kb.catalogue.postgres import Postgres
from kb.catalogue.store import check_file
from kb.catalogue.tables import metadata
from kb.catalogue.values import NewPassage, Vector
from kb.embed import unit
from kb.errors import DamagedCatalogue, NewerSchema
from tests.kb.postgres_server import Server

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
WORDS = st.lists(TEXT, max_size=3).map(tuple)
PAGE = st.none() | st.integers(1, 500)
KEYS = ("requirements-engineering", "dataset", "testing")


def unit_vectors(rows: int) -> Vector:
    vectors = np.random.default_rng(0).normal(size=(rows, 384)).astype(np.float32)
    return unit(vectors)


sections = st.builds(
    Section,
    heading=TEXT,
    level=st.integers(1, 4),
    page=PAGE,
    parts=st.lists(st.builds(PageText, page=PAGE, text=TEXT), max_size=2).map(tuple),
)
papers = st.builds(
    Paper,
    paper_id=st.integers(0, 99).map("2401.{:05d}".format),
    title=TEXT,
    abstract=TEXT,
    authors=WORDS,
    categories=WORDS,
    published=st.sampled_from(["", "2024", "2024-05", "2024-05-06"]),
    doi=TEXT,
    arxiv_id=TEXT,
    version=st.sampled_from(["", "v1", "v12"]),
    sections=st.lists(sections, max_size=2).map(tuple),
    references=st.lists(
        st.builds(Reference, raw=TEXT, title=TEXT, year=st.none() | st.integers(1900, 2030)),
        max_size=2,
    ).map(tuple),
    pages=PAGE,
    pdf_path=TEXT,
    pdf_sha256=TEXT,
    digest=st.none() | st.builds(Digest, problem=TEXT, challenge=TEXT),
    source=TEXT,
    warnings=st.lists(st.builds(ParseNote, code=TEXT, detail=TEXT), max_size=2).map(tuple),
)
tag_lists = st.lists(
    st.builds(
        StoredTag,
        facet=st.just("phase"),
        key=st.sampled_from(KEYS),
        score=st.floats(0, 1),
        evidence=WORDS,
        by=st.sampled_from(["machine", "human"]),
        method=TEXT,
        version=TEXT,
        present=st.booleans(),
    ),
    max_size=6,
    unique_by=lambda tag: (tag.key, tag.by),
)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def catalogue(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Catalogue]:
    path = tmp_path_factory.mktemp("catalogue") / "catalogue.sqlite"
    if request.param == "sqlite":
        made = Catalogue.create(path)
    else:
        server: Server = request.getfixturevalue("postgres")
        made = Catalogue.create(Postgres(server.new_database(), path))
    yield made
    made.close()


def keep(catalogue: Catalogue, paper: Paper, tags: list[StoredTag] | None = None) -> int:
    """Keep a paper with one passage, its whole title."""
    vectors = unit_vectors(2)
    said = ((0, len(paper.title), "challenge", 0.75, vectors[1]),) if paper.title else ()
    passage = NewPassage("Title", None, 0, len(paper.title), paper.title, vectors[0], said)
    with catalogue.write() as writer:
        return writer.put_paper(
            paper,
            [PageText(None, paper.title)],
            [passage],
            tags or [],
            {"phase": {"testing": 0.5}},
            now="2026-01-01",
        )


@settings(max_examples=60)
@given(paper=papers)
def test_a_paper_comes_out_as_it_went_in(catalogue: Catalogue, paper: Paper) -> None:
    number = keep(catalogue, paper)
    with catalogue.read() as reader:
        held = reader.papers([number])[number]
        found_sections, references, scores = reader.extras(number)
        passage = reader.passages_of([number])[number][0]
        sentences = reader.sentences([passage.n])
        page = reader.page_text(number, None)
        vector = reader.vectors([passage.n])[passage.n]
    same = (
        "paper_id title abstract authors categories published year doi arxiv_id version "
        "pages pdf_path source"
    )
    for name in same.split():
        assert getattr(held, name) == getattr(paper, name)
    assert held.digest == (
        {f: getattr(paper.digest, f) for f in Digest.__slots__} if paper.digest else None
    )
    assert held.notes == tuple((note.code, note.detail) for note in paper.warnings)
    assert held.full_text == paper.has_full_text
    assert [tuple(one) for one in found_sections] == [
        (one.heading, one.level, one.page) for one in paper.sections
    ]
    assert [Reference(**one) for one in references] == list(paper.references)
    assert scores == {"phase": {"testing": 0.5}}
    assert page == passage.text == paper.title
    assert passage.passage_id == f"{paper.paper_id}#0"
    assert np.abs(vector - unit_vectors(2)[0]).max() < 1e-3
    assert [(s.start, s.end, s.label, s.score) for s in sentences] == (
        [(0, len(paper.title), "challenge", 0.75)] if paper.title else []
    )


@settings(max_examples=60)
@given(tags=tag_lists)
def test_a_persons_decision_stands_over_the_machines(
    catalogue: Catalogue, tags: list[StoredTag]
) -> None:
    with catalogue.write() as writer:
        writer.remove_papers(writer.numbers(["2402.00001"]).values())
    number = keep(catalogue, Paper("2402.00001", "A title"), tags)
    with catalogue.read() as reader:
        held = reader.papers([number])[number]
        table = reader.table()
    human = {tag.key: tag for tag in tags if tag.by == "human"}
    machine = {tag.key: tag for tag in tags if tag.by == "machine"}
    wanted = [tag for tag in (machine | human).values() if tag.present]
    assert sorted(held.tags, key=lambda t: t.key) == sorted(wanted, key=lambda t: t.key)
    row = table.row_of[number]
    has = {key for (_, key), mask in table.has_tags.items() if mask[row]}
    assert has == {tag.key for tag in wanted}


def test_human_tags_outlive_a_new_reading(catalogue: Catalogue) -> None:
    decided = StoredTag("phase", "testing", 1.0, (), "human", "by hand", "1")
    guessed = StoredTag("phase", "dataset", 0.9, (), "machine", "tagger", "1")
    number = keep(catalogue, Paper("2402.00002", "One title"), [decided, guessed])
    keep(catalogue, Paper("2402.00002", "Another title"), [])
    with catalogue.read() as reader:
        held = reader.papers([number])[number]
    assert (held.title, held.tags) == ("Another title", (decided,))


def test_a_failed_write_leaves_nothing(catalogue: Catalogue) -> None:
    with catalogue.read() as reader:
        before = (reader.generation, reader.counts())

    def half() -> None:
        with catalogue.write() as writer:
            writer.set_meta("half", "done")
            writer.log_search({"at": 1 / 0})

    with pytest.raises(ZeroDivisionError):
        half()
    with catalogue.read() as reader:
        assert (reader.generation, reader.counts(), reader.meta("half")) == (*before, "")


def test_a_reader_sees_one_state_while_another_writes(catalogue: Catalogue) -> None:
    keep(catalogue, Paper("2402.00003", "Before"))
    with catalogue.read() as reader:
        before = reader.generation
        keep(catalogue, Paper("2402.00003", "After"))
        number = reader.numbers(["2402.00003"])["2402.00003"]
        assert reader.papers([number])[number].title == "Before"
        assert reader.generation == before


def test_removing_a_paper_removes_all_of_it(tmp_path: Path) -> None:
    made = Catalogue.create(tmp_path / "catalogue.sqlite")
    tag = StoredTag("phase", "testing", 1.0, (), "human", "by hand", "1")
    number = keep(made, Paper("2402.00004", "Gone soon"), [tag])
    with made.write() as writer:
        assert writer.remove_papers([number]) == 1
    with made.read() as reader:
        assert not any(reader.counts().values())
        assert reader.removed_since(1) == {number}
    assert made.integrity() == "ok"


def schema(path: Path) -> list[tuple[str, ...]]:
    """Every table and index as SQLite knows it; the order of constraints does not count."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute(
            "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master"
            " WHERE tbl_name != 'alembic_version'"
        ).fetchall()
    connection.close()

    def parts(sql: str) -> str:
        body = re.sub(r'[\s"]+', " ", sql).strip()
        return "|".join(sorted(part.strip(" )") for part in body.split(",")))

    return sorted((kind, name, table, parts(sql)) for kind, name, table, sql in rows)


def test_the_migrations_make_the_tables_that_the_code_knows(tmp_path: Path) -> None:
    Catalogue.create(tmp_path / "migrated.sqlite").close()
    engine = create_engine(f"sqlite:///{tmp_path / 'known.sqlite'}")
    metadata.create_all(engine)
    engine.dispose()
    assert schema(tmp_path / "migrated.sqlite") == schema(tmp_path / "known.sqlite")


def test_migrations_hold_their_own_tables() -> None:
    steps = sorted((Path(store.__file__).parents[1] / "migrations" / "versions").glob("*.py"))
    assert len(steps) == SCHEMA_VERSION
    for step in steps:
        assert "kb" not in re.findall(r"(?:from|import) (\w+)", step.read_text(encoding="utf-8"))


def test_an_older_catalogue_is_copied_before_it_is_migrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "catalogue.sqlite"
    made = Catalogue.create(path)
    keep(made, Paper("2402.00005", "Kept"))
    made.close()
    monkeypatch.setattr(store, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
    Catalogue.open(path).close()
    Catalogue.open(path).close()
    copies = sorted((tmp_path / "backups").glob("*.sqlite"))
    name = f"v{SCHEMA_VERSION}-before-v{SCHEMA_VERSION + 1}"
    assert [copy.name for copy in copies] == [f"{name}-2.sqlite", f"{name}.sqlite"]
    assert [check_file(copy) for copy in copies] == [SCHEMA_VERSION] * 2


def test_a_newer_catalogue_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.sqlite"
    Catalogue.create(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9'")
    connection.close()
    with pytest.raises(NewerSchema, match="schema version 9; this Sixfold knows up to"):
        Catalogue.open(path)


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 400, b"SQLite format 3\0" * 9])
def test_a_file_that_is_no_catalogue_is_damaged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "catalogue.sqlite"
    path.write_bytes(content)
    with pytest.raises(DamagedCatalogue, match="is damaged"):
        Catalogue.open(path)
    with pytest.raises(DamagedCatalogue, match="is damaged"):
        check_file(path)


def test_a_cut_catalogue_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.sqlite"
    made = Catalogue.create(path)
    keep(made, Paper("2402.00006", "Kept"))
    made.close()
    path.write_bytes(path.read_bytes()[:-8192])
    with pytest.raises(DamagedCatalogue, match="is damaged"):
        Catalogue.open(path)
