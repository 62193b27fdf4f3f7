"""Bookings (まとめて記帳): a piece of a result file in one transaction, with a fixed number of statements.

What each shipment means is said in `shipments.py`; here many of them are looked up and written at once. A repeat of
known content changes nothing, other content under the same number is a new version (S5), whoever wrote the one before.
A tracking number belongs to the slip it was given to; who only claims it gets it where a person lets that pass (S3).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import asdict
from sqlalchemy import ColumnElement, Connection, select

from connector.journey import SlipState
from connector.ledger import codec
from connector.ledger.database import among, pieces
from connector.ledger.holds import CONNECTOR
from connector.ledger.inserts import insert_all
from connector.ledger.schema import holds, shipments, slips, tracking_numbers
from connector.outcome import Reason
from connector.slip import Shipment

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Claim(Shipment, frozen=True, kw_only=True, gc=False):
    """An event with a tracking number of another slip: kept as it came, but it gives its slip no number (S3)."""

    @classmethod
    def of(cls, shipment: Shipment) -> Claim:
        return cls(**asdict(shipment))


def used_by(number: str, slip_number: str) -> str:
    """The words of the finding; a person who releases a hold with them lets exactly this pass."""
    return f"送り状番号 {number} は伝票 {slip_number} で使用済みです。"


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
        if isinstance(event, Claim):
            versions.append(Shipment(**asdict(event)))  # what is told again is compared with the plain event
        else:
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


def contested(connection: Connection, shop: str, events: Iterable[Shipment]) -> dict[tuple[str, str], str]:
    """(slip, number) of these events -> the other slip that has the number, where no person let that pass (S3)."""
    claimed = {(event.slip_number, number) for event in events for number in event.tracking}
    owners = _owners(connection, shop, {number for _, number in claimed})
    odd = [(slip, n) for slip, n in claimed if n in owners and slip not in owners[n]]
    passed = _notes_let_pass(connection, shop, {slip for slip, _ in odd}) if odd else {}
    return {
        (slip, n): owners[n][0]
        for slip, n in odd
        if not any(used_by(n, owner) in note for owner in owners[n] for note in passed.get(slip, ()))
    }


def passed_claims(connection: Connection, shop: str, since: datetime) -> list[Shipment]:
    """Events whose claim a person let pass since then, and that gave their slip no number yet."""
    query = select(holds.c.number).where(*_passed(shop), holds.c.closed_at >= since)
    numbers = set(connection.scalars(query))
    if not numbers:
        return []
    events = [one for versions in _known(connection, shop, numbers).values() for one in versions]
    odd = contested(connection, shop, events)
    owners = _owners(connection, shop, {number for event in events for number in event.tracking})
    return [
        event
        for event in events
        if not any((event.slip_number, n) in odd for n in event.tracking)
        and any(event.slip_number not in owners.get(n, ()) for n in event.tracking)
    ]


def give_numbers(connection: Connection, shop: str, events: Sequence[Shipment], now: datetime) -> None:
    """These events give their slips their numbers, whoever else has them. Repeating is safe."""
    _keep_numbers(connection, shop, events, now)


def _owners(connection: Connection, shop: str, numbers: Iterable[str]) -> dict[str, list[str]]:
    return slips_of_numbers(connection, shop, numbers, LONG_AGO)


def _notes_let_pass(connection: Connection, shop: str, slip_numbers: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in pieces(slip_numbers):
        query = select(holds.c.number, holds.c.note).where(
            *_passed(shop), among(connection, holds.c.number, part)
        )
        for number, note in connection.execute(query):
            found.setdefault(number, []).append(note)
    return found


def _passed(shop: str) -> tuple[ColumnElement[bool], ...]:
    return (
        holds.c.shop == shop,
        holds.c.item == "slip",
        holds.c.reason == Reason.SHIPMENT_CONFLICT,
        holds.c.closed_at.is_not(None),
        holds.c.closed_by != CONNECTOR,
    )


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
