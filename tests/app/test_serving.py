from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from streamlit import config

from kb.commands.serving import APP, SETTINGS, THEME, arguments, told
from kb.settings import READ_ONLY, only_shown

CHECKOUT = Path(__file__).resolve().parents[2]


def test_the_app_is_found_beside_the_package() -> None:
    assert APP == CHECKOUT / "app.py"
    assert APP.is_file()


def test_streamlit_knows_every_setting() -> None:
    known = config.get_config_options()
    assert set(SETTINGS) <= set(known)


def test_nothing_is_told_outside_and_only_this_machine_is_served() -> None:
    words = arguments(port=8501, address="localhost", headless=True)
    assert words[:2] == ["run", str(APP)]
    assert "--browser.gatherUsageStats=false" in words
    assert "--server.address=localhost" in words
    assert "--server.headless=true" in words


def _light(colour: str) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_light(one), _light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_text_has_enough_contrast_in_both_themes() -> None:
    theme = tomllib.loads(THEME.read_text(encoding="utf-8"))["theme"]
    for mode in ("light", "dark"):
        colours = theme[mode]
        for ground in ("backgroundColor", "secondaryBackgroundColor"):
            for text in ("textColor", "linkColor", "grayTextColor"):
                assert _contrast(colours[text], colours[ground]) >= 4.5, (mode, text, ground)
        assert _contrast("#ffffff", colours["primaryColor"]) >= 4.5, mode


def test_reading_alone_is_told_to_the_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(READ_ONLY, raising=False)
    for read_only in (False, True):
        given = told(tmp_path, read_only=read_only)
        assert given["KB_LIBRARY"] == str(tmp_path.resolve())
        monkeypatch.setenv(READ_ONLY, given.get(READ_ONLY, ""))
        assert only_shown() is read_only


def test_what_is_no_yes_does_not_make_a_library_read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, wanted in (("", False), ("0", False), ("no", False), ("1", True), ("yes", True)):
        monkeypatch.setenv(READ_ONLY, value)
        assert only_shown() is wanted
