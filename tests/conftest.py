"""What holds for every test: long ones have time, and the figures that they print are shown at the end."""

from __future__ import annotations

import re

import pytest

LONG_SECONDS = 900
_A_LOG_LINE = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("long") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(LONG_SECONDS))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("passed"):
        figures = [line for line in report.capstdout.splitlines() if line and not _A_LOG_LINE.match(line)]
        if figures and "long" in report.keywords:
            terminalreporter.write_line(f"{report.nodeid}\n  " + "\n  ".join(figures))
