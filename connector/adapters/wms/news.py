"""News (在庫・返品): rows of STOCK and RETURN files, for people to see (spec/wms.md §7.5).

Nothing is shipped, stocked or refunded by them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from connector.adapters.wms.shipments import SYSTEM, told
from connector.mapping import Row
from connector.outcome import Stray
from connector.ports import GoodsReturn, ReadResults, StockLevel

STOCK_KEYS = ("warehouse", "sku", "lot", "good", "bad", "allocated", "told_at")
RETURN_KEYS = (
    *("return_number", "slip_number", "tracking"),
    *("sku", "quantity", "condition", "reason", "arrived_on"),
)
_NAMED = {
    "warehouse": "倉庫コード",
    "return_number": "返品番号",
    "slip_number": "出荷指示番号",
    "tracking": "送り状番号",
    "sku": "商品コード",
    "lot": "ロット",
}


def stock(name: str, rows: Sequence[Row]) -> ReadResults:
    """The newest word of each item and lot; of two in one file the later time counts."""
    strays = list(_wrong(name, rows, ("good", "bad", "allocated")))
    levels: dict[tuple[str, str, str], StockLevel] = {}
    for values in _sound(rows, ("good", "bad", "allocated")):
        level = StockLevel(**{key: values[key] for key in STOCK_KEYS} | {"lot": values["lot"] or ""})
        here = (level.warehouse, level.sku, level.lot)
        if here not in levels or levels[here].told_at <= level.told_at:
            levels[here] = level
    return ReadResults((), tuple(strays), stock=tuple(levels.values()))


def returns(name: str, rows: Sequence[Row]) -> ReadResults:
    """Goods that came back. Equal rows of one file add up."""
    strays = list(_wrong(name, rows, ("quantity",)))
    found: dict[tuple[str, str, str], GoodsReturn] = {}
    for values in _sound(rows, ("quantity",)):
        blank = {key: values[key] or "" for key in ("slip_number", "tracking", "reason")}
        one = GoodsReturn(**{key: values[key] for key in RETURN_KEYS} | blank)
        here = (one.return_number, one.sku, one.condition)
        before = found.get(here)
        found[here] = one if before is None else before.plus(one.quantity)
    return ReadResults((), tuple(strays), returns=tuple(found.values()))


def _sound(rows: Sequence[Row], counts: Sequence[str]) -> Iterator[dict[str, Any]]:
    return (row.values for row in rows if not row.problems and not _negative(row, counts))


def _negative(row: Row, counts: Sequence[str]) -> bool:
    return any((row.values[key] or 0) < 0 for key in counts)


def _wrong(name: str, rows: Sequence[Row], counts: Sequence[str]) -> Iterator[Stray]:
    for row in rows:
        words = [told(problem) for problem in row.problems]
        if not words and _negative(row, counts):
            words = ["数量が負の数です。"]
        said = {label: str(row.values[key]) for key, label in _NAMED.items() if row.values.get(key)}
        for one in words:
            yield Stray(SYSTEM, f"{name}:{row.line}", f"{one}この行は取り込みません。", facts={"row": said})
