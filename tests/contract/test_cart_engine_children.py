"""What a child carries (§7.5, §7.9): goods, prices, inserts, coupon, points, memos and source of its own round."""

from __future__ import annotations

from typing import Any

import pytest
from connector.sandbox.cart import CountRow, Cycle, NewCustomer, Order, Refusal, SubsOrder
from connector.sandbox.cart.settings import DiscountOrder

from tests.contract.cart_shapes import LEAFLET, SERUM, TEA, TEA_SUBS
from tests.contract.engine import EngineDesk, day

MONTHLY = Cycle.every(30)
NIGHTS = ("2026-12-22", "2027-01-21", "2027-02-19")  # of rounds 2, 3 and 4


def goods_of(order: Order) -> list[tuple[str, int, int, bool]]:
    """SKU, quantity, unit price, whether it is an insert."""
    return [
        (item.variant.goods.sku, item.quantity, item.price, item.bundled_id is not None)
        for item in order.items
    ]


async def renewed(desk: EngineDesk, subs: SubsOrder, rounds: int = 1) -> list[Order]:
    await desk.live_until(day(NIGHTS[rounds - 1]))
    assert desk.cart.check() == []
    return desk.children(subs)[1:]


def points_of(desk: EngineDesk, subs: SubsOrder) -> int:
    return desk.cart.shop.customers[subs.customer_id].point


async def test_each_round_has_its_own_goods_price_inserts_and_gap() -> None:
    rows = (
        CountRow(round=2, prices={TEA_SUBS.sku: 1500}, inserts=(LEAFLET.sku,)),
        CountRow(round=3, goods=((SERUM.sku, 1), (TEA.sku, 2)), prices={SERUM.sku: 4400}),
    )
    desk = EngineDesk()
    subs = desk.subscribe(MONTHLY, count_rows=rows)
    second, third, fourth = await renewed(desk, subs, 3)
    assert goods_of(second) == [(TEA_SUBS.sku, 2, 1500, False), (LEAFLET.sku, 1, 0, True)]
    assert goods_of(third) == [(SERUM.sku, 1, 4400, False), (TEA.sku, 2, TEA.price, False)]
    assert goods_of(fourth) == [(TEA_SUBS.sku, 2, 1944, False)]
    assert third.amounts.payment_total == 4400 + 2 * TEA.price


async def test_a_onetime_item_comes_on_top_of_the_rounds_own_goods() -> None:
    desk = EngineDesk()
    subs = desk.subscribe(MONTHLY, count_rows=(CountRow(round=2, goods=((SERUM.sku, 1),)),))
    variant_id = desk.cart.shop.variants[LEAFLET.sku].id
    desk.cart.change_subs_item(subs.id, variant_id=variant_id, quantity=3, onetime=1)
    second, third = await renewed(desk, subs, 2)
    assert goods_of(second) == [(SERUM.sku, 1, SERUM.price, False), (LEAFLET.sku, 3, 0, False)]
    assert [item.onetime for item in second.items] == [False, True]
    assert goods_of(third) == [(TEA_SUBS.sku, 2, 1944, False)]


async def test_a_permanent_item_quantity_and_price_stay() -> None:
    desk = EngineDesk()
    subs = desk.subscribe(MONTHLY)
    desk.cart.change_subs_item(subs.id, id=subs.items[0].id, quantity=3, price=1800)
    desk.cart.change_subs_item(subs.id, variant_id=desk.cart.shop.variants[SERUM.sku].id, quantity=1)
    first = desk.children(subs)[0]
    second, third = await renewed(desk, subs, 2)
    assert goods_of(first) == [(TEA_SUBS.sku, 2, 1944, False)]
    assert (
        goods_of(second)
        == goods_of(third)
        == [
            (TEA_SUBS.sku, 3, 1800, False),
            (SERUM.sku, 1, SERUM.price, False),
        ]
    )


async def test_a_coupon_is_for_the_next_order_only() -> None:
    desk = EngineDesk()
    subs = desk.subscribe(MONTHLY)
    desk.cart.set_coupon(subs.id, "MIHON300", 300)
    second, third = await renewed(desk, subs, 2)
    assert (second.coupons, second.amounts.discount, second.amounts.payment_total) == (
        "MIHON300",
        300,
        3588,
    )
    assert (third.coupons, third.amounts.discount) == (None, 0)


@pytest.mark.parametrize(
    ("order", "taken"),
    [
        ("prorated", (1223, 1732)),  # 2955 over 3888 of tea and 5500 of serum, the odd yen at 10 %
        ("high_first", (0, 2955)),
        ("low_first", (2955, 0)),
    ],
)
async def test_a_coupon_is_taken_off_the_rates_as_the_shop_says(order: str, taken: tuple[int, int]) -> None:
    desk = EngineDesk(discount_order=DiscountOrder(order))
    subs = desk.subscribe(MONTHLY, items=((TEA_SUBS.sku, 2), (SERUM.sku, 1)))
    desk.cart.set_coupon(subs.id, "MIHON2955", 2955)
    (second,) = await renewed(desk, subs)
    assert (second.extras.discount8, second.extras.discount10) == taken
    assert second.amounts.payment_total == 3888 + 5500 - 2955


async def test_a_coupon_takes_no_more_than_the_goods_cost() -> None:
    for order in DiscountOrder:
        desk = EngineDesk(discount_order=order)
        subs = desk.subscribe(MONTHLY)
        desk.cart.set_coupon(subs.id, "MIHON9999", 9999)
        (second,) = await renewed(desk, subs)
        assert (second.amounts.discount, second.amounts.payment_total) == (3888, 0)


@pytest.mark.parametrize(
    ("balance", "reserved", "once", "used", "left"),
    [
        (1000, 300, False, [300, 300, 300], 100),
        (700, 300, False, [300, 300, 100], 0),
        (1000, 300, True, [300, 0, 0], 700),
        (9000, 5000, False, [3888, 3888, 1224], 0),  # never more than is to be paid
        (0, 300, False, [0, 0, 0], 0),
    ],
)
async def test_reserved_points(balance: int, reserved: int, once: bool, used: list[int], left: int) -> None:
    desk = EngineDesk()
    customer = NewCustomer(email="mihon-points@example.jp", point=balance)
    subs = desk.subscribe(MONTHLY, customer=customer)
    desk.cart.change_subs(subs.id, point_redeem=reserved, onetime_point_redeem=int(once))
    children = await renewed(desk, subs, 3)
    assert [order.extras.point for order in children] == used
    assert points_of(desk, subs) == left
    assert [order.amounts.payment_total for order in children] == [3888 - point for point in used]


@pytest.mark.parametrize(("once", "adjusted"), [(0, [-200, -200]), (1, [-200, 0])])
async def test_an_adjustment_stays_or_is_for_once(once: int, adjusted: list[int]) -> None:
    desk = EngineDesk()
    subs = desk.subscribe(MONTHLY)
    desk.cart.change_subs(subs.id, adjustment=-200, onetime_adjustment=once)
    children = await renewed(desk, subs, 2)
    assert [order.extras.adjustment for order in children] == adjusted


@pytest.mark.parametrize("carried", [True, False])
async def test_the_delivery_time_is_carried_over_when_the_shop_says_so(carried: bool) -> None:
    desk = EngineDesk(carry_delivery_time=carried)
    subs = desk.subscribe(MONTHLY, delivery_time="午前中")
    (second,) = await renewed(desk, subs)
    assert (second.delivery_time is not None) is carried
    assert subs.delivery_time is not None


async def test_memos_source_store_and_free_columns_come_from_the_parent() -> None:
    desk = EngineDesk()
    wish: dict[str, Any] = {"url_id": 13, "store_id": 2, "free_columns": {1: ("雑誌を見て",)}}
    subs = desk.subscribe(MONTHLY, remark="初回のみ", **wish)
    desk.cart.change_subs(subs.id, memo01="置き配", memo02="熨斗")
    first = desk.children(subs)[0]
    (second,) = await renewed(desk, subs)
    assert (first.url_id, first.store_id, first.free_columns) == (13, 2, {1: ("雑誌を見て",)})
    assert (second.url_id, second.store_id, second.free_columns) == (13, 2, {1: ("雑誌を見て",)})
    assert (second.subs_memo01, second.subs_memo02) == ("置き配", "熨斗")
    assert (second.memo01, second.remark) == (None, None)


async def test_the_parents_new_address_and_method_are_for_later_children() -> None:
    desk = EngineDesk()
    subs = desk.subscribe(MONTHLY)
    (second,) = await renewed(desk, subs)
    desk.cart.change_subs(
        subs.id,
        shipping_address_attributes={"prefecture_id": 1, "addr01": "札幌市中央区"},
        payment_attributes={"payment_method_id": 5},
    )
    third = (await renewed(desk, subs, 2))[1]
    assert (second.shipping[0].postal.prefecture_id, second.payment.method.id) == (13, 1)
    assert (third.shipping[0].postal.prefecture_id, third.payment.method.id) == (1, 5)
    assert (third.payment.state, third.extras.charge) == ("cash_on_delivery_authed", 330)


async def test_stock_moves_and_only_the_hand_is_stopped_by_it() -> None:
    desk = EngineDesk()
    subs = desk.subscribe(MONTHLY)
    tea = desk.cart.shop.variants[TEA_SUBS.sku]
    tea.stock = 1
    with pytest.raises(Refusal, match="在庫が不足しています"):
        desk.cart.create_next(subs.id)
    nothing = subs.orders_count
    await renewed(desk, subs)
    by_night = tea.stock
    desk.cart.change_settings(check_stock_on_manual=False)
    desk.cart.create_next(subs.id)
    assert nothing == 1
    assert (by_night, tea.stock) == (-1, -3)


async def test_both_timelines_tell_of_the_birth() -> None:
    desk = EngineDesk()
    subs = desk.subscribe(MONTHLY)
    (second,) = await renewed(desk, subs)
    desk.cart.create_next(subs.id)
    assert [(entry.actor, entry.kind) for entry in second.timeline][:1] == [("system", "generated")]
    births = [(entry.actor, entry.after) for entry in subs.timeline if entry.kind == "order_created"]
    by_hand = desk.children(subs)[2]
    assert births == [("system", second.number), ("admin", by_hand.number)]


async def test_the_first_order_counts_and_later_ones_follow() -> None:
    desk = EngineDesk()
    subs = desk.subscribe(MONTHLY, remaining_orders=2, block_times=3)
    promised = [subs.remaining_block_times]
    with pytest.raises(Refusal, match="お約束回数"):
        desk.cart.set_subs_state(subs.id, "canceled")
    for round_ in (1, 2, 3):
        await renewed(desk, subs, round_)
        promised.append(subs.remaining_block_times)
    desk.cart.set_subs_state(subs.id, "canceled")
    assert promised == [2, 1, 0, 0]
    assert (subs.times, subs.orders_count, subs.remaining_orders) == (3, 3, 0)


async def test_the_shop_may_cancel_whatever_was_promised() -> None:
    desk = EngineDesk()
    subs = desk.subscribe(MONTHLY, block_times=6)
    desk.cart.set_subs_state(subs.id, "canceled", by="admin")
    assert subs.state == "canceled"


async def test_a_blacklisted_customers_renewals_stop_until_the_mark_is_cleared() -> None:
    desk = EngineDesk()
    subs = desk.subscribe(MONTHLY)
    desk.cart.set_blacklist(subs.customer_id, on=True)
    marked = list(subs.tbc_reasons)
    await renewed(desk, subs)
    stopped = subs.orders_count
    desk.cart.clear_attention(subs.id)
    await desk.live_until(day("2026-12-23"))
    assert (marked, stopped, subs.orders_count) == (["ブラックリスト"], 1, 2)
    assert desk.born(subs)[1] == day("2026-12-23")


async def test_a_payment_error_marks_the_parent_and_stops_nothing() -> None:
    desk = EngineDesk()
    subs = desk.subscribe(MONTHLY, card="refuse at round 2")
    second, third = await renewed(desk, subs, 2)
    assert [order.payment.state for order in (second, third)] == ["auth_failed", "authed"]
    assert subs.tbc_reasons == ["決済エラー"]


async def test_a_shop_may_let_payment_errors_stop_renewals_or_not_mark_them() -> None:
    stops = EngineDesk(blocking_tbc_reasons=("決済エラー",))
    silent = EngineDesk(ng_marks_subs_tbc=False)
    subs_of = [desk.subscribe(MONTHLY, card="refuse at round 2") for desk in (stops, silent)]
    for desk in (stops, silent):
        await desk.live_until(day(NIGHTS[1]))
    assert [subs.orders_count for subs in subs_of] == [2, 3]
    assert [subs.tbc_reasons for subs in subs_of] == [["決済エラー"], []]


async def test_a_void_gives_the_count_back_and_its_row_of_prices() -> None:
    """The round is created again at its own price, for the dates after the last living order (§7.8)."""
    rows = (CountRow(round=2, prices={TEA_SUBS.sku: 1000}),)
    desk = EngineDesk()
    subs = desk.subscribe(MONTHLY, count_rows=rows)
    (second,) = await renewed(desk, subs)
    desk.cart.cancel(second.id)
    voided = (subs.times, subs.orders_count, desk.next_delivery(subs))
    await desk.live_until(day("2026-12-23"))
    again = desk.children(subs)[2]
    assert voided == (1, 2, day("2026-12-31"))
    assert (again.times, again.nth, again.items[0].price) == (2, 3, 1000)
    assert desk.cart.check() == []
