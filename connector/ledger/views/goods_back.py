"""Goods back (返品): what came back to the warehouse, whose it was, and what a person does about the money.

Whose it was follows from the slip number, else from the tracking number where one slip alone had it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, func, or_, select

from connector.journey import OrderState
from connector.ledger import codec
from connector.ledger.database import pieces
from connector.ledger.schema import order_slips, orders, shipments, slips, tracking_numbers
from connector.ledger.schema_warehouse import goods_returns
from connector.ledger.views.rows import filled
from connector.order import PaymentKind
from connector.slip import Result, Shipment
from connector.words.goods_returns import DO, came_back

MOST = 5_000
LEFT = (Result.SHIPPED, Result.PARTIAL)


class ReturnRow(Struct, frozen=True, kw_only=True):
    """Goods that came back. `known`: the slip is one of ours, `slip`; then `order_number` says whose.

    `left` is how many of these goods had left for that slip, `back` how many came back in all. `do` names the words.
    """

    return_number: str
    slip_number: str
    tracking: str
    sku: str
    quantity: int
    condition: str
    reason: str
    arrived_on: date
    at: datetime
    known: bool = False
    slip: str = ""
    order_number: str = ""
    left: int | None = None
    back: int = 0
    do: str = "nobody"

    def said(self, lang: str) -> str:
        return came_back(
            self.return_number,
            self.sku,
            self.quantity,
            self.condition,
            self.reason,
            str(self.arrived_on),
            lang,
        )

    def what_to_do(self, lang: str) -> str:
        return DO[self.do].say(lang)


@dataclass(frozen=True, slots=True)
class _Behind:
    """The slip and the order behind a return, and the pieces that had left by item."""

    slip: str
    left: Mapping[str, int]
    back: Counter[str] = field(default_factory=Counter)
    order_number: str = ""
    order_state: str = ""
    payment_kind: str = ""


def goods_back(
    connection: Connection,
    shop: str,
    *,
    of: Iterable[str] | None = None,
    since: datetime | None = None,
    limit: int = MOST,
) -> list[ReturnRow]:
    """Newest first; only those of these slips, and told since then, where that is asked."""
    query = select(goods_returns).where(goods_returns.c.shop == shop)
    if since is not None:
        query = query.where(goods_returns.c.at >= since)
    numbers = None if of is None else list(of)
    if numbers is not None:
        with_numbers = select(tracking_numbers.c.number).where(
            tracking_numbers.c.shop == shop, tracking_numbers.c.slip_number.in_(numbers)
        )
        unnamed = (goods_returns.c.slip_number == "") & _plain.in_(with_numbers)
        query = query.where(or_(goods_returns.c.slip_number.in_(numbers), unnamed))
    query = query.order_by(goods_returns.c.arrived_on.desc(), goods_returns.c.id.desc()).limit(limit)
    rows: Sequence[Row[Any]] = connection.execute(query).all()
    slip_of = _slips_named(connection, shop, rows)
    if numbers is not None:  # a number that another slip had as well is nobody's
        rows = [row for row in rows if slip_of.get(row.id) in numbers]
    behind = _behind(connection, shop, slip_of.values())
    for row in _all_of(connection, shop, behind):
        behind[row.slip_number].back[row.sku.upper()] += row.quantity
    for row in rows:
        if not row.slip_number and (here := behind.get(slip_of.get(row.id, ""))) is not None:
            here.back[row.sku.upper()] += row.quantity
    return [_told(row, behind.get(slip_of.get(row.id, ""))) for row in rows]


_plain = func.replace(goods_returns.c.tracking, "-", "")


def _told(row: Row[Any], here: _Behind | None) -> ReturnRow:
    if here is None:
        return filled(ReturnRow, row)
    left, back = here.left.get(row.sku.upper(), 0), max(here.back[row.sku.upper()], row.quantity)
    return filled(
        ReturnRow,
        row,
        known=True,
        slip=here.slip,
        order_number=here.order_number,
        left=left,
        back=back,
        do="too_many" if back > left else _do(here),
    )


def _do(here: _Behind) -> str:
    if here.order_state == OrderState.CANCELLED:
        return "cancelled"
    if here.order_state != OrderState.COMPLETED:
        return "before_completion"
    return "cod" if here.payment_kind == PaymentKind.COD else "refund"


def _slips_named(connection: Connection, shop: str, rows: Sequence[Row[Any]]) -> dict[int, str]:
    """The slip of each return: as it says itself, else the only one that had its tracking number."""
    unnamed = {row.tracking.replace("-", "") for row in rows if not row.slip_number and row.tracking}
    had: dict[str, set[str]] = {}
    for part in pieces(sorted(unnamed)):
        query = select(tracking_numbers).where(
            tracking_numbers.c.shop == shop, tracking_numbers.c.number.in_(part)
        )
        for one in connection.execute(query):
            had.setdefault(one.number, set()).add(one.slip_number)
    found = {row.id: row.slip_number for row in rows if row.slip_number}
    for row in rows:
        sole = had.get(row.tracking.replace("-", ""), set())
        if not row.slip_number and len(sole) == 1:
            (found[row.id],) = sole
    return found


def _behind(connection: Connection, shop: str, numbers: Iterable[str]) -> dict[str, _Behind]:
    found: dict[str, _Behind] = {}
    for part in pieces(dict.fromkeys(numbers)):
        left = _left(connection, shop, part)
        query = (
            select(slips.c.number, orders.c.number.label("owner"), orders.c.state, orders.c.payment_kind)
            .outerjoin(order_slips, order_slips.c.slip_id == slips.c.id)
            .outerjoin(orders, orders.c.id == order_slips.c.order_id)
            .where(slips.c.shop == shop, slips.c.number.in_(part))
            .order_by(orders.c.number.desc())
        )
        for row in connection.execute(query):  # of several orders in one parcel the first number stands
            found[row.number] = _Behind(
                row.number,
                left.get(row.number, {}),
                order_number=row.owner or "",
                order_state=row.state or "",
                payment_kind=row.payment_kind or "",
            )
    return found


def _left(connection: Connection, shop: str, numbers: Sequence[str]) -> dict[str, Counter[str]]:
    """The pieces that left for each slip. A correction may tell them again: never more than the slip asks for."""
    asked = {
        row.number: codec.slip(row.body)
        for row in connection.execute(
            select(slips.c.number, slips.c.body).where(slips.c.shop == shop, slips.c.number.in_(numbers))
        )
    }
    events: dict[str, dict[str, Shipment]] = {}
    query = select(shipments).where(shipments.c.shop == shop, shipments.c.slip_number.in_(numbers))
    for row in connection.execute(query.order_by(shipments.c.id)):
        events.setdefault(row.slip_number, {})[row.result_id] = codec.shipment(row.body)
    found: dict[str, Counter[str]] = {}
    for number, slip in asked.items():
        whole = Counter[str]()
        for item in slip.rows:
            whole[item.sku.upper()] += 0 if item.cancelled else item.quantity
        went = [event for event in events.get(number, {}).values() if event.result in LEFT]
        told = Counter[str]()
        for event in went:
            for line in event.lines:
                told[line.sku.upper()] += line.quantity
        found[number] = whole & told if told else whole if went else Counter()
    return found


def _all_of(connection: Connection, shop: str, behind: Mapping[str, _Behind]) -> list[Row[Any]]:
    """Everything that ever came back of these slips by number, also what the list is too short for."""
    found: list[Row[Any]] = []
    for part in pieces(list(behind)):
        query = select(goods_returns.c.slip_number, goods_returns.c.sku, goods_returns.c.quantity).where(
            goods_returns.c.shop == shop, goods_returns.c.slip_number.in_(part)
        )
        found.extend(connection.execute(query))
    return found
