"""Changes (引き渡し後の変更): what still needs a hand or came too late, with the button that says it is settled."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from connector import ops
from connector.ledger import views
from connector.web.actions import said, signed
from connector.web.frame import View
from connector.web.guard import token
from connector.web.lists import csv_of

COLUMNS = (
    "id",
    "number",
    "version",
    "at",
    "kind_name",
    "place_name",
    "field_name",
    "words",
    "do",
    "yen",
    "closed_at",
    "closed_by",
    "close_note",
)


async def changes(request: web.Request) -> web.Response:
    view = View(request)
    rows = await _told(view)
    counted: dict[str, int] = {}
    for row in rows:
        if row.open:
            counted[row.kind_name] = counted.get(row.kind_name, 0) + 1
    return view.page(
        "changes.html",
        here="changes",
        rows=rows,
        counted=counted,
        everything=_everything(view),
        tokens=_tokens(view, rows),
    )


async def changes_json(request: web.Request) -> web.Response:
    view = View(request)
    return view.json(await _told(view))


async def changes_csv(request: web.Request) -> web.Response:
    view = View(request)
    return csv_of(view, "changes", await _told(view), COLUMNS)


async def close(request: web.Request) -> web.Response:
    """POST /changes/{id}/close."""
    view, change_id = View(request), int(request.match_info["id"])
    actor, why = await signed(view, f"changes/{change_id}")
    answer = await ops.close_change(
        view.context.database, view.shop.key, change_id, actor=actor, why=why, now=view.now, lang=view.lang
    )
    return said(view, answer, view.link("changes"))


async def of_order(view: View, number: str) -> dict[str, Any]:
    """What an order's page shows: its changes, newest first, and its versions with their differences."""
    rows = await view.read(lambda c: views.changes_list(c, view.shop.key, all_of_them=True, number=number))
    told = [views.told(row, view.lang) for row in rows]
    versions = await view.read(lambda c: views.versions_of(c, view.shop.key, number))
    return {
        "changes": told,
        "change_tokens": _tokens(view, told),
        "versions": [views.told_version(one, view.lang) for one in versions],
    }


async def _told(view: View) -> list[views.ChangeTold]:
    rows = await view.read(lambda c: views.changes_list(c, view.shop.key, all_of_them=_everything(view)))
    return [views.told(row, view.lang) for row in rows]


def _everything(view: View) -> bool:
    return view.request.query.get("all", "") == "1"


def _tokens(view: View, rows: list[views.ChangeTold]) -> dict[int, str]:
    key = view.context.form_key
    return {row.id: token(key, view.shop.key, f"changes/{row.id}") for row in rows if row.open}
