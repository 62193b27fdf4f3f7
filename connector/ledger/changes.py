"""Changes (引き渡し後の変更): what a change in the cart means once Next Engine knows of the order. Never silence.

A hold says it aloud; a person decides (reliability I3, W3).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from connector.ledger import holds
from connector.ledger.history import Entry
from connector.order import LATE_FIELDS, Order
from connector.outcome import Reason


def seen(
    connection: Connection,
    shop: str,
    row: Row[Any],
    old: Order,
    order: Order,
    changed: tuple[str, ...],
    now: datetime,
) -> list[Entry]:
    """The order was handed on, is neither ended nor gone, and `changed` of `LATE_FIELDS` differ."""
    if not changed:
        return []
    words = "・".join(LATE_FIELDS.get(name, "支払方法") for name in changed)
    return holds.pin(
        connection,
        shop,
        now,
        item="order",
        item_id=row.id,
        number=order.number,
        reason=Reason.CHANGED_AFTER_HANDOVER,
        note=f"引き渡し後にカートで変更されました: {words}",
        stage="ingest",
    )
