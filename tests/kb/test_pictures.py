"""Pictures for a paper: seen by the colour-blind, the same bytes twice, hostile texts made safe."""

from __future__ import annotations

import csv
import io
import re
from itertools import combinations
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from kb.catalogue import StoredPaper, StoredTag
from kb.challenges import Challenge
from kb.exports import charts, palette
from kb.exports.network import network
from kb.exports.numbers import numbers
from kb.exports.painting import FORMS, Box, Line, Mark, Picture, Words, png, svg
from kb.label_distribution import distribution
from kb.map_drawing import drawing

Colour = np.ndarray

HOSTILE = '<script>alert(1)</script> & "x" \x00\u202e ]]> \'=HYPERLINK(1)'

# How each kind of dichromat sees linear light: Machado, Oliveira and Fernandes, 2009, severity 1.
SEEN = {
    "as it is": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
SETS = {
    "lines on light": palette.ON_LIGHT,
    "lines on dark": palette.ON_DARK,
    "who gave a tag": (palette.MACHINE, palette.PERSON),
    "nodes": tuple(palette.KINDS.values()),
}


def linear(colour: str) -> Colour:
    """Linear light of red, green and blue, 0 to 1."""
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(light: Colour) -> Colour:
    """CIELAB under D65."""
    to_xyz = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    parts = to_xyz @ np.clip(light, 0, 1) / np.array([0.95047, 1.0, 1.08883])
    x, y, z = np.where(parts > 216 / 24389, np.cbrt(parts), (24389 / 27 * parts + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def difference(one: Colour, other: Colour) -> float:
    """CIEDE2000 (Sharma, Wu and Dalal, 2005)."""
    mean_c = (np.hypot(*one[1:]) + np.hypot(*other[1:])) / 2
    g = 1.5 - 0.5 * np.sqrt(mean_c**7 / (mean_c**7 + 25**7))
    (l1, a1, b1), (l2, a2, b2) = one * [1, g, 1], other * [1, g, 1]
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    turn = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    hue = h1 + h2 if c1 * c2 == 0 else (h1 + turn / 2) % 360
    light, c = (l1 + l2) / 2, (c1 + c2) / 2
    across = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    t = 1 - 0.17 * _cos(hue - 30) + 0.24 * _cos(2 * hue)
    t += 0.32 * _cos(3 * hue + 6) - 0.20 * _cos(4 * hue - 63)
    s_l = 1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2)
    s_c, s_h = 1 + 0.045 * c, 1 + 0.015 * c * t
    turned = 60 * np.exp(-(((hue - 275) / 25) ** 2))
    r = -2 * np.sqrt(c**7 / (c**7 + 25**7)) * np.sin(np.radians(turned))
    parts = (l2 - l1) / s_l, (c2 - c1) / s_c, across / s_h
    return float(np.sqrt(sum(part**2 for part in parts) + r * parts[1] * parts[2]))


def _cos(degrees: float) -> float:
    return float(np.cos(np.radians(degrees)))


def contrast(one: str, other: str) -> float:
    light = sorted(float(linear(each) @ [0.2126, 0.7152, 0.0722]) for each in (one, other))
    return (light[1] + 0.05) / (light[0] + 0.05)


@pytest.mark.parametrize(
    ("one", "other", "known"),
    [  # Of the published test data.
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_the_measure_of_difference_is_the_published_one(
    one: tuple[float, ...], other: tuple[float, ...], known: float
) -> None:
    assert difference(np.array(one), np.array(other)) == pytest.approx(known, abs=1e-3)


@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize("name", SETS)
def test_colours_differ_to_everybody(name: str, seen: str) -> None:
    for one, other in combinations(SETS[name], 2):
        pair = (lab(SEEN[seen] @ linear(colour)) for colour in (one, other))
        assert difference(*pair) >= 10, (one, other)


def test_every_colour_is_seen_on_its_ground() -> None:
    for name, colours in SETS.items():
        grounds = {"lines on light": ("#ffffff",), "lines on dark": ("#12171d",)}
        for ground in grounds.get(name, ("#ffffff", "#12171d")):
            assert all(contrast(colour, ground) >= 3 for colour in colours), (name, ground)
    assert contrast(palette.INK, "#ffffff") >= 7
    assert contrast(palette.PALE, "#ffffff") >= 4.5


def test_shades_stay_in_order_and_their_text_is_read() -> None:
    depths = [place / 50 for place in range(51)]
    for seen in SEEN.values():
        light = [lab(seen @ linear(palette.shade(depth)))[0] for depth in depths]
        assert light == sorted(light, reverse=True)
    assert all(contrast(palette.shade(one), palette.ink_on(one)) >= 4.5 for one in depths)


def test_more_lines_than_colours_still_differ() -> None:
    looks = [charts.look(place) for place in range(len(palette.ON_LIGHT))]
    assert len(set(looks)) == len(palette.ON_LIGHT)
    assert len({form for _colour, form in looks}) == len(FORMS)


def _about(title: str = HOSTILE) -> charts.About:
    return charts.About(title, (HOSTILE, "7 papers; library generation 3."), '{"papers": 7}')


def _challenge(number: int, text: str) -> Challenge:
    return Challenge(
        challenge_id=f"c{number}",
        statement=text,
        status="open",
        phases=("p",),
        layers=(),
        papers=1,
        paper_ids=(f"id{number}",),
        first_year=2024,
        last_year=2025,
        evidence=(),
        answers=(),
        directions=(),
    )


def _pictures() -> dict[str, Picture]:
    series = [charts.Series(HOSTILE + str(n), ((2023, n), (2024, n + 2.5))) for n in range(8)]
    across, up = charts.years(2023, 2024), charts.counted("Papers", 9.5)
    told = [_challenge(number, f"{HOSTILE} {number}") for number in range(20)]
    graph = drawing(told, {"p": HOSTILE}, {}, most=20, with_papers=True)
    shapes = (Box(1, 1, 30, 20, "#ffffff", hatch=True), Line(((0, 0), (60, 40)), "#000000", 2, 5))
    marks = tuple(Mark(20 * n + 10, 60, 8, "#0072b2", form) for n, form in enumerate(FORMS))
    return {
        "lines": charts.lines(series, across, up, _about(), (2023.5, 3, "here")),
        "bars": charts.bars({HOSTILE: (1, 2), "b": (0, 0)}, (("x", "#0072b2"),) * 2, "n", _about()),
        "graph": network(graph, told, _about()),
        "shapes": Picture(
            140, 90, (*shapes, *marks, Words(5, 85, HOSTILE, 12, "#000000")), HOSTILE, HOSTILE, "{}"
        ),
    }


@pytest.mark.parametrize("name", ["lines", "bars", "graph", "shapes"])
def test_both_forms_hold_the_picture_and_nothing_hostile(name: str) -> None:
    picture = _pictures()[name]
    drawn = svg(picture)
    root = ET.fromstring(drawn)
    assert not [one for one in root.iter() if "script" in one.tag or "foreign" in one.tag]
    assert {
        key for one in root.iter() for key in one.attrib if key.lower().startswith("on")
    } == set()
    assert "&lt;script&gt;" in drawn.decode()
    assert root.get("width") == str(picture.width)
    with Image.open(io.BytesIO(png(picture))) as image:
        assert image.size == (picture.width * 3, picture.height * 3)
        assert [round(one) for one in image.info["dpi"]] == [288, 288]
        assert image.info["Sixfold"] == picture.manifest
        assert len(image.getcolors(1_000_000) or []) > 2  # something is painted


def test_the_same_picture_gives_the_same_bytes() -> None:
    for name, picture in _pictures().items():
        again = _pictures()[name]
        assert svg(picture) == svg(again)
        assert png(picture) == png(again)


def test_texts_stay_within_the_picture() -> None:
    picture = _pictures()["graph"]
    assert all(0 <= one.y <= picture.height for one in picture.shapes if isinstance(one, Words))
    assert len(charts.shortened("word " * 40, 30)) <= 30


def test_axes_have_round_ticks_that_reach_the_most() -> None:
    for most in (0.0, 0.4, 1.0, 7.0, 1194.0, 98765.0):
        axis = charts.counted("n", most)
        assert axis.high >= most
        assert axis.low == 0
        assert 2 <= len(axis.ticks) <= 9
    many = charts.years(1950, 2026)
    assert len(many.ticks) <= 15


def test_numbers_are_a_spreadsheet_that_runs_nothing() -> None:
    held = numbers(("name", "papers"), [("=1+1", 3), (HOSTILE, 2.5)])
    assert held == numbers(("name", "papers"), [("=1+1", 3), (HOSTILE, 2.5)])
    rows = list(csv.reader(io.StringIO(held.decode("utf-8-sig"))))
    assert rows[1] == ["'=1+1", "3"]
    assert not re.search(r"[\x00\u202e]", rows[2][0])


def _paper(number: int, *tags: tuple[str, str, float, str]) -> StoredPaper:
    held = tuple(StoredTag(f, k, score, (), by, "m", "1") for f, k, score, by in tags)
    return StoredPaper(
        number, f"id{number}", "t", "", (), (), "2024", 2024, "", "", "", None, "", False, None,
        "", "", tags=held,
    )  # fmt: skip


def test_tags_are_counted_by_who_gave_them() -> None:
    papers = [
        _paper(1, ("phase", "a", 0.9, "machine"), ("phase", "b", 1.0, "human")),
        _paper(2, ("phase", "a", 0.55, "machine"), ("layer", "x", 0.9, "machine")),
        _paper(3, ("layer", "x", 0.2, "machine"), ("phase", "gone", 0.9, "machine")),
    ]
    found = distribution(papers, "phase", ("a", "b", "c"))
    a, b, c = found.keys
    assert (a.machine, a.human, a.papers) == (2, 0, 2)
    assert a.expected == pytest.approx(1.45)
    assert (b.machine, b.human, c.papers, found.none) == (0, 1, 0, 1)
    assert sum(found.scores) == 2
    assert found.scores[5] == found.scores[9] == 1
