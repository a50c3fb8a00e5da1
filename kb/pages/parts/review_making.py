"""A review is made, and its question and criteria are changed."""

from __future__ import annotations

import streamlit as st

from kb.catalogue.screening import Criterion, Review
from kb.library import Library
from kb.pages.parts import state
from kb.pages.parts.markup import escaped
from kb.pages.parts.outcome import told
from kb.pages.parts.words import _, later
from kb.review_sources import from_search
from kb.review_state import Board
from kb.screening import (
    LONGEST_NAME,
    LONGEST_TEXT,
    MOST_CODERS,
    MOST_CRITERIA,
    change,
    create,
)

_FIRST = 100
"""Papers that an example brings in."""
_LONGEST_CRITERIA = MOST_CRITERIA * (LONGEST_TEXT + 1)
"""Characters of a field for criteria, one a line."""

# Names, questions and criteria stay as they are: papers are in English.
_EXAMPLES = (
    (
        "Test generation",
        "How well do language models generate unit tests?",
        ("generates tests with a language model", "reports a measured result"),
        ("no language model", "survey or position paper", "tests of models, not of code"),
        "unit test generation with language models",
    ),
    (
        "Hallucination in code",
        "What do code models make up, and what is done about it?",
        ("hallucination in generated code", "names a kind, cause or remedy"),
        ("hallucination in text only", "no evaluation"),
        "hallucination in generated code",
    ),
    (
        "Agents for issues",
        "How do agents resolve issues in real repositories?",
        ("agent that edits a repository", "evaluated on real issues"),
        ("single-function generation only", "no language model"),
        "agents that resolve issues in repositories",
    ),
)

_RULES = {"include": later("Include where"), "exclude": later("Exclude where")}


def begin(library: Library) -> None:
    """What stands here before there is a review."""
    st.info(
        _(
            "No review yet: say what you ask and what is in or out, bring papers in from a search, "
            "and decide on them one by one."
        ),
        icon=":material/rule:",
    )
    if library.catalogue.read_only:
        st.caption(_("This library is open for reading only: no review can be made here."))
        return
    st.markdown(_("Try one of these, each with the first papers of a search:"))
    with st.container(horizontal=True, key="examples"):
        for at, (name, question, *_rest) in enumerate(_EXAMPLES):
            st.button(
                name, help=question, key=f"try-review-{at}", on_click=_try, args=(library, at)
            )
    st.markdown(f"## {_('Or make your own')}")
    _form(library)


def popover(library: Library) -> None:
    """A menu that makes another review."""
    with st.popover(_("New review"), icon=":material/add:", key="review-new"):
        _form(library)


def edit(library: Library, now: Board, who: str) -> None:  # noqa: ARG001 - as every view
    """The question and criteria, to be changed; what was decided stays."""
    review = now.review
    if library.catalogue.read_only:
        rules(review)
        return
    with st.form(f"rules-{review.name}-{review.criteria}", border=False):
        question, include, exclude = _fields(review)
        coders = st.number_input(
            _("Coders who must decide each paper"),
            1,
            MOST_CODERS,
            review.coders,
            key=f"coders-{review.name}",
            width=320,
        )
        blind = st.checkbox(
            _("Blind: nobody sees what others said before having decided"),
            value=review.blind,
            key=f"blind-{review.name}",
        )
        saved = st.form_submit_button(_("Save"), type="primary", key="rules-save")
    st.caption(
        _("Changing criteria leaves decisions as they are, with the reasons that they were given.")
    )
    if saved and told(
        lambda: change(
            library,
            review.name,
            question=question,
            criteria=_criteria(include, exclude),
            coders=int(coders),
            blind=blind,
        ),
        _("Saved."),
    ):
        st.rerun()


def rules(review: Review) -> None:
    """The question and criteria, to be read."""
    parts = [f'<p class="sf-asked">{escaped(review.question)}</p>'] if review.question else []
    for kind, heading in _RULES.items():
        texts = review.texts(kind)
        if texts:
            items = "".join(f"<li>{escaped(text)}</li>" for text in texts)
            parts.append(f'<h2 class="sf-place">{escaped(_(heading))}</h2><ul>{items}</ul>')
    if not parts:
        st.caption(_("This review has no question and no criteria yet."))
        return
    st.html(f'<div class="sf-rules" tabindex="0">{"".join(parts)}</div>')


def _form(library: Library) -> None:
    with st.form("review-form", border=False):
        name = st.text_input(_("Name"), max_chars=LONGEST_NAME, key="review-name")
        question, include, exclude = _fields(None)
        made = st.form_submit_button(_("Make the review"), type="primary", key="review-make")
    if made and told(
        lambda: create(library, name, question=question, criteria=_criteria(include, exclude)),
        _("Made: now bring papers in."),
    ):
        _open(" ".join(name.split()), "papers")
        st.rerun()


def _fields(review: Review | None) -> tuple[str, str, str]:
    """The fields of a form: question, and criteria of either kind, one a line."""
    of = review.name if review else ""
    question = st.text_input(
        _("Question"),
        value=review.question if review else "",
        max_chars=LONGEST_TEXT,
        key=f"question-{of}",
    )
    held = {kind: "\n".join(review.texts(kind)) if review else "" for kind in _RULES}
    include = st.text_area(
        _("Include where … (one criterion a line)"),
        value=held["include"],
        max_chars=_LONGEST_CRITERIA,
        key=f"include-{of}",
    )
    exclude = st.text_area(
        _("Exclude where … (one criterion a line: these are the reasons offered)"),
        value=held["exclude"],
        max_chars=_LONGEST_CRITERIA,
        key=f"exclude-{of}",
    )
    return question, include, exclude


def _criteria(include: str, exclude: str) -> list[Criterion]:
    kinds = (("include", include), ("exclude", exclude))
    return [Criterion(line, kind) for kind, text in kinds for line in text.splitlines()]


def _try(library: Library, at: int) -> None:
    name, question, include, exclude, query = _EXAMPLES[at]

    def act() -> None:
        """Make the review, and bring its first papers in."""
        rows = _criteria("\n".join(include), "\n".join(exclude))
        create(library, name, question=question, criteria=rows)
        from_search(library, name, query, most=_FIRST)

    if told(act, _("Made: {name}").format(name=name)):
        _open(name, "")


def _open(name: str, view: str) -> None:
    state.put({"review": name, "view": view}, forget=("stage", "paper", "seen", "page"))
