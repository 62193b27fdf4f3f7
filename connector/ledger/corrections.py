"""Corrections (出荷実績の訂正): slips that the warehouse spoke of again after Next Engine had confirmed them.

What the cart was told decides: until then a correction goes to Next Engine by itself, afterwards a person looks (S6).
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select

from connector.journey import OrderState, SlipState
from connector.ledger.schema import order_slips, orders, shipments, slips
from connector.ledger.under_way import any_for

COMPLETE = "complete"  # the stage that tells the cart
UNDER_WAY = (OrderState.NOTIFIED, OrderState.IN_INTAKE, OrderState.IMPORTED, OrderState.SHIPPED)


def written(connection: Connection, slip_id: int) -> bool:
    """Whether the cart was told that an order of this slip is complete, or may have been."""
    query = (
        select(orders.c.id, orders.c.state)
        .join(order_slips, order_slips.c.order_id == orders.c.id)
        .where(order_slips.c.slip_id == slip_id)
    )
    return any(
        row.state == OrderState.COMPLETED or any_for(connection, COMPLETE, row.id)
        for row in connection.execute(query)
    )


def told_anew() -> ColumnElement[bool]:
    """SQL: not confirmed yet; or the warehouse spoke after that, while an order of it waits for its completion."""
    spoken = exists().where(
        shipments.c.shop == slips.c.shop,
        shipments.c.slip_number == slips.c.number,
        shipments.c.at >= slips.c.since,
    )
    waiting = (  # a short list, looked up once: most confirmed slips are done with
        select(order_slips.c.slip_id)
        .join(orders, orders.c.id == order_slips.c.order_id)
        .where(orders.c.state.in_(UNDER_WAY))
    )
    return or_(slips.c.state != SlipState.CONFIRMED, and_(slips.c.id.in_(waiting), spoken.correlate(slips)))
