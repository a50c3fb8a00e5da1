"""The view's state lives in the address: a shared link shows the same view.

The address is the truth. Before a widget is drawn its value is set from the address; a
change of the widget is written back by its callback.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

# Longest value read from an address: longer ones are no question, and slow every search.
MOST = 2_000

# The key of a widget, and what to call when a person changes it.
Bound = tuple[str, Callable[[], None]]


def one(name: str, default: str = "") -> str:
    """A parameter of the address; the last where it is given more than once."""
    return str(st.query_params.get(name, default))[:MOST]


def several(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """Every value of a parameter that is known, in the order of `known`."""
    given = set(st.query_params.get_all(name))
    return tuple(key for key in known if key in given)


def number(name: str, default: int, *, low: int, high: int) -> int:
    """A whole number of the address between `low` and `high`; the default where it is none."""
    given = one(name)
    return min(max(int(given), low), high) if given.isascii() and given.isdigit() else default


def put(values: Mapping[str, str | Sequence[str]], *, forget: Iterable[str] = ()) -> None:
    """Set parameters; an empty value takes one out, and so does standing in `forget`."""
    for name, value in values.items():
        if value:
            st.query_params[name] = value if isinstance(value, str) else list(value)
        elif name in st.query_params:
            del st.query_params[name]
    for name in forget:
        if name in st.query_params:
            del st.query_params[name]


def bound(
    name: str, default: str = "", *, forget: Iterable[str] = (), known: Collection[str] = ()
) -> Bound:
    """(key, callback) of a widget whose text is the parameter `name`.

    `forget` names parameters that mean nothing any more once this one changes, such as
    the number of the page. A value that is not among `known`, where they are given, is
    the default.
    """
    key, held = f"at:{name}", one(name, default)
    st.session_state[key] = default if known and held not in known else held
    return key, partial(_written, key, name, default, tuple(forget))


def chosen(
    label: str,
    known: Mapping[str, str],
    name: str,
    default: str = "",
    *,
    forget: Iterable[str] = (),
    **look: Any,
) -> str:
    """A box to choose one of `known` (value -> what it is called) for the parameter `name`.

    Takes: default, forget as `bound` does; look, what else `st.selectbox` is to be told.
    """
    key, changed = bound(name, default, forget=forget, known=known)
    choice = st.selectbox(
        label, list(known), key=key, on_change=changed, format_func=known.__getitem__, **look
    )
    return str(choice)


def _written(key: str, name: str, default: str, forget: tuple[str, ...]) -> None:
    value = str(st.session_state[key] or "").strip()
    put({name: "" if value == default else value}, forget=forget)


def switch(name: str, value: str, *, forget: Iterable[str] = ()) -> Bound:
    """(key, callback) of a checkbox for one value of a parameter that may have several."""
    key = f"at:{name}:{value}"
    st.session_state[key] = value in st.query_params.get_all(name)
    return key, partial(_switched, key, name, value, tuple(forget))


def _switched(key: str, name: str, value: str, forget: tuple[str, ...]) -> None:
    held = [other for other in st.query_params.get_all(name) if other != value]
    put({name: [*held, value] if st.session_state[key] else held}, forget=forget)


def pages(count: int) -> None:
    """The turner of a list with `count` pages; its page is the parameter `page`."""
    at = number("page", 1, low=1, high=count)
    key = f"at:page:{at}:{count}"
    # A key of its own for each page: its value is the default, and the address stays the truth.
    st.pagination(count, default=at, key=key, on_change=_turned, args=(key,))


def _turned(key: str) -> None:
    at = int(st.session_state[key])
    put({"page": "" if at == 1 else str(at)})
