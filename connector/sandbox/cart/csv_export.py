"""CSV exports (CSV出力): 受注CSV, 受注商品CSV and 定期受注CSV in the formats the shop defined, as jobs (§5.1).

All fields quoted, CRLF, the header's parentheses wide or narrow. Dangerous: in cp932 a character that does not fit
becomes ?, and a file per item repeats the order's columns: 支払い合計 must not be summed over its rows.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from connector.sandbox.cart.csv_columns import Cell, Line, cell_of
from connector.sandbox.cart.jobs import Job, Jobs
from connector.sandbox.cart.links import CsvEncoding, CsvFormat, CsvKind
from connector.sandbox.cart.model import Order, SubsOrder
from connector.sandbox.cart.refusal import Refusal, Sentence
from connector.sandbox.cart.shop import Shop

CODECS: Final = {CsvEncoding.CP932: "cp932", CsvEncoding.UTF8_BOM: "utf-8-sig"}
AS_WINDOWS_DOES: Final = str.maketrans(
    "〜‖−—¢£¬", "～∥－―￠￡￢"
)  # characters whose Shift_JIS code Windows reads otherwise
WIDE: Final = str.maketrans("()", "（）")
NARROW: Final = str.maketrans("（）", "()")
CODE: Final = "CSV"


@dataclass(frozen=True, slots=True)
class Export:
    """A finished file."""

    name: str
    format: str
    rows: int
    body: bytes


class Exports:
    """CSV管理 and CSV一括出力."""

    def __init__(self, shop: Shop, jobs: Jobs) -> None:
        self._shop, self._jobs = shop, jobs
        self.files: dict[str, Export] = {}  # by the job_id that ジョブ管理 shows

    def order(self, name: str, numbers: Collection[str] | None = None) -> Job:
        """Ask for a file of all orders (or subscriptions), or of these numbers; it is there when the job is done.

        Raises KeyError where the shop has no format of that name.
        """
        form = next((each for each in self._shop.settings.csv_formats if each.name == name), None)
        if form is None:
            raise KeyError(name)
        wanted = None if numbers is None else frozenset(numbers)
        job = self._jobs.enter(f"csv_{form.kind}", lambda: self._run(job, form, wanted))
        return job

    def _run(self, job: Job, form: CsvFormat, wanted: Collection[str] | None) -> dict[str, Any]:
        export = self.written(form, wanted)
        self.files[job.job_id] = export
        return {"file": export.name, "rows": export.rows}

    def written(self, form: CsvFormat, wanted: Collection[str] | None = None) -> Export:
        """The file now. Raises Refusal for an unknown column, or a character the format refuses to lose."""
        cells = _cells(form)
        records = [each for each in self._records(form.kind) if wanted is None or each.number in wanted]
        rows = [[_text(cell(line)) for cell in cells] for line in self._lines(form.kind, records)]
        body = _encoded([[_titled(form, name) for name in form.columns], *rows], form)
        if form.marks_picked:
            self._mark(record for record in records if isinstance(record, Order))
        day = self._shop.today()
        return Export(f"{form.kind}_{day:%Y%m%d}.csv", form.name, len(rows), body)

    def _records(self, kind: CsvKind) -> list[Order] | list[SubsOrder]:
        """By id; deleted ones are never exported."""
        if kind is CsvKind.SUBSCRIPTIONS:
            return [self._shop.subs[id_] for id_ in sorted(self._shop.subs) if _lives(self._shop.subs[id_])]
        return [self._shop.orders[id_] for id_ in sorted(self._shop.orders) if _lives(self._shop.orders[id_])]

    def _lines(self, kind: CsvKind, records: Iterable[Order | SubsOrder]) -> Iterator[Line]:
        for record in records:
            if isinstance(record, SubsOrder):
                yield Line.of_subs(self._shop, record)
            elif kind is CsvKind.ORDERS:
                yield Line.of_order(self._shop, record)
            else:
                yield from (Line.of_order(self._shop, record, item) for item in record.items)

    def _mark(self, orders: Iterable[Order]) -> None:
        """出荷リスト出力済み, with the time of the first file that had it."""
        for order in orders:
            if order.picked_at is None:
                order.picked_at = self._shop.now()
                self._shop.note(order, "csv", "picked")

    def clear(self) -> None:
        self.files.clear()


def _lives(record: Order | SubsOrder) -> bool:
    return record.deleted_at is None


def _cells(form: CsvFormat) -> list[Cell]:
    found = [(name, cell_of(name)) for name in form.columns]
    unknown = [name for name, cell in found if cell is None]
    if unknown or not found:
        words = f"CSV項目がありません: {', '.join(unknown)}" if unknown else "CSV項目が選ばれていません"
        raise Refusal(422, Sentence(CODE, words))
    return [cell for _, cell in found if cell is not None]


def _titled(form: CsvFormat, name: str) -> str:
    return name.translate(WIDE if form.wide_parentheses else NARROW)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _encoded(lines: list[list[str]], form: CsvFormat) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(lines)
    whole = text.getvalue()
    if form.encoding is CsvEncoding.CP932:
        whole = whole.translate(AS_WINDOWS_DOES)
    try:
        return whole.encode(CODECS[form.encoding], errors="strict" if form.refuse_unencodable else "replace")
    except UnicodeEncodeError as error:
        character = error.object[error.start]
        words = f"変換できない文字があります: {character} (U+{ord(character):04X})"
        raise Refusal(422, Sentence(CODE, words)) from error
