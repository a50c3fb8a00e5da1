"""What an address asks to filter by and this library does not know: said, never left out unsaid."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import streamlit as st

from kb.pages.parts import state
from kb.pages.parts.markup import plain
from kb.pages.parts.words import _
from kb.reading_states import STATES
from taxonomy.edition import Edition

_YEARS = ("from", "to")
_SHORT = 60  # characters of a wrong value that are shown


def draw(edition: Edition, whose: Sequence[str]) -> None:
    """A warning for each filter with unknown values, with the known ones and the way out.

    Takes: whose, the values that `tagged` may have.
    """
    for name, wrong, known in _wrong(edition, whose):
        values = ", ".join(f"“{one[:_SHORT]}”" for one in wrong)
        told = _("{values} is no {name} of this library: this filter is left out.")
        if name in (*_YEARS, "tagged", "reading"):
            told = _("{values} is no value of “{name}”: this filter is left out.")
        said = plain(told.format(values=values, name=name))
        if known:
            said += "\n\n" + plain(_("Known: {names}").format(names=", ".join(known)))
        with st.container(key=f"unheeded-{name}", gap="xsmall"):
            st.warning(said, icon=":material/filter_alt_off:")
            st.button(
                _("Take it out of the address"),
                type="tertiary",
                on_click=_take_out,
                args=(name, wrong),
                key=f"take-out-{name}",
            )


def _wrong(
    edition: Edition, whose: Sequence[str]
) -> Iterator[tuple[str, list[str], Sequence[str]]]:
    """(parameter, its unknown values, the known ones) of each filter that has any."""
    checks: list[tuple[str, Sequence[str], Callable[[str], object]]] = [
        (facet.key, facet.keys, partial(edition.current, facet.key)) for facet in edition.facets
    ]
    checks += [(name, (), lambda year: year.isascii() and year.isdigit()) for name in _YEARS]
    checks += [("tagged", whose, whose.__contains__), ("reading", STATES, STATES.__contains__)]
    for name, known, right in checks:
        given = dict.fromkeys(st.query_params.get_all(name))
        wrong = [one for one in given if one and not right(one)]
        if wrong:
            yield name, wrong, known


def _take_out(name: str, wrong: Sequence[str]) -> None:
    state.put({name: [one for one in st.query_params.get_all(name) if one and one not in wrong]})
