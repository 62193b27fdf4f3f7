"""Warehouse news (在庫（倉庫）・返品（倉庫）): what the warehouse told of its shelves and of goods that came back.

For people to see; nothing is refunded and no stock is changed by it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from aiohttp import web

from connector import words
from connector.ledger.views import warehouse_news
from connector.ledger.views.goods_back import ReturnRow, goods_back
from connector.ledger.views.warehouse_news import StockRow
from connector.reports import rows_for_excel
from connector.web.frame import View
from connector.web.lists import attachment
from connector.words.goods_returns import DO

STOCK = (
    *("warehouse", "sku", "lot", "good", "bad", "allocated", "told_at"),
    *("next_engine", "difference", "asked_at"),
)
RETURNS = (
    *("return_number", "arrived_on", "slip_number", "order_number", "tracking"),
    *("sku", "quantity", "condition", "reason", "left", "do"),
)


async def stock(request: web.Request) -> web.Response:
    view = View(request)
    rows = await _stock(view)
    seen = await view.read(lambda connection: warehouse_news.compared(connection, view.shop.key))
    different = len(warehouse_news.different(rows))
    return view.page("stock.html", here="stock", rows=rows, seen=seen, different=different)


async def stock_json(request: web.Request) -> web.Response:
    view = View(request)
    return view.json(await _stock(view))


async def stock_csv(request: web.Request) -> web.Response:
    view = View(request)
    return _csv(view, "stock", await _stock(view), STOCK)


async def returns(request: web.Request) -> web.Response:
    view = View(request)
    return view.page("goods_returns.html", here="goods_returns", rows=await _returns(view))


async def returns_json(request: web.Request) -> web.Response:
    view = View(request)
    return view.json(await _returns(view))


async def returns_csv(request: web.Request) -> web.Response:
    view = View(request)
    return _csv(view, "goods_returns", await _returns(view), RETURNS)


async def _stock(view: View) -> list[StockRow]:
    return await view.read(lambda connection: warehouse_news.stock(connection, view.shop.key))


async def _returns(view: View) -> list[ReturnRow]:
    return await view.read(lambda connection: goods_back(connection, view.shop.key))


def _csv(
    view: View, name: str, found: Sequence[StockRow | ReturnRow], columns: Sequence[str]
) -> web.Response:
    heads = [words.label(f"goods_{column}", view.lang) for column in columns]
    rows = [[_cell(view, column, getattr(row, column)) for column in columns] for row in found]
    return attachment(f"{name}_{view.shop.key}.csv", rows_for_excel(heads, rows))


def _cell(view: View, column: str, value: object) -> object:
    if column == "condition":
        return words.label(f"goods_{value}", view.lang)
    if column == "do":
        return DO[str(value)].say(view.lang)
    return msgspec.to_builtins(value)
