"""The control plane over HTTP (§12): clock, jobs, seeding, scripts, omissions, holidays, settings, faults, check."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from connector.clock import SystemClock
from connector.sandbox.cart import CartSandbox, CartSettings

from tests.contract.cart_shapes import LEAFLET, TEA, TEA_SUBS, Caller, an_order, open_cart

DOOR = "/__sandbox/"
ORDERS = "/api/v2/admin/orders"
PERSON = {
    "customer": {"email": "mihon-taro@example.jp", "point": 500},
    "billing": {"name01": "見本", "name02": "太郎", "prefecture_id": 13, "zip": "150-0099"},
}
MONTHLY: dict[str, Any] = {"items": [[TEA_SUBS.sku, 2]], "cycle": {"kind": "term", "days": 30}}


async def post(caller: Caller, path: str, body: Any = None) -> Any:
    reply = await caller.call("POST", DOOR + path, body)
    assert reply.status < 300, reply.body
    return reply.json if reply.body else None


async def get(caller: Caller, path: str) -> Any:
    reply = await caller.call("GET", DOOR + path)
    assert reply.status == 200, reply.body
    return reply.json


async def subscribe(caller: Caller, **changes: Any) -> dict[str, int]:
    form = PERSON | MONTHLY | {"deliver_on": "2026-12-01"} | changes
    made: dict[str, int] = await post(caller, "subs_orders", form)
    return made


async def test_the_clock_is_moved_and_everything_on_the_way_happens() -> None:
    async with open_cart() as (cart, caller, _):
        await subscribe(caller)
        moved = await post(caller, "clock", {"at": "2026-12-22 00:30:00"})
        on = await post(caller, "clock", {"advance_s": 90})
        generated = await get(caller, "history?what=order_generated")
    assert moved["now"] == "2026-12-22T00:30:00+09:00"
    assert on["now"] == "2026-12-22T00:31:30+09:00"
    assert len(generated) == 1
    assert len(cart.shop.orders) == 2


async def test_a_clock_that_runs_by_itself_is_not_moved() -> None:
    cart = CartSandbox(SystemClock(), settings=CartSettings(requests_per_minute=None))
    base = await cart.start()
    try:
        async with aiohttp.ClientSession() as session:
            reply = await Caller(base, cart.token, session).call("POST", DOOR + "clock", {"advance_s": 1})
    finally:
        await cart.stop()
    assert reply.status == 422


async def test_nights_and_mornings_are_run_by_hand() -> None:
    async with open_cart() as (cart, caller, _):
        ids = await subscribe(caller, card="decline")
        night = await post(caller, "jobs/generate?on=2026-12-22")
        asked = await post(caller, "jobs/reauth_0500")
        no_method = await caller.call("POST", DOOR + "jobs/method_change_0730")
        wish = {"method_change": {"days": 0, "payment_method_id": 5}}
        changed_settings = await post(caller, "settings", wish)
        changed = await post(caller, "jobs/method_change_0730")
        state = cart.shop.subs[ids["subs_order_id"]].state
    assert len(night["created"]) == 1
    assert len(asked["asked"]) == 2
    assert state == "canceled"
    assert no_method.status == 422
    assert changed_settings["method_change"] == {"days": 0, "payment_method_id": 5, "carrier_id": None}
    assert sorted(changed["changed"]) == sorted(asked["asked"])


async def test_a_shop_is_seeded_looked_at_and_reset() -> None:
    async with open_cart() as (cart, caller, _):
        seeded = await post(caller, "seed", {"subscriptions": 40, "seed": 2})
        check = await get(caller, "check")
        nights = await get(caller, "nights")
        listed = (await caller.orders(per="1")).json["meta"]["total_count"]
        await post(caller, "reset")
        empty = (await caller.orders()).json["meta"]["total_count"]
        again = await post(caller, "orders", PERSON | {"items": [[cart_sku(cart), 1]]})
        due = (await get(caller, "clock"))["next_event_at"]
    assert (seeded["subscriptions"], seeded["orders"]) == (40, listed)
    assert check == {"problems": []}
    assert sum(nights.values()) == seeded["states"]["active"]
    assert empty == 0
    assert again["id"] == cart.settings.first_ids["order"]
    assert due == "2026-11-27T00:30:00+09:00"


def cart_sku(cart: CartSandbox) -> str:
    return next(iter(cart.shop.variants))


async def test_customers_orders_and_subscriptions_are_made() -> None:
    async with open_cart() as (cart, caller, _):
        customer = await post(caller, "customers", PERSON)
        order = await post(caller, "orders", PERSON | {"items": [[TEA.sku, 1]]})
        subs = await subscribe(caller)
        without = await caller.call("POST", DOOR + "subs_orders", PERSON | {"items": [[TEA.sku, 1]]})
        unknown = await caller.call("POST", DOOR + "orders", PERSON | {"items": [["NO-SUCH", 1]]})
    assert cart.shop.orders[order["id"]].customer_id == customer["id"]
    assert subs["subs_order_id"] in cart.shop.subs
    assert without.status == unknown.status == 422


async def test_a_card_is_scripted_and_changed() -> None:
    async with open_cart() as (cart, caller, _):
        ids = await subscribe(caller)
        order, subs = cart.shop.orders[ids["id"]], cart.shop.subs[ids["subs_order_id"]]
        await post(caller, f"orders/{order.id}/card", {"script": "refuse at round 2"})
        await post(caller, "jobs/generate?on=2026-12-22")
        second = cart.shop.orders[subs.order_ids[1]]
        refused = second.payment.state
        card = await post(caller, f"customers/{subs.customer_id}/card", {"script": "ok"})
        await post(caller, f"orders/{second.id}/reauth")
        nonsense = await caller.call("POST", DOOR + f"orders/{order.id}/card", {"script": "perhaps"})
    assert refused == "auth_failed"
    assert second.payment.card_id == subs.payment.card_id == card["id"]
    assert second.payment.state == "authed"
    assert nonsense.status == 422


@pytest.mark.parametrize(
    ("how", "orders", "next_on"),
    [("forgotten", 1, "2026-12-31"), ("rolled", 1, "2027-01-30"), ("doubled", 3, "2027-01-30")],
)
async def test_a_renewal_is_omitted(how: str, orders: int, next_on: str) -> None:
    async with open_cart() as (cart, caller, _):
        subs = cart.shop.subs[(await subscribe(caller))["subs_order_id"]]
        wrong = await caller.call("POST", DOOR + f"subs_orders/{subs.id}/omit", {"how": "mislaid"})
        await post(caller, f"subs_orders/{subs.id}/omit", {"how": how})
        planned = await get(caller, "omissions")
        await post(caller, "clock", {"at": "2026-12-22 09:00:00"})
        struck = await get(caller, "history?what=renewal_omitted")
        attributes = (await caller.call("GET", f"/api/v2/admin/subs_orders/{subs.id}")).json["data"][
            "attributes"
        ]
    assert wrong.status == 422
    assert [(each["subs_id"], each["how"]) for each in planned] == [(subs.id, how)]
    assert [event["detail"]["how"] for event in struck] == [how]
    assert attributes["orders_count"] == orders
    assert attributes["scheduled_to_be_delivered_at"][:10] == next_on.replace("-", "/")


async def test_a_crash_is_planned() -> None:
    async with open_cart() as (cart, caller, _):
        for k in range(3):
            await subscribe(caller, customer={"email": f"mihon-{k}@example.jp"})
        await post(caller, "crash", {"after": 1})
        first = await post(caller, "jobs/generate?on=2026-12-22")
        second = await post(caller, "jobs/generate?on=2026-12-22")
    assert (len(first["created"]), len(second["created"])) == (1, 2)
    assert cart.check() == []


async def test_skip_state_coupon_blacklist_and_the_way_back() -> None:
    async with open_cart() as (cart, caller, _):
        subs = cart.shop.subs[(await subscribe(caller, block_times=3))["subs_order_id"]]
        at = f"subs_orders/{subs.id}/"
        await post(caller, at + "skip")
        twice = await caller.call("POST", DOOR + at + "skip")
        await post(caller, at + "coupon", {"code": "MIHON500", "discount": 500})
        bound = await caller.call("POST", DOOR + at + "state", {"state": "canceled", "by": "shopper"})
        await post(caller, at + "state", {"state": "suspend"})
        suspended = subs.state
        await post(caller, at + "state", {"state": "active"})
        await post(caller, f"customers/{subs.customer_id}/blacklist", {"on": True})
        marked = list(subs.tbc_reasons)
        await post(caller, at + "clear")
        timeline = await get(caller, at + "timeline")
    assert twice.status == bound.status == 422
    assert subs.next_coupon is not None
    assert (suspended, subs.state, marked, subs.tbc_reasons) == ("suspend", "active", ["ブラックリスト"], [])
    assert [entry["kind"] for entry in timeline][-4:] == ["state", "state", "tbc", "tbc"]


async def test_holidays_and_settings_rule_the_next_dates() -> None:
    async with open_cart() as (cart, caller, _):
        closed = [f"2026-12-{each}" for each in range(25, 32)]
        await post(caller, "holidays", {"closed": closed, "open": ["2026-12-26"]})
        shown = await post(caller, "settings", {"days_before": 3, "origin": "deliver"})
        subs = cart.shop.subs[(await subscribe(caller))["subs_order_id"]]
        hazard = await post(caller, "jobs/generate?on=2026-12-28")
        unknown = await caller.call("POST", DOOR + "settings", {"mood": "good"})
        wrong = await caller.call("POST", DOOR + "settings", {"days_before": "soon"})
        read = await get(caller, "settings")
    assert (shown["days_before"], shown["origin"]) == (3, "deliver")
    # Delivery 12-31, ship 12-29 is closed: moved to the open 12-26, two days before the creation.
    assert subs.previous_ship_at is not None
    assert subs.previous_ship_at.isoformat()[:10] == "2026-12-25"  # midnight of the 26th in Japan
    assert len(hazard["created"]) == 1
    assert unknown.status == wrong.status == 422
    assert read["days_before"] == 3
    assert not {"token", "password", "is_closed"} & read.keys()


async def test_settings_move_the_nights_of_dates_that_are_planned() -> None:
    async with open_cart() as (_, caller, _clock):
        await subscribe(caller)
        before = await get(caller, "nights")
        await post(caller, "settings", {"days_before": 10})
        after = await get(caller, "nights")
        check = await get(caller, "check")
    assert (before, after) == ({"2026-12-22": 1}, {"2026-12-19": 1})
    assert check == {"problems": []}


@pytest.mark.parametrize(("kind", "status"), [("429", 429), ("500", 500), ("502", 502), ("403", 403)])
async def test_a_storm_strikes_the_paths_it_names_and_is_called_off(kind: str, status: int) -> None:
    async with open_cart() as (_, caller, _clock):
        await post(caller, "faults", {"kind": kind, "path": "GET .*/orders", "count": 1000})
        struck = [(await caller.orders()).status for _ in range(3)]
        elsewhere = (await caller.call("GET", "/api/v2/admin/subs_orders")).status
        planned = await get(caller, "faults")
        await caller.call("DELETE", DOOR + "faults")
        calm = (await caller.orders()).status
    assert struck == [status] * 3
    assert planned[0]["count"] == 997
    assert (elsewhere, calm) == (200, 200)


async def test_a_fault_may_strike_now_and_then() -> None:
    async with open_cart() as (_, caller, _clock):
        await post(caller, "faults", {"kind": "500", "count": 1000, "chance": 0.3})
        statuses = [(await caller.orders()).status for _ in range(60)]
    assert 5 <= statuses.count(500) <= 35
    assert statuses.count(200) == 60 - statuses.count(500)


async def test_a_slow_answer_comes_after_the_write_was_done() -> None:
    async with open_cart() as (cart, caller, _clock):
        order = cart.place(an_order())
        await post(caller, "faults", {"kind": "slow", "path": "PUT", "seconds": 5})
        with pytest.raises(asyncio.TimeoutError):
            async with asyncio.timeout(0.3):
                await caller.call("PUT", f"{ORDERS}/{order.id}", {"order": {"memo01": "遅い"}})
    assert order.memo01 == "遅い"


@pytest.mark.parametrize("kind", ["drop_after", "empty"])
async def test_a_write_is_done_although_the_answer_is_lost(kind: str) -> None:
    async with open_cart() as (cart, caller, _clock):
        order = cart.place(an_order())
        await post(caller, "faults", {"kind": kind, "path": "PUT", "count": 9})  # clients repeat a PUT
        try:
            reply = await caller.call("PUT", f"{ORDERS}/{order.id}", {"order": {"memo01": "届いた"}})
            answered = reply.body
        except aiohttp.ClientError:
            answered = b""
    assert answered == b""
    assert order.memo01 == "届いた"


async def test_the_ledger_of_the_gateway_tells_who_was_charged() -> None:
    async with open_cart() as (cart, caller, _):
        paid, other = cart.place(an_order()), cart.place(an_order(inserts=(LEAFLET.sku,)))
        cart.sell(paid.id)
        calls = await get(caller, f"gateway?number={paid.number}")
        everything = await get(caller, "gateway")
    assert [(call["deed"], call["amount"], call["ok"]) for call in calls] == [
        ("auth", 2710, True),
        ("capture", 2710, True),
    ]
    assert {call["order_number"] for call in everything} == {paid.number, other.number}
