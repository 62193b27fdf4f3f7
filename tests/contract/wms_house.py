"""A warehouse with its clock, driven as the town drives it, and the fixtures' Tuesday 2026-11-24."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path

from connector.adapters.wms import wire
from connector.clock import SteppedClock, at_jst
from connector.sandbox.faults import Faults
from connector.sandbox.history import History
from connector.sandbox.warehouse import StockItem, WarehouseSandbox, WarehouseSettings

GENERIC = Path(__file__).parents[2] / "fixtures" / "wms" / "generic"
TUESDAY = date(2026, 11, 24)  # Monday 11-23 is a holiday
HOLIDAYS = frozenset({date(2026, 11, 23)})
ORDER_1 = "SHIPORD_demo_WH01_20261124101500_000001.csv"
ORDER_2 = "SHIPORD_demo_WH01_20261124113000_000002.csv"
ORDER_3 = "SHIPORD_demo_WH01_20261124130000_000003.csv"
CANCEL_1 = "SHIPCAN_demo_WH01_20261124114500_000001.csv"
STOCK = [
    StockItem("MH-SERUM-30", 120, "見本美容液 30ml"),
    StockItem("MH-TEA-20", 3, "見本ほうじ茶 20包", "L2609A", date(2027, 9, 30)),
    StockItem("MH-TEA-20", 200, "見本ほうじ茶 20包", "L2610B", date(2027, 10, 31)),
    StockItem("MH-CREAM-50", 60, "見本クリーム 50g"),
    StockItem("MH-MASK-07", 60, "見本マスク 7枚入"),
    StockItem("MH-SUPPL-60", 2, "見本サプリ ６０粒"),
    StockItem("MH-SAMPLE-01", 60, "お試しサンプル"),
]
Rows = list[dict[str, str]]


def rows_of(data: bytes) -> Rows:
    return list(csv.DictReader(io.StringIO(data.decode("cp932"), newline="")))


def fixture_rows(name: str) -> Rows:
    return rows_of((GENERIC / name).read_bytes())


class House:
    """A warehouse with its clock, driven as the town drives it."""

    def __init__(
        self,
        root: Path,
        *,
        at: datetime | None = None,
        faults: Iterable[str] = (),
        seed: int = 7,
        settings: WarehouseSettings | None = None,
        stock: list[StockItem] = STOCK,
    ) -> None:
        self.root = root
        self.clock = SteppedClock(at or at_jst(TUESDAY, 9))
        self.faults = Faults(faults, seed=seed)
        self.warehouse = WarehouseSandbox(
            self.clock,
            root,
            seed=seed,
            faults=self.faults,
            settings=settings or WarehouseSettings(holidays=HOLIDAYS),
        )
        self.warehouse.seed_stock(stock)

    @property
    def history(self) -> History:
        return self.warehouse.history

    async def until(self, at: datetime) -> None:
        while (due := self.warehouse.next_event_at()) is not None and due <= at:
            await self.clock.advance_to(due)
            await self.warehouse.advance()
        await self.clock.advance_to(at)
        await self.warehouse.advance()

    async def until_jst(self, hour: int, minute: int = 0, *, day: date = TUESDAY) -> None:
        await self.until(at_jst(day, hour, minute))

    def put(self, source: Path) -> None:
        for path in (source, source.with_name(source.name + wire.MARKER_SUFFIX)):
            if path.exists():
                shutil.copy(path, self.root / wire.FOLDER_IN / path.name)

    async def deliver(self, source: Path, *, polls: int = 2) -> Rows:
        """Put a file there, let the warehouse poll, read the answer."""
        self.put(source)
        await self.until(self.clock.now() + timedelta(minutes=polls))
        return self.ack(source.name)

    def ack(self, name: str) -> Rows:
        return rows_of((self.root / wire.FOLDER_ACK / f"SHIPACK_{name}").read_bytes())

    def results(self) -> dict[str, bytes]:
        """Result files that lie there, in order of their sequence."""
        paths = sorted((self.root / wire.FOLDER_OUT).glob("SHIPRES_*.csv"), key=lambda path: path.name[-10:])
        return {path.name: path.read_bytes() for path in paths}


def without(rows: Rows, *columns: str) -> Rows:
    return [{key: text for key, text in row.items() if key not in columns} for row in rows]


def instruction(**cells: str) -> bytes:
    """One slip of fixture 000003 with other cells."""
    first = fixture_rows(ORDER_3)[0]
    row = {**first, "出荷指示番号": "200200", **cells}
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, wire.SHIPORD_COLUMNS, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerow(row)
    return text.getvalue().encode("cp932")


async def a_day(house: House) -> None:
    """The fixtures' Tuesday: two instruction files, one cancel file, until after the last result."""
    await house.until_jst(10, 15)
    await house.deliver(GENERIC / ORDER_1)
    await house.until_jst(11, 30)
    await house.deliver(GENERIC / ORDER_2)
    await house.until_jst(11, 45)
    await house.deliver(GENERIC / CANCEL_1)
    await house.until_jst(22)
