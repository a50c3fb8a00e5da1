"""What a soak has found, told at the end of the run."""

from __future__ import annotations

import pytest

_said: list[str] = []


def say(line: str) -> None:
    """Have a line printed at the end of the run, whether it passed or not."""
    _said.append(line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _said:
        terminalreporter.section("soak")
    for line in _said:
        terminalreporter.write_line(line)
