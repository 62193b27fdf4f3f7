"""Grammars (列の書式): what a column of a file may hold; anything else is that row's problem.

Nothing is re-interpreted: 1E+12 is spreadsheet damage and stays unread (spec/wms.md Resolutions 5), 30 February
is no date. The texts have already been freed from a spreadsheet's protective wrapping.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from connector.mapping.transforms import JST
from connector.slip import DAMAGED, Carrier, TrackingNumber

_DAMAGED = re.compile(r"\d(\.\d+)?[eE]\+\d+")
_INT = re.compile(r"-?\d{1,12}")
_WHOLE = re.compile(r"(-?\d{1,12})(?:\.0+)?")
_DATE = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})|(\d{4})-(\d{2})-(\d{2})|(\d{4})(\d{2})(\d{2})")
_TIME = re.compile(r"[T ](\d{1,2}):(\d{2})(?::(\d{2}))?")
_BLANK = re.compile("[T ]")
_CODE = re.compile(r"[\x21-\x7e]*")


class Ungrammatical(ValueError):
    """`found` words, and what the column accepts."""

    def __init__(self, words: str, expected: str) -> None:
        super().__init__(words)
        self.words, self.expected = words, expected


def text(value: str) -> str:
    """そのままの文字。"""
    return value


def code(value: str) -> str:
    """半角の番号・コード。空白と全角文字は使えません。"""
    if _DAMAGED.fullmatch(value):
        raise Ungrammatical("表計算ソフトで壊れた番号です", "元の番号")
    if not _CODE.fullmatch(value):
        raise Ungrammatical("番号として読めません", "半角の英数字と記号")
    return value


def reference(value: str) -> str:
    """出荷指示番号・実績番号。全角は半角に直します。1e5 のような値は、表計算ソフトで壊れた番号です。

    Stricter than `code`: a 商品コード may look like that and be right (spec/wms.md Resolutions 5).
    """
    plain = unicodedata.normalize("NFKC", value).strip()
    if DAMAGED.fullmatch(plain):
        raise Ungrammatical("表計算ソフトで壊れた番号です", "元の番号")
    return code(plain)


def integer(value: str) -> int:
    """整数。桁区切りや小数は使えません。"""
    plain = unicodedata.normalize("NFKC", value)
    if not _INT.fullmatch(plain):
        raise Ungrammatical(_damage(plain) or "整数ではありません", "例: 12")
    return int(plain)


def whole(value: str) -> int:
    """整数。3.00 のような小数点以下の 0 は許します。"""
    plain = unicodedata.normalize("NFKC", value)
    if (number := _WHOLE.fullmatch(plain)) is None:
        raise Ungrammatical(_damage(plain) or "整数ではありません", "例: 12, 12.00")
    return int(number[1])


def day(value: str) -> date:
    """日付。20261124, 2026/11/24, 2026/1/5, 2026-11-24。"""
    return _day(unicodedata.normalize("NFKC", value))


def instant(value: str) -> datetime:
    """日本時間の時刻。2026/11/24 18:05:00 (秒は省けます)。UTC にして返します。"""
    plain = unicodedata.normalize("NFKC", value)
    found = _BLANK.search(plain)
    blank = found.start() if found else len(plain)
    clock = _TIME.fullmatch(plain, blank)
    if clock is None:
        raise Ungrammatical("時刻として読めません", "例: 2026/11/24 18:05:00")
    midnight = _midnight(plain[:blank])
    hour, minute, second = int(clock[1]), int(clock[2]), int(clock[3] or 0)
    if hour > 23 or minute > 59 or second > 59:
        raise Ungrammatical("時刻として読めません", "例: 2026/11/24 18:05:00")
    return midnight + timedelta(seconds=3600 * hour + 60 * minute + second)


def carrier(value: str) -> str:
    """運送会社コード (spec/wms.md §4.1)。"""
    if value not in tuple(Carrier):
        raise Ungrammatical("知らない運送会社コードです", "・".join(Carrier))
    return value


@lru_cache(maxsize=64)
def _midnight(plain: str) -> datetime:
    """Japan's, as UTC; a file has few days."""
    on = _day(plain)
    try:
        return datetime(on.year, on.month, on.day, tzinfo=JST).astimezone(UTC)
    except OverflowError as error:
        raise Ungrammatical("時刻として読めません", "例: 2026/11/24 18:05:00") from error


def _day(plain: str) -> date:
    found = _DATE.fullmatch(plain)
    if found is None:
        raise Ungrammatical(_damage(plain) or "日付として読めません", "例: 20261124, 2026/11/24")
    year, month, number = (int(part) for part in found.groups() if part is not None)
    try:
        return date(year, month, number)
    except ValueError as error:
        raise Ungrammatical("暦にない日付です", "例: 20261124, 2026/11/24") from error


def _damage(plain: str) -> str:
    return "表計算ソフトで壊れた値です" if _DAMAGED.fullmatch(plain) else ""


_TRACKING_WORDS = {
    "check_digit": "検査数字が合いません",
    "excel_damage": "表計算ソフトで壊れた番号です",
    "not_digits": "数字ではありません",
    "too_short": "桁が足りません",
    "too_long": "桁が多すぎます",
    "empty": "番号がありません",
    "several_in_one_cell": "一つの欄に番号がいくつもあります",
    "not_s10": "国際郵便の番号の形ではありません",
}


def tracking(value: str, carrier_code: str, padded_to: int = 0) -> TrackingNumber:
    """送り状番号。運送会社の列を見て桁と検査数字を確かめます。日本郵便の検査数字だけは、違えば知らせて取り込みます。"""
    try:
        return TrackingNumber.read(value, carrier_code, padded_to=padded_to, lenient_post=True)
    except ValueError as error:
        reason = str(error)
        words = _TRACKING_WORDS.get(reason, "")
        raise Ungrammatical(f"送り状番号として使えません。{words}", "例: 999900001015") from error


GRAMMARS: dict[str, Callable[[str], Any]] = {
    "carrier": carrier,
    "code": code,
    "date": day,
    "datetime_jst": instant,
    "int": integer,
    "text": text,
    "whole": whole,
}
REFERENCES = {"slip_number": reference, "result_id": reference}  # by key: what `grammar: code` means there
WORDS = "one_of"  # a closed list written in the mapping
TRACKING = "tracking"  # needs the carrier's column
