"""Slips (受注伝票の写し): what Next Engine shows, stored as it stands, and what follows from it.

A slip's place is derived from NE's status and only moves forward ("at least this far"): people move slips by
hand, both ways, and a slip that went back is a finding, not a second walk. What changes in NE after the warehouse
has the slip is never silent (W3). Safe to repeat.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, insert, select, update

from connector.journey import SlipState, at_least
from connector.ledger import (
    change_endings,
    codec,
    holds,
    late_changes,
    sendings,
    slip_checks,
    slip_ties,
    unshipped,
)
from connector.ledger.database import pieces
from connector.ledger.history import Entry, append, revalued
from connector.ledger.schema import holds as hold_rows
from connector.ledger.schema import slips
from connector.outcome import SELF_CLEARING, Reason
from connector.slip import NEStatus, Slip

SETTLED_BY_MOVING = SELF_CLEARING | {Reason.MARK_REFUSED}
OVER_WITH_THE_SLIP = {
    Reason.DUPLICATE_SHIPMENT,
    Reason.CHANGED_AFTER_RELAY,
}  # its cancel is the next question
# Built once: a morning brings thousands of slips, and building a statement costs more than running it.
_CONTENT = update(slips).where(slips.c.id == bindparam("of"))
_MOVE = update(slips).where(slips.c.id == bindparam("of"), slips.c.state == bindparam("seen"))


def place_of(slip: Slip, now: datetime) -> SlipState:
    """Where NE's picture proves a slip to stand. 印刷済 alone does not prove that a warehouse has it."""
    if not slip.live:
        return SlipState.CANCELLED
    if slip.status >= NEStatus.SHIPPED:
        return SlipState.CONFIRMED
    if slip.status in (NEStatus.PRINTING, NEStatus.PRINTED) or slip.print_ready(now):
        return SlipState.PRINT_READY
    if slip.status in (NEStatus.OPEN, NEStatus.PRINT_WAIT):
        return SlipState.OPEN
    return SlipState.INTAKE


def see(connection: Connection, shop: str, stage: str, seen: Sequence[Slip], now: datetime) -> int:
    """Store these slips as NE shows them now; returns how many were new or changed."""
    fresh = {slip.number: slip for slip in seen}
    known = _known(connection, shop, fresh)
    new = [slip for slip in fresh.values() if slip.number not in known]
    changed = [(row, fresh[number]) for number, row in known.items() if not _same(row, fresh[number])]
    ids = _insert(connection, shop, new, now)
    entries = [_entry(ids[slip.number], slip, "seen", "", place_of(slip, now), stage) for slip in new]
    for row, slip in changed:
        entries += revalued("slip", row.id, slip.number, row.state, stage, row.total, slip.total)
        entries += late_changes.of(connection, shop, stage, row, slip, now)
    entries += unshipped.taken_back(connection, shop, stage, changed, now)
    _store(connection, changed, now)
    # Also where the picture is the same: time may have made it print-ready, and only now its rows may be in it.
    for row, slip in _with_new_rows(known, fresh):
        waits = {"waiting_for": slip.waits_for(now)} if row.state == SlipState.OPEN else {}
        connection.execute(_CONTENT, {"of": row.id, "body": codec.encode(_with_rows(slip, row))} | waits)
    entries += _move_all(connection, [(row, fresh[number]) for number, row in known.items()], stage, now)
    news = [(ids[slip.number], slip) for slip in new] + [(row.id, slip) for row, slip in changed]
    entries += unshipped.shipped_again(connection, shop, stage, changed, now)
    slip_ties.tie(connection, shop, news)
    entries += slip_ties.consequences(connection, shop, stage, news, now)
    ids |= {number: row.id for number, row in known.items()}
    pictures = {ids[number]: _with_rows(slip, known.get(number)) for number, slip in fresh.items()}
    slip_checks.note(connection, shop, pictures, now)
    sendings.shown(connection, shop, pictures, now)
    entries += change_endings.shown(connection, shop, [(ids[n], slip) for n, slip in fresh.items()], now)
    append(connection, shop, now, entries)
    return len(news)


def ripen(connection: Connection, shop: str, stage: str, now: datetime) -> int:
    """Slips whose print-instruct date has come since we last saw them; NE does not mark that as a change."""
    query = select(slips).where(
        slips.c.shop == shop, slips.c.state == SlipState.OPEN, slips.c.status == NEStatus.PRINT_WAIT
    )
    waiting = [(row, codec.slip(row.body)) for row in connection.execute(query)]
    entries = _move_all(connection, waiting, stage, now)
    slip_checks.note(connection, shop, {row.id: slip for row, slip in waiting}, now)
    append(connection, shop, now, entries)
    return len(entries)


def _same(row: Row[Any], slip: Slip) -> bool:
    return bool(row.lock == slip.lock and row.status == slip.status)


def _with_new_rows(known: dict[str, Row[Any]], fresh: dict[str, Slip]) -> list[tuple[Row[Any], Slip]]:
    """Same picture, but read with its rows for the first time."""
    same = ((row, fresh[number]) for number, row in known.items() if fresh[number].rows)
    return [
        (row, slip)
        for row, slip in same
        if _same(row, slip) and _rows_of(codec.slip(row.body)) != (slip.rows, slip.lock)
    ]


def _rows_of(slip: Slip) -> tuple[object, str]:
    return slip.rows, slip.rows_lock


def _known(connection: Connection, shop: str, numbers: Iterable[str]) -> dict[str, Row[Any]]:
    found: dict[str, Row[Any]] = {}
    for part in pieces(numbers):
        query = select(slips).where(slips.c.shop == shop, slips.c.number.in_(part))
        found |= {row.number: row for row in connection.execute(query)}
    return found


def _content(slip: Slip, now: datetime) -> dict[str, Any]:
    return {
        "order_number": slip.order_number,
        "status": slip.status,
        "cancel_type": slip.cancel_type,
        "merged_into": slip.merged_into if slip.merged else "",
        "total": slip.total,
        "lock": slip.lock,
        "waiting_for": slip.waits_for(now),
        "body": codec.encode(slip),
        "seen_at": now,
    }


def _insert(connection: Connection, shop: str, new: Sequence[Slip], now: datetime) -> dict[str, int]:
    if not new:
        return {}
    rows = [
        {"shop": shop, "number": slip.number, "state": place_of(slip, now), "since": now}
        | _content(_with_rows(slip, None), now)
        for slip in new
    ]
    returning = insert(slips).returning(slips.c.number, slips.c.id, sort_by_parameter_order=True)
    return dict(connection.execute(returning, rows).all())


def _store(connection: Connection, changed: Sequence[tuple[Row[Any], Slip]], now: datetime) -> None:
    rows = [
        _content(slip, now) | {"of": row.id, "next_at": None, "body": codec.encode(_with_rows(slip, row))}
        for row, slip in changed
    ]
    if rows:
        connection.execute(_CONTENT, rows)


def _with_rows(slip: Slip, row: Row[Any] | None) -> Slip:
    """Many reads come without rows; those we once saw stay, and under which change of the slip we saw them."""
    if slip.rows:
        return msgspec.structs.replace(slip, rows_lock=slip.lock)
    if row is None:
        return slip
    before = codec.slip(row.body)
    return msgspec.structs.replace(slip, rows=before.rows, rows_lock=before.rows_lock)


def _move_all(
    connection: Connection, pictures: Sequence[tuple[Row[Any], Slip]], stage: str, now: datetime
) -> list[Entry]:
    """Forward to where NE's picture proves them to stand."""
    entries: list[Entry] = []
    moved: dict[int, Slip] = {}
    for row, slip in pictures:
        here, there = SlipState(row.state), place_of(slip, now)
        if here in (there, SlipState.CANCELLED, SlipState.CONFIRMED):
            continue  # also one that lives again after its cancel: it never walks by itself
        if there is not SlipState.CANCELLED and not at_least(there, here):
            continue
        fresh = {"state": there, "since": now, "next_at": None, "tries": 0}
        fresh |= {"waiting_for": slip.waits_for(now), "of": row.id, "seen": here}
        if connection.execute(_MOVE, fresh).rowcount == 1:
            moved[row.id] = slip
            entries.append(_entry(row.id, slip, "moved", here, there, stage))
    return _freed(connection, moved, stage, now) + entries


def _freed(connection: Connection, moved: dict[int, Slip], stage: str, now: datetime) -> list[Entry]:
    """Somebody moved them on: what kept them at the old place is no longer a question. A cancel answers a double."""
    held: set[int] = set()
    for part in pieces(moved):
        query = select(hold_rows.c.item_id).where(
            hold_rows.c.item == "slip", hold_rows.c.item_id.in_(part), hold_rows.c.closed_at.is_(None)
        )
        held |= set(connection.scalars(query))
    return [
        entry
        for id_ in sorted(held)
        for entry in holds.take_off(
            connection,
            now,
            item="slip",
            item_id=id_,
            number=moved[id_].number,
            by="connector",
            why="ネクストエンジンで先へ進みました"
            if moved[id_].live
            else "ネクストエンジンで取り消されました",
            reasons=SETTLED_BY_MOVING if moved[id_].live else SETTLED_BY_MOVING | OVER_WITH_THE_SLIP,
            stage=stage,
        )
    ]


def _entry(slip_id: int, slip: Slip, event: str, before: str, to: str, stage: str) -> Entry:
    return Entry(
        item="slip",
        item_id=slip_id,
        number=slip.number,
        event=event,
        from_state=before,
        to_state=to,
        stage=stage,
        facts={"order": slip.order_number, "status": slip.status, "cancel": slip.cancel_type},
    )
