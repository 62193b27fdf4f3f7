"""Slips, rows, goods, queue rows (伝票・明細・商品・アップロードキュー): what Next Engine holds.

A slip keeps its fields under NE's own names, as text or null, because that is all anybody outside ever sees.
Only `Books` may change where a slip stands: its indexes follow the status and the order number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from connector.adapters.next_engine import wire
from connector.sandbox.next_engine.fields import ROW_DEFAULTS, SLIP_DEFAULTS, money

Texts = dict[str, str | None]


@dataclass(slots=True, eq=False)
class Row:
    """受注明細."""

    fields: Texts

    @classmethod
    def new(cls, **texts: str | None) -> Row:
        row = cls({**ROW_DEFAULTS, **texts})
        row.price()
        return row

    @property
    def no(self) -> int:
        return int(self.fields[wire.ROW_NO] or 0)

    @property
    def goods_id(self) -> str:
        return self.fields[wire.ROW_GOODS] or ""

    @property
    def quantity(self) -> int:
        return int(Decimal(self.fields[wire.ROW_QUANTITY] or 0))

    @property
    def allocated(self) -> int:
        """引当数."""
        return int(Decimal(self.fields[wire.ROW_ALLOCATED] or 0))

    @property
    def live(self) -> bool:
        return self.fields[wire.ROW_CANCELLED] == "0" and self.fields[wire.ROW_DELETED] == "0"

    @property
    def sub_total(self) -> Decimal:
        return Decimal(self.fields[wire.ROW_SUB_TOTAL] or 0)

    def price(self) -> None:
        """小計 = unit price × ratio ÷ 10 × quantity, §3.2."""
        unit, ratio = (Decimal(self.fields[name] or 0) for name in (wire.ROW_UNIT_PRICE, wire.ROW_RATIO))
        self.fields[wire.ROW_SUB_TOTAL] = money(unit * ratio / 10 * self.quantity)


@dataclass(slots=True, eq=False)
class Slip:
    """受注伝票."""

    number: int
    fields: Texts
    rows: list[Row] = field(default_factory=list)

    @classmethod
    def new(cls, number: int, **texts: str | None) -> Slip:
        return cls(number, {**SLIP_DEFAULTS, **texts, wire.SLIP_ID: str(number)})

    @property
    def shop_id(self) -> str:
        return self.fields[wire.SHOP_ID] or ""

    @property
    def order_number(self) -> str:
        return self.fields[wire.ORDER_NUMBER] or ""

    @property
    def status(self) -> str:
        return self.fields[wire.STATUS] or ""

    @property
    def live(self) -> bool:
        """Not cancelled and not deleted."""
        return self.fields[wire.CANCEL_TYPE] == wire.NOT_CANCELLED and self.fields[wire.DELETED] == "0"

    @property
    def lock(self) -> str:
        """The value a writer must send back, §3.1: the last change, or the creation when there was none."""
        return self.fields[wire.MODIFIED_AT] or self.fields[wire.CREATED_AT] or ""

    @property
    def live_rows(self) -> list[Row]:
        return [row for row in self.rows if row.live]

    def amount(self, name: str) -> Decimal:
        return Decimal(self.fields[name] or 0)

    def row(self, no: int) -> Row | None:
        return next((row for row in self.rows if row.no == no), None)

    def add_row(self, row: Row) -> None:
        row.fields[wire.ROW_SLIP_ID] = str(self.number)
        row.fields[wire.ROW_ORDER_NUMBER] = self.order_number
        if row.fields[wire.ROW_NO] is None:
            row.fields[wire.ROW_NO] = str(max((each.no for each in self.rows), default=0) + 1)
        self.rows.append(row)


@dataclass(slots=True)
class Goods:
    """商品マスタと在庫. `stock` is on the shelf, `allocated` of it is promised to slips not yet shipped."""

    sku: str
    name: str
    stock: int
    release_at: datetime | None = None
    allocated: int = 0
    jan_code: str | None = None
    price: int = 0

    @property
    def free(self) -> int:
        return self.stock - self.allocated


@dataclass(slots=True)
class Upload:
    """One row of the upload queue (アップロードキュー), §3.8."""

    id: int
    shop_id: str
    pattern_id: str
    content: bytes
    zipped: bool
    created_at: datetime
    status: str = wire.QUE_WAITING
    message: str | None = None
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class IntakeLine:
    """What became of one order mail; the sender never learns it. `why` is empty where a slip was opened."""

    at: str
    shop_id: str  # empty: an address that never was a shop's
    recipient: str
    message_id: str
    order_number: str
    slip: int | None
    why: str


@dataclass(slots=True)
class Usage:
    """Requests and bytes of one month, all together and by path, §2.5."""

    requests: int = 0
    received_bytes: int = 0
    sent_bytes: int = 0
    by_path: dict[str, int] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        return self.received_bytes + self.sent_bytes

    def count(self, path: str, received: int, sent: int) -> None:
        self.requests += 1
        self.received_bytes += received
        self.sent_bytes += sent
        self.by_path[path] = self.by_path.get(path, 0) + 1

    def passes(self, requests: int, size: int) -> bool:
        """Whether a month with these limits is no longer free."""
        return self.requests > requests or self.bytes > size


@dataclass(frozen=True, slots=True)
class Request:
    """One line of the request log, §12. `code` is empty for a success."""

    at: str
    path: str
    code: str
    received: int
    sent: int
