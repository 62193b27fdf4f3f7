"""Orders over the API: what an edit may change, what is dropped in silence, items, free columns, mails, jobs."""

from __future__ import annotations

from typing import Any

import pytest
from connector.sandbox.cart import CartSettings

from tests.contract.cart_api import an_api, codes, included
from tests.contract.cart_shapes import LEAFLET, SERUM, TEA, TEA_SUBS, result_row


async def test_an_edit_writes_every_key_it_may() -> None:
    wish: dict[str, Any] = {
        "store_id": 2,
        "state": "wmswait",
        "shipping_carrier_id": 2,
        "remark": "玄関前",
        "scheduled_to_be_shipped_at": "2026-12-03 10:30:00",
        "scheduled_to_be_delivered_at": "2026/12/05",
        "scheduled_delivery_time_id": 3,
        "memo01": "一",
        "memo02": "二",
        "linked_memo": "三",
        "assigned_admin_id": 7,
        "registrant_admin_id": 8,
        "url": "mihon-spring",
        "pickup_locations_attributes": {"pickup_location_id_1": 2, "doorbell": 1},
        "order_free_columns": [{"id": 2, "values": ["渋め"]}],
        "billing_address_attributes": {"addr02": "9-9-9"},
    }
    async with an_api() as api:
        reply = await api.put(f"orders/{api.order.id}", {"order": wish})
        read = await api.get(f"orders/{api.order.id}", include="billing_address,shipping_address")
    assert reply.json["data"]["attributes"] == read.json["data"]["attributes"]
    order = read.json["data"]["attributes"]
    plain = ("state", "remark", "memo01", "memo02", "linked_memo", "assigned_admin_id", "url")
    assert {key: order[key] for key in plain} == {key: wish[key] for key in plain}
    assert order["human_state"] == "倉庫連携待ち"
    assert (order["store"], order["url_id"], order["advertiser"]) == ("見本茶房 電話窓口", 13, "見本広告社")
    assert order["shipping_carrier_name"] == "佐川急便"
    assert order["scheduled_to_be_shipped_at"] == "2026/12/03 10:30:00"
    assert order["scheduled_to_be_delivered_at"] == "2026/12/05 00:00:00"
    assert order["scheduled_delivery_time"] == "14時〜16時"
    assert (order["pickup_location1"], order["pickup_location2"], order["doorbell"]) == ("玄関", None, True)
    assert order["order_free_columns"] == [{"id": 2, "values": ["渋め"], "name": "お好みの味"}]
    assert {each["addr02"] for each in included(read, "address")} == {"9-9-9", "1-1-1"}


async def test_what_is_not_permitted_is_dropped_without_a_word() -> None:
    silent = {
        "tbc": 1,
        "label_ids": [1],
        "payment_state": "completed",
        "shipping_slip": "412200001113",
        "shipped_at": "2026-11-26 14:00:00",
        "link_number": "L-1",  # bulk only
        "mood": "good",
    }
    async with an_api() as api:
        before = await api.attributes(f"orders/{api.order.id}")
        reply = await api.put(f"orders/{api.order.id}", {"order": silent})
        after = await api.attributes(f"orders/{api.order.id}")
        row = {"id": api.order.id, "link_number": "L-1", "tbc": 1}
        bulk = await api.put("orders/bulk_update", {"orders": [row]})
        linked = await api.attributes(f"orders/{api.order.id}")
    assert reply.status == 200
    assert {key: after[key] for key in before if key != "updated_at"} == {
        key: before[key] for key in before if key != "updated_at"
    }
    assert bulk.json == {"success": [row["id"]]}
    assert (linked["link_number"], linked["tbc"]) == ("L-1", False)


async def test_everything_wrong_with_an_edit_comes_at_once_and_nothing_is_saved() -> None:
    wrong = {
        "memo01": "x",
        "state": "nowhere",
        "shipping_carrier_id": 99,
        "store_id": 99,
        "order_free_columns": [{"id": 99, "values": ["x"]}],
        "order_items_attributes": [{"id": 1}],
        "payment_attributes": {"payment_method_id": 1},  # a card without its source
    }
    async with an_api() as api:
        before = await api.attributes(f"orders/{api.order.id}")
        reply = await api.put(f"orders/{api.order.id}", {"order": wrong})
        after = await api.attributes(f"orders/{api.order.id}")
    assert reply.status == 422
    assert codes(reply) == ["AOR3002"] * 6
    messages = [each["message"] for each in reply.json["errors"]]
    assert messages[0] == "stateパラメータが正しくありません。"
    assert before == after


async def test_a_preview_shows_and_saves_nothing() -> None:
    async with an_api() as api:
        item = api.single.items[0]
        body = {"order": {"order_items_attributes": [{"id": item.id, "quantity": 3}]}, "preview": 1}
        stock = api.stock(SERUM.sku)
        shown = await api.put(f"orders/{api.single.id}", body | {"recalculate": 1})
        read = await api.attributes(f"orders/{api.single.id}")
        kept = api.stock(SERUM.sku)
        await api.put(f"orders/{api.single.id}", body | {"recalculate": 1, "preview": 0})
        saved = await api.attributes(f"orders/{api.single.id}")
        moved = api.stock(SERUM.sku)
    assert shown.json["data"]["attributes"]["subtotal"] == saved["subtotal"] == 16500
    assert read["subtotal"] == 5500
    assert (kept, moved) == (stock, stock - 2)


async def test_items_are_added_at_the_price_of_their_round_only_when_asked() -> None:
    async with an_api() as api:
        await api.post(f"subs_orders/{api.subs.id}/orders")  # round 2: 1,700 yen and a leaflet
        child = api.cart.shop.orders[api.subs.order_ids[-1]]
        path, row = f"orders/{child.id}/order_items", {"variant_id": api.variant(TEA_SUBS.sku), "quantity": 2}
        rows = [row, {"variant_id": 9}, {"variant_id": api.variant(TEA.sku), "quantity": 0}]
        plain = await api.post(f"{path}/bulk_create", {"order_items": rows})
        told = await api.post(f"{path}/bulk_create", {"order_items": [row], "refer_settings": 1})
        items = included(await api.get(f"orders/{child.id}", include="order_items"), "order_item")
        total = (await api.attributes(f"orders/{child.id}"))["payment_total"]
    assert plain.json["success"] == [1]
    assert plain.json["failure"] == [2, 3]
    assert codes(plain) == ["AOR2001", "AOR3002"]
    assert told.json == {"success": [1]}
    assert [item["price"] for item in items] == [1700, 0, 1944, 1700]
    assert [item["product_bundled_item_id"] is not None for item in items] == [False, True, False, False]
    assert total == 2 * 1700 + 2 * 1944 + 2 * 1700


async def test_a_product_brings_its_own_insert_where_the_round_names_none() -> None:
    async with an_api() as api:
        api.cart.shop.variants[SERUM.sku].bundled = [LEAFLET.sku]
        path = f"orders/{api.single.id}/order_items/bulk_create"
        row = {"variant_id": api.variant(SERUM.sku)}
        for refer in (0, 1, 1):
            await api.post(path, {"order_items": [row], "refer_settings": refer})
        items = included(await api.get(f"orders/{api.single.id}", include="order_items"), "order_item")
    assert [item["variant_sku"] for item in items].count(LEAFLET.sku) == 1
    assert [item["variant_sku"] for item in items].count(SERUM.sku) == 4


async def test_items_are_changed_and_taken_out_and_the_stock_follows() -> None:
    async with an_api() as api:
        tea, serum = (api.split.items[k].id for k in (0, 1))
        stocks = api.stock(TEA.sku), api.stock(SERUM.sku)
        path = f"orders/{api.split.id}/order_items/bulk_update"
        rows: list[dict[str, Any]] = [{"id": tea, "quantity": 5}, {"id": serum, "delete": 1}, {"id": 1}]
        reply = await api.put(path, {"order_items": rows})
        order = await api.get(f"orders/{api.split.id}", include="order_items")
        after = api.stock(TEA.sku), api.stock(SERUM.sku)
    assert reply.json["success"] == [tea, serum]
    assert reply.json["failure"] == [1]
    assert [item["quantity"] for item in included(order, "order_item")] == [5]
    assert order.json["data"]["attributes"]["subtotal"] == 5 * TEA.price
    assert after == (stocks[0] - 3, stocks[1] + 1)


async def test_free_column_values_are_a_bare_array() -> None:
    async with an_api() as api:
        path = f"orders/{api.order.id}/free_column_values"
        nothing = await api.get(path)
        gifts = {"free_column_category_id": 7, "values": [{"free_column_id": 2, "free_column_value": "花子"}]}
        rows = [
            {"free_column_id": 1, "free_column_value": "A-1"},
            gifts,
            gifts,
            {"free_column_id": 9, "free_column_value": "x"},
            {"free_column_id": 1},
        ]
        made = await api.post(f"{path}/bulk_create", {"free_columns": rows})
        friend = {"free_column_id": 3, "free_column_option_ids": [32]}
        changes = [
            {"free_column_id": 1, "free_column_value": "A-2"},
            gifts | {"free_column_category_seq": 2, "values": [friend]},
            gifts | {"free_column_category_seq": 1, "delete": 1},
            gifts | {"free_column_category_seq": 9},
        ]
        changed = await api.put(f"{path}/bulk_update", {"free_columns": changes})
        values = (await api.get(path)).json
    assert nothing.json == []
    assert made.json["success"] == [1, 2, 3]
    assert codes(made) == ["AOFV2001", "AOFV3002"]
    assert changed.json["success"] == [1, 2, 3]
    assert codes(changed) == ["AOFV2001"]
    single, category = values
    assert single["free_column_category_id"] is None
    assert single["values"][0]["values"] == [
        {"free_column_id": 1, "free_column_label": "社内管理番号", "free_column_value_values": ["A-2"]}
    ]
    assert [group["free_column_category_seq"] for group in category["values"]] == [2]
    texts = [each["free_column_value_values"] for each in category["values"][0]["values"]]
    assert texts == [["花子"], ["友人"]]


async def test_mails_leave_with_a_template_for_orders_only() -> None:
    async with an_api() as api:
        sent = await api.post(f"orders/{api.order.id}/emails", {"email_template_id": 6})
        missing = await api.post(f"orders/{api.order.id}/emails", {})
        wrong = await api.post(f"orders/{api.order.id}/emails", {"email_template_id": 9})
        await api.post(f"orders/{api.single.id}/payment_status", {"method": "void", "need_to_send_email": 1})
        outbox = (await api.caller.call("GET", "/__sandbox/outbox")).json
    assert sent.json["data"]["attributes"]["id"] == api.order.id
    assert (missing.status, codes(missing)) == (422, ["AOR3001"])
    assert (wrong.status, codes(wrong)) == (422, ["AOR3002"])
    assert [(mail["about"], mail["template_id"], mail["subject"]) for mail in outbox] == [
        (api.order.number, 6, "発送のお知らせ"),
        (api.single.number, None, "ご注文キャンセルのお知らせ"),
    ]


async def test_a_job_is_accepted_now_and_done_later() -> None:
    async with an_api() as api:
        ids = [api.order.id, api.single.id]
        bulk = await api.post("orders/payment_status/bulk_update", {"method": "sales", "order_ids": ids})
        rows = {"orders": [result_row(api.single)], "with_async": 1}
        shipping = await api.put("orders/shipping", rows)
        waiting = await api.jobs()
        before = await api.attributes(f"orders/{api.order.id}")
        await api.until("2026-11-26 09:00:03")
        done = await api.jobs()
        after = await api.attributes(f"orders/{api.order.id}")
        sent = await api.attributes(f"orders/{api.single.id}")
    assert bulk.json == {"id": 1, "job_id": "58801"}
    assert shipping.json == {"job_id": "58802"}
    assert [(job["kind"], job["state"]) for job in waiting] == [
        ("payment_sales", "waiting"),
        ("orders_shipping", "waiting"),
    ]
    assert (before["payment_state"], after["payment_state"]) == ("authed", "completed")
    assert [job["state"] for job in done] == ["done", "done"]
    assert done[0]["result"] == {"success": ids}
    assert done[1]["result"] == {"success": [api.single.id]}
    assert sent["shipping_slip"] == "412200001113"
    assert (
        sent["payment_state"] == "sales_failed"
    )  # sales came before the slip: a job keeps no order of calls


async def test_a_job_writes_down_what_it_could_not_do() -> None:
    async with an_api() as api:
        ids = [api.order.id]
        for later in ("2026-11-26 09:01:00", "2026-11-26 09:02:00"):
            await api.post("orders/payment_status/bulk_update", {"method": "void", "order_ids": ids})
            await api.until(later)
        jobs = await api.jobs()
    assert jobs[0]["result"] == {"success": ids}
    assert jobs[1]["result"]["failure"] == ids
    assert jobs[1]["result"]["errors"][0]["errors"][0]["code"] == "AOR3999"


@pytest.mark.parametrize(
    ("flags", "times"), [({}, 1), ({"decrement_subs_order_times": 0, "recalculate_subs_order": 0}, 2)]
)
async def test_a_void_lowers_the_count_unless_it_is_told_not_to(flags: dict[str, int], times: int) -> None:
    async with an_api() as api:
        await api.post(f"subs_orders/{api.subs.id}/orders")
        dates, child = api.subs.next_delivery_at, api.subs.order_ids[-1]
        await api.post(f"orders/{child}/payment_status", {"method": "void"} | flags)
        again = await api.post(f"orders/{child}/payment_status", {"method": "reauth"})
        order = again.json["data"]["attributes"]
        kept = api.subs.next_delivery_at == dates
    assert api.subs.times == times
    assert kept is bool(flags)
    assert (order["payment_state"], order["state"]) == ("authed", "canceled")


async def test_too_many_rows_are_refused_as_a_whole() -> None:
    async with an_api(settings=CartSettings(requests_per_minute=None, rows_per_bulk=2)) as api:
        ids = [api.order.id, api.single.id, api.split.id]
        reply = await api.put("orders/bulk_update", {"orders": [{"id": id_, "memo01": "x"} for id_ in ids]})
        nothing = await api.put("orders/bulk_update", {"orders": []})
    assert (reply.status, codes(reply)) == (422, ["AOR3002"])
    assert (nothing.status, codes(nothing)) == (422, ["AOR3001"])
    assert api.order.memo01 is None


async def test_link_numbers_are_unique_only_when_asked() -> None:
    async with an_api() as api:
        rows = [{"id": each.id, "link_number": "L-1"} for each in (api.order, api.single)]
        strict = await api.put("orders/bulk_update", {"orders": rows, "check_duplicate_link_numbers": 1})
        loose = await api.put("orders/bulk_update", {"orders": rows})
    assert strict.json["success"] == [api.order.id]
    assert codes(strict) == ["AOR3999"]
    assert loose.json == {"success": [api.order.id, api.single.id]}


async def test_a_memo_goes_to_the_subscription_when_asked() -> None:
    async with an_api() as api:
        await api.put(f"orders/{api.order.id}", {"order": {"memo01": "前半"}})
        kept = api.subs.memo01
        body = {"order": {"memo01": "後半"}, "update_subs_order_memo": 1}
        await api.put(f"orders/{api.order.id}", body)
    assert (kept, api.subs.memo01) == (None, "後半")
