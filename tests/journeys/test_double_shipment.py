"""One customer sends the same order twice within minutes: one parcel leaves, a person is asked about the other."""

from __future__ import annotations

from connector.ledger.views.suspects import suspects
from connector.sandbox.next_engine.model import Slip

from tests.journeys.day import HOME, Day


async def test_the_second_of_two_equal_orders_waits_and_leaves_when_it_is_cancelled(day: Day) -> None:
    await day.alone_until("08:30")
    first, second = day.place(), day.place(billing=HOME)
    await day.until("13:00")
    assert (day.relayed(first), day.relayed(second)) == (1, 0)
    assert await day.holds(first) == {}
    (reason, note), *_ = (await day.holds(second)).items()
    sent: Slip = day.slip(first)
    assert reason == "duplicate_shipment"
    assert note.startswith(f"伝票 {sent.number}（")

    shop, number = day.demo.shop.shop, str(day.slip(second).number)
    beside = await day.demo.world.database.read(lambda c: suspects(c, shop, number, day.now))
    assert [(row.number, row.ours) for row in beside] == [(str(sent.number), True)]
    assert "太郎" not in repr(beside), "masked"

    day.town.cart.cancel(second.id)
    await day.until("20:00")
    assert (day.shipped(first), day.shipped(second)) == (1, 0)
    assert await day.state(first) == "completed"
    assert await day.state(second) == "cancelled"
    assert await day.holds(second) == {}
