"""News (在庫・返品): the STOCK file of every morning, and what came back as a RETURN file (spec/wms.md §7.5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from connector.adapters.wms import wire
from connector.clock import jst
from connector.sandbox.warehouse import files
from connector.sandbox.warehouse.settings import WarehouseSettings
from connector.sandbox.warehouse.slips import ShippingEvent
from connector.sandbox.warehouse.stock import Lot

Write = Callable[[str, bytes, bytes | None, dict[str, object]], None]
NOT_ACCEPTED = "受取拒否"


@dataclass(frozen=True, slots=True)
class CameBack:
    """Goods of one item that came back, as the warehouse found them. Nobody may know from where."""

    sku: str
    quantity: int = 1
    slip_number: str = ""
    tracking: str = ""
    good: bool = True
    reason: str = NOT_ACCEPTED


def all_of(event: ShippingEvent) -> list[CameBack]:
    """Every piece of a parcel that nobody accepted."""
    number = next(filter(None, event.tracking), "")
    return [CameBack(part.sku, part.quantity, event.slip_number, number) for part in event.lines]


class News:
    """Writes the files; `write` makes one appear."""

    def __init__(self, settings: WarehouseSettings, write: Write) -> None:
        self._settings, self._write = settings, write
        self._sequences: Counter[str] = Counter()
        self._returns = 0

    def stock(self, tenant: str, lots: Iterable[Lot], at: datetime) -> str:
        """What lies on the shelves at this moment; returns the file's name."""
        code, when = self._settings.warehouse_code, files.instant(at)
        rows = [
            [code, lot.sku, lot.lot, str(lot.good), "0", str(lot.reserved), when]
            for lot in sorted(lots, key=lambda lot: (lot.sku, lot.lot))
        ]
        return self._put(wire.KIND_STOCK, tenant, wire.STOCK_COLUMNS, rows, at)

    def returns(self, tenant: str, goods: Iterable[CameBack], at: datetime) -> str:
        """One return: all these goods under one number; returns the file's name."""
        self._returns += 1
        number, day = f"RT-{self._returns:04d}", jst(at).strftime(wire.DATE_FORMAT)
        rows = [
            [
                *(number, one.slip_number, one.tracking, one.sku, str(one.quantity)),
                *("良品" if one.good else "不良", one.reason, day),
            ]
            for one in goods
        ]
        return self._put(wire.KIND_RETURN, tenant, wire.RETURN_COLUMNS, rows, at)

    def _put(
        self, kind: str, tenant: str, columns: tuple[str, ...], rows: list[list[str]], at: datetime
    ) -> str:
        self._sequences[kind] += 1
        name = wire.FILE_NAME.format(
            kind=kind,
            tenant=tenant,
            warehouse=self._settings.warehouse_code,
            stamp=files.stamp(at),
            sequence=self._sequences[kind],
        )
        data = files.write_table(columns, rows, self._settings.encoding)
        sign = files.marker(data, len(rows)) if self._settings.markers else None
        self._write(name, data, sign, {"rows": len(rows)})
        return name
