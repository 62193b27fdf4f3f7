"""Parcels (複数お届け先の受取): the orders under which one order of the cart walks, when their set changes.

The cart's split may become known late, an address may be added or taken away, or a link may be missing for a day. An
order that the cart shows no more under its number is never forgotten and never walks beside its successors: nobody
was told of it, then it leaves; else it is held, and they wait until a person has settled what lies in Next Engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, insert, select, update

from connector.journey import OrderState
from connector.lateness import Place
from connector.ledger import holds, stops
from connector.ledger.database import pieces
from connector.ledger.history import Entry
from connector.ledger.late_places import place_of
from connector.ledger.schema import holds as hold_rows
from connector.ledger.schema import orders
from connector.ledger.schema_cart import order_links
from connector.order import Order
from connector.outcome import Reason
from connector.shop import Shop

STAGE = "ingest"
WHY = "readdressed"  # of the link between an order and those that stand in for it


def seen(connection: Connection, shop: Shop, page: Sequence[Order], now: datetime) -> list[Entry]:
    """The page is stored. Whoever walks under another number of the same order of the cart is no longer shown."""
    shown: dict[int, list[Order]] = {}
    for order in page:
        shown.setdefault(order.cart_order_id, []).append(order)
    entries: list[Entry] = []
    for cart_id, rows in _rows(connection, shop.key, shown).items():
        here = {order.number: order for order in shown[cart_id]}
        others = [row for row in rows if row.number not in here and _of_one(row.number, shown[cart_id][0])]
        for row in rows if others else ():
            if row in others:
                entries += _no_longer_shown(connection, shop, row, shown[cart_id], now)
            elif row.number in here:
                entries += _shown_again(connection, row, here[row.number], now)
    return entries


def slip_gone(connection: Connection, row: Row[Any], stage: str, now: datetime) -> list[Entry]:
    """The last slip of an order was cancelled in Next Engine; one that the cart does not show leaves with it."""
    held = exists().where(hold_rows.c.item == "order", hold_rows.c.item_id == row.id, *_open())
    if not connection.scalar(select(held)):
        return []
    return _leave(connection, row, "its slip was cancelled and the cart shows it no more", stage, now)


def _rows(connection: Connection, shop: str, shown: Iterable[int]) -> dict[int, list[Row[Any]]]:
    """All rows of these orders of the cart, without their bodies."""
    light = select(orders.c.id, orders.c.number, orders.c.cart_order_id, orders.c.state)
    found: dict[int, list[Row[Any]]] = {}
    for part in pieces(shown):
        here = (orders.c.shop == shop, orders.c.cart_order_id.in_(part), orders.c.left_out == "")
        rows: Iterable[Row[Any]] = connection.execute(light.where(*here).order_by(orders.c.id))
        for row in rows:
            found.setdefault(row.cart_order_id, []).append(row)
    return found


def _of_one(number: str, order: Order) -> bool:
    """Whether a number is the cart's own for this order, or one of its addresses'."""
    return number == order.cart_number or number.startswith(f"{order.cart_number}-")


def _no_longer_shown(
    connection: Connection, shop: Shop, row: Row[Any], successors: Sequence[Order], now: datetime
) -> list[Entry]:
    if row.state == OrderState.CANCELLED:
        return []
    names = "、".join(order.number for order in successors)
    place = place_of(connection, shop, row)
    if place is Place.RECEIVED:
        return _leave(connection, row, f"the cart shows it as {names}", STAGE, now)
    if all(order.cancelled or order.deleted for order in successors):
        asked = place is not Place.COMPLETED and stops.ask(
            connection, shop.key, row.id, "gone from the cart", now
        )
        return [_entry(row, "stop_asked", "gone from the cart")] if asked else []
    _link(connection, shop.key, row, [order.number for order in successors], now)
    if place is Place.COMPLETED:
        return []
    note = f"カートでは受注 {names} になっています。"
    where: dict[str, Any] = {"item": "order", "item_id": row.id, "number": row.number}
    reason = Reason.ADDRESSES_CHANGED
    return holds.pin(connection, shop.key, now, **where, reason=reason, note=note, stage=STAGE)


def _link(connection: Connection, shop: str, row: Row[Any], numbers: Sequence[str], now: datetime) -> None:
    """What stands in for it: `twins.py` keeps those back for as long as it lives."""
    here = select(orders.c.id).where(orders.c.shop == shop, orders.c.number.in_(numbers))
    known = select(order_links.c.new_id).where(order_links.c.old_id == row.id)
    fresh = set(connection.scalars(here)) - set(connection.scalars(known))
    rows = [{"old_id": row.id, "new_id": new_id, "why": WHY, "at": now} for new_id in sorted(fresh)]
    if rows:
        connection.execute(insert(order_links), rows)


def _shown_again(connection: Connection, row: Row[Any], order: Order, now: datetime) -> list[Entry]:
    """The cart's word was missing for a while, not the order: it lives, and whoever stood in for it is gone."""
    why = "カートに戻りました"
    where: dict[str, Any] = {"item": "order", "item_id": row.id, "number": row.number, "by": "connector"}
    reasons = [Reason.ADDRESSES_CHANGED]
    freed = holds.take_off(connection, now, **where, why=why, reasons=reasons, stage=STAGE)
    alive = not (order.cancelled or order.deleted)
    if row.state == OrderState.CANCELLED and alive and not stops.asked(connection, row.id):
        freed.append(_move(connection, row, OrderState.RECEIVED, "the cart shows it again", STAGE, now))
    return freed


def _open() -> tuple[Any, ...]:
    return hold_rows.c.closed_at.is_(None), hold_rows.c.reason == str(Reason.ADDRESSES_CHANGED)


def _leave(connection: Connection, row: Row[Any], why: str, stage: str, now: datetime) -> list[Entry]:
    here: dict[str, Any] = {"item": "order", "item_id": row.id, "number": row.number}
    freed = holds.take_off(connection, now, **here, by="connector", why=why, stage=stage)
    return [*freed, _move(connection, row, OrderState.CANCELLED, why, stage, now)]


def _move(
    connection: Connection, row: Row[Any], to: OrderState, why: str, stage: str, now: datetime
) -> Entry:
    fresh = {"state": to, "since": now, "next_at": None, "tries": 0, "waiting_for": ""}
    connection.execute(update(orders).where(orders.c.id == row.id).values(**fresh))
    return _entry(row, "moved", why, to, stage)


def _entry(row: Row[Any], event: str, note: str, to: OrderState | None = None, stage: str = STAGE) -> Entry:
    return Entry(
        item="order",
        item_id=row.id,
        number=row.number,
        event=event,
        from_state=row.state,
        to_state=to or row.state,
        stage=stage,
        note=note,
    )
