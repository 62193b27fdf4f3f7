"""An order that is one yen off is held with both figures and the cause; it goes on once the cart repairs it."""

from __future__ import annotations

from dataclasses import replace

import aiohttp
from connector.adapters.ecforce import wire
from connector.adapters.next_engine.wire import TOTAL

from tests.journeys.conftest import OpenDay
from tests.journeys.day import Day

IMPORTS = {"times": ["10:00:00", "14:00:00"]}


async def recalculate(day: Day, order_id: int) -> None:
    """What a person does on the cart's screen: 再計算."""
    key = day.demo.shop.shop.key
    base = day.demo.world.settings.shops[key].cart.url
    headers = {wire.AUTHORIZATION: wire.AUTHORIZATION_FORMAT.format(token=day.town.cart.token)}
    body = {"order": {"memo01": "金額を再計算"}, "recalculate": 1}
    async with (
        aiohttp.ClientSession() as session,
        session.put(f"{base}{wire.API_V2}/admin/orders/{order_id}.json", json=body, headers=headers) as reply,
    ):
        assert reply.status == 200, await reply.text()


async def test_one_yen_off_is_held_with_its_cause_and_goes_on_when_the_cart_repairs_it(
    open_day: OpenDay,
) -> None:
    day = await open_day(import_daily=IMPORTS)
    await day.alone_until("08:30")
    order, neighbour = day.place(), day.place()
    right = order.amounts
    order.amounts = replace(right, subtotal10=right.subtotal10 + 1)

    await day.until("11:00")
    said = (await day.holds(order))["amount_differs"]
    assert said == (
        f"小計10% {right.subtotal10 + 1:,}円（計算では {right.subtotal10:,}円、+1円）: "
        "明細の単価×数量の合計と合いません"
    )
    assert day.posted(order) == []
    assert await day.state(neighbour) == "imported"

    await recalculate(day, order.id)
    await day.until("20:00")
    assert order.amounts == right
    assert await day.holds(order) == {}
    assert await day.held_once(order) == ["amount_differs"]
    assert await day.walk(order) == ["received", "notified", "in_intake", "imported", "shipped", "completed"]
    assert day.captures(order) == [right.payment_total]
    assert day.slip(order).amount(TOTAL) == right.payment_total
