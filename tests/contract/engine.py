"""What the engine tests share: a cart without sockets, nights that pass, and short words for what one asks."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec
from connector.clock import SteppedClock, at_jst, jst
from connector.sandbox.cart import CartEngine, CartSettings, Cycle, NewCustomer, Order, SubsOrder
from connector.sandbox.cart.shop import planned_on
from connector.sandbox.faults import Faults

from tests.contract.cart_shapes import GOODS, TEA_SUBS, an_order

THURSDAY = date(2026, 11, 26)
PLENTY = 10_000_000


class EngineDesk:
    """One cart and its clock; a month costs as much as its renewals."""

    def __init__(self, on: date = THURSDAY, *, faults: Faults | None = None, **settings: Any) -> None:
        self.clock = SteppedClock(at_jst(on, 9))
        wish = CartSettings(requests_per_minute=None, **settings)
        self.cart = CartEngine(self.clock, settings=wish, faults=faults)
        self.cart.seed_goods(msgspec.structs.replace(goods, stock=PLENTY) for goods in GOODS)
        self._customers = 0

    def subscribe(self, cycle: Cycle, **changes: Any) -> SubsOrder:
        """A subscriber of their own, whose first delivery is on 2026-12-01 unless wished otherwise."""
        self._customers += 1
        wish: dict[str, Any] = {
            "customer": NewCustomer(email=f"mihon-{self._customers}@example.jp"),
            "items": ((TEA_SUBS.sku, 2),),
            "deliver_on": date(2026, 12, 1),
        }
        order = self.cart.place(an_order(cycle=cycle, **(wish | changes)))
        return self.cart.shop.subs[order.subs_id or 0]

    async def live_until(self, on: date, hour: int = 9) -> None:
        await self.cart.live_until(at_jst(on, hour))

    def children(self, subs: SubsOrder) -> list[Order]:
        return [self.cart.shop.orders[id_] for id_ in subs.order_ids]

    def born(self, subs: SubsOrder) -> list[date]:
        """The days on which its children were created, the first order too."""
        return [jst(order.created_at).date() for order in self.children(subs)]

    def deliveries(self, subs: SubsOrder) -> list[date]:
        return [planned_on(order.delivery_planned_at or order.created_at) for order in self.children(subs)]

    def next_delivery(self, subs: SubsOrder) -> date:
        return planned_on(subs.next_delivery_at)


def day(text: str) -> date:
    return date.fromisoformat(text)


def days(start: date, count: int) -> list[date]:
    return [start + timedelta(days=ahead) for ahead in range(count)]
