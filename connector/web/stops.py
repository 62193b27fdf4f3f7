"""Stops (出荷止め): the board of every request, and the buttons for what only a person can do about it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aiohttp import web

from connector import ops, words
from connector.ledger.views.stop_board import StopBoardRow, StopLine, stop_board
from connector.reports import rows_for_excel
from connector.web.actions import said, signed
from connector.web.frame import View
from connector.web.guard import token
from connector.web.lists import attachment
from connector.words.kept import kept
from connector.words.stops import LAST_MOMENTS, STOP_ENDS, stop_answer_line, stop_cart_line, stop_why

TITLES = (
    "number",
    "stop_since",
    "stop_asked_by",
    "why",
    "stop_verdict",
    "stop_last",
    "stop_lines",
    "words",
    "yen",
)
TOLD = {"stopped": True, "shipped": False}


async def page(request: web.Request) -> web.Response:
    view = View(request)
    rows = await _rows(view)
    phoned = [row for row in rows if row.waits_for_telephone]
    return view.page(
        "stops.html",
        here="stops",
        waiting=[row for row in rows if not row.settled],
        ended=[row for row in rows if row.settled],
        tools=tools(view),
        tokens={row.number: told_token(view, row.number) for row in phoned},
    )


def tools(view: View) -> dict[str, object]:
    """What the template of a row needs, on the board and on the order's page."""

    def line(one: StopLine) -> str:
        return stop_answer_line(one.party, one.slip_number, one.answer, view.lang)

    return {
        "line": line,
        "why": lambda row: stop_why(row.why, view.lang),
        "end": lambda verdict: STOP_ENDS[verdict],
        "last": lambda row: LAST_MOMENTS[row.last_is].say(view.lang),
        "left": lambda row: words.age(row.last_at - view.now, view.lang) if row.last_at else "",
        "verbs": lambda row: [
            (view.link("stops", row.number, "stopped"), words.label("stop_told_stopped", view.lang), ""),
            (
                view.link("stops", row.number, "shipped"),
                words.label("stop_told_shipped", view.lang),
                "strong",
            ),
        ],
    }


def told_token(view: View, number: str) -> str:
    return token(view.context.form_key, view.shop.key, f"stops/{number}")


async def as_json(request: web.Request) -> web.Response:
    view = View(request)
    return view.json(await _rows(view))


async def as_csv(request: web.Request) -> web.Response:
    view = View(request)
    rows = [_cells(view, row) for row in await _rows(view)]
    body = rows_for_excel([words.label(name, view.lang) for name in TITLES], rows)
    return attachment(f"stops_{view.shop.key}.csv", body)


async def of_order(view: View, number: str) -> dict[str, Any]:
    """The board's row for the page of one order."""
    rows = await view.read(lambda c: stop_board(c, view.shop, view.now, number=number))
    row = rows[0] if rows else None
    key = told_token(view, number) if row is not None and row.waits_for_telephone else ""
    return {"stop_row": row, "stop_tools": tools(view), "stop_token": key}


async def told(request: web.Request) -> web.Response:
    """POST /stops/{number}/{verb}: what the telephone said."""
    view, number = View(request), request.match_info["number"]
    actor, why = await signed(view, f"stops/{number}")
    answer = await ops.stop_told(
        view.context.database,
        view.shop.key,
        number,
        stopped=TOLD[request.match_info["verb"]],
        actor=actor,
        why=why,
        now=view.now,
        lang=view.lang,
    )
    return said(view, answer, view.link("stops"))


async def act(request: web.Request) -> web.Response:
    """POST /orders/{number}/stop and /orders/{number}/handled."""
    view, number = View(request), request.match_info["number"]
    actor, why = await signed(view, f"orders/{number}")
    here = view.context.database
    words_of: dict[str, str] = {"actor": actor, "why": why, "lang": view.lang}
    if request.match_info["verb"] == "stop":
        answer = await ops.stop(here, view.shop, number, now=view.now, **words_of)
    else:
        answer = await ops.handled(here, view.shop.key, number, now=view.now, **words_of)
    return said(view, answer, view.link("orders", number))


async def _rows(view: View) -> list[StopBoardRow]:
    return await view.read(lambda c: stop_board(c, view.shop, view.now))


def _cells(view: View, row: StopBoardRow) -> list[object]:
    lines = [
        stop_cart_line(one.answer, one.told_at, one.at, view.lang)
        if one.party == "cart"
        else stop_answer_line(one.party, one.slip_number, one.answer, view.lang, one.by)
        for one in row.lines
    ]
    return [
        row.number,
        _at(row.asked_at),
        row.asked_by or words.label("stop_by_cart", view.lang),
        stop_why(row.why, view.lang),
        STOP_ENDS[row.verdict].name.say(view.lang),
        _at(row.last_at) if row.last_at else LAST_MOMENTS[row.last_is].say(view.lang),
        "、".join(lines),
        kept(row.words, view.lang),
        row.yen,
    ]


def _at(at: datetime | None) -> str:
    return at.isoformat() if at is not None else ""
