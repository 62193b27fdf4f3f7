"""The outside as reconciliation sees it: a cart and a Next Engine that show what a test puts there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import cast

import msgspec
from connector.errors import NotDone
from connector.ledger import codec
from connector.ledger.database import Database
from connector.ledger.schema import orders, slips
from connector.outcome import Stray
from connector.ports import Cart, CartPage, Looked, OrderManager
from connector.reports import Picture, reconcile
from connector.shop import Shop
from connector.slip import Slip
from sqlalchemy import select

from tests.unit.shop_day import DAY, NOW, SHOP


class Shelf:
    """Orders and slips over there, by number; `down` is the fault of a side that cannot be read."""

    def __init__(self, database: Database) -> None:
        with database.engine.connect() as connection:
            self.orders = {row.number: codec.order(row.body) for row in connection.execute(select(orders))}
            self.slips = {row.number: codec.slip(row.body) for row in connection.execute(select(slips))}
        self.down: set[str] = set()
        self.malformed: tuple[Stray, ...] = ()

    def change_order(self, number: str, **values: object) -> None:
        self.orders[number] = msgspec.structs.replace(self.orders[number], **values)

    def change_slip(self, number: str, **values: object) -> None:
        self.slips[number] = msgspec.structs.replace(self.slips[number], **values)

    async def picture(self, database: Database, now: datetime = NOW, shop: Shop = SHOP) -> Picture:
        cart, manager = cast(Cart, _Cart(self)), cast(OrderManager, _NextEngine(self))
        return await reconcile(cart, manager, database, shop, now, DAY)


class _Cart:
    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def changed_since(self, since: datetime) -> AsyncIterator[CartPage]:
        if "cart" in self._shelf.down:
            raise NotDone("ecforce: 503")
        found = tuple(one for one in self._shelf.orders.values() if one.updated_at >= since)
        yield CartPage(orders=found, malformed=self._shelf.malformed, body=b"")

    async def count_placed(self, since: datetime, until: datetime) -> int:
        if "cart" in self._shelf.down:
            raise NotDone("ecforce: 503")
        found = {o.cart_order_id for o in self._shelf.orders.values() if since <= o.placed_at < until}
        return len(found)

    async def look(self, cart_order_ids: Sequence[int]) -> Looked:
        wanted = set(cart_order_ids)
        found = {one.number: one for one in self._shelf.orders.values() if one.cart_order_id in wanted}
        return Looked(found, self._shelf.malformed)


class _NextEngine:
    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def slips_of(self, order_numbers: Sequence[str]) -> dict[str, list[Slip]]:
        if "next_engine" in self._shelf.down:
            raise NotDone("next_engine: 008003")
        found: dict[str, list[Slip]] = {}
        for slip in self._shelf.slips.values():
            if slip.order_number in order_numbers:
                found.setdefault(slip.order_number, []).append(slip)
        return found

    async def slips(self, slip_numbers: Sequence[str], *, rows: bool = False) -> dict[str, Slip]:
        if "slip_rows" in self._shelf.down:
            raise NotDone("next_engine: 008003")
        return {number: self._shelf.slips[number] for number in slip_numbers}
