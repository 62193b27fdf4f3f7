"""The cart sandbox over real HTTP answers as the recorded bytes do (fixtures/ecforce, spec/ecforce.md §2)."""

from __future__ import annotations

from typing import Any

import pytest
from connector.sandbox.cart import CartSettings, Cycle, NewCustomer, Refusal

from tests.contract.cart_shapes import (
    EVERYTHING,
    HANAKO,
    JIRO,
    LEAFLET,
    SERUM,
    TEA,
    TEA_SUBS,
    an_order,
    jst_at,
    live_until,
    open_cart,
    recorded,
    recorded_types,
    shape_problems,
)

ORDERS = "/api/v2/admin/orders"
SUBS = "/api/v2/admin/subs_orders"


def place_all_kinds(cart: Any) -> None:
    """One order of each kind the recorded pages know."""
    cart.place(an_order())
    cart.place(an_order(payment_method_id=24, items=((SERUM.sku, 1),)))
    cart.place(an_order(payment_method_id=5, delivery_time="午前中"))
    cart.place(an_order(payment_method_id=15, remark="玄関前\n「置き配」"))
    cart.place(an_order(payment_method_id=31, wrapping="あり"))
    cart.place(an_order(card="decline"))
    cart.place(an_order(items=((TEA_SUBS.sku, 2),), cycle=Cycle.monthly(1, 5), inserts=(LEAFLET.sku,)))
    cart.place(an_order(shipping=(HANAKO, JIRO), items=((TEA.sku, 2), (SERUM.sku, 1)), item_addresses=(0, 1)))
    customer = NewCustomer(email="mihon-point@example.jp", point=500)
    cart.place(
        an_order(
            customer=customer, point=300, coupon="MIHON10", coupon_discount=200, tbc_reasons=("住所確認",)
        )
    )


# --- shapes ---


async def test_lists_have_the_recorded_keys_and_types() -> None:
    seen = recorded_types()
    async with open_cart() as (cart, caller, clock):
        place_all_kinds(cart)
        await live_until(cart, clock, "2026-11-26 09:10:00")
        orders = await caller.orders(include=EVERYTHING, per="100")
        subs = await caller.call(
            "GET", SUBS, query=[("include", "customer,order_items,payment,shipping_address")]
        )
    assert orders.status == subs.status == 200
    assert len(orders.json["data"]) == 9
    assert len(subs.json["data"]) == 1
    for document in (orders.json, subs.json):
        for resource in [*document["data"], *document["included"]]:
            assert shape_problems(resource, seen) == []
    kinds = {resource["type"] for resource in orders.json["included"]}
    assert kinds == {"customer", "address", "order_item", "payment", "sub_order"}


async def test_a_single_order_reads_as_recorded() -> None:
    example = recorded("order_single.json")
    async with open_cart() as (cart, caller, _):
        order = cart.place(an_order(items=((TEA_SUBS.sku, 2),), cycle=Cycle.monthly(1, 5)))
        full = await caller.call("GET", f"{ORDERS}/{order.id}.json", query=[("include", EVERYTHING)])
        light = await caller.call("GET", f"{ORDERS}/{order.id}", query=[("lighter", "1")])
    assert set(full.json) == set(example)
    assert full.json["data"]["relationships"].keys() == example["data"]["relationships"].keys()
    for name, relation in example["data"]["relationships"].items():
        ours = full.json["data"]["relationships"][name]["data"]
        theirs = relation["data"]
        assert type(ours) is type(theirs)
        first_ours, first_theirs = (end[0] if isinstance(end, list) else end for end in (ours, theirs))
        assert first_ours["type"] == first_theirs["type"]
        assert isinstance(first_ours["id"], str)
    assert full.json["data"]["id"] == str(order.id)
    assert full.json["data"]["attributes"]["id"] == order.id
    recorded_light = recorded("order_single_lighter.json")
    assert set(light.json["data"]["attributes"]) - {"deleted_at"} == set(recorded_light["data"]["attributes"])
    assert light.json["included"] == recorded_light["included"] == []


async def test_odd_type_spellings_are_a_switch() -> None:
    example = recorded("order_single_type_variants.json")["data"]["relationships"]
    async with open_cart() as (cart, caller, _):
        order = cart.place(an_order())
        await caller.call("POST", "/__sandbox/quirks", {"odd_types": True})
        reply = await caller.call("GET", f"{ORDERS}/{order.id}")
    ours = reply.json["data"]["relationships"]
    assert ours["order_items"]["data"][0]["type"] == example["order_items"]["data"][0]["type"] == "order-item"
    assert ours["shipping_address"]["data"]["type"] == "addresses"


# --- paging, searching ---


async def test_pages_hold_every_order_once_and_the_last_page_still_points_on() -> None:
    async with open_cart() as (cart, caller, _):
        numbers = {cart.place(an_order()).number for _ in range(23)}
        first = await caller.orders(per="10", page="1")
        last = await caller.orders(per="10", page="3")
        beyond = await caller.orders(per="10", page="4")
        default = await caller.orders()
        capped = await caller.orders(per="500")
    assert first.json["meta"] == {"total_count": 23, "page": 1, "per": 10, "count": 10, "total_pages": 3}
    links = first.json["links"]
    assert links["prev"] is None
    assert links["next"] == f"{caller.base}{ORDERS}?page=2&per=10"
    assert last.json["links"]["next"] == f"{caller.base}{ORDERS}?page=&per=10"
    assert beyond.status == 200
    assert beyond.json["data"] == []
    assert beyond.json["meta"]["count"] == 0
    assert beyond.json["links"]["prev"] == f"{caller.base}{ORDERS}?page=3&per=10"
    assert beyond.json.keys() == recorded("orders_page3_beyond_end.json").keys()
    assert default.json["meta"]["per"] == 20
    assert capped.json["meta"]["per"] == 100
    assert {row["number"] for row in capped.rows} == numbers


@pytest.mark.parametrize(("quirk", "found"), [("missing", None), ("zero", 0)])
async def test_total_pages_may_be_missing_or_zero(quirk: str, found: int | None) -> None:
    async with open_cart() as (cart, caller, _):
        cart.place(an_order())
        await caller.call("POST", "/__sandbox/quirks", {"total_pages": quirk})
        meta = (await caller.orders()).json["meta"]
    assert meta.get("total_pages") == found


async def test_searching_finds_what_the_conditions_say() -> None:
    async with open_cart() as (cart, caller, clock):
        place_all_kinds(cart)
        await live_until(cart, clock, "2026-11-26 12:00:00")
        late = cart.place(an_order(items=((SERUM.sku, 1),)))
        found = {
            name: {row["id"] for row in (await caller.call("GET", ORDERS, query=query)).rows}
            for name, query in SEARCHES.items()
        }
        orders = cart.shop.orders.values()
    assert found["since"] == {late.id}
    assert found["a day alone is midnight"] == {order.id for order in orders}
    assert found["by method"] == {order.id for order in orders if order.payment.method.id == 5}
    assert found["states"] == {order.id for order in orders if order.payment.state in ("authed", "pending")}
    skus = {order.id for order in orders if any(i.variant.goods.sku == SERUM.sku for i in order.items)}
    assert found["by sku"] == skus
    assert len(skus) == 3
    assert found["tbc"] == {order.id for order in orders if order.tbc_reasons}
    assert found["subscriptions"] == {order.id for order in orders if order.subs_id}
    assert found["by mail"] == {order.id for order in orders if order.email.startswith("mihon-point")}
    assert found["several ids"] == {104401, 104402}
    assert found["none of these"] == set()
    assert found["without a slip"] == {order.id for order in orders}
    assert found["range of totals"] == {order.id for order in orders if 2710 < order.amounts.total <= 5500}
    assert found["unknown attribute"] == {order.id for order in orders}
    assert any("q[mood_eq] ignored" in words for words in cart.shop.warnings)


SEARCHES = {
    "since": [("q[updated_at_gteq]", "2026-11-26 12:00:00")],
    "a day alone is midnight": [("q[created_at_gteq]", "2026-11-25"), ("q[created_at_lt]", "2026-11-27")],
    "by method": [("q[payment_payment_method_id_eq]", "5")],
    "states": [("q[payment_state_in][]", "authed"), ("q[payment_state_in][]", "pending")],
    "by sku": [("q[order_items_variant_sku_eq]", SERUM.sku)],
    "tbc": [("q[tbc_eq]", "1")],
    "subscriptions": [("q[subs_order_id_not_null]", "1")],
    "by mail": [("q[customer_email_cont]", "POINT@")],
    "several ids": [("q[id_in][]", "104401"), ("q[id_in][]", "104402"), ("q[id_in][]", "x")],
    "none of these": [("q[state_not_in][]", "complete"), ("q[state_not_in][]", "shipped")],
    "without a slip": [("q[shipping_slip_null]", "1")],
    "range of totals": [("q[total_gt]", "2710"), ("q[total_lteq]", "5500")],
    "unknown attribute": [("q[mood_eq]", "good")],
}


async def test_sorting_by_update_then_id() -> None:
    async with open_cart() as (cart, caller, clock):
        first, second = cart.place(an_order()), cart.place(an_order())
        await clock.advance_to(jst_at("2026-11-26 10:00:00"))
        cart.change_address(first.id, JIRO)
        newest_first = await caller.orders(sort="-updated_at,id")
        by_id = await caller.orders(sort="id")
        default = await caller.orders()
    assert [row["id"] for row in newest_first.rows] == [first.id, second.id]
    assert [row["id"] for row in by_id.rows] == sorted(cart.shop.orders)
    assert [row["id"] for row in default.rows] == sorted(cart.shop.orders, reverse=True)


async def test_a_deleted_order_shows_only_when_asked_for() -> None:
    async with open_cart() as (cart, caller, _):
        kept, gone = cart.place(an_order()), cart.place(an_order())
        refused = await caller.call("DELETE", f"{ORDERS}/bulk_destroy.json", {"order_ids": [gone.id]})
        cart.cancel(gone.id)
        done = await caller.call("DELETE", f"{ORDERS}/bulk_destroy.json", {"order_ids": [gone.id]})
        usual = await caller.orders()
        all_of_them = await caller.orders(q__with_deleted="1")
    assert refused.json["failure"] == [gone.id]
    assert done.json == {"success": [gone.id]}
    assert [row["id"] for row in usual.rows] == [kept.id]
    deleted = {row["id"]: row["deleted_at"] for row in all_of_them.rows}
    assert deleted == {kept.id: None, gone.id: "2026/11/26 09:00:00"}


async def test_a_later_order_may_carry_a_smaller_id() -> None:
    async with open_cart(settings=CartSettings(requests_per_minute=None, slow_checkouts=0.3)) as (
        cart,
        _,
        _clock,
    ):
        ids = [cart.place(an_order()).id for _ in range(60)]
    assert ids != sorted(ids)
    assert len(set(ids)) == 60


# --- masters, control plane ---


@pytest.mark.parametrize(
    ("path", "key", "values"),
    [
        ("payment_methods", "id", {1, 5, 15, 24, 31}),
        ("shipping_carriers", "name", {"ヤマト運輸", "佐川急便"}),
        ("products", "number", {"tea30", "serum01", "tea30-teiki", "leaflet"}),
        ("stores", "name", {"見本茶房", "見本茶房 電話窓口"}),
        ("customers", "email", {"mihon-hanako@example.jp"}),
        ("cancel_reasons", "id", {1, 100001}),
        ("suspend_reasons", "id", {1, 100002}),
    ],
)
async def test_masters_are_there(path: str, key: str, values: set[Any]) -> None:
    async with open_cart() as (cart, caller, _):
        cart.place(an_order())
        reply = await caller.call(
            "GET", f"/api/v2/admin/{path}.json", query=[("include", "delivery_times,variants")]
        )
    assert {row[key] for row in reply.rows} == values


async def test_the_control_plane_places_orders_and_shows_the_truth() -> None:
    async with open_cart() as (cart, caller, _):
        body = {
            "customer": {"email": "mihon-taro@example.jp"},
            "billing": {"name01": "見本", "name02": "太郎", "prefecture_id": 13, "zip": "150-0099"},
            "items": [[TEA_SUBS.sku, 1]],
            "cycle": {"kind": "term", "days": 30},
        }
        made = await caller.call("POST", "/__sandbox/orders", body)
        wrong = await caller.call("POST", "/__sandbox/orders", {"customer": 1})
        order = cart.shop.orders[made.json["id"]]
        await caller.call("POST", f"/__sandbox/orders/{order.id}/cancel")
        history = (await caller.call("GET", "/__sandbox/history?what=order_placed")).json
        timeline = (await caller.call("GET", f"/__sandbox/orders/{order.id}/timeline")).json
        clock = (await caller.call("GET", "/__sandbox/clock")).json
    assert made.status == 201
    assert wrong.status == 422
    assert made.json["subs_order_id"] in cart.shop.subs
    assert [event["key"] for event in history] == [order.number]
    assert [entry["kind"] for entry in timeline] == ["placed", "payment_state", "payment_state", "state"]
    assert clock == {"now": "2026-11-26T09:00:00+09:00", "next_event_at": "2026-11-27T00:30:00+09:00"}


async def test_the_python_door_refuses_as_the_api_does() -> None:
    async with open_cart() as (cart, _, _clock):
        card, bank = cart.place(an_order()), cart.place(an_order(payment_method_id=15))
        with pytest.raises(Refusal, match="決済状況が pending ではありません"):
            cart.pay_bank(card.id)
        cart.pay_bank(bank.id)
        with pytest.raises(KeyError):
            cart.place(an_order(items=(("NO-SUCH", 1),)))
    assert bank.payment.state == "paid"


async def test_a_customer_is_created_and_found() -> None:
    async with open_cart() as (cart, caller, _):
        form = {
            "customer": {"email": "mihon-new@example.jp", "name01": "見本", "name02": "新子", "zip01": "150"}
        }
        made = await caller.call("POST", "/api/v2/admin/customers.json", form)
        read = await caller.call("GET", f"/api/v2/admin/customers/{made.json['data']['id']}.json")
    assert made.status == 201
    assert read.json == made.json
    assert shape_problems(read.json["data"], recorded_types()) == []
    assert cart.shop.customer_by_email["mihon-new@example.jp"].billing.postal.name02 == "新子"
