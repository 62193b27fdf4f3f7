"""Item rows (一件の全て): rows of the ledger as items, with everything a stage may want to know about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from msgspec.structs import replace
from sqlalchemy import Connection, Row, Table, select

from connector.journey import OrderState, SlipState
from connector.ledger import codec, mail_delays, twins
from connector.ledger.database import among, pieces
from connector.ledger.holds import let_pass
from connector.ledger.schema import holds, order_slips, orders, shipments, slips
from connector.order import Order
from connector.outcome import Item, Reason
from connector.slip import Shipment, Slip

Key = TypeVar("Key", int, str)
Value = TypeVar("Value")


def items_by_id(
    connection: Connection, table: Table, ids: Iterable[int]
) -> dict[int, Item[Order]] | dict[int, Item[Slip]]:
    """Items of one kind by their ledger id, without what they are tied to."""
    rows = [
        row for part in pieces(ids) for row in connection.execute(select(table).where(table.c.id.in_(part)))
    ]
    if table is orders:
        held = held_by(connection, "order", [row.id for row in rows])
        return {row.id: _order(row, held) for row in rows}
    held = held_by(connection, "slip", [row.id for row in rows])
    return {row.id: _slip(row, held) for row in rows}


def order_items(connection: Connection, rows: Sequence[Row[Any]]) -> list[Item[Order]]:
    """Rows of `orders` as items, with their slips and what the warehouse said about them."""
    ids = [row.id for row in rows]
    held = held_by(connection, "order", ids)
    tied: dict[int, list[tuple[Slip, SlipState]]] = {}
    for part in pieces(ids):
        query = (
            select(order_slips.c.order_id, slips.c.body, slips.c.state)
            .join(slips, slips.c.id == order_slips.c.slip_id)
            .where(order_slips.c.order_id.in_(part))
            .order_by(slips.c.id)
        )
        for order_id, body, state in connection.execute(query):
            tied.setdefault(order_id, []).append((codec.slip(body), SlipState(state)))
    numbers = list(dict.fromkeys(slip.number for pairs in tied.values() for slip, _ in pairs))
    results = results_of(connection, rows[0].shop if rows else "", numbers)
    before = twins.ahead_of(connection, rows)
    announced = [row.id for row in rows if row.state == OrderState.NOTIFIED]
    delays = mail_delays.delays_of(connection, announced)
    items = []
    for row in rows:
        pairs = tuple(tied.get(row.id, ()))
        said = tuple(result for slip, _ in pairs for result in results.get(slip.number, ()))
        item = replace(_order(row, held), slips=pairs, shipments=said, twins=before.get(row.id, ()))
        items.append(replace(item, delayed_at=delays.get(row.id)))
    return items


def slip_items(
    connection: Connection, rows: Sequence[Row[Any]], without: Mapping[int, set[int]] | None = None
) -> list[Item[Slip]]:
    """Rows of `slips` as items, with the orders behind them and what the warehouse said.

    `without`: by slip the orders that are tied to it and have nothing to do with it any more.
    """
    ids = [row.id for row in rows]
    held = held_by(connection, "slip", ids)
    behind = _behind(connection, ids, without or {})
    results = results_of(connection, rows[0].shop if rows else "", [row.number for row in rows])
    allowed = let_pass(connection, "slip", rows)
    return [
        _slip(
            row,
            held,
            orders=tuple(behind.get(row.id, ())),
            shipments=tuple(results.get(row.number, ())),
            allowed=allowed.get(row.id, ()),
        )
        for row in rows
    ]


def _behind(
    connection: Connection, slip_ids: Sequence[int], without: Mapping[int, set[int]]
) -> dict[int, list[Order]]:
    behind: dict[int, list[Order]] = {}
    for part in pieces(slip_ids):
        query = (
            select(order_slips.c.slip_id, orders.c.id, orders.c.body)
            .join(orders, orders.c.id == order_slips.c.order_id)
            .where(order_slips.c.slip_id.in_(part))
            .order_by(orders.c.id)
        )
        for slip_id, order_id, body in connection.execute(query):
            if order_id not in without.get(slip_id, ()):
                behind.setdefault(slip_id, []).append(codec.order(body))
    return behind


def _order(row: Row[Any], held: dict[int, tuple[Reason, ...]]) -> Item[Order]:
    return Item(
        id=row.id,
        noun=codec.order(row.body),
        state=OrderState(row.state),
        since=row.since,
        tries=row.tries,
        redos=row.redos,
        held=held.get(row.id, ()),
    )


def _slip(row: Row[Any], held: dict[int, tuple[Reason, ...]], **more: Any) -> Item[Slip]:
    return Item(
        id=row.id,
        noun=codec.slip(row.body),
        state=SlipState(row.state),
        since=row.since,
        tries=row.tries,
        redos=row.redos,
        held=held.get(row.id, ()),
        **more,
    )


def held_by(connection: Connection, item: str, ids: Sequence[int]) -> dict[int, tuple[Reason, ...]]:
    found: list[tuple[int, Reason]] = []
    for part in pieces(ids):
        query = select(holds.c.item_id, holds.c.reason).where(
            holds.c.item == item, among(connection, holds.c.item_id, part), holds.c.closed_at.is_(None)
        )
        found += [(item_id, Reason(reason)) for item_id, reason in connection.execute(query)]
    return grouped(found)


def results_of(connection: Connection, shop: str, numbers: Sequence[str]) -> dict[str, tuple[Shipment, ...]]:
    found: list[tuple[str, Shipment]] = []
    for part in pieces(numbers):
        query = (
            select(shipments.c.slip_number, shipments.c.body)
            .where(shipments.c.shop == shop, among(connection, shipments.c.slip_number, part))
            .order_by(shipments.c.id)
        )
        found += [(number, codec.shipment(body)) for number, body in connection.execute(query)]
    return grouped(found)


def grouped(pairs: Iterable[tuple[Key, Value]]) -> dict[Key, tuple[Value, ...]]:
    found: dict[Key, list[Value]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in found.items()}
