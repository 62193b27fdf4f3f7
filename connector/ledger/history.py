"""History (履歴): append-only rows, each chained to the one before by its digest.

The chain runs per shop; changing, dropping or inserting a row breaks every digest after it (invariant T2).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, func, select

from connector.ledger.inserts import insert_all
from connector.ledger.schema import history
from connector.ledger.storable import plain, plain_facts
from connector.outcome import Facts

GENESIS = "0" * 64
_encode = msgspec.json.Encoder(order="deterministic").encode


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing that happened: to what, from where to where, by whom and why."""

    item: str  # order, slip, effect, hold, stray, shop
    item_id: int | None
    number: str
    event: str
    from_state: str = ""
    to_state: str = ""
    stage: str = ""
    actor: str = "connector"
    note: str = ""
    facts: Facts = msgspec.field(default_factory=dict)


def revalued(
    item: str, item_id: int, number: str, state: str, stage: str, before: int, now: int
) -> list[Entry]:
    """金額の変更: the total in yen of what stands at a place is another one; nothing where it is the same."""
    if before == now:
        return []
    return [
        Entry(
            item=item,
            item_id=item_id,
            number=number,
            event="revalued",
            from_state=state,
            to_state=state,
            stage=stage,
            facts={"from": before, "to": now},
        )
    ]


_NAMES = Entry.__struct_fields__


def append(connection: Connection, shop: str, at: datetime, entries: Sequence[Entry]) -> None:
    """Write these entries, in this order, at the end of the shop's chain."""
    if not entries:
        return
    _one_writer(connection, shop)
    last = connection.scalar(
        select(history.c.digest).where(history.c.shop == shop).order_by(history.c.id.desc()).limit(1)
    )
    digest = last or GENESIS
    rows = []
    for entry in entries:
        row = _content(entry)
        digest = _link(digest, shop, at, row)
        row |= {"shop": shop, "at": at, "digest": digest}
        rows.append(row)
    insert_all(connection, history, rows)


def _content(entry: Entry) -> dict[str, object]:
    """What is stored must be what was hashed: dates and tuples become plain JSON first."""
    return {
        "item": entry.item,
        "item_id": entry.item_id,
        "number": entry.number,
        "event": entry.event,
        "from_state": entry.from_state,
        "to_state": entry.to_state,
        "stage": entry.stage,
        "actor": entry.actor,
        "note": plain(entry.note) if entry.note else "",
        "facts": plain_facts(entry.facts),
    }


def _one_writer(connection: Connection, shop: str) -> None:
    """SQLite has one writer anyway; on PostgreSQL two transactions must not continue the same link."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"history/{shop}"))))


def verify(connection: Connection, shop: str) -> int | None:
    """The id of the first row whose digest does not fit, None where the chain is whole."""
    digest = GENESIS
    query = select(history).where(history.c.shop == shop).order_by(history.c.id)
    for row in connection.execute(query).mappings():
        content = {name: row[name] for name in _NAMES}
        digest = _link(digest, shop, row["at"], content)
        if digest != row["digest"]:
            return int(row["id"])
    return None


def _link(before: str, shop: str, at: datetime, row: dict[str, object]) -> str:
    content = _encode([before, shop, at, row])
    return hashlib.sha256(content).hexdigest()
