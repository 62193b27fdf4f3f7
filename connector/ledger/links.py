"""Links (出し直し): which order stands in for a cancelled or refused one, old → new, and by which rule.

"round": the same round of the same subscription; a void gives the round back, and the next order carries it again
(spec/ecforce.md §7.8). "reordered": the same customer ordered the same goods again soon after: a guess, shown as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, Connection, CursorResult, Row, and_, insert, or_, select

from connector.journey import OrderState
from connector.ledger import codec
from connector.ledger.database import pieces
from connector.ledger.schema import orders
from connector.ledger.schema_cart import order_links
from connector.order import Order, Origin, PaymentState

ROUND, REORDERED = "round", "reordered"
SOON = timedelta(days=14)  # after the old one was placed or left the journey: later it is another purchase
REFUSED = (str(PaymentState.REFUSED), str(PaymentState.VOIDED))
_LEFT = or_(orders.c.cancelled, orders.c.state == str(OrderState.CANCELLED))
_OUT = or_(_LEFT, orders.c.payment_state.in_(REFUSED))


class Link(NamedTuple):
    old_id: int
    old_number: str
    new_id: int
    new_number: str
    why: str


def find(connection: Connection, shop: str, ids: Sequence[int], now: datetime) -> list[Link]:
    """Store what links these orders with others, either way; returns the links that are new."""
    found: dict[tuple[int, int], Link] = {}
    for part in pieces(ids):
        for link in (*_same_round(connection, shop, part), *_made_again(connection, shop, part)):
            found.setdefault((link.old_id, link.new_id), link)
    known = _known(connection, [link.old_id for link in found.values()])
    fresh = [link for key, link in found.items() if key not in known]
    if fresh:
        rows = [{"old_id": one.old_id, "new_id": one.new_id, "why": one.why, "at": now} for one in fresh]
        connection.execute(insert(order_links), rows)
    return fresh


def olds_of(connection: Connection, order_id: int) -> list[int]:
    """The orders that this one stands in for."""
    return list(connection.scalars(select(order_links.c.old_id).where(order_links.c.new_id == order_id)))


def replacements(connection: Connection, old_ids: Iterable[int]) -> dict[int, str]:
    """For each of these orders the number of the newest one that stands in for it and was not cancelled itself."""
    found: dict[int, str] = {}
    for part in pieces(old_ids):
        query = (
            select(order_links.c.old_id, orders.c.number)
            .join(orders, orders.c.id == order_links.c.new_id)
            .where(order_links.c.old_id.in_(part), living())
            .order_by(orders.c.placed_at, orders.c.id)
        )
        found |= dict(connection.execute(query).all())
    return found


def living(table: Any = orders) -> ColumnElement[bool]:
    """SQL: an order of ours that walks and that the cart did not cancel."""
    return and_(
        table.c.left_out == "", table.c.state != str(OrderState.CANCELLED), table.c.cancelled.is_(False)
    )


def same_round(one: Order, other: Order) -> bool:
    """The same 定期回数 of one subscription, by N番目 where the cart gave no count; parts of one order are one."""
    here, there = one.subscription, other.subscription
    if here is None or there is None or one.cart_order_id == other.cart_order_id:
        return False
    if here.subscription_id != there.subscription_id or here.round != there.round:
        return False
    return bool(here.round) or (here.nth is not None and here.nth == there.nth)


def _same_round(connection: Connection, shop: str, ids: Sequence[int]) -> list[Link]:
    pairs = _pairs(connection, shop, ids, orders.c.subscription_id)
    return [
        _link(old, new, ROUND)
        for old, new in pairs
        if old.subscription_round == new.subscription_round
        and same_round(codec.order(old.body), codec.order(new.body))
    ]


def _made_again(connection: Connection, shop: str, ids: Sequence[int]) -> list[Link]:
    pairs = _pairs(connection, shop, ids, orders.c.customer_id)
    return [
        _link(old, new, REORDERED)
        for old, new in pairs
        if old.placed_at < new.placed_at <= max(old.placed_at, old.since) + SOON and _bought_again(old, new)
    ]


def _bought_again(old: Row[Any], new: Row[Any]) -> bool:
    """The next round of a subscription is generated, whatever became of the last: nobody ordered it again."""
    if new.origin != Origin.PLACED or (old.subscription_id and old.subscription_id == new.subscription_id):
        return False
    goods = _goods(codec.order(old.body))
    return bool(goods) and goods == _goods(codec.order(new.body))


def _goods(order: Order) -> set[str]:
    return {line.sku for line in order.lines if not line.insert}


def _pairs(
    connection: Connection, shop: str, ids: Sequence[int], by: Column[Any]
) -> list[tuple[Row[Any], Row[Any]]]:
    """(older, newer) that agree in `by`, one of them in `ids`, where the older is out and the newer is not cancelled.

    Never all orders of a customer against all others: only those that are out are compared with anything.
    """
    mine = list(_light(connection, orders.c.id.in_(ids), by))
    whose_new = {row.whose for row in mine}
    whose_out = {row.whose for row in mine if row.out}
    here = (orders.c.shop == shop, orders.c.left_out == "")
    beside = [*mine]
    for part in pieces(whose_new):
        beside += _light(connection, and_(*here, by.in_(part), _OUT), by)
    for part in pieces(whose_out):
        beside += _light(connection, and_(*here, by.in_(part)), by)
    pairs = _tell_apart({row.id: row for row in beside}, set(ids))
    rows = _rows(connection, {id_ for pair in pairs for id_ in pair})
    return [(rows[old], rows[new]) for old, new in pairs]


def _tell_apart(beside: Mapping[int, Row[Any]], ids: set[int]) -> list[tuple[int, int]]:
    groups: dict[int, list[Row[Any]]] = {}
    for row in beside.values():
        groups.setdefault(row.whose, []).append(row)
    found = []
    for group in groups.values():
        for old in group:
            for new in group if old.out else ():
                older = (old.placed_at, old.id) < (new.placed_at, new.id)
                concerned = old.id in ids or new.id in ids
                if older and concerned and not new.left and old.cart_order_id != new.cart_order_id:
                    found.append((old.id, new.id))
    return sorted(found)


def _light(connection: Connection, where: ColumnElement[bool], by: Column[Any]) -> CursorResult[Any]:
    """What tells who comes before whom, without the bodies."""
    query = select(
        orders.c.id,
        orders.c.cart_order_id,
        orders.c.placed_at,
        by.label("whose"),
        _OUT.label("out"),
        _LEFT.label("left"),
    )
    return connection.execute(query.where(by.is_not(None), orders.c.left_out == "", where))


def _rows(connection: Connection, ids: Iterable[int]) -> dict[int, Row[Any]]:
    found: dict[int, Row[Any]] = {}
    for part in pieces(ids):
        query = select(orders).where(orders.c.id.in_(part))
        found |= {row.id: row for row in connection.execute(query)}
    return found


def _known(connection: Connection, old_ids: Iterable[int]) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for part in pieces(old_ids):
        query = select(order_links.c.old_id, order_links.c.new_id).where(order_links.c.old_id.in_(part))
        found |= {(old_id, new_id) for old_id, new_id in connection.execute(query)}
    return found


def _link(old: Row[Any], new: Row[Any], why: str) -> Link:
    return Link(old.id, old.number, new.id, new.number, why)
