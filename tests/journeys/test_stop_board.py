"""The stop board over a day of the town: files and HTTP all the way, and the page says what the warehouse did."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest
from connector import ops
from connector.sandbox.cart import Order
from connector.sandbox.warehouse.slips import State
from connector.web import WebContext, serve
from msgspec.structs import replace

from tests.journeys.day import HOME, Day

BY = {"actor": "見本 花子", "why": "お客様から電話"}


@pytest.mark.long
async def test_a_person_stops_three_orders(day: Day) -> None:
    await day.alone_until("08:30")
    early, waiting, packed, bystander = (
        day.place(billing=replace(HOME, name02=name, addr02=f"99-{n}-9", addr03="", tel=f"090-0000-000{n}"))
        for n, name in enumerate(("一郎", "二郎", "三郎", "四郎"), 1)
    )
    await day.until("10:04")
    await wish(day, early)
    await day.until("10:40")
    await wish(day, waiting)
    await day.until("11:40")
    assert floor(day, packed) in (State.PICKING, State.PACKED)
    await wish(day, packed)
    await day.until("12:40")

    rows = await board(day)
    assert {row["number"]: row["verdict"] for row in rows} == {
        early.number: "stopped",
        waiting.number: "stopped",
        packed.number: "too_late",
    }
    assert day.relayed(early) == 0
    assert floor(day, waiting) is State.CANCELLED
    assert floor(day, packed) in (State.PICKING, State.PACKED)
    said = {(row["number"], one["party"]): one for row in rows for one in row["lines"]}
    assert said[early.number, "warehouse"]["answer"] == "never_had"
    assert said[waiting.number, "warehouse"]["answer"] == "agreed"
    assert said[waiting.number, "warehouse"]["proof"].startswith("SHIPACK_")
    assert said[packed.number, "warehouse"]["answer"] == "refused"
    assert {row["number"] for row in rows if row["cart_owes"]} == {early.number, waiting.number}

    for order in (early, waiting, packed):  # a person does in the cart what the board says is still to do
        day.town.cart.cancel(order.id)
    await day.until("20:00")
    rows = await board(day)
    assert not any(row["cart_owes"] for row in rows)
    assert [day.shipped(order) for order in (early, waiting, packed)] == [0, 0, 1]
    assert "cancelled_too_late" in await day.holds(packed)
    assert await day.state(bystander) == "completed"


async def wish(day: Day, order: Order) -> None:
    world, shop = day.demo.world, day.demo.shop.shop
    said = await ops.stop(world.database, shop, order.number, now=day.now, **BY)
    assert said.done, said.words


async def board(day: Day) -> list[dict[str, Any]]:
    """The page and its list, over HTTP."""
    world, shop = day.demo.world, day.demo.shop.shop
    context = WebContext(
        database=world.database,
        shops=(shop,),
        clock=day.demo.clock,
        reports_dir=world.reports_dir,
        form_key=b"k" * 32,
    )
    async with serve(context, 0) as port, aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
        async with http.get("/stops") as page:
            assert page.status == 200
            assert "出荷止め" in await page.text()
        async with http.get("/stops.json") as answer:
            rows: list[dict[str, Any]] = json.loads(await answer.text())
            return rows


def floor(day: Day, order: Order) -> State | None:
    """What the warehouse would say on the telephone."""
    return day.town.warehouse.state_of(str(day.slips(order)[0].number))
