"""Slip (受注伝票) and what the warehouse makes of it (出荷指示・出荷実績).

Next Engine's noun and the warehouse's. NE splits, bundles and copies slips, so order and slip are
many-to-many; the link table is the ledger's. `TrackingNumber` is valid or does not exist.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from enum import IntEnum, StrEnum

import msgspec

from connector.order import Yen


class NEStatus(IntEnum):
    """受注状態区分, spec/next_engine.md §4.1. The names on NE's screens are derived from more than this."""

    SHORT = 0  # 取込情報不足
    INTAKE = 1  # 新規受付 (受注メール取込済)
    OPEN = 2  # 起票済
    PRINT_WAIT = 20  # 納品書印刷待ち
    PRINTING = 30
    PRINTED = 40  # 納品書印刷済
    SHIPPED = 50  # 出荷確定済


NOT_CANCELLED = "0"
MERGED = "3"  # 他の伝票への統合
PAID = "2"  # 入金区分 入金済


class SlipRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """受注明細: one row of a slip. `cancelled` rows stay visible and never ship."""

    no: int
    sku: str
    name: str
    quantity: int
    unit_price: Yen
    tax_rate: int | None = None
    allocated: int = 0
    cancelled: bool = False
    release_on: date | None = None
    from_slip: str = ""  # 同梱: the slip it was bundled from, and its row there
    from_row: int = 0


_TABS = {1: "新規受付", 40: "印刷済み", 50: "出荷済み"}  # screens that follow from the status alone


class Slip(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One slip as Next Engine showed it when we last read it (`lock` is NE's last-modified value)."""

    number: str  # 伝票番号
    order_number: str  # 受注番号 = 店舗伝票番号
    ne_shop_id: str
    status: int
    cancel_type: str = NOT_CANCELLED
    confirm_check: str = "0"  # 1 確認必要, 2 確認済み
    confirm_ids: str = ""
    deposit_type: str = "0"
    payment_method_id: str = ""
    payment_method: str = ""
    prepayment: bool = True  # by mappings/tables/payment.yaml; unknown counts as prepayment
    cash_on_delivery: bool = False
    delivery_id: str = ""
    delivery_method: str = ""
    total: Yen = 0
    tax: Yen = 0
    goods_total: Yen = 0
    points: Yen = 0
    ordered_at: datetime | None = None
    imported_at: datetime | None = None
    shipped_at: datetime | None = None  # send_date
    instruct_at: datetime | None = None  # 納品書印刷指示日
    deliver_on: date | None = None
    time_slot: str = ""
    tracking: str = ""
    tags: str = ""  # [tag1][tag2]
    note: str = ""
    worker_text: str = ""
    mail_status: str = ""  # letters of the mails NE sent: J 受注確認, H 発送連絡 (spec/next_engine.md §4.4)
    noshi: str = ""
    gift: bool = False
    name: str = ""  # consignee
    kana: str = ""
    zip_code: str = ""
    address1: str = ""
    address2: str = ""
    phone: str = ""
    merged_into: str = ""  # include_to_order_id
    split_from: str = ""
    copied_from: str = ""
    parcel_parent: str = ""  # multi_delivery_parent_order_id
    created_at: datetime | None = None
    cancelled_at: datetime | None = None  # of a merged slip: when it went into the other
    lock: str = ""  # last_modified_null_safe_date, exactly as NE wrote it
    rows: tuple[SlipRow, ...] = ()
    rows_lock: str = (
        ""  # `lock` when the rows were read: many reads come without them, and keep those of before
    )
    unknown: tuple[str, ...] = ()  # "table: value" for each value no table knows

    @property
    def collects(self) -> bool:
        """Whether money is collected at the door: 代金引換, and not all of it paid in points."""
        return self.cash_on_delivery and self.total > 0

    @property
    def live(self) -> bool:
        return self.cancel_type == NOT_CANCELLED

    @property
    def merged(self) -> bool:
        return self.cancel_type == MERGED and bool(self.merged_into)

    def tagged(self, tag: str) -> bool:
        return f"[{tag}]" in self.tags

    @property
    def paid(self) -> bool:
        return self.deposit_type == PAID

    def print_ready(self, now: datetime) -> bool:
        """印刷待ち: live, status 20, and the print-instruct date reached (spec/next_engine.md §4.2)."""
        return (
            self.live
            and self.status == NEStatus.PRINT_WAIT
            and (self.instruct_at is None or self.instruct_at <= now)
        )

    def waits_for(self, now: datetime) -> str:
        """The NE screen this slip stands on, in NE's own words; empty where it belongs to no tab."""
        if not self.live:
            return "キャンセル"
        if self.status in (NEStatus.SHORT, NEStatus.OPEN) and self.confirm_check == "1":
            return "確認待ち"
        if self.status == NEStatus.OPEN:
            return self._open_reason(now)
        if self.status == NEStatus.PRINT_WAIT:
            return "印刷待ち" if self.print_ready(now) else "印刷日待ち"
        return _TABS.get(self.status, "")

    def _open_reason(self, now: datetime) -> str:
        live = [row for row in self.rows if not row.cancelled]
        if self.prepayment and not self.paid:
            return "入金待ち"
        if any(row.allocated != row.quantity for row in live):
            return "引当待ち"
        if any(row.release_on and row.release_on > now.date() for row in live):
            return "発売日待ち"
        return ""


class Carrier(StrEnum):
    """運送会社コード of the default profile, spec/wms.md §4.1."""

    YAMATO_TAKKYUBIN = "YAMATO_TAKKYUBIN"
    YAMATO_COLLECT = "YAMATO_COLLECT"
    YAMATO_COMPACT = "YAMATO_COMPACT"
    YAMATO_NEKOPOS = "YAMATO_NEKOPOS"
    YAMATO_YUPACKET = "YAMATO_YUPACKET"
    SAGAWA_TAKUHAI = "SAGAWA_TAKUHAI"
    JP_YUPACK = "JP_YUPACK"
    JP_LETTERPACK = "JP_LETTERPACK"
    JP_YUPACKET = "JP_YUPACKET"
    JP_YUPACKET_PUFF = "JP_YUPACKET_PUFF"
    JP_CLICKPOST = "JP_CLICKPOST"
    JP_TEIKEIGAI = "JP_TEIKEIGAI"
    FUKUYAMA = "FUKUYAMA"
    SEINO = "SEINO"
    RAKUTEN_EXPRESS = "RAKUTEN_EXPRESS"
    JP_KAKITOME = "JP_KAKITOME"  # these two come in results only
    JP_INTERNATIONAL = "JP_INTERNATIONAL"


DROPPED = dict.fromkeys(map(ord, " -‐‑‒–—―−ーｰ\u3000"))  # of a number as written, spec/wms.md Resolutions 5
DAMAGED = re.compile(r"\d+(\.\d+)?E\+?\d+", re.IGNORECASE)  # by a spreadsheet, spec/wms.md Resolutions 5
_BETWEEN_NUMBERS = re.compile(r"[\s/,;|、・]+")
_S10 = re.compile(r"[A-Z]{2}\d{9}[A-Z]{2}")  # 国際郵便, UPU S10
_S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
_SEVENS = ("YAMATO", "SAGAWA")  # twelve digits, the last is the others modulo seven
_POST = ("JP_YUPACK", "JP_LETTERPACK", "JP_KAKITOME")  # the same, though one report saw no check digit
_CHECKED = _SEVENS + _POST
_LENGTHS = {"JP_KAKITOME": (11, 12), "FUKUYAMA": (10, 12), "SEINO": (10, 12)}  # spec/wms.md §4.4


class TrackingNumber(str):
    """送り状番号: digits only, check digit right. `TrackingNumber.read` is the only way to get one.

    Yamato, Sagawa and Japan Post parcels: 12 digits, the first eleven modulo seven make the last; 書留 has 11
    digits without a check or 12 with it; JP_INTERNATIONAL is S10; Fukuyama and Seino have 10 to 12 digits without a
    known check (spec/wms.md §4.4), any other carrier 8 to 14. The carrier is never guessed from the number.
    """

    __slots__ = ()

    @classmethod
    def read(
        cls, text: str, carrier: str, *, padded_to: int = 0, lenient_post: bool = False
    ) -> TrackingNumber:
        """Raises ValueError with the reason in words of spec/wms.md: excel_damage, check_digit, …

        `padded_to`: the file fills numbers with leading zeros to this width. `lenient_post`: Japan Post's
        numbers pass with a wrong check digit; who sets it shows `doubt` to a person.
        """
        if cls.usual(text, carrier):
            return cls(text)
        plain = unicodedata.normalize("NFKC", text).strip().removeprefix("=").strip("\"'")
        if DAMAGED.fullmatch(plain):
            raise ValueError("excel_damage")
        written = plain.translate(DROPPED)
        if carrier == "JP_INTERNATIONAL":
            return cls(_international(written.upper()))
        if len([part for part in _BETWEEN_NUMBERS.split(plain) if _whole_number(part)]) > 1:
            raise ValueError("several_in_one_cell")
        digits = _unpadded(_digits(written), carrier, padded_to)
        _measure(digits, carrier)
        number = cls(digits)
        if number.doubt(carrier) and not (lenient_post and carrier.startswith(_POST)):
            raise ValueError("check_digit")
        return number

    @staticmethod
    def usual(text: str, carrier: str) -> bool:
        """Twelve digits and the check digit right: what nearly every number is, told without the long way."""
        twelve = len(text) == 12 and text.isascii() and text.isdigit() and carrier.startswith(_CHECKED)
        return twelve and int(text[:11]) % 7 == int(text[11])

    def doubt(self, carrier: str) -> str:
        """`check_digit` where the carrier's check digit does not fit, else empty."""
        checked = len(self) == 12 and carrier.startswith(_SEVENS + _POST)
        return "check_digit" if checked and int(self[:11]) % 7 != int(self[11]) else ""


def _digits(written: str) -> str:
    if not written:
        raise ValueError("empty")
    if not (written.isascii() and written.isdigit()):
        raise ValueError("not_digits")
    return written


def _whole_number(part: str) -> bool:
    digits = part.translate(DROPPED)
    return len(digits) >= 8 and digits.isascii() and digits.isdigit()


def _unpadded(digits: str, carrier: str, padded_to: int) -> str:
    """Without the zeros that fill it up; a carrier's twelve digits keep the zeros of their own."""
    if not padded_to or len(digits) != padded_to:
        return digits
    if not digits.strip("0"):
        raise ValueError("empty")  # nothing but filling
    if carrier.startswith(_SEVENS + _POST) and carrier != "JP_KAKITOME":
        filling, number = digits[:-12], digits[-12:]
        return digits if filling.strip("0") else number
    return digits.lstrip("0")


def _measure(digits: str, carrier: str) -> None:
    least, most = _LENGTHS.get(carrier) or ((12, 12) if carrier.startswith(_SEVENS + _POST) else (8, 14))
    if not least <= len(digits) <= most:
        raise ValueError("too_short" if len(digits) < least else "too_long")


def _international(written: str) -> str:
    if not written:
        raise ValueError("empty")
    if not _S10.fullmatch(written):
        raise ValueError("not_s10")
    total = sum(weight * int(digit) for weight, digit in zip(_S10_WEIGHTS, written[2:10], strict=True))
    if {10: 0, 11: 5}.get(check := 11 - total % 11, check) != int(written[10]):
        raise ValueError("check_digit")
    return written


class Result(StrEnum):
    """実績区分, spec/wms.md §3.2."""

    SHIPPED = "shipped"
    PARTIAL = "partial"
    CANCELLED = "cancelled"
    UNSHIPPABLE = "unshippable"
    NUMBERS = "numbers"  # 送り状紐付け: more numbers of a shipment that another file tells of


class ShippedLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    line_no: int
    sku: str
    quantity: int


class Shipment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """出荷実績: what one shipping event of the warehouse says about one slip. `tracking[0]` is primary."""

    result_id: str  # 実績番号
    slip_number: str
    result: Result
    shipped_on: date
    carrier: str
    tracking: tuple[str, ...]
    parcels: int = 1
    lines: tuple[ShippedLine, ...] = ()
    reason_code: str = ""
    reason: str = ""
    complete: bool = True  # every 個口番号 1..個口総数 was in the file
    confirmed_at: datetime | None = None  # 確定日時: of two facts about one slip the later one holds
    dated: bool = True  # False: the file names no day, and `shipped_on` is the one on which it was first read

    def with_tracking(self, tracking: tuple[str, ...]) -> Shipment:
        return msgspec.structs.replace(self, tracking=tracking)

    def to_bytes(self) -> bytes:
        return msgspec.json.encode(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> Shipment:
        return msgspec.json.decode(data, type=cls)

    def repeats(self, known: Shipment) -> bool:
        """The same event, told again: in another order of its rows, or on a later day where it names none."""
        told = self if self.dated else msgspec.structs.replace(self, shipped_on=known.shipped_on)
        return set(self.tracking) == set(known.tracking) and told.with_tracking(known.tracking) == known

    def same_as(self, other: Shipment) -> bool:
        """Equal in everything that reaches another system: a repeat, not news."""
        return (self.result, self.shipped_on, self.carrier, set(self.tracking)) == (
            other.result,
            other.shipped_on,
            other.carrier,
            set(other.tracking),
        )
