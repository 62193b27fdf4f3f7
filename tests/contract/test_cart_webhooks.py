"""Webhooks of the cart (§4): the recorded bytes, every event, at most once, and each mischief by its switch."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
from connector.sandbox.cart import CartSandbox, CartSettings, NewCustomer
from connector.sandbox.cart.links import WebhookEndpoint
from connector.sandbox.cart.masters import Masters, Url
from connector.sandbox.cart.model import Order
from connector.sandbox.cart.webhooks import DEPRECATED, EVENTS, Fate
from connector.subscriptions.cycle import Cycle

from tests.contract.cart_shapes import (
    ECFORCE,
    GOODS,
    HANAKO,
    SERUM,
    TEA_SUBS,
    an_order,
    jst_at,
    live_until,
    open_cart,
    result_row,
)
from tests.contract.ne_case import tls_contexts
from tests.contract.recorded_shop import enter_recorded_orders
from tests.contract.webhook_receiver import Receiver, a_receiver

HOOKS = ECFORCE / "webhooks"
OWN_KEYS = """{
  "order_id": "{{ order.id }}",
  "subs_no": "{{ subs_order.number }}",
  "customer_name": "{{ subs_order.customer.billing_address.full_name }}",
  "total_price": "{{ subs_order.subtotal | number_with_delimiter }}円",
  "canceled": "{{ subs_order.canceled_at | date: '%Y/%m/%d %H:%M' }}"
}
"""
SHORT = """{
  "id": "{{ order.id }}",
  "number": "{{ order.number }}",
  "name01": "{{ order.billing_address.name01 }}",
  "name02": "{{ order.billing_address.name02 }}",
  "remark": "{{ order.remark }}",
  "payment_state": "{{ order.payment_state }}",
  "total": "{{ order.total }}"
}
"""


def an_endpoint(receiver: Receiver, category: str, event: str, template: str = "") -> WebhookEndpoint:
    return WebhookEndpoint(category=category, event=event, url=receiver.url, template=template)


def every_event(receiver: Receiver) -> tuple[WebhookEndpoint, ...]:
    return tuple(
        an_endpoint(receiver, category, event) for category, events in EVENTS.items() for event in events
    )


def settings(*endpoints: WebhookEndpoint, **changes: object) -> CartSettings:
    return CartSettings(**({"requests_per_minute": None, "webhooks": endpoints} | changes))  # type: ignore[arg-type]


def as_recorded(receiver: Receiver, name: str, ending: str = "json") -> None:
    """The one delivery equals the recorded body, and the recorded headers but for the host."""
    (one,) = receiver.received
    assert one.body == (HOOKS / f"{name}.body.{ending}").read_bytes()
    first, *lines = (HOOKS / f"{name}.headers.txt").read_bytes().decode().split("\r\n")
    assert first == f"POST {one.path} HTTP/1.1"
    wanted = dict(line.split(": ", 1) for line in lines if line)
    assert {key: value for key, value in one.headers if key != "Host"} == {
        key: value for key, value in wanted.items() if key != "Host"
    }


# --- the recorded bytes ----------------------------------------------------------------------------------------


async def test_the_default_of_an_order_is_the_recorded_one() -> None:
    async with a_receiver() as receiver:
        masters = Masters(urls=(Url(12, "mihon-lp", 1),))
        wish = settings(an_endpoint(receiver, "order", "order_completed"), masters=masters)
        async with open_cart("2026-11-25 10:12:30", settings=wish) as (cart, _, _):
            enter_recorded_orders(cart)
            order = cart.shop.order_by_number["4120000e17"]
            order.url_id = 12
            cart.webhooks.tell("order", "order_completed", order)
            await cart.advance()
        as_recorded(receiver, "01_order_completed")


async def test_a_shops_own_keys_have_no_value_where_the_category_knows_none() -> None:
    async with a_receiver() as receiver:
        wish = settings(an_endpoint(receiver, "subs_order", "subs_order_canceled", OWN_KEYS))
        async with open_cart("2026-11-24 21:15:00", settings=wish) as (cart, _, _):
            person = msgspec.structs.replace(HANAKO, name01="テスト", name02="六子")
            order = cart.place(an_order(items=((TEA_SUBS.sku, 1),), cycle=Cycle.every(30), billing=person))
            subs = cart.shop.subs[order.subs_id or 0]
            subs.number = "d1000000a6"
            cart.set_subs_state(subs.id, "canceled", by="admin")
            await cart.advance()
        as_recorded(receiver, "02_subs_order_canceled_own_keys")


async def test_a_quote_and_a_line_break_make_it_no_json() -> None:
    async with a_receiver() as receiver:
        wish = settings(an_endpoint(receiver, "order", "order_completed", SHORT))
        async with open_cart(settings=wish) as (cart, _, _):
            person = msgspec.structs.replace(HANAKO, name01='見本"ギフト"', name02="贈")
            cart.place(
                an_order(
                    order_id=104438,
                    number="607182930a",
                    billing=person,
                    remark="玄関前に置いてください。\n不在時は右隣",
                )
            )
            await cart.advance()
        as_recorded(receiver, "03_order_completed_broken_quote", "txt")
        with pytest.raises(msgspec.DecodeError):
            msgspec.json.decode(receiver.received[0].body)


async def test_the_default_of_a_payment_is_the_recorded_one() -> None:
    async with a_receiver() as receiver:
        wish = settings(an_endpoint(receiver, "payment", "payment_auth_failed"))
        async with open_cart("2026-11-26 00:30:13", settings=wish) as (cart, _, _):
            order = cart.place(an_order(order_id=104442, number="d40e55aa71", card="decline"))
            order.times = 2
            cart.webhooks.log.clear()
            cart.webhooks.take()
            cart.webhooks.tell("payment", "payment_auth_failed", order)
            await cart.advance()
            await cart.advance()
        receiver.received[:] = receiver.received[-1:]
        as_recorded(receiver, "04_payment_auth_failed")


# --- every event -----------------------------------------------------------------------------------------------


def life(cart: CartSandbox) -> Order:
    """One of everything that an endpoint may hear of."""
    order = cart.place(an_order(card="decline"))
    cart.change_card(order.customer_id)
    cart.reauth(order.id)
    for state in ("shipped", "delivered"):
        cart.set_state(order.id, state)
    child = cart.place(an_order(items=((TEA_SUBS.sku, 1),), cycle=Cycle.every(30)))
    for state in ("suspend", "active", "canceled"):
        cart.set_subs_state(child.subs_id or 0, state, by="admin")
    cart.cancel(child.id)
    return order


async def test_all_of_it_is_told_and_in_the_order_it_happened() -> None:
    async with a_receiver() as receiver:
        async with open_cart(settings=settings(*every_event(receiver))) as (cart, caller, clock):
            order = life(cart)
            row = {"orders": [result_row(order)], "with_sale": 1, "with_async": 1}
            await caller.call("PUT", "/api/v2/admin/orders/shipping.json", row)
            await live_until(cart, clock, "2026-11-26 09:01:00")
        told = receiver.events
    assert told.index("order_created") < told.index("payment_auth_failed") < told.index("order_complete")
    assert told.index("order_complete") < told.index("order_completed")
    wanted = {
        "customer_created", "customer_updated", "customer_member",
        "order_created", "order_updated", "order_complete", "order_completed",
        "order_shipped", "order_delivered", "order_canceled",
        "payment_auth_failed", "payment_authed", "payment_completed", "payment_voided",
        "subs_order_created", "subs_order_updated",
        "subs_order_suspend", "subs_order_active", "subs_order_canceled",
        "product_created", "job_completed",
    }  # fmt: skip
    assert wanted - set(told) == set()
    assert told.count("order_completed") == told.count("order_complete") == 2
    assert {"order_created", "order_updated", "subs_order_updated"} <= DEPRECATED


async def test_customers_and_goods_are_told_of_when_they_change_and_when_they_go() -> None:
    async with a_receiver() as receiver:
        async with open_cart(settings=settings(*every_event(receiver))) as (cart, _, _):
            cart.seed_goods([msgspec.structs.replace(SERUM, sku="MIHON-NEW")])
            variant = cart.shop.variants["MIHON-NEW"]
            cart.shop.touch(variant)
            variant.deleted_at = cart.shop.now()
            cart.shop.touch(variant)
            customer = cart.shop.customer(NewCustomer(email="mihon-x@example.jp"), HANAKO)
            customer.profile.state = "cancel"
            cart.shop.touch(customer)
            customer.deleted_at = cart.shop.now()
            cart.shop.touch(customer)
            cart.shop.touch(customer)
            await cart.advance()
        assert receiver.events == [
            *["product_created"] * (len(GOODS) + 1),
            "product_updated",
            "product_destroyed",
            "customer_created",
            "customer_member",
            "customer_updated",
            "customer_cancel",
            "customer_destroyed",
        ]


async def test_with_a_thanks_offer_the_order_is_completed_later_and_whole() -> None:
    template = "{{ order.order_items.size }} {{ order.total }}"
    async with a_receiver() as receiver:
        wish = settings(
            an_endpoint(receiver, "order", "order_complete", template),
            an_endpoint(receiver, "order", "order_completed", template),
            thanks_offer_s=300,
        )
        async with open_cart(settings=wish) as (cart, caller, clock):
            order = cart.place(an_order())
            await cart.advance()
            body = {"order_items": [{"variant_id": cart.shop.variants[SERUM.sku].id, "quantity": 1}]}
            path = f"/api/v2/admin/orders/{order.id}/order_items/bulk_create.json"
            assert (await caller.call("POST", path, body)).status == 200
            await live_until(cart, clock, "2026-11-26 09:04:59")
            assert [(one.event, one.body) for one in receiver.received] == [("order_complete", b"1 2710")]
            await live_until(cart, clock, "2026-11-26 09:05:00")
        assert (receiver.received[-1].event, receiver.received[-1].body) == ("order_completed", b"2 8210")


# --- how it is delivered ---------------------------------------------------------------------------------------


async def test_no_request_waits_for_an_endpoint() -> None:
    async with a_receiver() as receiver:
        receiver.hang = True
        wish = settings(an_endpoint(receiver, "order", "order_updated"), webhook_timeout_s=0.05)
        async with open_cart(settings=wish) as (cart, caller, _):
            order = cart.place(an_order())
            async with asyncio.timeout(2):
                body = {"order": {"memo01": "見本"}}
                reply = await caller.call("PUT", f"/api/v2/admin/orders/{order.id}.json", body)
            assert reply.status == 200
            assert receiver.received == []
            assert cart.next_event_at() == cart.shop.clock.now()
            await cart.advance()
            assert {one.fate for one in cart.webhooks.log} == {Fate.UNREACHED}
            assert {one.words for one in cart.webhooks.log} == {"no answer in time"}
            await cart.advance()
        assert len(receiver.received) == len(cart.webhooks.log)  # nobody tries again


async def test_another_answer_than_2xx_and_nobody_there_end_in_the_log_alone() -> None:
    async with a_receiver() as receiver:
        gone = WebhookEndpoint(category="order", event="order_complete", url="http://127.0.0.1:9/x")
        async with open_cart(settings=settings(an_endpoint(receiver, "order", "order_complete"), gone)) as (
            cart,
            caller,
            _,
        ):
            receiver.status = 500
            order = cart.place(an_order())
            await cart.advance()
            await cart.advance()
            log = (await caller.call("GET", "/__sandbox/webhooks/log")).json
        assert len(receiver.received) == 1
        fates = {(one["url"], one["fate"], one["status"], one["key"]) for one in log}
        assert fates == {
            (receiver.url, "refused", 500, order.number),
            (gone.url, "unreached", None, order.number),
        }


async def test_the_secret_is_our_own_invention_and_off_by_default() -> None:
    async with a_receiver() as receiver:
        endpoint = an_endpoint(receiver, "order", "order_complete")
        async with open_cart(settings=settings(endpoint)) as (cart, _, _):
            cart.place(an_order())
            await cart.advance()
            cart.change_settings(webhook_secret="mihon-secret")
            cart.place(an_order())
            await cart.advance()
        plain, secret = (dict(one.headers) for one in receiver.received)
        assert "x-ecf-webhook-secret" not in plain
        assert secret["x-ecf-webhook-secret"] == "mihon-secret"


async def test_it_goes_by_https_too(tmp_path: Path) -> None:
    async with a_receiver(tls_contexts(tmp_path)[0]) as receiver:
        assert receiver.url.startswith("https://")
        async with open_cart(settings=settings(an_endpoint(receiver, "order", "order_complete"))) as (
            cart,
            _,
            _,
        ):
            cart.place(an_order())
            await cart.advance()
        assert receiver.events == ["order_complete"]


# --- the screen ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"category": "夢", "event": "x", "url": "http://127.0.0.1/"}, "no category"),
        ({"category": "order", "event": "order_dreamed", "url": "http://127.0.0.1/"}, "no event"),
        ({"category": "order", "event": "order_complete", "url": "https://hooks.example.jp/"}, "loopback"),
        ({"category": "order", "event": "order_complete", "url": "ftp://127.0.0.1/"}, "loopback"),
        (
            {
                "category": "order",
                "event": "order_complete",
                "url": "http://localhost/",
                "template": "{% if a %}",
            },
            "has no end",
        ),
    ],
)
async def test_an_endpoint_that_cannot_be_is_not_saved(wish: dict[str, str], words: str) -> None:
    async with open_cart() as (cart, caller, _):
        reply = await caller.call("POST", "/__sandbox/webhooks", wish)
        assert reply.status == 422
        assert words in reply.body.decode()
        assert cart.settings.webhooks == ()


async def test_endpoints_are_kept_by_the_control_plane() -> None:
    async with a_receiver() as receiver, open_cart("2026-11-26 09:00:00") as (cart, caller, _):
        wish = {"category": "order", "event": "order_complete", "url": receiver.url}
        assert (await caller.call("POST", "/__sandbox/webhooks", wish)).status == 204
        assert (await caller.call("POST", "/__sandbox/webhooks/mischief", {"loss": 0.5})).status == 204
        shown = (await caller.call("GET", "/__sandbox/webhooks")).json
        assert shown["endpoints"] == [wish | {"template": ""}]
        assert shown["mischief"]["loss"] == 0.5
        assert set(shown["events"]) == {"order", "subs_order", "payment", "customer", "product", "job"}
        assert (await caller.call("DELETE", "/__sandbox/webhooks")).status == 204
        cart.place(an_order())
        await cart.advance()
        assert cart.webhooks.log == []
        assert cart.shop.now() == jst_at("2026-11-26 09:00:00")
