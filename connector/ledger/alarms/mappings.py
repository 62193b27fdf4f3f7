"""Mappings (変換設定の警報): changed files that do not hold together, while everything goes on by those of before."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from connector.ledger.schema import pulses
from connector.outcome import Facts
from connector.shop import Shop

KIND = "mappings_unused"
PULSE = "mappings"  # what the re-reading of changed files says of itself


def unused(connection: Connection, shop: Shop, now: datetime) -> Facts | None:
    """At once: who has just edited a file believes that it is in use, and no pause mends it."""
    query = select(pulses.c.failing_since, pulses.c.words).where(
        pulses.c.shop == shop.key, pulses.c.what == PULSE, pulses.c.failing_since.is_not(None)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    first, *others = row.words.split("\n")
    return {"since": row.failing_since.isoformat(), "words": first, "more": len(others)}
