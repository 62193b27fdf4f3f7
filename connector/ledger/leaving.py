"""Leaving (出荷してよい伝票): which slips may go to the warehouse, by the orders whose goods lie in them.

Every order behind a slip must be one that walks, and held by nobody. A tie to an order whose goods provably lie in it
no more (同梱から外した受注) keeps no slip back. Dangerous: what is known of rows may be old; so the act that hands a
slip over is judged once more in the transaction of its intent, by the rows that were read just before.

Conditions that never change are built once: every pass asks them several times, and building costs more than asking.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, exists, func, or_, select

from connector.journey import OrderState, SlipState
from connector.ledger import tied_goods
from connector.ledger.database import pieces
from connector.ledger.open_changes import waits_for_a_hand
from connector.ledger.schema import holds, order_slips, orders, slips
from connector.ledger.stop_bars import being_stopped
from connector.outcome import SELF_CLEARING

EARLY = (SlipState.INTAKE, SlipState.OPEN, SlipState.PRINT_READY)
Freed = Mapping[int, set[int]]  # by slip the orders that would keep it back, were their goods in it


@cache
def blocking() -> ColumnElement[bool]:
    """SQL: a hold that waits for a person."""
    return holds.c.reason.not_in([str(reason) for reason in SELF_CLEARING])


@cache
def blocked(table: Table, item: str) -> ColumnElement[bool]:
    """SQL: such a hold is open on the row."""
    return exists().where(
        holds.c.item == item, holds.c.item_id == table.c.id, holds.c.closed_at.is_(None), blocking()
    )


def may_leave(freed: Freed) -> ColumnElement[bool]:
    """SQL, about a slip. Not yet at the warehouse: then no order may keep it back."""
    return or_(_free_to_leave(), slips.c.id.in_(list(freed)))


@cache
def _free_to_leave() -> ColumnElement[bool]:
    behind = and_(order_slips.c.slip_id == slips.c.id, orders.c.id == order_slips.c.order_id)
    barred = exists().where(behind, _bars()).correlate(slips)
    return or_(slips.c.state != SlipState.PRINT_READY, ~barred)


def freed(connection: Connection, shop: str) -> dict[int, set[int]]:
    """Slips that only such orders keep back whose goods lie in them no more."""
    bars: dict[int, set[int]] = {}
    for order_id, slip_id in connection.execute(_barred_bundles(shop, (SlipState.PRINT_READY,))):
        bars.setdefault(slip_id, set()).add(order_id)
    gone = tied_goods.apart(connection, shop, [(id_, slip) for slip, ids in bars.items() for id_ in ids])
    return {slip: ids for slip, ids in bars.items() if all((id_, slip) in gone for id_ in ids)}


def kept_by(connection: Connection, shop: str, slip_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """By slip before the hand-over: numbers of the orders that keep it back."""
    found: dict[int, tuple[str, ...]] = {}
    for part in pieces(slip_ids):
        query = (
            select(order_slips.c.slip_id, orders.c.number)
            .join(slips, slips.c.id == order_slips.c.slip_id)
            .join(orders, orders.c.id == order_slips.c.order_id)
            .where(and_(slips.c.id.in_(part), slips.c.state == SlipState.PRINT_READY, _bars()))
            .order_by(orders.c.id)
        )
        for slip_id, number in connection.execute(query):
            found[slip_id] = (*found.get(slip_id, ()), number)
    return {id_: found[id_] for id_ in found.keys() - freed(connection, shop).keys()} if found else {}


def any_kept_back(connection: Connection, shop: str, slip_ids: Sequence[int]) -> bool:
    """Whether one of these, which were to be handed over, stands elsewhere by now, is held, or has an order that is."""
    may = and_(
        slips.c.state == SlipState.PRINT_READY, may_leave(freed(connection, shop)), ~blocked(slips, "slip")
    )
    fit = 0
    for part in pieces(slip_ids):
        fit += connection.scalar(select(func.count()).where(slips.c.id.in_(part), may)) or 0
    return fit < len(set(slip_ids))


def to_read_again(connection: Connection, shop: str) -> list[str]:
    """Numbers of bundled slips that an order keeps back: whether they still hold its goods only their rows show."""
    ids = {slip_id for _, slip_id in connection.execute(_barred_bundles(shop, EARLY))}
    return list(connection.scalars(select(slips.c.number).where(slips.c.id.in_(sorted(ids)))))


@cache
def _barred_bundles(shop: str, places: tuple[SlipState, ...]) -> Select[Any]:
    return (
        select(order_slips.c.order_id, order_slips.c.slip_id)
        .join(slips, slips.c.id == order_slips.c.slip_id)
        .join(orders, orders.c.id == order_slips.c.order_id)
        .where(
            and_(slips.c.shop == shop, slips.c.state.in_([str(place) for place in places])),
            and_(tied_goods.shared(), _bars()),
        )
    )


@cache
def _bars() -> ColumnElement[bool]:
    """SQL, about an order: nothing of it may leave now."""
    return or_(
        orders.c.left_out != "",
        orders.c.state == OrderState.CANCELLED,
        blocked(orders, "order"),
        waits_for_a_hand(orders.c.id),
        being_stopped(orders.c.id),
    )
