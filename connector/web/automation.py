"""Automation (自動化率): the rate of the last four weeks, the reasons ranked by what removing each would gain."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from aiohttp import web

from connector import words
from connector.clock import jst
from connector.ledger import views
from connector.reports import automation as told
from connector.reports import rows_for_excel
from connector.web.frame import View
from connector.web.lists import attachment
from connector.words import label
from connector.words.automation import percent, points, touch_places, touch_reason

DAYS = 28
SHOWN = 200  # touches on the page; the CSV has them all


async def page(request: web.Request) -> web.Response:
    view = View(request)
    found = await _span(view)
    return view.page(
        "automation.html",
        here="automation",
        found=found,
        shown=list(reversed(found.touches))[:SHOWN],
        said=told.sentence(found.whole).say(view.lang),
        percent=lambda permille: percent(permille, view.lang),
        points=lambda permille: points(permille, view.lang),
        reason_name=lambda reason: touch_reason(reason, view.lang),
        places=lambda some: touch_places(tuple(some), view.lang),
    )


async def as_json(request: web.Request) -> web.Response:
    view = View(request)
    return view.json(await _span(view))


async def as_csv(request: web.Request) -> web.Response:
    view = View(request)
    rows = [
        [words.moment(cell, view.lang) if isinstance(cell, datetime) else cell for cell in row]
        for row in (told.plain(one, view.lang) for one in (await _span(view)).touches)
    ]
    body = rows_for_excel([label(column.key, view.lang) for column in told.COLUMNS], rows)
    return attachment(f"automation_{view.shop.key}.csv", body)


async def _span(view: View) -> views.AutomationSpan:
    """Up to yesterday: today is not over."""
    last: date = jst(view.now).date() - timedelta(days=1)
    return await view.read(lambda c: views.automation_span(c, view.shop.key, last, DAYS))
