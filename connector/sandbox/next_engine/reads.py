"""Reads (検索系API): count, search and info of every table (§2.3, §3.1, §3.2, §3.8-§3.10)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, TypeVar

from connector.adapters.next_engine import wire
from connector.sandbox.next_engine import masters, query, tables
from connector.sandbox.next_engine.books import Books
from connector.sandbox.next_engine.call import Call
from connector.sandbox.next_engine.fields import Kind
from connector.sandbox.next_engine.query import Condition, Table
from connector.sandbox.next_engine.stock import Stock

Item = TypeVar("Item")
Body = dict[str, Any]
Answer = Callable[[Call], Body]


class Reads:
    """Every reading endpoint by its path."""

    def __init__(self, books: Books, stock: Stock) -> None:
        self._books, self._stock = books, stock
        self._tables = tables.Tables(books, stock.goods)

    def endpoints(self) -> dict[str, Answer]:
        known = self._tables
        found = {
            **self._searched("receiveorder_base", known.slips, known.slips_for),
            **self._searched("receiveorder_option", known.options, known.slips_for),
            **self._searched("receiveorder_row", known.lines, known.lines_for),
            **self._searched("system_que", known.uploads, lambda _: known.visible_uploads()),
            wire.UPLOADPATTERN_INFO: lambda _: _listed(masters.patterns(self._books)),
        }
        for entity, columns in (
            ("master_goods", tables.GOODS_COLUMNS),
            ("master_stock", tables.STOCK_COLUMNS),
            ("warehouse_stock", tables.WAREHOUSE_STOCK_COLUMNS),
        ):
            found |= self._searched(entity, columns, lambda _: self._goods())
        for entity, rows in masters.INFO_TABLES.items():
            found[wire.INFO.format(entity=entity)] = _info(rows)
        for entity in masters.SEARCH_TABLES:
            found |= self._master(entity)
        return found

    def _searched(
        self, entity: str, table: Table[Item], source: Callable[[list[Condition]], Iterable[Item]]
    ) -> dict[str, Answer]:
        """`search` and `count` over one table."""

        def search(call: Call) -> Body:
            codes = self._books.settings.codes
            names = query.wanted_fields(call.params, table, codes)
            asked = query.conditions(call.params, table, codes)
            part = query.page(call.params, self._books.settings)
            readers = [(name, table[name].read, table[name].kind) for name in names]
            found = query.select(source(asked), asked, table, codes)
            data = [
                {name: self._value(read(one), kind) for name, read, kind in readers} for one in found[part]
            ]
            return _listed(data, len(found) if self._books.settings.count_is_total else len(data))

        def count(call: Call) -> Body:
            codes = self._books.settings.codes
            asked = query.conditions(call.params, table, codes)
            return {"count": str(len(query.select(source(asked), asked, table, codes)))}

        return {wire.SEARCH.format(entity=entity): search, wire.COUNT.format(entity=entity): count}

    def _master(self, entity: str) -> dict[str, Answer]:
        """A master's rows change with the settings, its columns do not."""
        make = masters.SEARCH_TABLES[entity]
        return self._searched(entity, masters.columns(make(self._books)), lambda _: make(self._books))

    def _goods(self) -> list[Any]:
        return [self._stock.goods[sku] for sku in sorted(self._stock.goods)]

    def _value(self, value: str | None, kind: Kind) -> str | int | float | None:
        """Text, unless the account is set to answer numbers as numbers (§2.2: a client must take both)."""
        if self._books.settings.numbers_as_strings or kind is not Kind.NUMBER or not value:
            return value
        number = Decimal(value)
        return int(number) if number == int(number) else float(number)


def _listed(data: list[Any], count: int | None = None) -> Body:
    return {"count": str(len(data) if count is None else count), "data": data}


def _info(rows: list[masters.MasterRow]) -> Answer:
    return lambda _: _listed(rows)
