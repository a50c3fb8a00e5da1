"""Changing a codebook: valid changes never fail, invalid ones name the fault."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxonomy import codebook_file
from taxonomy.codebook import Category, CodebookError, Facet, load
from taxonomy.editing import (
    Add,
    Change,
    Edit,
    Merge,
    Rename,
    Retire,
    Revert,
    Split,
    apply,
    change_json,
)
from taxonomy.edition import Edition, Place, edition_json, read_edition

SHIPPED = Edition(load().facets)


def entry(key: str, **more: object) -> Category:
    values = {"name": key.title(), "definition": f"What {key} is.", "cues": (key,)}
    bare = {"include": (), "exclude": (), "example": "", "source": "inferred", "confidence": "low"}
    return Category(key=key, **{**values, **bare, **more})  # type: ignore[arg-type]


def facet(key: str, *keys: str) -> Facet:
    categories = tuple(entry(one) for one in keys)
    return Facet(key, f"{key}s", key.title(), "?", "1", "", "", "", categories)


def fails(change: Change, edition: Edition = SHIPPED, used: set[Place] | None = None) -> str:
    with pytest.raises(CodebookError) as caught:
        apply(edition, change, used or set())
    return str(caught.value)


def test_a_renamed_key_still_means_its_category() -> None:
    once = apply(SHIPPED, Rename("phase", "dataset-construction", "data", "Data"))
    twice = apply(once, Rename("phase", "data", "corpora", "Corpora"))
    assert twice.current("phase", "dataset-construction") == "corpora"
    assert twice.current("phase", "data") == "corpora"
    assert twice.facet("phase").category("corpora").source == "inferred"
    assert SHIPPED.current("phase", "dataset-construction") == "dataset-construction"


def test_another_name_alone_leaves_the_key() -> None:
    made = apply(SHIPPED, Rename("phase", "dataset-construction", "dataset-construction", "Data"))
    assert made.aliases == {}
    assert made.facet("phase").category("dataset-construction").name == "Data"


def test_a_merge_takes_the_place_of_the_first() -> None:
    keys = ("dataset-construction", "model-development-and-enhancement")
    made = apply(SHIPPED, Merge("phase", keys, entry("building")))
    assert made.facet("phase").keys[1] == "building"
    assert {made.current("phase", key) for key in keys} == {"building"}


def test_a_split_category_stays_as_the_parent_of_its_sub_areas() -> None:
    made = apply(SHIPPED, Split("layer", "synthesis", (entry("sql"), entry("hdl"))))
    assert made.facet("layer").keys[3:6] == ("synthesis", "sql", "hdl")
    assert made.parents == {("layer", "sql"): "synthesis", ("layer", "hdl"): "synthesis"}
    assert set(made.units) == {("layer", "sql"), ("layer", "hdl")}
    renamed = apply(made, Rename("layer", "synthesis", "making", "Making"))
    assert renamed.parents["layer", "sql"] == "making"
    retired = apply(renamed, Retire("layer", "making"))
    assert retired.current("layer", "sql") == "" == retired.current("layer", "synthesis")
    assert not retired.units


def test_a_sub_area_cannot_pass_for_the_surveys_own() -> None:
    part = entry("sql", source="survey")
    assert "the surveys name none" in fails(Split("layer", "synthesis", (part,)))


def test_what_cannot_be_done_is_named() -> None:
    added = apply(SHIPPED, Add(facet("domain", "health")))
    assert "no phase 'nothing'" in fails(Rename("phase", "nothing", "x", "X"))
    assert "in use" in fails(Rename("phase", "dataset-construction", "testing-and-evaluation", "T"))
    assert "two or more" in fails(Merge("phase", ("dataset-construction",), entry("x")))
    assert "in use" in fails(Merge("layer", ("synthesis", "model-invocation"), entry("synthesis")))
    assert "cannot be named" in fails(Add(facet("year", "old")))
    assert "cannot be named" in fails(Add(facet("phases", "old")))
    assert "stays" in fails(Retire("phase", ""))
    assert "last category" in fails(Retire("domain", "health"), added)
    assert "changes nothing" in fails(Add(facet("domain", "health")), added)
    assert "occurs twice" in fails(
        Rename("phase", "dataset-construction", "data", "Testing and evaluation")
    )
    assert "no key" in fails(Rename("phase", "dataset-construction", "Not A Key", "Data"))
    assert "in use" in fails(Add(facet("domain", "health", "old")), added, {("domain", "old")})
    split = apply(SHIPPED, Split("layer", "synthesis", (entry("sql"),)))
    assert "sub-area already" in fails(Split("layer", "sql", (entry("joins"),)), split)
    assert "too long" in fails(Edit("domain", entry("health", definition="x" * 3000)), added)


def test_an_edited_own_category_is_judged_by_its_new_text() -> None:
    added = apply(SHIPPED, Add(facet("domain", "health")))
    renamed = apply(added, Rename("domain", "health", "care", "Care"))
    edited = apply(renamed, Edit("domain", entry("care", definition="Hospitals.")))
    assert edited.units["domain", "health"].definition == "Hospitals."


# -- any changes at all ---------------------------------------------------------------------

WORDS = st.sampled_from(["a", "b", "c", "d", "e", "f", "g", "data", "risk", "synthesis"])


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """A change that may or may not fit the codebook it meets."""
    place = st.sampled_from(["phase", "layer", "domain"])
    where = draw(place)
    known = SHIPPED.facet(where).keys[:3] if where != "domain" else ("health",)
    key = st.one_of(st.sampled_from(known), WORDS)
    kind = draw(st.integers(0, 5))
    if kind == 0:
        keys = draw(st.lists(WORDS, min_size=1, max_size=3, unique=True))
        base = facet(where, *keys)
        return Add(replace(base, plural=f"{where}s"))
    if kind == 1:
        return Rename(where, draw(key), draw(WORDS), draw(WORDS).title())
    if kind == 2:
        return Merge(where, tuple(draw(st.lists(key, max_size=3))), entry(draw(WORDS)))
    if kind == 3:
        return Split(where, draw(key), (entry(draw(WORDS)),))
    if kind == 4:
        return Retire(where, draw(st.one_of(key, st.just(""))))
    return Edit(where, entry(draw(key), definition=draw(WORDS)))


@settings(max_examples=300, deadline=None)
@given(st.lists(changes(), max_size=8))
def test_changes_work_or_name_their_fault_and_can_be_gone_back_on(wanted: list[Change]) -> None:
    edition, used = SHIPPED, set(SHIPPED.live)
    faults: list[str] = []
    for change in wanted:
        before = edition_json(edition)
        try:
            edition = apply(edition, change, used)
        except CodebookError as error:
            faults.append(error.message)
        else:
            used |= edition.live
            json.dumps(change_json(change))
            # Whatever the keys before were called, each is a category now or means none.
            named = {(f, edition.current(f, key)) for f, key in used}
            assert {place for place in named if place[1]} <= edition.live
            # The file's form holds all of it.
            assert read_edition(json.loads(json.dumps(edition_json(edition))), "x") == edition
            assert before != edition_json(edition)
    assert all(faults)
    if edition != SHIPPED:
        back = apply(edition, Revert(0, SHIPPED), used)
        assert back == SHIPPED
        assert back.codebook.version == load().version


# -- files ----------------------------------------------------------------------------------

GOOD = """key = "domain"
plural = "domains"
name = "Domain"
version = "1"

[[category]]
key = "health"
name = "Health"
definition = "Care."
source = "inferred"
confidence = "low"

[[category]]
key = "law"
name = "Law"
definition = "Courts."
source = "inferred"
confidence = "low"
cues = ["court"]
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ('cues = ["court"]', 'cuse = ["court"]', 19, "cuse"),
        ('key = "law"', 'key = "health"', 13, "twice"),
        ('key = "law"', 'key = "La w"', 14, "no key"),
        ('definition = "Courts."\n', "", 13, "definition"),
        ('cues = ["court"]', 'cues = ["Court"]', 19, "lower case"),
        ('confidence = "low"\ncues', 'confidence = "sure"\ncues', 18, "sure"),
        ('version = "1"', 'versoin = "1"', 4, "versoin"),
    ],
)
def test_faults_of_a_file_name_their_line(old: str, new: str, line: int, said: str) -> None:
    with pytest.raises(CodebookError) as caught:
        codebook_file.read(GOOD.replace(old, new), "facet.toml")
    assert f"facet.toml, line {line}:" in str(caught.value)
    assert said in str(caught.value)


def test_what_is_no_toml_names_its_line() -> None:
    with pytest.raises(CodebookError, match="line 2"):
        codebook_file.read('key = "x"\nplural = \n', "facet.toml")


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(CodebookError, match="longer than"):
        codebook_file.read("#" * 300_000, "facet.toml")
    many = "".join(
        GOOD[GOOD.index("[[") : GOOD.index('[[category]]\nkey = "law')]
        .replace("health", f"k{i}")
        .replace("Health", f"K{i}")
        for i in range(80)
    )
    with pytest.raises(CodebookError, match="too many"):
        codebook_file.read(GOOD[: GOOD.index("[[")] + many, "facet.toml")


@pytest.mark.parametrize("shipped", load().facets, ids=lambda one: one.key)
def test_a_facet_written_is_read_back_the_same(shipped: Facet) -> None:
    assert codebook_file.read(codebook_file.write(shipped), "x.toml") == shipped


@given(st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda s: s.strip() == s))
def test_any_text_survives_the_file(text: str) -> None:
    held = facet("domain", "health")
    odd = replace(held, categories=(entry("health", definition=text, include=(text,)),))
    assert codebook_file.read(codebook_file.write(odd), "x.toml") == odd
