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
from sqlalchemy import Connection, Row, insert, select, update

from connector.journey import OrderState, SlipState, at_least
from connector.ledger import codec, effects, holds, stops
from connector.ledger.archive import new_id
from connector.ledger.database import pieces
from connector.ledger.history import Entry, append
from connector.ledger.schema import order_slips, orders, slips
from connector.outcome import SELF_CLEARING, Reason
from connector.slip import NEStatus, Slip

LATE_FIELDS = {
    "name": "お届け先名",
    "zip_code": "郵便番号",
    "address1": "住所",
    "address2": "住所",
    "phone": "電話番号",
    "deliver_on": "配達希望日",
    "time_slot": "時間帯",
    "delivery_id": "発送方法",
}
"""What must not change in silence once the warehouse has the slip, with the operators' word for it."""


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
    entries: list[Entry] = []
    gone: list[tuple[int, Slip]] = []
    changed = 0
    for slip in fresh.values():
        row = known.get(slip.number)
        if row is not None and row.lock == slip.lock and row.status == slip.status:
            # The same picture; only time may have made it print-ready, and only now its rows may be in it.
            entries += _move(connection, shop, row, slip, now, stage)
            _keep_rows(connection, row, slip)
            continue
        changed += 1
        slip_id, written = _see(connection, shop, stage, row, slip, now)
        entries += written
        if not slip.live:
            gone.append((slip_id, slip))
    for slip_id, slip in gone:  # when all are stored: a copy may have come in its place
        entries += _cancelled(connection, shop, slip_id, slip, now, stage)
    append(connection, shop, now, entries)
    return changed


def _see(
    connection: Connection, shop: str, stage: str, row: Row[Any] | None, slip: Slip, now: datetime
) -> tuple[int, list[Entry]]:
    """A slip that is new, or looks other than before."""
    if row is None:
        slip_id = _insert(connection, shop, slip, now)
        entries = [_entry(slip_id, slip, "seen", "", place_of(slip, now), stage)]
    else:
        slip_id = row.id
        entries = _late(connection, shop, stage, row, slip, now)
        content = _content(slip, now) | {"body": codec.encode(_with_rows(slip, row)), "next_at": None}
        connection.execute(update(slips).where(slips.c.id == slip_id), content)
        entries += _move(connection, shop, row, slip, now, stage)
    _link(connection, shop, slip_id, slip)
    if slip.live:
        entries += _alive(connection, shop, slip_id, slip, now, stage)
    return slip_id, entries


def _with_rows(slip: Slip, row: Row[Any]) -> Slip:
    """Many reads come without rows; those we once saw stay."""
    return slip if slip.rows else msgspec.structs.replace(slip, rows=codec.slip(row.body).rows)


def _keep_rows(connection: Connection, row: Row[Any], slip: Slip) -> None:
    if slip.rows and slip.rows != codec.slip(row.body).rows:
        connection.execute(update(slips).where(slips.c.id == row.id).values(body=codec.encode(slip)))


def _late(
    connection: Connection, shop: str, stage: str, row: Row[Any], slip: Slip, now: datetime
) -> list[Entry]:
    """A change or cancel in NE after the warehouse has the slip (W3): said aloud, nobody undoes it by himself."""
    state = SlipState(row.state)
    handed_on = state in (SlipState.RELAYED, SlipState.DISPATCHED) or bool(
        state is SlipState.PRINT_READY and effects.perhaps_there(connection, "relay", "wms_file", [row.id])
    )
    if not handed_on or slip.status >= NEStatus.SHIPPED:
        return []
    if not slip.live:
        if _stop_is_known(connection, row.id):
            return []
        what = f"伝票 {slip.merged_into} に同梱" if slip.merged else "取消"
        return _pin(connection, shop, stage, row.id, slip, Reason.NE_CANCELLED, f"{AFTER}: {what}", now)
    old = codec.slip(row.body)
    names = [name for name in LATE_FIELDS if getattr(old, name) != getattr(slip, name)]
    words = list(dict.fromkeys(LATE_FIELDS[name] for name in names))
    if old.rows and slip.rows and _asked_for(old) != _asked_for(slip):
        words.append("商品")
    if not words:
        return []
    reason = Reason.CHANGED_AFTER_HANDOVER
    return _pin(connection, shop, stage, row.id, slip, reason, f"{AFTER}: {'・'.join(words)}", now)


AFTER = "出荷指示後にネクストエンジンで変更されました"


def _asked_for(slip: Slip) -> list[tuple[int, str, int]]:
    return [(row.no, row.sku, row.quantity) for row in slip.rows if not row.cancelled]


def _stop_is_known(connection: Connection, slip_id: int) -> bool:
    tied = select(order_slips.c.order_id).where(order_slips.c.slip_id == slip_id)
    return any(stops.asked(connection, order_id) for order_id in list(connection.scalars(tied)))


def _pin(
    connection: Connection,
    shop: str,
    stage: str,
    slip_id: int,
    slip: Slip,
    reason: Reason,
    note: str,
    now: datetime,
) -> list[Entry]:
    return holds.pin(
        connection,
        shop,
        now,
        item="slip",
        item_id=slip_id,
        number=slip.number,
        reason=reason,
        note=note,
        stage=stage,
    )


def ripen(connection: Connection, shop: str, stage: str, now: datetime) -> int:
    """Slips whose print-instruct date has come since we last saw them; NE does not mark that as a change."""
    query = select(slips).where(
        slips.c.shop == shop, slips.c.state == SlipState.OPEN, slips.c.status == NEStatus.PRINT_WAIT
    )
    entries: list[Entry] = []
    for row in list(connection.execute(query)):
        entries += _move(connection, shop, row, codec.slip(row.body), now, stage)
    append(connection, shop, now, entries)
    return len(entries)


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


def _insert(connection: Connection, shop: str, slip: Slip, now: datetime) -> int:
    row = {"shop": shop, "number": slip.number, "state": place_of(slip, now), "since": now}
    return new_id(connection.execute(insert(slips).values(**row, **_content(slip, now))))


def _move(
    connection: Connection, shop: str, row: Row[Any], slip: Slip, now: datetime, stage: str
) -> list[Entry]:
    here, there = SlipState(row.state), place_of(slip, now)
    forward = there is SlipState.CANCELLED or at_least(there, here)
    if here in (there, SlipState.CANCELLED, SlipState.CONFIRMED) or not forward:
        return []
    moved = connection.execute(
        update(slips)
        .where(slips.c.id == row.id, slips.c.state == here)
        .values(state=there, since=now, next_at=None, tries=0, waiting_for=slip.waits_for(now))
    )
    if moved.rowcount != 1:
        return []
    # Somebody moved it on: what kept it at the old place is no longer a question.
    freed = holds.take_off(
        connection,
        now,
        item="slip",
        item_id=row.id,
        number=slip.number,
        by="connector",
        why="ネクストエンジンで先へ進みました",
        reasons=SELF_CLEARING,
        stage=stage,
    )
    return [*freed, _entry(row.id, slip, "moved", here, there, stage)]


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


def _alive(
    connection: Connection, shop: str, slip_id: int, slip: Slip, now: datetime, stage: str
) -> list[Entry]:
    """A live slip answers the question of a cancelled one; for an order that had left, it is a late mail's."""
    entries: list[Entry] = []
    tied = select(orders).join(order_slips, order_slips.c.order_id == orders.c.id)
    for order in list(connection.execute(tied.where(order_slips.c.slip_id == slip_id))):
        entries += holds.take_off(
            connection,
            now,
            item="order",
            item_id=order.id,
            number=order.number,
            by="connector",
            why=f"伝票 {slip.number} があります",
            reasons=[Reason.NE_CANCELLED],
            stage=stage,
        )
        late = slip.status < NEStatus.OPEN and order.number == slip.order_number
        left = order.state == OrderState.CANCELLED and order.cancelled and not order.left_out
        why = f"slip {slip.number} appeared after the cancel"
        if late and left and stops.ask(connection, shop, order.id, why, now):
            asked = Entry(item="order", item_id=order.id, number=order.number, event="stop_asked", note=why)
            entries.append(asked)
    return entries


def _cancelled(
    connection: Connection, shop: str, slip_id: int, slip: Slip, now: datetime, stage: str
) -> list[Entry]:
    """An order whose last live slip was cancelled in NE by somebody: a person must say what is meant."""
    if slip.merged:
        return []
    entries: list[Entry] = []
    tied = select(orders).join(order_slips, order_slips.c.order_id == orders.c.id)
    for order in connection.execute(tied.where(order_slips.c.slip_id == slip_id)):
        left = order.left_out or order.state in (OrderState.COMPLETED, OrderState.CANCELLED)
        if left or stops.asked(connection, order.id):
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
