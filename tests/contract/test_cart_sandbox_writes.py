"""Edits and shipping results over real HTTP (spec/ecforce.md §2.9, §2.10, §2.17)."""

from __future__ import annotations

import pytest

from tests.contract.cart_shapes import (
    HANAKO,
    JIRO,
    TEA,
    an_order,
    live_until,
    open_cart,
    recorded,
    result_row,
)

ORDERS = "/api/v2/admin/orders"


# --- edits ---


async def test_what_the_cart_does_not_permit_is_dropped_in_silence(caplog: pytest.LogCaptureFixture) -> None:
    async with open_cart() as (cart, caller, _):
        order = cart.place(an_order())
        body = {
            "order": {
                "tbc": 1,
                "label_ids": [1],
                "payment_state": "completed",
                "shipping_slip": "1",
                "mood": "x",
            }
        }
        reply = await caller.call("PUT", f"{ORDERS}/{order.id}.json", body)
    attributes = reply.json["data"]["attributes"]
    assert reply.status == 200
    assert (attributes["tbc"], attributes["payment_state"], attributes["shipping_slip"]) == (
        False,
        "authed",
        None,
    )
    assert not caplog.records


async def test_an_edit_a_preview_and_an_adjustment() -> None:
    async with open_cart() as (cart, caller, _):
        order = cart.place(an_order())
        path = f"{ORDERS}/{order.id}.json"
        preview = await caller.call("PUT", path, {"order": {"adjustment": -100}, "preview": 1})
        before = await caller.call("GET", path)
        body = {
            "order": {
                "state": "wmswait",
                "adjustment": -100,
                "memo01": "確認済み",
                "scheduled_to_be_shipped_at": "2026-12-01",
                "shipping_address_attributes": {"addr02": "9-9", "zip02": "0098"},
                "scheduled_delivery_time_id": 2,
            }
        }
        after = await caller.call("PUT", path, body)
        read = await caller.call("GET", path, query=[("include", "shipping_address,billing_address")])
    assert preview.json["data"]["attributes"]["total"] == before.json["data"]["attributes"]["total"] - 100
    assert before.json["data"]["attributes"]["adjustment"] == 0
    attributes = read.json["data"]["attributes"]
    assert after.json["data"]["attributes"] == attributes
    assert (attributes["state"], attributes["human_state"]) == ("wmswait", "倉庫連携待ち")
    assert attributes["scheduled_to_be_shipped_at"] == "2026/12/01 00:00:00"
    assert attributes["payment_total"] == 2160 + 550 - 100
    assert attributes["scheduled_delivery_time"] == "午前中"
    shipping, billing = (
        next(
            each["attributes"]
            for each in read.json["included"]
            if each["id"] == read.json["data"]["relationships"][name]["data"]["id"]
        )
        for name in ("shipping_address", "billing_address")
    )
    assert (shipping["addr02"], shipping["full_zip"]) == ("9-9", "150-0098")
    assert billing["addr02"] == HANAKO.addr02


async def test_bulk_update_answers_per_row() -> None:
    async with open_cart() as (cart, caller, _):
        good, bad = cart.place(an_order()), cart.place(an_order())
        rows = [
            {"id": good.id, "state": "shipped"},
            {"id": bad.id, "state": "nowhere", "shipping_carrier_id": 99, "memo01": "x"},
            {"id": 999999, "state": "shipped"},
        ]
        partial = await caller.call("PUT", f"{ORDERS}/bulk_update.json", {"orders": rows})
        whole = await caller.call("PUT", f"{ORDERS}/bulk_update.json", {"orders": rows[:1]})
        many = [{"id": good.id, "memo01": "x"}] * 101
        too_many = await caller.call("PUT", f"{ORDERS}/bulk_update.json", {"orders": many})
    expected = recorded("errors/200_bulk_partial_failure.json")
    assert partial.status == 200
    assert partial.json["success"] == [good.id]
    assert partial.json["failure"] == [bad.id, 999999]
    assert partial.json["errors"] == [expected["errors"][0] | {"id": bad.id}, expected["errors"][1]]
    assert bad.memo01 is None
    assert whole.json == {"success": [good.id]}
    assert too_many.status == 422


# --- shipping results ---


async def test_shipping_captures_once_and_sales_twice_breaks_the_payment() -> None:
    async with open_cart() as (cart, caller, _):
        order = cart.place(an_order())
        body = {"orders": [result_row(order)], "with_sale": 1, "with_async": 0}
        first = await caller.call("PUT", f"{ORDERS}/shipping.json", body)
        after_first = (await caller.orders()).rows[0]
        second = await caller.call("PUT", f"{ORDERS}/shipping.json", body)
        after_second = (await caller.orders()).rows[0]
        ledger = (await caller.call("GET", "/__sandbox/gateway")).json
    assert first.json == second.json == {"success": [order.id]}
    assert after_first["payment_state"] == "completed"
    assert after_first["payment_completed_at"] == "2026/11/26 09:00:00"
    assert after_first["state"] == "complete"
    assert (after_first["shipping_slip"], after_first["shipped_at"]) == (
        "412200001113",
        "2026/11/26 14:00:00",
    )
    assert after_second["payment_state"] == "sales_failed"
    assert cart.gateway.captured(order.number) == [order.amounts.payment_total]
    assert [(call["deed"], call["ok"]) for call in ledger] == [
        ("auth", True),
        ("capture", True),
        ("capture", False),
    ]
    assert [event.what for event in cart.history.of("captured", "capture_failed")] == [
        "captured",
        "capture_failed",
    ]


async def test_shipping_without_sale_charges_nobody_and_a_blank_keeps_the_old() -> None:
    async with open_cart() as (cart, caller, _):
        order = cart.place(an_order())
        await caller.call("PUT", f"{ORDERS}/shipping", {"orders": [result_row(order)]})
        blank = {"orders": [{"id": order.id, "shipping_slip": None, "shipping_carrier_id": 2}]}
        await caller.call("POST", "/api/v1/orders/shipping.json", blank | {"with_sale": 0})
        row = (await caller.orders()).rows[0]
    assert row["shipping_slip"] == "412200001113"
    assert row["shipping_carrier_name"] == "佐川急便"
    assert row["payment_state"] == "authed"
    assert cart.gateway.captured(order.number) == []


async def test_several_addresses_need_theirs_and_answer_with_text_ids() -> None:
    example = recorded("errors/200_shipping_mixed_ids.json")
    async with open_cart() as (cart, caller, _):
        one, two, plain = (
            cart.place(an_order()),
            cart.place(an_order(shipping=(HANAKO, JIRO))),
            cart.place(an_order()),
        )
        first, second = (address.id for address in two.shipping)
        rows = [
            result_row(one),
            result_row(plain, shipping_carrier_id=99),
            result_row(two, shipping_address_id=first),
            result_row(two, shipping_address_id=second, shipping_slip=""),
            result_row(two),
        ]
        half = await caller.call("PUT", f"{ORDERS}/shipping.json", {"orders": rows, "with_sale": 1})
        state_half = two.payment.state
        rest = {"orders": [result_row(two, shipping_address_id=second)], "with_sale": 1}
        whole = await caller.call("PUT", f"{ORDERS}/shipping.json", rest)
    assert half.json["success"] == [one.id, f"{two.id}-{first}"]
    assert half.json["failure"] == [plain.id, f"{two.id}-{second}", two.id]
    assert half.json["errors"][1] == example["errors"][0] | {"id": f"{two.id}-{second}"}
    assert half.json["errors"][0] == example["errors"][1] | {"id": plain.id}
    assert half.json["errors"][2]["errors"][0]["code"] == "AOR3001"
    assert state_half == "authed"
    assert whole.json == {"success": [f"{two.id}-{second}"]}
    assert two.payment.state == "completed"
    assert cart.gateway.captured(two.number) == [two.amounts.payment_total]


async def test_an_async_result_is_a_job_that_comes_later() -> None:
    async with open_cart() as (cart, caller, clock):
        order = cart.place(an_order())
        body = {"orders": [result_row(order)], "with_sale": 1, "with_async": 1}
        reply = await caller.call("PUT", f"{ORDERS}/shipping.json", body)
        at_once = (await caller.orders()).rows[0]["shipping_slip"]
        await live_until(cart, clock, "2026-11-26 09:00:10")
        later = (await caller.orders()).rows[0]
    assert reply.json == recorded("errors/200_shipping_async_job.json")
    assert at_once is None
    assert (later["shipping_slip"], later["payment_state"]) == ("412200001113", "completed")


async def test_stock_comes_back_as_text_in_success_and_as_a_number_in_failure() -> None:
    example = recorded("errors/200_stock_items_mixed_types.json")
    async with open_cart() as (cart, caller, _):
        rows = [
            {"variant_sku": TEA.sku, "stock_location_code": "default", "stock": 120},
            {"variant_sku": "MIHON-NONE", "stock_location_code": "default", "stock": 5},
        ]
        reply = await caller.call("PUT", "/api/v2/admin/stock_items.json", {"stock_items": rows})
        read = await caller.call("GET", "/api/v2/admin/stock_items", query=[("q[variant_sku_eq]", TEA.sku)])
    assert reply.json == example
    assert read.rows[0]["stock"] == cart.shop.variants[TEA.sku].stock == 120
