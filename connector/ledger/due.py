"""Due (次の仕事): which items a stage has to look at now, with everything it may want to know about them.

What is due is computed from the rows, never remembered: a lost or doubled wake-up cannot matter. What was looked at
longest ago comes first, so that many items that wait never stand in the way of one that could go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection, Row, Select, Table, exists, or_, select, true

from connector.journey import SlipState, State
from connector.ledger import bookings, claims, completing, corrections, leaving
from connector.ledger.database import pieces
from connector.ledger.item_rows import held_by, order_items, slip_items
from connector.ledger.leaving import Freed, blocked, may_leave
from connector.ledger.schema import holds, orders, shipments, slips
from connector.ledger.stop_bars import HANDING_OVER, being_stopped
from connector.ledger.under_way import open_of
from connector.order import Order
from connector.outcome import SELF_CLEARING, Item, Noun, Reason
from connector.slip import Slip

BATCH = 500
NOT_ALL_LEFT = {  # what the warehouse said of a slip it took, and the relay's effect that tells Next Engine of it
    Reason.UNSHIPPABLE: "ne_unshippable",
    Reason.PARTIAL_SHIPMENT: "ne_partial",
}


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
    freed = {} if watch else leaving.freed(connection, shop)
    if not watch:
        query = query.where(may_leave(freed))
    if gives is SlipState.CONFIRMED:
        query = query.where(corrections.told_anew())
    if once and gives is not None:
        query = query.where(or_(slips.c.state != gives, ~open_of(stage, slips.c.id, once=once)))
    items = slip_items(connection, _in_order(connection.execute(query.limit(limit))), freed)
    if gives is SlipState.CONFIRMED:
        items = _unclaimed(connection, shop, items)
    done = claims.done_kinds(connection, stage, [item.id for item in items])
    items = [replace(item, done=done.get(item.id, ())) for item in items]
    if not refused or watch:
        return items
    before = [state for state in takes if state is not gives]
    after = [state for state in takes if state is gives]
    items += _to_tell(connection, shop, stage, before, now, Reason.REFUSED, refused, limit, freed, by=stage)
    for reason, told in NOT_ALL_LEFT.items():
        items += _to_tell(connection, shop, stage, after, now, reason, told, limit, freed)
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
    freed: Freed,
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
        may_leave(freed),
        ~open_of(stage, slips.c.id, once=once),
    )
    items = slip_items(connection, list(connection.execute(told.limit(limit))), freed)
    words = _refusals(connection, [item.id for item in items], reason)
    return [replace(item, refusal=words.get(item.id, "")) for item in items]


def slips_with_results(
    connection: Connection, shop: str, takes: Sequence[State], now: datetime
) -> list[Item[Slip]]:
    """Slips in one of these places that the warehouse spoke about and nobody holds."""
    spoken = exists().where(shipments.c.shop == shop, shipments.c.slip_number == slips.c.number)
    query = _due(slips, "slip", shop, "collect", takes, now).where(spoken)
    return slip_items(connection, list(connection.execute(query)))


def no_longer_fit(
    connection: Connection, shop: str, items: Iterable[Item[Any]], table: Table, stage: str = ""
) -> set[int]:
    """Items that stand elsewhere by now, or that somebody pinned a hold on since: not to be acted on.

    No order is completed while one of its slips is held, and no slip leaves whose rows, as they were read for the act,
    hold goods of an order that must not leave.
    """
    known = {item.id: item for item in items}
    states: dict[int, str] = {}
    freed = leaving.freed(connection, shop) if table is slips else {}
    for part in pieces(known):
        query = select(table.c.id, table.c.state).where(table.c.id.in_(part))
        if table is slips:
            query = query.where(may_leave(freed))
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


def _due(
    table: Table, item: str, shop: str, stage: str, takes: Sequence[State], now: datetime
) -> Select[Any]:
    return _waiting(table, item, stage, tuple(map(str, takes))).where(
        table.c.shop == shop, or_(table.c.next_at.is_(None), table.c.next_at <= now)
    )


@cache
def _waiting(table: Table, item: str, stage: str, states: tuple[str, ...]) -> Select[Any]:
    """Built once: every pass asks it, and building costs more than asking."""
    return (
        select(table)
        .where(table.c.state.in_(states), ~blocked(table, item), ~open_of(stage, table.c.id))
        .order_by(table.c.next_at.nulls_first(), table.c.id)
    )


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
