"""Preflight (取込前確認): the files that wait for a click, what they would hold, and what earlier ones came to."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from connector import ops
from connector.ledger import views
from connector.reports import rows_for_excel
from connector.web.actions import said, signed
from connector.web.frame import View
from connector.web.guard import token
from connector.web.lists import attachment
from connector.words import label
from connector.words.preflights import VERDICTS, oddity

FIGURES = ("window", "verdict", "orders", "lines", "yen", "held", "odd", "decided_by", "note")


async def page(request: web.Request) -> web.Response:
    view = View(request)
    found = await _found(view)
    return view.page(
        "preflight.html",
        here="preflight",
        waiting=[row for row in found["checks"] if row.waits],
        tokens={row.id: _token(view, row.id) for row in found["checks"] if row.waits},
        judged=lambda row: VERDICTS[row.state],
        odd=lambda row: _odd(row, view.lang),
        **found,
    )


async def as_json(request: web.Request) -> web.Response:
    view = View(request)
    return view.json(await _found(view))


async def as_csv(request: web.Request) -> web.Response:
    """One row for each file's check."""
    view = View(request)
    rows = [
        (
            row.window,
            VERDICTS[row.state].name.say(view.lang),
            row.orders,
            row.lines,
            row.yen,
            row.held,
            " / ".join(_odd(row, view.lang)),
            row.decided_by,
            row.note,
        )
        for row in (await _found(view))["checks"]
    ]
    body = rows_for_excel([label(f"preflight_{name}", view.lang) for name in FIGURES], rows)
    return attachment(f"preflight_{view.shop.key}.csv", body)


async def decide(request: web.Request) -> web.Response:
    """POST /preflight/{id}/release and /preflight/{id}/refuse."""
    view, row_id = View(request), int(request.match_info["id"])
    actor, why = await signed(view, f"preflight/{row_id}")
    row = await view.read(lambda c: views.preflight(c, view.shop.key, row_id))
    if row is None:
        raise web.HTTPNotFound
    seen = (await request.post()).get("seen", "")
    answer = await ops.decide_preflight(
        view.context.database,
        view.shop.key,
        row.window,
        release=request.match_info["verb"] == "release",
        actor=actor,
        why=why,
        now=view.now,
        seen=seen if isinstance(seen, str) and seen else "-",  # a form without it saw nothing
        lang=view.lang,
    )
    return said(view, answer, view.link("preflight"))


async def _found(view: View) -> dict[str, Any]:
    shop = view.shop.key
    return {
        "checks": await view.read(lambda c: views.preflights_list(c, shop)),
        "files": await view.read(lambda c: views.import_files(c, shop)),
    }


def _odd(row: views.PreflightRow, lang: str) -> list[str]:
    return [oddity(name, facts, lang) for name, facts in row.oddities.items()]


def _token(view: View, row_id: int) -> str:
    return token(view.context.form_key, view.shop.key, f"preflight/{row_id}")
