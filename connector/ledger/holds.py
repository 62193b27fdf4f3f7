"""Holds (保留): pinning trouble on an item, and taking it off again. One open hold per item and reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, insert, select, update

from connector.ledger.database import among, pieces
from connector.ledger.history import Entry
from connector.ledger.schema import holds
from connector.ledger.storable import plain
from connector.outcome import Reason

CONNECTOR = "connector"  # who closes a hold whose cause is gone


def pin(
    connection: Connection,
    shop: str,
    now: datetime,
    *,
    item: str,
    item_id: int,
    number: str,
    reason: Reason,
    note: str,
    stage: str,
) -> list[Entry]:
    """Open a hold; an open one of the same reason only gets the newer words and stage.

    Returns what to write down.
    """
    note = plain(note)
    here = and_(holds.c.item == item, holds.c.item_id == item_id, holds.c.reason == reason)
    known = connection.execute(select(holds).where(here, holds.c.closed_at.is_(None))).first()
    if known is not None:
        if (known.note, known.stage) != (note, stage):
            connection.execute(update(holds).where(holds.c.id == known.id).values(note=note, stage=stage))
        return []
    row = {"shop": shop, "item": item, "item_id": item_id, "number": number, "reason": reason}
    connection.execute(insert(holds), [row | {"note": note, "stage": stage, "opened_at": now}])
    return [_entry(item, item_id, number, "held", stage, CONNECTOR, reason, note)]


def take_off(
    connection: Connection,
    now: datetime,
    *,
    item: str,
    item_id: int,
    number: str,
    by: str,
    why: str,
    reasons: Iterable[Reason] | None = None,
    stage: str = "",
) -> list[Entry]:
    """Close the open holds of an item (only `reasons`, if given). None open: nothing happens."""
    here = and_(holds.c.item == item, holds.c.item_id == item_id, holds.c.closed_at.is_(None))
    if reasons is not None:
        here = and_(here, holds.c.reason.in_([str(reason) for reason in reasons]))
    found = list(connection.execute(select(holds).where(here)))
    if not found:
        return []
    closed = {"closed_at": now, "closed_by": by, "close_note": why}
    connection.execute(update(holds).where(holds.c.id.in_([row.id for row in found])).values(closed))
    return [_entry(item, item_id, number, "released", stage, by, row.reason, why) for row in found]


def let_pass(
    connection: Connection, item: str, rows: Sequence[Row[Any]]
) -> dict[int, tuple[tuple[Reason, str], ...]]:
    """What people released while each of these items stood where it stands: exactly that finding may pass."""
    if not rows:
        return {}
    since = {row.id: row.since for row in rows}
    found: dict[int, list[tuple[Reason, str]]] = {}
    for part in pieces(since):
        query = select(holds).where(
            holds.c.item == item,
            among(connection, holds.c.item_id, part),
            holds.c.closed_at.is_not(None),
            holds.c.closed_by != CONNECTOR,
        )
        for row in connection.execute(query):
            if row.closed_at >= since[row.item_id]:
                found.setdefault(row.item_id, []).append((Reason(row.reason), row.note))
    return {id_: tuple(passed) for id_, passed in found.items()}


def _entry(
    item: str, item_id: int, number: str, event: str, stage: str, actor: str, reason: str, note: str
) -> Entry:
    return Entry(
        item=item,
        item_id=item_id,
        number=number,
        event=event,
        stage=stage,
        actor=actor,
        note=note,
        facts={"reason": str(reason)},
    )
