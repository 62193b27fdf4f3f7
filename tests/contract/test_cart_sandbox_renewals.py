"""定期受注 in the cart sandbox: each cycle renews on its night, dying cards, skips, stops and voids (§7)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from connector.clock import jst
from connector.sandbox.cart import CartSandbox, CountRow, Cycle, NewCustomer, Order, Refusal, SubsOrder
from connector.sandbox.cart.holidays import NATIONAL_HOLIDAYS
from connector.sandbox.cart.shop import planned_on

from tests.contract.cart_shapes import (
    ECFORCE,
    JIRO,
    LEAFLET,
    SERUM,
    TEA_SUBS,
    an_order,
    live_until,
    open_cart,
)

SUBS = "/api/v2/admin/subs_orders"


def subscribe(cart: CartSandbox, cycle: Cycle, **changes: Any) -> SubsOrder:
    wish: dict[str, Any] = {"items": ((TEA_SUBS.sku, 2),), "deliver_on": date(2026, 12, 1)} | changes
    order = cart.place(an_order(cycle=cycle, **wish))
    assert order.subs_id is not None
    return cart.shop.subs[order.subs_id]


def children(cart: CartSandbox, subs: SubsOrder) -> list[Order]:
    return [cart.shop.orders[id_] for id_ in subs.order_ids]


def next_dates(subs: SubsOrder) -> tuple[str, str]:
    return str(planned_on(subs.next_delivery_at)), str(planned_on(subs.next_ship_at))


def test_the_holidays_are_the_recorded_ones() -> None:
    lines = (ECFORCE / "national_holidays.csv").read_text(encoding="utf-8-sig").splitlines()[1:]
    assert {date.fromisoformat(line.split(",")[0]) for line in lines} == NATIONAL_HOLIDAYS


@pytest.mark.parametrize(
    ("cycle", "born", "deliveries"),
    [
        (Cycle.every(30), ["2026-12-22", "2027-01-21"], ["2026-12-31", "2027-01-30"]),
        (Cycle.monthly(1, 5), ["2026-12-24", "2027-01-27"], ["2027-01-05", "2027-02-05"]),
        (Cycle.nth_weekday(1, 2, 5), ["2026-12-30", "2027-02-03"], ["2027-01-08", "2027-02-12"]),
    ],
)
async def test_each_cycle_renews_on_its_night(cycle: Cycle, born: list[str], deliveries: list[str]) -> None:
    async with open_cart() as (cart, _, clock):
        subs = subscribe(cart, cycle)
        await live_until(cart, clock, "2027-02-04 09:00:00")
        first, *renewals = children(cart, subs)
    assert (first.times, first.nth, first.subs_id) == (1, 1, subs.id)
    assert [jst(order.created_at).isoformat(" ")[:16] for order in renewals] == [
        f"{day} 00:30" for day in born
    ]
    assert [
        str(planned_on(order.delivery_planned_at or order.created_at)) for order in renewals
    ] == deliveries
    assert [(order.times, order.nth, order.state) for order in renewals] == [
        (2, 2, "complete"),
        (3, 3, "complete"),
    ]
    assert (subs.times, subs.orders_count) == (3, 3)
    generated = cart.history.of("order_generated")
    assert [(event.key, event.detail["subs"], event.detail["times"]) for event in generated] == [
        (order.number, subs.number, order.times) for order in renewals
    ]


async def test_a_child_is_read_as_a_renewal() -> None:
    async with open_cart() as (cart, caller, clock):
        subs = subscribe(cart, Cycle.every(30), delivery_time="午前中", remark="初回のみ")
        await live_until(cart, clock, "2026-12-23 00:00:00")
        first, second = (await caller.orders(sort="id")).rows
        parent = (await caller.call("GET", f"{SUBS}/{subs.id}.json")).json["data"]["attributes"]
    assert (second["kind"], second["times"], second["nth"], second["last_order"]) == ("定期受注", 2, 2, True)
    assert first["last_order"] is False
    assert second["subs_order_number"] == subs.number
    assert second["customer_number"] == first["customer_number"]
    assert second["payment_state"] == "authed"
    assert second["created_at"] == second["completed_at"] == "2026/12/22 00:30:00"
    assert second["scheduled_delivery_time"] == "午前中"
    assert (second["remark"], second["deliv_fee"], second["payment_total"]) == (None, 0, 3888)
    assert parent["payment_schedule"] == "30日ごとに配送"
    assert parent["previous_scheduled_to_be_delivered_at"] == "2026/12/31 00:00:00"
    assert parent["scheduled_to_be_delivered_at"] == "2027/01/30 00:00:00"


async def test_a_card_that_dies_fails_from_the_second_round_and_the_cycle_goes_on() -> None:
    async with open_cart() as (cart, caller, clock):
        subs = subscribe(cart, Cycle.every(30), card="expire 2026-11")
        await live_until(cart, clock, "2027-01-25 00:00:00")
        first, second, third = children(cart, subs)
        read = (await caller.call("GET", f"/api/v2/admin/orders/{second.id}")).json["data"]["attributes"]
        parent = (await caller.call("GET", f"{SUBS}/{subs.id}")).json["data"]["attributes"]
    assert [order.payment.state for order in (first, second, third)] == [
        "authed",
        "auth_failed",
        "auth_failed",
    ]
    assert (read["state"], read["payment_state"]) == ("complete", "auth_failed")
    assert read["payment_last_error_message"] == "カードの有効期限が切れています。"
    assert (parent["tbc"], parent["tbc_subs_order_reasons"], parent["state"]) == (
        True,
        "決済エラー",
        "active",
    )
    assert set(cart.history.per_key("payment_refused")) == {second.number, third.number}


async def test_a_refused_card_heals_by_reauth() -> None:
    async with open_cart() as (cart, _, clock):
        subs = subscribe(cart, Cycle.every(30), card="decline until 2026-12-24")
        first = children(cart, subs)[0]
        await live_until(cart, clock, "2026-12-24 09:00:00")
        second = children(cart, subs)[1]
        refused = (first.payment.state, second.payment.state)
        cart.reauth(second.id)
    assert refused == ("auth_failed", "auth_failed")
    assert (second.payment.state, second.payment.last_error) == ("authed", None)


async def test_a_deferred_exam_ends_after_its_delay() -> None:
    async with open_cart() as (cart, _, clock):
        good = cart.place(an_order(payment_method_id=24))
        bad = cart.place(an_order(payment_method_id=24, card="decline"))
        held = cart.place(an_order(payment_method_id=24, card="hold"))
        running = {order.payment.state for order in (good, bad, held)}
        await live_until(cart, clock, "2026-11-26 09:00:08")
        ended = [order.payment.state for order in (good, bad, held)]
        cart.decide_exam(held.id, ok=True)
    assert running == {"credit_exam_processing"}
    assert ended == ["credit_exam_completed", "credit_exam_failed", "credit_exam_hold"]
    assert held.payment.state == "credit_exam_completed"
    assert list(cart.history.per_key("payment_refused")) == [bad.number]


async def test_rows_of_the_detail_settings_rule_their_own_round() -> None:
    rows = (
        CountRow(round=1, cycle=Cycle.every(45), prices={TEA_SUBS.sku: 980}, inserts=(LEAFLET.sku,)),
        CountRow(round=2, prices={TEA_SUBS.sku: 1500}, inserts=(LEAFLET.sku,)),
    )
    async with open_cart() as (cart, _, clock):
        subs = subscribe(cart, Cycle.every(90), count_rows=rows, items=((TEA_SUBS.sku, 1),))
        await live_until(cart, clock, "2027-04-10 00:00:00")
        prices = [[item.price for item in order.items] for order in children(cart, subs)]
        dates = [
            str(planned_on(order.delivery_planned_at or order.created_at)) for order in children(cart, subs)
        ]
        inserts = [[item.bundled_id is not None for item in order.items] for order in children(cart, subs)]
    assert dates == ["2026-12-01", "2027-01-15", "2027-04-15"]  # spec/ecforce.md §7.3
    assert prices == [[980, 0], [1500, 0], [1944]]
    assert inserts == [[False, True], [False, True], [False]]


async def test_skip_stop_resume_and_cancel() -> None:
    async with open_cart() as (cart, caller, clock):
        skipped, stopped, ended = (subscribe(cart, Cycle.every(30)) for _ in range(3))
        body = {"subs_order": {"skip_next_scheduled_delivery": 1}}
        await caller.call("PUT", f"{SUBS}/{skipped.id}.json", body)
        after_skip = next_dates(skipped)
        with pytest.raises(Refusal, match="スキップ"):
            cart.skip_next(skipped.id)
        cart.set_subs_state(stopped.id, "suspend")
        reason = {"subs_order": {"state": "canceled", "cancel_reason_ids": ["1", "100001"]}}
        canceled = await caller.call("PUT", f"{SUBS}/{ended.id}.json", reason)
        refused = await caller.call("POST", f"{SUBS}/{ended.id}/orders.json")
        await live_until(cart, clock, "2027-01-10 09:00:00")
        before = [subs.orders_count for subs in (skipped, stopped, ended)]
        cart.set_subs_state(stopped.id, "active")
        resumed = next_dates(stopped)
        await live_until(cart, clock, "2027-01-25 09:00:00")
    assert after_skip == ("2027-01-30", "2027-01-28")
    assert before == [1, 1, 1]
    assert canceled.json["data"]["attributes"]["cancel_reasons"] == "マイページからのキャンセル,味が合わない"
    assert refused.status == 422
    assert resumed == ("2027-01-30", "2027-01-28")
    assert [subs.orders_count for subs in (skipped, stopped, ended)] == [2, 2, 1]
    assert children(cart, skipped)[1].times == 2
    assert skipped.skipped is False


async def test_nothing_is_created_when_it_must_not_be() -> None:
    async with open_cart() as (cart, _, clock):
        used_up = subscribe(cart, Cycle.every(30), remaining_orders=1)
        black = subscribe(
            cart, Cycle.every(30), customer=NewCustomer(email="mihon-b@example.jp", blacklist=True)
        )
        await live_until(cart, clock, "2027-03-01 00:00:00")
    assert (used_up.orders_count, used_up.remaining_orders) == (2, 0)
    assert (black.orders_count, black.tbc_reasons) == (1, ["ブラックリスト"])


async def test_onetime_things_are_gone_after_one_child() -> None:
    async with open_cart() as (cart, caller, clock):
        subs = subscribe(cart, Cycle.every(30))
        kept = subs.items[0].id
        extra = {"order_item": {"variant_id": cart.shop.variants[SERUM.sku].id, "quantity": 1, "onetime": 1}}
        await caller.call("POST", f"{SUBS}/{subs.id}/order_items.json", extra)
        await caller.call("PUT", f"{SUBS}/{subs.id}/order_items/{kept}.json", {"order_item": {"skip": 1}})
        wish = {"subs_order": {"adjustment": -200, "onetime_adjustment": 1, "memo01": "置き配"}}
        await caller.call("PUT", f"{SUBS}/{subs.id}", wish)
        await live_until(cart, clock, "2027-01-25 00:00:00")
        _, second, third = children(cart, subs)
    assert [item.variant.goods.sku for item in second.items] == [SERUM.sku]
    assert (second.amounts.payment_total, second.subs_memo01) == (5500 - 200, "置き配")
    assert [(item.variant.goods.sku, item.quantity) for item in third.items] == [(TEA_SUBS.sku, 2)]
    assert third.amounts.payment_total == 3888


async def test_reserved_points_are_used_as_far_as_they_go() -> None:
    async with open_cart() as (cart, _, clock):
        subs = subscribe(cart, Cycle.every(30), customer=NewCustomer(email="mihon-p@example.jp", point=250))
        subs.point_redeem = 300
        await live_until(cart, clock, "2026-12-23 00:00:00")
        second = children(cart, subs)[1]
    assert (second.extras.point, second.amounts.payment_total) == (250, 3888 - 250)
    assert cart.shop.customers[subs.customer_id].point == 0


async def test_a_void_lowers_the_count_and_moves_the_dates_unless_told_not_to() -> None:
    async with open_cart() as (cart, caller, clock):
        subs, untouched = subscribe(cart, Cycle.every(30)), subscribe(cart, Cycle.every(30))
        await live_until(cart, clock, "2026-12-22 09:00:00")
        second = children(cart, subs)[1]
        cart.cancel(second.id)
        flags = {"decrement_subs_order_times": 0, "recalculate_subs_order": 0}
        other = children(cart, untouched)[1]
        await caller.call(
            "POST", f"/api/v2/admin/orders/{other.id}/payment_status.json", {"method": "void"} | flags
        )
        after = (subs.times, subs.orders_count, next_dates(subs)[0])
        kept = (untouched.times, next_dates(untouched)[0])
        await live_until(cart, clock, "2026-12-23 09:00:00")
        again = children(cart, subs)[2]
    assert (second.state, second.payment.state) == ("canceled", "voided")
    assert after == (1, 2, "2026-12-31")
    assert kept == (2, "2027-01-30")
    assert (again.times, again.nth) == (2, 3)
    assert cart.history.count("order_canceled") == 2


async def test_a_date_already_past_is_created_with_its_ship_date_and_a_warning() -> None:
    async with open_cart() as (cart, _, clock):
        subs = subscribe(cart, Cycle.every(30), deliver_on=date(2026, 10, 26))
        await live_until(cart, clock, "2026-11-27 09:00:00")
        second = children(cart, subs)[1]
    assert str(planned_on(second.ship_planned_at or second.created_at)) == "2026-11-20"
    assert "ship_date_in_past" in [entry.kind for entry in second.timeline]
    assert "ship_date_in_past" in [entry.kind for entry in subs.timeline]
    assert cart.history.of("order_generated")[0].detail["ship_date_in_past"] is True


async def test_dates_and_cycle_are_changed_as_the_parent_says() -> None:
    async with open_cart() as (cart, caller, _):
        subs = subscribe(cart, Cycle.every(30), billing=JIRO)
        path = f"{SUBS}/{subs.id}.json"
        drifting = {"subs_order": {"scheduled_to_be_delivered_at": "2027-01-10"}}
        await caller.call("PUT", path, drifting)
        drifted = next_dates(subs)
        synced = {"subs_order": drifting["subs_order"] | {"sync_scheduled_to_be_shipped_at": 1}}
        await caller.call("PUT", path, synced)
        together = next_dates(subs)
        holiday = {"subs_order": {"scheduled_to_be_shipped_at": "2027-01-09"}}
        flag = {"avoid_holidays_for_scheduled_to_be_shipped_at": 1}
        await caller.call("PUT", path, holiday | flag)
        later = next_dates(subs)
        past = {"subs_order": {"scheduled_to_be_shipped_at": "2026-11-01"}}
        past["subs_order"]["enable_past_scheduled_to_be_shipped_at_error"] = "1"
        refused = await caller.call("PUT", path, past)
        parts = {
            "payment_schedule": "day_of_week",
            "scheduled_to_be_delivered_every_x_month": 1,
            "scheduled_to_be_delivered_on_xth_day_of_week": 2,
            "scheduled_to_be_delivered_every_x_day_of_week": 5,
        }
        cycled = await caller.call("PUT", path, {"subs_order": parts | {"memo01": "曜日へ"}})
        wrong = await caller.call("PUT", path, {"subs_order": {"payment_schedule": "date", "memo01": "x"}})
    assert drifted == ("2027-01-10", "2026-12-25")  # 沖縄: lead 4; the ship date stays where it was
    assert together == ("2027-01-10", "2027-01-06")
    assert later == ("2027-01-10", "2027-01-12")  # Sat, Sun, 成人の日: LATER, unlike the engine
    assert refused.status == 422
    attributes = cycled.json["data"]["attributes"]
    assert attributes["payment_schedule"] == "1ヶ月ごとの第2 金曜日に配送"
    assert attributes["human_scheduled_to_be_delivered_every_x_day_of_week"] == "金曜日"
    assert attributes["scheduled_to_be_delivered_at"] == "2027/01/10 00:00:00"
    assert wrong.status == 422
    assert subs.memo01 == "曜日へ"


async def test_the_next_child_by_hand_and_short_of_stock() -> None:
    async with open_cart() as (cart, caller, _):
        subs = subscribe(cart, Cycle.every(30))
        made = await caller.call("POST", f"{SUBS}/{subs.id}/orders.json")
        cart.shop.variants[TEA_SUBS.sku].stock = 1
        short = await caller.call("POST", f"{SUBS}/{subs.id}/orders.json")
    assert (made.status, made.body) == (204, b"")
    assert short.status == 422
    assert subs.orders_count == 2


async def test_the_same_seed_is_the_same_shop() -> None:
    stories = []
    for _ in range(2):
        async with open_cart(seed=7) as (cart, _caller, clock):
            for k in range(20):
                customer = NewCustomer(email=f"mihon-{k}@example.jp")
                cart.place(an_order(customer=customer, cycle=Cycle.every(30) if k % 3 == 0 else None))
            await live_until(cart, clock, "2026-12-30 00:00:00")
            stories.append([(event.at, event.what, event.key) for event in cart.history])
    assert stories[0] == stories[1]
    assert len({key for _, what, key in stories[0] if what == "order_generated"}) == 7
