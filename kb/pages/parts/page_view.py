"""Any page of a paper as it was printed, with everything marked that was recognised on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from ingest.records import Said
from kb.catalogue import StoredPaper, StoredPassage
from kb.catalogue.values import SentenceRow
from kb.errors import UsageError
from kb.pages.parts import state
from kb.pages.parts.markup import plain
from kb.pages.parts.words import _, many
from kb.quoted_page import marked_page

_MOST = 40  # statements looked for on one page: more would cover it


@st.fragment
def page_view(
    paper: StoredPaper, passages: Sequence[StoredPassage], sentences: Sequence[SentenceRow]
) -> None:
    """The viewer, folded until somebody opens it or the address names a page."""
    if not paper.pages or not paper.pdf_path:
        return
    if not Path(paper.pdf_path).is_file():
        st.caption(_("The PDF that was read does not lie where it lay: no page can be shown."))
        return
    named = bool(state.one("page"))
    told = many("{n} page", "{n} pages", paper.pages)
    folded = st.expander(
        f"{_('See the pages as printed')} ({told})",
        expanded=named,
        key=f"pages-{paper.n}-{named}",
        on_change="rerun",
    )
    if not folded.open:
        return
    with folded:
        at = state.number("page", 1, low=1, high=paper.pages)
        _turner(at, paper.pages)
        _page(paper, at, passages, sentences)


def _turner(at: int, pages: int) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="page-turner"):
        for label, icon, to in (
            (_("Previous page"), ":material/chevron_left:", at - 1),
            (_("Next page"), ":material/chevron_right:", at + 1),
        ):
            st.button(
                label,
                icon=icon,
                disabled=not 1 <= to <= pages,
                on_click=state.put,
                args=({"page": str(to)},),
                key=f"page-to-{'next' if to > at else 'previous'}",
            )
        key = f"page-at-{at}"
        st.selectbox(
            _("Page"),
            range(1, pages + 1),
            index=at - 1,
            on_change=_turned,
            args=(key,),
            key=key,
            width=110,
        )


def _turned(key: str) -> None:
    state.put({"page": str(st.session_state[key])})


def _page(
    paper: StoredPaper,
    at: int,
    passages: Sequence[StoredPassage],
    sentences: Sequence[SentenceRow],
) -> None:
    on_page = {one.n: one for one in passages if one.page == at}
    stated = [one for one in sentences if one.passage in on_page and one.label != "other"][:_MOST]
    said = tuple(
        (on_page[one.passage].text[one.start : one.end], on_page[one.passage].boxes)
        for one in stated
    )
    try:
        picture, marked = _picture(paper.pdf_path, at, said)
    except UsageError as error:
        st.caption(plain(f"{error.message} {error.remedy}".strip()))
        return
    counts = Counter(one.label for one in stated)
    named = (
        many("{n} challenge", "{n} challenges", counts["challenge"]),
        many("{n} direction", "{n} directions", counts["direction"]),
        many("{n} contribution", "{n} contributions", counts["contribution"]),
    )
    kinds = (counts["challenge"], counts["direction"], counts["contribution"])
    told = ", ".join(name for name, number in zip(named, kinds, strict=True) if number)
    caption = _("Page {page} as printed").format(page=at)
    if marked:
        caption = _("Page {page} as printed; marked: {what}").format(page=at, what=told)
    st.image(picture, caption=caption, alt=caption, width="stretch", output_format="PNG")


# A page takes a quarter of a second to draw; those last looked at are kept.
@st.cache_data(show_spinner="…", max_entries=64)
def _picture(path: str, number: int, said: tuple[Said, ...]) -> tuple[bytes, int]:
    return marked_page(path, number, said)
