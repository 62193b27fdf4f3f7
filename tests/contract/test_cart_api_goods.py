"""Goods and stock over the API: products in bulk, categories and thumbnails, stock that really moves."""

from __future__ import annotations

from typing import Any

from connector.sandbox.cart import Cycle

from tests.contract.cart_api import an_api, codes, included, rows
from tests.contract.cart_shapes import LEAFLET, SERUM, TEA, TEA_SUBS, an_order, recorded

GREEN: dict[str, Any] = {
    "name": "見本青汁 30包",
    "number": "aojiru30",
    "is_recurring": 1,
    "tax_id": 8,
    "link_number": "P-1",
    "product_category_ids": [22, 23],
    "label_ids": [1],
    "option01": "一",
    "payment_schedule": "term",
    "scheduled_to_be_delivered_every_x_day": 30,
    "variant_attributes": {"sku": "MIHON-AOJIRU", "sales_price": 3240, "for_sale": 1},
    "bundled_items_attributes": {"variant_sku": [LEAFLET.sku]},
}


async def test_products_are_entered_in_bulk_as_a_job_and_then_sold() -> None:
    async with an_api() as api:
        wrong = [
            {"name": "x"},
            GREEN | {"variant_attributes": {"sku": TEA.sku}, "number": "tea30"},
            GREEN | {"number": "a", "is_recurring": 0, "variant_attributes": {"sku": "A"}},
            GREEN | {"number": "b", "payment_schedule": "mood", "variant_attributes": {"sku": "B"}},
        ]
        body = {"products": [GREEN, *wrong]}
        accepted = await api.post("products/bulk_create", body)
        await api.until("2026-11-26 09:00:10")
        job = (await api.jobs())[0]
        everything = "variants,variants.thumbnails,thumbnail,bundled_items,product_categories"
        found = await api.get("products", q__product_category_names_cont="青汁", include=everything)
        single = await api.get(f"products/{found.rows[0]['id']}", include="thumbnail")
        api.cart.seed_goods(())
        order = api.cart.place(an_order(items=(("MIHON-AOJIRU", 1),), cycle=Cycle.every(30)))
    assert set(accepted.json) == {"id", "job_id"}
    assert (job["result"]["success"], job["result"]["failure"]) == ([1], [2, 3, 4, 5])
    assert [[each["code"] for each in row["errors"]] for row in job["result"]["errors"]] == [
        ["APR3001", "APR3001"],
        ["APR3999", "APR3999"],
        ["APR3007"],
        ["APR3006"],
    ]
    product = found.rows[0]
    assert (product["number"], product["is_recurring"], product["tax_id"]) == ("aojiru30", True, 8)
    assert (product["product_category_names"], product["labels"]) == ("健康食品,青汁", "VIP")
    assert (product["master_sales_price"], product["master_sku"]) == (3240, "MIHON-AOJIRU")
    kinds = {each["type"] for each in found.json["included"]}
    assert kinds == {"variant", "thumbnail", "bundled_item", "product_category"}
    assert included(found, "bundled_item")[0]["variant_id"] == api.variant(LEAFLET.sku)
    thumbnail = single.json["data"]["relationships"]["thumbnail"]["data"]
    assert thumbnail == {"id": str(product["id"]), "type": "thumbnail"}
    assert included(single, "thumbnail")[0]["url_small"].startswith("https://images.example.jp/")
    assert (order.amounts.subtotal8, order.amounts.total) == (3240, 3240)


async def test_a_new_price_is_for_what_is_sold_later() -> None:
    async with an_api() as api:
        product = api.cart.shop.variants[SERUM.sku].product_id
        row = {
            "id": product,
            "name": "見本美容液",
            "state": "inactive",
            "master_attributes": {"sales_price": 6000},
        }
        bad = {"id": api.cart.shop.variants[TEA.sku].product_id, "name": "見本", "tax_id": 7}
        reply = await api.put("products/bulk_update", {"products": [row, {"id": 9}, bad]})
        read = await api.attributes(f"products/{product}")
        kept = await api.get(f"products/{bad['id']}")
        old = await api.attributes(f"orders/{api.single.id}")
        new = api.cart.place(an_order(items=((SERUM.sku, 1),)))
    assert reply.json["success"] == [product]
    assert codes(reply) == ["APR2001", "APR3002"]
    assert (read["name"], read["state"], read["human_state"]) == ("見本美容液", "inactive", "非表示")
    assert kept.json["data"]["attributes"]["name"] == TEA.name
    assert (old["subtotal"], new.amounts.subtotal) == (5500, 6000)


async def test_products_go_but_not_under_an_active_subscription() -> None:
    async with an_api() as api:
        ids = [api.cart.shop.variants[sku].product_id for sku in (SERUM.sku, TEA_SUBS.sku)]
        reply = await api.delete("products/bulk_destroy", {"product_ids": ids})
        usual = await api.get("products")
        deleted = await api.get("products", q__with_deleted="1", q__id_eq=str(ids[0]))
        one = await api.get(f"products/{ids[0]}")
    assert (reply.json["success"], reply.json["failure"]) == ([ids[0]], [ids[1]])
    assert reply.json["errors"][0]["errors"][0]["message"] == "アクティブな定期受注が存在します"
    assert ids[0] not in rows(usual)
    assert deleted.rows[0]["deleted_at"] == "2026/11/26 09:00:00"
    assert (one.status, codes(one)) == (404, ["APR2001"])


async def test_stock_answers_as_recorded() -> None:
    example = recorded("errors/200_stock_items_mixed_types.json")
    async with an_api() as api:
        rows_ = [dict(example["success"][0], stock=120), dict(example["failure"][0])]
        reply = await api.put("stock_items", {"stock_items": rows_})
        text = {"variant_sku": SERUM.sku, "stock_location_code": "default", "stock": "7"}
        elsewhere = {"variant_sku": TEA.sku, "stock_location_code": "tokyo", "stock": 5}
        mixed = await api.put("stock_items", {"stock_items": [text, elsewhere, {"variant_sku": TEA.sku}]})
    assert reply.json == example
    assert api.stock(TEA.sku) == 120
    assert api.stock(SERUM.sku) == 7
    assert mixed.json["success"] == [text]
    assert [each["id"] for each in mixed.json["errors"]] == [TEA.sku, TEA.sku]
    assert codes(mixed) == ["ASI2002", "ASI3001"]
    assert mixed.json["errors"][0]["errors"][0]["message"] == "stock_locationに在庫が見つかりません。"


async def test_stock_moves_with_orders_renewals_and_cancels() -> None:
    async with an_api() as api:
        tea, subs = api.stock(TEA.sku), api.stock(TEA_SUBS.sku)
        order = api.cart.place(an_order(items=((TEA.sku, 3),)))
        sold = api.stock(TEA.sku)
        api.cart.cancel(order.id)
        back = api.stock(TEA.sku)
        await api.until("2026-11-27 00:00:00")
        await api.post(f"subs_orders/{api.subs.id}/orders")
        renewed = await api.get("stock_items", q__variant_sku_eq=TEA_SUBS.sku)
        row = {"variant_sku": TEA_SUBS.sku, "stock_location_code": "default", "stock": 1}
        await api.put("stock_items", {"stock_items": [row]})
        api.cart.run_generation(api.cart.create_on(api.subs))
        short = await api.get("stock_items", q__stock_lt="0")
    assert (sold, back) == (tea - 3, tea)
    assert renewed.rows[0]["stock"] == subs - 2
    assert [(row["variant_sku"], row["stock"]) for row in short.rows] == [(TEA_SUBS.sku, -1)]


async def test_what_is_unlimited_never_runs_out() -> None:
    async with an_api() as api:
        variant = api.cart.shop.variants[TEA_SUBS.sku]
        variant.stock_unlimited, variant.stock, variant.stock_borderline = True, 0, 5
        made = await api.post(f"subs_orders/{api.subs.id}/orders")
        item = (await api.get("stock_items", q__variant_sku_eq=TEA_SUBS.sku)).rows[0]
    assert made.status == 204
    assert (item["stock"], item["stock_unlimited"], item["stock_alert"]) == (0, True, True)
