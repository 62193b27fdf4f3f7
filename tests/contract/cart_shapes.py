"""What cart tests share: a fictional shop, a thin HTTP caller and the shapes of the recorded bytes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from connector.clock import JST, SteppedClock
from connector.sandbox.cart import (
    Carrier,
    CartSandbox,
    CartSettings,
    Goods,
    NewCustomer,
    NewOrder,
    Order,
    PostalAddress,
)
from connector.sandbox.cart.settings import DELIVERY_TIMES
from connector.sandbox.faults import Faults

ECFORCE = Path(__file__).parents[2] / "fixtures" / "ecforce"
ORDER_FILES = ("orders_page1.json", "orders_page2.json", "orders_updated_later.json", "order_single.json")
ALL_FILES = (*ORDER_FILES, "subs_orders.json")
EVERYTHING = "customer,billing_address,shipping_address,shipping_addresses,order_items,payment,subs_order"

TEA = Goods(sku="MIHON-TEA-30", product_number="tea30", name="見本ほうじ茶 30包", price=2160, tax_rate=8)
SERUM = Goods(sku="MIHON-SERUM-01", product_number="serum01", name="見本美容液 30ml", price=5500)
TEA_SUBS = Goods(
    sku="MIHON-TEA-30-T",
    product_number="tea30-teiki",
    name="【定期】見本ほうじ茶 30包",
    price=1944,
    tax_rate=8,
    recurring=True,
    category="お茶",
)
LEAFLET = Goods(sku="MIHON-LEAFLET", product_number="leaflet", name="見本リーフレット", price=0)
GOODS = (TEA, SERUM, TEA_SUBS, LEAFLET)

HANAKO = PostalAddress(
    name01="見本",
    name02="花子",
    kana01="ミホン",
    kana02="ハナコ",
    zip="150-0099",
    prefecture_id=13,
    addr01="渋谷区架空町",
    addr02="1-1-1",
    addr03="テストビル2F",
    tel="03-0000-0001",
)
JIRO = msgspec.structs.replace(
    HANAKO, name02="次郎", kana02="ジロウ", prefecture_id=47, addr01="那覇市見本町"
)

RECORDED_CARRIERS = (
    Carrier(1, "見本運輸", "01", DELIVERY_TIMES, default=True),
    Carrier(2, "テスト急便", "02", DELIVERY_TIMES),
)
UNLIMITED = CartSettings(requests_per_minute=None)


def jst_at(text: str) -> datetime:
    """`2026-11-26 09:00:00` in Japan."""
    return datetime.fromisoformat(text).replace(tzinfo=JST).astimezone(UTC)


def an_order(**changes: Any) -> NewOrder:
    """A one-off card order for one tea, changed as wished."""
    wish: dict[str, Any] = {
        "customer": NewCustomer(email="mihon-hanako@example.jp"),
        "billing": HANAKO,
        "items": ((TEA.sku, 1),),
    }
    return NewOrder(**(wish | changes))


@dataclass(slots=True)
class Reply:
    """What came back."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [row["attributes"] for row in self.json["data"]]


@dataclass(slots=True)
class Caller:
    """A client that knows no tricks."""

    base: str
    token: str
    session: aiohttp.ClientSession

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Iterable[tuple[str, str]] = (),
        authorization: str | None = None,
        data: bytes | dict[str, str] | None = None,
    ) -> Reply:
        headers = {"Authorization": authorization or f'Token token="{self.token}"'}
        async with self.session.request(
            method, self.base + path, json=body, data=data, params=list(query), headers=headers
        ) as reply:
            return Reply(reply.status, reply.headers, await reply.read())

    async def orders(self, **query: str) -> Reply:
        """GET the order list; `q__state_eq` stands for `q[state_eq]`."""
        pairs = [(f"q[{key[3:]}]" if key.startswith("q__") else key, value) for key, value in query.items()]
        return await self.call("GET", "/api/v2/admin/orders.json", query=pairs)


@asynccontextmanager
async def open_cart(
    at: str = "2026-11-26 09:00:00",
    *,
    settings: CartSettings = UNLIMITED,
    faults: Faults | None = None,
    seed: int = 0,
) -> AsyncIterator[tuple[CartSandbox, Caller, SteppedClock]]:
    """A running cart with goods, and somebody to call it."""
    clock = SteppedClock(jst_at(at))
    cart = CartSandbox(clock, seed=seed, faults=faults, settings=settings)
    cart.seed_goods(GOODS)
    base = await cart.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield cart, Caller(base, cart.token, session), clock
    finally:
        await cart.stop()


async def live_until(cart: CartSandbox, clock: SteppedClock, text: str) -> None:
    """Let the world turn until then, event by event."""
    end = jst_at(text)
    while (due := cart.next_event_at()) is not None and due <= end:
        await clock.advance_to(due)
        await cart.advance()
    await clock.advance_to(end)
    await cart.advance()


def recorded(name: str) -> Any:
    return json.loads((ECFORCE / name).read_text(encoding="utf-8"))


def recorded_types() -> dict[tuple[str, str], set[str]]:
    """For each (resource type, attribute) the JSON types seen in all recorded files."""
    seen: dict[tuple[str, str], set[str]] = {}
    for name in ALL_FILES:
        document = recorded(name)
        data = document["data"]
        for resource in [*(data if isinstance(data, list) else [data]), *document["included"]]:
            for key, value in resource["attributes"].items():
                seen.setdefault((resource["type"], key), set()).add(type(value).__name__)
    return seen


def shape_problems(resource: dict[str, Any], seen: dict[tuple[str, str], set[str]]) -> list[str]:
    """Where a resource differs in keys or JSON types from the recorded ones."""
    kind, attributes = resource["type"], resource["attributes"]
    expected = {key for type_, key in seen if type_ == kind}
    extra = {"order_item": {"shipping_address_id"}}.get(kind, set())  # spec/ecforce.md §15.2
    problems = (
        [f"{kind}: keys {sorted(set(attributes) ^ expected)}"] if set(attributes) - extra != expected else []
    )
    for key, value in attributes.items():
        types = seen.get((kind, key), set()) - {"NoneType"}
        if value is not None and types and type(value).__name__ not in types:
            problems.append(f"{kind}.{key}: {type(value).__name__}, recorded {sorted(types)}")
    return problems


def result_row(order: Order, **more: Any) -> dict[str, Any]:
    """One row of 発送結果戻し."""
    slip, at = "412200001113", "2026-11-26 14:00:00"
    return {"id": order.id, "shipping_slip": slip, "shipping_carrier_id": 1, "shipped_at": at} | more
