"""Un-shipped (出荷確定取消): a slip that Next Engine showed as shipped and shows as not shipped any more.

It is never walked back: its orders are held until it is shipped again, or gone. Dangerous after the completion: the
cart has told the customer and taken the money, so only a person can say what that means (K1, W3).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, select

from connector.journey import OrderState, SlipState
from connector.ledger import holds
from connector.ledger.database import pieces
from connector.ledger.history import Entry
from connector.ledger.schema import holds as hold_rows
from connector.ledger.schema import order_slips, orders, slips, tracking_numbers
from connector.outcome import Reason
from connector.slip import NOT_CANCELLED, NEStatus, Slip

BACK = and_(
    slips.c.state == SlipState.CONFIRMED,
    slips.c.status < NEStatus.SHIPPED,
    slips.c.cancel_type == NOT_CANCELLED,
)
"""SQL: confirmed once, and not shipped now; right only once a picture was read after the confirmation."""
AFTER = "カートへは完了を書き込み済みです（売上処理も済んでいることがあります）。"


def taken_back(
    connection: Connection,
    shop: str,
    stage: str,
    changed: Sequence[tuple[Row[Any], Slip]],
    now: datetime,
) -> list[Entry]:
    """New pictures of slips we know as confirmed: those that NE does not show as shipped hold their orders."""
    entries: list[Entry] = []
    for row, slip in changed:
        if row.state != SlipState.CONFIRMED or not slip.live or slip.status >= NEStatus.SHIPPED:
            continue
        note = f"伝票 {slip.number} の出荷確定がネクストエンジンで取り消されました。"
        pinned: list[Entry] = []
        for order in _tied(connection, row.id):
            words = note + (AFTER if order.state == OrderState.COMPLETED else "")
            here: dict[str, Any] = {"item": "order", "item_id": order.id, "number": order.number}
            pinned += holds.pin(
                connection, shop, now, **here, reason=Reason.UNSHIPPED, note=words, stage=stage
            )
        if pinned or row.status >= NEStatus.SHIPPED:
            entries.append(_said(row, slip, stage, note))
        entries += pinned
    return entries


def shipped_again(
    connection: Connection,
    shop: str,
    stage: str,
    seen: Sequence[tuple[Row[Any], Slip]],
    now: datetime,
) -> list[Entry]:
    """After the pictures are stored: orders none of whose slips is taken back any more go on by themselves."""
    confirmed = {row.id: (row, slip) for row, slip in seen if row.state == SlipState.CONFIRMED}
    held: dict[int, int] = {}
    for part in pieces(confirmed):
        query = (
            select(hold_rows.c.item_id, order_slips.c.slip_id)
            .join(order_slips, order_slips.c.order_id == hold_rows.c.item_id)
            .where(order_slips.c.slip_id.in_(part), *_open())
        )
        held |= dict(connection.execute(query).all())
    entries: list[Entry] = []
    for order_id in sorted(held):
        entries += _go_on(connection, shop, stage, order_id, *confirmed[held[order_id]], now)
    return entries


def _go_on(
    connection: Connection, shop: str, stage: str, order_id: int, row: Row[Any], slip: Slip, now: datetime
) -> list[Entry]:
    tied = select(slips.c.id).join(order_slips, order_slips.c.slip_id == slips.c.id)
    if connection.scalar(tied.where(order_slips.c.order_id == order_id, BACK).limit(1)) is not None:
        return []
    again = slip.live and slip.status >= NEStatus.SHIPPED
    why = f"伝票 {slip.number} は{'再び出荷確定されました' if again else '取り消されました'}"
    number = connection.scalar(select(orders.c.number).where(orders.c.id == order_id)) or ""
    here: dict[str, Any] = {"item": "order", "item_id": order_id, "number": number, "by": "connector"}
    entries = holds.take_off(connection, now, **here, why=why, reasons=[Reason.UNSHIPPED], stage=stage)
    return entries + (_other_number(connection, shop, stage, row, slip, now) if again else [])


def _other_number(
    connection: Connection, shop: str, stage: str, row: Row[Any], slip: Slip, now: datetime
) -> list[Entry]:
    """Shipped again under a number that the warehouse never named: which one is right, a person says (S6)."""
    query = select(tracking_numbers.c.number).where(
        tracking_numbers.c.shop == shop, tracking_numbers.c.slip_number == slip.number
    )
    ours = list(connection.scalars(query.order_by(tracking_numbers.c.at)))
    theirs = slip.tracking.split(",")
    if not ours or not slip.tracking or set(theirs) & set(ours):
        return []
    note = f"送り状番号 {' '.join(ours)} → {' '.join(theirs)}（ネクストエンジンで変更）"
    here: dict[str, Any] = {"item": "slip", "item_id": row.id, "number": slip.number}
    return holds.pin(connection, shop, now, **here, reason=Reason.SHIPMENT_CONFLICT, note=note, stage=stage)


def _tied(connection: Connection, slip_id: int) -> list[Row[Any]]:
    query = (
        select(orders.c.id, orders.c.number, orders.c.state)
        .join(order_slips, order_slips.c.order_id == orders.c.id)
        .where(
            order_slips.c.slip_id == slip_id,
            orders.c.state != OrderState.CANCELLED,
            orders.c.left_out == "",
        )
    )
    return list(connection.execute(query.order_by(orders.c.id)))


def _open() -> tuple[Any, ...]:
    return (
        hold_rows.c.item == "order",
        hold_rows.c.reason == Reason.UNSHIPPED,
        hold_rows.c.closed_at.is_(None),
    )


def _said(row: Row[Any], slip: Slip, stage: str, note: str) -> Entry:
    return Entry(
        item="slip",
        item_id=row.id,
        number=slip.number,
        event="unshipped",
        from_state=row.state,
        to_state=row.state,
        stage=stage,
        note=note,
        facts={"order": slip.order_number, "status": slip.status},
    )
