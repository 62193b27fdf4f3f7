"""Reader (伝票の読み取り): the rows of Next Engine's searches → slips.

Values are strings, numbers or null as it pleases NE; an empty one is nothing. A value that cannot be read does
not stop the page: it is named in `slip.unknown`, which holds that slip.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from connector.adapters.next_engine import wire
from connector.adapters.next_engine.envelope import SYSTEM, Fields, read_instant
from connector.clock import jst
from connector.errors import Malformed, Problem
from connector.mapping import Tables
from connector.order import PaymentKind
from connector.slip import Slip, SlipRow

T = TypeVar("T")

DELETED = "deleted"  # our cancel type for a slip with NE's deleted flag: not live, and never ours again

PAYMENT_NAME = "receive_order_payment_method_name"
DELIVERY_NAME = "receive_order_delivery_name"
PARCEL_PARENT = "receive_order_multi_delivery_parent_order_id"
CONSIGNEE_NAME = "receive_order_consignee_name"
CONSIGNEE_KANA = "receive_order_consignee_kana"
CONSIGNEE_ZIP = "receive_order_consignee_zip_code"
CONSIGNEE_ADDRESS1 = "receive_order_consignee_address1"
CONSIGNEE_ADDRESS2 = "receive_order_consignee_address2"
CONSIGNEE_TEL = "receive_order_consignee_tel"

SLIP_FIELDS = (
    wire.SLIP_ID,
    wire.SHOP_ID,
    wire.ORDER_NUMBER,
    wire.STATUS,
    wire.CANCEL_TYPE,
    wire.CANCELLED_AT,
    wire.DELETED,
    wire.IMPORT_TYPE,
    wire.CONFIRM_CHECK,
    wire.CONFIRM_IDS,
    wire.DEPOSIT_TYPE,
    wire.PAYMENT_METHOD,
    PAYMENT_NAME,
    wire.DELIVERY,
    DELIVERY_NAME,
    wire.TOTAL,
    wire.TAX,
    wire.GOODS_AMOUNT,
    wire.POINT,
    wire.ORDERED_AT,
    wire.IMPORTED_AT,
    wire.SENT_AT,
    wire.PRINT_ON,
    wire.HOPE_ON,
    wire.HOPE_SLOT_NAME,
    wire.TRACKING,
    wire.TAGS,
    wire.NOTE,
    wire.WORKER_TEXT,
    wire.MAIL_STATUS,
    wire.NOSHI,
    wire.GIFT_FLAG,
    CONSIGNEE_NAME,
    CONSIGNEE_KANA,
    CONSIGNEE_ZIP,
    CONSIGNEE_ADDRESS1,
    CONSIGNEE_ADDRESS2,
    CONSIGNEE_TEL,
    wire.BUNDLED_INTO,
    wire.DIVIDED_FROM,
    wire.COPIED_FROM,
    PARCEL_PARENT,
    wire.CREATED_AT,
    wire.MODIFIED_AT,
    wire.LOCK,
)
"""What we ask of a slip. Small on purpose: NE asks for that (§2.3)."""

ROW_FIELDS = (
    wire.ROW_SLIP_ID,
    wire.ROW_ORDER_NUMBER,
    wire.ROW_NO,
    wire.ROW_GOODS,
    wire.ROW_GOODS_NAME,
    wire.ROW_QUANTITY,
    wire.ROW_UNIT_PRICE,
    wire.ROW_TAX_RATE,
    wire.ROW_CANCELLED,
    wire.ROW_DELETED,
    wire.ROW_ALLOCATED,
    wire.ROW_BUNDLED_FROM_SLIP,
    wire.ROW_BUNDLED_FROM_ROW,
    wire.GOODS_NAME,
    wire.GOODS_RELEASE,
    *SLIP_FIELDS,
)
"""The row search joins slip, option and goods fields: one call reads all a warehouse needs (§3.2)."""

QUE_FIELDS = (
    "que_id",
    "que_method_name",
    "que_shop_id",
    "que_status_id",
    "que_message",
    "que_creation_date",
    "que_last_modified_date",
)


class Cells:
    """The fields of one row, read with a memory of what could not be read."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self.unread: list[str] = []

    def text(self, name: str) -> str:
        value = self._fields.get(name)
        if value is None:
            return ""
        if isinstance(value, bool):
            return "1" if value else "0"
        return str(value)

    def yen(self, name: str) -> int:
        """ "5650.00" → 5650, exactly; 0 for nothing."""
        return self._read(name, _whole, 0)

    def number(self, name: str, otherwise: int = 0) -> int:
        return self._read(name, _whole, otherwise)

    def rate(self, name: str) -> int | None:
        return self._read(name, _whole, None)

    def instant(self, name: str) -> datetime | None:
        return self._read(name, read_instant, None)

    def day(self, name: str) -> date | None:
        at = self.instant(name)
        return jst(at).date() if at else None

    def flag(self, name: str) -> bool:
        return self.text(name) == "1"

    def _read(self, name: str, read: Callable[[str], T], otherwise: T) -> T:
        text = self.text(name).strip()
        if not text:
            return otherwise
        try:
            return read(text)
        except (ValueError, InvalidOperation):
            self.unread.append(f"{name}: {text}")
            return otherwise


def read_slip(fields: Fields, tables: Tables, rows: Iterable[Fields] = ()) -> Slip:
    """Raises Malformed only where the slip cannot even be named or placed."""
    read = [_read_row(row) for row in rows]
    cells = Cells(fields)
    number, status = cells.text(wire.SLIP_ID), cells.text(wire.STATUS)
    if not number or not status.lstrip("-").isdigit():
        where = f"{SYSTEM} 伝票 {number or '番号なし'}"
        raise Malformed(Problem(where, 0, 0, "伝票番号か受注状態区分を読めません", found=status))
    ne_id = cells.text(wire.PAYMENT_METHOD)
    method = tables.payment_by_ne_id(ne_id)
    return Slip(
        number=number,
        order_number=cells.text(wire.ORDER_NUMBER),
        ne_shop_id=cells.text(wire.SHOP_ID),
        status=int(status),
        cancel_type=DELETED if cells.flag(wire.DELETED) else cells.text(wire.CANCEL_TYPE) or "0",
        confirm_check=cells.text(wire.CONFIRM_CHECK) or "0",
        confirm_ids=cells.text(wire.CONFIRM_IDS),
        deposit_type=cells.text(wire.DEPOSIT_TYPE) or "0",
        payment_method_id=ne_id,
        payment_method=cells.text(PAYMENT_NAME),
        prepayment=method.prepayment if method else True,
        cash_on_delivery=method is not None and method.kind is PaymentKind.COD,
        delivery_id=cells.text(wire.DELIVERY),
        delivery_method=cells.text(DELIVERY_NAME),
        total=cells.yen(wire.TOTAL),
        tax=cells.yen(wire.TAX),
        goods_total=cells.yen(wire.GOODS_AMOUNT),
        points=cells.yen(wire.POINT),
        ordered_at=cells.instant(wire.ORDERED_AT),
        imported_at=cells.instant(wire.IMPORTED_AT),
        shipped_at=cells.instant(wire.SENT_AT),
        instruct_at=cells.instant(wire.PRINT_ON),
        deliver_on=cells.day(wire.HOPE_ON),
        time_slot=cells.text(wire.HOPE_SLOT_NAME),
        tracking=cells.text(wire.TRACKING),
        tags=cells.text(wire.TAGS),
        note=cells.text(wire.NOTE),
        worker_text=cells.text(wire.WORKER_TEXT),
        mail_status=cells.text(wire.MAIL_STATUS),
        noshi=cells.text(wire.NOSHI),
        gift=cells.flag(wire.GIFT_FLAG),
        name=cells.text(CONSIGNEE_NAME),
        kana=cells.text(CONSIGNEE_KANA),
        zip_code=cells.text(CONSIGNEE_ZIP),
        address1=cells.text(CONSIGNEE_ADDRESS1),
        address2=cells.text(CONSIGNEE_ADDRESS2),
        phone=cells.text(CONSIGNEE_TEL),
        merged_into=_link(cells, wire.BUNDLED_INTO),
        split_from=_link(cells, wire.DIVIDED_FROM),
        copied_from=_link(cells, wire.COPIED_FROM),
        parcel_parent=_link(cells, PARCEL_PARENT),
        created_at=cells.instant(wire.CREATED_AT),
        cancelled_at=cells.instant(wire.CANCELLED_AT),
        lock=cells.text(wire.LOCK) or cells.text(wire.MODIFIED_AT) or cells.text(wire.CREATED_AT),
        rows=tuple(row for row, _ in read),
        unknown=(
            *_unknown_payment(cells, ne_id, known=method is not None),
            *cells.unread,
            *(f"{row.no}行目 {words}" for row, unread in read for words in unread),
        ),
    )


def _read_row(fields: Fields) -> tuple[SlipRow, list[str]]:
    """One row, and what of it could not be read."""
    cells = Cells(fields)
    row = SlipRow(
        no=cells.number(wire.ROW_NO),
        sku=cells.text(wire.ROW_GOODS),
        name=cells.text(wire.ROW_GOODS_NAME) or cells.text(wire.GOODS_NAME),
        quantity=cells.number(wire.ROW_QUANTITY),
        unit_price=cells.yen(wire.ROW_UNIT_PRICE),
        tax_rate=cells.rate(wire.ROW_TAX_RATE),
        allocated=cells.number(wire.ROW_ALLOCATED),
        cancelled=cells.flag(wire.ROW_CANCELLED) or cells.flag(wire.ROW_DELETED),
        release_on=cells.day(wire.GOODS_RELEASE),
        from_slip=_link(cells, wire.ROW_BUNDLED_FROM_SLIP),
        from_row=cells.number(wire.ROW_BUNDLED_FROM_ROW),
    )
    return row, cells.unread


def _unknown_payment(cells: Cells, ne_id: str, *, known: bool) -> tuple[str, ...]:
    """No method at all is nothing unknown: a slip that only a mail has opened may have none yet."""
    if known or not ne_id:
        return ()
    return (f"payment_ne: {ne_id} {cells.text(PAYMENT_NAME)}".rstrip(),)


def _link(cells: Cells, name: str) -> str:
    """A slip number, "" for none: NE writes null, "" or 0."""
    number = cells.text(name)
    return "" if number == "0" else number


def _whole(text: str) -> int:
    number = Decimal(text)
    if number != number.to_integral_value():
        raise ValueError(text)
    return int(number)
