"""Cases (決済NGの案件): who waits for what since when, with the whole story of each, and what to do next."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from connector import words
from connector.ledger import views
from connector.ledger.views import CaseRow
from connector.reports import cases as told
from connector.reports import rows_for_excel
from connector.web.frame import View
from connector.web.lists import attachment
from connector.words import label

COLUMNS = (
    "order_number",
    "state",
    "situation",
    "subscription_round",
    "yen",
    "opened_at",
    "failures",
    "gateway_words",
    "import_joined",
    "other_order",
    "do",
)


async def page(request: web.Request) -> web.Response:
    view = View(request)
    found = await _cases(view)
    counted: dict[str, int] = {}
    for one in found.rows:
        counted[one.situation] = counted.get(one.situation, 0) + 1
    asked = request.query.get("situation", "")
    return view.page(
        "cases.html",
        here="cases",
        rows=[one for one in found.rows if not asked or one.situation == asked],
        counted=counted,
        asked=asked,
        everything=_everything(view),
        summary=told.sentence(found, view.now, view.lang),
        **tools(view),
    )


async def as_json(request: web.Request) -> web.Response:
    view = View(request)
    return view.json(await _cases(view))


async def as_csv(request: web.Request) -> web.Response:
    view = View(request)
    rows = [_plain(one, view.lang) for one in (await _cases(view)).rows]
    body = rows_for_excel([label(name, view.lang) for name in COLUMNS], rows)
    return attachment(f"cases_{view.shop.key}.csv", body)


async def of_order(view: View, number: str) -> dict[str, Any]:
    """What an order's page shows: its case, and the orders it is tied to as made again."""
    case = await view.read(lambda connection: views.case_of(connection, view.shop, number, view.now))
    links = await view.read(lambda connection: views.links_of(connection, view.shop.key, number))
    return {"case": case, "case_links": links} | tools(view)


def tools(view: View) -> dict[str, Any]:
    lang = view.lang
    return {
        "situation_name": lambda key: told.name_of(key).say(lang),
        "situation_do": lambda key: told.do_of(key).say(lang),
        "case_state": lambda key: words.CASE_STATES[key].say(lang),
        "case_step": lambda key: words.CASE_STEPS[key].say(lang),
        "case_age": lambda one: words.age(told.age_of(one, view.now), lang),
        "case_round": lambda one: told.round_of(one, lang),
        "case_joined": lambda one: told.joined(one, lang),
        "link_words": lambda one: words.LINKS[one.way].say(lang),
        "link_rule": lambda one: words.LINK_RULES[one.why],
    }


def _everything(view: View) -> bool:
    return view.request.query.get("all", "") == "1"


async def _cases(view: View) -> views.Cases:
    everything = _everything(view)
    return await view.read(
        lambda connection: views.cases_list(connection, view.shop, view.now, everything=everything)
    )


def _plain(one: CaseRow, lang: str) -> list[object]:
    return [
        one.order_number,
        words.CASE_STATES[one.state].say(lang),
        told.name_of(one.situation).say(lang),
        told.round_of(one, lang),
        one.yen,
        words.moment(one.opened_at, lang),
        one.failures,
        one.words,
        told.joined(one, lang),
        one.replaced_by or "、".join(one.twins),
        told.do_of(one.situation).say(lang),
    ]
