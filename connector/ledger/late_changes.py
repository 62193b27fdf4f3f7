"""Late changes (出荷指示後の変更): what changes in Next Engine after the warehouse has the slip is never silent (W3).

A hold says it aloud; nobody undoes a shipment by himself. Our own marks and the confirmation are no such changes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from connector.journey import SlipState
from connector.ledger import codec, holds, stops, under_way
from connector.ledger.history import Entry
from connector.ledger.schema import order_slips
from connector.outcome import Reason
from connector.slip import NEStatus, Slip

AFTER = "出荷指示後にネクストエンジンで変更されました"
LATE_FIELDS = {
    "name": "お届け先名",
    "zip_code": "郵便番号",
    "address1": "住所",
    "address2": "住所",
    "phone": "電話番号",
    "deliver_on": "配達希望日",
    "time_slot": "時間帯",
    "delivery_id": "発送方法",
}
"""What must not change in silence once the warehouse has the slip, with the operators' word for it."""


def of(
    connection: Connection, shop: str, stage: str, row: Row[Any], slip: Slip, now: datetime
) -> list[Entry]:
    """The holds that a new picture of a slip asks for, compared with the row as it is stored."""
    state = SlipState(row.state)
    handed_on = state in (SlipState.RELAYED, SlipState.DISPATCHED) or bool(
        state is SlipState.PRINT_READY and under_way.perhaps_there(connection, "relay", "wms_file", [row.id])
    )
    if not handed_on or slip.status >= NEStatus.SHIPPED:
        return []
    if not slip.live:
        if _stop_is_known(connection, row.id):
            return []
        what = f"伝票 {slip.merged_into} に同梱" if slip.merged else "取消"
        return _pin(connection, shop, stage, row.id, slip, Reason.NE_CANCELLED, f"{AFTER}: {what}", now)
    old = codec.slip(row.body)
    names = [name for name in LATE_FIELDS if getattr(old, name) != getattr(slip, name)]
    words = list(dict.fromkeys(LATE_FIELDS[name] for name in names))
    if old.rows and slip.rows and _asked_for(old) != _asked_for(slip):
        words.append("商品")
    if not words:
        return []
    reason = Reason.CHANGED_AFTER_HANDOVER
    return _pin(connection, shop, stage, row.id, slip, reason, f"{AFTER}: {'・'.join(words)}", now)


def _asked_for(slip: Slip) -> list[tuple[int, str, int]]:
    return [(row.no, row.sku, row.quantity) for row in slip.rows if not row.cancelled]


def _stop_is_known(connection: Connection, slip_id: int) -> bool:
    tied = select(order_slips.c.order_id).where(order_slips.c.slip_id == slip_id)
    return any(stops.asked(connection, order_id) for order_id in list(connection.scalars(tied)))


def _pin(
    connection: Connection,
    shop: str,
    stage: str,
    slip_id: int,
    slip: Slip,
    reason: Reason,
    note: str,
    now: datetime,
) -> list[Entry]:
    return holds.pin(
        connection,
        shop,
        now,
        item="slip",
        item_id=slip_id,
        number=slip.number,
        reason=reason,
        note=note,
        stage=stage,
    )
