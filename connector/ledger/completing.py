"""Completing (完了の前に): holds on the slips of an order that keep the cart from being told that it is complete.

The completion takes the customer's money and tells the tracking number. So what a person has yet to find out about
any slip that ships the order comes first, and about one that was cancelled after the warehouse had it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from connector.journey import SlipState
from connector.ledger import codec
from connector.ledger.database import pieces
from connector.ledger.schema import holds, order_slips, slips
from connector.outcome import SELF_CLEARING, Reason
from connector.slip import NOT_CANCELLED, NEStatus


def held_by_slips(connection: Connection, shipped: Mapping[int, datetime]) -> dict[int, tuple[Reason, ...]]:
    """By order: the holds of its slips that wait for a person. `shipped`: orders, and since when they count as such."""
    found: dict[int, tuple[Reason, ...]] = {}
    for part in pieces(shipped):
        query = (
            select(
                order_slips.c.order_id,
                slips.c.state,
                slips.c.since,
                slips.c.body,
                holds.c.reason,
                holds.c.opened_at,
            )
            .join(slips, slips.c.id == order_slips.c.slip_id)
            .join(holds, and_(holds.c.item == "slip", holds.c.item_id == slips.c.id))
            .where(
                order_slips.c.order_id.in_(part),
                holds.c.closed_at.is_(None),
                holds.c.reason.not_in([str(reason) for reason in SELF_CLEARING]),
                or_(_ships(), holds.c.reason == Reason.NE_CANCELLED),
            )
            .order_by(holds.c.id)
        )
        for row in connection.execute(query):
            if not _answered(row) and not _sent_again(row, shipped[row.order_id]):
                found[row.order_id] = (*found.get(row.order_id, ()), Reason(row.reason))
    return found


def _ships() -> ColumnElement[bool]:
    return and_(
        slips.c.state != SlipState.CANCELLED,
        or_(slips.c.cancel_type == NOT_CANCELLED, slips.c.status >= NEStatus.SHIPPED),
    )


def _answered(row: Any) -> bool:
    """The rest of it never left, and a person confirmed the part in Next Engine, as the hold asks them to."""
    confirmed = row.state == SlipState.CONFIRMED and row.opened_at < row.since
    return bool(confirmed and row.reason == Reason.PARTIAL_SHIPMENT)


def _sent_again(row: Any, shipped_at: datetime) -> bool:
    """A copy that was made since the order shipped is another sending."""
    slip = codec.slip(row.body)
    return bool(slip.copied_from and slip.created_at is not None and slip.created_at > shipped_at)
