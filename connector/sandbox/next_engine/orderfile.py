"""Order file (汎用CSV): bytes of an upload → orders, each sound or with the reasons why not (§3.7, §6, §14.6).

Nothing is opened here. Headers are matched by name, to the very character.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zlib
from dataclasses import dataclass, field
from datetime import datetime

from connector.adapters.next_engine import wire

MAX_BYTES = 50 * 1024 * 1024  # §6.1, SANDBOX
MAX_LINES = 50_000
_NUMBER = re.compile(r"-?\d{1,9}(?:\.\d{1,2})?")
_QUANTITY = re.compile(r"0*[1-9]\d{0,8}")
_INSTANTS = (wire.CSV_INSTANT, "%Y/%m/%d %H:%M", wire.CSV_DATE)
_DAYS = (wire.CSV_DATE, "%Y年%m月%d日")

# §6.3 and older templates: known, accepted and ignored
LISTED_EXTRAS = frozenset(
    {
        *("手数料(0%対象)", "手数料(8%対象)", "手数料(10%対象)"),
        *("ポイント(0%対象)", "ポイント(8%対象)", "ポイント(10%対象)", "ポイント(按分)", "ポイント(支払い)"),
        *("その他費用(0%対象)", "その他費用(8%対象)", "その他費用(10%対象)"),
        *("クーポン割引額", "クーポン割引額(0%対象)", "クーポン割引額(8%対象)", "クーポン割引額(10%対象)"),
        *("クーポン割引額(按分)", "請求金額(0%対象)", "請求金額(8%対象)", "請求額に対する税額(8%対象)"),
        *("請求金額(10%対象)", "請求額に対する税額(10%対象)", "ピッキング指示内容", "出荷予定日"),
    }
)
# An empty 支払方法 is read as その他, so its cell may be empty though its column may not be absent (§6.2 row 16).
MAY_BE_EMPTY = frozenset({"支払方法"})
MONEY = ("商品計", "税金", "発送料", "手数料", "ポイント", "その他費用", "合計金額", "商品価格")
FLAGS = {"ギフトフラグ": ("", "0", "1"), "出荷済フラグ": ("", "0", "1"), "顧客区分": ("", "0", "9")}


class FileRefused(Exception):
    """No order of the file can be read; the text is the queue's message."""


@dataclass(slots=True)
class FileOrder:
    """The lines of one 店舗伝票番号."""

    number: str
    lines: list[dict[str, str]] = field(default_factory=list)

    @property
    def head(self) -> dict[str, str]:
        """Order-level cells are repeated on every line; the first one counts."""
        return self.lines[0]

    def complaint(self, required: frozenset[str] = wire.CSV_REQUIRED) -> str | None:
        """Why the importer leaves this order out, or None."""
        if not self.number:
            return "店舗伝票番号が空です"
        if len(self.number) > wire.CSV_MAX_LENGTHS["店舗伝票番号"]:
            return "店舗伝票番号が30文字を超えています"
        if not re.fullmatch(wire.CSV_ORDER_NUMBER, self.number):
            return "店舗伝票番号は半角英数字とハイフンのみです"
        if len(self.lines) > wire.CSV_LINES_PER_ORDER:
            return f"明細が{len(self.lines)}行あります（{wire.CSV_LINES_PER_ORDER}行まで）"
        return next((why for line in self.lines if (why := _line_complaint(line, required))), None)


def read(content: bytes, *, zipped: bool, required: frozenset[str] = wire.CSV_REQUIRED) -> list[FileOrder]:
    """The orders of an upload, in the file's order; FileRefused when the file as such is unusable."""
    text = _text(_unzipped(content) if zipped else content)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise FileRefused(f"CSVの形式が正しくありません: {error}") from None
    lines = [line for line in lines if line]
    if len(lines) < 2:
        raise FileRefused("データがありません")
    if len(lines) - 1 > MAX_LINES:
        raise FileRefused(f"行数が{MAX_LINES}行を超えています")
    header = lines[0]
    check_header(header, required)
    orders: dict[str, FileOrder] = {}
    for cells in lines[1:]:
        line = dict(zip(header, [*cells, *[""] * (len(header) - len(cells))], strict=False))
        number = line["店舗伝票番号"]
        orders.setdefault(number, FileOrder(number)).lines.append(line)
    return list(orders.values())


def check_header(header: list[str], required: frozenset[str] = wire.CSV_REQUIRED) -> None:
    """Every required column, and no column NE has never heard of."""
    missing = [name for name in wire.CSV_COLUMNS if name in required and name not in header]
    if not missing:
        missing = [
            _meant(name) for name in header if name not in wire.CSV_COLUMNS and name not in LISTED_EXTRAS
        ]
    if missing:
        raise FileRefused("、".join(wire.CSV_MISSING.format(column=name) for name in missing))


def instant_of(text: str) -> str | None:
    """受注日 as NE keeps it, or None."""
    return _first(text, _INSTANTS)


def day_of(text: str) -> str | None:
    """日付指定 as NE keeps it, or None."""
    return _first(text, _DAYS)


def _meant(name: str) -> str:
    """The template's column that this header nearly is: `消費税率(%)` means `消費税率（%）`."""
    folded = unicodedata.normalize("NFKC", name)
    return next((known for known in wire.CSV_COLUMNS if unicodedata.normalize("NFKC", known) == folded), name)


def _unzipped(content: bytes) -> bytes:
    machine = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        data = machine.decompress(content, MAX_BYTES + 1)
    except zlib.error:
        raise FileRefused("圧縮ファイルを展開できません") from None
    if not machine.eof and len(data) <= MAX_BYTES:
        raise FileRefused("圧縮ファイルが途中で切れています")
    return data


def _text(content: bytes) -> str:
    """Strict UTF-8 first, then CP932, §3.7."""
    if len(content) > MAX_BYTES:
        raise FileRefused("ファイルが大きすぎます")
    for encoding in ("utf-8-sig", wire.CSV_ENCODING):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileRefused("文字コードを判別できません")


def _line_complaint(line: dict[str, str], required: frozenset[str]) -> str | None:
    empty = next(
        (
            name
            for name in wire.CSV_COLUMNS
            if name in required - MAY_BE_EMPTY and not line.get(name, "").strip()
        ),
        None,
    )
    if empty:
        return f"{empty}が空です"
    for name, longest in wire.CSV_MAX_LENGTHS.items():
        if len(line.get(name, "")) > longest:
            return f"{name}が{longest}文字を超えています"
    for name in MONEY:
        if not _NUMBER.fullmatch(line.get(name, "") or "0"):
            return f"{name}が数値ではありません"
    if not _QUANTITY.fullmatch(line["受注数量"]):
        return "受注数量は1以上の整数です"
    if instant_of(line["受注日"]) is None:
        return "受注日の形式が正しくありません"
    if line.get("日付指定") and day_of(line["日付指定"]) is None:
        return "日付指定の形式が正しくありません"
    return next(
        (f"{name}が正しくありません" for name in FLAGS if line.get(name, "") not in FLAGS[name]), None
    )


def _first(text: str, formats: tuple[str, ...]) -> str | None:
    for each in formats:
        try:
            return datetime.strptime(text.strip(), each).strftime(wire.STAMP_FORMAT)  # noqa: DTZ007
        except ValueError:
            continue
    return None
