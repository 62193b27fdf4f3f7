"""Every path of spec/ecforce.md §2.7 and §2.13 answers, with and without `.json`, on v2 and as its v1 twin."""

from __future__ import annotations

from typing import Any

import pytest
from connector.sandbox.cart import CartSettings

from tests.contract.cart_api import ADMIN, MAIL, V1, V2, an_api
from tests.contract.cart_shapes import SERUM

CYCLE = {"payment_schedule": "term", "scheduled_to_be_delivered_every_x_day": 45}
SUBS_ROW = CYCLE | {
    "customer_id": 30301,
    "payment_attributes": {"payment_method_id": 5},
    "order_items_attributes": [{"variant_id": 503}],
}
CARD = {"year": 2030, "month": 4, "last_digits": "4242", "name": "MIHON HANAKO"}
FREE = {"free_columns": [{"free_column_id": 1, "free_column_value": "A-1"}]}
STOCK = {"variant_sku": SERUM.sku, "stock_location_code": "default", "stock": 5}
PRODUCT = {
    "name": "見本緑茶",
    "number": "green",
    "variant_attributes": {"sku": "MIHON-GREEN", "sales_price": 800},
}

Body = dict[str, Any] | None
PATHS: tuple[tuple[str, str, Body, int], ...] = (
    ("GET", "orders", None, 200),
    ("GET", "orders/{order}", None, 200),
    ("PUT", "orders/{order}", {"order": {"memo01": "x"}}, 200),
    ("PUT", "orders/bulk_update", {"orders": [{"id": 104401, "memo01": "x"}]}, 200),
    ("DELETE", "orders/bulk_destroy", {"order_ids": [104401]}, 200),
    ("PUT", "orders/shipping", {"orders": [{"id": 104401, "shipping_slip": "412200001113"}]}, 200),
    ("POST", "orders/{order}/payment_status", {"method": "void"}, 200),
    ("POST", "orders/payment_status/bulk_update", {"method": "sales", "order_ids": [104401]}, 200),
    ("POST", "orders/{order}/emails", {"email_template_id": 5}, 200),
    ("POST", "orders/{order}/order_items/bulk_create", {"order_items": [{"variant_id": 502}]}, 200),
    ("PUT", "orders/{order}/order_items/bulk_update", {"order_items": [{"id": 1, "quantity": 2}]}, 200),
    ("GET", "orders/{order}/free_column_values", None, 200),
    ("POST", "orders/{order}/free_column_values/bulk_create", FREE, 200),
    ("PUT", "orders/{order}/free_column_values/bulk_update", FREE, 200),
    ("GET", "subs_orders", None, 200),
    ("GET", "subs_orders/{subs}", None, 200),
    ("PUT", "subs_orders/{subs}", {"subs_order": {"memo01": "x"}}, 200),
    ("POST", "subs_orders/bulk_create", {"subs_orders": [SUBS_ROW]}, 200),
    ("PUT", "subs_orders/bulk_update", {"subs_orders": [{"id": 4901, "memo01": "x"}]}, 200),
    ("DELETE", "subs_orders/bulk_destroy", {"subs_order_ids": [4901]}, 200),
    ("POST", "subs_orders/bulk_recalculate", {"subs_order_ids": [4901]}, 200),
    ("POST", "subs_orders/{subs}/orders", None, 204),
    ("POST", "subs_orders/{subs}/order_items", {"order_item": {"variant_id": 503}}, 200),
    ("PUT", "subs_orders/{subs}/order_items/{item}", {"order_item": {"quantity": 3}}, 200),
    ("POST", "subs_orders/{subs}/order_items/bulk_create", {"order_items": [{"variant_id": 503}]}, 200),
    ("PUT", "subs_orders/{subs}/order_items/bulk_update", {"order_items": [{"id": 1}]}, 200),
    ("PUT", "subs_orders/{subs}/sets/bulk_update", {"variants": [{"id": 503, "quantity": 1}]}, 200),
    ("POST", "subs_orders/{subs}/split_delivery_cycle", CYCLE | {"order_item_ids": [0]}, 404),
    ("GET", "subs_orders/{subs}/free_column_values", None, 200),
    ("POST", "subs_orders/{subs}/free_column_values/bulk_create", FREE, 200),
    ("PUT", "subs_orders/{subs}/free_column_values/bulk_update", FREE, 200),
    ("GET", "cancel_reasons", None, 200),
    ("GET", "suspend_reasons", None, 200),
    ("GET", "customers", None, 200),
    ("POST", "customers", {"customer": {"email": "mihon-x@example.jp", "name01": "見本"}}, 201),
    ("GET", "customers/{customer}", None, 200),
    ("PUT", "customers/{customer}", {"customer": {"optin": 0}}, 200),
    ("POST", "customers/bulk_create", {"customers": [{"email": "mihon-y@example.jp"}]}, 200),
    ("PUT", "customers/bulk_update", {"customers": [{"id": 30301, "optin": 0}]}, 200),
    ("DELETE", "customers/bulk_destroy", {"customer_ids": [30301]}, 200),
    ("POST", "customers/{customer}/points", {"point_event_id": 1, "point": 10}, 200),
    ("POST", "customers/points/bulk_create", {"customer_points": [{"customer_id": 30301, "point": 1}]}, 200),
    ("POST", "customers/{customer}/emails", {"subject": "件名", "body": "本文"}, 200),
    ("POST", "customers/{customer}/sms", {"body": "本文"}, 200),
    ("POST", "customers/{customer}/credit_cards/bulk_create", {"credit_cards": [CARD]}, 200),
    ("PUT", "customers/{customer}/credit_cards/bulk_update", {"credit_cards": [{"id": 88401}]}, 200),
    ("DELETE", "customers/{customer}/credit_cards/bulk_destroy", {"credit_card_ids": [88401]}, 200),
    ("GET", "products", None, 200),
    ("GET", "products/{product}", None, 200),
    ("POST", "products/bulk_create", {"products": [PRODUCT]}, 200),
    ("PUT", "products/bulk_update", {"products": [{"id": 201, "name": "x"}]}, 200),
    ("DELETE", "products/bulk_destroy", {"product_ids": [201]}, 200),
    ("GET", "stock_items", None, 200),
    ("PUT", "stock_items", {"stock_items": [STOCK]}, 200),
    ("GET", "payment_methods", None, 200),
    ("GET", "shipping_carriers", None, 200),
    ("GET", "shipping_carriers/1", None, 200),
    ("GET", "stores", None, 200),
    ("GET", "urls", None, 200),
    ("GET", "urls/12", None, 200),
    ("GET", "url_groups", None, 200),
    ("GET", "url_groups/5", None, 200),
    ("GET", "advertisements", None, 200),
    ("GET", "labels", None, 200),
    ("GET", "sexes", None, 200),
    ("GET", "product_categories", None, 200),
    ("GET", "order_free_columns", None, 200),
    ("GET", "search_queries?page=1&per=100&type=customer", None, 200),
)
SHOPPER_PATHS: tuple[tuple[str, str, Body, int], ...] = (
    ("GET", "customer", None, 200),
    ("PUT", "customer", {"customer": {"optin": 0}}, 200),
    ("GET", "customer/subs_orders", None, 200),
    ("GET", "customer/subs_orders/{subs}", None, 200),
    ("PUT", "customer/subs_orders/{subs}", {"subs_order": {"skip_next_scheduled_delivery": 1}}, 200),
    ("POST", "customer/subs_orders/{subs}/order_items", {"order_item": {"variant_id": 503}}, 200),
    ("PUT", "customer/subs_orders/{subs}/order_items/{item}", {"order_item": {"quantity": 2}}, 200),
    ("DELETE", "customer/subs_orders/{subs}/order_items/{item}", None, 204),
    ("GET", "customers/sign_out", None, 204),
)


def spelled(path: str, suffix: str) -> str:
    """`orders?page=1` with `.json` is `orders.json?page=1`."""
    where, mark, query = path.partition("?")
    return f"{where}{suffix}{mark}{query}"


@pytest.mark.parametrize("suffix", ["", ".json"])
@pytest.mark.parametrize(("method", "path", "body", "status"), PATHS, ids=[f"{p[0]} {p[1]}" for p in PATHS])
async def test_every_admin_path_answers(method: str, path: str, body: Body, status: int, suffix: str) -> None:
    async with an_api() as api:
        reply = await api.caller.call(method, spelled(f"{ADMIN}/{api.known(path)}", suffix), body)
        twin = f"{V1}/{api.known(path)}"
        old = await api.caller.call("GET", spelled(twin, suffix)) if method == "GET" else None
    assert reply.status == status, reply.body
    assert reply.body == b"" if status == 204 else reply.json is not None
    assert old is None or old.status == status


@pytest.mark.parametrize("suffix", ["", ".json"])
@pytest.mark.parametrize(
    ("method", "path", "body", "status"), SHOPPER_PATHS, ids=[f"{p[0]} {p[1]}" for p in SHOPPER_PATHS]
)
async def test_every_path_of_the_customer_side_answers(
    method: str, path: str, body: Body, status: int, suffix: str
) -> None:
    async with an_api() as api:
        form = {"customer": {"email": MAIL, "password": api.cart.settings.customer_password}}
        session = await api.caller.call("POST", spelled(f"{V2}/customers/sign_in", suffix), form)
        mine = f'Token token="{session.json["authentication_token"]}"'
        reply = await api.caller.call(
            method, spelled(f"{V2}/{api.known(path)}", suffix), body, authorization=mine
        )
    assert session.status == 200
    assert reply.status == status, reply.body


@pytest.mark.parametrize("suffix", ["", ".json"])
async def test_signing_in_and_out(suffix: str) -> None:
    async with an_api() as api:
        wish = {"admin": {"email": api.cart.email, "password": api.cart.password}}
        entered = await api.caller.call("POST", f"{V2}/admins/sign_in{suffix}", wish)
        left = await api.caller.call("GET", f"{V2}/admins/sign_out{suffix}")
        after = await api.get("orders")
        anew = await api.caller.call("POST", f"{V2}/admins/sign_in{suffix}", wish)
    assert entered.json == {"id": 1, "email": api.cart.email, "authentication_token": api.caller.token}
    assert (left.status, left.body) == (204, b"")
    assert after.status == 401
    assert anew.json["authentication_token"] != api.caller.token


async def test_what_is_no_path_is_not_found() -> None:
    async with an_api() as api:
        for method, path in (("GET", "moods"), ("DELETE", "orders"), ("POST", "orders"), ("GET", "jobs/1")):
            reply = await api.caller.call(method, f"{ADMIN}/{path}")
            assert (reply.status, reply.json) == (404, {"status": 404, "error": "Not Found"}), path


async def test_a_shop_may_have_its_own_masters() -> None:
    own = CartSettings(requests_per_minute=None, store="見本健康堂")
    async with an_api(settings=own) as api:
        stores = await api.get("stores")
        order = await api.attributes(f"orders/{api.order.id}")
    assert stores.rows[-1]["name"] == order["store"] == "見本健康堂"
