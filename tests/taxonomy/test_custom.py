"""Tags for categories that no shipped weights know: by definition, then by examples."""

from __future__ import annotations

import numpy as np
import pytest

from taxonomy import custom
from taxonomy.codebook import load
from tests.taxonomy.test_editing import entry

rng = np.random.default_rng(7)
SHARED = np.zeros(384, dtype=np.float32)


def units(rows: int) -> custom.Floats:
    made = rng.standard_normal((rows, 384)).astype(np.float32)
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), dtype=np.float32)


def test_cues_are_whole_words_however_they_are_joined() -> None:
    category = entry("x", cues=("fine tuning", "rtl"))
    texts = ["Fine-tuning of models", "refine tuning", "RTL, generated", "shrtl"]
    found = custom.cues_found(category, [custom.plain(text) for text in texts])
    assert found == [("fine tuning",), (), ("rtl",), ()]
    assert custom.verbatim("fine tuning", "By Fine-tuning it") == "Fine-tuning"
    assert custom.verbatim("c++", "x") == "c++"


def test_nearer_papers_and_cues_score_higher_and_far_ones_get_no_tag() -> None:
    own = units(1)[0]
    far = units(1)[0]
    points = np.stack([own, (own + far) / 2, far])
    odds = custom.by_definition(custom.centred(points, SHARED), own, SHARED, [0, 0, 0])
    chances = custom.score(points, odds)
    assert chances[0] > chances[1] > chances[2]
    assert chances[2] < custom.PASS < chances[0]
    more = custom.by_definition(custom.centred(points, SHARED), own, SHARED, [1, 1, 9])
    assert (more > odds).all()
    assert more[2] == pytest.approx(odds[2] + custom.CUE * custom.MOST_CUES)


def test_a_head_learns_what_the_definition_does_not_say() -> None:
    centre = units(1)[0]
    yes = custom.centred(units(60) * 0.6 + centre, SHARED)
    no = custom.centred(units(60), SHARED)
    points = np.concatenate([yes, no])
    said = np.arange(120) < 60
    prior = np.full(120, custom.START)
    rows = np.r_[0:30, 60:90]
    head = custom.fit(points[rows], said[rows], prior[rows])
    chances = custom.score(points, prior, head)
    fresh = np.r_[30:60, 90:120]
    assert (head.yes, head.no) == (30, 30)
    assert ((chances[fresh] > custom.PASS) == said[fresh]).mean() > 0.9
    assert ((custom.score(points, prior) > custom.PASS) == said).mean() == 0.5


def test_few_or_one_sided_decisions_teach_nothing() -> None:
    points = units(80)
    for said in (np.ones(80, dtype=bool), np.arange(59) < 30, np.arange(80) < 2):
        assert not custom.can_fit(said)
        with pytest.raises(ValueError, match="too few"):
            custom.fit(points[: len(said)], said, np.zeros(len(said)))


def test_every_shipped_entry_has_texts_to_be_judged_by() -> None:
    for facet in load().facets:
        for category in facet.categories:
            assert len(custom.texts(category)) == 3
    assert custom.texts(entry("x", cues=())) == ("X. What x is.",)
