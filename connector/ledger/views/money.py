"""Money at risk (出荷済み未売上): what was shipped and is not captured, and authorisations that lapse before they ship.

Yen, days left, and what each waits for (B13). Dangerous: a capture after the last day fails and the goods are gone;
an authorisation of unknown age is shown as unknown, never as safe.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, select

from connector.clock import at_jst, jst
from connector.journey import ORDER_LINE, OrderState
from connector.ledger import codec
from connector.ledger.database import pieces
from connector.ledger.schema import holds, order_slips, orders, shipments, slips
from connector.order import Order, PaymentKind, PaymentState
from connector.outcome import SELF_CLEARING, Reason
from connector.shop import CAPTURED_WITHIN, Mode, Shop
from connector.slip import Result
from connector.subscriptions.calendar import Calendar

DAY = timedelta(days=1)
ANNOUNCED = 2  # business days before it lapses, at least
GATEWAY = (PaymentKind.CARD, PaymentKind.WALLET, PaymentKind.DEFERRED)
SETTLED = (PaymentState.CAPTURED, PaymentState.PAID, PaymentState.VOIDED)
SHIPPED = (OrderState.SHIPPED, OrderState.COMPLETED)
UNDER_WAY = ORDER_LINE[: ORDER_LINE.index(OrderState.SHIPPED)]
LEFT = (Result.SHIPPED, Result.PARTIAL)


class MoneyRow(Struct, frozen=True, kw_only=True):
    """One order whose money is not there. `days_left` None: it never lapses, or nobody knows since when it stands."""

    order_number: str
    cart_number: str
    state: str
    situation: str  # a key of `words.MONEY`
    yen: int
    payment: str  # the cart's own name
    payment_kind: str
    payment_state: str
    shipped_on: date | None
    ship_on: date | None
    authorized_at: datetime | None
    lapses_at: datetime | None
    days_left: int | None
    age_unknown: bool
    words: str = ""  # the gateway's, or the hold's


class Money(Struct, frozen=True, kw_only=True):
    """`shipped` and not captured, the most urgent first; `lapsing`: not shipped, and too late if nothing is done."""

    made_at: datetime
    shipped: tuple[MoneyRow, ...]
    lapsing: tuple[MoneyRow, ...]
    yen: int
    lapsing_yen: int
    failed: int
    fewest_days: int | None
    red: bool


def money(connection: Connection, shop: Shop, now: datetime) -> Money:
    """As the ledger has it now. A parcel of an order to several addresses counts with its own share."""
    shipped = _shipped(connection, shop, now)
    lapsing = _lapsing(connection, shop, now)
    days = [row.days_left for row in shipped if row.days_left is not None]
    yen = sum(row.yen for row in shipped)
    failed = sum(row.payment_state in (PaymentState.CAPTURE_FAILED, PaymentState.REFUSED) for row in shipped)
    too_much = shop.uncaptured_limit is not None and yen > shop.uncaptured_limit
    return Money(
        made_at=now,
        shipped=tuple(sorted(shipped, key=_urgency)),
        lapsing=tuple(sorted(lapsing, key=_urgency)),
        yen=yen,
        lapsing_yen=sum(row.yen for row in lapsing),
        failed=failed,
        fewest_days=min(days, default=None),
        red=bool(failed) or too_much or any(left <= shop.authorization_warn_days for left in days),
    )


def _urgency(row: MoneyRow) -> tuple[bool, int, int, str]:
    """What lapses first, then the larger sum; what never lapses, or nobody knows, comes last."""
    return row.days_left is None, row.days_left or 0, -row.yen, row.order_number


# --- shipped, not captured ----------------------------------------------------------------------------------


def _shipped(connection: Connection, shop: Shop, now: datetime) -> list[MoneyRow]:
    kinds = {*GATEWAY, *shop.sale_kinds} - {PaymentKind.TRANSFER}
    rows = list(
        connection.execute(
            select(orders).where(
                orders.c.shop == shop.key,
                orders.c.left_out == "",
                orders.c.state.in_([str(state) for state in SHIPPED]),
                orders.c.payment_kind.in_([str(kind) for kind in kinds]),
                orders.c.payment_state.not_in([str(state) for state in SETTLED]),
            )
        )
    )
    left = _left_on(connection, shop.key, [row.id for row in rows])
    held = _held(connection, [row.id for row in rows])
    found = []
    for row in rows:
        order = codec.order(row.body)
        hold = held.get(row.id, "")
        shipped_on = left.get(row.id) or jst(order.shipped_at or row.since).date()
        situation = _situation(order, shop, now, hold)
        note = order.payment.words if situation != "held" else hold
        found.append(_row(row, order, shop, now, situation, shipped_on, note))
    return found


_OF_STATE = {
    PaymentState.CAPTURE_FAILED: "capture_failed",
    PaymentState.REFUSED: "refused",
    PaymentState.CAPTURING: "capturing",
}


def _situation(order: Order, shop: Shop, now: datetime, hold: str) -> str:
    """What an uncaptured order waits for; the first that fits."""
    if order.payment.state is not PaymentState.AUTHORIZED:
        return _OF_STATE.get(order.payment.state, "unproved")
    lapses_at = shop.lapses_at(order.payment)
    if lapses_at is not None and lapses_at <= now:
        return "lapsed"
    if hold:
        return "held"
    if order.payment.kind not in shop.sale_kinds or shop.mode("complete") is not Mode.ACT:
        return "by_others"
    if lapses_at is not None and (lapses_at - now) // DAY <= shop.authorization_warn_days:
        return "soon"
    return "waits"


def _left_on(connection: Connection, shop: str, ids: Sequence[int]) -> dict[int, date]:
    """When the last parcel of each order left, in the warehouse's words."""
    found: dict[int, date] = {}
    for part in pieces(ids):
        query = (
            select(order_slips.c.order_id, shipments.c.shipped_on)
            .join(slips, slips.c.id == order_slips.c.slip_id)
            .join(shipments, shipments.c.slip_number == slips.c.number)
            .where(
                shipments.c.shop == shop,
                order_slips.c.order_id.in_(part),
                shipments.c.result.in_([str(result) for result in LEFT]),
            )
        )
        for order_id, on in connection.execute(query):
            found[order_id] = max(on, found.get(order_id, on))
    return found


def _held(connection: Connection, ids: Sequence[int]) -> dict[int, str]:
    """What a person was told about each order that waits for one."""
    found: dict[int, str] = {}
    for part in pieces(ids):
        query = select(holds.c.item_id, holds.c.reason, holds.c.note).where(
            holds.c.item == "order", holds.c.item_id.in_(part), holds.c.closed_at.is_(None)
        )
        for item_id, reason, note in connection.execute(query.order_by(holds.c.id)):
            if Reason(reason) not in SELF_CLEARING:
                found[item_id] = note.partition("\n")[0] or reason
    return found


# --- not shipped, and lapsing -------------------------------------------------------------------------------


def _lapsing(connection: Connection, shop: Shop, now: datetime) -> list[MoneyRow]:
    here = (orders.c.shop == shop.key, orders.c.left_out == "", orders.c.cancelled.is_(False))
    query = select(orders).where(
        *here,
        orders.c.state.in_([str(state) for state in UNDER_WAY]),
        orders.c.payment_state == str(PaymentState.AUTHORIZED),
        orders.c.payment_kind.in_([str(kind) for kind in shop.authorization_days]),
    )
    calendar, today = Calendar(shop.renewals), jst(now).date()
    later = _business_day(calendar, today, max(ANNOUNCED, shop.authorization_warn_days) + 1)
    found = []
    for row in connection.execute(query):
        order = codec.order(row.body)
        lapses_at = shop.lapses_at(order.payment)
        if lapses_at is None or order.deleted:
            continue
        planned = max(order.ship_on or today, today)
        if lapses_at <= now:
            situation = "lapsed_unshipped"
        elif lapses_at < at_jst(planned) + CAPTURED_WITHIN:
            situation = "before_ship"
        elif jst(lapses_at).date() < later:
            situation = "near"
        else:
            continue
        found.append(_row(row, order, shop, now, situation, None, ""))
    return found


def _business_day(calendar: Calendar, day: date, number: int) -> date:
    """The n-th day after this one on which the shop ships."""
    while number:
        day += DAY
        number -= not calendar.is_closed(day)
    return day


# --- shared -------------------------------------------------------------------------------------------------


def _row(
    row: Row[Any],
    order: Order,
    shop: Shop,
    now: datetime,
    situation: str,
    shipped_on: date | None,
    words: str,
) -> MoneyRow:
    payment, lapses_at = order.payment, shop.lapses_at(order.payment)
    lapses = payment.kind in shop.authorization_days and payment.state is PaymentState.AUTHORIZED
    return MoneyRow(
        order_number=row.number,
        cart_number=order.cart_number,
        state=row.state,
        situation=situation,
        yen=row.payable,
        payment=payment.method,
        payment_kind=payment.kind,
        payment_state=payment.state,
        shipped_on=shipped_on,
        ship_on=order.ship_on,
        authorized_at=payment.authorized_at,
        lapses_at=lapses_at,
        days_left=(lapses_at - now) // DAY if lapses_at is not None else None,
        age_unknown=lapses and lapses_at is None,
        words=words,
    )
