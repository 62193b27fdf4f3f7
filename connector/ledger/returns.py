"""Returns (返品): goods that came back to the warehouse, as it told. Nothing is refunded, and no slip moves by it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from connector.ledger.database import pieces
from connector.ledger.schema_warehouse import goods_returns
from connector.ledger.storable import plain
from connector.ports import GoodsReturn

Key = tuple[str, str, str]  # 返品番号, 商品コード, 状態


def tell(
    connection: Connection, shop: str, seen: Sequence[GoodsReturn], exchange_id: int | None, at: datetime
) -> int:
    """Store these returns, told at this time. The same again is no news; a newer word under the same number replaces
    the older one, in whatever order they come."""
    known = _known(connection, shop, seen)
    news = 0
    for one in seen:
        values = {name: getattr(one, name) for name in one.__dataclass_fields__}
        values["reason"] = plain(one.reason)
        row = known.get((one.return_number, one.sku, one.condition))
        if row is not None and all(getattr(row, name) == value for name, value in values.items()):
            continue
        if row is not None and row.at > at:
            continue
        news += 1
        values |= {"shop": shop, "exchange_id": exchange_id, "at": at}
        if row is None:
            connection.execute(insert(goods_returns), [values])
        else:
            connection.execute(update(goods_returns).where(goods_returns.c.id == row.id).values(values))
    return news


def _known(connection: Connection, shop: str, seen: Sequence[GoodsReturn]) -> dict[Key, Row[Any]]:
    found: dict[Key, Row[Any]] = {}
    for part in pieces(dict.fromkeys(one.return_number for one in seen)):
        here = (goods_returns.c.shop == shop, goods_returns.c.return_number.in_(part))
        for row in connection.execute(select(goods_returns).where(*here)):
            found[row.return_number, row.sku, row.condition] = row
    return found
