"""The app: names its pages. `kb app` starts it; so does `streamlit run app.py`."""

from __future__ import annotations

import streamlit as st

from kb.pages.parts import places

st.set_page_config(page_title="Sixfold", page_icon=str(places.ICON), layout="wide")
st.navigation(
    [
        st.Page(places.SEARCH, title="Search", url_path="search", default=True),
        st.Page(places.ASK, title="Ask", url_path="ask"),
        st.Page(places.MAP, title="Map", url_path="map"),
        st.Page(places.CHALLENGES, title="Challenges", url_path="challenges"),
        st.Page(places.PAPERS, title="Papers", url_path="papers"),
        st.Page(places.TABLE, title="Table", url_path="table"),
        st.Page(places.SCREENING, title="Screening", url_path="screening"),
        st.Page(places.LABEL, title="Label", url_path="label"),
        st.Page(places.TAXONOMY, title="Taxonomy", url_path="taxonomy"),
        st.Page(places.LIBRARY, title="Library", url_path="library"),
        st.Page(places.PAPER, title="Paper", url_path="paper", visibility="hidden"),
    ],
    position="top",
).run()
