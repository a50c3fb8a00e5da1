from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest
from conftest import PAGES, Start, markup, sound, visit
