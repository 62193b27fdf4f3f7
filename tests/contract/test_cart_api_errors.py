"""Errors of the API: code, prefix, words and status as recorded, on v2 and in the older shape of v1."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.cart_api import ADMIN, V1, Api, an_api, codes, rows
from tests.contract.cart_shapes import ECFORCE, result_row

INDEX = {entry["file"]: entry for entry in json.loads((ECFORCE / "errors/index.json").read_text("utf-8"))}
# What brings about each recorded refusal in this shop; `{order}` and the like are its ids.
REFUSALS: dict[str, tuple[str, str, Any]] = {
    "404_aor2001.json": ("GET", "orders/999999", None),
    "404_acu2001.json": ("GET", "customers/999999", None),
    "404_aso2001.json": ("POST", "subs_orders/999999/orders", None),
    "422_aor3002_state.json": ("PUT", "orders/{order}", {"order": {"state": "nowhere"}}),
    "422_aor3001_order_ids.json": ("DELETE", "orders/bulk_destroy", {}),
    "422_acu3999_two_errors.json": ("POST", "customers", {"customer": {"email": "mihon-hanako@example.jp"}}),
}
# prefix and code of each resource's own refusals
PREFIXES: tuple[tuple[str, str, Any, int, str], ...] = (
    ("GET", "subs_orders/9", None, 404, "ASO2001"),
    ("GET", "products/9", None, 404, "APR2001"),
    ("PUT", "stock_items", {}, 422, "ASI3001"),
    ("PUT", "subs_orders/{subs}/order_items/9", {"order_item": {}}, 404, "ASOI2001"),
    ("PUT", "subs_orders/{subs}/sets/bulk_update", {}, 422, "ASOI3001"),
    ("POST", "orders/{order}/free_column_values/bulk_create", {}, 422, "AOFV3001"),
    ("POST", "subs_orders/{subs}/free_column_values/bulk_create", {}, 422, "ASFV3001"),
    ("POST", "customers/{customer}/credit_cards/bulk_create", {}, 422, "ACC3001"),
    ("PUT", "customers/{customer}", {}, 422, "ACU3001"),
    ("PUT", "subs_orders/{subs}", {}, 422, "ASO3001"),
    ("POST", "orders/{order}/payment_status", {"method": "sales"}, 422, "AOR3002"),
    ("POST", "products/bulk_create", {"products": {}}, 422, "APR3002"),
)


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_refusal_reads_as_recorded(name: str) -> None:
    method, path, body = REFUSALS[name]
    async with an_api() as api:
        reply = await api.caller.call(method, f"{ADMIN}/{api.known(path)}", body)
    entry = INDEX[name]
    assert reply.status == entry["status"]
    assert reply.headers["Content-Type"] == entry["headers"]["Content-Type"]
    assert reply.json == json.loads((ECFORCE / "errors" / name).read_text("utf-8"))


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"), PREFIXES, ids=[p[4] + p[1] for p in PREFIXES]
)
async def test_each_resource_has_its_own_prefix(
    method: str, path: str, body: Any, status: int, code: str
) -> None:
    async with an_api() as api:
        reply = await api.caller.call(method, f"{ADMIN}/{api.known(path)}", body)
    assert (reply.status, codes(reply)) == (status, [code])


async def test_malformed_json_is_a_fault_of_the_caller() -> None:
    async with an_api() as api:
        for data in (b"{", b"[1]", b"\xff"):
            reply = await api.caller.call("PUT", f"{ADMIN}/orders/{api.order.id}", data=data)
            assert (reply.status, codes(reply)) == (400, ["AOR3002"])


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ('Token token="{}"', 200),
        ("Token token={}", 200),
        ("Bearer {}", 401),
        ('Token token="{}x"', 401),
        ('Token token=""', 401),
        ("{}", 401),
    ],
)
async def test_only_the_exact_token_opens(authorization: str, status: int) -> None:
    async with an_api() as api:
        spelled = authorization.format(api.caller.token)
        reply = await api.caller.call("GET", f"{ADMIN}/orders", authorization=spelled)
    assert reply.status == status
    if status == 401:
        assert reply.json == json.loads((ECFORCE / "errors/401_ass1001.json").read_text("utf-8"))


async def test_the_sixth_sign_in_of_an_hour_is_throttled() -> None:
    async with an_api() as api:
        wish = {"admin": {"email": api.cart.email, "password": api.cart.password}}
        replies = [await api.caller.call("POST", "/api/v2/admins/sign_in.json", wish) for _ in range(6)]
        await api.until("2026-11-26 10:00:00")
        later = await api.caller.call("POST", "/api/v2/admins/sign_in", wish)
    recorded = INDEX["429_sign_in_sixth.txt"]
    assert [each.status for each in replies] == [200] * 5 + [recorded["status"]]
    assert replies[-1].headers["Content-Type"].startswith(recorded["headers"]["Content-Type"])
    assert replies[-1].body == (ECFORCE / "errors/429_sign_in_sixth.txt").read_bytes()
    assert later.status == 200


# --- v1 ---


async def old(api: Api, method: str, path: str, body: Any = None, **query: str) -> Any:
    return await api.caller.call(method, f"{V1}/{path}", body, query=list(query.items()))


async def test_an_old_client_signs_in_with_a_form_and_polls() -> None:
    """§2.18: the Java client's own words."""
    async with an_api() as api:
        form = {"api_admin[email]": api.cart.email, "api_admin[password]": api.cart.password}
        session = await api.caller.call("POST", f"{V1}/admins/sign_in.json", data=form)
        query = [("include", "billing_address,shipping_address,order_items"), ("page", "1"), ("per", "100")]
        query += [("q[state_in][]", "complete"), ("q[state_in][]", "wmswait")]
        wanted = ("completed", "authed", "credit_exam_completed", "void", "cash_on_delivery_authed")
        query += [("q[payment_state_in][]", state) for state in wanted]
        page = await api.caller.call("GET", f"{V1}/orders.json", query=query)
        posted = await old(
            api, "POST", "orders/shipping.json", {"with_sale": 0, "orders": [result_row(api.single)]}
        )
        put = await old(
            api, "PUT", "orders/shipping.json", {"with_sale": 0, "orders": [result_row(api.order)]}
        )
        stock = {"variant_sku": "MIHON-TEA-30", "stock_location_code": "default", "stock": 3}
        stocked = await old(api, "PUT", "stock_items.json", {"stock_items": [stock]})
        goods = await old(api, "GET", "products.json", include="variants", page="1")
        left = await old(api, "GET", "admins/sign_out.json")
    assert session.json["authentication_token"] == api.caller.token
    assert set(rows(page)) == {api.order.id, api.single.id, api.split.id}
    assert page.json["links"]["first"] == f"{api.caller.base}{V1}/orders?page=1&per=100"
    assert (posted.json, put.json) == ({"success": [api.single.id]}, {"success": [api.order.id]})
    assert stocked.json["success"][0]["stock"] == "3"
    assert {each["type"] for each in goods.json["included"]} == {"variant"}
    assert left.status == 204


async def test_v1_says_its_errors_in_one_sentence() -> None:
    async with an_api() as api:
        missing = await old(api, "GET", "orders/999999")
        several = await old(api, "POST", "customers", {"customer": {"email": "mihon-hanako@example.jp"}})
        stranger = await api.caller.call("GET", f"{V1}/orders", authorization="Bearer x")
        rows_ = {"orders": [result_row(api.order), {"id": 999999}]}
        bulk = await old(api, "POST", "orders/shipping", rows_)
    assert (missing.status, missing.json) == (404, {"error": "orderが見つかりません。"})
    assert several.json == {"error": "Eメールはすでに存在します name01パラメータを入力してください。"}
    assert (stranger.status, stranger.json) == (401, {"error": "認証に失敗しました。"})
    assert bulk.json["failure"] == [999999]  # success shapes are those of v2
