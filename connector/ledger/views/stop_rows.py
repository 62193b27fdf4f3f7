"""Stop rows (出荷止めの行): stop requests for the first page and the morning report, each with the cart's last word."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, false, or_, select

from connector.ledger import stop_answers
from connector.ledger.schema import orders, stop_requests
from connector.ledger.stop_bars import UNSETTLED
from connector.ledger.views.rows import StopRow, filled


def stops(connection: Connection, shop: str, *, since: datetime | None = None) -> list[StopRow]:
    """Stop requests whose end is not known, and those that ended since then."""
    ended = stop_requests.c.verdict_at >= since if since is not None else false()
    query = (
        select(stop_requests, orders.c.number, orders.c.state, orders.c.payable, orders.c.cancelled)
        .join(orders, orders.c.id == stop_requests.c.order_id)
        .where(stop_requests.c.shop == shop, or_(stop_requests.c.verdict.in_(UNSETTLED), ended))
        .order_by(stop_requests.c.asked_at)
    )
    rows = list(connection.execute(query))
    said = stop_answers.of_orders(connection, [row.order_id for row in rows])
    return [
        filled(StopRow, row, yen=row.payable, **_in_cart(row, said.get(row.order_id, []))) for row in rows
    ]


def _in_cart(row: Row[Any], said: list[Row[Any]]) -> dict[str, Any]:
    """What the cart said last, and when it was told; where people cancel there, only what it shows."""
    mine = [one for one in said if one.party == stop_answers.CART]
    told_at = next((one.at for one in reversed(mine) if one.answer == stop_answers.ASKED), None)
    if not mine or (row.cancelled and mine[-1].answer != stop_answers.AGREED):
        return {"cart": stop_answers.AGREED if row.cancelled else "", "cart_told_at": told_at}
    return {"cart": mine[-1].answer, "cart_told_at": told_at, "cart_at": mine[-1].at}
