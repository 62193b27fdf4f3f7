"""Case figures (決済NGの数字): how many payments are open, what they are worth, and how many heal (B10)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from msgspec import Struct
from sqlalchemy import Connection, func, select

from connector.ledger.case_steps import HEALED, OPEN
from connector.ledger.schema import orders
from connector.ledger.schema_cart import payment_cases
from connector.ledger.views.cases import GIVEN_UP, CaseRow, ended_cases, open_cases
from connector.ledger.views.times import business_day, day_span
from connector.shop import Shop

SHARE_OVER = timedelta(days=30)


class CaseFigures(Struct, frozen=True, kw_only=True):
    """`healed_permille`: of the cases opened in the last 30 days, how many healed so far; None: none opened."""

    open: int
    open_yen: int
    oldest_at: datetime | None
    oldest: str
    healed: int  # on the day of the report
    healed_yen: int
    missed: int  # healed, and not in the import it should have joined
    given_up: int
    given_up_yen: int
    healed_permille: int | None


class Cases(Struct, frozen=True, kw_only=True):
    """The figures and the list they count."""

    figures: CaseFigures
    rows: tuple[CaseRow, ...]


def cases_list(
    connection: Connection, shop: Shop, now: datetime, *, day: date | None = None, everything: bool = False
) -> Cases:
    """Open cases, and those that ended on `day` (the day before `now` if not said) or later; or every case."""
    chosen = day or business_day(now) - timedelta(days=1)
    begins_at, ends_at = day_span(chosen)
    open_ones = open_cases(connection, shop, now)
    since = shop.start_at if everything else begins_at
    ended = ended_cases(connection, shop, since, now)
    figures = _figures(connection, shop, open_ones, ended, begins_at, ends_at, now)
    return Cases(figures=figures, rows=(*open_ones, *ended))


def _figures(
    connection: Connection,
    shop: Shop,
    open_ones: Sequence[CaseRow],
    ended: Sequence[CaseRow],
    begins_at: datetime,
    ends_at: datetime,
    now: datetime,
) -> CaseFigures:
    alive = [one for one in open_ones if one.state == OPEN]
    given_up = [one for one in open_ones if one.state == GIVEN_UP]
    healed_rows = _healed_between(connection, shop.key, begins_at, ends_at)
    return CaseFigures(
        open=len(alive),
        open_yen=sum(one.yen for one in alive),
        oldest_at=alive[0].opened_at if alive else None,
        oldest=alive[0].order_number if alive else "",
        healed=healed_rows[0],
        healed_yen=healed_rows[1],
        missed=sum(one.situation == "missed" for one in ended),
        given_up=len(given_up),
        given_up_yen=sum(one.yen for one in given_up),
        healed_permille=_healed_share(connection, shop.key, now - SHARE_OVER),
    )


def _healed_between(
    connection: Connection, shop: str, begins_at: datetime, ends_at: datetime
) -> tuple[int, int]:
    query = (
        select(func.count(), func.coalesce(func.sum(orders.c.payable), 0))
        .join_from(payment_cases, orders, orders.c.id == payment_cases.c.order_id)
        .where(
            payment_cases.c.shop == shop,
            payment_cases.c.state == HEALED,
            payment_cases.c.closed_at >= begins_at,
            payment_cases.c.closed_at < ends_at,
        )
    )
    count, yen = connection.execute(query).one()
    return int(count), int(yen)


def _healed_share(connection: Connection, shop: str, since: datetime) -> int | None:
    query = (
        select(payment_cases.c.state, func.count())
        .where(payment_cases.c.shop == shop, payment_cases.c.opened_at >= since)
        .group_by(payment_cases.c.state)
    )
    counted = {state: int(number) for state, number in connection.execute(query)}
    total = sum(counted.values())
    return counted.get(HEALED, 0) * 1000 // total if total else None
