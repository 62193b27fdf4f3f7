"""Stops (出荷止めの依頼): cancels seen after the hand-over, from the asking to the verdict.

An order has at most one request. It ends as stopped, as too late, or as withdrawn where the cart took its cancel
back; asked again later, the same row is open again and only what was done since then counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, and_, exists, insert, or_, select, update

from connector.journey import SlipState
from connector.ledger import due, under_way
from connector.ledger.effects import IN_DOUBT
from connector.ledger.schema import effect_items, effects, holds, order_slips, orders, slips, stop_requests
from connector.ledger.storable import plain
from connector.ledger.under_way import open_of
from connector.order import Order
from connector.outcome import EffectState, Item, Reason

OPEN, STOPPED, TOO_LATE, WITHDRAWN = "open", "stopped", "too_late", "withdrawn"
EARLY = (SlipState.INTAKE, SlipState.OPEN, SlipState.PRINT_READY)


def ask(connection: Connection, shop: str, order_id: int, why: str, now: datetime) -> bool:
    """Open a request; False where one is open already."""
    known = connection.execute(select(stop_requests).where(stop_requests.c.order_id == order_id)).first()
    if known is not None and known.verdict == OPEN:
        return False
    fresh = {"asked_at": now, "why": why, "verdict": OPEN, "verdict_at": None, "words": ""}
    if known is None:
        connection.execute(insert(stop_requests), [{"shop": shop, "order_id": order_id} | fresh])
    else:
        connection.execute(update(stop_requests).where(stop_requests.c.id == known.id).values(**fresh))
    return True


def end(connection: Connection, order_id: int, verdict: str, words: str, now: datetime) -> bool:
    """Close the open request of an order; False where none is open."""
    ended = connection.execute(
        update(stop_requests)
        .where(stop_requests.c.order_id == order_id, stop_requests.c.verdict == OPEN)
        .values(verdict=verdict, verdict_at=now, words=plain(words))
    )
    return ended.rowcount == 1


def asked(connection: Connection, order_id: int) -> bool:
    """Whether a stop was ever asked for this order and not taken back."""
    here = (stop_requests.c.order_id == order_id, stop_requests.c.verdict != WITHDRAWN)
    return connection.scalar(select(stop_requests.c.id).where(*here)) is not None


def orders_to_stop(connection: Connection, shop: str, stage: str, now: datetime) -> list[Item[Order]]:
    """Orders with an open request, wherever they stand.

    Not while their mail or their instruction file is in doubt: what is not known to be there cannot be stopped.
    """
    held = exists().where(
        and_(holds.c.item == "order", holds.c.item_id == orders.c.id, holds.c.stage == stage),
        and_(holds.c.closed_at.is_(None), due.blocking()),
    )
    file_in_doubt = (
        exists()
        .where(
            order_slips.c.order_id == orders.c.id,
            open_of("relay", order_slips.c.slip_id, states=IN_DOUBT),
        )
        .correlate(orders)
    )
    query = (
        select(orders, stop_requests.c.asked_at)
        .join(stop_requests, stop_requests.c.order_id == orders.c.id)
        .where(
            and_(orders.c.shop == shop, stop_requests.c.verdict == OPEN),
            or_(orders.c.next_at.is_(None), orders.c.next_at <= now),
            and_(~held, ~open_of(stage, orders.c.id)),
            and_(~open_of("notify", orders.c.id, states=IN_DOUBT), ~file_in_doubt),
        )
        .order_by(orders.c.next_at.nulls_first(), orders.c.id)
        .limit(due.BATCH)
    )
    rows = list(connection.execute(query))
    done = _done(connection, stage, {row.id: row.asked_at for row in rows})
    shares = _shares(connection, [row.id for row in rows])
    items = [
        replace(item, done=done.get(item.id, ()), shares=shares.get(item.id, ()))
        for item in due.order_items(connection, rows)
    ]
    return _with_the_warehouse(connection, shop, items)


def _done(connection: Connection, stage: str, asked_at: dict[int, datetime]) -> dict[int, tuple[str, ...]]:
    """Kinds of effects that were done for an order since its stop was asked for."""
    query = (
        select(effect_items.c.item_id, effects.c.kind, effects.c.started_at)
        .join(effects, effects.c.id == effect_items.c.effect_id)
        .where(
            effects.c.stage == stage,
            effects.c.state == EffectState.DONE,
            effect_items.c.item_id.in_(list(asked_at)),
        )
    )
    return due.grouped((id_, kind) for id_, kind, at in connection.execute(query) if at >= asked_at[id_])


def _shares(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """The other orders whose goods lie in one of these orders' live slips (同梱)."""
    mine, theirs = order_slips.alias("mine"), order_slips.alias("theirs")
    query = (
        select(mine.c.order_id, orders.c.number)
        .join(slips, slips.c.id == mine.c.slip_id)
        .join(theirs, theirs.c.slip_id == mine.c.slip_id)
        .join(orders, orders.c.id == theirs.c.order_id)
        .where(
            mine.c.order_id.in_(ids),
            theirs.c.order_id != mine.c.order_id,
            slips.c.state != SlipState.CANCELLED,
            orders.c.cancelled.is_(False),
        )
        .distinct()
        .order_by(orders.c.number)
    )
    return due.grouped((order_id, number) for order_id, number in connection.execute(query))


def _with_the_warehouse(connection: Connection, shop: str, items: list[Item[Order]]) -> list[Item[Order]]:
    """A slip whose instruction file lies at the warehouse unanswered counts as relayed: it may be packed."""
    numbers = [slip.number for item in items for slip, _ in item.slips]
    query = select(slips.c.id, slips.c.number).where(slips.c.shop == shop, slips.c.number.in_(numbers))
    by_id = dict(connection.execute(query).all())
    unclear = select(holds.c.item_id).where(
        and_(holds.c.item == "slip", holds.c.item_id.in_(list(by_id)), holds.c.closed_at.is_(None)),
        and_(holds.c.reason == Reason.CANNOT_TELL, holds.c.stage == "relay"),
    )
    perhaps = under_way.perhaps_there(connection, "relay", "wms_file", by_id)
    there = {by_id[id_] for id_ in (*perhaps, *connection.scalars(unclear))}
    return [
        replace(
            item,
            slips=tuple(
                (slip, SlipState.RELAYED if slip.number in there and state in EARLY else state)
                for slip, state in item.slips
            ),
        )
        for item in items
    ]
