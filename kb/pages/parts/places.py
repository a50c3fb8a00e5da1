"""Where each page's file lies: what links between pages point to."""

from __future__ import annotations

from pathlib import Path

_PAGES = Path(__file__).resolve().parents[1]

SEARCH = _PAGES / "search.py"
ASK = _PAGES / "ask.py"
MAP = _PAGES / "map.py"
CHALLENGES = _PAGES / "challenges.py"
PAPERS = _PAGES / "papers.py"
TABLE = _PAGES / "table.py"
SCREENING = _PAGES / "screening.py"
LABEL = _PAGES / "label.py"
LIBRARY = _PAGES / "library.py"
TAXONOMY = _PAGES / "taxonomy.py"
PAPER = _PAGES / "paper.py"

ICON = _PAGES / "hexagon.svg"
"""Our own file: an icon by name would be fetched from a server outside."""
