"""決済状況 over real HTTP: sales, void, reauth and what the gateway saw of it (spec/ecforce.md §2.11)."""

from __future__ import annotations

from typing import Any

from connector.sandbox.cart import Cycle

from tests.contract.cart_shapes import (
    SERUM,
    TEA,
    TEA_SUBS,
    Caller,
    an_order,
    live_until,
    open_cart,
    recorded,
    result_row,
)

ORDERS = "/api/v2/admin/orders"


async def caller_state(caller: Caller, order_id: int) -> dict[str, Any]:
    attributes: dict[str, Any] = (await caller.call("GET", f"{ORDERS}/{order_id}")).json["data"]["attributes"]
    return attributes


async def test_the_way_out_of_a_refused_card_runs_to_its_end() -> None:
    """void(0,0) → other method → reauth → poll → state, as production does it (§2.11)."""
    async with open_cart() as (cart, caller, clock):
        order = cart.place(an_order(card="decline", items=((TEA_SUBS.sku, 1),), cycle=Cycle.every(30)))
        path = f"{ORDERS}/{order.id}"
        assert (await caller_state(caller, order.id))["payment_state"] == "auth_failed"
        flags = {"decrement_subs_order_times": 0, "recalculate_subs_order": 0}
        await caller.call("POST", f"{path}/payment_status", {"method": "void"} | flags)
        canceled = await caller_state(caller, order.id)
        await caller.call("PUT", path, {"order": {"payment_attributes": {"payment_method_id": 24}}})
        reauth = await caller.call("POST", f"{path}/payment_status.json", {"method": "reauth"})
        polled = reauth.json["data"]["attributes"]
        await live_until(cart, clock, "2026-11-26 09:00:15")
        exam_over = await caller_state(caller, order.id)
        await caller.call("PUT", path, {"order": {"state": "complete", "memo01": "NP後払いへ変更"}})
        end = await caller_state(caller, order.id)
    assert (canceled["state"], canceled["payment_state"]) == ("canceled", "voided")
    assert polled["payment_state"] == "credit_exam_processing"
    assert (exam_over["payment_state"], exam_over["state"]) == ("credit_exam_completed", "canceled")
    assert (end["state"], end["payment_method_name"]) == ("complete", "NP後払い")
    assert cart.shop.subs[order.subs_id or 0].times == 1


async def test_sales_over_every_kind_of_payment() -> None:
    """What `sales` makes of each state, and who is asked for money (§2.11, §3.2)."""
    async with open_cart() as (cart, caller, clock):
        kinds = {
            "card": cart.place(an_order()),
            "wallet": cart.place(an_order(payment_method_id=31)),
            "cod": cart.place(an_order(payment_method_id=5)),
            "paid": cart.place(an_order(payment_method_id=15)),
            "unpaid": cart.place(an_order(payment_method_id=15)),
            "no slip": cart.place(an_order(payment_method_id=24)),
            "refused": cart.place(an_order(card="decline")),
        }
        cart.pay_bank(kinds["paid"].id)
        await live_until(cart, clock, "2026-11-26 09:01:00")
        running = cart.place(an_order(payment_method_id=24))
        kinds["exam running"] = running
        body = {"method": "sales", "order_ids": [order.id for order in kinds.values()]}
        job = await caller.call("POST", f"{ORDERS}/payment_status/bulk_update.json", body)
        before = {order.payment.state for order in kinds.values()}
        await live_until(cart, clock, "2026-11-26 09:01:02")
    assert set(job.json) == set(recorded("errors/200_payment_bulk_job.json"))
    assert (type(job.json["id"]), type(job.json["job_id"])) == (int, str)
    assert "completed" not in before
    assert {name: order.payment.state for name, order in kinds.items()} == {
        "card": "completed",
        "wallet": "completed",
        "cod": "completed",
        "paid": "paid",
        "unpaid": "sales_failed",
        "no slip": "sales_failed",
        "refused": "sales_failed",
        "exam running": "sales_failed",
    }
    assert set(cart.history.per_key("captured")) == {kinds["card"].number, kinds["wallet"].number}


async def test_a_deferred_payment_is_claimed_by_its_slip() -> None:
    async with open_cart() as (cart, caller, clock):
        order = cart.place(an_order(payment_method_id=24))
        await live_until(cart, clock, "2026-11-26 09:01:00")
        body = {"orders": [result_row(order)], "with_sale": 1}
        await caller.call("PUT", f"{ORDERS}/shipping.json", body)
        asked = (await caller_state(caller, order.id))["payment_human_state"]
        await live_until(cart, clock, "2026-11-26 09:01:08")
        done = await caller_state(caller, order.id)
    assert asked == "出荷報告依頼中"
    assert done["payment_state"] == "completed"
    assert cart.gateway.captured(order.number) == [order.amounts.payment_total]


async def test_an_authorisation_that_ran_out_cannot_be_captured() -> None:
    async with open_cart() as (cart, caller, clock):
        card, wallet = cart.place(an_order()), cart.place(an_order(payment_method_id=31))
        await live_until(cart, clock, "2026-12-27 09:00:00")
        rows = [result_row(card), result_row(wallet)]
        await caller.call("PUT", f"{ORDERS}/shipping.json", {"orders": rows, "with_sale": 1})
        states = (card.payment.state, wallet.payment.state)
        cart.reauth(wallet.id)
    assert states == ("completed", "sales_failed")
    assert wallet.payment.state == "authed"


async def test_void_refund_failed_void_and_force() -> None:
    async with open_cart() as (cart, caller, clock):
        authed, sold, stuck = (
            cart.place(an_order()),
            cart.place(an_order()),
            cart.place(an_order(card="no void")),
        )
        await caller.call("PUT", f"{ORDERS}/shipping", {"orders": [result_row(sold)], "with_sale": 1})
        for order in (authed, sold, stuck):
            await caller.call("POST", f"{ORDERS}/{order.id}/payment_status", {"method": "void"})
        states = [(order.payment.state, order.state) for order in (authed, sold, stuck)]
        twice = await caller.call("POST", f"{ORDERS}/{authed.id}/payment_status", {"method": "void"})
        unknown = await caller.call("POST", f"{ORDERS}/{authed.id}/payment_status", {"method": "sales"})
        body = {"method": "force_void", "order_ids": [stuck.id]}
        await caller.call("POST", f"{ORDERS}/payment_status/bulk_update", body)
        await live_until(cart, clock, "2026-11-26 09:00:02")
        voids = [(call.order_number, call.ok) for call in cart.gateway.calls if call.deed == "void"]
    assert states == [("voided", "canceled"), ("voided", "canceled"), ("void_failed", "complete")]
    assert twice.status == unknown.status == 422
    assert (stuck.payment.state, stuck.state) == ("voided", "canceled")
    assert voids == [(authed.number, True), (sold.number, True), (stuck.number, False)]
    assert cart.shop.variants[TEA.sku].stock == 1000


async def test_added_items_answer_with_positions_and_change_the_amount() -> None:
    """A thanks offer: the order grows after its first confirmation (§10.5)."""
    example = recorded("errors/200_bulk_create_positions.json")
    async with open_cart() as (cart, caller, _):
        order = cart.place(an_order())
        serum = cart.shop.variants[SERUM.sku].id
        rows = [
            {"variant_id": serum, "quantity": 1},
            {"variant_id": 999, "quantity": 1},
            {"variant_id": serum},
        ]
        path = f"{ORDERS}/{order.id}/order_items/bulk_create.json"
        reply = await caller.call("POST", path, {"order_items": rows})
    assert reply.json == example
    assert [item.variant.goods.sku for item in order.items] == [TEA.sku, SERUM.sku, SERUM.sku]
    assert order.payment.amount == order.amounts.payment_total == 2160 + 550 + 2 * 5500


async def test_an_active_subscription_is_not_deleted() -> None:
    async with open_cart() as (cart, caller, _):
        order = cart.place(an_order(items=((TEA_SUBS.sku, 1),), cycle=Cycle.every(30)))
        body = {"subs_order_ids": [order.subs_id]}
        refused = await caller.call("DELETE", "/api/v2/admin/subs_orders/bulk_destroy.json", body)
        cart.set_subs_state(order.subs_id or 0, "canceled")
        done = await caller.call("DELETE", "/api/v2/admin/subs_orders/bulk_destroy.json", body)
        left = await caller.call("GET", "/api/v2/admin/subs_orders.json")
        shown = await caller.call("GET", "/api/v2/admin/subs_orders", query=[("q[with_deleted]", "1")])
    example = recorded("errors/200_bulk_all_failed.json")
    assert refused.json["errors"] == [example["errors"][0] | {"id": order.subs_id}]
    assert done.json == {"success": [order.subs_id]}
    assert left.json["data"] == []
    assert [row["id"] for row in shown.rows] == [order.subs_id]


async def test_a_blacklisted_customer_marks_the_subscription_and_a_wrong_id_says_done() -> None:
    async with open_cart() as (cart, caller, _):
        order = cart.place(an_order(items=((TEA_SUBS.sku, 1),), cycle=Cycle.every(30)))
        rows = [{"id": order.customer_id, "is_blacklist": 1}, {"id": 999999, "is_blacklist": 1}]
        reply = await caller.call("PUT", "/api/v2/admin/customers/bulk_update.json", {"customers": rows})
        subs = (await caller.call("GET", "/api/v2/admin/subs_orders", query=[("q[tbc_eq]", "1")])).rows
    assert reply.json == {"success": [order.customer_id, 999999]}
    assert [row["tbc_subs_order_reasons"] for row in subs] == ["ブラックリスト"]
