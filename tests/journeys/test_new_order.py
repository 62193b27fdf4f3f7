"""A new order: shopped in the morning, with the customer by evening's lorry, paid once, complete in the cart."""

from __future__ import annotations

from connector.adapters.ecforce import wire as cart
from connector.sandbox.people import AMAZON, CARD, DEFERRED

from tests.journeys.conftest import OpenDay
from tests.journeys.day import SERUM, Day


async def test_a_new_order_walks_to_completion_and_is_captured_exactly_once(open_day: OpenDay) -> None:
    day = await open_day(completion={"route": "files", "times": ["19:30:00"]})
    await day.alone_until("08:30")
    order = day.place(items=((SERUM, 2),))

    await day.until("09:00")
    assert await day.state(order) == "in_intake"
    assert day.mails(order) == 1
    assert day.town.next_engine.tab(day.slip(order).number) == "新規受付"

    await day.until("11:00")
    assert await day.state(order) == "imported"
    assert day.imports(order) == 1
    assert day.relayed(order) == 1

    await day.until("19:00")
    assert day.shipped(order) == 1
    assert await day.state(order) == "shipped"
    assert day.captures(order) == [], "no yen is taken before the cart is told"

    await day.after_a_night("10:00")
    assert await day.walk(order) == [
        "received",
        "notified",
        "in_intake",
        "imported",
        "shipped",
        "completed",
    ]
    assert day.captures(order) == [order.amounts.payment_total]
    assert order.state == cart.STATE_SHIPPED
    assert order.payment.state == cart.PAY_COMPLETED
    left = day.town.warehouse.slips()[str(day.slip(order).number)].tracking
    assert [parcel.slip for parcel in order.parcels.values()] == left
    picture = await day.picture(order)
    assert [slip.state for slip in picture.slips] == ["confirmed"]
    assert {act.kind: act.state for act in picture.effects} == {
        "mail": "done",
        "ne_import": "done",
        "ne_claim": "done",
        "wms_file": "done",
        "ne_mark": "done",
        "ne_shipped": "done",
        "completion": "done",
    }


async def test_card_wallet_and_deferred_orders_are_each_charged_once(day: Day) -> None:
    await day.alone_until("08:30")
    orders = [day.place(payment_method_id=method) for method in (CARD, AMAZON, DEFERRED)]
    await day.until("20:00")
    assert [await day.state(order) for order in orders] == ["completed"] * 3
    assert [day.captures(order) for order in orders] == [[order.amounts.payment_total] for order in orders]
