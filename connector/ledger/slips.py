"""Slips (受注伝票の写し): what Next Engine shows, stored as it stands, and what follows from it.

A slip's place is derived from NE's status and only moves forward ("at least this far"): people move slips by
hand, both ways, and a slip that went back is a finding, not a second walk. Safe to repeat.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from connector.journey import OrderState, SlipState, at_least
from connector.ledger import codec, holds
from connector.ledger.archive import new_id
from connector.ledger.history import Entry, append
from connector.ledger.schema import order_slips, orders, slips, stop_requests
from connector.outcome import Reason
from connector.slip import NEStatus, Slip


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
    known = _known(connection, shop, [slip.number for slip in seen])
    entries: list[Entry] = []
    changed = 0
    for slip in seen:
        row = known.get(slip.number)
        if row is None:
            slip_id = _insert(connection, shop, slip, now)
            entries.append(_entry(slip_id, slip, "seen", "", place_of(slip, now), stage))
        elif row.lock == slip.lock and row.status == slip.status:
            # The same picture; only time may have made it print-ready.
            entries += _move(connection, row, slip, now, stage)
            continue
        else:
            slip_id = row.id
            connection.execute(
                update(slips).where(slips.c.id == slip_id).values(**_content(slip, now), next_at=None)
            )
            entries += _move(connection, row, slip, now, stage)
        changed += 1
        _link(connection, shop, slip_id, slip)
        if not slip.live:
            entries += _cancelled(connection, shop, slip_id, slip, now, stage)
    append(connection, shop, now, entries)
    return changed


def ripen(connection: Connection, shop: str, stage: str, now: datetime) -> int:
    """Slips whose print-instruct date has come since we last saw them; NE does not mark that as a change."""
    query = select(slips).where(
        slips.c.shop == shop, slips.c.state == SlipState.OPEN, slips.c.status == NEStatus.PRINT_WAIT
    )
    entries: list[Entry] = []
    for row in list(connection.execute(query)):
        entries += _move(connection, row, codec.slip(row.body), now, stage)
    append(connection, shop, now, entries)
    return len(entries)


def _known(connection: Connection, shop: str, numbers: Iterable[str]) -> dict[str, Row[Any]]:
    query = select(slips).where(slips.c.shop == shop, slips.c.number.in_(list(numbers)))
    return {row.number: row for row in connection.execute(query)}


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


def _insert(connection: Connection, shop: str, slip: Slip, now: datetime) -> int:
    row = {"shop": shop, "number": slip.number, "state": place_of(slip, now), "since": now}
    return new_id(connection.execute(insert(slips).values(**row, **_content(slip, now))))


def _move(connection: Connection, row: Row[Any], slip: Slip, now: datetime, stage: str) -> list[Entry]:
    here, there = SlipState(row.state), place_of(slip, now)
    forward = there is SlipState.CANCELLED or at_least(there, here)
    if here in (there, SlipState.CANCELLED, SlipState.CONFIRMED) or not forward:
        return []
    moved = connection.execute(
        update(slips)
        .where(slips.c.id == row.id, slips.c.state == here)
        .values(state=there, since=now, next_at=None, tries=0)
    )
    if moved.rowcount != 1:
        return []
    return [_entry(row.id, slip, "moved", here, there, stage)]


def _link(connection: Connection, shop: str, slip_id: int, slip: Slip) -> None:
    """Tie the slip to every order it stands for: by number, by parent, and by what was merged into it."""
    how = "split" if slip.split_from else "copied" if slip.copied_from else "own"
    own = select(orders.c.id).where(orders.c.shop == shop, orders.c.number == slip.order_number)
    _tie(connection, slip_id, connection.scalars(own), how)
    for parent in filter(None, (slip.split_from, slip.copied_from, slip.parcel_parent)):
        _tie(connection, slip_id, _orders_of(connection, shop, parent), how)
    if slip.merged:
        target = connection.scalar(
            select(slips.c.id).where(slips.c.shop == shop, slips.c.number == slip.merged_into)
        )
        if target is not None:
            _tie(connection, target, _orders_of(connection, shop, slip.number), "merged")
    absorbed = select(slips.c.number).where(slips.c.shop == shop, slips.c.merged_into == slip.number)
    for other in list(connection.scalars(absorbed)):
        _tie(connection, slip_id, _orders_of(connection, shop, other), "merged")


def _orders_of(connection: Connection, shop: str, slip_number: str) -> list[int]:
    query = (
        select(order_slips.c.order_id)
        .join(slips, slips.c.id == order_slips.c.slip_id)
        .where(slips.c.shop == shop, slips.c.number == slip_number)
    )
    return [int(id_) for id_ in connection.scalars(query)]


def _tie(connection: Connection, slip_id: int, order_ids: Iterable[int], how: str) -> None:
    known = set(connection.scalars(select(order_slips.c.order_id).where(order_slips.c.slip_id == slip_id)))
    rows = [
        {"order_id": order_id, "slip_id": slip_id, "how": how}
        for order_id in dict.fromkeys(order_ids)
        if order_id not in known
    ]
    if rows:
        connection.execute(insert(order_slips), rows)


def _cancelled(
    connection: Connection, shop: str, slip_id: int, slip: Slip, now: datetime, stage: str
) -> list[Entry]:
    """An order whose last live slip was cancelled in NE by somebody: a person must say what is meant."""
    if slip.merged:
        return []
    entries: list[Entry] = []
    tied = select(orders).join(order_slips, order_slips.c.order_id == orders.c.id)
    for order in connection.execute(tied.where(order_slips.c.slip_id == slip_id)):
        asked = connection.scalar(select(stop_requests.c.id).where(stop_requests.c.order_id == order.id))
        if asked is not None or order.state in (OrderState.COMPLETED, OrderState.CANCELLED):
            continue
        if _live_slips(connection, order.id):
            continue
        entries += holds.pin(
            connection,
            shop,
            now,
            item="order",
            item_id=order.id,
            number=order.number,
            reason=Reason.NE_CANCELLED,
            note=f"伝票 {slip.number} がネクストエンジンで取り消されました。",
            stage=stage,
        )
    return entries


def _live_slips(connection: Connection, order_id: int) -> int:
    query = (
        select(slips.c.id)
        .join(order_slips, order_slips.c.slip_id == slips.c.id)
        .where(order_slips.c.order_id == order_id, slips.c.cancel_type == "0")
    )
    return len(list(connection.scalars(query)))


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
