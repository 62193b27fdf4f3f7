"""Closed days (締めた日): the report of a past day as it was, so that it gives the same bytes again (R3).

The only room of the views that writes; the first closing of a day stands for ever.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Connection, func, insert, select

from connector.ledger.schema import history, reports
from connector.ledger.views.times import business_day


def closed_day(connection: Connection, shop: str, day: date) -> bytes | None:
    """The stored report of a day, None while it is open."""
    return connection.scalar(select(reports.c.body).where(reports.c.shop == shop, reports.c.day == day))


def closed_days(connection: Connection, shop: str, *, limit: int = 400) -> list[date]:
    """Days with a stored report, newest first."""
    query = select(reports.c.day).where(reports.c.shop == shop).order_by(reports.c.day.desc())
    return list(connection.scalars(query.limit(limit)))


def days_recorded(connection: Connection, shop: str) -> tuple[date, date] | None:
    """The first and the last day on which the ledger wrote anything of the shop; None where it never did."""
    ends = select(func.min(history.c.at), func.max(history.c.at)).where(history.c.shop == shop)
    first, last = connection.execute(ends).one()
    return (business_day(first), business_day(last)) if first is not None else None


def close_day(connection: Connection, shop: str, day: date, body: bytes, now: datetime) -> bool:
    """Store a report; False where the day was closed before (nothing is written)."""
    if closed_day(connection, shop, day) is not None:
        return False
    connection.execute(insert(reports), [{"shop": shop, "day": day, "made_at": now, "body": body}])
    return True
