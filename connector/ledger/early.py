"""Early results (先に届いた実績): events that came before their slip was known, or before it was known as relayed.

Each is a stray with its content, and stays one until the slip is there; a person may set it aside before that.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, exists, select, update

from connector.ledger.history import Entry, append
from connector.ledger.schema import slips, strays
from connector.slip import Shipment

CONNECTOR = "connector"
FITS = "伝票が見つかり、自動で取り込みました"
AT_ONCE = 500


def early_results(connection: Connection, shop: str) -> list[tuple[int, int | None, Shipment]]:
    """Open strays whose slip is known by now: id, exchange, and what they said. Oldest first."""
    number = strays.c.facts["slip_number"].as_string()
    query = (
        select(strays.c.id, strays.c.exchange_id, strays.c.facts)
        .where(
            strays.c.shop == shop,
            strays.c.system == "wms",
            strays.c.resolved_at.is_(None),
            strays.c.facts["shipment"].as_string().is_not(None),
            exists().where(slips.c.shop == shop, slips.c.number == number),
        )
        .order_by(strays.c.id)
        .limit(AT_ONCE)
    )
    return [
        (row.id, row.exchange_id, Shipment.from_bytes(row.facts["shipment"].encode()))
        for row in connection.execute(query)
    ]


def fitted(connection: Connection, shop: str, stray_ids: Iterable[int], now: datetime) -> None:
    """These found their slips."""
    for stray_id in stray_ids:
        here = update(strays).where(strays.c.id == stray_id, strays.c.resolved_at.is_(None))
        connection.execute(here.values(resolved_at=now, resolved_by=CONNECTOR))
        entry = Entry(item="stray", item_id=stray_id, number="", event="resolved", actor=CONNECTOR, note=FITS)
        append(connection, shop, now, [entry])
