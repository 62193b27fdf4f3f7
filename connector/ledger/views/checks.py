"""Checks (確認待ちなどの履歴): under which reasons slips stood in Next Engine, of one order and of a span of days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, and_, or_, select

from connector.ledger.schema import order_slips, orders, slips
from connector.ledger.schema_hub import slip_checks
from connector.ledger.views.rows import CheckRow, filled


class CheckFigure(Struct, frozen=True, kw_only=True):
    """One reason within a span of time: how many slips stood under it, and for how long together."""

    tab: str
    code: str  # of 確認待ち: AO, AA; without the row
    slips: int
    still: int  # of these, stand under it at the end of the span
    waited: timedelta  # inside the span, as far as it was seen

    @property
    def hours(self) -> float:
        return self.waited.total_seconds() / 3600


def checks_of(
    connection: Connection, shop: str, *, order: str | None = None, slip: str | None = None
) -> list[CheckRow]:
    """Every reason the slips of this order, or this slip, ever stood under; in the order they were seen."""
    where: list[ColumnElement[bool]] = [slip_checks.c.shop == shop]
    if slip is not None:
        where.append(slips.c.number == slip)
    if order is not None:
        behind = select(order_slips.c.slip_id).join(orders, orders.c.id == order_slips.c.order_id)
        where.append(slips.c.id.in_(behind.where(orders.c.shop == shop, orders.c.number == order)))
    return _rows(connection, and_(*where))


def checks_between(connection: Connection, shop: str, since: datetime, until: datetime) -> list[CheckRow]:
    """Every reason a slip stood under at some time from `since` until before `until`."""
    lasted = or_(slip_checks.c.closed_at.is_(None), slip_checks.c.closed_at > since)
    return _rows(connection, and_(slip_checks.c.shop == shop, slip_checks.c.opened_at < until, lasted))


def check_figures(
    connection: Connection, shop: str, since: datetime, until: datetime, now: datetime
) -> list[CheckFigure]:
    """By reason, the longest waiting first. Only what lies inside the span counts, and nothing after `now`."""
    ends = min(until, now)
    found: dict[tuple[str, str], list[CheckRow]] = {}
    for row in checks_between(connection, shop, since, until):
        found.setdefault((row.tab, row.code.partition("#")[0]), []).append(row)
    figures = [_figure(*key, rows, since, ends) for key, rows in found.items()]
    return sorted(figures, key=lambda one: (-one.waited, one.tab, one.code))


def _figure(tab: str, code: str, rows: Sequence[CheckRow], since: datetime, ends: datetime) -> CheckFigure:
    """A slip with two rows under one code waited once, not twice."""
    spans: dict[str, list[tuple[datetime, datetime]]] = {}
    for row in rows:
        span = max(row.opened_at, since), min(row.closed_at or ends, ends)
        spans.setdefault(row.slip_number, []).append(span)
    still = {row.slip_number for row in rows if row.closed_at is None or row.closed_at > ends}
    waited = sum((_covered(some) for some in spans.values()), timedelta(0))
    return CheckFigure(tab=tab, code=code, slips=len(spans), still=len(still), waited=waited)


def _covered(spans: Sequence[tuple[datetime, datetime]]) -> timedelta:
    total, reached = timedelta(0), None
    for begins, ends in sorted(spans):
        begins = begins if reached is None else max(begins, reached)
        total += max(ends - begins, timedelta(0))
        reached = ends if reached is None else max(ends, reached)
    return total


def _rows(connection: Connection, where: Any) -> list[CheckRow]:
    query = (
        select(slip_checks, slips.c.number.label("slip_number"))
        .join(slips, slips.c.id == slip_checks.c.slip_id)
        .where(where)
        .order_by(slip_checks.c.opened_at, slip_checks.c.id)
    )
    return [filled(CheckRow, row) for row in connection.execute(query)]
