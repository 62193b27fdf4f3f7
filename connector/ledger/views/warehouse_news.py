"""Stock rows (倉庫の在庫): what the warehouse told last, beside what Next Engine said when that came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection, func, select

from connector.ledger import shelves
from connector.ledger.schema_warehouse import stock_levels
from connector.ledger.views.rows import filled

MOST = 5_000


class StockRow(Struct, frozen=True, kw_only=True):
    """One item and lot. `old`: a newer file of the same warehouse no longer names it.

    `next_engine` and `difference` are the whole item's, over all its lots: asked at `asked_at`, when the file came.
    """

    warehouse: str
    sku: str
    lot: str
    good: int
    bad: int
    allocated: int
    told_at: datetime
    old: bool = False
    asked_at: datetime | None = None
    next_engine: int | None = None
    unknown_there: bool = False  # Next Engine has no such item
    difference: int | None = None  # the warehouse's good pieces, less Next Engine's 在庫数

    @property
    def free(self) -> int:
        return self.good - self.allocated


def stock(connection: Connection, shop: str, *, limit: int = MOST) -> list[StockRow]:
    """By item; what was told last counts."""
    query = select(stock_levels.c.warehouse, func.max(stock_levels.c.told_at)).where(
        stock_levels.c.shop == shop
    )
    newest = dict(connection.execute(query.group_by(stock_levels.c.warehouse)).all())
    rows = select(stock_levels).where(stock_levels.c.shop == shop)
    rows = rows.order_by(stock_levels.c.warehouse, stock_levels.c.sku, stock_levels.c.lot).limit(limit)
    found = [
        filled(StockRow, row, old=row.told_at < newest[row.warehouse]) for row in connection.execute(rows)
    ]
    seen = shelves.newest(connection, shop)
    return found if seen is None else _beside(found, seen)


def compared(connection: Connection, shop: str) -> shelves.Comparison | None:
    """What Next Engine said of these items, and when; None where it was never asked."""
    return shelves.newest(connection, shop)


def different(rows: Sequence[StockRow]) -> list[StockRow]:
    """One row of each item whose numbers differ, or that Next Engine does not know."""
    return list({row.sku: row for row in rows if row.difference or row.unknown_there}.values())


def _beside(rows: Sequence[StockRow], seen: shelves.Comparison) -> list[StockRow]:
    good = Counter[str]()
    for row in rows:
        good[row.sku.upper()] += 0 if row.old else row.good
    told: list[StockRow] = []
    for row in rows:
        item = row.sku.upper()
        if row.old or item not in seen.goods:
            told.append(row)
            continue
        there = seen.goods[item]
        more = {"next_engine": there, "difference": None if there is None else good[item] - there}
        told.append(replace(row, asked_at=seen.at, unknown_there=there is None, **more))
    return told
