"""`connector intake` and `connector backfill` as installed, against a town with a past: red, read again, the same."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from connector.clock import SystemClock, jst
from connector.reports.intake import count_intake
from connector.sandbox.people import CARD

from tests.free_port import free_port
from tests.journeys.day import Day
from tests.journeys.program import REPOSITORY, Child, finished, running

DAYS = "4"
EXIT_SAME, EXIT_DIFFERS, EXIT_USAGE = 0, 4, 2


class House:
    """A connector whose settings lie in this folder, and its commands."""

    def __init__(self, folder: Path, ports: dict[str, int]) -> None:
        self.folder = folder
        text = (REPOSITORY / "config/sandbox.toml").read_text(encoding="utf-8")
        start_at = jst(SystemClock().now() - timedelta(days=12)).replace(microsecond=0)
        for old, new in {
            "127.0.0.1:9101": f"127.0.0.1:{ports['cart']}",
            "127.0.0.1:9102": f"127.0.0.1:{ports['next-engine']}",
            "9103": str(ports["smtp"]),
            "9104": str(ports["sftp"]),
            "../var/sandbox": str(folder / "secrets"),
            "../var/rehearsal": str(folder / "data"),
            '"../mappings"': json.dumps(str(REPOSITORY / "mappings")),
            "2020-01-01T00:00:00+09:00": start_at.isoformat(),
        }.items():
            text = text.replace(old, new)
        self.config = folder / "connector.toml"
        self.config.write_text(text, encoding="utf-8")

    def says(self, *words: str) -> tuple[int, Any]:
        """Exit code and the JSON on stdout."""
        command, *rest = words
        code, text = finished(
            command, *rest, "--json", "--config", str(self.config), stderr=self.folder / "said.err"
        )
        return code, json.loads(text) if text.strip() else None

    def tear_out(self, cart_order_id: int) -> None:
        with sqlite3.connect(self.folder / "data/ledger.sqlite3") as ledger:
            (order_id,) = ledger.execute(
                "SELECT id FROM orders WHERE cart_order_id = ?", (cart_order_id,)
            ).fetchone()
            ledger.execute("DELETE FROM order_versions WHERE order_id = ?", (order_id,))
            ledger.execute("DELETE FROM orders WHERE id = ?", (order_id,))
        ledger.close()

    def an_order_of(self, day: str) -> int:
        begins_at = datetime.fromisoformat(f"{day}T00:00:00+09:00").astimezone(UTC)
        span = [f"{at:%Y-%m-%d %H:%M:%S}" for at in (begins_at, begins_at + timedelta(days=1))]
        with sqlite3.connect(self.folder / "data/ledger.sqlite3") as ledger:
            query = "SELECT cart_order_id FROM orders WHERE placed_at >= ? AND placed_at < ? AND number NOT LIKE '%-%'"
            found = ledger.execute(query, span).fetchone()
        ledger.close()
        return int(found[0])


def the_town(folder: Path, ports: dict[str, int]) -> list[str]:
    doors = [text for name, port in ports.items() for text in (f"--{name}", f"127.0.0.1:{port}")]
    more = ["--secrets-dir", str(folder / "secrets"), "--folder", str(folder / "town")]
    return ["sandbox", *doors, *more, "--subscriptions", "60", "--orders-per-day", "0"]


def red(model: dict[str, Any]) -> list[dict[str, Any]]:
    return [day for day in model["days"] if day["cart"] != day["ledger"] + day["unreadable"]]


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_lost_row_is_red_until_the_day_was_read_again(tmp_path: Path) -> None:
    ports = {name: free_port() for name in ("cart", "next-engine", "smtp", "sftp", "imap")}
    with running(*the_town(tmp_path, ports), stderr=tmp_path / "town.err") as town:
        town.line()
        house = House(tmp_path, ports)
        assert taken_in(house, town) > 10
        code, model = house.says("intake", "--days", DAYS)
        assert (code, red(model)) == (EXIT_SAME, [])
        assert sum(one["count"] for one in model["lines"] if not one["older"]) == model["seen"] > 0
        day = max(one["on"] for one in model["days"] if one["ledger"])

        lost = house.an_order_of(day)
        house.tear_out(lost)
        code, model = house.says("intake", "--days", DAYS)
        assert code == EXIT_DIFFERS
        assert [one["on"] for one in red(model)] == [day]

        code, tried = house.says("backfill", "--from", day, "--to", day, "--dry-run")
        assert (code, tried["days"][0]["lacked"], tried["days"][0]["new"]) == (EXIT_DIFFERS, 1, 1)
        code, done = house.says("backfill", "--from", day, "--to", day)
        assert (code, done["whole"], done["days"][0]["new"]) == (EXIT_SAME, True, 1)
        code, model = house.says("intake", "--days", DAYS)
        assert (code, red(model)) == (EXIT_SAME, [])
        assert house.says("backfill", "--from", "yesterday")[0] == EXIT_USAGE
        assert house.says("backfill", "--from", "2026-02-01", "--to", "2026-01-01")[0] == EXIT_USAGE


def taken_in(house: House, town: Child) -> int:
    code, counts = house.says("once", "ingest")
    assert code == EXIT_SAME, town.tail()
    return int(counts["ingest"]["seen"])


async def test_a_malformed_order_is_a_line_of_its_own_and_closes_by_itself(day: Day) -> None:
    async def lines() -> dict[str, int]:
        one = day.demo.shop
        found = await count_intake(one.ports.cart, day.demo.world.database, one.shop, day.now)
        assert not found.red
        assert found.sum == found.seen
        counted: dict[str, int] = {}
        for line in found.lines:
            counted[line.kind] = counted.get(line.kind, 0) + line.count
        return counted

    await day.alone_until("08:30")
    sound, broken = day.place(payment_method_id=CARD), day.place()
    quantity = broken.items[0].quantity
    broken.items[0].quantity = "三個"  # type: ignore[assignment]
    await day.until("09:30")
    assert await lines() == {"on_its_way": 1, "unreadable": 1}
    assert [stray.resolved_at for stray in await day.strays()] == [None]

    broken.items[0].quantity = quantity
    day.town.cart.shop.touch(broken)
    await day.until("09:50")
    assert await lines() == {"on_its_way": 2}
    assert [stray for stray in await day.strays() if stray.resolved_at is None] == []
    await day.until("10:40")
    assert await day.state(sound) == "imported"
