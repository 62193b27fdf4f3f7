"""Consequences (変更の帰結): what a new version of an order means at the place where the order stands.

Never silence (reliability I3, W3): a cancel leaves the journey or is asked to be stopped, a payment lost at the
warehouse is stopped, too, and every other change is written down with what it takes (`changes.py`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, update

from connector.journey import OrderState
from connector.lateness import Place
from connector.ledger import changes, holds, stops
from connector.ledger.history import Entry
from connector.ledger.late_places import place_of
from connector.ledger.schema import orders
from connector.order import Order, late_changes
from connector.shop import Shop

STAGE = "ingest"


def of(
    connection: Connection, shop: Shop, row: Row[Any], old: Order, order: Order, now: datetime
) -> list[Entry]:
    """`row` is the order's row as it stood before this version."""
    if row.left_out:
        return []
    gone = order.cancelled or order.deleted
    if row.state == OrderState.CANCELLED:
        return _left(connection, shop, row, old, order, now)
    if not gone and not late_changes(old, order):
        return []
    place = place_of(connection, shop, row)
    meant = _gone if gone else _lives
    entries = meant(connection, shop, row, old, order, place, now)
    return entries + changes.seen(connection, shop, row, old, order, place, now)


def _gone(
    connection: Connection, shop: Shop, row: Row[Any], old: Order, order: Order, place: Place, now: datetime
) -> list[Entry]:
    """Cancelled or deleted: not announced yet it leaves, else whoever has it is asked to stop."""
    if place is Place.RECEIVED:
        return _leave(connection, row, now)
    known = (old.cancelled or old.deleted) and stops.asked(connection, row.id)
    if place is Place.COMPLETED or known:
        return []
    why = "deleted in the cart" if order.deleted else "cancelled in the cart"
    return _ask(connection, shop, row, why, now)


def _lives(
    connection: Connection, shop: Shop, row: Row[Any], old: Order, order: Order, place: Place, now: datetime
) -> list[Entry]:
    """A cancel or a refused payment that was taken back ends its stop; a payment lost at the warehouse asks for one."""
    if order.payment.refused:
        lost_now = not old.payment.refused and place is Place.RELAYED
        return _ask(connection, shop, row, "its payment was lost in the cart", now) if lost_now else []
    if not (old.cancelled or old.deleted or old.payment.refused):
        return []
    why = "the cart took its cancel back"
    freed = stops.withdraw(connection, row.id, row.number, why, now)
    return [] if freed is None else [_entry(row, "stop_withdrawn", why), *freed]


def _ask(connection: Connection, shop: Shop, row: Row[Any], why: str, now: datetime) -> list[Entry]:
    return [_entry(row, "stop_asked", why)] if stops.ask(connection, shop.key, row.id, why, now) else []


def _leave(connection: Connection, row: Row[Any], now: datetime) -> list[Entry]:
    why = "cancelled before hand-over"
    here: dict[str, Any] = {"item": "order", "item_id": row.id, "number": row.number}
    freed = holds.take_off(connection, now, **here, by="connector", why=why, stage=STAGE)
    return [*freed, _move(connection, row, OrderState.CANCELLED, why, now)]


def _left(
    connection: Connection, shop: Shop, row: Row[Any], old: Order, order: Order, now: datetime
) -> list[Entry]:
    """It had left. Where it lives again: from the start if nobody had been told, else a person decides."""
    gone = order.cancelled or order.deleted
    asked = stops.asked(connection, row.id)
    if gone or asked:
        place = Place.LEFT if asked else Place.RECEIVED
        shown = stops.cart_shows(connection, row.id, row.number, now) if gone and asked else []
        return shown + changes.seen(connection, shop, row, old, order, place, now)
    moved = _move(connection, row, OrderState.RECEIVED, "lives again in the cart", now)
    return [moved, *changes.seen(connection, shop, row, old, order, Place.RECEIVED, now)]


def _move(connection: Connection, row: Row[Any], to: OrderState, note: str, now: datetime) -> Entry:
    fresh = {"state": to, "since": now, "next_at": None, "tries": 0, "waiting_for": ""}
    connection.execute(update(orders).where(orders.c.id == row.id).values(**fresh))
    return _entry(row, "moved", note, to)


def _entry(row: Row[Any], event: str, note: str, to: OrderState | None = None) -> Entry:
    return Entry(
        item="order",
        item_id=row.id,
        number=row.number,
        event=event,
        from_state=row.state,
        to_state=to or row.state,
        stage=STAGE,
        note=note,
    )
