"""Suspects (二重出荷の相手): the slips that one slip may be a double of, to be looked at beside it."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, select

from connector import doubles
from connector.journey import SlipState
from connector.ledger import codec, sendings
from connector.ledger.item_rows import slip_items
from connector.ledger.schema import slips
from connector.ledger.views import masks
from connector.ledger.views.rows import LineRow, Person
from connector.shop import Shop
from connector.slip import Slip


class SuspectRow(Struct, frozen=True, kw_only=True):
    """One slip that was sent before, in which way this one is like it, and what it holds."""

    kind: doubles.Kind
    number: str
    order_number: str
    state: str
    at: datetime
    ours: bool
    equal: str
    recipient: Person
    lines: tuple[LineRow, ...]
    tracking: str


def suspects(connection: Connection, shop: Shop, number: str, now: datetime) -> list[SuspectRow]:
    """As the relay compares it, on what we saw last. Only of a slip that is not handed over yet."""
    here = select(slips).where(slips.c.shop == shop.key, slips.c.number == number)
    row = connection.execute(here.where(slips.c.state == SlipState.PRINT_READY)).first()
    if row is None:
        return []
    item = slip_items(connection, [row])[0]
    sent = sendings.like(connection, shop, [item.noun], now).get(number, ())
    found = {one.slip: one for one in doubles.alike(doubles.sending(item.noun, item.orders, now), sent, shop)}
    others = select(slips).where(slips.c.shop == shop.key, slips.c.number.in_(list(found)))
    return [
        _row(found[other.number], codec.slip(other.body), other.state)
        for other in connection.execute(others.order_by(slips.c.id))
    ]


def _row(one: doubles.Alike, slip: Slip, state: str) -> SuspectRow:
    return SuspectRow(
        kind=one.kind,
        number=one.slip,
        order_number=slip.order_number,
        state=state,
        at=one.at,
        ours=one.ours,
        equal=one.equal,
        recipient=masks.consignee(slip),
        lines=tuple(
            LineRow(sku=of.sku, name=of.name, quantity=of.quantity, unit_price=of.unit_price, insert=False)
            for of in slip.rows
            if not of.cancelled
        ),
        tracking=slip.tracking,
    )
