"""CSV imports of the admin screen: 出荷CSVインポート and CSV一括更新, each answered by a result file.

spec/ecforce.md §5.2–5.3, §15.6. The result file is written as the upload was: cp932 or UTF-8 with BOM. One bad
row never stops the next. A file that is no such CSV at all gets one failed row 1.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from connector.adapters.ecforce import wire
from connector.sandbox.cart.jobs import Job, Jobs
from connector.sandbox.cart.model import Address, Order
from connector.sandbox.cart.settings import Carrier
from connector.sandbox.cart.shipping import Result, ShippingDesk
from connector.sandbox.cart.shop import Shop
from connector.sandbox.cart.texts import read_datetime, read_int

BOM = b"\xef\xbb\xbf"
SLIP = re.compile(r"[0-9A-Za-z-]{4,40}")  # 2.01E+10 is what Excel makes of a slip
DAY = re.compile(r"\d{4}/\d{1,2}/\d{1,2}( .*)?")
WORDS_NOT_A_CSV = "CSVの形式が正しくありません"
WORDS_STATE_WRONG = "対応状況が正しくありません"
WORDS_PLANNED_WRONG = "発送予定日が正しくありません"
KEYS = (wire.COL_ORDER_ID, wire.COL_ORDER_NUMBER, wire.COL_TRANSACTION_ID)

Row = dict[str, str]


class RowError(Exception):
    """The sentence in エラー内容."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A decoded file; each row with its place in it, the header being 1."""

    encoding: str
    rows: list[tuple[int, Row]]


class CsvImport:
    """The two import screens."""

    def __init__(self, shop: Shop, desk: ShippingDesk) -> None:
        self._shop, self._desk = shop, desk
        self.results: dict[str, bytes] = {}  # result files by the job_id that ジョブ管理 shows

    def later(self, jobs: Jobs, kind: str, read: Callable[[], bytes]) -> Job:
        """The same as a job: the result file is there to be downloaded when it is done."""

        def deed() -> dict[str, int]:
            result = self.results[job.job_id] = read()
            return {"bytes": len(result)}

        job = jobs.enter(f"csv_{kind}", deed)
        return job

    def shipping(self, data: bytes, *, with_sale: bool) -> bytes:
        """出荷CSVインポート; its result file."""
        columns = wire.SHIPPING_RESULT_COLUMNS
        upload = _read(data, required=(wire.COL_SLIP, wire.COL_SHIPPED_ON))
        if upload is None:
            return _not_a_csv(data, columns)
        shipped: list[Order] = []

        def take(row: Row) -> None:
            result = self._shipping_row(row)
            self._desk.record(result, via="csv")
            shipped.append(result.order)

        report = _each(upload, take, wire.COL_SLIP)
        if with_sale:
            self._desk.sell(shipped)
        return _write(columns, report, upload.encoding)

    def states(self, data: bytes) -> bytes:
        """CSV一括更新 of 対応状況 and 発送予定日; its result file. Never touches a payment."""
        columns = wire.STATE_RESULT_COLUMNS
        upload = _read(data, required=(wire.COL_STATE,))
        if upload is None:
            return _not_a_csv(data, columns)
        return _write(columns, _each(upload, self._state_row, wire.COL_STATE), upload.encoding)

    def _shipping_row(self, row: Row) -> Result:
        order, address = self._find(row)
        slip = row.get(wire.COL_SLIP, "").strip()
        if not slip:
            raise RowError(wire.ROW_SLIP_MISSING)
        if not SLIP.fullmatch(slip):
            raise RowError(wire.ROW_SLIP_WRONG)
        day = row.get(wire.COL_SHIPPED_ON, "").strip()
        shipped_at = read_datetime(day) if DAY.fullmatch(day) else None
        if shipped_at is None:
            raise RowError(wire.ROW_DATE_MISSING)
        return Result(order, address, slip, shipped_at, self._carrier(row))

    def _carrier(self, row: Row) -> Carrier | None:
        name = row.get(wire.COL_CARRIER, "").strip()
        if not name:
            return None
        carrier = self._shop.carrier_named(name)
        if carrier is None:
            raise RowError(wire.ROW_CARRIER_WRONG)
        return carrier

    def _state_row(self, row: Row) -> None:
        order, _ = self._find(row, need_address=False)
        label = row.get(wire.COL_STATE, "").strip()
        code = self._shop.settings.state_code(label) if label else None
        if label and code is None:
            raise RowError(WORDS_STATE_WRONG)
        planned = row.get(wire.COL_SHIP_PLANNED, "").strip()
        at = read_datetime(planned) if planned else None
        if planned and at is None:
            raise RowError(WORDS_PLANNED_WRONG)
        if at is not None:
            order.previous_ship_planned_at, order.ship_planned_at = order.ship_planned_at, at
            self._shop.note(order, "csv", "scheduled_to_be_shipped_at", after=planned)
        if code is not None:
            self._shop.set_state(order, code, "csv")

    def _find(self, row: Row, *, need_address: bool = True) -> tuple[Order, Address]:
        """Order and address by 受注ID > 受注番号 > 取引ID; the first filled key decides."""
        id_, number, access = (row.get(key, "").strip() for key in KEYS)
        address_text = row.get(wire.COL_ADDRESS_ID, "").strip()
        order: Order | None
        if id_:
            id_, _, in_id = id_.partition("-")
            address_text = in_id or address_text
            order = self._shop.orders.get(read_int(id_) or 0)
        elif number:
            order = self._shop.order_by_number.get(number)
        else:
            order = self._shop.order_by_access_id.get(access)
        if order is None or order.deleted_at is not None:
            raise RowError(wire.ROW_ORDER_NOT_FOUND)
        if not order.several_addresses or not need_address:
            return order, order.shipping[0]
        wanted = read_int(address_text)
        for address in order.shipping:
            if address.id == wanted:
                return order, address
        raise RowError(wire.ROW_ORDER_NOT_FOUND)


def _each(upload: Upload, take: Callable[[Row], None], shown: str) -> list[list[str]]:
    """Take every row; the lines of the result file, numbered as in the upload, empty ones counted."""
    report = []
    for line, row in upload.rows:
        words = ""
        try:
            take(row)
        except RowError as error:
            words = str(error)
        keys = [row.get(key, "") for key in (wire.COL_ORDER_ID, wire.COL_ORDER_NUMBER, shown)]
        report.append([str(line), *keys, wire.RESULT_FAILED if words else wire.RESULT_OK, words])
    return report


def _read(data: bytes, *, required: tuple[str, ...]) -> Upload | None:
    encoding = "utf-8-sig" if data.startswith(BOM) else "cp932"
    try:
        lines = list(csv.reader(io.StringIO(data.decode(encoding), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        return None
    if not lines:
        return None
    columns = tuple(unicodedata.normalize("NFKC", name).strip() for name in lines[0])
    if not set(required) <= set(columns) or not set(KEYS) & set(columns):
        return None
    rows = [
        (line, dict(zip(columns, cells, strict=False)))
        for line, cells in enumerate(lines[1:], start=2)
        if any(cells)
    ]
    return Upload(encoding, rows)


def _not_a_csv(data: bytes, columns: tuple[str, ...]) -> bytes:
    encoding = "utf-8-sig" if data.startswith(BOM) else "cp932"
    return _write(columns, [["1", "", "", "", wire.RESULT_FAILED, WORDS_NOT_A_CSV]], encoding)


def _write(columns: Iterable[str], lines: list[list[str]], encoding: str) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(lines)
    return text.getvalue().encode(encoding, errors="replace")
