"""Stock (在庫): what the warehouse told last about each item and lot. An older word never replaces a newer one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from connector.ledger.database import pieces
from connector.ledger.schema_warehouse import stock_levels
from connector.ports import StockLevel


def tell(connection: Connection, shop: str, levels: Sequence[StockLevel], exchange_id: int | None) -> int:
    """Store these levels; returns how many said something newer."""
    known = _known(connection, shop, levels)
    fresh, newer = [], []
    for level in levels:
        row = known.get((level.warehouse, level.sku, level.lot))
        values = {name: getattr(level, name) for name in level.__dataclass_fields__}
        values |= {"shop": shop, "exchange_id": exchange_id}
        if row is None:
            fresh.append(values)
        elif row.told_at < level.told_at:
            newer.append((row.id, values))
    if fresh:
        connection.execute(insert(stock_levels), fresh)
    for row_id, values in newer:
        connection.execute(update(stock_levels).where(stock_levels.c.id == row_id).values(values))
    return len(fresh) + len(newer)


def _known(
    connection: Connection, shop: str, levels: Sequence[StockLevel]
) -> dict[tuple[str, str, str], Row[Any]]:
    found: dict[tuple[str, str, str], Row[Any]] = {}
    for part in pieces(dict.fromkeys(level.sku for level in levels)):
        query = select(stock_levels).where(stock_levels.c.shop == shop, stock_levels.c.sku.in_(part))
        found |= {(row.warehouse, row.sku, row.lot): row for row in connection.execute(query)}
    return found
