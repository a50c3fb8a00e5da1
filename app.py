"""The app: names its pages. `kb app` starts it; so does `streamlit run app.py`."""

from __future__ import annotations

import streamlit as st

from kb.pages.parts import frame, places

st.set_page_config(page_title="Sixfold", page_icon=str(places.ICON), layout="wide")
chosen = st.navigation(frame.pages(), position="top")
frame.draw()
chosen.run()
