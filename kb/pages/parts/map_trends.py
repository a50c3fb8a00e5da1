"""The map by years, and where little is known: a chart, tables and files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import altair as alt
import streamlit as st

from kb.catalogue import Filters
from kb.challenges import Challenge
from kb.exports import charts, palette
from kb.exports.painting import FORMS, Picture
from kb.lattice import Gap, Lattice, under_explored
from kb.library import Library
from kb.map_parts import Trend, Year
from kb.map_trends import trends, years
from kb.mapping import mapped, paper_facts, passing_ids
from kb.pages.parts import map_axes, opened, pictured, state
from kb.pages.parts.map_axes import named
from kb.pages.parts.markup import plain, readable, visible
from kb.pages.parts.pictured import Cell
from kb.pages.parts.words import _, later, many

_SHOWN = {
    "papers": later("Papers"),
    "challenges": later("Challenges stated"),
    "share": later("Challenges per 100 papers"),
}
_BY = {"phase": later("Phases"), "layer": later("Layers")}
_CHALLENGES = 15


@dataclass(frozen=True, slots=True)
class Followed:
    """The papers that pass, year by year."""

    trends: tuple[Trend, ...]
    years: tuple[Year, ...]
    papers: int


@dataclass(frozen=True, slots=True)
class Counted:
    """One number of the chart: of a key, in a year."""

    key: str
    year: int
    value: float


def draw(library: Library, filters: Filters) -> None:
    """Years of each phase or layer (chart and table), of all, and of the best challenges."""
    followed = _followed(library, (library.opening, opened.state_of_map(library, filters)), filters)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        shown = _choice("shown", _("Shown"), _SHOWN)
        by = _choice("by", _("Lines"), _BY)
    counted = _counted(followed.trends, by, shown)
    if not counted:
        st.info(_("No paper that passes the filters has a year and a place here."))
        return
    st.caption(
        _(
            "The library is a sample, not all that was published: raw counts rise and fall with "
            "how many papers of a year it holds, and no year need be complete. Challenges per "
            "100 papers can be compared across years."
        )
    )
    _chart(library, counted, by, shown)
    _table(library, filters, followed, counted, by, shown)
    _all(filters, followed.years)
    _challenges(opened.all_challenges(library, filters), followed.trends)


def _choice(name: str, label: str, known: dict[str, str]) -> str:
    called = {one: _(said) for one, said in known.items()}
    return state.chosen(label, called, name, next(iter(known)))


@st.cache_resource(show_spinner=False, max_entries=32)
def _followed(
    _library: Library,
    key: object,  # noqa: ARG001 - what it depends on
    filters: Filters,
) -> Followed:
    found = opened.all_challenges(_library, filters)
    everything, ids = mapped(_library), passing_ids(_library, filters)
    facts = {one: paper_facts(paper) for one, paper in everything.papers.items() if one in ids}
    said = [s for s in everything.statements if s.label == "direction" and s.paper_id in ids]
    return Followed(
        trends(facts, found), years(list(facts.values()), found, said), papers=len(facts)
    )


def _counted(followed: Sequence[Trend], by: str, shown: str) -> list[Counted]:
    return [
        Counted(
            one.of.removeprefix(f"{by}:"),
            one.year,
            round(100 * one.challenges / one.papers, 1) if shown == "share" else float(count),
        )
        for one in followed
        if one.of.startswith(f"{by}:")
        for count in [one.papers if shown == "papers" else one.challenges]
    ]


def _keys(library: Library, counted: Sequence[Counted], by: str) -> dict[str, str]:
    """Key -> English name, of those that have a number, in the order of the codebook."""
    known = map_axes.in_files(library, by)
    held = {one.key for one in counted}
    return {key: name for key, name in known.items() if key in held}


def _chart(library: Library, counted: Sequence[Counted], by: str, shown: str) -> None:
    """A line a key with marks of its own form; the legend stands below, one name a line."""
    called = {key: _(name) for key, name in _keys(library, counted, by).items()}
    rows = [
        {"name": called[one.key], "year": str(one.year), "value": one.value}
        for one in counted
        if one.key in called
    ]
    dark = str(st.context.theme.type) == "dark"
    colours = palette.ON_DARK if dark else palette.ON_LIGHT
    domain, several = list(called.values()), range(len(called))
    colour = alt.Scale(domain=domain, range=[colours[n % len(colours)] for n in several])
    forms = alt.Scale(domain=domain, range=[_form(n) for n in several])
    legend = alt.Legend(orient="bottom", columns=1, labelLimit=320, title=None, symbolSize=90)
    drawn = (
        alt.Chart(alt.InlineData(values=rows))
        .encode(
            x=alt.X("year:O", title=_("Year"), axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("value:Q", title=_(_SHOWN[shown])),
            color=alt.Color("name:N", legend=legend, scale=colour),
            tooltip=[
                alt.Tooltip("name:N", title=_(_BY[by])),
                alt.Tooltip("year:O", title=_("Year")),
                alt.Tooltip("value:Q", title=_(_SHOWN[shown])),
            ],
        )
        .properties(height=330 + 26 * len(called))
    )
    marks = drawn.mark_point(filled=True, size=70, opacity=1).encode(
        shape=alt.Shape("name:N", legend=legend, scale=forms)
    )
    told = _("{shown} by year; the table below has the same numbers.")
    st.altair_chart(
        alt.layer(drawn.mark_line(), marks),
        width="stretch",
        alt=told.format(shown=_(_SHOWN[shown])),
    )


def _form(place: int) -> str:
    """The mark of a line, as the chart's own library names it."""
    form = FORMS[place % len(FORMS)]
    return {"triangle": "triangle-up", "ring": "triangle-down"}.get(form, form)


def _table(
    library: Library,
    filters: Filters,
    followed: Followed,
    counted: Sequence[Counted],
    by: str,
    shown: str,
) -> None:
    """The same as a table, every number a link to its papers; and the files."""
    called = _keys(library, counted, by)
    spread = [str(year) for year in sorted({one.year for one in counted})]
    value = {(one.key, str(one.year)): one.value for one in counted}
    page = "papers" if shown == "papers" else "challenges"

    def cell(key: str, year: str) -> Cell:
        """A number of the table, with the way to its papers."""
        own = map_axes.inside(filters, by, key)
        own = own and replace(own, year_from=int(year), year_to=int(year))
        held = value.get((key, year), 0.0)
        return Cell(held if shown == "share" else int(held), pictured.papers_of(own, page))

    pictured.table(
        _(_SHOWN[shown]),
        [_(_BY[by]), *spread],
        [[_(name), *(cell(key, year) for year in spread)] for key, name in called.items()],
    )
    pictured.downloads(
        f"{by}s-by-year",
        partial(_picture, library, filters, followed, counted, by, shown),
        [by, *spread],
        [[name, *(value.get((key, year), 0.0) for year in spread)] for key, name in called.items()],
    )


def _picture(
    library: Library,
    filters: Filters,
    followed: Followed,
    counted: Sequence[Counted],
    by: str,
    shown: str,
) -> Picture:
    series = [
        charts.Series(name, tuple((one.year, one.value) for one in counted if one.key == key))
        for key, name in _keys(library, counted, by).items()
    ]
    across = charts.years(min(one.year for one in counted), max(one.year for one in counted))
    up = charts.counted(_SHOWN[shown], max(one.value for one in counted))
    note = "The library is a sample of what was published; a paper may stand in several lines."
    title = f"{_SHOWN[shown]} by {by} and year"
    told = pictured.about(library, title, filters, note, papers=followed.papers)
    return charts.lines(series, across, up, told)


def _all(filters: Filters, held: Sequence[Year]) -> None:
    heads = (_("Year"), _("Papers"), _("Challenges"), _("Stated for the first time"))
    rows: list[list[str | Cell]] = []
    for one in held:
        own = replace(filters, year_from=one.year, year_to=one.year)
        rows.append(
            [
                str(one.year),
                Cell(one.papers, pictured.papers_of(own)),
                Cell(one.challenges, pictured.papers_of(own, "challenges")),
                Cell(one.new),
                Cell(one.directions),
            ]
        )
    pictured.table(_("All papers"), [*heads, _("Directions")], rows)


def _challenges(found: Sequence[Challenge], followed: Sequence[Trend]) -> None:
    best = {one.challenge_id: visible(readable(one.statement)) for one in found[:_CHALLENGES]}
    value = {(one.of, one.year): one.papers for one in followed if one.of in best}
    spread = sorted({year for _of, year in value})
    if not spread:
        return
    rows: list[list[str | Cell]] = []
    for key, statement in best.items():
        link = f"challenges?challenge={key}"
        counts = (Cell(value.get((key, year), 0), link) for year in spread)
        rows.append([statement, *counts])
    title = _("Papers that state each of the best supported challenges")
    with st.expander(title, type="compact"):
        pictured.table(title, [_("Challenge"), *map(str, spread)], rows)


def gaps(library: Library, lattice: Lattice) -> None:
    """Under-explored cells, the emptiest first, each with the reason."""
    found = under_explored(lattice)
    if not found:
        return
    with st.expander(_("Under-explored cells, ranked"), icon=":material/travel_explore:"):
        st.caption(
            _(
                "Fewer papers than a cell's row and column let expect, if they had nothing to do "
                "with each other; the most striking first. Some cells are empty because they "
                "make no sense: judge each."
            )
        )
        rows, columns = lattice.row_axis, lattice.column_axis
        lines = [
            f"{place}. **{plain(named(library, rows, gap.row))} × "
            f"{plain(named(library, columns, gap.column))}**: {_why(gap, lattice)}"
            for place, gap in enumerate(found, start=1)
        ]
        st.markdown("\n".join(lines))


def _why(gap: Gap, lattice: Lattice) -> str:
    """The figures of `gap.reason`, in the language of the page."""
    cell = lattice.cell(gap.row, gap.column)
    told = _("{papers} where its row and column let expect {expected}").format(
        papers=many("{n} paper", "{n} papers", cell.papers), expected=f"{gap.expected:,.1f}"
    )
    if cell.state == "no_papers":
        return told if lattice.filtered else f"{told}; {_('it was searched')}"
    if cell.state == "none_stated":
        none = _("no challenge stated in {n} examined")
        return f"{told}; {none.format(n=f'{cell.denominator:,}')}"
    challenges = many("{n} challenge", "{n} challenges", cell.challenges)
    return f"{told}; {challenges}, {many('{n} direction', '{n} directions', cell.directions)}"
