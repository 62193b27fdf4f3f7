"""Stop bars (出荷止め中): what no stage may begin for an order while its stop is unsettled.

From the very transaction of the request on nothing new is handed over: no mail, no import row, no instruction. What
had begun before it counts as handed over, and is what the stop is about.
"""

from __future__ import annotations

from functools import cache

from sqlalchemy import ColumnElement, and_, exists

from connector.ledger.schema import stop_requests

HANDING_OVER = ("notify", "import_daily")  # the stages of orders that tell the outside something new
UNSETTLED = ("open", "unknown")


@cache
def being_stopped(order_id: ColumnElement[int]) -> ColumnElement[bool]:
    """SQL: the order has a stop request whose end is not known. Built once."""
    mine = and_(stop_requests.c.order_id == order_id, stop_requests.c.verdict.in_(UNSETTLED))
    return exists().where(mine)
