"""Lists (一覧の書き出し): every list as JSON or as a CSV for Excel, kept exchanges and finished reports as files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from aiohttp import web

from connector import words
from connector.ledger import views
from connector.reports import closed, latest, opening, rows_for_excel, tables
from connector.web.frame import View

REPORT = re.compile(r"report_([A-Za-z0-9_-]{1,40})_(\d{4}-\d{2}-\d{2})\.(html|xlsx|csv|json)")
SUFFIXES = ("html", "xlsx", "csv", "json")


async def orders_json(request: web.Request) -> web.Response:
    view = View(request)
    return view.json(await _orders(view))


async def orders_csv(request: web.Request) -> web.Response:
    view = View(request)
    found = await _orders(view, limit=5000)
    return csv_of(view, "orders", found.rows, ("number", "state", "since", "yen", "waiting_for", "reasons"))


async def held_json(request: web.Request) -> web.Response:
    view = View(request)
    return view.json(await view.read(lambda connection: views.held(connection, view.shop.key)))


async def held_csv(request: web.Request) -> web.Response:
    view = View(request)
    rows = await view.read(lambda connection: views.held(connection, view.shop.key))
    fields = ("order_number", "number", "item", "reason", "note", "yen", "opened_at", "state")
    return csv_of(view, "held", rows, fields)


async def strays_json(request: web.Request) -> web.Response:
    view = View(request)
    return view.json(await view.read(lambda connection: views.strays_list(connection, view.shop.key)))


async def strays_csv(request: web.Request) -> web.Response:
    view = View(request)
    rows = await view.read(lambda connection: views.strays_list(connection, view.shop.key))
    return csv_of(view, "strays", rows, ("id", "at", "system", "place", "words"))


async def funnel_json(request: web.Request) -> web.Response:
    view = View(request)
    return view.json(await view.read(lambda connection: views.funnel(connection, view.shop, view.now)))


async def why_json(request: web.Request) -> web.Response:
    view, number = View(request), request.match_info["number"]
    answer = await view.read(lambda connection: views.why(connection, view.shop, number, view.now, view.lang))
    if answer is None:
        raise web.HTTPNotFound
    return view.json(answer)


async def exchange(request: web.Request) -> web.Response:
    """The bytes of one kept exchange, only where the configuration shows them: they hold personal data."""
    view = View(request)
    if not view.context.show_bytes:
        raise web.HTTPNotFound
    wanted = int(request.match_info["id"])
    found = await view.read(lambda connection: views.exchange_bytes(connection, view.shop.key, wanted))
    if found is None:
        raise web.HTTPNotFound
    name, body = found
    return attachment(f"exchange_{wanted}_{Path(name).name}", body)


async def reports(request: web.Request) -> web.Response:
    """Days with written files or a kept report, newest first."""
    view = View(request)
    files: dict[str, list[str]] = {}
    folder = view.context.reports_dir
    for path in sorted(folder.glob("report_*")) if folder.is_dir() else []:
        match = REPORT.fullmatch(path.name)
        if match is not None and match[1] == view.shop.key:
            files.setdefault(match[2], []).append(path.name)
    kept = {str(day) for day in await view.read(lambda c: views.closed_days(c, view.shop.key))}
    days = sorted({*files, *kept}, reverse=True)
    return view.page("reports.html", here="reports", days=days, files=files, kept=kept)


async def report_file(request: web.Request) -> web.Response:
    """A report as a download. The name must be one of ours; it never becomes another path."""
    view, name = View(request), request.match_info["file"]
    match = REPORT.fullmatch(name)
    path = view.context.reports_dir / name
    if match is None or match[1] not in {shop.key for shop in view.context.shops} or not _plain(path):
        raise web.HTTPNotFound
    return attachment(name, path.read_bytes())


async def report_day(request: web.Request) -> web.Response:
    """One day's report as a page: the kept one, else what was last written for that day."""
    view = View(request)
    try:
        day = date.fromisoformat(request.match_info["day"])
    except ValueError:
        raise web.HTTPNotFound from None
    kept = await closed(view.context.database, view.shop.key, day)
    report = kept or latest(view.context.reports_dir, view.shop.key, day)
    if report is None:
        raise web.HTTPNotFound
    return view.page(
        "report.html",
        here="reports",
        report=report,
        opening=opening(report, view.lang),
        tables=[table for table in tables(report, view.lang) if table.key not in ("todo", "seven")],
        files=[f"report_{report.shop}_{report.day}.{suffix}" for suffix in SUFFIXES],
    )


async def _orders(view: View, limit: int = views.PAGE) -> views.Listing:
    question = views.Question.parse(view.request.query.get("q", ""))
    if question.odd:
        raise web.HTTPBadRequest
    return await view.read(
        lambda connection: views.orders_list(connection, view.shop, question, view.now, limit=limit)
    )


def csv_of(view: View, name: str, rows: Sequence[Any], fields: Sequence[str]) -> web.Response:
    plain = [[_cell(view, field, getattr(row, field)) for field in fields] for row in rows]
    return attachment(f"{name}_{view.shop.key}.csv", rows_for_excel(list(fields), plain))


def _cell(view: View, field: str, value: object) -> object:
    if field == "reasons" and isinstance(value, tuple):
        return "、".join(words.reason(reason, view.lang) for reason in value)
    if field == "reason" and isinstance(value, str):
        return words.reason(value, view.lang)
    return msgspec.to_builtins(value)


def _plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def attachment(name: str, body: bytes) -> web.Response:
    """security.md A5.3: never shown inside our pages."""
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return web.Response(
        body=body,
        content_type="application/octet-stream",
        headers={"Content-Disposition": disposition},
    )
