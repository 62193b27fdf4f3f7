"""Completion in full: refused rows of an import, lost answers at every call, authorisations that lapse."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from connector.adapters.ecforce import wire as cart
from connector.console import Exit
from connector.ledger import views
from connector.sandbox.cart.gate import Rule
from connector.sandbox.people import AMAZON, COD

from tests.journeys.conftest import OpenDay
from tests.journeys.day import Day
from tests.journeys.program import finished

BY_FILES = {"route": "files", "times": ["19:30:00"]}
SELLS_ALL = {
    "route": "api",
    "times": ["19:10:00", "20:30:00"],
    "sale_kinds": ["card", "wallet", "deferred", "cod"],
}


def money_told(folder: Path) -> dict[str, Any]:
    """What `connector money` says of that shop, run as an operator runs it; days left follow the wall clock."""
    config = str(folder / "day0" / "demo.toml")
    code, text = finished("money", "--json", "--config", config, stderr=folder / "money.stderr")
    assert code in (Exit.OK, Exit.FINDINGS)
    told: dict[str, Any] = json.loads(text)
    return told


async def test_a_refused_row_of_the_import_is_held_and_the_others_are_complete(
    open_day: OpenDay, tmp_path: Path
) -> None:
    """The clerk leaves the cart's result file; the row's sentence stands in the hold, with what to do."""
    day = await open_day(completion=BY_FILES)
    await day.alone_until("08:30")
    good, bad = day.place(), day.place()
    await day.until("19:25")
    day.town.cart.shop.order_by_number.pop(bad.number)  # the import screens do not find it by its number
    await day.until("19:50")
    day.town.cart.shop.order_by_number[bad.number] = bad
    await day.after_a_night("10:00")
    holds = await day.holds(bad)
    assert list(holds) == ["refused"]
    assert "行目: 受注が見つかりませんでした" in holds["refused"]
    assert re.match(r"cart_results/(shipping|state)_mihon_\d{14}(_sale)?\.csv \d行目", holds["refused"])
    assert await day.state(bad) == "shipped"
    assert day.captures(bad) == []
    assert await day.state(good) == "completed"
    assert day.captures(good) == [good.amounts.payment_total]
    assert await day.strays() == []
    found = await day.demo.world.database.read(lambda c: views.money(c, day.demo.shop.shop, day.now))
    assert [(row.order_number, row.situation) for row in found.shipped] == [(bad.number, "held")]
    assert found.yen == bad.amounts.payment_total
    told = await asyncio.to_thread(money_told, tmp_path)
    assert told["yen"] == found.yen
    assert [(row["order_number"], row["situation"]) for row in told["shipped"]] == [(bad.number, "held")]


async def test_a_strangers_file_among_the_results_is_a_stray(open_day: OpenDay) -> None:
    day = await open_day(completion=BY_FILES)
    await day.alone_until("08:30")
    order = day.place()
    await day.until("19:00")
    (day.town.root / "cart_results" / "stock.csv").write_bytes(b"sku,stock\r\n")
    await day.after_a_night("10:00")
    (stray,) = await day.strays()
    assert (stray.system, stray.place) == ("ecforce", "cart_results/stock.csv")
    assert await day.state(order) == "completed"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("shipping", "drop_after"),
        ("shipping", "empty"),
        ("shipping", "429"),
        ("bulk_update", "drop_after"),
        ("bulk_update", "502"),
    ],
)
async def test_an_answer_that_is_lost_is_read_back_and_never_sold_twice(
    open_day: OpenDay, path: str, kind: Any
) -> None:
    day = await open_day(completion=SELLS_ALL)
    await day.alone_until("08:30")
    orders = [day.place(), day.place(payment_method_id=AMAZON), day.place(payment_method_id=COD)]
    await day.until("19:00")
    day.town.cart._gate.rules.append(Rule(kind=kind, path=f"PUT .*orders/{path}", count=1))
    await day.until("21:00")
    assert [await day.state(order) for order in orders] == ["completed"] * 3
    assert [day.captures(order) for order in orders[:2]] == [[o.amounts.payment_total] for o in orders[:2]]
    assert [order.payment.state for order in orders] == [cart.PAY_COMPLETED] * 3
    assert [order.state for order in orders] == [cart.STATE_SHIPPED] * 3


async def test_an_authorisation_that_lapses_before_the_relay_is_held_until_it_is_made_anew(day: Day) -> None:
    await day.alone_until("08:30")
    old, fresh = day.place(), day.place()
    await day.until("09:30")
    payment = old.payment
    assert payment.authed_at is not None
    assert payment.valid_until is not None
    payment.authed_at -= timedelta(days=59)
    payment.valid_until -= timedelta(days=59)
    day.town.cart.shop.touch(old)
    await day.until("11:00")
    holds = await day.holds(old)
    assert list(holds) == ["payment_gate"]
    assert "再オーソリ" in holds["payment_gate"]
    assert (day.relayed(old), day.relayed(fresh)) == (0, 1)
    told = await day.demo.world.database.read(lambda c: views.money(c, day.demo.shop.shop, day.now))
    assert [(row.order_number, row.situation) for row in told.lapsing] == [(old.number, "before_ship")]

    payment.state = cart.PAY_AUTH_FAILED  # the shop lets it go and asks for it anew
    day.town.cart.reauth(old.id)
    await day.until("12:00")
    assert await day.holds(old) == {}
    assert day.relayed(old) == 1
    await day.until("20:00")
    assert day.captures(old) == [old.amounts.payment_total]
    assert await day.state(old) == "completed"
