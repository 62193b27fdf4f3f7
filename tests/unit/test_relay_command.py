"""`connector relay`: the days that stopped themselves, their exit codes, and the two words a person may say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from connector.cli import app
from connector.console import Exit
from connector.ledger import stage_stops
from connector.ledger.database import Database, migrate
from typer.testing import CliRunner, Result

from tests.sim.test_forecast_year import a_config, log_aside
from tests.unit.world import START

DAY = "2026-11-24"
FIGURES = {"gone": 300, "batch": 500, "total": 800, "band": [200, 180, 210, 190], "high": 420}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    log_aside(monkeypatch)
    yield a_config(tmp_path)
    structlog.reset_defaults()


def run(config: Path, verb: str, *words: str) -> Result:
    return CliRunner().invoke(app, ["relay", verb, "-c", str(config), *words])


def stopped(config: Path) -> None:
    database = Database(f"sqlite:///{config.parent}/ledger.sqlite3", inline=True)
    migrate(database)
    with database.engine.begin() as connection:
        assert stage_stops.open(connection, "mihon", "relay", DAY, FIGURES, START)
        assert not stage_stops.open(connection, "mihon", "relay", DAY, FIGURES, START), (
            "one row, however often"
        )
    database.close()


def test_nothing_stopped(config: Path) -> None:
    assert run(config, "list").exit_code == Exit.OK
    assert run(config, "release", DAY, "-r", "セール").exit_code == Exit.NOTHING
    assert run(config, "release", DAY).exit_code == Exit.USAGE, "nobody decides without a reason"


@pytest.mark.parametrize(("verb", "name"), [("release", "解放済み"), ("refuse", "見合わせ")])
def test_a_day_waits_until_somebody_decides(config: Path, verb: str, name: str) -> None:
    stopped(config)
    reply = run(config, "list")
    assert reply.exit_code == Exit.FINDINGS
    assert "800件（指示済み 300件＋今回 500件）" in reply.stdout
    assert "最大 210件、上限 420件" in reply.stdout
    assert "the limit is 420" in run(config, "list", "--lang", "en").stdout
    done = json.loads(run(config, verb, DAY, "-r", "セール初日", "--json").stdout)
    assert done["done"] is True
    assert run(config, verb, DAY, "-r", "もう一度").exit_code == Exit.NOTHING
    assert (run(config, "list").exit_code, json.loads(run(config, "list", "--json").stdout)) == (Exit.OK, [])
    (row,) = json.loads(run(config, "list", "--all", "--json").stdout)
    assert (row["decision"], row["note"], row["figures"]["total"]) == (name, "セール初日", 800)


def test_status_counts_down_to_the_cut_off(config: Path) -> None:
    reply = CliRunner().invoke(app, ["status", "-c", str(config)])
    assert "締め" in reply.stdout.splitlines()[0]
    found = json.loads(CliRunner().invoke(app, ["status", "-c", str(config), "--json"]).stdout)
    assert found["cut_off_at"] > found["at"]
