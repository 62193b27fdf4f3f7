"""Due (次の仕事): which items a stage has to look at now, with everything it may want to know about them.

What is due is computed from the rows, never remembered: a lost or doubled wake-up cannot matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Select, Table, and_, exists, or_, select

from connector.journey import OrderState, SlipState, State
from connector.ledger import codec
from connector.ledger.effects import open_of
from connector.ledger.schema import (
    effect_items,
    effects,
    holds,
    order_slips,
    orders,
    shipments,
    slips,
    stop_requests,
)
from connector.order import Order
from connector.outcome import SELF_CLEARING, EffectState, Item, Reason
from connector.slip import Shipment, Slip

BATCH = 500
Key = TypeVar("Key", int, str)
Value = TypeVar("Value")


def orders_due(
    connection: Connection,
    shop: str,
    stage: str,
    takes: Sequence[State],
    now: datetime,
    *,
    limit: int = BATCH,
) -> list[Item[Order]]:
    """Orders in one of these places whose time has come and that nothing of this stage is under way for."""
    query = _due(orders, "order", shop, stage, takes, now).where(orders.c.left_out == "").limit(limit)
    return _orders(connection, list(connection.execute(query)))


def orders_to_stop(connection: Connection, shop: str, stage: str, now: datetime) -> list[Item[Order]]:
    """Orders with an open stop request, wherever they stand."""
    query = (
        select(orders)
        .join(stop_requests, stop_requests.c.order_id == orders.c.id)
        .where(
            orders.c.shop == shop,
            stop_requests.c.verdict == "open",
            ~open_of(stage, orders.c.id),
        )
        .order_by(orders.c.id)
        .limit(BATCH)
    )
    items = _orders(connection, list(connection.execute(query)))
    done = _grouped(
        (item_id, kind)
        for item_id, kind in connection.execute(
            select(effect_items.c.item_id, effects.c.kind)
            .join(effects, effects.c.id == effect_items.c.effect_id)
            .where(
                effects.c.shop == shop,
                effects.c.stage == stage,
                effects.c.state == EffectState.DONE,
                effect_items.c.item_id.in_([item.id for item in items]),
            )
        )
    )
    return [replace(item, done=done.get(item.id, ())) for item in items]


def slips_due(
    connection: Connection,
    shop: str,
    stage: str,
    takes: Sequence[State],
    now: datetime,
    *,
    gives: State | None = None,
    once: str = "",
    limit: int = BATCH,
) -> list[Item[Slip]]:
    """Slips in one of these places; those at `gives` only while they lack an effect of kind `once`."""
    query = _due(slips, "slip", shop, stage, takes, now)
    if once and gives is not None:
        query = query.where(or_(slips.c.state != gives, ~open_of(stage, slips.c.id, once=once)))
    return _slips(connection, list(connection.execute(query.limit(limit))))


def slips_by_number(connection: Connection, shop: str, numbers: Iterable[str]) -> dict[str, Item[Slip]]:
    """These slips as items, wherever they stand."""
    query = select(slips).where(slips.c.shop == shop, slips.c.number.in_(list(numbers)))
    return {item.noun.number: item for item in _slips(connection, list(connection.execute(query)))}


def items_by_id(
    connection: Connection, table: Table, ids: Iterable[int]
) -> dict[int, Item[Order]] | dict[int, Item[Slip]]:
    """Items of one kind by their ledger id."""
    rows = list(connection.execute(select(table).where(table.c.id.in_(list(ids)))))
    if table is orders:
        return {item.id: item for item in _orders(connection, rows)}
    return {item.id: item for item in _slips(connection, rows)}


def _due(
    table: Table, item: str, shop: str, stage: str, takes: Sequence[State], now: datetime
) -> Select[Any]:
    blocked = exists().where(
        holds.c.item == item,
        holds.c.item_id == table.c.id,
        holds.c.closed_at.is_(None),
        holds.c.reason.not_in([str(reason) for reason in SELF_CLEARING]),
    )
    return (
        select(table)
        .where(
            and_(table.c.shop == shop, table.c.state.in_([str(state) for state in takes])),
            or_(table.c.next_at.is_(None), table.c.next_at <= now),
            ~blocked,
            ~open_of(stage, table.c.id),
        )
        .order_by(table.c.id)
    )


def _orders(connection: Connection, rows: Sequence[Row[Any]]) -> list[Item[Order]]:
    ids = [row.id for row in rows]
    held = _held(connection, "order", ids)
    tied: dict[int, list[tuple[Slip, SlipState]]] = {}
    query = select(order_slips.c.order_id, slips.c.body, slips.c.state).join(
        slips, slips.c.id == order_slips.c.slip_id
    )
    for order_id, body, state in connection.execute(query.where(order_slips.c.order_id.in_(ids))):
        tied.setdefault(order_id, []).append((codec.slip(body), SlipState(state)))
    numbers = [slip.number for pairs in tied.values() for slip, _ in pairs]
    results = _results(connection, rows[0].shop if rows else "", numbers)
    return [
        Item(
            id=row.id,
            noun=codec.order(row.body),
            state=OrderState(row.state),
            since=row.since,
            tries=row.tries,
            redos=row.redos,
            held=held.get(row.id, ()),
            slips=tuple(tied.get(row.id, ())),
            shipments=tuple(
                result for slip, _ in tied.get(row.id, ()) for result in results.get(slip.number, ())
            ),
        )
        for row in rows
    ]


def _slips(connection: Connection, rows: Sequence[Row[Any]]) -> list[Item[Slip]]:
    ids = [row.id for row in rows]
    held = _held(connection, "slip", ids)
    behind: dict[int, list[Order]] = {}
    query = select(order_slips.c.slip_id, orders.c.body).join(orders, orders.c.id == order_slips.c.order_id)
    for slip_id, body in connection.execute(query.where(order_slips.c.slip_id.in_(ids))):
        behind.setdefault(slip_id, []).append(codec.order(body))
    results = _results(connection, rows[0].shop if rows else "", [row.number for row in rows])
    return [
        Item(
            id=row.id,
            noun=codec.slip(row.body),
            state=SlipState(row.state),
            since=row.since,
            tries=row.tries,
            redos=row.redos,
            held=held.get(row.id, ()),
            orders=tuple(behind.get(row.id, ())),
            shipments=tuple(results.get(row.number, ())),
        )
        for row in rows
    ]


def _held(connection: Connection, item: str, ids: Sequence[int]) -> dict[int, tuple[Reason, ...]]:
    query = select(holds.c.item_id, holds.c.reason).where(
        holds.c.item == item, holds.c.item_id.in_(ids), holds.c.closed_at.is_(None)
    )
    return _grouped((item_id, Reason(reason)) for item_id, reason in connection.execute(query))


def _results(connection: Connection, shop: str, numbers: Sequence[str]) -> dict[str, tuple[Shipment, ...]]:
    query = (
        select(shipments.c.slip_number, shipments.c.body)
        .where(shipments.c.shop == shop, shipments.c.slip_number.in_(numbers))
        .order_by(shipments.c.id)
    )
    return _grouped((number, codec.shipment(body)) for number, body in connection.execute(query))


def _grouped(pairs: Iterable[tuple[Key, Value]]) -> dict[Key, tuple[Value, ...]]:
    found: dict[Key, list[Value]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in found.items()}
