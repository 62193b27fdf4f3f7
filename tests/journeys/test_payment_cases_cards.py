"""決済NGの案件（カード）: a renewal's card fails; changed, tried again, switched, or never: what is shipped."""

from __future__ import annotations

import pytest

from tests.journeys.conftest import BY_API, RHYTHM, OpenDay
from tests.journeys.day import Day, wall
from tests.journeys.refusals import (
    NEVER,
    SLOWLY,
    TWICE,
    case,
    journeys_end,
    once,
    renewed,
    steps,
    switch_to_cod,
)


async def test_refused_and_healed_by_another_card_it_joins_the_next_import(open_day: OpenDay) -> None:
    day = await open_day(import_daily=TWICE)
    await day.alone_until("08:30")
    order = renewed(day, card="expire 2026-10")
    await day.until("11:00")
    one = await case(day, order)
    assert (one.state, one.situation, one.round) == ("open", "refused", 2)
    assert "有効期限" in one.words
    assert day.posted(order) == []

    day.town.cart.change_card(order.customer_id)
    await day.until("11:30")
    assert (await case(day, order)).situation == "not_retried"
    day.town.cart.reauth(order.id)
    await day.until("12:00")
    healed = await case(day, order)
    assert (healed.state, healed.situation, healed.joined_at) == ("healed", "joins", None)
    assert healed.joins_at is not None
    assert wall(healed.joins_at) == "11-24 14:00"

    await day.until("20:00")
    assert await journeys_end(day, order) == once(order)
    assert await steps(day, order) == ["refused", "card_changed", "accepted", "healed"]
    joined = await case(day, order)
    assert joined.situation == "joined"
    assert joined.joined_at is not None
    assert wall(joined.joined_at).startswith("11-24 14:")
    assert await day.held_once(order) == ["payment_refused"]


async def test_refused_again_and_again_it_never_leaves_the_cart(day: Day) -> None:
    await day.alone_until("08:30")
    order = renewed(day, card="decline")
    for hour, script in (("09:30", "expire 2026-10"), ("10:30", "decline"), ("11:30", "expire 2026-10")):
        await day.until(hour)
        day.town.cart.change_card(order.customer_id, script)
        day.town.cart.reauth(order.id)
    await day.until("20:00")
    one = await case(day, order)
    assert (one.state, one.situation, one.failures) == ("open", "refused_again", 4)
    assert await steps(day, order) == ["refused"] + ["card_changed", "refused"] * 3
    assert (await journeys_end(day, order))[1:] == NEVER
    assert list(await day.holds(order)) == ["payment_refused"]


async def test_switched_to_cash_on_delivery_step_by_step(open_day: OpenDay) -> None:
    """Slowly enough that the connector sees every half of it: it passes through CANCELLED and comes back."""
    day = await open_day(import_daily=TWICE)
    await day.alone_until("08:30")
    order = renewed(day, card="decline")
    await day.until("09:30")
    for step, (until, state, situation) in enumerate(
        [
            ("10:00", "cancelled", "cancelled"),
            ("10:30", "cancelled", "cancelled"),
            ("11:00", "cancelled", "paid_but_cancelled"),
            ("11:30", "in_intake", "joins"),
        ]
    ):
        switch_to_cod(day, order, step=step)
        await day.until(until)
        seen = await case(day, order)
        assert (seen.situation, await day.state(order)) == (situation, state), until
    await day.until("20:00")
    assert await day.walk(order) == [
        "received", "cancelled", "received", "notified", "in_intake", "imported", "shipped", "completed",
    ]  # fmt: skip
    assert await journeys_end(day, order) == once(order, charged=False)
    assert day.slip(order).fields["receive_order_payment_method_id"] == "1"
    assert (await steps(day, order))[-2:] == ["revived", "healed"]


async def test_switched_at_once_nobody_sees_the_halves(open_day: OpenDay) -> None:
    day = await open_day(import_daily=TWICE)
    await day.alone_until("08:30")
    order = renewed(day, card="decline")
    await day.until("09:30")
    for step in range(4):
        switch_to_cod(day, order, step=step)
    await day.until("20:00")
    assert await steps(day, order) == ["refused", "method_changed", "accepted", "healed"]
    assert await journeys_end(day, order) == once(order, charged=False)


async def test_healed_after_the_import_it_is_in_the_next_days(open_day: OpenDay) -> None:
    day = await open_day(rhythm_minutes=RHYTHM | SLOWLY)
    await day.alone_until("08:30")
    order = renewed(day, card="decline")
    await day.until("10:05")
    day.town.cart.change_card(order.customer_id)
    day.town.cart.reauth(order.id)
    await day.until("20:00")
    one = await case(day, order)
    assert (one.situation, day.imports(order)) == ("joins", 0)
    assert one.joins_at is not None
    assert wall(one.joins_at) == "11-25 10:00"
    await day.after_a_night("20:00")
    assert await journeys_end(day, order) == once(order)
    assert (await case(day, order)).situation == "joined"


async def test_healed_on_a_saturday_it_does_not_wait_for_monday_to_be_seen(open_day: OpenDay) -> None:
    day = await open_day(rhythm_minutes=RHYTHM | SLOWLY, completion=BY_API)
    await day.alone_until("22:00", day=1)  # nobody shops; a day is long enough for Next Engine's tokens
    await day.until("23:00", day=1)
    await day.alone_until("18:00", day=3)  # Friday evening
    order = renewed(day, card="decline")
    await day.until("11:00", day=4)
    assert (await case(day, order)).state == "open"
    day.town.cart.change_card(order.customer_id)
    day.town.cart.reauth(order.id)
    await day.until("13:00", day=4)
    assert (await case(day, order)).situation == "joins"
    await day.until("12:00", day=5)
    assert (await case(day, order)).situation == "joined"
    assert (day.mails(order), day.imports(order)) == (1, 1)


@pytest.mark.long
async def test_nothing_happens_and_it_is_given_up_until_something_does(open_day: OpenDay) -> None:
    day = await open_day(rhythm_minutes=RHYTHM | SLOWLY, money={"given_up_after_days": 1})
    await day.alone_until("08:30")
    order = renewed(day, card="decline")
    await day.until("12:00")
    assert (await case(day, order)).state == "open"
    await day.until("12:00", day=1)
    one = await case(day, order)
    assert (one.state, one.closed_at, one.needs_hand) == ("given_up", None, False)
    assert list(await day.holds(order)) == ["payment_refused"], "it is still held"
    day.town.cart.change_card(order.customer_id)
    day.town.cart.reauth(order.id)
    await day.until("20:00", day=2)
    assert await journeys_end(day, order) == once(order)
