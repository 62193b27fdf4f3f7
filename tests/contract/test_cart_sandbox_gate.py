"""Who may call the cart sandbox, how often, and what goes wrong (spec/ecforce.md §2.1, §2.4, §2.5)."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from connector.sandbox.cart import CartSettings, Cycle
from connector.sandbox.faults import Faults

from tests.contract.cart_shapes import (
    ECFORCE,
    TEA_SUBS,
    an_order,
    jst_at,
    open_cart,
    recorded,
    result_row,
)

ORDERS = "/api/v2/admin/orders"
SUBS = "/api/v2/admin/subs_orders"
ERRORS = {entry["file"]: entry for entry in recorded("errors/index.json")}


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ('Token token="MIHON-TOKEN-0000-TEST"', 200),
        ("Token token=MIHON-TOKEN-0000-TEST", 200),
        ("Bearer MIHON-TOKEN-0000-TEST", 401),
        ('Token token="wrong"', 401),
        ("Token", 401),
    ],
)
async def test_only_the_token_form_opens(authorization: str, status: int) -> None:
    async with open_cart() as (_, caller, _clock):
        reply = await caller.call("GET", f"{ORDERS}.json", authorization=authorization)
    assert reply.status == status
    if status == 401:
        assert reply.json == recorded("errors/401_ass1001.json")


async def test_signing_in_five_times_an_hour() -> None:
    path = "/api/v2/admins/sign_in.json"
    good = {"admin": {"email": "api-mihon@example.jp", "password": "mihon-password"}}
    async with open_cart() as (_, caller, clock):
        first = await caller.call("POST", path, good)
        form = {"api_admin[email]": "api-mihon@example.jp", "api_admin[password]": "mihon-password"}
        old = await caller.call("POST", "/api/v1/admins/sign_in.json", data=form)
        wrong = await caller.call("POST", path, {"admin": {"email": "x", "password": "y"}})
        out = await caller.call("GET", "/api/v2/admins/sign_out.json")
        locked = await caller.orders()
        again = await caller.call("POST", path, good)
        await caller.call("POST", path, good)
        sixth = await caller.call("POST", path, good)
        await clock.advance_to(jst_at("2026-11-26 10:00:00"))
        an_hour_later = await caller.call("POST", path, good)
    assert first.json == recorded("errors/200_sign_in.json")
    assert old.json == first.json
    assert wrong.status == 401
    assert out.status == 204
    assert locked.status == 401
    assert again.json["authentication_token"] != first.json["authentication_token"]
    assert sixth.status == 429
    assert sixth.body == b"Retry later\n"
    assert an_hour_later.status == 200


@pytest.mark.parametrize(
    ("file", "method", "path", "body"),
    [
        ("404_aor2001.json", "GET", f"{ORDERS}/999999.json", None),
        ("404_acu2001.json", "GET", "/api/v2/admin/customers/999999.json", None),
        ("404_aso2001.json", "POST", f"{SUBS}/999999/orders.json", {}),
        ("422_aor3002_state.json", "PUT", f"{ORDERS}/ORDER.json", {"order": {"state": "nowhere"}}),
        ("422_aor3001_order_ids.json", "DELETE", f"{ORDERS}/bulk_destroy.json", {}),
        ("422_payment_sentence.json", "POST", f"{ORDERS}/EXAM/payment_status.json", {"method": "void"}),
        (
            "422_acu3999_two_errors.json",
            "POST",
            "/api/v2/admin/customers.json",
            {"customer": {"email": "mihon-hanako@example.jp"}},
        ),
        ("422_aso3999_stock.json", "POST", f"{SUBS}/SUBS/orders.json", {}),
        ("400_malformed.json", "PUT", f"{ORDERS}/ORDER.json", b'{"order":'),
    ],
)
async def test_errors_read_as_recorded(file: str, method: str, path: str, body: Any) -> None:
    async with open_cart() as (cart, caller, _):
        order = cart.place(an_order())
        exam = cart.place(an_order(payment_method_id=24))
        child = cart.place(an_order(items=((TEA_SUBS.sku, 1),), cycle=Cycle.every(30)))
        cart.shop.variants[TEA_SUBS.sku].stock = 0
        for word, id_ in (("ORDER", order.id), ("EXAM", exam.id), ("SUBS", child.subs_id)):
            path = path.replace(word, str(id_))
        raw = body if isinstance(body, bytes) else None
        reply = await caller.call(method, path, None if raw else body, data=raw)
    assert reply.status == ERRORS[file]["status"]
    assert reply.headers["Content-Type"] == ERRORS[file]["headers"]["Content-Type"]
    assert reply.json == recorded(f"errors/{file}")


@pytest.mark.parametrize(
    ("kind", "file"),
    [
        ("403", "403_waf.html"),
        ("502", "502_bad_gateway.html"),
        ("500", "500_aor9999.json"),
        ("429", "429_retry_later.txt"),
        ("empty", "200_empty_body.bin"),
        ("not_json", "200_not_json.txt"),
    ],
)
async def test_planned_mischief_has_the_recorded_bytes(kind: str, file: str) -> None:
    example = ERRORS[file]
    async with open_cart() as (cart, caller, _):
        order = cart.place(an_order())
        await caller.call("POST", "/__sandbox/faults", {"kind": kind, "path": "bulk_update"})
        body = {"orders": [{"id": order.id, "memo01": "x"}]}
        struck = await caller.call("PUT", f"{ORDERS}/bulk_update.json", body)
        after = await caller.call("PUT", f"{ORDERS}/bulk_update.json", body)
    raw = (ECFORCE / "errors" / file).read_bytes()
    assert struck.status == example["status"]
    if file.endswith(".json"):
        assert struck.json == recorded(f"errors/{file}")
    else:
        assert struck.body == raw
    if "Content-Type" in example["headers"]:
        got, want = struck.headers["Content-Type"], example["headers"]["Content-Type"]
        assert got.partition(";")[0] == want.partition(";")[0]
    assert after.status == 200


async def test_too_many_calls_wait_in_the_clocks_own_time() -> None:
    async with open_cart(settings=CartSettings()) as (_, caller, clock):
        statuses = [(await caller.orders()).status for _ in range(11)]
        refused = await caller.orders()
        await clock.sleep(int(refused.headers["Retry-After"]))
        served = await caller.orders()
    assert statuses == [200] * 10 + [429]
    assert refused.body == b"Retry later\n"
    assert refused.headers["Content-Type"].startswith("text/plain")
    assert served.status == 200


async def test_a_busy_cart_does_nothing_and_says_so() -> None:
    faults = Faults(["cart-busy"], seed=3)
    async with open_cart(faults=faults) as (cart, caller, _):
        order = cart.place(an_order())
        replies = []
        for k in range(150):
            replies.append(await caller.call("PUT", f"{ORDERS}/{order.id}", {"order": {"memo01": str(k)}}))
            if replies[-1].status != 200:
                assert order.memo01 != str(k)
    busy = [reply for reply in replies if reply.status != 200]
    assert len(busy) == faults.struck["cart-busy"] > 0
    assert {reply.status for reply in busy} == {429, 500}
    assert all(b"Retry later" in reply.body or b"AOR9999" in reply.body for reply in busy)


# By POST: aiohttp's client repeats a PUT by itself when the line breaks, and so hides the loss.


async def test_a_lost_reply_leaves_the_write_done() -> None:
    async with open_cart() as (cart, caller, _):
        order = cart.place(an_order())
        await caller.call("POST", "/__sandbox/faults", {"kind": "drop_after", "path": "POST .*/shipping"})
        with pytest.raises(aiohttp.ClientError):
            await caller.call("POST", "/api/v1/orders/shipping.json", {"orders": [result_row(order)]})
        after = await caller.call("GET", f"{ORDERS}/{order.id}")
    assert after.json["data"]["attributes"]["shipping_slip"] == "412200001113"
    assert cart.history.per_key("shipping_recorded")[order.number] == 1


async def test_the_named_fault_loses_replies_of_writes_only() -> None:
    faults = Faults(["cart-lost-reply"], seed=1)
    async with open_cart(faults=faults) as (cart, caller, _):
        order = cart.place(an_order())
        lost = 0
        for k in range(120):
            body = {"orders": [result_row(order, shipping_slip=f"4122000{k:05}")]}
            try:
                await caller.call("POST", "/api/v1/orders/shipping.json", body)
            except aiohttp.ClientError:
                lost += 1
            assert order.parcels[order.shipping[0].id].slip == f"4122000{k:05}"
            assert (await caller.orders()).status == 200
    assert lost == faults.struck["cart-lost-reply"] > 0
