"""Checks (受付検査) of one 出荷指示 at the door: the first complaint decides (spec/wms.md §7.3, §7.6).

Strict as warehouses are: a slip let in with a wrong address or band costs a parcel.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from connector.adapters.wms import wire
from connector.sandbox.warehouse.postcodes import belongs_to, exists
from connector.sandbox.warehouse.settings import WarehouseSettings
from connector.sandbox.warehouse.stock import Stock

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why a slip is refused; `line` 0 means the slip as a whole."""

    code: str
    words: str
    line: str = wire.SLIP_LINE


@dataclass(frozen=True, slots=True)
class Desk:
    """What the checks may look at besides the rows themselves."""

    settings: WarehouseSettings
    stock: Stock
    today: date


def first_complaint(rows: Sequence[Row], desk: Desk) -> Complaint | None:
    """The first thing wrong with a slip's rows, None if it may come in."""
    for check in CHECKS:
        complaint = check(rows, desk)
        if complaint is not None:
            return complaint
    return None


def _required(rows: Sequence[Row], desk: Desk) -> Complaint | None:
    for row in rows:
        for column in wire.SHIPORD_COLUMNS:
            if not row[column] and column not in wire.SHIPORD_OPTIONAL:
                return Complaint("E101", f"必須欠落 {column}", _line_of(row, column))
    return None


def _characters(rows: Sequence[Row], desk: Desk) -> Complaint | None:
    for row in rows:
        for column, text in row.items():
            for sign in text:
                # After decoding cp932, gaiji are private-use and broken single bytes are C1 (§5.2).
                if unicodedata.category(sign) in ("Co", "Cc"):
                    place = _line_of(row, column)
                    return Complaint("E103", f"機種依存/変換不能 {column} U+{ord(sign):04X}", place)
    return None


def _widths(rows: Sequence[Row], desk: Desk) -> Complaint | None:
    for row in rows:
        for column, limit in wire.SHIPORD_WIDTHS.items():
            if len(row[column].encode("cp932", "replace")) > limit:
                return Complaint("E102", f"文字数超過 {column}", _line_of(row, column))
    return None


def _line_count(rows: Sequence[Row], desk: Desk) -> Complaint | None:
    if any(row["行数"] != str(len(rows)) for row in rows):
        return Complaint("E404", f"件数不一致 行数={rows[0]['行数']} 受信={len(rows)}")
    if len({row["行番号"] for row in rows}) != len(rows):
        return Complaint("E404", "件数不一致 行番号重複")
    return None


def _same_head(rows: Sequence[Row], desk: Desk) -> Complaint | None:
    for column in wire.SHIPORD_COLUMNS:
        if column not in wire.SHIPORD_LINE_COLUMNS and len({row[column] for row in rows}) > 1:
            return Complaint("E401", f"ファイル形式 {column}が行により異なる")
    return None


_WHOLE_NUMBER = re.compile(r"\d{1,9}")
_CLOSED_CODES: dict[str, tuple[str, ...]] = {
    "データ区分": (wire.DATA_NEW,),
    "運送会社コード": tuple(wire.CARRIERS),
    "温度帯": tuple(wire.TEMPERATURES),
    "納品書同梱": (wire.NO, wire.YES),
    "ギフト区分": (wire.NO, wire.YES),
    "保留フラグ": (wire.NO, wire.YES),
    "税率": ("", *wire.TAX_RATES),
}
_NUMBERS = ("改訂番号", "行番号", "代引金額", "個口数", "数量")
_OPTIONAL_NUMBERS = ("代引消費税", "単価")
_AT_LEAST_ONE = ("改訂番号", "行番号", "個口数", "数量")


def _forms(rows: Sequence[Row], desk: Desk) -> Complaint | None:
    for row in rows:
        for column, codes in _CLOSED_CODES.items():
            if row[column] not in codes:
                return Complaint("E401", f"ファイル形式 {column} {row[column]}", _line_of(row, column))
        for column in (*_NUMBERS, *_OPTIONAL_NUMBERS):
            if not _right_number(column, row[column]):
                return Complaint("E401", f"ファイル形式 {column} {row[column]}", _line_of(row, column))
    if rows[0]["倉庫コード"] != desk.settings.warehouse_code:
        return Complaint("E401", f"ファイル形式 倉庫コード {rows[0]['倉庫コード']}")
    return None


def _right_number(column: str, text: str) -> bool:
    if not text:
        return column in _OPTIONAL_NUMBERS
    if not (_WHOLE_NUMBER.fullmatch(text) and text.isascii()):
        return False
    if column in _AT_LEAST_ONE and int(text) < 1:
        return False
    return column != "数量" or int(text) <= wire.QUANTITY_MAX


def _postcode(rows: Sequence[Row], desk: Desk) -> Complaint | None:
    postcode, prefecture = rows[0]["届先郵便番号"], rows[0]["届先都道府県"]
    if not exists(postcode):
        return Complaint("E104", f"郵便番号不存在 {postcode}")
    if desk.settings.check_postcodes and not belongs_to(postcode, prefecture):
        return Complaint("E105", f"住所不一致 {postcode} {prefecture}")
    return None


def _band(rows: Sequence[Row], desk: Desk) -> Complaint | None:
    band, carrier = rows[0]["時間帯コード"], rows[0]["運送会社コード"]
    offered = wire.BANDS_OF_CARRIER.get(carrier, frozenset(wire.TIME_BANDS))
    if carrier in wire.NO_DATE_NO_BAND:
        offered = frozenset({wire.BAND_NONE})
    if band not in wire.TIME_BANDS or band not in offered:
        return Complaint("E106", f"時間帯不可 {band} {carrier}")
    return None


def _dates(rows: Sequence[Row], desk: Desk) -> Complaint | None:
    ship_by = day_of(rows[0]["出荷予定日"])
    if ship_by is None:
        return Complaint("E107", f"日付不正 出荷予定日 {rows[0]['出荷予定日']}")
    wish = rows[0]["お届け希望日"]
    if not wish:
        return None
    deliver_on = day_of(wish)
    if deliver_on is None or deliver_on < max(ship_by, desk.today):
        return Complaint("E107", f"日付不正 お届け希望日 {wish}")
    if rows[0]["運送会社コード"] in wire.NO_DATE_NO_BAND:
        return Complaint("E107", f"日付不正 お届け希望日 {wish} 日付指定不可")
    return None


_PHONE = re.compile(r"0\d{9,10}")


def _phones(rows: Sequence[Row], desk: Desk) -> Complaint | None:
    for column in ("届先電話", "依頼主電話"):
        if not _PHONE.fullmatch(rows[0][column].replace("-", "")):
            return Complaint("E108", f"電話不正 {column}")
    return None


def _cash_on_delivery(rows: Sequence[Row], desk: Desk) -> Complaint | None:
    amount, carrier = int(rows[0]["代引金額"]), rows[0]["運送会社コード"]
    if amount > wire.COD_MAX:
        return Complaint("E401", f"ファイル形式 代引金額 {amount}")
    if amount and carrier not in wire.COD_CARRIERS:
        return Complaint("E401", f"ファイル形式 代引金額 {amount} {carrier}")
    if not amount and carrier == "YAMATO_COLLECT":
        return Complaint("E101", "必須欠落 代引金額")
    return None


def _articles(rows: Sequence[Row], desk: Desk) -> Complaint | None:
    for row in rows:
        if row["商品コード"] not in desk.stock:
            return Complaint("E201", f"SKU未登録 {row['商品コード']}", row["行番号"])
    if not desk.settings.refuses_short_stock:
        return None
    for row in rows:
        if desk.stock.free(row["商品コード"]) < int(row["数量"]):
            return Complaint("E202", f"在庫不足 {row['商品コード']}", row["行番号"])
    return None


# The order of the table is the order of the desk: form before meaning, the slip before its goods.
CHECKS: tuple[Callable[[Sequence[Row], Desk], Complaint | None], ...] = (
    _required,
    _characters,
    _widths,
    _line_count,
    _same_head,
    _forms,
    _postcode,
    _band,
    _dates,
    _phones,
    _cash_on_delivery,
    _articles,
)


def day_of(text: str) -> date | None:
    """YYYYMMDD, None for anything else."""
    if not (len(text) == 8 and text.isascii() and text.isdigit()):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _line_of(row: Row, column: str) -> str:
    return row["行番号"] if column in wire.SHIPORD_LINE_COLUMNS else wire.SLIP_LINE
