"""`connector report`: what is no day, or a day of which nothing is recorded, is refused and leaves no file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from connector import clock
from connector.cli import app
from connector.clock import SystemClock
from connector.console import Exit
from connector.ledger.database import Database, migrate
from connector.ledger.history import Entry, append
from typer.testing import CliRunner, Result

from tests.sim.test_forecast_year import a_config, log_aside
from tests.unit.world import START


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The first record is of 11-24 in Japan, the last of 11-26, and it is noon of 11-27."""

    class Then(SystemClock):
        def now(self) -> object:  # type: ignore[override]
            return START + timedelta(days=3, hours=3)

    monkeypatch.setattr(clock, "SystemClock", Then)
    log_aside(monkeypatch)
    config = a_config(tmp_path)
    database = Database(f"sqlite:///{tmp_path}/ledger.sqlite3", inline=True)
    migrate(database)
    with database.engine.begin() as connection:
        for days in (0, 2):
            entry = Entry(item="order", item_id=1, number="T-1001", event="note", actor="見本 花子")
            append(connection, "mihon", START + timedelta(days=days), [entry])
    database.close()
    yield config
    structlog.reset_defaults()


def run(config: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["report", "-c", str(config), *words])


@pytest.mark.parametrize("day", ["2026-13-01", "heute", "2026-11-31"])
def test_what_is_no_day(config: Path, day: str) -> None:
    reply = run(config, day)
    assert reply.exit_code == Exit.USAGE
    assert reply.stderr == f"report {day}: a day is written as 2026-11-01\n"


@pytest.mark.parametrize("day", ["2020-01-01", "2026-11-23", "2026-11-28", "2030-01-01"])
def test_a_day_of_which_nothing_is_recorded(config: Path, day: str) -> None:
    reply = run(config, day)
    assert reply.exit_code == Exit.USAGE
    assert f"report {day}: there is a report of 2026-11-24 to 2026-11-27" in reply.stderr
    assert not list(config.parent.rglob("report_*"))


@pytest.mark.parametrize("day", ["2026-11-24", "2026-11-27", ""])
def test_a_day_of_the_shop(config: Path, day: str) -> None:
    reply = run(config, *filter(None, [day]))
    assert reply.exit_code == Exit.OK
    assert list(config.parent.rglob(f"report_mihon_{day or '2026-11-26'}.html"))
