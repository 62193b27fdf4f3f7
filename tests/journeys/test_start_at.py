"""A shop goes live at an hour: what was ordered before it is shown, and never acted on."""

from __future__ import annotations

from tests.journeys.conftest import OpenDay


async def test_orders_before_the_start_are_shown_and_left_alone(open_day: OpenDay) -> None:
    day = await open_day(start_at="2026-11-24T08:30:00+09:00")
    await day.alone_until("08:20")
    before = day.place()
    await day.alone_until("08:31")
    after = day.place()

    await day.until("11:00")
    seen = (await day.picture(before)).order
    assert (seen.state, seen.left_out) == ("received", "before_start")
    assert day.posted(before) == []
    assert day.slips(before) == []
    assert await day.state(after) == "imported"

    day.town.cart.cancel(before.id)
    await day.until("11:30")
    assert (await day.picture(before)).order.left_out == "before_start"
    assert (await day.picture(before)).stop is None
