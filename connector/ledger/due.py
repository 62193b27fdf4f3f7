"""Due (次の仕事): which items a stage has to look at now, with everything it may want to know about them.

What is due is computed from the rows, never remembered: a lost or doubled wake-up cannot matter. What was looked at
longest ago comes first, so that many items that wait never stand in the way of one that could go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, Row, Select, Table, and_, exists, or_, select, true

from connector.journey import OrderState, SlipState, State
from connector.ledger import bookings, claims, codec, completing, corrections, mail_delays, twins
from connector.ledger.database import among, pieces
from connector.ledger.holds import let_pass
from connector.ledger.open_changes import waits_for_a_hand
from connector.ledger.schema import holds, order_slips, orders, shipments, slips
from connector.ledger.stop_bars import HANDING_OVER, being_stopped
from connector.ledger.under_way import open_of
from connector.order import Order
from connector.outcome import SELF_CLEARING, Item, Noun, Reason
from connector.slip import Shipment, Slip

BATCH = 500
NOT_ALL_LEFT = {  # what the warehouse said of a slip it took, and the relay's effect that tells Next Engine of it
    Reason.UNSHIPPABLE: "ne_unshippable",
    Reason.PARTIAL_SHIPMENT: "ne_partial",
}
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
    """Orders in one of these places whose time has come and that nothing of this stage is under way for.

    To be completed, they come with what holds their slips, and without what only claims another slip's number (S3).
    """
    query = _due(orders, "order", shop, stage, takes, now).where(orders.c.left_out == "").limit(limit)
    if stage in HANDING_OVER:
        query = query.where(~being_stopped(orders.c.id))
    items = order_items(connection, _in_order(connection.execute(query)))
    if stage != corrections.COMPLETE:
        return items
    held = completing.held_by_slips(connection, {item.id: item.since for item in items})
    items = [replace(item, held=(*item.held, *held.get(item.id, ()))) for item in items]
    return _unclaimed(connection, shop, items)


def _unclaimed(connection: Connection, shop: str, items: list[Item[Noun]]) -> list[Item[Noun]]:
    """Without the events whose number another slip has: they are written nowhere until a person lets that pass."""
    events = (event for item in items for event in item.shipments)
    odd = bookings.contested(connection, shop, events)
    if not odd:
        return items
    return [
        replace(
            item,
            shipments=tuple(
                event
                for event in item.shipments
                if not any((event.slip_number, number) in odd for number in event.tracking)
            ),
        )
        for item in items
    ]


def slips_due(
    connection: Connection,
    shop: str,
    stage: str,
    takes: Sequence[State],
    now: datetime,
    *,
    gives: State | None = None,
    once: str = "",
    refused: str = "",
    watch: bool = False,
    limit: int = BATCH,
) -> list[Item[Slip]]:
    """Slips in one of these places; those at `gives` only while they lack an effect of kind `once`.

    A slip that the stage's own REFUSED hold blocks comes once more for an effect of kind `refused`. Watching is
    not acting: it sees slips that we would leave alone, too.
    """
    query = _due(slips, "slip", shop, stage, takes, now)
    if not watch:
        query = query.where(_may_leave())
    if gives is SlipState.CONFIRMED:
        query = query.where(corrections.told_anew())
    if once and gives is not None:
        query = query.where(or_(slips.c.state != gives, ~open_of(stage, slips.c.id, once=once)))
    items = slip_items(connection, _in_order(connection.execute(query.limit(limit))))
    if gives is SlipState.CONFIRMED:
        items = _unclaimed(connection, shop, items)
    done = claims.done_kinds(connection, stage, [item.id for item in items])
    items = [replace(item, done=done.get(item.id, ())) for item in items]
    if not refused or watch:
        return items
    before = [state for state in takes if state is not gives]
    after = [state for state in takes if state is gives]
    items += _to_tell(connection, shop, stage, before, now, Reason.REFUSED, refused, limit, by=stage)
    for reason, told in NOT_ALL_LEFT.items():
        items += _to_tell(connection, shop, stage, after, now, reason, told, limit)
    return items


def _to_tell(
    connection: Connection,
    shop: str,
    stage: str,
    takes: Sequence[State],
    now: datetime,
    reason: Reason,
    once: str,
    limit: int,
    *,
    by: str = "",
) -> list[Item[Slip]]:
    """Slips that the warehouse's answer holds, which Next Engine was not told yet by an effect of kind `once`."""
    held = exists().where(
        holds.c.item == "slip",
        holds.c.item_id == slips.c.id,
        holds.c.closed_at.is_(None),
        holds.c.reason == reason,
        holds.c.stage == by if by else true(),
    )
    told = select(slips).where(
        slips.c.shop == shop,
        slips.c.state.in_([str(state) for state in takes]),
        or_(slips.c.next_at.is_(None), slips.c.next_at <= now),
        held,
        _may_leave(),
        ~open_of(stage, slips.c.id, once=once),
    )
    items = slip_items(connection, list(connection.execute(told.limit(limit))))
    words = _refusals(connection, [item.id for item in items], reason)
    return [replace(item, refusal=words.get(item.id, "")) for item in items]


def slips_with_results(
    connection: Connection, shop: str, takes: Sequence[State], now: datetime
) -> list[Item[Slip]]:
    """Slips in one of these places that the warehouse spoke about and nobody holds."""
    spoken = exists().where(shipments.c.shop == shop, shipments.c.slip_number == slips.c.number)
    query = _due(slips, "slip", shop, "collect", takes, now).where(spoken)
    return slip_items(connection, list(connection.execute(query)))


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


def no_longer_fit(
    connection: Connection, items: Iterable[Item[Any]], table: Table, stage: str = ""
) -> set[int]:
    """Items that stand elsewhere by now, or that somebody pinned a hold on since: not to be acted on.

    No order is completed while one of its slips is held.
    """
    known = {item.id: item for item in items}
    states: dict[int, str] = {}
    for part in pieces(known):
        query = select(table.c.id, table.c.state).where(table.c.id.in_(part))
        if table is slips:
            query = query.where(_may_leave())
        elif stage in HANDING_OVER:
            query = query.where(~being_stopped(orders.c.id))
        states |= dict(connection.execute(query).all())
    held = held_by(connection, "order" if table is orders else "slip", list(known))
    if stage == corrections.COMPLETE:
        for id_ in completing.held_by_slips(connection, {item.id: item.since for item in known.values()}):
            states.pop(id_, None)
    return {
        id_
        for id_, item in known.items()
        if states.get(id_) != item.state or set(held.get(id_, ())) - SELF_CLEARING - set(item.held)
    }


def _in_order(rows: Iterable[Row[Any]]) -> list[Row[Any]]:
    """Whoever is due, a file names them in the order in which they came."""
    return sorted(rows, key=lambda row: row.id)


def blocking() -> ColumnElement[bool]:
    """SQL: a hold that waits for a person."""
    return holds.c.reason.not_in([str(reason) for reason in SELF_CLEARING])


def _blocked(table: Table, item: str) -> ColumnElement[bool]:
    return exists().where(
        holds.c.item == item, holds.c.item_id == table.c.id, holds.c.closed_at.is_(None), blocking()
    )


def _may_leave() -> ColumnElement[bool]:
    """Not yet at the warehouse: then every order behind the slip must be one that walks, and held by nobody."""
    barred = (
        exists()
        .where(
            order_slips.c.slip_id == slips.c.id,
            orders.c.id == order_slips.c.order_id,
            or_(
                orders.c.left_out != "",
                orders.c.state == OrderState.CANCELLED,
                _blocked(orders, "order"),
                waits_for_a_hand(orders.c.id),
                being_stopped(orders.c.id),
            ),
        )
        .correlate(slips)
    )
    return or_(slips.c.state != SlipState.PRINT_READY, ~barred)


def _due(
    table: Table, item: str, shop: str, stage: str, takes: Sequence[State], now: datetime
) -> Select[Any]:
    return (
        select(table)
        .where(
            and_(table.c.shop == shop, table.c.state.in_([str(state) for state in takes])),
            or_(table.c.next_at.is_(None), table.c.next_at <= now),
            ~_blocked(table, item),
            ~open_of(stage, table.c.id),
        )
        .order_by(table.c.next_at.nulls_first(), table.c.id)
    )


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


def slip_items(connection: Connection, rows: Sequence[Row[Any]]) -> list[Item[Slip]]:
    """Rows of `slips` as items, with the orders behind them and what the warehouse said."""
    ids = [row.id for row in rows]
    held = held_by(connection, "slip", ids)
    behind = _behind(connection, ids)
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


def _behind(connection: Connection, slip_ids: Sequence[int]) -> dict[int, list[Order]]:
    behind: dict[int, list[Order]] = {}
    for part in pieces(slip_ids):
        query = (
            select(order_slips.c.slip_id, orders.c.body)
            .join(orders, orders.c.id == order_slips.c.order_id)
            .where(order_slips.c.slip_id.in_(part))
            .order_by(orders.c.id)
        )
        for slip_id, body in connection.execute(query):
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


def _refusals(connection: Connection, ids: Sequence[int], reason: Reason) -> dict[int, str]:
    """What the other side said when it refused these slips, or could not ship them."""
    found: dict[int, str] = {}
    for part in pieces(ids):
        query = select(holds.c.item_id, holds.c.note).where(
            holds.c.item == "slip",
            holds.c.item_id.in_(part),
            holds.c.closed_at.is_(None),
            holds.c.reason == reason,
        )
        found |= dict(connection.execute(query).all())
    return found


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
