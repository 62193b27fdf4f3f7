"""Intake (取込の内訳): what became of every order seen: on its way, held, ended, left out by rule, or unreadable (B02).

Counted as the cart counts: an order of several addresses is several rows of ours and one order. Each stands in
exactly one line; where its parts differ, the one that is least finished decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Subquery, and_, case, distinct, func, literal, select

from connector.clock import jst
from connector.journey import FINAL, OrderState, SlipState
from connector.ledger import jobs, unreadable
from connector.ledger.database import pieces
from connector.ledger.schema import holds, order_slips, orders, slips
from connector.ledger.views.times import day_span
from connector.shop import Shop

INTAKE_DAYS = 14  # and today: as far back as the report compares the cart


class IntakeKind(StrEnum):
    """What became of an order of the cart; `words.INTAKE` names them."""

    HELD = "held"
    ON_ITS_WAY = "on_its_way"
    ENDED = "ended"
    LEFT_OUT = "left_out"
    UNREADABLE = "unreadable"


RANKS = (
    IntakeKind.HELD,
    IntakeKind.ON_ITS_WAY,
    IntakeKind.ENDED,
    IntakeKind.LEFT_OUT,
)  # least finished first


class IntakeLine(Struct, frozen=True, kw_only=True):
    """`rule`: a hold's reason, a state, or the rule that leaves out. `older`: placed before the days compared."""

    kind: IntakeKind
    rule: str
    count: int
    yen: int | None  # None: nobody could read it
    oldest_at: datetime | None
    older: bool = False


class IntakeDay(Struct, frozen=True, kw_only=True):
    """One 受注日 from `since` until `until`. `cart` None: the cart was not asked, or did not say."""

    on: date
    since: datetime
    until: datetime
    ledger: int
    unreadable: int
    cart: int | None = None

    @property
    def ours(self) -> int:
        return self.ledger + self.unreadable

    @property
    def difference(self) -> int:
        """How many the cart has more than we; below zero where it has less. 0 while it is unknown."""
        return 0 if self.cart is None else self.cart - self.ours


class Intake(Struct, frozen=True, kw_only=True):
    """`seen` is counted by itself: the lines of the period must add up to it."""

    made_at: datetime
    since: datetime
    read_at: datetime | None  # how far the cart was read
    seen: int
    lines: tuple[IntakeLine, ...]
    days: tuple[IntakeDay, ...]
    words: str = ""  # why the cart could not be asked

    @property
    def sum(self) -> int:
        return sum(line.count for line in self.lines if not line.older)

    @property
    def red(self) -> bool:
        return self.sum != self.seen or any(day.difference for day in self.days)

    @property
    def known(self) -> bool:
        return all(day.cart is not None for day in self.days)


def intake(connection: Connection, shop: Shop, now: datetime, *, days: int = INTAKE_DAYS) -> Intake:
    """Orders placed in the last days and today, and those placed before that are still under way."""
    first = jst(now).date() - timedelta(days=days)
    since = day_span(first)[0]
    unread = _unread(connection, shop.key)
    newer = [at for at in unread if at is None or at >= since]
    lines = _lines(connection, shop.key, orders.c.placed_at >= since)
    if newer:
        oldest = min((at for at in newer if at is not None), default=None)
        lines.append(
            IntakeLine(kind=IntakeKind.UNREADABLE, rule="", count=len(newer), yen=None, oldest_at=oldest)
        )
    before = (orders.c.placed_at < since) & (orders.c.left_out == "") & orders.c.state.not_in(_ended())
    lines += _lines(connection, shop.key, before, older=True)
    read_at = jobs.cursor(connection, shop.key, "ingest")
    return Intake(
        made_at=now,
        since=since,
        read_at=read_at,
        seen=_count(connection, shop.key, since, None) + len(newer),
        lines=tuple(lines),
        days=tuple(
            intake_days(connection, shop, first, jst(now).date(), read_at - shop.overlap) if read_at else ()
        ),
    )


# --- the lines ----------------------------------------------------------------------------------------------


def _ended() -> list[str]:
    return [str(state) for state in FINAL if isinstance(state, OrderState)]


def _lines(
    connection: Connection, shop: str, where: ColumnElement[bool], *, older: bool = False
) -> list[IntakeLine]:
    whole = _whole_orders(shop, where)
    query = select(whole.c.place, func.count(), func.sum(whole.c.yen), func.min(whole.c.placed_at)).group_by(
        whole.c.place
    )
    found = []
    for place, count, yen, oldest_at in connection.execute(query.order_by(whole.c.place)):
        rank, _, rule = place.partition(" ")
        kind = RANKS[int(rank)]
        found.append(
            IntakeLine(kind=kind, rule=rule, count=count, yen=int(yen), oldest_at=oldest_at, older=older)
        )
    return found


def _whole_orders(shop: str, where: ColumnElement[bool]) -> Subquery:
    """One row per order of the cart: the place of its least finished part, as "<rank> <rule>"."""
    own, theirs = _held_orders(), _held_slips()
    place = case(
        (orders.c.left_out != "", literal("3 ") + orders.c.left_out),
        (own.c.reason.is_not(None), literal("0 ") + own.c.reason),
        (theirs.c.reason.is_not(None), literal("0 ") + theirs.c.reason),
        (orders.c.state.in_(_ended()), literal("2 ") + orders.c.state),
        else_=literal("1 ") + orders.c.state,
    )
    # Whoever left because the cart shows the order under other numbers (parcels.py) has its yen there.
    elsewhere = and_(orders.c.state == str(OrderState.CANCELLED), orders.c.cancelled.is_(False))
    walking = func.sum(case((elsewhere, 0), else_=orders.c.payable))
    return (
        select(
            orders.c.cart_order_id,
            func.min(place).label("place"),
            case((func.count() > 1, walking), else_=func.sum(orders.c.payable)).label("yen"),
            func.min(orders.c.placed_at).label("placed_at"),
        )
        .select_from(orders)
        .outerjoin(own, own.c.order_id == orders.c.id)
        .outerjoin(theirs, theirs.c.order_id == orders.c.id)
        .where(orders.c.shop == shop, where)
        .group_by(orders.c.cart_order_id)
        .subquery()
    )


def _held_orders() -> Subquery:
    return (
        select(holds.c.item_id.label("order_id"), func.min(holds.c.reason).label("reason"))
        .where(holds.c.item == "order", holds.c.closed_at.is_(None))
        .group_by(holds.c.item_id)
        .subquery("own")
    )


def _held_slips() -> Subquery:
    """Orders one of whose live slips is held."""
    return (
        select(order_slips.c.order_id, func.min(holds.c.reason).label("reason"))
        .join(slips, slips.c.id == order_slips.c.slip_id)
        .join(holds, holds.c.item_id == slips.c.id)
        .where(holds.c.item == "slip", holds.c.closed_at.is_(None), slips.c.state != SlipState.CANCELLED)
        .group_by(order_slips.c.order_id)
        .subquery("theirs")
    )


# --- the days -----------------------------------------------------------------------------------------------


def intake_days(
    connection: Connection, shop: Shop, first: date, last: date, until: datetime
) -> list[IntakeDay]:
    """Whole days, cut at the shop's start and at `until`: what the cart may still show late is not compared."""
    unread, end = _unread(connection, shop.key), until.replace(microsecond=0)
    found = []
    for back in range((last - first).days + 1):
        on = first + timedelta(days=back)
        begins_at, ends_at = day_span(on)
        from_at, to_at = max(begins_at, _whole_second(shop.start_at)), min(ends_at, end)
        if from_at < to_at:
            inside = sum(at is not None and from_at <= at < to_at for at in unread)
            count = _count(connection, shop.key, from_at, to_at)
            found.append(IntakeDay(on=on, since=from_at, until=to_at, ledger=count, unreadable=inside))
    return found


def digests(connection: Connection, shop: str, numbers: Sequence[str]) -> dict[str, str]:
    """The content we have of these orders, as its digest; unknown ones are absent."""
    query = select(orders.c.number, orders.c.digest).where(
        orders.c.shop == shop, orders.c.number.in_(list(numbers))
    )
    return {row.number: row.digest for row in connection.execute(query)}


def _whole_second(at: datetime) -> datetime:
    """The cart is asked in whole seconds; a part of the first one would count differently."""
    return at if not at.microsecond else at.replace(microsecond=0) + timedelta(seconds=1)


def _count(connection: Connection, shop: str, since: datetime, until: datetime | None) -> int:
    query = select(func.count(distinct(orders.c.cart_order_id))).where(
        orders.c.shop == shop, orders.c.placed_at >= since
    )
    if until is not None:
        query = query.where(orders.c.placed_at < until)
    return connection.scalar(query) or 0


def _unread(connection: Connection, shop: str) -> list[datetime | None]:
    """受注日 of each order that nobody could read and that we do not hold in an earlier version."""
    rows = {
        row.facts.get("cart_order_id") or f"#{row.id}": row
        for row in unreadable.open_orders(connection, shop)
    }
    ids = [int(id_) for id_ in rows if id_.isascii() and id_.isdigit()]
    held: set[int] = set()
    for some in pieces(ids):
        query = select(orders.c.cart_order_id).where(orders.c.shop == shop, orders.c.cart_order_id.in_(some))
        held |= set(connection.scalars(query))
    left = [row for id_, row in rows.items() if not (id_.isascii() and id_.isdigit() and int(id_) in held)]
    return [_said(row.facts.get("placed_at")) for row in left]


def _said(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
