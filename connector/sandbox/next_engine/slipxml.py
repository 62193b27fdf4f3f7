"""Slip XML (更新XML): what `update`, `bulkupdate` and `bulkupdatereceipted` carry in `data` (§3.3, §3.5, §3.6)."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from decimal import Decimal
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from connector.adapters.next_engine import wire
from connector.sandbox.next_engine.fields import ROW_FIELDS, ROW_WRITABLE, SLIP_FIELDS, SLIP_READ_ONLY, Kind
from connector.sandbox.next_engine.masters import DELIVERY_NAMES, PAYMENT_NAMES
from connector.sandbox.next_engine.query import comparable

LARGEST = Decimal("999999999.99")  # §3.3
MAX_BYTES = 50 * 1024 * 1024
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_CHOICES = {
    wire.CANCEL_TYPE: wire.CANCEL_NAMES,
    wire.CONFIRM_CHECK: wire.CONFIRM_NAMES,
    wire.DEPOSIT_TYPE: wire.DEPOSIT_NAMES,
    wire.DELIVERY: DELIVERY_NAMES,
    wire.PAYMENT_METHOD: PAYMENT_NAMES,
    wire.ROW_CANCELLED: {"0": "", "1": ""},
}


class BadValue(Exception):
    """`[field]…`, as NE names a bad value."""


@dataclass(slots=True)
class SlipChange:
    """What one slip is asked to become."""

    number: str = ""
    lock: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    rows: dict[int, dict[str, str]] = field(default_factory=dict)
    label_flag: str | None = None


def read_root(data: bytes, data_type: str = wire.DATA_XML) -> Element:
    """The root element; BadValue for anything that is not plain XML."""
    if data_type not in (wire.DATA_XML, wire.DATA_GZ):
        raise BadValue(f"[data_type]{data_type}は指定できません")
    if data_type == wire.DATA_GZ:
        try:
            data = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(data, MAX_BYTES)
        except zlib.error:
            raise BadValue("[data]圧縮データを展開できません") from None
    if b"<!" in data.replace(b"<![CDATA[", b""):
        raise BadValue("[data]DTDとコメントは使えません")
    try:
        return ElementTree.fromstring(data)  # noqa: S314 - declarations, the way to blow up a parser, are refused above
    except ElementTree.ParseError as error:
        raise BadValue(f"[data]XMLの形式が正しくありません: {error}") from None


def read_change(element: Element) -> SlipChange:
    """One slip's sections; the element is `<root>` of update or `<receiveorder>` of a bulk call."""
    change = SlipChange(
        number=element.get(wire.SLIP_ID, ""), lock=element.get("receive_order_last_modified_date", "")
    )
    for section in ("receiveorder_base", "receiveorder_option"):
        for one in element.iterfind(f"{section}/*"):
            change.fields[one.tag] = "".join(one.itertext())
    for one in element.iterfind("receiveorder_row/receive_order_row_no"):
        no = one.get("value", "")
        if not no.isdecimal():
            raise BadValue(f"[{wire.ROW_NO}]半角数字ではありません")
        change.rows[int(no)] = {cell.tag: "".join(cell.itertext()) for cell in one}
    change.label_flag = element.findtext(wire.LABEL_PRINT_FLAG)
    return change


def check_change(change: SlipChange) -> None:
    """Every value of a change, made as NE keeps it; BadValue for the first one it cannot be."""
    for name, text in change.fields.items():
        if name not in SLIP_FIELDS or name in SLIP_READ_ONLY:
            raise BadValue(f"[{name}]更新できない項目です")
        change.fields[name] = _value(name, SLIP_FIELDS[name], text)
    for texts in change.rows.values():
        for name, text in texts.items():
            if name not in ROW_WRITABLE:
                raise BadValue(f"[{name}]更新できない項目です")
            texts[name] = _value(name, ROW_FIELDS[name], text)
        if wire.ROW_QUANTITY in texts and not texts[wire.ROW_QUANTITY].isdecimal():
            raise BadValue(f"[{wire.ROW_QUANTITY}]半角数字ではありません")


def _value(name: str, kind: Kind, text: str) -> str:
    if name in _CHOICES and text not in _CHOICES[name]:
        raise BadValue(f"[{name}]存在しない区分です")
    if kind is Kind.TEXT or not text:
        return text
    if kind is Kind.INSTANT:
        try:
            return str(comparable(kind, text))
        except ValueError:
            raise BadValue(f"[{name}]日付ではありません") from None
    if not _NUMBER.fullmatch(text) or abs(Decimal(text)) > LARGEST:
        raise BadValue(f"[{name}]半角数字ではありません")
    return text
