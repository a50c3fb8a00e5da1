"""The map by years, and where little is known: a chart and tables."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd
import streamlit as st

from kb.catalogue import Filters
from kb.challenges import Challenge
from kb.lattice import Lattice, under_explored
from kb.library import Library
from kb.map_parts import Trend
from kb.map_trends import trends, years
from kb.mapping import mapped, paper_facts, passing_ids
from kb.pages.parts import opened
from kb.pages.parts.map_axes import named
from kb.pages.parts.markup import plain, visible
from kb.pages.parts.tags import names

_SHOWN = {
    "challenges": "Challenges stated",
    "papers": "Papers",
    "share": "Challenges per 100 papers",
}
_CHALLENGES = 15
# Okabe and Ito: told apart by the colour-blind, too.
_COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7f7f7f", "#4b3b8f"]


def draw(library: Library, filters: Filters) -> None:
    """Years of each phase (chart and table), of all, and of the best supported challenges."""
    found = opened.all_challenges(library, filters)
    everything, ids = mapped(library), passing_ids(library, filters)
    facts = {key: paper_facts(paper) for key, paper in everything.papers.items() if key in ids}
    followed = trends(facts, found)
    shown = st.selectbox("Shown", list(_SHOWN), format_func=_SHOWN.__getitem__, key="trend-shown")
    frame = _phases(library, followed)
    if frame.empty:
        st.info("No paper that passes the filters has a year and a phase.")
        return
    table = frame.pivot_table(index="Phase", columns="Year", values=shown, fill_value=0)
    st.caption(
        "The library is a sample, not all that was published: raw counts rise and fall with how "
        "many papers of a year it holds, and no year need be complete. Challenges per 100 "
        "papers can be compared across years."
    )
    _chart(frame, shown)
    st.markdown("##### The same as a table")
    st.dataframe(table)
    st.markdown("##### All papers")
    said = [s for s in everything.statements if s.label == "direction" and s.paper_id in ids]
    totals = [
        {
            "Year": str(one.year),
            "Papers": one.papers,
            "Challenges": one.challenges,
            "Stated for the first time": one.new,
            "Directions": one.directions,
        }
        for one in years(list(facts.values()), found, said)
    ]
    st.dataframe(pd.DataFrame(totals), hide_index=True)
    _challenges(found, followed)


def _chart(frame: pd.DataFrame, shown: str) -> None:
    """A line a phase; the legend stands below, where no name is cut off."""
    called = list(dict.fromkeys(frame["Phase"]))
    few = len(called) <= len(_COLOURS)
    colours = alt.Scale(domain=called, range=_COLOURS) if few else alt.Scale(domain=called)
    legend = alt.Legend(orient="bottom", columns=2, labelLimit=400, title=None)
    rows = [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
    drawn = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(point=True)
        .encode(
            x=alt.X("Year:O", axis=alt.Axis(labelAngle=0)),
            y=alt.Y(f"{shown}:Q", title=_SHOWN[shown]),
            color=alt.Color("Phase:N", legend=legend, scale=colours),
            tooltip=[alt.Tooltip(name) for name in ("Phase:N", "Year:O", f"{shown}:Q")],
        )
        .properties(height=460)
    )
    st.altair_chart(drawn, width="stretch", alt=f"{_SHOWN[shown]} by year; the table has them.")


def _phases(library: Library, followed: Sequence[Trend]) -> pd.DataFrame:
    called = names(library.codebook)["phase"]
    return pd.DataFrame(
        [
            {
                "Year": str(one.year),
                "Phase": called.get(one.of.removeprefix("phase:"), one.of),
                "papers": one.papers,
                "challenges": one.challenges,
                "share": round(100 * one.challenges / one.papers, 1),
            }
            for one in followed
            if one.of.startswith("phase:")
        ]
    )


def _challenges(found: Sequence[Challenge], followed: Sequence[Trend]) -> None:
    best = {one.challenge_id: visible(one.statement) for one in found[:_CHALLENGES]}
    rows = [
        {"Challenge": best[one.of], "Year": str(one.year), "papers": one.papers}
        for one in followed
        if one.of in best
    ]
    if rows:
        st.markdown("##### Papers that state each of the best supported challenges")
        frame = pd.DataFrame(rows).pivot_table(
            index="Challenge", columns="Year", values="papers", fill_value=0, aggfunc="sum"
        )
        order = [name for name in dict.fromkeys(best.values()) if name in frame.index]
        st.dataframe(frame.loc[order])


def gaps(library: Library, lattice: Lattice) -> None:
    """Under-explored cells, the emptiest first, each with the reason."""
    found = under_explored(lattice)
    if not found:
        return
    with st.expander("Under-explored cells, ranked", icon=":material/travel_explore:"):
        st.caption(
            "Fewer papers than a cell's row and column let expect, if they had nothing to do "
            "with each other; the most striking first. Some cells are empty because they make "
            "no sense: judge each."
        )
        rows, columns = lattice.row_axis, lattice.column_axis
        lines = [
            f"{place}. **{plain(named(library, rows, gap.row))} × "
            f"{plain(named(library, columns, gap.column))}**: {plain(gap.reason)}"
            for place, gap in enumerate(found, start=1)
        ]
        st.markdown("\n".join(lines))
