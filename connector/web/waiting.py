"""Waiting (未取込・印刷待ち前): all that is not in the CSV or not in 印刷待ち yet, by kind of reason."""

from __future__ import annotations

from aiohttp import web

from connector import words
from connector.ledger import views
from connector.ledger.views import WaitingGroup
from connector.reports import rows_for_excel
from connector.web.frame import View
from connector.web.lists import attachment

SHOWN = 50  # orders of one group on the page; the files have them all


async def page(request: web.Request) -> web.Response:
    view = View(request)
    return view.page("waiting.html", here="waiting", groups=await _groups(view), shown=SHOWN)


async def as_json(request: web.Request) -> web.Response:
    view = View(request)
    return view.json(await _groups(view))


async def as_csv(request: web.Request) -> web.Response:
    view = View(request)
    titles = ("kind", "order_number", "state", "since", "yen", "why", "moves")
    rows = [
        (
            group.name,
            one.number,
            words.state("order", one.state, view.lang),
            one.since.isoformat(),
            one.yen,
            one.sentence,
            one.moves,
        )
        for group in await _groups(view)
        for one in group.orders
    ]
    body = rows_for_excel([words.label(title, view.lang) for title in titles], rows)
    return attachment(f"waiting_{view.shop.key}.csv", body)


async def _groups(view: View) -> list[WaitingGroup]:
    return await view.read(lambda c: views.waiting_groups(c, view.shop, view.now, view.lang))
