"""Bookings (まとめて記帳): a piece of a result file in one transaction, with a fixed number of statements.

What each shipment means is said in `shipments.py`; here many of them are looked up and written at once. A repeat of
known content changes nothing, other content under the same number is a new version (S5), whoever wrote the one before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from connector.journey import SlipState
from connector.ledger import codec
from connector.ledger.database import among, pieces
from connector.ledger.inserts import insert_all
from connector.ledger.schema import shipments, slips, tracking_numbers
from connector.slip import Shipment


def book_all(
    connection: Connection, shop: str, events: Sequence[Shipment], exchange_id: int | None, now: datetime
) -> int:
    """Store shipping events, in this order; returns how many said something new."""
    known = _known(connection, shop, {event.slip_number for event in events})
    fresh: list[Shipment] = []
    rows: list[dict[str, Any]] = []
    for event in events:
        versions = known[event.slip_number, event.result_id]
        if any(event.repeats(known_one) for known_one in versions):
            continue
        versions.append(event)
        fresh.append(event)
        rows.append(_row(shop, event, len(versions), exchange_id, now))
    if rows:
        insert_all(connection, shipments, rows)
        _keep_numbers(connection, shop, fresh, now)
    return len(rows)


def _known(
    connection: Connection, shop: str, slip_numbers: Iterable[str]
) -> defaultdict[tuple[str, str], list[Shipment]]:
    found: defaultdict[tuple[str, str], list[Shipment]] = defaultdict(list)
    for part in pieces(slip_numbers):
        query = select(shipments.c.body).where(
            shipments.c.shop == shop, among(connection, shipments.c.slip_number, part)
        )
        for event in map(codec.shipment, connection.scalars(query)):
            found[event.slip_number, event.result_id].append(event)
    return found


def _row(shop: str, event: Shipment, version: int, exchange_id: int | None, now: datetime) -> dict[str, Any]:
    return {
        "shop": shop,
        "slip_number": event.slip_number,
        "result_id": event.result_id,
        "version": version,
        "result": event.result,
        "shipped_on": event.shipped_on,
        "tracking": " ".join(event.tracking),
        "body": codec.encode(event),
        "exchange_id": exchange_id,
        "at": now,
    }


def _keep_numbers(connection: Connection, shop: str, events: Sequence[Shipment], now: datetime) -> None:
    pairs = dict.fromkeys((number, event.slip_number) for event in events for number in event.tracking)
    known: set[tuple[str, str]] = set()
    for part in pieces({number for number, _ in pairs}):
        query = select(tracking_numbers.c.number, tracking_numbers.c.slip_number).where(
            tracking_numbers.c.shop == shop, among(connection, tracking_numbers.c.number, part)
        )
        known |= {(number, slip) for number, slip in connection.execute(query)}
    rows = [
        {"shop": shop, "number": number, "slip_number": slip, "at": now}
        for number, slip in pairs
        if (number, slip) not in known
    ]
    insert_all(connection, tracking_numbers, rows)


def slips_of_numbers(
    connection: Connection, shop: str, numbers: Iterable[str], since: datetime
) -> dict[str, list[str]]:
    """Which slips got these tracking numbers since then (S3)."""
    found: dict[str, list[str]] = {}
    for part in pieces(set(numbers)):
        query = (
            select(tracking_numbers.c.number, tracking_numbers.c.slip_number)
            .where(
                tracking_numbers.c.shop == shop,
                among(connection, tracking_numbers.c.number, part),
                tracking_numbers.c.at >= since,
            )
            .order_by(tracking_numbers.c.at, tracking_numbers.c.slip_number)
        )
        for number, slip in connection.execute(query):
            found.setdefault(number, []).append(slip)
    return found


def on_the_line(connection: Connection, shop: str, numbers: Iterable[str]) -> set[str]:
    """Those of these slips that we know and that came as far as to be printed."""
    early = (SlipState.INTAKE, SlipState.OPEN)
    found: set[str] = set()
    for part in pieces(set(numbers)):
        query = select(slips.c.number).where(
            slips.c.shop == shop, slips.c.number.in_(part), slips.c.state.not_in(early)
        )
        found |= set(connection.scalars(query))
    return found
