"""Who gave the tags, the machine or a person, and how sure the machine is of its own."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from textwrap import fill

import altair as alt
import streamlit as st

from kb.catalogue import Filters
from kb.exports import charts, palette
from kb.exports.painting import Picture
from kb.label_distribution import BINS, Distribution, distribution
from kb.library import Library
from kb.mapping import mapped, passing_ids
from kb.pages.parts import map_axes, opened, pictured, state
from kb.pages.parts.pictured import Cell
from kb.pages.parts.words import _
from taxonomy.codebook import Facet

_PARTS = (("machine", palette.MACHINE), ("a person", palette.PERSON))
_NONE = "(no tag)"
_LINE = 24
"""Characters of a name in a line beside its bar."""
_COLUMNS = ("papers", "by the machine", "by a person", "expected to be right")


def draw(library: Library, filters: Filters) -> None:
    """The tags of one facet: bars, table, the machine's probabilities, files."""
    facet = _facet(library)
    found = _distribution(
        library,
        (library.opening, opened.state_of_map(library, filters)),
        filters,
        facet.key,
        facet.keys,
    )
    total = int(library.snapshot().mask(filters).sum())
    called = {one.key: one.name for one in facet.categories}
    _bars(found, called)
    _table(filters, found, called, total)
    columns = (facet.key, *_COLUMNS)
    rows: list[list[str | float]] = [
        [called[one.key], one.papers, one.machine, one.human, round(one.expected, 1)]
        for one in found.keys
    ]
    rows.append([_NONE, found.none, 0, 0, 0])
    pictured.downloads(
        f"{facet.key}-tags",
        partial(_picture, library, filters, found, called, facet.name, total),
        columns,
        rows,
    )
    _scores(library, filters, found, facet.name, total)


def _facet(library: Library) -> Facet:
    known = {one.key: one for one in library.codebook.facets}
    key, changed = state.bound("facet", "phase", known=known)
    chosen = st.segmented_control(
        _("Facet"),
        list(known),
        key=key,
        on_change=changed,
        format_func=lambda one: _(known[one].name),
        required=True,
    )
    return known[str(chosen)]


@st.cache_resource(show_spinner=False, max_entries=32)
def _distribution(
    _library: Library,
    key: object,  # noqa: ARG001 - what it depends on
    filters: Filters,
    facet: str,
    keys: tuple[str, ...],
) -> Distribution:
    ids = passing_ids(_library, filters)
    papers = mapped(_library).papers
    return distribution((papers[one] for one in papers if one in ids), facet, keys)


def _bars(found: Distribution, called: dict[str, str]) -> None:
    machine, person = _("The machine"), _("A person")
    rows = [
        {"name": fill(_(called[one.key]), _LINE), "by": by, "papers": count}
        for one in found.keys
        for by, count in ((machine, one.machine), (person, one.human))
    ]
    colours = alt.Scale(domain=[machine, person], range=[colour for _name, colour in _PARTS])
    drawn = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar()
        .encode(
            x=alt.X("papers:Q", title=_("Papers"), axis=alt.Axis(tickMinStep=1, format=",d")),
            y=alt.Y("name:N", sort=None, title=None, axis=_names_whole()),
            color=alt.Color(
                "by:N", scale=colours, legend=alt.Legend(orient="bottom", title=_("Tag given by"))
            ),
            order=alt.Order("by:N", sort="descending"),
            tooltip=[
                alt.Tooltip("name:N", title=_("Tag")),
                alt.Tooltip("by:N", title=_("Tag given by")),
                alt.Tooltip("papers:Q", title=_("Papers")),
            ],
        )
        .properties(height=40 * len(found.keys) + 140)
    )
    st.altair_chart(
        drawn, width="stretch", alt=_("Papers of each tag; the table below has the same numbers.")
    )


def _names_whole() -> alt.Axis:
    """An axis of names in as many lines as they have."""
    return alt.Axis(labelExpr="split(datum.label, '\\n')", labelLimit=0, labelOverlap=False)


def _table(filters: Filters, found: Distribution, called: dict[str, str], total: int) -> None:
    heads = (_("Tag"), _("Papers"), _("By the machine"), _("By a person"), _("Expected right"))
    rows: list[list[str | Cell]] = []
    for one in found.keys:
        own = map_axes.inside(filters, found.facet, one.key)
        # Who gave a tag is asked of every facet that is filtered on: of this one alone it can be.
        alone = own and own.by_facet().keys() == {found.facet}
        by = {
            who: pictured.papers_of(replace(own, tag_status=who) if own and alone else None)
            for who in ("machine", "human")
        }
        rows.append(
            [
                _(called[one.key]),
                Cell(one.papers, pictured.papers_of(own)),
                Cell(one.machine, by["machine"]),
                Cell(one.human, by["human"]),
                Cell(round(one.expected, 1)),
            ]
        )
    rows.append([_("No tag"), Cell(found.none), Cell(0), Cell(0), Cell(0)])
    pictured.table(_("Tags and who gave them"), heads, rows)
    st.caption(
        _(
            "{n} papers; one may have several tags. Expected right: the sum of the machine's "
            "calibrated probabilities, so how many of its tags hold if it is as good as it says."
        ).format(n=f"{total:,}")
    )


def _scores(library: Library, filters: Filters, found: Distribution, name: str, total: int) -> None:
    """The machine's tags by their probability."""
    if not any(found.scores):
        return
    st.markdown(f"## {_('How sure the machine is')}")
    st.caption(
        _("The machine's tags by calibrated probability; it gives none below its threshold.")
    )
    bins = _bins(found)
    drawn = (
        alt.Chart(alt.InlineData(values=[{"p": p, "tags": n} for p, n in bins.items()]))
        .mark_bar(color=palette.MACHINE)
        .encode(
            x=alt.X("p:O", title=_("Probability"), sort=None, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("tags:Q", title=_("Tags")),
            tooltip=[
                alt.Tooltip("p:O", title=_("Probability")),
                alt.Tooltip("tags:Q", title=_("Tags")),
            ],
        )
        .properties(height=220)
    )
    told = "; ".join(f"{p}: {n:,}" for p, n in bins.items())
    st.altair_chart(drawn, width="stretch", alt=told)
    rows: list[list[str | float]] = [[p, n] for p, n in bins.items()]
    with st.expander(_("The same as a table"), type="compact"):
        pictured.table(
            _("Tags by probability"),
            [_("Probability"), _("Tags")],
            [[p, Cell(n)] for p, n in bins.items()],
        )
    pictured.downloads(
        f"{found.facet}-scores",
        partial(_picture_of_scores, library, filters, found, name, total),
        ("probability", "tags"),
        rows,
    )


def _bins(found: Distribution) -> dict[str, int]:
    """The bins that hold a tag or lie above one that does."""
    first = next(n for n, count in enumerate(found.scores) if count)
    return {
        f".{n}–{(n + 1) / 10:g}".replace("–0.", "–."): found.scores[n] for n in range(first, BINS)
    }


def _picture(
    library: Library,
    filters: Filters,
    found: Distribution,
    called: dict[str, str],
    name: str,
    total: int,
) -> Picture:
    rows = {called[one.key]: (one.machine, one.human) for one in found.keys}
    note = f"{found.none:,} papers have no tag here; a paper may have several."
    title = f"Tags by {name.lower()} and who gave them"
    told = pictured.about(library, title, filters, note, papers=total)
    return charts.bars(rows, _PARTS, "papers", told)


def _picture_of_scores(
    library: Library, filters: Filters, found: Distribution, name: str, total: int
) -> Picture:
    rows = {p: (n,) for p, n in _bins(found).items()}
    title = f"Calibrated probability of the machine's tags by {name.lower()}"
    told = pictured.about(library, title, filters, papers=total)
    return charts.bars(rows, _PARTS[:1], "tags", told)
