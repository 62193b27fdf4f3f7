"""Stop news (出荷止めへの知らせ): what the warehouse's results say of an order's slips, also of those we never relayed.

A result of a slip that we did not hand over is set aside, for nothing of ours follows from it. For a stop it is the
truth all the same: the goods left.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select

from connector.fate import Fate, fate
from connector.ledger import codec
from connector.ledger.database import pieces
from connector.ledger.schema import order_slips, orders, shipments, slips, stop_requests, strays
from connector.order import Order
from connector.outcome import Item
from connector.slip import Result, Shipment

LEFT = (Result.SHIPPED, Result.PARTIAL)


@cache
def told_since(at: ColumnElement[Any]) -> ColumnElement[bool]:
    """SQL: the warehouse's results speak of one of the order's slips since then. They are the truth. Built once."""
    mine = and_(order_slips.c.order_id == orders.c.id, slips.c.id == order_slips.c.slip_id)
    booked = exists().where(
        mine,
        and_(shipments.c.shop == orders.c.shop, shipments.c.slip_number == slips.c.number),
        shipments.c.at > at,
    )
    set_aside = exists().where(mine, strays.c.shop == orders.c.shop, _early(), _about(), strays.c.at > at)
    return or_(*(news.correlate(orders, stop_requests) for news in (booked, set_aside)))


def told(connection: Connection, shop: str, slip_number: str) -> Fate:
    """What the warehouse's results say of a slip."""
    here = (shipments.c.shop == shop, shipments.c.slip_number == slip_number)
    query = select(shipments.c.body).where(*here).order_by(shipments.c.id)
    return fate(map(codec.shipment, connection.scalars(query)))


def labelled_at(connection: Connection, shop: str, numbers: Iterable[str]) -> dict[str, datetime]:
    """When the last number alone came for these slips: an agreement of before says nothing of that parcel."""
    found: dict[str, datetime] = {}
    for part in pieces(dict.fromkeys(numbers)):
        query = select(shipments.c.slip_number, func.max(shipments.c.at)).where(
            and_(shipments.c.shop == shop, shipments.c.slip_number.in_(part)),
            shipments.c.result == Result.NUMBERS,
        )
        found |= dict(connection.execute(query.group_by(shipments.c.slip_number)).all())
    return found


def with_set_aside(connection: Connection, shop: str, items: Iterable[Item[Order]]) -> list[Item[Order]]:
    """With the shipments of their slips that were set aside because we had not relayed those."""
    found = list(items)
    events = _of_slips(connection, shop, [slip.number for item in found for slip, _ in item.slips])
    return [
        replace(
            item,
            shipments=(
                *item.shipments,
                *(event for slip, _ in item.slips for event in events.get(slip.number, ())),
            ),
        )
        for item in found
    ]


def _of_slips(connection: Connection, shop: str, numbers: Sequence[str]) -> dict[str, list[Shipment]]:
    found: dict[str, list[Shipment]] = {}
    for part in pieces(dict.fromkeys(numbers)):
        query = select(strays.c.facts).where(
            strays.c.shop == shop, _early(), strays.c.facts["slip_number"].as_string().in_(part)
        )
        for facts in connection.scalars(query.order_by(strays.c.id)):
            event = Shipment.from_bytes(facts["shipment"].encode())
            if event.result in LEFT:
                found.setdefault(event.slip_number, []).append(event)
    return found


def _early() -> ColumnElement[bool]:
    """SQL: set aside with its content, and no person said that nothing is in it."""
    content = strays.c.facts["shipment"].as_string().is_not(None)
    return and_(strays.c.system == "wms", strays.c.resolved_at.is_(None), content)


def _about() -> ColumnElement[bool]:
    return and_(strays.c.facts["slip_number"].as_string() == slips.c.number)
