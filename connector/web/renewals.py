"""Renewals (定期の予定): which orders must appear by when, and which are missing, early, doubled or trapped."""

from __future__ import annotations

from datetime import date

from aiohttp import web

from connector import words
from connector.ledger import views
from connector.reports import renewals, rows_for_excel
from connector.web.frame import View
from connector.web.lists import attachment
from connector.words import label

USUAL_DAYS, MOST_DAYS = 14, 92


async def page(request: web.Request) -> web.Response:
    view = View(request)
    found = await _forecast(view)
    troubles = renewals.troubles(found)
    counted: dict[str, int] = {}
    for one in troubles:
        counted[one.kind] = counted.get(one.kind, 0) + 1
    return view.page(
        "renewals.html",
        here="renewals",
        found=found,
        troubles=troubles,
        counted=counted,
        unknown=words.UNJUDGED[found.unknown].say(view.lang) if found.unknown else "",
        kind=lambda key: words.RENEWALS[key],
        day=lambda on: renewals.day_words(on, view.lang),
    )


async def as_json(request: web.Request) -> web.Response:
    view = View(request)
    return view.json(await _forecast(view))


async def as_csv(request: web.Request) -> web.Response:
    """What is missing or wrong, one row each."""
    view = View(request)
    titles = ("reason", "subscription_no", "order_number", "yen", "note", "do")
    rows = [
        (
            words.RENEWALS[one.kind].name.say(view.lang),
            one.subscription_number,
            one.order_number,
            one.yen,
            one.note.say(view.lang),
            words.RENEWALS[one.kind].do.say(view.lang),
        )
        for one in renewals.troubles(await _forecast(view))
    ]
    body = rows_for_excel([label(title, view.lang) for title in titles], rows)
    return attachment(f"renewals_{view.shop.key}.csv", body)


async def _forecast(view: View) -> views.Forecast:
    asked, on = view.request.query.get("days", ""), view.request.query.get("on", "")
    days = int(asked) if asked.isdecimal() and 0 < int(asked[:4]) <= MOST_DAYS else USUAL_DAYS
    try:
        first = date.fromisoformat(on) if on else None
    except ValueError:
        raise web.HTTPNotFound from None
    return await view.read(
        lambda connection: views.renewals_forecast(connection, view.shop, view.now, days=days, on=first)
    )
