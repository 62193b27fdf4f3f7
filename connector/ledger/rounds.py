"""Rounds (定期の各回): which order is which round of which subscription, what it ends, and whether it came wrong.

An order may come before its subscription's picture or after it; both ways lead to the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from connector.clock import jst
from connector.ledger import renewals
from connector.ledger.database import pieces
from connector.ledger.schema_cart import odd_renewals, rounds, subscriptions
from connector.order import Order, Origin
from connector.shop import Shop
from connector.subscriptions import forecast
from connector.subscriptions.calendar import Calendar
from connector.subscriptions.forecast import Child, Foreseen

RECENT = timedelta(
    days=14
)  # older ones come from a history that is read for the first time: noted, not judged
NEIGHBOURS = timedelta(days=62)  # how far back a double is looked for


def arrived(connection: Connection, shop: Shop, page: Sequence[Order], now: datetime) -> None:
    """A page of orders that brought news. Safe to repeat: an order counts once, whatever changes about it later."""
    shown = {order.cart_order_id: order for order in page if order.subscription is not None}
    if not shown:
        return
    known = _known(connection, shop.key, shown)
    _note_the_dead(connection, shop.key, [row for row in known.values() if _died(row, shown)], now)
    revived = [id_ for id_, row in known.items() if not row.living and _lives(shown[id_])]
    if revived:
        here = (rounds.c.shop == shop.key, rounds.c.cart_order_id.in_(revived))
        connection.execute(update(rounds).where(*here).values(living=True))
    fresh = [order for id_, order in shown.items() if id_ not in known]
    if fresh:
        connection.execute(insert(rounds), [_row(shop.key, order) for order in fresh])
        _judge(connection, shop, fresh, now)


def beyond(connection: Connection, shop: str, ids: Iterable[int]) -> dict[int, list[Child]]:
    """Orders of these subscriptions (the cart's ids) that their stored pictures do not count yet."""
    found: dict[int, list[Child]] = {}
    ours = (
        subscriptions.c.shop == rounds.c.shop,
        subscriptions.c.subscription_id == rounds.c.subscription_id,
    )
    for some in pieces(ids):
        query = (
            select(rounds)
            .outerjoin(subscriptions, ours[0] & ours[1])
            .where(
                rounds.c.shop == shop,
                rounds.c.subscription_id.in_(some),
                or_(
                    subscriptions.c.id.is_(None),
                    rounds.c.nth.is_(None),
                    rounds.c.nth > subscriptions.c.orders_count,
                ),
            )
        )
        for row in connection.execute(query):
            found.setdefault(row.subscription_id, []).append(child(row))
    return found


def child(row: Row[Any]) -> Child:
    return Child(row.number, row.nth, row.round, row.placed_at, row.ship_on, row.deliver_on)


def _judge(connection: Connection, shop: Shop, fresh: Sequence[Order], now: datetime) -> None:
    calendar, mark = Calendar(shop.renewals), forecast.rules_mark(shop.renewals)
    book = renewals.Book(shop.key, mark, now)
    live = _live(connection, shop.key, fresh)
    odd: list[dict[str, Any]] = []
    neighbours = _neighbours(connection, shop.key, fresh, now)
    for order in sorted(fresh, key=lambda one: (one.placed_at, one.cart_order_id)):
        one, parent = _child(order), order.subscription
        assert parent is not None  # noqa: S101 - `arrived` took no other
        met = _settle(live.get(parent.subscription_id, []), one, book)
        if order.origin is not Origin.GENERATED or not _lives(order) or now - order.placed_at > RECENT:
            continue
        right = forecast.right_day(one, calendar) or one.placed_on
        row = {
            "shop": shop.key,
            "cart_order_id": order.cart_order_id,
            "right_on": right,
            "rules": mark,
            "at": now,
        }
        kind = forecast.timing(one, met.expectation if met else None, calendar)
        if kind:
            closed = {"other_order_id": None, "closed_at": now if kind == forecast.LATE else None}
            odd.append(row | {"kind": kind} | closed)
        for other in neighbours.get(parent.subscription_id, []):
            # Of two that came together the later one is the one too many.
            if (other.placed_at, other.cart_order_id) >= (order.placed_at, order.cart_order_id):
                continue
            foreseen = met is not None and met.expectation.deliver_on == one.deliver_on
            if forecast.doubled(one, child(other), calendar, foreseen=foreseen):
                double = {"kind": forecast.DOUBLED, "other_order_id": other.cart_order_id, "closed_at": None}
                odd.append(row | double)
                break
    book.write(connection)
    if odd:
        connection.execute(insert(odd_renewals), odd)


def _settle(live: list[Foreseen], one: Child, book: renewals.Book) -> Foreseen | None:
    """End what the order ends; the expectation that it met."""
    ends = forecast.arrived(live, one)
    for id_, end in ends.items():
        book.end(id_, end)
    met = next((each for each in live if each.id in ends and ends[each.id].verdict == forecast.MET), None)
    live[:] = [each for each in live if each.id not in ends]
    return met


def _live(connection: Connection, shop: str, fresh: Sequence[Order]) -> dict[int, list[Foreseen]]:
    """What is open of the orders' subscriptions, by the cart's id."""
    ours: dict[int, int] = {}
    wanted = {order.subscription.subscription_id for order in fresh if order.subscription is not None}
    for some in pieces(wanted):
        query = select(subscriptions.c.id, subscriptions.c.subscription_id).where(
            subscriptions.c.shop == shop, subscriptions.c.subscription_id.in_(some)
        )
        ours |= {row.id: row.subscription_id for row in connection.execute(query)}
    return {ours[id_]: rows for id_, rows in renewals.live_of(connection, ours).items()}


def _neighbours(
    connection: Connection, shop: str, fresh: Sequence[Order], now: datetime
) -> dict[int, list[Row[Any]]]:
    """Living orders of the same subscriptions, newest first."""
    found: dict[int, list[Row[Any]]] = {}
    wanted = {order.subscription.subscription_id for order in fresh if order.subscription is not None}
    for some in pieces(wanted):
        query = select(rounds).where(
            rounds.c.shop == shop,
            rounds.c.subscription_id.in_(some),
            rounds.c.living,
            rounds.c.placed_at >= now - NEIGHBOURS,
        )
        for row in connection.execute(query.order_by(rounds.c.placed_at.desc())):
            found.setdefault(row.subscription_id, []).append(row)
    return found


def _known(connection: Connection, shop: str, ids: Iterable[int]) -> dict[int, Row[Any]]:
    found: dict[int, Row[Any]] = {}
    for some in pieces(ids):
        query = select(rounds).where(rounds.c.shop == shop, rounds.c.cart_order_id.in_(some))
        found |= {row.cart_order_id: row for row in connection.execute(query)}
    return found


def _note_the_dead(connection: Connection, shop: str, dead: Sequence[Row[Any]], now: datetime) -> None:
    """Cancelled or deleted: it doubles nothing any more, and was not early for anything."""
    for some in pieces(row.cart_order_id for row in dead):
        here = (rounds.c.shop == shop, rounds.c.cart_order_id.in_(some))
        connection.execute(update(rounds).where(*here).values(living=False))
        of_it = or_(odd_renewals.c.cart_order_id.in_(some), odd_renewals.c.other_order_id.in_(some))
        still = (odd_renewals.c.shop == shop, odd_renewals.c.closed_at.is_(None), of_it)
        connection.execute(update(odd_renewals).where(*still).values(closed_at=now))


def _lives(order: Order) -> bool:
    return not (order.cancelled or order.deleted)


def _died(row: Row[Any], shown: dict[int, Order]) -> bool:
    return bool(row.living) and not _lives(shown[row.cart_order_id])


def _child(order: Order) -> Child:
    nth = order.subscription.nth if order.subscription else None
    round_ = order.subscription.round if order.subscription else 0
    return Child(order.cart_number, nth, round_, order.placed_at, order.ship_on, order.deliver_on)


def _row(shop: str, order: Order) -> dict[str, Any]:
    parent = order.subscription
    assert parent is not None  # noqa: S101 - `arrived` took no other
    return {
        "shop": shop,
        "cart_order_id": order.cart_order_id,
        "number": order.cart_number,
        "subscription_id": parent.subscription_id,
        "subscription_number": parent.number,
        "nth": parent.nth,
        "round": parent.round,
        "placed_at": order.placed_at,
        "placed_on": jst(order.placed_at).date(),
        "ship_on": order.ship_on,
        "deliver_on": order.deliver_on,
        "yen": order.amounts.payable,
        "generated": order.origin is Origin.GENERATED,
        "living": _lives(order),
    }
