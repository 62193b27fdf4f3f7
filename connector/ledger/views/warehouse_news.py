"""Warehouse news (倉庫の在庫と返品): what the warehouse told last, as rows for a page, a list and a command."""

from __future__ import annotations

from datetime import date, datetime

from msgspec import Struct
from sqlalchemy import Connection, and_, func, select

from connector.ledger.schema import order_slips, orders, slips
from connector.ledger.schema_warehouse import goods_returns, stock_levels
from connector.ledger.views.rows import filled

MOST = 5_000


class StockRow(Struct, frozen=True, kw_only=True):
    """One item and lot. `old`: a newer file of the same warehouse no longer names it."""

    warehouse: str
    sku: str
    lot: str
    good: int
    bad: int
    allocated: int
    told_at: datetime
    old: bool = False

    @property
    def free(self) -> int:
        return self.good - self.allocated


class ReturnRow(Struct, frozen=True, kw_only=True):
    """Goods that came back. `known`: the slip is one of ours; then `order_number` says whose."""

    return_number: str
    slip_number: str
    tracking: str
    sku: str
    quantity: int
    condition: str
    reason: str
    arrived_on: date
    at: datetime
    known: bool = False
    order_number: str = ""


def stock(connection: Connection, shop: str, *, limit: int = MOST) -> list[StockRow]:
    """By item; what was told last counts."""
    query = select(stock_levels.c.warehouse, func.max(stock_levels.c.told_at)).where(
        stock_levels.c.shop == shop
    )
    newest = dict(connection.execute(query.group_by(stock_levels.c.warehouse)).all())
    rows = select(stock_levels).where(stock_levels.c.shop == shop)
    rows = rows.order_by(stock_levels.c.warehouse, stock_levels.c.sku, stock_levels.c.lot).limit(limit)
    return [
        filled(StockRow, row, old=row.told_at < newest[row.warehouse]) for row in connection.execute(rows)
    ]


def goods_back(connection: Connection, shop: str, *, limit: int = MOST) -> list[ReturnRow]:
    """Newest first."""
    owner = (
        select(func.min(orders.c.number))
        .join(order_slips, order_slips.c.order_id == orders.c.id)
        .where(order_slips.c.slip_id == slips.c.id)
        .scalar_subquery()
    )
    ours = and_(slips.c.shop == goods_returns.c.shop, slips.c.number == goods_returns.c.slip_number)
    query = (
        select(goods_returns, slips.c.id.label("slip_id"), owner.label("owner"))
        .outerjoin(slips, ours)
        .where(goods_returns.c.shop == shop)
        .order_by(goods_returns.c.arrived_on.desc(), goods_returns.c.id.desc())
        .limit(limit)
    )
    return [
        filled(ReturnRow, row, known=row.slip_id is not None, order_number=row.owner or "")
        for row in connection.execute(query)
    ]
