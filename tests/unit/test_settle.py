"""The settle delay (注文内容の確定待ち): a thanks offer edits the order after checkout (spec/ecforce.md §10.5).

The recorded order 04b5c6d7e8 was placed at 08:57, got its second line at 09:03:30 and is settled at 09:13:30.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from connector.adapters.ecforce.reader import read_page
from connector.clock import JST
from connector.order import Order, Origin
from connector.ports import CartPage

from tests.unit.world import DEFERRED, World, an_order, world

ECFORCE = Path(__file__).parents[2] / "fixtures/ecforce"
THANKS, RENEWAL = "04b5c6d7e8", "b7c2e4d018"
DAWN = datetime(2026, 11, 26, 0, 0, tzinfo=UTC) - timedelta(hours=9, days=3)


def jst_at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-26 {text}").replace(tzinfo=JST).astimezone(UTC)


def recorded(name: str) -> bytes:
    return (ECFORCE / name).read_bytes()


async def take_in(w: World, name: str, number: str) -> Order:
    """The recorded order, as the reader reads it, at its place in the page."""
    page = read_page(recorded(name)).page
    (order,) = (one for one in page.orders if one.number == number)
    await w.ledger.receive(CartPage((w.cart.translate(order),), (), page.body), w.clock.now())
    return order


async def mailed_at(w: World, times: list[str]) -> dict[str, int]:
    """How many mails had left after a pass at each of these times."""
    found = {}
    for text in times:
        w.clock.set_to(jst_at(text))
        await w.run("notify")
        found[text] = len(w.mailer.sent)
    return found


async def test_the_recorded_thanks_offer_is_settled_to_the_second(tmp_path: Path) -> None:
    with world(tmp_path, start_at=DAWN) as w:
        w.clock.set_to(jst_at("09:00:00"))
        first = await take_in(w, "orders_page1.json", THANKS)
        assert len(first.lines) == 1
        assert await mailed_at(w, ["09:00:00", "09:03:00"]) == {"09:00:00": 0, "09:03:00": 0}
        w.clock.set_to(jst_at("09:04:00"))
        second = await take_in(w, "orders_updated_later.json", THANKS)
        assert len(second.lines) == 2
        assert second.updated_at == jst_at("09:03:30")
        times = ["09:04:00", "09:07:11", "09:13:29", "09:13:30"]
        assert await mailed_at(w, times) == dict(zip(times, (0, 0, 0, 1), strict=True))
        assert w.order(THANKS).version == 2


async def test_the_recorded_renewal_settles_as_well(tmp_path: Path) -> None:
    """Generated at 00:30:11, touched by its payment at 00:30:15."""
    with world(tmp_path, start_at=DAWN) as w:
        w.clock.set_to(jst_at("00:31:00"))
        order = await take_in(w, "orders_page1.json", RENEWAL)
        assert order.origin is Origin.GENERATED
        assert order.updated_at == jst_at("00:30:15")
        times = ["00:31:00", "00:40:14", "00:40:15"]
        assert await mailed_at(w, times) == dict(zip(times, (0, 0, 1), strict=True))


@pytest.mark.parametrize("origin", list(Origin))
async def test_each_change_begins_the_wait_anew_whatever_the_origin(tmp_path: Path, origin: Origin) -> None:
    with world(tmp_path) as w:
        for n in range(4):
            w.cart.put(an_order(origin=origin, memo=f"offer {n}"))
            await w.run("ingest", "notify")
            w.pass_by(minutes=9, seconds=59)
            await w.run("notify")
            assert w.mailer.sent == []
        w.pass_by(seconds=1)
        await w.run("notify")
        assert w.mailer.count("sent", "T-1001") == 1
        assert w.order().version == 4


async def test_the_wait_is_the_shops_own(tmp_path: Path) -> None:
    with world(tmp_path, settle=timedelta(0)) as w:
        w.cart.put(an_order(payment=DEFERRED))
        await w.run("ingest", "notify")
        assert w.state() == "notified"


def test_the_fixture_says_what_this_file_says() -> None:
    rows = json.loads(recorded("orders_updated_later.json"))["data"]
    said = {row["attributes"]["number"]: row["attributes"]["updated_at"] for row in rows}
    assert said[THANKS] == "2026/11/26 09:03:30"
