"""Shelves (ネクストエンジンの在庫): what Next Engine said of the items of the warehouse's newest stock, as it was read.

Kept among the exchanges, one for each time that it was asked, so that a difference can be proved later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, func, select

from connector.ledger import archive
from connector.ledger.schema import exchanges
from connector.ledger.schema_warehouse import stock_levels
from connector.ledger.storable import plain

SYSTEM = "ne_stock"


class Comparison(msgspec.Struct, frozen=True):
    """By 商品コード in capitals: 在庫数, None for an item unknown to Next Engine. `words`: why it said nothing."""

    at: datetime
    goods: dict[str, int | None]
    words: str = ""


_decode = msgspec.json.Decoder(Comparison).decode


def to_compare(connection: Connection, shop: str) -> list[str]:
    """The items of the newest stock; none where Next Engine was asked since it came."""
    told = select(func.max(stock_levels.c.exchange_id)).where(stock_levels.c.shop == shop)
    asked = select(func.max(exchanges.c.id)).where(exchanges.c.shop == shop, exchanges.c.system == SYSTEM)
    newest = connection.scalar(told)
    if newest is None or newest < (connection.scalar(asked) or 0):
        return []
    query = select(stock_levels.c.sku).where(stock_levels.c.shop == shop).distinct()
    return list(connection.scalars(query.order_by(stock_levels.c.sku)))


def keep(
    connection: Connection,
    shop: str,
    asked: Sequence[str],
    found: Mapping[str, int],
    at: datetime,
    words: str,
) -> None:
    known = {sku.upper(): count for sku, count in found.items()}
    goods = {} if words else {sku.upper(): known.get(sku.upper()) for sku in asked}
    body = msgspec.json.encode(Comparison(at, goods, plain(words)))
    archive.keep(connection, shop, at, system=SYSTEM, direction="in", name="master_stock", body=body)


def newest(connection: Connection, shop: str) -> Comparison | None:
    query = select(func.max(exchanges.c.id)).where(exchanges.c.shop == shop, exchanges.c.system == SYSTEM)
    exchange_id = connection.scalar(query)
    return _decode(archive.body_of(connection, exchange_id)) if exchange_id is not None else None
