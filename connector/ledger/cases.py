"""Cases (決済NGの案件): a refused payment from its first failure until it healed, was replaced or given up (B10)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from connector.ledger.history import Entry
from connector.ledger.schema_cart import payment_cases
from connector.order import Order, PaymentState


def seen(
    connection: Connection, shop: str, order_id: int, old: Order | None, order: Order, now: datetime
) -> list[Entry]:
    """A walking order was seen for the first time (`old` None) or in a new version."""
    refused = order.payment.state is PaymentState.REFUSED
    open_case = select(payment_cases.c.id).where(
        payment_cases.c.order_id == order_id, payment_cases.c.closed_at.is_(None)
    )
    case_id = connection.scalar(open_case)
    if refused and case_id is None:
        row = {"shop": shop, "order_id": order_id, "opened_at": now, "words": order.payment.words}
        connection.execute(insert(payment_cases), [row])
        return []
    if case_id is not None and not refused and order.payment.state is not PaymentState.VOIDED:
        ended = update(payment_cases).where(payment_cases.c.id == case_id)
        connection.execute(ended, {"state": "healed", "closed_at": now})
    return []
