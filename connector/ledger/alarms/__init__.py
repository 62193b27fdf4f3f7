"""Alarms (警報): what is wrong with a connection or a flow as a whole, told once when it begins and once when it ends.

A watcher looks at the ledger alone and answers with the facts while its alarm holds, None while all is well. Judging
may be repeated at will, by whoever; only the two turns are told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from connector.ledger.alarms import budget, imports, intake_silent, mappings, outage, relay, sign_in
from connector.ledger.history import Entry, append
from connector.ledger.schema_hub import alarms
from connector.ledger.storable import plain, plain_facts
from connector.outcome import Facts
from connector.shop import Shop

Watcher = Callable[[Connection, Shop, datetime], Facts | None]

WATCHERS: dict[str, Watcher] = {
    intake_silent.KIND: intake_silent.watch,
    sign_in.KIND: sign_in.watch,
    budget.NEAR_KIND: budget.near,
    budget.OVER_KIND: budget.over,
    imports.WAITS_KIND: imports.waits,
    imports.TOTALS_KIND: imports.totals,
    relay.STOPPED_KIND: relay.stopped,
    relay.SILENT_KIND: relay.silent,
    mappings.KIND: mappings.unused,
    "outage_cart": outage.cart,
    "outage_next_engine": outage.next_engine,
    "outage_mail": outage.mail,
    "outage_mailbox": outage.mailbox,
    "outage_warehouse": outage.warehouse,
}

AFTERWARDS: dict[str, Callable[[Connection, Shop, Facts], None]] = {
    intake_silent.KIND: intake_silent.afterwards
}
"""What an alarm that ends lets go on."""


@dataclass(frozen=True, slots=True)
class Turn:
    """An alarm began, or ended."""

    kind: str
    opened: bool
    opened_at: datetime
    evidence: Facts


def judge(
    connection: Connection, shop: Shop, now: datetime, watchers: Mapping[str, Watcher] = WATCHERS
) -> list[Turn]:
    """What every watcher says now; returns the alarms that began or ended with it."""
    known = {row.kind: row for row in still_open(connection, shop.key)}
    turns = []
    for kind, watcher in watchers.items():
        facts, row = watcher(connection, shop, now), known.get(kind)
        if facts is None and row is not None:
            _end(connection, shop, row, now, "")
            turns.append(Turn(kind, False, row.opened_at, row.evidence))
        elif facts is not None and row is not None:
            held = {"seen_at": now, "evidence": plain_facts(facts)}
            connection.execute(update(alarms).where(alarms.c.id == row.id).values(**held))
        elif facts is not None:
            fresh = {"shop": shop.key, "kind": kind, "opened_at": now, "seen_at": now, "note": ""}
            connection.execute(insert(alarms), [fresh | {"evidence": plain_facts(facts)}])
            turns.append(Turn(kind, True, now, facts))
    return turns


def close(connection: Connection, shop: Shop, kind: str, actor: str, why: str, now: datetime) -> bool:
    """A person says that it is over; False where none is open. What still holds is told again by its watcher."""
    row = next((row for row in still_open(connection, shop.key) if row.kind == kind), None)
    if row is None:
        return False
    _end(connection, shop, row, now, f"{actor}: {why}")
    entry = Entry(
        item="shop",
        item_id=None,
        number="",
        event="alarm_closed",
        actor=actor,
        note=why,
        facts={"alarm": kind},
    )
    append(connection, shop.key, now, [entry])
    return True


def still_open(connection: Connection, shop: str) -> Sequence[Row[Any]]:
    """Open alarms of a shop, oldest first."""
    query = select(alarms).where(alarms.c.shop == shop, alarms.c.closed_at.is_(None))
    return connection.execute(query.order_by(alarms.c.opened_at, alarms.c.id)).all()


def _end(connection: Connection, shop: Shop, row: Row[Any], now: datetime, note: str) -> None:
    ended = {"closed_at": now, "note": plain(note)}
    connection.execute(update(alarms).where(alarms.c.id == row.id).values(**ended))
    if (go_on := AFTERWARDS.get(row.kind)) is not None:
        go_on(connection, shop, row.evidence)
