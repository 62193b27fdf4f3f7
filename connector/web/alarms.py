"""Alarms (警報): what is open now and what was; the band on every page while one is; closing one by hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from connector import ops, words
from connector.ledger import views
from connector.ledger.views import AlarmRow
from connector.reports import rows_for_excel
from connector.web.actions import said, signed
from connector.web.frame import ALARMS, View
from connector.web.guard import token
from connector.web.lists import attachment

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
MACHINES = ("/healthz", "/readyz", "/metrics", "/static/", "/hooks/")
FILES = (".json", ".csv", ".xlsx")


@web.middleware
async def with_banner(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What is open is read before a page is made; a page must not know how to read it."""
    path = request.rel_url.path
    if not path.startswith(MACHINES) and not path.endswith(FILES):
        view = View(request)
        request[ALARMS] = tuple(await view.read(lambda c: views.open_alarms(c, view.shop.key)))
    return await handler(request)


async def page(request: web.Request) -> web.Response:
    view = View(request)
    rows = await _rows(view)
    open_rows = [row for row in rows if row.open]
    key = view.context.form_key
    return view.page(
        "alarms.html",
        here="alarms",
        open_rows=open_rows,
        past=[row for row in rows if not row.open],
        facts=lambda row: words.alarm_facts(row.kind, row.evidence, view.now, view.lang),
        tokens={row.kind: token(key, view.shop.key, f"alarms/{row.kind}") for row in open_rows},
    )


async def as_json(request: web.Request) -> web.Response:
    view = View(request)
    return view.json([told(row, view) for row in await _rows(view)])


async def as_csv(request: web.Request) -> web.Response:
    view = View(request)
    titles = ("name", "alarm_opened_at", "alarm_closed_at", "alarm_facts", "do", "note")
    rows = [
        (
            words.ALARMS[row.kind].name.say(view.lang),
            row.opened_at.isoformat(),
            row.closed_at.isoformat() if row.closed_at else "",
            words.alarm_facts(row.kind, row.evidence, view.now, view.lang),
            words.ALARMS[row.kind].do.say(view.lang) if row.open else "",
            row.note,
        )
        for row in await _rows(view)
    ]
    body = rows_for_excel([words.label(title, view.lang) for title in titles], rows)
    return attachment(f"alarms_{view.shop.key}.csv", body)


async def close(request: web.Request) -> web.Response:
    """POST /alarms/{kind}/close."""
    view, kind = View(request), request.match_info["kind"]
    actor, why = await signed(view, f"alarms/{kind}")
    answer = await ops.close_alarm(
        view.context.database, view.shop, kind, actor=actor, why=why, now=view.now, lang=view.lang
    )
    return said(view, answer, view.link("alarms"))


def told(row: AlarmRow, view: View) -> dict[str, object]:
    """The row with its words."""
    plain: dict[str, object] = msgspec.to_builtins(row)
    return plain | {
        "name": words.ALARMS[row.kind].name.say(view.lang),
        "words": words.alarm_facts(row.kind, row.evidence, view.now, view.lang),
    }


async def _rows(view: View) -> list[AlarmRow]:
    return await view.read(lambda connection: views.alarms_list(connection, view.shop.key))
