"""Stop in the cart (カートの取消の番): which stopped orders we are to cancel in the cart now, where the shop lets us.

Dangerous: the cancel releases the customer's authorisation; what ships after it ships unpaid. So only where a person
wished the stop, its verdict is *stopped* and nothing else, and the warehouse's results were read once more since.
Each order once: what the cart refused is for people, and no other request makes us ask again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, or_, select

from connector.ledger import due, leaving
from connector.ledger.holds import CONNECTOR
from connector.ledger.schema import holds, order_slips, orders, pulses, stop_requests
from connector.ledger.under_way import open_of
from connector.outcome import Reason

KIND = "cart_cancel"
READS_RESULTS = "collect"


def owed(
    connection: Connection, shop: str, stage: str, now: datetime, *, told_since: ColumnElement[bool]
) -> list[Row[Any]]:
    """Rows of `orders`, with `asked_at`. `told_since`: SQL, the warehouse told a result after the verdict."""
    query = (
        select(orders, stop_requests.c.asked_at)
        .join(stop_requests, stop_requests.c.order_id == orders.c.id)
        .where(
            and_(orders.c.shop == shop, orders.c.cancelled.is_(False), orders.c.left_out == ""),
            and_(stop_requests.c.verdict == "stopped", stop_requests.c.asked_by.is_not(None)),
            or_(orders.c.next_at.is_(None), orders.c.next_at <= now),
            and_(~told_since, or_(~_has_slips(), _results_were_read())),
            and_(~_with_a_person(stage), ~open_of(stage, orders.c.id, once=KIND)),
        )
        .order_by(orders.c.next_at.nulls_first(), orders.c.id)
        .limit(due.BATCH)
    )
    return list(connection.execute(query))


def request_of(asked_at: datetime) -> str:
    """A request's part in the stable key of its act."""
    return f"{asked_at:%Y%m%dT%H%M%SZ}"


def _has_slips() -> ColumnElement[bool]:
    return exists().where(order_slips.c.order_id == orders.c.id)


def _results_were_read() -> ColumnElement[bool]:
    """A shipment that the warehouse had told of before it agreed would be known by now."""
    here = and_(pulses.c.shop == orders.c.shop, pulses.c.what == READS_RESULTS)
    return exists().where(here, pulses.c.ok_at >= stop_requests.c.verdict_at).correlate(orders, stop_requests)


def _with_a_person(stage: str) -> ColumnElement[bool]:
    """Held by this stage; or handled outside, where perhaps somebody ships it from the office.

    The stop itself takes the latter hold off; only a person's release does away with it.
    """
    held = and_(holds.c.stage == stage, holds.c.closed_at.is_(None), leaving.blocking())
    not_released = or_(holds.c.closed_at.is_(None), holds.c.closed_by == CONNECTOR)
    handled = and_(holds.c.reason.in_((Reason.HANDLED, Reason.BY_HAND)), not_released)
    return exists().where(holds.c.item == "order", holds.c.item_id == orders.c.id, or_(held, handled))
