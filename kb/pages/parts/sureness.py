"""How sure an answer or a refusal is: what spoke for and against, and how often it is right."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import altair as alt
import streamlit as st

from kb.exports import charts, palette
from kb.exports.painting import Picture
from kb.pages.parts import pictured
from kb.pages.parts.words import _, later
from kb.refusal import RefusalModel, load_refusal

_SIGNS = {
    "near": later("papers near the question"),
    "sentence": later("a sentence near the question"),
    "kin": later("its words, in meaning, in one paper"),
    "weakest": later("its worst covered word"),
    "covered": later("its words, literally, in one paper"),
    "together": later("its words together in one paper"),
    "rarest": later("its rarest word"),
    "name_missing": later("a name that the papers lack"),
    "sweeping": later("claims a thing for all cases"),
    "cause": later("takes a fact for granted and asks why"),
    "unhelpful": later("a word that leads away from the sentence"),
    "second_rarest": later("its second rarest word"),
    "technical": later("words of the trade it asks with"),
    "technical_missing": later("a word of the trade that is missing"),
    "figure_missing": later("asks for an amount that none gives"),
}
_KINDS = {
    "own": later("our own questions"),
    "development": later("the development questions"),
    "off_corpus": later("off the subject"),
    "near_miss": later("near misses"),
    "false_premise": later("false premises"),
}

_COLUMNS = {
    "threshold": later("threshold"),
    "answered": later("answerable questions answered"),
    "recall": later("unanswerable questions refused"),
    "precision": later("refusals that are right"),
}
_FOR, _AGAINST = palette.MACHINE, palette.PERSON
_SHARE = alt.Scale(domain=(0, 1))


def sureness(answer: Mapping[str, Any], key: str) -> None:
    """A folded part under an answer: its chance, the signs, the calibrated curve."""
    if "chance" not in answer or "count" in answer:
        return
    _sureness(dict(answer), key)


@st.fragment
def _sureness(answer: Mapping[str, Any], key: str) -> None:
    folded = st.expander(
        _("How sure is this?"), key=f"sure-{key}", type="compact", on_change="rerun"
    )
    if folded.open:
        with folded:
            _opened(answer, load_refusal(), key)


def _opened(answer: Mapping[str, Any], model: RefusalModel, key: str) -> None:
    chance = float(answer["chance"])
    told = _(
        "The chance that these papers answer the question is put at **{chance}**; from "
        "**{threshold}** on it is answered."
    )
    st.markdown(told.format(chance=f"{chance:.2f}", threshold=f"{model.threshold:.2f}"))
    if shares := answer.get("shares"):
        st.markdown(_("What spoke for an answer (right of zero) and against one (left):"))
        _shares(shares)
    if model.curve:
        st.markdown(
            _(
                "How often a refusal is right, and how many unanswerable questions are refused, "
                "at every threshold; the dot is the one in use. Measured on questions that the "
                "model was not fitted on."
            )
        )
        _curve(model, key)
    _fitted(model.fitted)


def _shares(shares: Mapping[str, float]) -> None:
    rows = [
        {"sign": _(_SIGNS.get(name, name.replace("_", " "))), "share": round(float(share), 2)}
        for name, share in shares.items()
    ]
    drawn = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar()
        .encode(
            x=alt.X("share:Q", title=_("share of the log-odds")),
            y=alt.Y(
                "sign:N", sort=None, title=None, axis=alt.Axis(labelLimit=280, labelOverlap=False)
            ),
            color=alt.condition("datum.share < 0", alt.value(_AGAINST), alt.value(_FOR)),
            tooltip=[alt.Tooltip("sign:N"), alt.Tooltip("share:Q")],
        )
        .properties(height=24 * len(rows))
    )
    told = "; ".join(f"{row['sign']} {row['share']:+}" for row in rows)
    st.altair_chart(
        drawn, width="stretch", alt=_("Shares of the log-odds: {told}").format(told=told)
    )


def _curve(model: RefusalModel, key: str) -> None:
    rows = [{name: round(float(value), 3) for name, value in one.items()} for one in model.curve]
    here = min(rows, key=lambda row: abs(row["threshold"] - model.threshold))
    across = alt.X("recall:Q", title=_("unanswerable questions refused"), scale=_SHARE)
    up = alt.Y("precision:Q", title=_("refusals that are right"), scale=_SHARE)
    hint = [alt.Tooltip(f"{name}:Q", title=_(told)) for name, told in _COLUMNS.items()]
    line = alt.Chart(alt.InlineData(values=rows)).mark_line(color=_FOR, point={"color": _FOR})
    dot = alt.Chart(alt.InlineData(values=[here])).mark_point(size=160, filled=True, color=_AGAINST)
    drawn = line.encode(x=across, y=up, order="threshold:Q", tooltip=hint) + dot.encode(
        x=across, y=up, tooltip=hint
    )
    told = _("At the threshold in use, {recall} are refused, {precision} right").format(
        recall=f"{here['recall']:.0%}", precision=f"{here['precision']:.0%}"
    )
    st.altair_chart(drawn.properties(height=260), width="stretch", alt=told)
    pictured.table(
        _("Every threshold"),
        [_(name) for name in _COLUMNS.values()],
        [[f"{one[name]:.3f}" for name in _COLUMNS] for one in rows],
    )
    pictured.downloads(
        "refusal-curve",
        partial(_picture, rows, here, model),
        list(_COLUMNS.values()),
        [[one[name] for name in _COLUMNS] for one in rows],
        key=key,
    )


def _picture(
    rows: Sequence[Mapping[str, float]], here: Mapping[str, float], model: RefusalModel
) -> Picture:
    points = sorted((one["threshold"], one["recall"], one["precision"]) for one in rows)
    curve = charts.Series("refusals", tuple((recall, right) for _at, recall, right in points))
    across = charts.share("share of the unanswerable questions that are refused")
    up = charts.share("share of the refusals that are right")
    notes = (
        "Every mark is a threshold of the calibrated chance of an answer; as many answerable as",
        "unanswerable questions. Measured on questions that the model was not fitted on.",
    )
    manifest = json.dumps({"fitted": model.fitted, "threshold": model.threshold}, sort_keys=True)
    about = charts.About("How often refusals are right, and how many are made", notes, manifest)
    told = f"in use: {model.threshold:.2f}"
    return charts.lines([curve], across, up, about, (here["recall"], here["precision"], told))


def _fitted(fitted: Mapping[str, float]) -> None:
    """The measured shares by kind of question, as a table."""
    rows = [
        {
            _("Unanswerable questions"): _(label),
            _("asked"): int(fitted.get(f"{kind}_unanswerable_n", fitted.get(f"{kind}_n", 0))),
            _("refused"): f"{fitted[f'{kind}_refused']:.1%}",
            "AUC": f"{fitted.get(f'{kind}_auc', 0.0):.3f}",
        }
        for kind, label in _KINDS.items()
        if f"{kind}_refused" in fitted
    ]
    if rows:
        st.table(rows, border="horizontal", hide_index=True)
    told = [
        _("{share} of the {n} in {kind}").format(
            share=f"{fitted[f'{kind}_answered']:.1%}",
            n=f"{fitted[f'{kind}_answerable_n']:.0f}",
            kind=_(label),
        )
        for kind, label in _KINDS.items()
        if f"{kind}_answered" in fitted
    ]
    if told:
        st.caption(_("Of answerable questions it answers: {told}.").format(told="; ".join(told)))
