"""What the tests of the cart's API share: a shop with one of everything in it, and somebody to ask it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from connector.clock import SteppedClock
from connector.sandbox.cart import CartSandbox, CartSettings, CountRow, Cycle, NewCustomer
from connector.sandbox.cart.model import Customer, Item, Order, SubsOrder

from tests.contract.cart_shapes import (
    HANAKO,
    JIRO,
    LEAFLET,
    SERUM,
    TEA,
    TEA_SUBS,
    UNLIMITED,
    Caller,
    Reply,
    an_order,
    live_until,
    open_cart,
)

V2 = "/api/v2"
V1 = "/api/v1"
ADMIN = f"{V2}/admin"
MAIL = "mihon-hanako@example.jp"
ROUNDS = (CountRow(round=2, prices={TEA_SUBS.sku: 1700}, inserts=(LEAFLET.sku,)),)


@dataclass(slots=True)
class Api:
    """A running cart, one customer with a subscription and orders of several kinds."""

    cart: CartSandbox
    caller: Caller
    clock: SteppedClock
    order: Order  # first child of the subscription
    single: Order  # one-off
    split: Order  # to two addresses
    subs: SubsOrder

    @property
    def customer(self) -> Customer:
        return self.cart.shop.customers[self.order.customer_id]

    @property
    def item(self) -> Item:
        return self.subs.items[0]

    async def get(self, path: str, **query: str) -> Reply:
        """`q__state_eq` stands for `q[state_eq]`."""
        pairs = [(f"q[{key[3:]}]" if key.startswith("q__") else key, value) for key, value in query.items()]
        return await self.caller.call("GET", f"{ADMIN}/{path}", query=pairs)

    async def put(self, path: str, body: Any) -> Reply:
        return await self.caller.call("PUT", f"{ADMIN}/{path}", body)

    async def post(self, path: str, body: Any = None) -> Reply:
        return await self.caller.call("POST", f"{ADMIN}/{path}", body)

    async def delete(self, path: str, body: Any) -> Reply:
        return await self.caller.call("DELETE", f"{ADMIN}/{path}", body)

    async def attributes(self, path: str, **query: str) -> dict[str, Any]:
        reply = await self.get(path, **query)
        assert reply.status == 200, reply.body
        found: dict[str, Any] = reply.json["data"]["attributes"]
        return found

    async def jobs(self) -> list[dict[str, Any]]:
        """ジョブ管理, as only the control plane shows it."""
        found: list[dict[str, Any]] = (await self.caller.call("GET", "/__sandbox/jobs")).json
        return found

    async def until(self, text: str) -> None:
        await live_until(self.cart, self.clock, text)

    def variant(self, sku: str) -> int:
        return self.cart.shop.variants[sku].id

    def stock(self, sku: str) -> int:
        return self.cart.shop.variants[sku].stock

    def known(self, path: str) -> str:
        """The path with the ids of this shop in its `{places}`."""
        product = self.cart.shop.variants[TEA.sku].product_id
        ids = {"order": self.order.id, "subs": self.subs.id, "customer": self.customer.id}
        return path.format(**ids, item=self.item.id, product=product)


@asynccontextmanager
async def an_api(*, settings: CartSettings = UNLIMITED, **subscription: Any) -> AsyncIterator[Api]:
    """At 9 o'clock on 2026-11-26, all payments settled."""
    async with open_cart("2026-11-26 08:00:00", settings=settings) as (cart, caller, clock):
        wish: dict[str, Any] = {"cycle": Cycle.monthly(1, 5), "count_rows": ROUNDS, "block_times": 3}
        first = cart.place(an_order(items=((TEA_SUBS.sku, 2),), **(wish | subscription)))
        single = cart.place(an_order(items=((SERUM.sku, 1),), payment_method_id=24))
        both = an_order(shipping=(HANAKO, JIRO), items=((TEA.sku, 2), (SERUM.sku, 1)), item_addresses=(0, 1))
        split = cart.place(msgspec.structs.replace(both, customer=NewCustomer(email="mihon-jiro@example.jp")))
        await live_until(cart, clock, "2026-11-26 09:00:00")
        assert first.subs_id is not None
        yield Api(cart, caller, clock, first, single, split, cart.shop.subs[first.subs_id])


def rows(reply: Reply) -> list[int]:
    """The ids of a list."""
    assert reply.status == 200, reply.body
    return [row["id"] for row in reply.rows]


def codes(reply: Reply) -> list[str]:
    """The codes of a refusal, or of the rows a bulk did not do."""
    body = reply.json
    if "failure" not in body:
        return [each["code"] for each in body["errors"]]
    return [each["code"] for row in body["errors"] for each in row["errors"]]


def included(reply: Reply, type_: str) -> list[dict[str, Any]]:
    return [each["attributes"] for each in reply.json["included"] if each["type"] == type_]
