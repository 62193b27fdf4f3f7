"""Lists (一覧): the funnel, orders by search, what is held, and strays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    and_,
    exists,
    false,
    func,
    or_,
    select,
)

from connector.journey import OrderState, SlipState
from connector.ledger import codec, leaving
from connector.ledger.database import pieces
from connector.ledger.schema import (
    exchanges,
    holds,
    order_slips,
    orders,
    shipments,
    slips,
    strays,
)
from connector.ledger.schema_cart import subscriptions
from connector.ledger.views.places import PLACE, PLACES, Place
from connector.ledger.views.rows import (
    HoldRow,
    Listing,
    OrderRow,
    PlaceCount,
    SlipRow,
    StrayRow,
    filled,
)
from connector.ledger.views.tabs import tab_of
from connector.outcome import Reason
from connector.shop import Shop

PAGE = 100
_QUALIFIER = re.compile(r"(?<!\S)([a-z_]+):(\S*)")
_AGE = re.compile(r">?(\d{1,5})([dhm])")
_UNITS = {"d": 86_400, "h": 3_600, "m": 60}


@dataclass(frozen=True, slots=True)
class Question:
    """A search: `state:in_intake age:>2d 1234`; words that are no qualifier are parts of a number.

    `odd` are the qualifiers that nobody understands: nothing answers such a question.
    """

    words: tuple[str, ...] = ()
    order: str = ""
    slip: str = ""
    state: str = ""
    held: str = ""  # a reason, or "any"
    stuck: bool = False
    left_out: bool = False
    older_than: timedelta | None = None
    odd: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Question:
        asked = _QUALIFIER.findall(text)
        found = dict(asked)
        age = _AGE.fullmatch(found.get("age", ""))
        return cls(
            words=tuple(_QUALIFIER.sub(" ", text).split()),
            order=found.get("order", ""),
            slip=found.get("slip", ""),
            state=found.get("state", ""),
            held=found.get("held", ""),
            stuck="stuck" in found,
            left_out="left_out" in found,
            older_than=timedelta(seconds=int(age[1]) * _UNITS[age[2]]) if age else None,
            odd=tuple(f"{key}:{value}" for key, value in asked if not _understood(key, value)),
        )


def _understood(key: str, value: str) -> bool:
    match key:
        case "order" | "slip":
            return bool(value)
        case "state":
            return value in {str(state) for state in OrderState}
        case "held":
            return value == "any" or value in {str(reason) for reason in Reason}
        case "stuck" | "left_out":
            return value == "yes"
        case "age":
            return _AGE.fullmatch(value) is not None
    return False


def funnel(connection: Connection, shop: Shop, now: datetime) -> list[PlaceCount]:
    """How many orders and slips stand at each place, in the order of the journey; every place has a row."""
    counted = {item: _counted(connection, shop, item, now) for item in ("order", "slip")}
    return [counted[place.item].get(str(place.state)) or _empty(place) for place in PLACES]


def orders_list(
    connection: Connection,
    shop: Shop,
    question: Question,
    now: datetime,
    *,
    limit: int = PAGE,
    offset: int = 0,
) -> Listing:
    """Orders that answer the question, newest first; none where a part of it is not understood."""
    if question.odd:
        return Listing(rows=(), total=0)
    where = _where(shop, question, now)
    total = connection.scalar(select(func.count()).select_from(orders).where(where)) or 0
    query = select(orders).where(where).order_by(orders.c.placed_at.desc(), orders.c.id.desc())
    rows = list(connection.execute(query.limit(limit).offset(offset)))
    return Listing(rows=tuple(order_rows(connection, shop, rows, now)), total=total)


def held(connection: Connection, shop: str, *, reason: str = "", limit: int = 2000) -> list[HoldRow]:
    """Every open hold, oldest first."""
    query = select(holds).where(holds.c.shop == shop, holds.c.closed_at.is_(None))
    if reason:
        query = query.where(holds.c.reason == reason)
    return hold_rows(connection, list(connection.execute(query.order_by(holds.c.opened_at).limit(limit))))


def strays_list(connection: Connection, shop: str, *, all_of_them: bool = False) -> list[StrayRow]:
    """What came in and fits nothing, newest first; resolved ones only on request."""
    file = select(exchanges.c.name).where(exchanges.c.id == strays.c.exchange_id).scalar_subquery()
    query = select(strays, file.label("came_in")).where(strays.c.shop == shop)
    if not all_of_them:
        query = query.where(strays.c.resolved_at.is_(None))
    found = connection.execute(query.order_by(strays.c.at.desc(), strays.c.id.desc()).limit(2000))
    return [
        filled(
            StrayRow,
            row,
            file=row.came_in or "",
            said=row.facts.get("row", {}),
            early="shipment" in row.facts,
            untrusted="untrusted" in row.facts,
        )
        for row in found
    ]


def slips_at(connection: Connection, shop: Shop, states: Sequence[str], now: datetime) -> list[SlipRow]:
    """Slips of our orders that stand at one of these places, longest first."""
    query = (
        select(slips)
        .where(slips.c.shop == shop.key, slips.c.state.in_(list(states)), _ours(shop))
        .order_by(slips.c.since, slips.c.id)
    )
    return slip_rows(connection, shop, list(connection.execute(query)), now)


def orders_at(connection: Connection, shop: Shop, states: Sequence[str], now: datetime) -> list[OrderRow]:
    """Orders that stand at one of these places, longest first."""
    query = (
        select(orders)
        .where(orders.c.shop == shop.key, orders.c.left_out == "", orders.c.state.in_(list(states)))
        .order_by(orders.c.since, orders.c.id)
    )
    return order_rows(connection, shop, list(connection.execute(query)), now)


# --- rows of tables → rows of lists ----------------------------------------------------------------------


def order_rows(connection: Connection, shop: Shop, rows: Sequence[Row[Any]], now: datetime) -> list[OrderRow]:
    reasons = _reasons(connection, "order", [row.id for row in rows])
    return [
        filled(
            OrderRow,
            row,
            yen=row.payable,
            reasons=reasons.get(row.id, ()),
            stuck=not row.left_out and _is_stuck(shop, "order", row, reasons, now),
        )
        for row in rows
    ]


def slip_rows(
    connection: Connection, shop: Shop, rows: Sequence[Row[Any]], now: datetime, how: str = ""
) -> list[SlipRow]:
    ids = [row.id for row in rows]
    reasons, keepers = _reasons(connection, "slip", ids), leaving.kept_by(connection, shop.key, ids)
    return [
        filled(
            SlipRow,
            row,
            yen=row.total,
            how=getattr(row, "how", how),
            reasons=reasons.get(row.id, ()),
            stuck=_is_stuck(shop, "slip", row, reasons, now),
            kept_by=keepers.get(row.id, ()),
            tab=tab_of(codec.slip(row.body), now) if row.state == SlipState.OPEN else None,
        )
        for row in rows
    ]


def hold_rows(connection: Connection, rows: Sequence[Row[Any]]) -> list[HoldRow]:
    """Holds with where their item stands now and its yen."""
    places: dict[tuple[str, int], Row[Any]] = {}
    for item, table in (("order", orders), ("slip", slips)):
        for some in pieces(row.item_id for row in rows if row.item == item):
            for found in connection.execute(select(table).where(table.c.id.in_(some))):
                places[item, found.id] = found
    return [_hold(row, places.get((row.item, row.item_id))) for row in rows]


def _hold(row: Row[Any], stands: Row[Any] | None) -> HoldRow:
    if stands is None:
        return filled(HoldRow, row)
    slip = row.item == "slip"
    return filled(
        HoldRow,
        row,
        state=stands.state,
        yen=stands.total if slip else stands.payable,
        order_number=stands.order_number if slip else stands.number,
    )


def _reasons(connection: Connection, item: str, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for some in pieces(ids):
        query = select(holds.c.item_id, holds.c.reason).where(
            holds.c.item == item, holds.c.item_id.in_(some), holds.c.closed_at.is_(None)
        )
        for item_id, reason in connection.execute(query.order_by(holds.c.id)):
            found[item_id] = (*found.get(item_id, ()), reason)
    return found


def _is_stuck(
    shop: Shop, item: str, row: Row[Any], reasons: dict[int, tuple[str, ...]], now: datetime
) -> bool:
    before = PLACE[item, row.state].late_before(shop, now)
    return before is not None and row.id not in reasons and row.since < before


# --- SQL -------------------------------------------------------------------------------------------------


def _open_hold(item: str, table: Table, reason: str = "any") -> ColumnElement[bool]:
    here = and_(holds.c.item == item, holds.c.item_id == table.c.id, holds.c.closed_at.is_(None))
    return exists().where(here if reason == "any" else and_(here, holds.c.reason == reason))


def _ours(shop: Shop) -> ColumnElement[bool]:
    """Slips that this shop relays: with an order of ours, or all of them where the shop says so."""
    if shop.relay_foreign_slips:
        return slips.c.id == slips.c.id
    return exists().where(order_slips.c.slip_id == slips.c.id)


def _counted(connection: Connection, shop: Shop, item: str, now: datetime) -> dict[str, PlaceCount]:
    table, yen = (orders, orders.c.payable) if item == "order" else (slips, slips.c.total)
    walks = orders.c.left_out == "" if item == "order" else _ours(shop)
    here = and_(table.c.shop == shop.key, walks)
    is_held = _open_hold(item, table)
    columns = (table.c.state, func.count(), func.coalesce(func.sum(yen), 0), func.min(table.c.since))
    held_in = dict(_pairs(connection, _count(table, and_(here, is_held))))
    stuck_in = dict(_pairs(connection, _count(table, and_(here, ~is_held, _stuck(shop, item, table, now)))))
    found = {}
    for state, number, total, oldest_at in connection.execute(
        select(*columns).where(here).group_by(table.c.state)
    ):
        found[state] = PlaceCount(
            item=item,
            state=state,
            stage=PLACE[item, state].stage,
            count=number,
            yen=int(total),
            held=held_in.get(state, 0),
            stuck=stuck_in.get(state, 0),
            oldest_at=oldest_at,
        )
    return found


def _count(table: Table, where: ColumnElement[bool]) -> Select[Any]:
    return select(table.c.state, func.count()).where(where).group_by(table.c.state)


def _pairs(connection: Connection, query: Select[Any]) -> list[tuple[str, int]]:
    return [(state, number) for state, number in connection.execute(query)]


def _stuck(shop: Shop, item: str, table: Table, now: datetime) -> ColumnElement[bool]:
    limits = [
        and_(table.c.state == str(place.state), table.c.since < before)
        for place in PLACES
        if place.item == item and (before := place.late_before(shop, now)) is not None
    ]
    return or_(false(), *limits)


def _empty(place: Place) -> PlaceCount:
    return PlaceCount(
        item=place.item,
        state=str(place.state),
        stage=place.stage,
        count=0,
        yen=0,
        held=0,
        stuck=0,
        oldest_at=None,
    )


def _where(shop: Shop, question: Question, now: datetime) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = [orders.c.shop == shop.key]
    if question.left_out:
        parts.append(orders.c.left_out != "")
    if question.state:
        parts += [orders.c.state == question.state, orders.c.left_out == ""]
    if question.order:
        parts.append(orders.c.number.contains(question.order, autoescape=True))
    if question.slip:
        parts.append(_has_slip(slips.c.number == question.slip))
    if question.held:  # a hold on one of its slips counts, too
        on_slip = _has_slip(_open_hold("slip", slips, question.held))
        parts.append(or_(_open_hold("order", orders, question.held), on_slip))
    if question.stuck:
        on_slip = _has_slip(and_(~_open_hold("slip", slips), _stuck(shop, "slip", slips, now)))
        itself = and_(~_open_hold("order", orders), _stuck(shop, "order", orders, now))
        parts += [orders.c.left_out == "", or_(itself, on_slip)]
    if question.older_than is not None:
        parts.append(orders.c.since < now - question.older_than)
        parts.append(orders.c.state.not_in([str(OrderState.COMPLETED), str(OrderState.CANCELLED)]))
    parts += [_number(word) for word in question.words]
    return and_(*parts)


def _number(word: str) -> ColumnElement[bool]:
    """An order number, or a part of one; a slip number; a tracking number; the number of a 定期受注."""
    parents = select(subscriptions.c.subscription_id).where(
        subscriptions.c.shop == orders.c.shop, subscriptions.c.number == word
    )
    shipped = select(shipments.c.slip_number).where(
        shipments.c.shop == orders.c.shop, shipments.c.tracking.contains(word, autoescape=True)
    )
    return or_(
        orders.c.number.contains(word, autoescape=True),
        _has_slip(slips.c.number == word),
        _has_slip(slips.c.number.in_(shipped)),
        orders.c.subscription_id.in_(parents),
    )


def _has_slip(where: ColumnElement[bool]) -> ColumnElement[bool]:
    return orders.c.id.in_(
        select(order_slips.c.order_id).join(slips, slips.c.id == order_slips.c.slip_id).where(where)
    )
