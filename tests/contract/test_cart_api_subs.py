"""Subscriptions over the API: edits, items in all forms, sets, split, bulk jobs, free columns, destroying."""

from __future__ import annotations

from typing import Any

from connector.sandbox.cart import CartSettings

from tests.contract.cart_api import an_api, codes, included, rows
from tests.contract.cart_shapes import LEAFLET, SERUM, TEA, TEA_SUBS

CYCLE = {"payment_schedule": "term", "scheduled_to_be_delivered_every_x_day": 45}


async def test_an_edit_writes_every_key_it_may() -> None:
    wish: dict[str, Any] = {
        "link_number": "S-1",
        "times": 4,
        "recurring_block_times": 6,
        "remaining_number_of_orders": 2,
        "payment_schedule": "day_of_week",
        "scheduled_to_be_delivered_every_x_month": 1,
        "scheduled_to_be_delivered_on_xth_day_of_week": 2,
        "scheduled_to_be_delivered_every_x_day_of_week": 5,
        "payment_schedule_locked": 1,
        "scheduled_to_be_delivered_at": "2026-12-20",
        "sync_scheduled_to_be_shipped_at": 1,
        "point_redeem": 50,
        "onetime_point_redeem": 1,
        "default_shipping_carrier_id": 2,
        "default_shipping_carrier_locked": 1,
        "delivery_time_id": 2,
        "store_id": 2,
        "memo01": "一",
        "memo02": "二",
        "linked_memo": "三",
        "adjustment": -200,
        "onetime_adjustment": 1,
        "shipping_address_attributes": {"prefecture_id": 47, "addr01": "那覇市"},
        "payment_attributes": {"payment_method_id": 5},
        "pickup_locations_attributes": {"pickup_location_id_1": 1, "doorbell": 0},
        "tbc": 1,
        "billing_address_attributes": {"addr01": "無視"},
    }
    async with an_api() as api:
        await api.put(f"subs_orders/{api.subs.id}", {"subs_order": wish})
        reply = await api.get(f"subs_orders/{api.subs.id}", include="shipping_address,payment")
    subs = reply.json["data"]["attributes"]
    plain = (
        "link_number",
        "times",
        "recurring_block_times",
        "remaining_number_of_orders",
        "memo01",
        "adjustment",
    )
    assert {key: subs[key] for key in plain} == {key: wish[key] for key in plain}
    assert subs["remaining_block_times"] == 2
    assert subs["payment_schedule"] == "1ヶ月ごとの第2 金曜日に配送"
    assert subs["human_scheduled_to_be_delivered_every_x_day_of_week"] == "金曜日"
    assert (subs["payment_schedule_locked"], subs["default_shipping_carrier_locked"]) == (1, True)
    assert subs["scheduled_to_be_delivered_at"] == "2026/12/20 00:00:00"
    assert subs["scheduled_to_be_shipped_at"] == "2026/12/18 00:00:00"  # Tokyo's lead: the old address
    assert (subs["store"], subs["default_shipping_carrier"]) == ("見本茶房 電話窓口", "佐川急便")
    assert (subs["scheduled_delivery_time"], subs["pickup_location1"]) == ("午前中", "宅配ボックス")
    assert (subs["doorbell"], subs["tbc"], subs["onetime_adjustment"]) == (False, False, True)
    assert included(reply, "address")[0]["full_address"].startswith("沖縄県那覇市")
    assert included(reply, "payment")[0]["payment_method_name"] == "代金引換"


async def test_reasons_come_as_text_and_null_clears_them() -> None:
    async with an_api() as api:
        path = f"subs_orders/{api.subs.id}"
        stop = {"state": "suspend", "suspend_reason_ids": ["1", "100002"]}
        stopped = (await api.put(path, {"subs_order": stop})).json["data"]["attributes"]
        cleared = (await api.put(path, {"subs_order": {"suspend_reason_ids": ["null"]}})).json["data"][
            "attributes"
        ]
        unknown = await api.put(path, {"subs_order": {"cancel_reason_ids": ["7"]}})
    assert stopped["suspend_reason_ids"] == [1, 100002]
    assert stopped["suspend_reasons"] == "マイページからの停止,商品が余っている"
    assert (stopped["human_state"], stopped["suspended_at"]) == ("停止", "2026/11/26 09:00:00")
    assert (cleared["suspend_reason_ids"], cleared["suspend_reasons"]) == ([], None)
    assert (unknown.status, codes(unknown)) == (422, ["ASO3002"])


async def test_a_ship_date_is_pushed_to_the_next_open_day_when_asked() -> None:
    async with an_api() as api:
        path, saturday = f"subs_orders/{api.subs.id}", {"scheduled_to_be_shipped_at": "2026-12-05"}
        body = {"subs_order": saturday, "avoid_holidays_for_scheduled_to_be_shipped_at": 1}
        pushed = (await api.put(path, body)).json["data"]["attributes"]["scheduled_to_be_shipped_at"]
        rows_ = {"subs_orders": [{"id": api.subs.id} | saturday]}
        await api.put("subs_orders/bulk_update", rows_)
        kept = (await api.attributes(path))["scheduled_to_be_shipped_at"]
        await api.put("subs_orders/bulk_update", rows_ | {"avoid_holidays_for_scheduled_to_be_shipped_at": 1})
        pushed_in_bulk = (await api.attributes(path))["scheduled_to_be_shipped_at"]
        past = saturday | {
            "scheduled_to_be_shipped_at": "2026-11-01",
            "enable_past_scheduled_to_be_shipped_at_error": 1,
        }
        refused = await api.put(path, {"subs_order": past})
    assert pushed == pushed_in_bulk == "2026/12/07 00:00:00"
    assert kept == "2026/12/05 00:00:00"
    assert (refused.status, codes(refused)) == (422, ["ASO3999"])


async def test_the_shop_skips_one_delivery_and_saying_it_again_moves_nothing() -> None:
    async with an_api() as api:
        path, skip = f"subs_orders/{api.subs.id}", {"subs_order": {"skip_next_scheduled_delivery": 1}}
        once = (await api.put(path, skip)).json["data"]["attributes"]
        again = await api.put(path, skip)
        twice = again.json["data"]["attributes"]
    assert once["scheduled_to_be_delivered_at"] == "2027/01/05 00:00:00"
    assert (once["skip_next_scheduled_delivery"], once["times"]) == (True, 1)
    assert (again.status, twice["scheduled_to_be_delivered_at"]) == (200, "2027/01/05 00:00:00")


async def test_a_method_needs_what_it_pays_with() -> None:
    async with an_api() as api:
        path, card = f"subs_orders/{api.subs.id}", api.subs.payment.card_id

        async def pay_by(**payment: Any) -> list[str]:
            reply = await api.put(path, {"subs_order": {"payment_attributes": payment}})
            return [] if reply.status == 200 else codes(reply)

        no_source = await pay_by(payment_method_id=1)
        strange = await pay_by(payment_method_id=1, source_id=1, source_type="EcForce::CreditCard")
        amazon = await pay_by(payment_method_id=31)
        permitted = {"charge_permission_id": "B01-0000000-0000000"}
        allowed = await pay_by(payment_method_id=31, amazon_v2_transaction_attributes=permitted)
        back = await pay_by(payment_method_id=1, source_id=card, source_type="EcForce::CreditCard")
    assert (no_source, strange, amazon) == (["ASO3001"], ["ASO3002"], ["ASO3001"])
    assert (allowed, back) == ([], [])


# --- items ---


async def test_items_in_all_forms() -> None:
    async with an_api() as api:
        at = f"subs_orders/{api.subs.id}/order_items"
        wish = {"variant_id": api.variant(TEA.sku), "quantity": 2, "price": 2000, "onetime": 1}
        one = await api.post(at, {"order_item": wish})
        item = one.json["data"]["attributes"]
        changed = await api.put(f"{at}/{item['id']}", {"order_item": {"quantity": 3, "skip": 1}})
        more = await api.post(
            f"{at}/bulk_create",
            {"order_items": [{"variant_id": api.variant(SERUM.sku)}, {"variant_id": 9}, {"quantity": 1}]},
        )
        serum = api.subs.items[-1].id
        bulk = await api.put(
            f"{at}/bulk_update",
            {"order_items": [{"id": serum, "price": 5000}, {"id": 1}, {"id": api.item.id, "quantity": 0}]},
        )
        gone = await api.put(f"{at}/{item['id']}", {"order_item": {"delete": 1}})
        again = await api.put(f"{at}/{item['id']}", {"order_item": {"quantity": 1}})
        subs = await api.get(f"subs_orders/{api.subs.id}", include="order_items")
    assert (item["price"], item["quantity"], item["onetime"], item["skip"]) == (2000, 2, True, False)
    assert one.json["data"]["type"] == "order_item"
    assert changed.json["data"]["attributes"]["skip"] is True
    assert more.json["success"] == [1]
    assert more.json["failure"] == [2, 3]
    assert codes(more) == ["ASOI2001", "ASOI2001"]
    assert bulk.json["success"] == [serum]
    assert codes(bulk) == ["ASOI2001", "ASOI3002"]
    assert (gone.status, gone.body) == (204, b"")
    assert (again.status, codes(again)) == (404, ["ASOI2001"])
    assert [(each["variant_sku"], each["price"]) for each in included(subs, "order_item")] == [
        (TEA_SUBS.sku, 1944),
        (SERUM.sku, 5000),
    ]


async def test_prices_are_reckoned_for_a_round_and_the_round_is_kept_when_asked() -> None:
    async with an_api() as api:
        path = f"subs_orders/{api.subs.id}/order_items/{api.item.id}"
        row = {"order_item": {"quantity": 1}, "recalculate_price": 1}
        no_times = await api.put(path, row | {"sync": 0})
        no_sync = await api.put(path, row | {"times": 2})
        both = {"order_item": {"price": 1}, "recalculate_price": 1, "times": 2, "sync": 0}
        conflict = await api.put(path, both)
        second = await api.put(path, row | {"times": 2, "sync": 0})
        times_then = api.subs.times
        third = await api.put(path, row | {"times": 3, "sync": 1})
    assert [codes(each) for each in (no_times, no_sync, conflict)] == [
        ["ASOI3001"],
        ["ASOI3001"],
        ["ASOI3002"],
    ]
    assert second.json["data"]["attributes"]["price"] == 1700  # 定期詳細設定 of round 2
    assert third.json["data"]["attributes"]["price"] == TEA_SUBS.price
    assert (times_then, api.subs.times) == (1, 2)


async def test_dates_are_reckoned_with_an_item_when_asked() -> None:
    async with an_api() as api:
        planned = api.subs.next_delivery_at
        await api.put(f"subs_orders/{api.subs.id}", {"subs_order": CYCLE})
        kept = api.subs.next_delivery_at
        path = f"subs_orders/{api.subs.id}/order_items/{api.item.id}"
        await api.put(path, {"order_item": {"quantity": 1}, "recalculate_payment_schedule": 1})
        moved = (await api.attributes(f"subs_orders/{api.subs.id}"))["scheduled_to_be_delivered_at"]
    assert kept == planned
    assert moved == "2027/01/13 00:00:00"  # the first child comes on 2026-11-29


async def test_sets_are_replaced_as_a_whole_and_go_into_the_next_child() -> None:
    async with an_api() as api:
        path = f"subs_orders/{api.subs.id}/sets/bulk_update"
        tea, serum = api.variant(TEA.sku), api.variant(SERUM.sku)
        first = await api.put(path, {"variants": [{"id": tea, "quantity": 2}, {"id": 9}]})
        second = await api.put(path, {"variants": [{"id": serum, "quantity": 1}]})
        subs = await api.get(f"subs_orders/{api.subs.id}", include="order_items")
        await api.post(f"subs_orders/{api.subs.id}/orders")
        child = await api.get(f"orders/{api.subs.order_ids[-1]}", include="order_items")
    assert first.json["success"] == [1]
    assert codes(first) == ["ASOI2001"]
    assert second.json == {"success": [1]}
    parts = [(each["variant_sku"], each["set_item_quantity"]) for each in included(subs, "order_item")]
    assert parts == [(TEA_SUBS.sku, None), (SERUM.sku, 1)]
    assert subs.json["data"]["attributes"]["subtotal"] == 2 * TEA_SUBS.price
    carried = {each["variant_sku"]: each["price"] for each in included(child, "order_item")}
    assert carried == {TEA_SUBS.sku: 1700, SERUM.sku: 0, LEAFLET.sku: 0}
    assert [each["set_item_quantity"] for each in included(child, "order_item")] == [None, 1, None]


async def test_a_child_is_made_by_hand_without_a_word() -> None:
    async with an_api() as api:
        path = f"subs_orders/{api.subs.id}/orders"
        made = await api.post(path)
        api.cart.shop.variants[TEA_SUBS.sku].stock = 1
        short = await api.post(path)
        await api.put(f"subs_orders/{api.subs.id}", {"subs_order": {"state": "canceled"}})
        stopped = await api.post(path)
        nowhere = await api.post("subs_orders/999999/orders")
    assert (made.status, made.body) == (204, b"")
    assert (short.status, codes(short)) == (422, ["ASO3999"])
    assert (stopped.status, codes(stopped)) == (422, ["ASO3999"])
    assert (nowhere.status, codes(nowhere)) == (404, ["ASO2001"])
    assert len(api.subs.order_ids) == 2


# --- subscriptions born without a checkout ---


async def test_items_leave_to_a_subscription_of_their_own() -> None:
    async with an_api() as api:
        at = f"subs_orders/{api.subs.id}"
        item = (
            await api.post(f"{at}/order_items", {"order_item": {"variant_id": api.variant(SERUM.sku)}})
        ).json
        leaving = int(item["data"]["id"])
        body = {"order_item_ids": [leaving]} | CYCLE
        no_cycle = await api.post(f"{at}/split_delivery_cycle", {"order_item_ids": [leaving]})
        all_of_it = await api.post(
            f"{at}/split_delivery_cycle", body | {"order_item_ids": [api.item.id, leaving]}
        )
        split = await api.post(f"{at}/split_delivery_cycle", body)
        born = split.json["data"]["attributes"]
        items = included(await api.get(f"subs_orders/{born['id']}", include="order_items"), "order_item")
        page = await api.get("subs_orders")
    assert codes(no_cycle) == ["ASO3001"]
    assert codes(all_of_it) == ["ASO3999"]
    assert split.status == 200
    assert born["number"] != api.subs.number
    assert (born["times"], born["orders_count"], born["payment_schedule"]) == (1, 0, "45日ごとに配送")
    assert born["scheduled_to_be_delivered_at"] == "2026/12/05 00:00:00"
    assert born["customer_number"] == api.customer.number
    assert [each["id"] for each in items] == [leaving]
    assert [each.variant.goods.sku for each in api.subs.items] == [TEA_SUBS.sku]
    assert rows(page) == [born["id"], api.subs.id]


async def test_a_split_may_count_from_the_last_order_and_then_renews_by_itself() -> None:
    async with an_api() as api:
        at = f"subs_orders/{api.subs.id}"
        await api.post(f"{at}/order_items", {"order_item": {"variant_id": api.variant(SERUM.sku)}})
        flag = {"recalculate_scheduled_to_be_delivered_at_based_on_last_order": 1}
        body = {"order_item_ids": [api.subs.items[-1].id]} | CYCLE | flag
        born = (await api.post(f"{at}/split_delivery_cycle", body)).json["data"]["attributes"]
        await api.until("2027-01-10 00:00:00")
        children = await api.get("orders", q__subs_order_id_eq=str(born["id"]), include="order_items")
    assert born["scheduled_to_be_delivered_at"] == "2027/01/13 00:00:00"
    assert [(row["times"], row["nth"], row["customer_id"]) for row in children.rows] == [
        (2, 1, api.customer.id)
    ]
    assert [item["variant_sku"] for item in included(children, "order_item")] == [SERUM.sku]


async def test_subscriptions_are_created_in_bulk_as_a_job() -> None:
    async with an_api() as api:
        row: dict[str, Any] = CYCLE | {
            "customer_id": api.customer.id,
            "link_number": "OLD-1",
            "times": 3,
            "scheduled_to_be_delivered_at": "2026-12-10",
            "sync_scheduled_to_be_shipped_at": 1,
            "payment_attributes": {"payment_method_id": 5},
            "order_items_attributes": [
                {"variant_id": api.variant(TEA_SUBS.sku), "quantity": 2, "price": 1500}
            ],
        }
        wrong = [
            {"customer_id": api.customer.id},
            row | {"customer_id": 9, "link_number": "OLD-2"},
            row | {"order_items_attributes": [{"variant_id": 9}], "link_number": "OLD-3"},
            row,
        ]
        accepted = await api.post(
            "subs_orders/bulk_create", {"subs_orders": [row, *wrong], "check_duplicate_link_numbers": 1}
        )
        before = len(api.cart.shop.subs)
        await api.until("2026-11-26 09:00:10")
        job = (await api.jobs())[0]
        found = await api.get("subs_orders", q__link_number_eq="OLD-1", include="order_items,payment")
        await api.until("2026-12-02 00:00:00")
        child = await api.get("orders", q__subs_order_id_eq=str(found.rows[0]["id"]))
    assert accepted.json == {"id": 1, "job_id": "58801"}
    assert before == 1
    assert job["result"]["success"] == [1]
    assert job["result"]["failure"] == [2, 3, 4, 5]
    assert [each["errors"][0]["code"] for each in job["result"]["errors"]] == [
        "ASO3001",
        "ASO2001",
        "ASOI2001",
        "ASO3999",
    ]
    assert len(job["result"]["errors"][0]["errors"]) == 3  # all that is missing, not the first
    subs = found.rows[0]
    assert (subs["times"], subs["orders_count"], subs["payment_method_name"]) == (3, 0, "代金引換")
    assert subs["scheduled_to_be_shipped_at"] == "2026/12/08 00:00:00"
    assert [(row["times"], row["nth"], row["subtotal"]) for row in child.rows] == [(4, 1, 3000)]


async def test_recalculating_in_bulk_is_a_job_too() -> None:
    async with an_api() as api:
        await api.put(
            f"subs_orders/{api.subs.id}", {"subs_order": {"scheduled_to_be_delivered_at": "2027-03-01"}}
        )
        await api.post("subs_orders/bulk_recalculate", {"subs_order_ids": [api.subs.id, 999999]})
        before = await api.attributes(f"subs_orders/{api.subs.id}")
        await api.until("2026-11-26 09:00:10")
        after = await api.attributes(f"subs_orders/{api.subs.id}")
        jobs = await api.jobs()
    assert before["scheduled_to_be_delivered_at"] == "2027/03/01 00:00:00"
    assert after["scheduled_to_be_delivered_at"] == "2026/12/05 00:00:00"
    assert jobs[0]["result"] == {"success": [api.subs.id]}


# --- destroying, free columns ---


async def test_only_what_has_stopped_is_destroyed() -> None:
    async with an_api() as api:
        body = {"subs_order_ids": [api.subs.id, 999999]}
        active = await api.delete("subs_orders/bulk_destroy", body)
        await api.put(f"subs_orders/{api.subs.id}", {"subs_order": {"state": "canceled"}})
        done = await api.delete("subs_orders/bulk_destroy", body)
        again = await api.delete("subs_orders/bulk_destroy", body)
        usual = await api.get("subs_orders")
        deleted = await api.get("subs_orders", q__with_deleted="1")
        one = await api.get(f"subs_orders/{api.subs.id}")
    assert active.json["failure"] == [api.subs.id]
    assert active.json["errors"][0]["errors"][0] == {
        "code": "ASO3999",
        "message": "ステータスが有効のため削除できません。",
    }
    assert done.json == {"success": [api.subs.id]}
    assert again.json == {"success": []}  # what is not there is passed over
    assert rows(usual) == []
    assert deleted.rows[0]["deleted_at"] == "2026/11/26 09:00:00"
    assert one.status == 404


async def test_free_column_values_of_a_subscription_are_not_those_of_its_orders() -> None:
    async with an_api() as api:
        path = f"subs_orders/{api.subs.id}/free_column_values"
        body = {"free_columns": [{"free_column_id": 1, "free_column_value": "S-1"}, {"free_column_id": 9}]}
        made = await api.post(f"{path}/bulk_create", body)
        mine = (await api.get(path)).json
        orders = (await api.get(f"orders/{api.order.id}/free_column_values")).json
    assert made.json["success"] == [1]
    assert codes(made) == ["ASFV2001"]
    assert mine[0]["values"][0]["values"][0]["free_column_value_values"] == ["S-1"]
    assert orders == []


async def test_includes_bring_the_card_and_the_customers_records() -> None:
    settings = CartSettings(requests_per_minute=None)
    async with an_api(settings=settings) as api:
        await api.put(
            f"customers/{api.customer.id}", {"customer": {"notes_attributes": [{"content": "メモ"}]}}
        )
        reply = await api.get(
            "subs_orders", include="customer.notes,customer.billing_address,payment.source,orders,moods"
        )
        plain = await api.get("subs_orders", include="payment")
        warnings = (await api.caller.call("GET", "/__sandbox/warnings")).json
    types = [each["type"] for each in reply.json["included"]]
    assert sorted(types) == ["address", "credit_card", "customer", "note", "order", "payment"]
    card = included(reply, "credit_card")[0]
    assert (card["id"], card["year"], card["default"]) == (api.subs.payment.card_id, 2030, False)
    payment = next(each for each in reply.json["included"] if each["type"] == "payment")
    assert payment["relationships"]["source"]["data"] == {"id": str(card["id"]), "type": "credit_card"}
    assert plain.json["included"][0]["relationships"] == {}
    assert any("include=moods ignored" in words for words in warnings)
