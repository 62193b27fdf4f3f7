"""The cart sandbox with our client connected to it, and shipments to complete orders with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from connector.adapters.ecforce.client import Ecforce, EcforceSettings, connect
from connector.clock import SteppedClock
from connector.mapping import load_csv_writer
from connector.order import Order
from connector.outcome import Effect
from connector.ports import CompletionBuild, CompletionPart
from connector.sandbox.cart import CartSandbox
from connector.slip import Result, Shipment
from connector.transport.http import Http

from tests.contract.border import MAPPINGS, MemoryArchive, MemoryDrop, at, tables
from tests.contract.cart_shapes import Caller, open_cart

TABLES = tables()
SHIPPING_CSV = load_csv_writer(MAPPINGS / "ecforce/completion_shipping.yaml", TABLES)
STATE_CSV = load_csv_writer(MAPPINGS / "ecforce/completion_state.yaml", TABLES)
BEGINNING = at("2026-11-01 00:00:00")
SLIP = "412200001113"


@dataclass(slots=True)
class Shop:
    cart: CartSandbox
    caller: Caller
    clock: SteppedClock
    http: Http
    archive: MemoryArchive
    drop: MemoryDrop
    ecforce: Ecforce

    async def orders(self) -> dict[str, Order]:
        pages = [page async for page in self.ecforce.changed_since(BEGINNING)]
        return {order.number: order for page in pages for order in page.orders}

    async def trouble(self, kind: str, path: str = "", count: int = 1) -> None:
        """Plan mischief at the cart's control plane."""
        plan = {"kind": kind, "path": path, "count": count}
        reply = await self.caller.call("POST", "/__sandbox/faults", plan)
        assert reply.status < 300, reply.body


def client(
    http: Http, clock: SteppedClock, archive: MemoryArchive, drop: MemoryDrop, **changes: Any
) -> Ecforce:
    return Ecforce(
        http,
        settings=EcforceSettings(**({"shop": "a"} | changes)),
        tables=TABLES,
        shipping_csv=SHIPPING_CSV,
        state_csv=STATE_CSV,
        archive=archive,
        clock=clock,
        drop=drop,
    )


@asynccontextmanager
async def a_shop(
    *, route: str = "files", taken: str = "", results: str = "", **cart: Any
) -> AsyncIterator[Shop]:
    async with open_cart(**cart) as (sandbox, caller, clock):
        http = connect(caller.base, caller.token, clock=clock, requests_per_second=None)
        archive, drop = MemoryArchive(), MemoryDrop()
        settings = {
            "completion_route": route,
            "completion_taken_folder": taken,
            "completion_results_folder": results,
        }
        try:
            ecforce = client(http, clock, archive, drop, **settings)
            yield Shop(sandbox, caller, clock, http, archive, drop, ecforce)
        finally:
            await http.close()


def a_shipment(*tracking: str, carrier: str = "YAMATO_TAKKYUBIN") -> Shipment:
    return Shipment(
        result_id="R1",
        slip_number="1001",
        result=Result.SHIPPED,
        shipped_on=date(2026, 11, 26),
        carrier=carrier,
        tracking=tracking or (SLIP,),
    )


def effects(build: CompletionBuild) -> list[Effect]:
    return [effect(part) for part in build.parts]


def effect(part: CompletionPart) -> Effect:
    items: Sequence[int] = range(1, len(part.order_numbers) + 1)
    return Effect(
        kind="complete", key=part.name, items=tuple(items), body=part.body, name=part.name, facts=part.facts
    )
