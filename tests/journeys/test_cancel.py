"""A customer changes her mind: stopped wherever it still can be, and said aloud where it is too late."""

from __future__ import annotations

from connector.adapters.ecforce import wire as cart
from connector.sandbox.cart import Order
from connector.sandbox.warehouse.slips import State

from tests.journeys.day import Day


async def test_a_cancel_at_each_stage_of_the_day(day: Day) -> None:
    await day.alone_until("08:30")
    places = ("received", "notified", "in_intake", "imported", "relayed", "picked", "shipped")
    orders = {place: day.place() for place in places}
    bystander = day.place()

    def cancel(place: str) -> None:
        day.town.cart.cancel(orders[place].id)

    await day.until("08:36")
    cancel("received")
    await day.until("08:46")
    assert await day.state(orders["notified"]) == "notified"
    cancel("notified")
    await day.until("09:20")
    assert await day.state(orders["in_intake"]) == "in_intake"
    cancel("in_intake")
    await day.until("10:04")
    assert await day.state(orders["imported"]) in ("in_intake", "imported")
    assert day.imports(orders["imported"]) == 1
    cancel("imported")
    await day.until("10:40")
    assert floor(day, orders["relayed"]) is State.ALLOCATED
    cancel("relayed")
    await day.until("11:40")
    assert floor(day, orders["picked"]) is State.PACKED or floor(day, orders["picked"]) is State.PICKING
    cancel("picked")
    await day.until("18:20")
    assert day.shipped(orders["shipped"]) == 1
    cancel("shipped")
    await day.until("20:00")

    stopped = {place: await day.state(orders[place]) for place in places[:5]}
    assert stopped == dict.fromkeys(places[:5], "cancelled")
    assert [day.shipped(orders[place]) for place in places[:5]] == [0] * 5
    for place in places[1:5]:
        assert [slip.live for slip in day.slips(orders[place])] == [False], f"{place}: cancelled in NE, too"
    assert day.posted(orders["received"]) == []
    assert day.imports(orders["notified"]) == day.imports(orders["in_intake"]) == 0
    assert day.relayed(orders["imported"]) == 0
    assert floor(day, orders["relayed"]) is State.CANCELLED, "the warehouse agreed before we said so"

    for place in places[5:]:
        words = await day.holds(orders[place])
        assert "cancelled_too_late" in words, f"{place}: {words}"
        assert "倉庫" in words["cancelled_too_late"] or "返品" in words["cancelled_too_late"]
        picture = await day.picture(orders[place])
        assert picture.stop is not None
        assert picture.stop.verdict == "too_late"
        assert day.captures(orders[place]) == [], "nobody is charged for what she cancelled"
        assert orders[place].state == cart.STATE_CANCELED, "and nobody writes 発送完了 over it"
    assert await day.state(bystander) == "completed"


def floor(day: Day, order: Order) -> State | None:
    """What the warehouse would say on the telephone."""
    return day.town.warehouse.state_of(str(day.slips(order)[0].number))
