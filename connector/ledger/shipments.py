"""Shipments (出荷実績の記録): what the warehouse said, one row per event; a repeat changes nothing (S5)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, case, exists, func, insert, or_, select, update

from connector.journey import OrderState, SlipState
from connector.ledger import tied_goods
from connector.ledger.history import Entry, append
from connector.ledger.schema import holds as hold_rows
from connector.ledger.schema import order_slips, orders, slips, strays
from connector.ledger.stop_bars import being_stopped
from connector.ledger.storable import plain
from connector.outcome import Reason, Stray
from connector.slip import NOT_CANCELLED, NEStatus

PLACE, WORDS = 200, 500  # characters: both stand in one unique index, which PostgreSQL limits to 2,704 bytes


def place_and_words(stray: Stray) -> tuple[str, str]:
    """As they are kept."""
    return plain(stray.where)[:PLACE], plain(stray.words)[:WORDS]


def same(shop: str, stray: Stray) -> tuple[ColumnElement[bool], ...]:
    """SQL: by what a stray is known, which the store has once."""
    place, words = place_and_words(stray)
    return (
        strays.c.shop == shop,
        strays.c.system == stray.system,
        strays.c.place == place,
        strays.c.words == words,
    )


def set_aside(connection: Connection, shop: str, stray: Stray, now: datetime) -> bool:
    """Keep a stray; False where it was set aside before."""
    place, words = place_and_words(stray)
    if connection.scalar(select(strays.c.id).where(*same(shop, stray))) is not None:
        return False
    row = {
        "shop": shop,
        "system": stray.system,
        "place": place,
        "words": words,
        "exchange_id": stray.exchange_id,
        "facts": stray.facts,
        "at": now,
    }
    connection.execute(insert(strays), [row])
    entry = Entry(item="stray", item_id=None, number="", event="set_aside", note=f"{place}: {words}")
    append(connection, shop, now, [entry])
    return True


def ship_orders(connection: Connection, shop: str, stage: str, now: datetime) -> int:
    """Orders all of whose live slips are confirmed in NE become SHIPPED; returns how many.

    A slip that was taken back and then cancelled did not ship; one that was cancelled as it stood shipped, did. Nor
    does an order ship that is being stopped and whose goods a person took out of the bundle that left.
    """
    gone_out = slips.c.status >= NEStatus.SHIPPED
    states = (
        select(
            orders.c.id,
            orders.c.number,
            orders.c.state,
            being_stopped(orders.c.id).label("stopping"),
            func.count(slips.c.id).label("live"),
            func.sum(case((slips.c.state == SlipState.CONFIRMED, 1), else_=0)).label("confirmed"),
        )
        .join(order_slips, order_slips.c.order_id == orders.c.id)
        .join(slips, slips.c.id == order_slips.c.slip_id)
        .where(
            orders.c.shop == shop,
            orders.c.state.in_([OrderState.NOTIFIED, OrderState.IN_INTAKE, OrderState.IMPORTED]),
            slips.c.state != SlipState.CANCELLED,
            or_(slips.c.state != SlipState.CONFIRMED, slips.c.cancel_type == NOT_CANCELLED, gone_out),
            ~exists().where(
                hold_rows.c.item == "order",
                hold_rows.c.item_id == orders.c.id,
                hold_rows.c.reason == Reason.UNSHIPPED,
                hold_rows.c.closed_at.is_(None),
            ),
        )
        .group_by(orders.c.id, orders.c.number, orders.c.state)
    )
    done = [row for row in connection.execute(states) if row.live and row.live == row.confirmed]
    stayed = tied_goods.wholly_apart(connection, shop, [row.id for row in done if row.stopping])
    done = [row for row in done if row.id not in stayed]
    entries = []
    for row in done:
        moved = connection.execute(
            update(orders)
            .where(orders.c.id == row.id, orders.c.state == row.state)
            .values(state=OrderState.SHIPPED, since=now, next_at=None, tries=0, waiting_for="")
        )
        if moved.rowcount == 1:
            entries.append(_shipped(row.id, row.number, row.state, stage))
    append(connection, shop, now, entries)
    return len(entries)


def _shipped(order_id: int, number: str, before: str, stage: str) -> Entry:
    return Entry(
        item="order",
        item_id=order_id,
        number=number,
        event="moved",
        from_state=before,
        to_state=OrderState.SHIPPED,
        stage=stage,
    )
