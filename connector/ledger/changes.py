"""Changes (引き渡し後の変更): what a change in the cart means where its order stands, as rows that end by a fact.

What travels by itself is closed at once; what needs a hand keeps the order's slips back until Next Engine shows it
(`change_endings.py`) or a person says so; what is too late stops nothing and stays until a person closes it.
Dangerous: the hold is only the voice of such rows. The row is the gate, so that no pass falls between the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection, Row, and_, insert, select, update

from connector.lateness import LATENESS, QUIET, Kind, Place
from connector.ledger import codec, holds, stop_answers, under_way
from connector.ledger.differences import late_differences
from connector.ledger.history import Entry, append
from connector.ledger.open_changes import open_by_hand
from connector.ledger.schema import holds as hold_rows
from connector.ledger.schema import orders
from connector.ledger.schema_cart import changes
from connector.ledger.storable import plain
from connector.order import Order
from connector.outcome import Reason
from connector.shop import Shop
from connector.words.changes import change_name, field_name, what_to_do
from connector.words.differences import before_and_after

US = "connector"
STAGE = "ingest"
GONE = ("cancelled", "deleted")
VOICED = (Place.OPEN, Place.PRINT_READY, Place.RELAYED, Place.LEFT)  # where a hold says it aloud
LEAD = "引き渡し後にカートで変更されました"
ABOUT_PEOPLE = ("recipients", "buyer")


def seen(
    connection: Connection, shop: Shop, row: Row[Any], old: Order, order: Order, place: Place, now: datetime
) -> list[Entry]:
    """Write down every late field in which this version differs; `row` is the order's row before it."""
    common = {"shop": shop.key, "order_id": row.id, "version": row.version + 1, "place": place, "at": now}
    found = []
    stopped = place is Place.LEFT or (old.payment.refused and under_way.any_for(connection, "stop", row.id))
    for field, before, after in _fields(old, order, stopped):
        kind = _kind(connection, row.id, field, place, order)
        done = kind is Kind.BY_ITSELF
        words = {"field": field, "kind": kind, "before": plain(before), "after": plain(after)}
        ended = {"closed_at": now if done else None, "closed_by": US if done else "", "close_note": ""}
        found.append(common | words | ended)
    if not found:
        return []
    connection.execute(insert(changes), found)
    entries = [
        _entry(row.id, order.number, "late_change", one["field"], {"kind": one["kind"], "place": place})
        for one in found
        if one["closed_at"] is None
    ]
    if old.payment.refused and not order.payment.refused:
        entries += _healed(connection, row.id, order.number, now)
    return entries + voice(connection, shop.key, row.id, order, place, now)


def _fields(old: Order, order: Order, stopped: bool) -> Iterable[tuple[str, str, str]]:
    """Field, before and after; that it lives again is a field of its own. `stopped`: also for a lost payment."""
    was_lost = old.cancelled or old.deleted or (stopped and old.payment.refused)
    is_lost = order.cancelled or order.deleted or (stopped and order.payment.refused)
    if was_lost and not is_lost:
        yield "revived", "", ""
    for one in late_differences(old, order):
        if one.field not in GONE or getattr(order, one.field):
            yield one.field, one.before, one.after


def _kind(connection: Connection, order_id: int, field: str, place: Place, order: Order) -> Kind:
    if field == "payment_state" and not order.payment.refused:
        return Kind.BY_ITSELF  # it healed
    if field not in GONE and (order.cancelled or order.deleted):
        return Kind.BY_ITSELF  # nothing of it may leave; what has left is told by the cancel
    if field == "revived" and under_way.any_for(connection, "stop", order_id):
        return Kind.BY_HAND  # the stop reached somebody, or may have
    return LATENESS[field, place]


def _healed(connection: Connection, order_id: int, number: str, now: datetime) -> list[Entry]:
    """A payment that is good again answers the one that was lost, however late."""
    lost = select(changes).where(changes.c.order_id == order_id, changes.c.field == "payment_state")
    rows = list(connection.execute(lost.where(changes.c.closed_at.is_(None))))
    return end(connection, number, rows, "決済が通りました", now)


# --- ending ---------------------------------------------------------------------------------------------------


def end(
    connection: Connection, number: str, rows: Sequence[Row[Any]], why: str, now: datetime, by: str = US
) -> list[Entry]:
    """Close these rows by a fact or a person; the caller lets `voice` follow."""
    if not rows:
        return []
    closed = {"closed_at": now, "closed_by": by, "close_note": plain(why)}
    connection.execute(update(changes).where(changes.c.id.in_([row.id for row in rows])).values(**closed))
    return [
        replace(_entry(row.order_id, number, "late_change_closed", f"{row.field}: {why}"), actor=by)
        for row in rows
    ]


def voice(
    connection: Connection,
    shop: str,
    order_id: int,
    order: Order,
    place: Place,
    now: datetime,
    by: str = US,
    why: str = "変更の対応が済みました",
) -> list[Entry]:
    """The hold that says the open rows aloud, with what to do; it goes with the last of them."""
    mine = select(changes).where(changes.c.order_id == order_id, open_by_hand())
    rows = [row for row in connection.execute(mine.order_by(changes.c.id)) if row.field not in QUIET]
    here: dict[str, Any] = {"item": "order", "item_id": order_id, "number": order.number}
    if rows and place in VOICED:
        note = _note(rows, order, place, asked=stop_answers.warehouse_was_asked(connection, order_id))
        reason = Reason.CHANGED_AFTER_HANDOVER
        return holds.pin(connection, shop, now, **here, reason=reason, note=note, stage=STAGE)
    if order_id not in voiced(connection, shop, order_id):
        return []
    reasons = [Reason.CHANGED_AFTER_HANDOVER]
    return holds.take_off(connection, now, **here, by=by, why=why, reasons=reasons, stage=STAGE)


def voiced(connection: Connection, shop: str, order_id: int | None = None) -> set[int]:
    """Orders whose hold of ours is open; the stop of a bundle has the same reason and another stage."""
    ours = select(hold_rows.c.item_id).where(
        and_(hold_rows.c.shop == shop, hold_rows.c.item == "order", hold_rows.c.closed_at.is_(None)),
        hold_rows.c.reason == Reason.CHANGED_AFTER_HANDOVER,
        hold_rows.c.stage == STAGE,
    )
    return set(connection.scalars(ours if order_id is None else ours.where(hold_rows.c.item_id == order_id)))


def _note(rows: Sequence[Row[Any]], order: Order, place: Place, *, asked: bool) -> str:
    """What changed, and what to do about each; of people only the field's name."""
    newest = {row.field: row for row in rows}
    told = "、".join(
        field_name(field, "ja")
        if field in (*ABOUT_PEOPLE, "revived")
        else f"{change_name(field, row.after, 'ja')} {before_and_after(field, row.before, row.after, 'ja')}"
        for field, row in newest.items()
    )
    payable = order.amounts.payable
    todo = dict.fromkeys(
        what_to_do(one, Kind.BY_HAND, place, "ja", amount=payable, asked=asked) for one in newest
    )
    return f"{LEAD}: {told}。{''.join(todo)}"


# --- a person's word ------------------------------------------------------------------------------------------


def released(
    connection: Connection, order_id: int, number: str, by: str, why: str, now: datetime
) -> list[Entry]:
    """Whoever takes the hold off says that the slip may go as it stands."""
    mine = select(changes).where(changes.c.order_id == order_id, open_by_hand())
    return end(connection, number, list(connection.execute(mine)), why, now, by)


def close(
    connection: Connection, shop: str, change_id: int, by: str, why: str, now: datetime
) -> tuple[str, str]:
    """A person dealt with one change: (what came of it, the order's number)."""
    query = select(changes, orders.c.number, orders.c.body).join(orders, orders.c.id == changes.c.order_id)
    row = connection.execute(query.where(changes.c.shop == shop, changes.c.id == change_id)).first()
    if row is None:
        return "unknown", str(change_id)
    if row.closed_at is not None:
        return "change_closed_already", row.number
    entries = end(connection, row.number, [row], why, now, by)
    order = codec.order(row.body)
    entries += [
        replace(entry, actor=by)
        for entry in voice(connection, shop, row.order_id, order, Place(row.place), now, by, why)
    ]
    append(connection, shop, now, entries)
    return "change_closed", row.number


def _entry(
    order_id: int, number: str, event: str, note: str, facts: dict[str, object] | None = None
) -> Entry:
    return Entry(
        item="order",
        item_id=order_id,
        number=number,
        event=event,
        stage=STAGE,
        note=note,
        facts={name: str(value) for name, value in (facts or {}).items()},
    )
