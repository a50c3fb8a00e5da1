"""How sure an answer or a refusal is: what spoke for and against, and how often it is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import streamlit as st

from kb.refusal import RefusalModel, load_refusal

_SIGNS = {
    "near": "papers near the question",
    "sentence": "a sentence near the question",
    "kin": "its words, in meaning, in one paper",
    "weakest": "its worst covered word",
    "covered": "its words, literally, in one paper",
    "together": "its words together in one paper",
    "rarest": "its rarest word",
    "name_missing": "a name that the papers lack",
    "sweeping": "claims a thing for all cases",
    "cause": "takes a fact for granted and asks why",
    "unhelpful": "a word that leads away from the sentence",
    "second_rarest": "its second rarest word",
    "technical": "words of the trade it asks with",
    "technical_missing": "a word of the trade that is missing",
    "figure_missing": "asks for an amount that none gives",
}
_KINDS = {
    "own": "our own questions",
    "development": "the development questions",
    "off_corpus": "off the subject",
    "near_miss": "near misses",
    "false_premise": "false premises",
}

_SHARE = alt.Scale(domain=(0, 1))


def sureness(answer: Mapping[str, Any], key: str) -> None:
    """A folded part under an answer: its chance, the signs, the calibrated curve."""
    if "chance" not in answer or "count" in answer:
        return
    _sureness(dict(answer), key)


@st.fragment
def _sureness(answer: Mapping[str, Any], key: str) -> None:
    folded = st.expander("How sure is this?", key=f"sure-{key}", type="compact", on_change="rerun")
    if folded.open:
        with folded:
            _opened(answer, load_refusal())


def _opened(answer: Mapping[str, Any], model: RefusalModel) -> None:
    chance = float(answer["chance"])
    st.markdown(
        f"The chance that these papers answer the question is put at **{chance:.2f}**; from "
        f"**{model.threshold:.2f}** on it is answered."
    )
    if shares := answer.get("shares"):
        st.markdown("What spoke for an answer (right of zero) and against one (left):")
        _shares(shares)
    if model.curve:
        st.markdown(
            "How often a refusal is right, and how many unanswerable questions are refused, at "
            "every threshold; the dot is the one in use. Measured on questions that the model "
            "was not fitted on."
        )
        _curve(model.curve, model.threshold)
    _fitted(model.fitted)


def _shares(shares: Mapping[str, float]) -> None:
    rows = [
        {"sign": _SIGNS.get(name, name.replace("_", " ")), "share": round(float(share), 2)}
        for name, share in shares.items()
    ]
    drawn = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar()
        .encode(
            x=alt.X("share:Q", title="share of the log-odds"),
            y=alt.Y(
                "sign:N", sort=None, title=None, axis=alt.Axis(labelLimit=280, labelOverlap=False)
            ),
            color=alt.condition("datum.share < 0", alt.value("#d1495b"), alt.value("#1f78b4")),
            tooltip=[alt.Tooltip("sign:N"), alt.Tooltip("share:Q")],
        )
        .properties(height=24 * len(rows))
    )
    told = "; ".join(f"{row['sign']} {row['share']:+}" for row in rows)
    st.altair_chart(drawn, width="stretch", alt=f"Shares of the log-odds: {told}")


def _curve(points: Sequence[Mapping[str, float]], threshold: float) -> None:
    rows = [{name: round(float(value), 3) for name, value in one.items()} for one in points]
    here = min(rows, key=lambda row: abs(row["threshold"] - threshold))
    across = alt.X("recall:Q", title="unanswerable questions refused", scale=_SHARE)
    up = alt.Y("precision:Q", title="refusals that are right", scale=_SHARE)
    hint = [alt.Tooltip(f"{name}:Q") for name in here]
    line = alt.Chart(alt.InlineData(values=rows)).mark_line(color="#1f78b4", point=True)
    dot = alt.Chart(alt.InlineData(values=[here])).mark_point(
        size=160, filled=True, color="#d1495b"
    )
    drawn = line.encode(x=across, y=up, order="threshold:Q", tooltip=hint) + dot.encode(
        x=across, y=up, tooltip=hint
    )
    told = (
        f"At the threshold in use, {here['recall']:.0%} are refused, {here['precision']:.0%} right"
    )
    st.altair_chart(drawn.properties(height=260), width="stretch", alt=told)
    st.dataframe(rows, hide_index=True, height=200)


def _fitted(fitted: Mapping[str, float]) -> None:
    """The measured shares by kind of question, as a table."""
    rows = [
        {
            "Unanswerable questions": label,
            "asked": int(fitted.get(f"{kind}_unanswerable_n", fitted.get(f"{kind}_n", 0))),
            "refused": f"{fitted[f'{kind}_refused']:.1%}",
            "AUC": f"{fitted.get(f'{kind}_auc', 0.0):.3f}",
        }
        for kind, label in _KINDS.items()
        if f"{kind}_refused" in fitted
    ]
    if rows:
        st.table(rows, border="horizontal", hide_index=True)
    told = [
        f"{fitted[f'{kind}_answered']:.1%} of the {fitted[f'{kind}_answerable_n']:.0f} in {label}"
        for kind, label in _KINDS.items()
        if f"{kind}_answered" in fitted
    ]
    if told:
        st.caption(f"Of answerable questions it answers {' and '.join(told)}.")
