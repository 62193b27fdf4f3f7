"""Preflight rows (取込前確認の記録): where each file's check stands, and what the same weekday's files were."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, distinct, func, select

from connector.ledger.bands import Figures, merged
from connector.ledger.effects import AGAIN
from connector.ledger.schema import effects, holds
from connector.ledger.schema_hub import preflights
from connector.shop import Shop

LOOK_EVERY = timedelta(minutes=10)  # how often a waiting file is planned again: each look costs requests
LONGEST = timedelta(days=2)  # nobody waits longer for a click: the next set time comes first
WEEKS = 26  # how far back a weekday's earlier files are looked for
KEPT = 400  # earlier rows whose goods count as known
RULE = "connector"  # who decides at a deadline


class Verdict(StrEnum):
    """Where a file's check stands."""

    PASSED = "passed"
    WAITS = "waits"
    RELEASED = "released"  # by a click, or at the deadline by rule
    REFUSED = "refused"  # by a click
    EXPIRED = "expired"  # not released in time


WENT = (Verdict.PASSED, Verdict.RELEASED)
SHUT = (Verdict.REFUSED, Verdict.EXPIRED)


def named(window: str, revision: int) -> str:
    """A row's name: the set time, and the number of its file from the second on."""
    return window if revision == 1 else f"{window} r{revision}"


# --- what the stage and the rhythm ask ------------------------------------------------------------------


def picture(figures: Figures) -> str:
    """A short name for exactly these orders with this sum."""
    orders = ",".join(map(str, sorted(figures.get("items", ()))))
    return hashlib.sha256(f"{figures['yen']}:{orders}".encode()).hexdigest()[:16]


def shown(connection: Connection, shop: str, name: str) -> frozenset[int] | None:
    """The orders that a click released; None where there was none for this file."""
    row = row_of(connection, shop, name)
    if row is None or row.state != Verdict.RELEASED or row.decided_by == RULE:
        return None
    return frozenset(row.figures.get("items", ()))


def shut(connection: Connection, shop: str, window: str) -> bool:
    return any(row.state in SHUT for row in rows_of(connection, shop, window))


def waits(connection: Connection, shop: str, window: str) -> bool:
    """A file of this time waits for a click, or was released by one and has not left."""
    return any(is_open(connection, shop, row) for row in rows_of(connection, shop, window))


def kept_open(connection: Connection, shop: str, now: datetime) -> str:
    """The newest set time with such a file, where its catch-up time is over already."""
    return max((row.window.partition(" r")[0] for row in open_rows(connection, shop, now)), default="")


def open_rows(connection: Connection, shop: str, now: datetime) -> list[Row[Any]]:
    here = (preflights.c.shop == shop, preflights.c.checked_at > now - LONGEST)
    query = select(preflights).where(*here, preflights.c.state.in_([Verdict.WAITS, Verdict.RELEASED]))
    return [row for row in connection.execute(query) if is_open(connection, shop, row)]


def resting(connection: Connection, shop: str, name: str, now: datetime) -> bool:
    row = row_of(connection, shop, name)
    if row is None or row.state != Verdict.WAITS:
        return False
    return bool(now < min(row.deadline_at, row.checked_at + LOOK_EVERY))


def is_open(connection: Connection, shop: str, row: Row[Any]) -> bool:
    if row.state == Verdict.WAITS:
        return True
    if row.state != Verdict.RELEASED:
        return False
    window, _, revision = row.window.partition(" r")
    key = f"{shop}/ne_import/{window}" + (f"/r{revision}" if revision else "")
    left = select(effects.c.id).where(effects.c.key == key, effects.c.state.not_in(AGAIN))
    return connection.scalar(left) is None


def row_of(connection: Connection, shop: str, name: str) -> Row[Any] | None:
    query = select(preflights).where(preflights.c.shop == shop, preflights.c.window == name)
    return connection.execute(query).first()


def rows_of(connection: Connection, shop: str, window: str) -> list[Row[Any]]:
    """The rows of all files of one set time."""
    until = f"{window} s"  # behind every "… r2"
    here = (preflights.c.shop == shop, preflights.c.window >= window, preflights.c.window < until)
    return list(connection.execute(select(preflights).where(*here).order_by(preflights.c.id)))


# --- what a file is compared with -----------------------------------------------------------------------


def earlier(connection: Connection, shop: Shop, window: str) -> list[Figures]:
    """What went out at this time of the same weekday, newest first, one sum for each day."""
    day, clock_time = date.fromisoformat(window[:10]), window[11:]
    found: list[Figures] = []
    for weeks in range(1, WEEKS + 1):
        rows = rows_of(connection, shop.key, f"{day - timedelta(weeks=weeks)} {clock_time}")
        went = [row.figures for row in rows if row.state in WENT]
        if went:
            found.append(merged(went))
        if len(found) == shop.preflight.days:
            break
    return found


def known_goods(connection: Connection, shop: str, window: str) -> set[str]:
    here = (preflights.c.shop == shop, preflights.c.state.in_(WENT), preflights.c.window < window)
    query = select(preflights.c.figures).where(*here).order_by(preflights.c.window.desc()).limit(KEPT)
    return set(_goods(connection.scalars(query)))


def _goods(rows: Iterable[Figures]) -> Iterable[str]:
    return (sku for figures in rows for sku in figures.get("skus", ()))


def held_lately(connection: Connection, shop: str, now: datetime) -> int:
    """Orders that were held since yesterday and still are: what is missing from the file for a reason."""
    query = select(func.count(distinct(holds.c.item_id))).where(
        holds.c.shop == shop,
        holds.c.item == "order",
        holds.c.closed_at.is_(None),
        holds.c.opened_at > now - timedelta(days=1),
        holds.c.stage.in_(["ingest", "notify", "confirm_intake", "import_daily"]),
    )
    return int(connection.scalar(query) or 0)
