"""The two morning batches after refused payments, off by default (§6): 05:00 again, 07:30 another method."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from connector.clock import jst
from connector.sandbox.cart import Cycle, MethodChange, Order, SubsOrder
from connector.sandbox.cart.shop import planned_on

from tests.contract.cart_shapes import an_order
from tests.contract.engine import EngineDesk, day

MONTHLY = Cycle.every(30)
NIGHT = day("2026-12-22")  # a Tuesday: round 2 is created at 00:30
WEDNESDAY = NIGHT + timedelta(days=1)


def open_desk(card: str, **changes: Any) -> tuple[EngineDesk, SubsOrder]:
    settings = {"auto_reauth": True} | changes
    desk = EngineDesk(**settings)
    return desk, desk.subscribe(MONTHLY, card=card)


def second(desk: EngineDesk, subs: SubsOrder) -> Order:
    return desk.children(subs)[1]


async def test_off_by_default() -> None:
    desk = EngineDesk()
    subs = desk.subscribe(MONTHLY, card="decline until 2026-12-23")
    await desk.live_until(NIGHT + timedelta(days=10))
    assert second(desk, subs).payment.state == "auth_failed"
    assert desk.cart.history.count("batch_run") == 0


async def test_a_success_is_labelled_and_moves_the_dates_of_order_and_parent() -> None:
    desk, subs = open_desk("ok")
    await desk.live_until(NIGHT, hour=0)
    desk.cart.set_card(subs.payment.card_id or 0, "decline")
    await desk.live_until(NIGHT, hour=4)
    refused = second(desk, subs)
    before = (list(refused.labels), refused.payment.state)
    desk.cart.set_subs_state(subs.id, "suspend")
    desk.cart.set_card(subs.payment.card_id or 0, "ok")
    await desk.live_until(NIGHT, hour=6)
    assert before == ([], "auth_failed")
    assert (refused.labels, refused.payment.state) == (["再与信完了"], "authed")
    # Success on Tuesday: shipped on the next open day, two days of lead, a month later again.
    ship_at, delivery_at = refused.ship_planned_at, refused.delivery_planned_at
    assert ship_at is not None
    assert delivery_at is not None
    assert (planned_on(ship_at), planned_on(delivery_at)) == (WEDNESDAY, WEDNESDAY + timedelta(days=2))
    assert desk.next_delivery(subs) == WEDNESDAY + timedelta(days=32)
    assert subs.state == "active"
    assert list(desk.cart.history.per_key("payment_healed")) == [refused.number]
    assert desk.cart.check() == []


async def test_a_failure_cancels_the_parent_and_the_order_is_asked_again_for_a_month() -> None:
    desk, subs = open_desk("expire 2026-11")
    await desk.live_until(NIGHT, hour=6)
    order = second(desk, subs)
    cancelled = (subs.state, order.labels, order.state)
    await desk.live_until(day("2027-03-01"))
    asked = [
        jst(call.at).date()
        for call in desk.cart.gateway.calls
        if call.order_number == order.number and jst(call.at).hour == 5
    ]
    assert cancelled == ("canceled", ["再与信対象"], "complete")
    assert subs.orders_count == 2
    assert asked[0] == NIGHT
    assert asked[-1] == day("2027-01-21")  # thirty days after it was placed
    closed = desk.cart.settings.is_closed
    assert not any(closed(each) for each in asked)
    assert len(asked) == sum(not closed(NIGHT + timedelta(days=ahead)) for ahead in range(31))


async def test_a_later_success_revives_the_parent() -> None:
    desk, subs = open_desk("ok")
    await desk.live_until(NIGHT, hour=0)
    desk.cart.set_card(subs.payment.card_id or 0, "decline until 2026-12-24")
    await desk.live_until(WEDNESDAY)
    cancelled = subs.state
    await desk.live_until(day("2026-12-24"))
    assert (cancelled, subs.state, second(desk, subs).payment.state) == ("canceled", "active", "authed")
    assert subs.canceled_at is None


async def test_nothing_on_a_day_without_shipping() -> None:
    desk, _ = open_desk("decline")
    await desk.live_until(day("2026-11-30"))
    runs = [event.detail["on"] for event in desk.cart.history.of("batch_run")]
    assert runs == ["2026-11-27", "2026-11-30"]


async def test_an_exam_answers_later_and_is_followed() -> None:
    desk = EngineDesk(auto_reauth=True)
    good, bad = (desk.subscribe(MONTHLY, payment_method_id=24, card=f"{card}") for card in ("decline",) * 2)
    await desk.live_until(day("2026-11-26"), hour=12)
    desk.cart.set_card(good.payment.card_id or 0, "ok")
    await desk.live_until(day("2026-11-27"), hour=6)
    states = [desk.children(subs)[0].payment.state for subs in (good, bad)]
    assert states == ["credit_exam_completed", "credit_exam_failed"]
    assert [subs.state for subs in (good, bad)] == ["active", "canceled"]
    assert desk.children(good)[0].labels == ["再与信完了"]


async def test_cancelled_and_deleted_orders_are_left_alone() -> None:
    desk = EngineDesk(auto_reauth=True)
    order = desk.cart.place(an_order(card="decline"))
    desk.cart.set_state(order.id, "canceled")
    assert desk.cart.run_reauth(day("2026-11-27")) == []


@pytest.mark.parametrize(
    ("method", "state", "charge"),
    [(24, "credit_exam_completed", 250), (5, "cash_on_delivery_authed", 330), (15, "pending", 0)],
)
async def test_the_method_is_changed_days_later(method: int, state: str, charge: int) -> None:
    desk, subs = open_desk(
        "refuse at round 2", auto_reauth=False, method_change=MethodChange(3, method, carrier_id=2)
    )
    await desk.live_until(NIGHT + timedelta(days=3), hour=7)
    order = second(desk, subs)
    before = (order.payment.state, order.payment.method.id, order.amounts.payment_total)
    await desk.live_until(NIGHT + timedelta(days=3), hour=8)
    assert before == ("auth_failed", 1, 3888)
    assert (order.payment.state, order.payment.method.id) == (state, method)
    assert (order.extras.charge, order.amounts.payment_total) == (charge, 3888 + charge)
    assert order.carrier is not None
    assert order.carrier.id == 2
    assert (subs.payment.method.id, subs.payment.card_id is not None) == (1, True)
    assert desk.cart.check() == []
    await desk.live_until(day("2027-01-21"))
    assert desk.children(subs)[2].payment.state == "authed"  # the parent's card stays


async def test_only_orders_of_that_day_and_of_linked_methods_are_changed() -> None:
    desk = EngineDesk(method_change=MethodChange(1, 5))
    card = desk.cart.place(an_order(card="decline"))
    bank = desk.cart.place(an_order(payment_method_id=15))
    hanging = desk.cart.place(an_order(card="timeout"))
    await desk.live_until(day("2026-11-27"), hour=7)
    older = desk.cart.place(an_order(card="decline"))
    await desk.live_until(day("2026-11-27"))
    states = [order.payment.state for order in (card, bank, hanging, older)]
    assert states == ["cash_on_delivery_authed", "pending", "cash_on_delivery_authed", "auth_failed"]
