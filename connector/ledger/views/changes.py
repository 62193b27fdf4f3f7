"""Changes (引き渡し後の変更の一覧): open and settled changes, and the versions of one order with what differs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, and_, select

from connector.lateness import Kind, Place
from connector.ledger import codec
from connector.ledger.differences import Difference, all_differences
from connector.ledger.schema import order_versions, orders
from connector.ledger.schema_cart import changes
from connector.ledger.views.rows import filled
from connector.order import Order
from connector.words.changes import KINDS, PLACES, change_name, what_to_do
from connector.words.differences import before_and_after, yen_between


class ChangeRow(Struct, frozen=True, kw_only=True):
    """One late change. `before` and `after` as they are kept: people masked, several parts as a JSON object."""

    id: int
    number: str
    version: int
    field: str
    place: str
    kind: str
    before: str
    after: str
    at: datetime
    yen: int  # of the order, as it is now
    state: str  # of the order
    closed_at: datetime | None = None
    closed_by: str = ""
    close_note: str = ""
    payment_state: str = ""  # of the order, as it is now
    gone: bool = False  # the order was cancelled or deleted with this version; for a payment: is so now


class ChangeTold(Struct, frozen=True, kw_only=True):
    """A change in words. `open`: somebody still has to do what `do` says, unless it is being imported right now."""

    id: int
    number: str
    version: int
    at: datetime
    kind: str
    field: str
    place: str
    yen: int
    kind_name: str
    field_name: str
    place_name: str
    words: str
    do: str
    open: bool
    closed_at: datetime | None
    closed_by: str
    close_note: str


class VersionTold(Struct, frozen=True, kw_only=True):
    """A version in words: each field's name, and before and after."""

    version: int
    seen_at: datetime
    differences: tuple[tuple[str, str], ...]


class VersionOf(Struct, frozen=True, kw_only=True):
    """One content that an order had here, and in what it differs from the one before."""

    version: int
    seen_at: datetime
    differences: tuple[Difference, ...]


def changes_list(
    connection: Connection,
    shop: str,
    *,
    all_of_them: bool = False,
    number: str = "",
    limit: int = 2000,
) -> list[ChangeRow]:
    """Changes that wait for somebody, oldest first; all of them: newest first."""
    of_order = (orders.c.number, orders.c.payable, orders.c.state, orders.c.payment_state)
    bodies = (order_versions.c.body.label("body_then"), orders.c.body.label("body_now"))
    query = select(changes, *of_order, *bodies).join(orders, orders.c.id == changes.c.order_id)
    same = (order_versions.c.order_id == changes.c.order_id, order_versions.c.version == changes.c.version)
    query = query.join(order_versions, and_(*same)).where(changes.c.shop == shop)
    if number:
        query = query.where(orders.c.number == number)
    if all_of_them:
        query = query.order_by(changes.c.at.desc(), changes.c.id.desc())
    else:
        query = query.where(changes.c.closed_at.is_(None)).order_by(changes.c.at, changes.c.id)
    rows = connection.execute(query.limit(limit))
    return [filled(ChangeRow, row, yen=row.payable, gone=_gone(row)) for row in rows]


def _gone(row: Row[Any]) -> bool:
    order = codec.order(row.body_now if row.field == "payment_state" else row.body_then)
    return order.cancelled or order.deleted


def versions_of(connection: Connection, shop: str, number: str) -> list[VersionOf]:
    """Every content of one order, oldest first."""
    query = (
        select(order_versions)
        .join(orders, orders.c.id == order_versions.c.order_id)
        .where(orders.c.shop == shop, orders.c.number == number)
        .order_by(order_versions.c.version)
    )
    found: list[VersionOf] = []
    before: Order | None = None
    for row in connection.execute(query):
        noun = codec.order(row.body)
        differ = all_differences(before, noun) if before is not None else ()
        found.append(VersionOf(version=row.version, seen_at=row.seen_at, differences=differ))
        before = noun
    return found


def told(row: ChangeRow, lang: str) -> ChangeTold:
    """One change as a person reads it."""
    kind, place = Kind(row.kind), Place(row.place)
    gap = yen_between(row.field, row.before, row.after)
    return ChangeTold(
        id=row.id,
        number=row.number,
        version=row.version,
        at=row.at,
        kind=row.kind,
        field=row.field,
        place=row.place,
        yen=row.yen,
        kind_name=KINDS[kind].name.say(lang),
        field_name=change_name(row.field, row.after, lang),
        place_name=PLACES[place].say(lang),
        words=before_and_after(row.field, row.before, row.after, lang),
        do=what_to_do(
            row.field,
            kind,
            place,
            lang,
            amount=row.yen,
            difference=gap,
            payment=row.payment_state,
            after=row.after,
            gone=row.gone,
        ),
        open=row.closed_at is None,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        close_note=row.close_note,
    )


def told_version(one: VersionOf, lang: str) -> VersionTold:
    return VersionTold(
        version=one.version,
        seen_at=one.seen_at,
        differences=tuple(
            (
                change_name(each.field, each.after, lang),
                before_and_after(each.field, each.before, each.after, lang),
            )
            for each in one.differences
        ),
    )
