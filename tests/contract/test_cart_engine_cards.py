"""Payers by script, one round after the other, and a card that is changed (§6, §7.6)."""

from __future__ import annotations

import pytest
from connector.sandbox.cart import Cycle
from connector.sandbox.cart.gateway import Script, Verdict

from tests.contract.cart_shapes import an_order
from tests.contract.engine import EngineDesk, day

MONTHLY = Cycle.every(30)
ROUNDS_2_TO_4 = day("2027-02-19")


@pytest.mark.parametrize(
    ("script", "states"),
    [
        ("ok", ["authed", "authed", "authed", "authed"]),
        ("decline", ["auth_failed", "auth_failed", "auth_failed", "auth_failed"]),
        ("decline until 2027-01-21", ["auth_failed", "auth_failed", "authed", "authed"]),
        ("refuse at round 3", ["authed", "authed", "auth_failed", "authed"]),
        ("expire 2026-12", ["authed", "authed", "auth_failed", "auth_failed"]),
        ("fraud hold", ["authed", "authed", "authed", "authed"]),
        ("timeout", ["pending", "pending", "pending", "pending"]),
    ],
)
async def test_a_card_behaves_as_its_script_says(script: str, states: list[str]) -> None:
    desk = EngineDesk()
    subs = desk.subscribe(MONTHLY, card=script)
    await desk.live_until(ROUNDS_2_TO_4)
    children = desk.children(subs)
    assert [order.payment.state for order in children] == states
    assert {order.state for order in children} == {"complete"}
    held = [order.tbc_reasons for order in children]
    assert held == [["不正検知"] if script == "fraud hold" else []] * 4
    refused = [order.payment.last_error is not None for order in children]
    assert refused == [state in ("auth_failed", "pending") for state in states]
    assert desk.cart.check() == []


@pytest.mark.parametrize(
    ("script", "state"),
    [
        ("ok", "credit_exam_completed"),
        ("hold", "credit_exam_hold"),
        ("decline", "credit_exam_failed"),
        ("refuse at round 1", "credit_exam_failed"),
        ("timeout", "credit_exam_processing"),
    ],
)
async def test_an_exam_ends_as_the_script_says(script: str, state: str) -> None:
    desk = EngineDesk()
    order = desk.cart.place(an_order(payment_method_id=24, card=script))
    await desk.live_until(day("2026-11-26"), hour=10)
    assert order.payment.state == state


def test_a_script_is_read_or_refused() -> None:
    assert Script.parse("expire 2026-12").verdict(day("2026-12-31"), 1)[0] is Verdict.OK
    assert Script.parse("expire 2026-12").verdict(day("2027-01-01"), 1)[0] is Verdict.REFUSED
    assert Script.parse("decline until 2026-12-05").verdict(day("2026-12-04"), 1)[0] is Verdict.REFUSED
    assert Script.parse("decline until 2026-12-05").verdict(day("2026-12-05"), 1)[0] is Verdict.OK
    for nonsense in ("", "maybe", "refuse at round 0", "expire 2026", "decline until soon"):
        with pytest.raises(ValueError, match="unknown payer script"):
            Script.parse(nonsense)


async def test_a_changed_card_is_on_the_parent_and_on_what_was_refused() -> None:
    desk = EngineDesk()
    subs = desk.subscribe(MONTHLY, card="expire 2026-11")
    await desk.live_until(day("2026-12-22"))
    first, second = desk.children(subs)
    old = subs.payment.card_id
    card = desk.cart.change_card(subs.customer_id)
    after_change = (first.payment.card_id, second.payment.card_id, subs.payment.card_id)
    still = second.payment.state
    desk.cart.reauth(second.id)
    await desk.live_until(day("2027-01-21"))
    third = desk.children(subs)[2]
    assert card.id != old
    assert after_change == (old, card.id, card.id)
    assert (still, second.payment.state, third.payment.state) == ("auth_failed", "authed", "authed")
    assert (second.payment.last_error, third.payment.card_id) == (None, card.id)
    assert list(desk.cart.history.per_key("payment_healed")) == [second.number]
    assert desk.cart.check() == []


async def test_a_new_card_may_be_as_bad_as_the_old_one() -> None:
    desk = EngineDesk()
    subs = desk.subscribe(MONTHLY, card="decline")
    order = desk.children(subs)[0]
    desk.cart.change_card(subs.customer_id, "decline")
    desk.cart.reauth(order.id)
    assert order.payment.state == "auth_failed"
    assert desk.cart.history.count("payment_refused") == 2
    assert desk.cart.history.count("payment_healed") == 0


async def test_a_raised_amount_is_asked_for_and_refused_it_leaves_the_old_one_held() -> None:
    desk = EngineDesk()
    order = desk.cart.place(an_order())
    card = order.payment.card_id or 0
    desk.cart.change_order(order.id, adjustment=500)
    accepted = (order.payment.state, desk.cart.gateway.holds(order.number))
    desk.cart.set_card(card, "decline")
    desk.cart.change_order(order.id, adjustment=900)
    refused = (order.payment.state, desk.cart.gateway.holds(order.number))
    desk.cart.set_card(card, "ok")
    desk.cart.reauth(order.id)
    assert accepted == ("authed", 2710 + 500)
    assert refused == ("update_failed", 2710 + 500)
    assert (order.payment.state, desk.cart.gateway.holds(order.number)) == ("authed", 2710 + 900)
    assert desk.cart.check() == []
