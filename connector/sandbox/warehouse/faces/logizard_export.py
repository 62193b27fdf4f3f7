"""Logizard's export (エクスポート) of what was shipped: one CSV line per article, or more where parcels are more.

The columns are the shop's own pattern; a pattern without a number column is served as gladly as any other.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import date

from connector.adapters.wms import wire
from connector.clock import jst
from connector.sandbox.warehouse.counter import Counter
from connector.sandbox.warehouse.slips import Departure

SHIPPED = (wire.RESULT_SHIPPED, wire.RESULT_PARTIAL)


class Export:
    """Rows of FILE_ID 3 from the floor's departures, in order of arrival."""

    def __init__(self, counter: Counter, customer_of: Mapping[str, str], names: Mapping[str, str]) -> None:
        self._counter = counter
        self._customer_of = customer_of
        self._names = names

    def rows(self, columns: tuple[str, ...], first: date, last: date) -> list[str]:
        return [
            _line([cells[column] for column in columns])
            for number in self._customer_of
            if self._counter.is_taken(number)
            for departure in self._counter.slip(number).departures
            if departure.event.result in SHIPPED and first <= jst(departure.at).date() <= last
            for cells in self._cells(number, departure)
        ]

    def _cells(self, number: str, departure: Departure) -> Iterator[dict[str, str]]:
        customer = self._customer_of[number]
        goods: dict[int, tuple[str, int]] = {}
        for part in departure.event.lines:
            quantity = goods.get(part.line_no, ("", 0))[1] + part.quantity
            goods[part.line_no] = (part.sku, quantity)
        pieces = [each for each in goods.values() if each[1]]
        labels = departure.event.tracking or ("",)
        for place in range(max(len(pieces), len(labels))):
            # The articles share the labels; a box beyond the last article has a row with no pieces.
            sku, quantity = pieces[place] if place < len(pieces) else (pieces[-1][0], 0)
            yield {
                "出荷確定日": f"{jst(departure.at):%Y/%m/%d}",
                "取引先ID": customer,
                "取引先名": self._names.get(customer, ""),
                "荷主出荷NO": number,
                "送り状番号": labels[min(place, len(labels) - 1)],
                "商品ID": sku,
                "出荷数": str(quantity),
            }


def _line(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()
