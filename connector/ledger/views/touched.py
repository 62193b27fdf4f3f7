"""Touched (人手の要否): of the slips that shipped in a span, which went through without anybody's hand (自動化率)."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, select

from connector.journey import SlipState
from connector.ledger.schema import history, order_slips

MACHINES = ("connector", "watch")


class Touched(Struct, frozen=True, kw_only=True):
    """`shipped` slips reached 出荷確定 in the span; `untouched` of them without a hold or a person's act."""

    shipped: int
    untouched: int
    reasons: tuple[tuple[str, int], ...]  # why the others were touched, most frequent first

    @property
    def permille(self) -> int | None:
        return None if not self.shipped else self.untouched * 1000 // self.shipped


def touched(connection: Connection, shop: str, begins_at: datetime, ends_at: datetime) -> Touched:
    shipped = select(history.c.item_id).where(
        history.c.shop == shop,
        history.c.item == "slip",
        history.c.to_state == str(SlipState.CONFIRMED),
        history.c.at >= begins_at,
        history.c.at < ends_at,
    )
    slips = set(connection.scalars(shipped))
    behind = select(order_slips.c.order_id, order_slips.c.slip_id).where(order_slips.c.slip_id.in_(shipped))
    slip_of: dict[int, list[int]] = {}
    for order_id, slip_id in connection.execute(behind):
        slip_of.setdefault(order_id, []).append(slip_id)
    hands: dict[int, str] = {}
    for row in _hands(connection, "slip", shipped, ends_at):
        hands.setdefault(row.item_id, _reason(row))
    orders = select(order_slips.c.order_id).where(order_slips.c.slip_id.in_(shipped))
    for row in _hands(connection, "order", orders, ends_at):
        for slip_id in slip_of.get(row.item_id, ()):
            hands.setdefault(slip_id, _reason(row))
    counted = Counter(hands.values())
    return Touched(
        shipped=len(slips), untouched=len(slips) - len(hands), reasons=tuple(counted.most_common())
    )


def _hands(connection: Connection, item: str, ids: Any, until: datetime) -> list[Any]:
    """History rows that show a hold or a person at work on these items."""
    query = select(history).where(history.c.item == item, history.c.item_id.in_(ids), history.c.at < until)
    rows = connection.execute(query.order_by(history.c.id))
    return [row for row in rows if row.event == "held" or row.actor not in MACHINES]


def _reason(row: Any) -> str:
    return str(row.facts.get("reason", "")) or row.event
