"""Cases (決済NGの案件): what a person reads about refused payments: each with its story, its yen and the next step.

A case that nothing happened to for `given_up_after` is shown as given up. No row was closed for it: only facts close
one, and the next thing that happens brings it back by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, and_, or_, select

from connector.journey import OrderState
from connector.ledger import codec, twins
from connector.ledger.case_steps import HEALED, OPEN
from connector.ledger.database import pieces
from connector.ledger.schema import history, holds, orders
from connector.ledger.schema_cart import order_links, payment_cases, payment_steps, subscriptions
from connector.ledger.views.case_situations import NOTHING_TO_DO, of_healed, of_open
from connector.ledger.views.times import next_of
from connector.outcome import Reason
from connector.shop import Shop
from connector.subscription import Subscription, SubscriptionState

GIVEN_UP = "given_up"
MOST = 2000  # rows of a list
_BEFORE_IMPORT = [str(state) for state in (OrderState.RECEIVED, OrderState.NOTIFIED, OrderState.IN_INTAKE)]
_JOINED = [str(state) for state in (OrderState.IMPORTED, OrderState.SHIPPED, OrderState.COMPLETED)]


class CaseStep(Struct, frozen=True, kw_only=True):
    """One thing that happened. `version` is the order's version that showed it; 0: its subscription showed it."""

    at: datetime
    what: str
    version: int
    method: str = ""
    words: str = ""


class CaseRow(Struct, frozen=True, kw_only=True):
    """One case. `state` is open, healed, cancelled, replaced or given_up."""

    order_number: str
    state: str
    situation: str
    opened_at: datetime
    last_at: datetime
    closed_at: datetime | None
    failures: int
    words: str  # the gateway's last
    method: str
    payment_state: str
    place: str  # where its order stands
    yen: int
    subscription: str  # number of the 定期受注
    round: int | None
    twins: tuple[str, ...]  # living orders for the same goods
    replaced_by: str
    joined_at: datetime | None  # when the healed order was imported
    joins_at: datetime | None  # the next import, for one that is healed and waits for it
    steps: tuple[CaseStep, ...]
    needs_hand: bool  # a person can do something about it


class LinkRow(Struct, frozen=True, kw_only=True):
    """Another order that this one stands in for (`way` stands_in_for), or that stands in for it (stood_in_by)."""

    way: str
    number: str
    why: str
    at: datetime


def open_cases(connection: Connection, shop: Shop, now: datetime) -> list[CaseRow]:
    """What is open, oldest first; those given up come last."""
    rows = _rows(connection, payment_cases.c.shop == shop.key, payment_cases.c.state == OPEN)
    found = told(connection, shop, rows, now)
    return sorted(found, key=lambda one: (one.state == GIVEN_UP, one.opened_at))


def ended_cases(connection: Connection, shop: Shop, since: datetime, now: datetime) -> list[CaseRow]:
    """What ended since then, newest first; and what healed earlier and still has not joined an import."""
    walking = and_(payment_cases.c.state == HEALED, orders.c.state.in_(_BEFORE_IMPORT))
    ended = or_(payment_cases.c.closed_at >= since, walking)
    rows = _rows(connection, payment_cases.c.shop == shop.key, payment_cases.c.state != OPEN, ended)
    return sorted(told(connection, shop, rows, now), key=lambda one: one.last_at, reverse=True)


def case_of(connection: Connection, shop: Shop, number: str, now: datetime) -> CaseRow | None:
    """The case of one order; None where its payment was never refused."""
    rows = _rows(connection, orders.c.shop == shop.key, orders.c.number == number)
    return next(iter(told(connection, shop, rows, now)), None)


def links_of(connection: Connection, shop: str, number: str) -> list[LinkRow]:
    """The orders this one stands in for, and those that stand in for it."""
    here = select(orders.c.id).where(orders.c.shop == shop, orders.c.number == number).scalar_subquery()
    found = []
    for way, mine, other in (
        ("stands_in_for", order_links.c.new_id, order_links.c.old_id),
        ("stood_in_by", order_links.c.old_id, order_links.c.new_id),
    ):
        query = select(orders.c.number, order_links.c.why, order_links.c.at).join(
            orders, orders.c.id == other
        )
        rows = connection.execute(query.where(mine == here).order_by(orders.c.placed_at))
        found += [LinkRow(way=way, number=row.number, why=row.why, at=row.at) for row in rows]
    return found


def _rows(connection: Connection, *where: Any) -> list[Row[Any]]:
    query = (
        select(
            payment_cases,
            orders.c.number,
            orders.c.body,
            orders.c.payable,
            orders.c.state.label("place"),
            orders.c.subscription_id,
        )
        .join(orders, orders.c.id == payment_cases.c.order_id)
        .where(*where)
        .order_by(payment_cases.c.opened_at)
        .limit(MOST)
    )
    return list(connection.execute(query))


def told(connection: Connection, shop: Shop, rows: Sequence[Row[Any]], now: datetime) -> list[CaseRow]:
    """Rows of cases with everything a person wants to know about them, in a few reads for all of them."""
    if not rows:
        return []
    ids = [row.order_id for row in rows]
    steps = _steps(connection, [row.id for row in rows])
    beside = twins.among(connection, [row.order_id for row in rows if row.state == OPEN])
    parents = _parents(connection, shop.key, rows)
    joined = _joined(connection, ids)
    held = _held(connection, ids)
    return [
        _told(
            shop,
            row,
            steps.get(row.id, []),
            tuple(twin.number for twin in beside.get(row.order_id, ())),
            parents.get(row.subscription_id),
            joined.get(row.order_id),
            row.order_id in held,
            now,
        )
        for row in rows
    ]


def _told(
    shop: Shop,
    row: Row[Any],
    steps: list[CaseStep],
    beside: tuple[str, ...],
    parent: Subscription | None,
    joined_at: datetime | None,
    held: bool,
    now: datetime,
) -> CaseRow:
    order, place = codec.order(row.body), OrderState(row.place)
    stopped = _stopped(parent, row.opened_at)
    given_up = row.state == OPEN and now - row.last_at >= shop.given_up_after
    situation, joins_at = row.state, None
    if row.state == OPEN:
        whats = [step.what for step in steps]
        situation = of_open(
            order, place, whats, twins=bool(beside), stopped=stopped is not None, given_up=given_up
        )
    elif row.state == HEALED:
        situation = of_healed(place, held=held, late=_late(shop, row.closed_at, now))
        joins_at = next_of(shop.import_times, now) if situation == "joins" else None
    parent_of = order.subscription
    return CaseRow(
        order_number=row.number,
        state=GIVEN_UP if situation == GIVEN_UP else row.state,
        situation=situation,
        opened_at=row.opened_at,
        last_at=row.last_at,
        closed_at=row.closed_at,
        failures=row.failures,
        words=row.words,
        method=order.payment.method,
        payment_state=str(order.payment.state),
        place=row.place,
        yen=row.payable,
        subscription=parent_of.number if parent_of else "",
        round=parent_of.round if parent_of else None,
        twins=beside,
        replaced_by=row.replaced_by,
        joined_at=joined_at if row.state == HEALED else None,
        joins_at=joins_at,
        steps=tuple(sorted((*steps, *([stopped] if stopped else [])), key=lambda step: step.at)),
        needs_hand=situation not in (*NOTHING_TO_DO, GIVEN_UP),
    )


def _late(shop: Shop, healed_at: datetime, now: datetime) -> bool:
    """The first import it could be ready for is over, its grace too."""
    ready_at = healed_at + shop.settle + shop.mail_settle
    due_at = next_of(shop.import_times, ready_at)
    return due_at is not None and now > due_at + shop.import_grace


def _stopped(parent: Subscription | None, opened_at: datetime) -> CaseStep | None:
    """Its subscription does not run any more; when that was is the cart's word."""
    if parent is None or parent.state is SubscriptionState.ACTIVE:
        return None
    at = parent.cancelled_at or parent.suspended_at or parent.updated_at
    return CaseStep(at=max(at, opened_at), what="parent_stopped", version=0, words=parent.number)


def _steps(connection: Connection, case_ids: Iterable[int]) -> dict[int, list[CaseStep]]:
    found: dict[int, list[CaseStep]] = {}
    for part in pieces(case_ids):
        query = select(payment_steps).where(payment_steps.c.case_id.in_(part)).order_by(payment_steps.c.id)
        for row in connection.execute(query):
            step = CaseStep(at=row.at, what=row.what, version=row.version, method=row.method, words=row.words)
            found.setdefault(row.case_id, []).append(step)
    return found


def _parents(connection: Connection, shop: str, rows: Sequence[Row[Any]]) -> dict[int, Subscription]:
    found: dict[int, Subscription] = {}
    for part in pieces({row.subscription_id for row in rows if row.subscription_id is not None}):
        query = select(subscriptions.c.subscription_id, subscriptions.c.body).where(
            subscriptions.c.shop == shop, subscriptions.c.subscription_id.in_(part)
        )
        found |= {id_: codec.subscription(body) for id_, body in connection.execute(query)}
    return found


def _joined(connection: Connection, order_ids: Iterable[int]) -> dict[int, datetime]:
    """When each of these orders was imported for the last time, as the history proves it."""
    found: dict[int, datetime] = {}
    for part in pieces(order_ids):
        query = (
            select(history.c.item_id, history.c.at)
            .where(
                and_(history.c.item == "order", history.c.item_id.in_(part)),
                and_(history.c.event == "moved", history.c.to_state.in_(_JOINED)),
                history.c.from_state.in_(_BEFORE_IMPORT),
            )
            .order_by(history.c.id)
        )
        found |= dict(connection.execute(query).all())
    return found


def _held(connection: Connection, order_ids: Iterable[int]) -> set[int]:
    """Orders with an open hold that is not about the payment: that one goes with the next pass."""
    found: set[int] = set()
    for part in pieces(order_ids):
        query = select(holds.c.item_id).where(
            and_(holds.c.item == "order", holds.c.item_id.in_(part), holds.c.closed_at.is_(None)),
            holds.c.reason != str(Reason.PAYMENT_REFUSED),
        )
        found |= set(connection.scalars(query))
    return found
