"""What holds for every test: nobody waits for the disk, long ones have time, their figures are shown at the end."""

from __future__ import annotations

import gc
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from connector.ledger import database
from sqlalchemy import Engine, create_engine

LONG_SECONDS = 900
_AS_IN_PRODUCTION = database._on_connect
_A_LOG_LINE = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("long") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(LONG_SECONDS))


def pytest_collection_finish() -> None:
    """Seven thousand tests stay until the end: nobody needs to look again and again whether they are rubbish."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def a_disk_that_never_fails() -> Iterator[None]:
    """A commit waits milliseconds until the disk has it, thousands of times in a story, against a power cut. No test
    cuts the power; a killed process loses nothing either way. Child processes wait as in production."""

    def hasty(raw: sqlite3.Connection, record: Any) -> None:
        _AS_IN_PRODUCTION(raw, record)
        raw.execute("PRAGMA synchronous=OFF")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_on_connect", hasty)
        yield


@pytest.fixture(scope="session", autouse=True)
def each_statement_compiled_once() -> Iterator[None]:
    """Statements are compiled once for all ledgers of a run: else it is most of the work of a small story. A compiled
    statement is looked up by its dialect too, so that the ledgers share theirs; it lives as long as the run."""
    make, compiled = database._engine, dict[Any, Any]()
    with closing(create_engine("sqlite://").connect()) as connection:  # a dialect that has met its server
        dialect = connection.dialect

    def sharing(url: str) -> Engine:
        engine = make(url)
        if engine.dialect.name == dialect.name:
            engine.dialect = dialect
            engine.update_execution_options(compiled_cache=compiled)
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_engine", sharing)
        yield


@pytest.fixture
def a_real_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """For who measures, or asks how durable the store is: every commit is on the disk before it returns."""
    monkeypatch.setattr(database, "_on_connect", _AS_IN_PRODUCTION)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("passed"):
        figures = [line for line in report.capstdout.splitlines() if line and not _A_LOG_LINE.match(line)]
        if figures and "long" in report.keywords:
            terminalreporter.write_line(f"{report.nodeid}\n  " + "\n  ".join(figures))
