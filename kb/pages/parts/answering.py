"""The answers to one paper: what the machine suggests, what a coder has clicked, yes or no.

What is clicked and not yet saved stands in the address, so that a reload loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from kb.labelling import Ask, Sheet, answer
from kb.pages.parts import state
from kb.pages.parts.markup import escaped, plain
from kb.pages.parts.styles import style
from kb.pages.parts.words import _, later
from kb.queue import Pair
from kb.telling_codebook import WHOSE
from taxonomy.codebook import Category, Codebook

# In the order of the rows; without those that the page's own buttons or Streamlit need.
KEYS = tuple("1234567890qwetyiopadfghjlzxvm")

_VERDICTS = {"yes": later("yes"), "no": later("no")}

WHOSE_WORDS = (
    later("[P] the survey's own words"),
    later("[S] as others describe the survey"),
    later("[I] inferred here"),
)
"""What `WHOSE` says; for `_`."""

CONFIDENCE = {"high": later("high"), "medium": later("medium"), "low": later("low")}
"""How sure the codebook is of a category; for `_`."""

CLICKED = ("yes", "no")
"""Parameters of the address: the categories clicked, as `facet.key` with commas between."""


def clicked(shown: Sheet) -> dict[Pair, str]:
    """(facet, key) -> what was clicked on this paper and is not saved yet."""
    known = {_name(ask.place): ask.place for ask in shown.asks}
    return {
        known[name]: verdict
        for verdict in CLICKED
        for name in state.one(verdict).split(",")
        if name in known
    }


def keep(said: Mapping[Pair, str]) -> None:
    """Write what is clicked into the address."""
    state.put(
        {
            verdict: ",".join(_name(place) for place, held in said.items() if held == verdict)
            for verdict in CLICKED
        }
    )


def draw(codebook: Codebook, shown: Sheet) -> None:
    """All rows, facet by facet."""
    said = clicked(shown)
    style(_dashed(shown, said))
    facets = list(dict.fromkeys(ask.facet for ask in shown.asks))
    shortcuts = dict(zip((ask.place for ask in shown.asks), KEYS, strict=False))
    for facet in facets:
        held = codebook.facet(facet)
        with st.container(horizontal=True, vertical_alignment="center", key=f"of-{facet}"):
            told = plain(f"{_(held.question)} {_(held.note)}")
            st.markdown(f"## {plain(_(held.name))}", help=told)
            st.button(
                _("None of them"),
                type="tertiary",
                on_click=_none,
                args=(shown, facet),
                shortcut="N" if len(facets) == 1 else None,
                key=f"none-{facet}",
            )
        for ask in (one for one in shown.asks if one.facet == facet):
            _row(shown, ask, said, shortcuts.get(ask.place))


def _name(place: Pair) -> str:
    return ".".join(place)


def _click(shown: Sheet, place: Pair, verdict: str) -> None:
    keep(clicked(shown) | {place: verdict})


def _none(shown: Sheet, facet: str) -> None:
    places = (ask.place for ask in shown.asks if ask.facet == facet)
    keep(clicked(shown) | dict.fromkeys(places, "no"))


def _row(shown: Sheet, ask: Ask, said: Mapping[Pair, str], shortcut: str | None) -> None:
    now = answer(ask, said)
    decided = ask.place in said or bool(ask.said)
    with st.container(key=f"ask-{ask.facet}-{ask.category.key}", horizontal=True):
        st.html(_told(ask, said), width="stretch")
        with st.container(horizontal=True, width="content", gap="xsmall"):
            for verdict, label in (("yes", _("Yes")), ("no", _("No"))):
                chosen = verdict == now
                st.button(
                    label,
                    type="primary" if decided and chosen else "secondary",
                    on_click=_click,
                    args=(shown, ask.place, verdict),
                    # One key a category: it turns the answer round.
                    shortcut=None if chosen else shortcut,
                    key=f"{verdict}-{ask.facet}-{ask.category.key}",
                )


def _dashed(shown: Sheet, said: Mapping[Pair, str]) -> str:
    """The look of the buttons that are merely suggested."""
    open_ = [ask for ask in shown.asks if ask.place not in said and not ask.said]
    names = [f".st-key-{ask.suggested}-{ask.facet}-{ask.category.key} button" for ask in open_]
    return f"{','.join(names)}{{border:2px dashed currentColor}}" if names else ""


def _told(ask: Ask, said: Mapping[Pair, str]) -> str:
    """A category as HTML: name, who says what, definition, the rest on demand."""
    one = ask.category
    if ask.place in said:
        who, verdict = _("you: {verdict}"), said[ask.place]
    elif ask.said:
        who, verdict = _("you, saved: {verdict}"), ask.said
    else:
        who, verdict = _("suggested: {verdict}"), ask.suggested
    kind = "sf-you" if ask.place in said or ask.said else "sf-suggested"
    shown = escaped(who.format(verdict=_(_VERDICTS.get(verdict, verdict))))
    state_of = f'<span class="{kind}">{shown}</span>'
    score = _("no score")
    if ask.score is not None:
        score = _("machine {score}, yes from {threshold}").format(
            score=f"{ask.score:.2f}", threshold=f"{ask.threshold:.2f}"
        )
    words = ", ".join(f"“{word}”" for word in ask.words)
    because = " · " + _("because of {words}").format(words=words) if words else ""
    return (
        f'<div class="sf-ask"><b>{"↳ " if one.parent else ""}{escaped(_(one.name))}</b> {state_of}'
        f'<div class="sf-who">{escaped(score + because)}</div>'
        f"{_defined(one)}</div>"
    )


def _defined(one: Category) -> str:
    """The definition, and on demand what belongs and whose words these are."""
    if state.one("short") == "1":
        return ""
    rows = [
        f"<li>{heading}: {escaped(_(text))}</li>"
        for heading, texts in ((_("Belongs"), one.include), (_("Does not"), one.exclude))
        for text in texts
    ]
    whose = _("Name: {name}; definition: {definition}; {confidence} confidence.").format(
        name=_(WHOSE[one.source]),
        definition=_(WHOSE[one.definition_source]),
        confidence=_(CONFIDENCE.get(one.confidence, one.confidence)),
    )
    return (
        f"<div>{escaped(_(one.definition))}</div>"
        '<details class="sf-more"><summary>'
        f"{escaped(_('What belongs, whose words'))}</summary>"
        f"<ul>{''.join(rows)}</ul><p>{escaped(whose)}</p></details>"
    )
