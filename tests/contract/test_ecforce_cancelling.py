"""Cancelling in the cart: what is called by what the payment is, and the gateway's own ledger as the proof."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from connector.adapters.ecforce import wire
from connector.adapters.ecforce.cancelling import WAYS, Step, left_the_house, way_of
from connector.adapters.ecforce.reader import PAYMENT_STATES
from connector.errors import NotDone, Refused, Unknown
from connector.order import Order, PaymentKind
from connector.outcome import Absent, Done, Effect
from connector.sandbox.cart import Cycle
from connector.sandbox.cart import Order as Placed
from connector.sandbox.cart.gateway import Deed
from connector.sandbox.faults import Faults

from tests.contract.cart_shapes import TEA_SUBS, an_order, live_until
from tests.contract.ecforce_shop import Shop, a_shop

CARD: dict[str, Any] = {}
WALLET, COD, BANK, DEFERRED = ({"payment_method_id": id_} for id_ in (31, 5, 15, 24))
ROUND: dict[str, Any] = {"items": ((TEA_SUBS.sku, 1),), "cycle": Cycle.every(30)}
STANDS = {  # how an order gets there in the sandbox: what is placed, and the state that is put on it where no way leads
    wire.PAY_AUTHED: (CARD, ""),
    wire.PAY_EXAM_COMPLETED: (DEFERRED, ""),
    wire.PAY_EXAM_HOLD: (DEFERRED, wire.PAY_EXAM_HOLD),
    wire.PAY_UPDATE_FAILED: (WALLET, wire.PAY_UPDATE_FAILED),
    wire.PAY_AUTH_FAILED: ({"card": "decline"}, ""),
    wire.PAY_EXAM_FAILED: (DEFERRED, wire.PAY_EXAM_FAILED),
    wire.PAY_VOIDED: (CARD, wire.PAY_VOIDED),
    wire.PAY_COD_AUTHED: (COD, ""),
    wire.PAY_PENDING: (BANK, ""),
    wire.PAY_EXAM_PROCESSING: (DEFERRED, wire.PAY_EXAM_PROCESSING),
    wire.PAY_COMPLETED: (CARD, wire.PAY_COMPLETED),
    wire.PAY_PAID: (BANK, wire.PAY_PAID),
    wire.PAY_REPORT_PROCESSING: (DEFERRED, wire.PAY_REPORT_PROCESSING),
    wire.PAY_SALES_FAILED: (CARD, wire.PAY_SALES_FAILED),
    wire.PAY_REPORT_FAILED: (DEFERRED, wire.PAY_REPORT_FAILED),
    wire.PAY_VOID_FAILED: (CARD, wire.PAY_VOID_FAILED),
    wire.PAY_REGISTRATION_FAILED: (CARD, wire.PAY_REGISTRATION_FAILED),
    wire.PAY_FAILED: (CARD, wire.PAY_FAILED),
}


async def placed(shop: Shop, state: str = wire.PAY_AUTHED, **wishes: Any) -> Placed:
    """One order whose payment stands there, some minutes old."""
    kind, forced = STANDS[state]
    order = shop.cart.place(an_order(**(kind | wishes)))
    await live_until(shop.cart, shop.clock, "2026-11-26 09:30:00")
    if forced:
        order.payment.state = forced
    assert order.payment.state == state
    return order


def wish(order: Placed) -> Effect:
    return Effect(
        kind="cart_cancel", key=f"a/cart_cancel/{order.number}/1", items=(1,), facts={"id": order.id}
    )


async def seen(shop: Shop, order: Placed) -> Order:
    return (await shop.ecforce.look([order.id]))[order.number]


def voids(shop: Shop, order: Placed) -> list[bool]:
    return [
        call.ok
        for call in shop.cart.gateway.calls
        if (call.order_number, call.deed) == (order.number, Deed.VOID)
    ]


def calls(shop: Shop) -> list[str]:
    return [one.name for one in shop.archive.kept if one.direction == "out"]


def test_every_payment_state_has_its_way() -> None:
    assert set(WAYS) == set(PAYMENT_STATES) == set(STANDS)
    assert all(bool(way.words) == (way.step in (Step.LATER, Step.PEOPLE)) for way in WAYS.values())


@pytest.mark.parametrize(
    "state", [state for state, way in WAYS.items() if way.step in (Step.VOID, Step.STATE)]
)
async def test_what_may_be_cancelled_is_and_releases_what_was_held(state: str) -> None:
    async with a_shop() as shop:
        order = await placed(shop, state)
        reply = await shop.ecforce.cancel(wish(order))
        assert isinstance(reply, Done), reply
        is_void = WAYS[state].step is Step.VOID
        path = f"/admin/orders/{order.id}" + ("/payment_status.json" if is_void else ".json")
        assert calls(shop) == [path]
        now = await seen(shop, order)
        assert now.cancelled
        assert now.payment.state_code == (wire.PAY_VOIDED if is_void else state)
        assert voids(shop, order) == ([True] if is_void else [])
        assert shop.cart.gateway.captured(order.number) == []
        assert reply.evidence["state"] == "canceled"
        assert "与信が残っています" not in reply.evidence["words"]
        again = await shop.ecforce.cancel(wish(order))
        assert isinstance(again, Done)
        assert len(calls(shop)) == 1, "what is cancelled is never asked for again"


@pytest.mark.parametrize("state", [state for state, way in WAYS.items() if way.step is Step.PEOPLE])
async def test_money_and_doubts_are_for_people(state: str) -> None:
    async with a_shop() as shop:
        order = await placed(shop, state)
        with pytest.raises(Refused, match="カートで取り消してください") as refusal:
            await shop.ecforce.cancel(wish(order))
        assert refusal.value.words == WAYS[state].words
        assert calls(shop) == []
        assert (order.state, order.payment.state) == ("complete", state)
        assert voids(shop, order) == []


async def test_an_exam_is_waited_for() -> None:
    async with a_shop() as shop:
        order = await placed(shop, wire.PAY_EXAM_PROCESSING)
        with pytest.raises(NotDone, match="審査") as fault:
            await shop.ecforce.cancel(wish(order))
        assert fault.value.after == 60
        assert calls(shop) == []


async def test_only_this_round_is_cancelled_and_nobody_is_mailed() -> None:
    async with a_shop() as shop:
        order = await placed(shop, **ROUND)
        parent = shop.cart.shop.subs[order.subs_id or 0]
        before = (parent.state, parent.times, parent.next_ship_at, parent.next_delivery_at)
        mails = len(shop.cart.outbox)
        await shop.ecforce.cancel(wish(order))
        assert order.state == "canceled"
        assert (parent.state, parent.times, parent.next_ship_at, parent.next_delivery_at) == before
        assert len(shop.cart.outbox) == mails


@pytest.mark.parametrize("how", ["slip", "state"])
async def test_what_left_the_house_is_not_touched(how: str) -> None:
    async with a_shop() as shop:
        order = await placed(shop)
        if how == "state":
            shop.cart.set_state(order.id, "delivered")
        else:
            row = {"id": order.id, "shipping_slip": "412200001113", "shipped_at": "2026-11-26 09:00:00"}
            await shop.caller.call("PUT", "/api/v2/admin/orders/shipping.json", {"orders": [row]})
        assert left_the_house(await seen(shop, order))
        with pytest.raises(Refused, match="発送済み"):
            await shop.ecforce.cancel(wish(order))
        assert (calls(shop), voids(shop, order)) == ([], [])


@pytest.mark.parametrize("faulty", [True, False])
async def test_a_void_that_fails_says_who_must_do_what(faulty: bool) -> None:
    faults = Faults(["void-fails"])
    faults.strike = lambda name: name == "void-fails" and faulty  # type: ignore[method-assign]
    async with a_shop(faults=faults) as shop:
        order = await placed(shop, wire.PAY_AUTHED, **({} if faulty else {"card": "no void"}))
        reply = await shop.ecforce.cancel(wish(order))
        assert isinstance(reply, Refused)
        assert "決済会社の画面で与信を取り消し" in reply.words
        assert (order.state, order.payment.state) == ("complete", "void_failed")
        assert shop.cart.gateway.holds(order.number), "the authorisation is still there"
        with pytest.raises(Refused, match="決済会社"):
            await shop.ecforce.cancel(wish(order))
        assert len(calls(shop)) == 1


async def test_somebody_cancelled_the_order_before_us() -> None:
    async with a_shop() as shop:
        by_state, by_void = await placed(shop), await placed(shop)
        shop.cart.set_state(by_state.id, "canceled")
        shop.cart.cancel(by_void.id)
        half, whole = [await shop.ecforce.cancel(wish(order)) for order in (by_state, by_void)]
        assert isinstance(half, Done)
        assert isinstance(whole, Done)
        assert "与信が残っています" in half.evidence["words"], "対応状況 alone releases nothing"
        assert "与信" not in whole.evidence["words"]
        assert calls(shop) == []


@pytest.mark.parametrize("state", [wire.PAY_AUTHED, wire.PAY_COD_AUTHED])
@pytest.mark.parametrize("kind", ["drop", "drop_after", "empty", "not_json", "500", "502"])
async def test_a_lost_answer_is_looked_up_and_never_sent_blindly(kind: str, state: str) -> None:
    async with a_shop() as shop:
        order = await placed(shop, state)
        await shop.trouble(kind, "(POST|PUT) .*")
        with pytest.raises(Unknown):
            await shop.ecforce.cancel(wish(order))
        did = order.state == "canceled"
        found = await shop.ecforce.cancel_stands(wish(order))
        assert isinstance(found, Done if did else Absent)
        if not did:
            assert isinstance(await shop.ecforce.cancel(wish(order)), Done)
        assert voids(shop, order) == ([True] if state == wire.PAY_AUTHED else [])


async def test_throttled_it_waits_as_long_as_the_cart_wishes() -> None:
    async with a_shop() as shop:
        order = await placed(shop)
        await shop.trouble("429", "POST .*")
        with pytest.raises(NotDone) as fault:
            await shop.ecforce.cancel(wish(order))
        assert fault.value.after
        assert order.state == "complete"


async def test_a_read_back_that_fails_leaves_a_doubt() -> None:
    async with a_shop() as shop:
        order = await placed(shop)
        looks = shop.ecforce._cancelling._look_up
        done: list[int] = []

        async def once(ids: Any) -> dict[int, Order]:
            if done:
                raise NotDone("away")
            done.append(1)
            return await looks(ids)

        shop.ecforce._cancelling._look_up = once
        with pytest.raises(Unknown, match="確認できません"):
            await shop.ecforce.cancel(wish(order))
        assert order.state == "canceled"


async def test_an_order_nobody_finds_is_for_people() -> None:
    async with a_shop() as shop:
        nobody = Effect(kind="cart_cancel", key="k", items=(1,), facts={"id": 999})
        with pytest.raises(Refused, match="見つからない"):
            await shop.ecforce.cancel(nobody)
        assert isinstance(await shop.ecforce.cancel_stands(nobody), Refused)


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        (PaymentKind.TRANSFER, Step.STATE),
        (PaymentKind.CARD, Step.PEOPLE),
        (PaymentKind.WALLET, Step.PEOPLE),
        (PaymentKind.UNKNOWN, Step.PEOPLE),
    ],
)
async def test_only_a_deposit_that_was_not_made_is_nothing(kind: PaymentKind, step: Step) -> None:
    async with a_shop() as shop:
        order = await seen(shop, await placed(shop, wire.PAY_PENDING))
    payment = msgspec.structs.replace(order.payment, kind=kind)
    assert way_of(msgspec.structs.replace(order, payment=payment)).step is step


async def test_old_words_of_the_cart_and_unknown_ones() -> None:
    async with a_shop() as shop:
        order = await seen(shop, await placed(shop))
    for code, step in {"captured": Step.PEOPLE, "void": Step.STATE, "brand_new": Step.PEOPLE}.items():
        payment = msgspec.structs.replace(order.payment, state_code=code)
        assert way_of(msgspec.structs.replace(order, payment=payment)).step is step
