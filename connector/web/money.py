"""Money at risk (出荷済み未売上): what was shipped and is not captured, with its days left, and what to do about it."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web

from connector import words
from connector.ledger import views
from connector.reports import money as told
from connector.reports import rows_for_excel
from connector.web.frame import View
from connector.web.lists import attachment
from connector.words import label


async def page(request: web.Request) -> web.Response:
    view = View(request)
    found = await _money(view)
    return view.page(
        "money.html",
        here="money",
        found=found,
        said=told.sentence(found, view.lang),
        situation=lambda key: words.MONEY[key],
        days_left=lambda one: told.days_left(one, view.lang),
    )


async def as_json(request: web.Request) -> web.Response:
    view = View(request)
    return view.json(await _money(view))


async def as_csv(request: web.Request) -> web.Response:
    view = View(request)
    rows = [
        [words.moment(cell, view.lang) if isinstance(cell, datetime) else cell for cell in row]
        for row in told.plain(await _money(view), view.lang)
    ]
    body = rows_for_excel([label(column.key, view.lang) for column in told.COLUMNS], rows)
    return attachment(f"money_{view.shop.key}.csv", body)


async def _money(view: View) -> views.Money:
    return await view.read(lambda connection: views.money(connection, view.shop, view.now))
