"""Tied goods (伝票の中の商品): of slips that are tied to several orders, whose goods lie in them by their rows.

Ties never go away; rows do, when a person takes them out of a bundled slip or splits it. Where rows do not tell for
sure, the tie counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, select

from connector.bundle import Family, surely_only, surely_without
from connector.journey import SlipState
from connector.ledger import slip_family
from connector.ledger.database import pieces
from connector.ledger.schema import order_slips, orders, slips
from connector.ledger.stop_places import handed_over_at

Pair = tuple[int, int]  # ids of an order and of a slip that is tied to it


@cache
def shared() -> ColumnElement[bool]:
    """SQL, about a row of `order_slips`: another order is tied to the same slip."""
    other = order_slips.alias("other")
    mine = and_(other.c.slip_id == order_slips.c.slip_id, other.c.order_id != order_slips.c.order_id)
    return exists().where(mine).correlate(order_slips)


def apart(connection: Connection, shop: str, ties: Iterable[Pair]) -> set[Pair]:
    """Those of these ties of which the slip provably holds no goods of the order."""
    wanted = set(ties)
    numbers: dict[Pair, tuple[str, str]] = {}
    for part in pieces({slip_id for _, slip_id in wanted}):
        query = (
            select(order_slips.c.order_id, slips.c.id, slips.c.number, orders.c.number.label("order_number"))
            .join(slips, slips.c.id == order_slips.c.slip_id)
            .join(orders, orders.c.id == order_slips.c.order_id)
            .where(slips.c.id.in_(part))
        )
        for order_id, slip_id, number, order_number in connection.execute(query):
            numbers[order_id, slip_id] = number, order_number
    families: dict[str, Family] = {}
    found: set[Pair] = set()
    for pair in wanted & numbers.keys():
        number, order_number = numbers[pair]
        if number not in families:
            families[number] = family_of(connection, shop, number)
        if surely_without(families[number][number], order_number, families[number]):
            found.add(pair)
    return found


def family_of(connection: Connection, shop: str, number: str) -> Family:
    """All slips that hang together with this one, as they were read last."""
    return {one: slip for one, (_, slip) in slip_family.family(connection, shop, [number]).items()}


def wholly_apart(connection: Connection, shop: str, order_ids: Iterable[int]) -> set[int]:
    """Orders that have living slips, none of which holds their goods."""
    tied: dict[int, set[int]] = {}
    lonely: set[int] = set()
    for part in pieces(order_ids):
        query = (
            select(order_slips.c.order_id, order_slips.c.slip_id, shared())
            .join(slips, slips.c.id == order_slips.c.slip_id)
            .where(order_slips.c.order_id.in_(part), slips.c.state != SlipState.CANCELLED)
        )
        for order_id, slip_id, is_shared in connection.execute(query):
            tied.setdefault(order_id, set()).add(slip_id)
            lonely |= set() if is_shared else {order_id}
    asked = [(order_id, slip_id) for order_id in tied.keys() - lonely for slip_id in tied[order_id]]
    gone = apart(connection, shop, asked)
    return {id_ for id_ in tied.keys() - lonely if all((id_, slip_id) in gone for slip_id in tied[id_])}


@dataclass(slots=True)
class Bundles:
    """Of one order. `apart`: numbers of slips with none of its goods; `shares`: whose goods lie beside its own."""

    apart: list[str] = field(default_factory=list)
    shares: list[str] = field(default_factory=list)


def bundles(connection: Connection, shop: str, order_ids: Sequence[int]) -> dict[int, Bundles]:
    """Of these orders, by their slips that are not cancelled; another order that is cancelled shares nothing.

    A slip under another number that was cancelled in Next Engine after the hand-over still lies at the warehouse.
    """
    found: dict[int, Bundles] = {}
    rows = _not_alone(connection, order_ids)
    there = handed_over_at(connection, {row.slip_id for row in rows if row.state == SlipState.CANCELLED})
    for row in rows:
        if row.state == SlipState.CANCELLED and (row.slip_id not in there or row.under == row.own):
            continue
        mine = found.setdefault(row.order_id, Bundles())
        family = family_of(connection, shop, row.number)
        slip = family[row.number]
        tied = _others(connection, row.slip_id, row.order_id)
        if tied and surely_without(slip, row.own, family):
            mine.apart.append(row.number)
            continue
        if slip.order_number in (row.own, *tied) and surely_only(slip, row.own, family):
            continue
        living = [number for number, cancelled in tied.items() if not cancelled]
        if slip.order_number != row.own:
            living.append(slip.order_number)
        mine.shares += [
            number
            for number in dict.fromkeys(living)
            if number not in mine.shares and not surely_without(slip, number, family)
        ]
    return found


def _not_alone(connection: Connection, order_ids: Sequence[int]) -> list[Any]:
    query = (
        select(
            *(order_slips.c.order_id, order_slips.c.slip_id, slips.c.number, slips.c.state),
            *(slips.c.order_number.label("under"), orders.c.number.label("own")),
        )
        .join(slips, slips.c.id == order_slips.c.slip_id)
        .join(orders, orders.c.id == order_slips.c.order_id)
        .where(shared() | (slips.c.order_number != orders.c.number))
        .order_by(slips.c.id)
    )
    return [
        row
        for part in pieces(order_ids)
        for row in connection.execute(query.where(order_slips.c.order_id.in_(part)))
    ]


def _others(connection: Connection, slip_id: int, order_id: int) -> dict[str, bool]:
    """Numbers of the other orders tied to a slip, and whether the cart cancelled them."""
    query = (
        select(orders.c.number, orders.c.cancelled)
        .join(order_slips, order_slips.c.order_id == orders.c.id)
        .where(order_slips.c.slip_id == slip_id, orders.c.id != order_id)
        .order_by(orders.c.number)
    )
    return {number: bool(cancelled) for number, cancelled in connection.execute(query)}
