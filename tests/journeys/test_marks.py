"""What operators see of the hand-over in Next Engine: tags and 作業用欄; and how a tag sends a refused slip again."""

from __future__ import annotations

from connector.adapters.next_engine import wire

from tests.journeys.day import Day
from tests.journeys.test_changed_after_relay import release

SENT, ERROR, RESEND = "[WMS送信済]", "[WMS:エラー]", "[WMS再送]"


async def test_a_refusal_is_told_in_next_engine_and_a_tag_sends_the_slip_again(day: Day) -> None:
    day.faults.plan("wms-refuses", 1)
    await day.alone_until("08:30")
    order = day.place()
    await day.until("11:40")
    slip = day.slip(order)
    assert (slip.fields[wire.TAGS], slip.fields[wire.STATUS]) == (ERROR, "20")
    assert str(slip.fields[wire.WORKER_TEXT]).startswith("E105")
    assert (await day.holds(order)).keys() == {"refused"}
    assert day.relayed(order) == 0

    day.town.next_engine.operator.edit(slip.number, {wire.TAGS: RESEND})
    await day.until("20:00")
    assert await day.state(order) == "completed"
    assert (day.relayed(order), day.shipped(order)) == (1, 1)
    assert day.slip(order).fields[wire.TAGS] == SENT
    claims = [act for act in (await day.picture(order)).effects if act.kind == "ne_claim"]
    assert len(claims) == 2, "a resend is claimed anew"


async def test_a_slip_that_another_link_sent_is_not_sent_twice(day: Day) -> None:
    await day.alone_until("08:30")
    order, other = day.place(), day.place()
    await day.until("10:04")
    day.town.next_engine.operator.edit(day.slip(order).number, {wire.TAGS: SENT})
    await day.until("13:00")
    assert (await day.holds(order)).keys() == {"duplicate_shipment"}
    assert (day.relayed(order), day.relayed(other)) == (0, 1)


async def test_a_mark_that_next_engine_refuses_is_not_a_refusal_of_the_warehouse(day: Day) -> None:
    """印刷済 is refused while the print date lies ahead (spec/next_engine.md §3.5); the goods leave all the same."""
    await day.alone_until("08:30")
    order = day.place()
    await day.until("10:16")
    slip, desk = day.slip(order).number, day.town.next_engine
    today = day.slip(order).fields[wire.PRINT_ON]
    desk.operator.edit(slip, {wire.PRINT_ON: "2026-11-30 00:00:00"})
    await day.until("19:00")
    holds = await day.holds(order)
    assert holds.keys() == {"mark_refused"}
    assert (day.relayed(order), day.shipped(order)) == (1, 1)
    assert day.slip(order).fields[wire.TAGS] == SENT, "nobody writes that the warehouse refused it"
    assert day.slip(order).fields[wire.WORKER_TEXT] in (None, "")

    twin = desk.operator.copy(slip)
    desk.operator.deposit(twin)
    desk.operator.confirm(twin)
    await day.after_a_night("12:00")
    assert "duplicate_shipment" in await day.holds(order), "what the warehouse has still counts as sent"
    assert day.relayed(order) == 1

    desk.operator.cancel(twin)
    desk.operator.edit(slip, {wire.PRINT_ON: today})
    await release(day, slip)
    await day.until("20:00", day=1)
    assert (await day.state(order), day.relayed(order), day.shipped(order)) == ("completed", 1, 1)
    assert day.captures(order) == [order.amounts.payment_total]
