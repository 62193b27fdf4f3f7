"""`connector forecast`: its exit codes, its JSON, and what it says of a bad day."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from connector import clock
from connector.cli import app
from connector.clock import SystemClock
from connector.console import Exit
from connector.ledger.database import Database, migrate
from connector.ledger.ledger import Ledger
from connector.ports import SubscriptionPage
from connector.shop import Shop
from typer.testing import CliRunner

from tests.sim.test_forecast_year import a_config, log_aside
from tests.unit.renewal_desk import a_subscription, at

RUNNER = CliRunner()


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty ledger, at eight o'clock of 11-26."""

    class Then(SystemClock):
        def now(self) -> object:  # type: ignore[override]
            return at("11-26 08:00")

    monkeypatch.setattr(clock, "SystemClock", Then)
    log_aside(monkeypatch)
    yield a_config(tmp_path)
    structlog.reset_defaults()


def read(config: Path, *, found: bool) -> None:
    """What the daemon did before."""

    async def work() -> None:
        database = Database(f"sqlite:///{config.parent}/ledger.sqlite3", inline=True)
        migrate(database)
        shop = Shop(key="mihon", name="見本ストア", start_at=at("11-01"), ne_shop_id="1")
        ledger = Ledger(database, shop)
        if found:
            await ledger.follow(SubscriptionPage((a_subscription(),), (), b"bytes"), at("11-20 09:00"))
        for name in ("ingest", "follow_subscriptions"):
            await ledger.move_cursor(name, at("11-26 07:55"))
        database.close()

    asyncio.run(work())


def test_before_anything_was_read_it_cannot_say(config: Path) -> None:
    reply = RUNNER.invoke(app, ["forecast", "-c", str(config)])
    assert reply.exit_code == Exit.UNAVAILABLE
    assert "定期の作成漏れ 不明" in reply.stdout


def test_nothing_missing_is_a_good_morning(config: Path) -> None:
    read(config, found=False)
    reply = RUNNER.invoke(app, ["forecast", "-c", str(config)])
    assert reply.exit_code == Exit.OK, reply.output
    assert "定期の漏れはありません。" in reply.stdout


def test_a_missing_one_ends_with_four_and_says_what_to_do(config: Path) -> None:
    read(config, found=True)
    reply = RUNNER.invoke(app, ["forecast", "-c", str(config), "--days", "2"])
    assert reply.exit_code == Exit.FINDINGS, reply.output
    assert "d1000000a1  1,944円" in reply.stdout
    assert "→ カートの定期受注を開き、手動で受注を作成してください。" in reply.stdout
    english = RUNNER.invoke(app, ["forecast", "-c", str(config), "--lang", "en"])
    assert "→ Open the subscription in the cart and create the order by hand" in english.stdout


def test_the_json_carries_every_list(config: Path) -> None:
    read(config, found=True)
    reply = RUNNER.invoke(app, ["forecast", "-c", str(config), "--json", "--on", "2026-12-24", "--days", "1"])
    assert reply.exit_code == Exit.FINDINGS
    said = json.loads(reply.stdout)
    assert [one["subscription_number"] for one in said["missing"]] == ["d1000000a1"]
    assert said["missing"][0]["due_on"] == "2026-11-26"
    assert [said[name] for name in ("early", "late", "doubled", "lost", "traps")] == [[], [], [], [], []]
    assert (said["wrong_rules"], said["unknown"], said["active"]) == (None, "", 1)
    assert [one["on"] for one in said["expected"]] == ["2026-12-24"]


def test_a_day_that_is_none(config: Path) -> None:
    reply = RUNNER.invoke(app, ["forecast", "-c", str(config), "--on", "tomorrow"])
    assert reply.exit_code == Exit.USAGE
    assert "2026-12-01" in reply.output
