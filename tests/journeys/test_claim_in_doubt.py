"""送信済の印が届いたか分からない: the reply to our claim is lost, and somebody else may have set the very same tag."""

from __future__ import annotations

from datetime import timedelta

import pytest
from connector.adapters.next_engine import wire
from connector.sandbox.cart import Order

from tests.journeys.conftest import OpenDay
from tests.journeys.day import Day, Silence

SENT, MINUTE = "[WMS送信済]", timedelta(minutes=1)


@pytest.mark.parametrize("applied", [True, False])
async def test_a_claim_whose_reply_is_lost_ends_by_itself_where_nobody_else_was_there(
    day: Day, applied: bool
) -> None:
    await day.alone_until("08:30")
    order = day.place()
    await day.until("10:04")
    day.town.next_engine.plan_reply("drop", path=wire.BASE_BULKUPDATE, applied=applied)
    await day.until("20:00")
    assert (await day.state(order), day.relayed(order)) == ("completed", 1)
    assert await day.held_once(order) == []


async def test_a_tag_that_somebody_else_set_meanwhile_is_not_taken_for_ours(day: Day) -> None:
    await day.alone_until("08:30")
    order = day.place()
    await day.until("10:04")
    day.town.next_engine.plan_reply("drop", path=wire.BASE_BULKUPDATE, applied=False)
    while not any(act.kind == "ne_claim" for act in (await day.picture(order)).effects):
        await day.demo.live_until(day.now + MINUTE, 0.0, Silence(day.now, day.now + MINUTE))
    slip = day.slip(order)
    assert SENT not in str(slip.fields[wire.TAGS])
    day.town.next_engine.operator.edit(slip.number, {wire.TAGS: SENT})
    slip.fields[wire.MODIFIED_BY] = "99"  # a warehouse's app, by its own sign-in
    await day.until("20:00")
    assert day.relayed(order) == 0, "the other sender has it"
    note = (await day.holds(order))["duplicate_shipment"]
    assert "別の連携がすでに倉庫へ送ったおそれがあります" in note


async def test_a_slip_that_somebody_changed_after_our_claim_is_a_question(day: Day) -> None:
    await day.alone_until("08:30")
    order = day.place()
    await day.until("10:04")
    day.town.next_engine.plan_reply("drop", path=wire.BASE_BULKUPDATE, applied=True)
    while SENT not in str(day.slip(order).fields[wire.TAGS]):
        await day.demo.live_until(day.now + MINUTE, 0.0, Silence(day.now, day.now + MINUTE))
    slip = day.slip(order)
    slip.fields[wire.MODIFIED_BY] = "99"
    await day.until("12:00")
    assert day.relayed(order) == 0
    assert (await day.holds(order)).keys() == {"duplicate_shipment"}


async def claimed_and_not_handed_over(open_day: OpenDay) -> tuple[Day, Order]:
    """10:16: our tag is on the slip, and the warehouse's API turns every call away."""
    day = await open_day(way="openlogi")
    await day.alone_until("08:30")
    order = day.place()
    await day.until("10:04")
    day.faults.plan("wms-busy")
    await day.until("10:16")
    assert (day.slip(order).fields[wire.TAGS], day.relayed(order)) == (SENT, 0)
    return day, order


async def test_a_claim_is_taken_back_with_its_tag_and_the_same_tag_is_another_s_then(
    open_day: OpenDay,
) -> None:
    """The warehouse takes nothing from us for an hour; a clerk gives the slip to another link, which tags it alike."""
    day, order = await claimed_and_not_handed_over(open_day)
    slip, desk = day.slip(order), day.town.next_engine.operator
    desk.edit(slip.number, {wire.TAGS: "", wire.PRINT_ON: "2026-11-30 00:00:00"})
    await day.until("10:31")
    desk.edit(slip.number, {wire.TAGS: SENT, wire.PRINT_ON: "2026-11-24 00:00:00"})
    day.faults.stop("wms-busy")
    await day.until("13:00")
    assert day.relayed(order) == 0, "the other link has it"
    assert "別の連携がすでに倉庫へ送ったおそれがあります" in (await day.holds(order))["duplicate_shipment"]


async def test_a_tag_that_was_taken_off_and_is_not_anybody_s_is_claimed_anew(open_day: OpenDay) -> None:
    day, order = await claimed_and_not_handed_over(open_day)
    day.town.next_engine.operator.edit(day.slip(order).number, {wire.TAGS: "[贈答]"})
    await day.until("10:31")
    day.faults.stop("wms-busy")
    await day.until("20:00")
    assert (await day.state(order), day.relayed(order)) == ("completed", 1)
    assert day.slip(order).fields[wire.TAGS] == f"[贈答]{SENT}"
    assert await day.held_once(order) == []
