"""決済NG: a refused card is never announced; healed by a new authorisation, the order joins the next import."""

from __future__ import annotations

from tests.journeys.conftest import OpenDay
from tests.journeys.day import Day

TWICE = {"times": ["10:00:00", "14:00:00"]}


async def test_a_refused_payment_is_held_and_joins_the_next_import_once_it_is_healed(
    open_day: OpenDay,
) -> None:
    day = await open_day(import_daily=TWICE)
    await day.alone_until("08:30")
    order = day.place(card="decline")
    neighbour = day.place()

    await day.until("11:00")
    assert await day.state(order) == "received"
    assert list(await day.holds(order)) == ["payment_refused"]
    assert "拒否" in (await day.holds(order))["payment_refused"], "the gateway's own words"
    assert day.mails(order) == 0
    assert day.slips(order) == []
    assert await day.state(neighbour) == "imported"

    assert order.payment.card_id is not None
    day.town.cart.set_card(order.payment.card_id, "ok")
    day.town.cart.reauth(order.id)
    await day.until("20:00")
    assert await day.holds(order) == {}
    assert await day.held_once(order) == ["payment_refused"]
    assert await day.state(order) == "completed"
    assert (day.mails(order), day.imports(order), day.shipped(order)) == (1, 1, 1)
    assert day.captures(order) == [order.amounts.payment_total]


async def test_an_order_nobody_heals_stays_held_and_never_leaves_the_cart(day: Day) -> None:
    await day.alone_until("08:30")
    order = day.place(card="decline")
    await day.until("12:00")
    assert list(await day.holds(order)) == ["payment_refused"]
    assert len((await day.picture(order)).holds) == 1, (
        "the same trouble is pinned once, not every ten minutes"
    )
    assert day.posted(order) == []
