"""The README's pictures: every page over the starter library, as a newcomer meets it.

They are taken at each run; with SIXFOLD_PICTURES=data/pictures (`make pictures`) they take the
place of the README's.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from kb.library import Library
from kb.starter import load_starter

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

SIZE = {"width": 1280, "height": 800}
COLOURS = 128

# name -> address, and what is seen last
PAGES = {
    "search": ("search?q=hallucination in generated code&phase=testing-and-evaluation", "hit-5"),
    "map": ("map", "cell-5-5"),
    "challenges": ("challenges?phase=testing-and-evaluation", "challenge-c"),
    "papers": ("papers", "row-"),
    "label": ("label", "label-acts"),
    "library": ("library", "journal"),
    "table": ("table?ids=2501.11354", ""),
    "taxonomy": ("taxonomy", ""),
    "paper": ("paper?id=2501.11354", "favourite"),
}
