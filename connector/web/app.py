"""App (画面の入口): the table of routes, and the server on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from connector.web import (
    actions,
    alarms,
    automation,
    cases,
    changes,
    hooks,
    intake,
    lists,
    machine,
    mails,
    money,
    next_engine,
    pages,
    preflight,
    renewals,
    stage_stops,
    stops,
    waiting,
    warehouse_news,
)
from connector.web.context import CONTEXT, WebContext
from connector.web.guard import doorkeeper, set_headers

MAX_FORM = 64 * 1024

# fmt: off
ROUTES = (
    ("GET", "/", pages.home),
    ("GET", "/funnel.json", lists.funnel_json),
    ("GET", "/orders", pages.orders),
    ("GET", "/orders.json", lists.orders_json),
    ("GET", "/orders.csv", lists.orders_csv),
    ("GET", "/orders/{number}/why.json", lists.why_json),
    ("GET", "/orders/{number}", pages.order),
    ("GET", "/slips", pages.slips),
    ("GET", "/slips/{number}/why.json", lists.why_json),
    ("GET", "/slips/{number}", pages.slip),
    ("POST", "/orders/{number}/{verb:stop|handled}", stops.act),
    ("POST", "/{kind:orders|slips}/{number}/{verb}", actions.act),
    ("GET", "/held", pages.held),
    ("GET", "/held.json", lists.held_json),
    ("GET", "/held.csv", lists.held_csv),
    ("GET", "/cases", cases.page),
    ("GET", "/cases.json", cases.as_json),
    ("GET", "/cases.csv", cases.as_csv),
    ("GET", "/changes", changes.changes),
    ("GET", "/changes.json", changes.changes_json),
    ("GET", "/changes.csv", changes.changes_csv),
    ("POST", r"/changes/{id:\d{1,15}}/close", changes.close),
    ("GET", "/intake", intake.page),
    ("GET", "/intake.json", intake.as_json),
    ("GET", "/intake.csv", intake.as_csv),
    ("POST", "/hooks/cart/{shop}/{secret}", hooks.cart),
    ("GET", "/money", money.page),
    ("GET", "/money.json", money.as_json),
    ("GET", "/money.csv", money.as_csv),
    ("GET", "/next-engine", next_engine.page),
    ("GET", "/next-engine.json", next_engine.as_json),
    ("GET", "/next-engine.csv", next_engine.as_csv),
    ("GET", "/next-engine/signed-in", next_engine.signed_in),
    ("POST", "/next-engine/{account}/sign-in", next_engine.sign_in),
    ("POST", "/next-engine/{account}/use", next_engine.use),
    ("GET", "/alarms", alarms.page),
    ("GET", "/alarms.json", alarms.as_json),
    ("GET", "/alarms.csv", alarms.as_csv),
    ("POST", r"/alarms/{kind:[a-z_]{1,40}}/close", alarms.close),
    ("GET", "/waiting", waiting.page),
    ("GET", "/waiting.json", waiting.as_json),
    ("GET", "/waiting.csv", waiting.as_csv),
    ("GET", "/automation", automation.page),
    ("GET", "/automation.json", automation.as_json),
    ("GET", "/automation.csv", automation.as_csv),
    ("GET", "/mails", mails.page),
    ("GET", "/mails.json", mails.as_json),
    ("GET", "/mails.csv", mails.as_csv),
    ("POST", "/mails/again", mails.again),
    ("POST", r"/mails/{id:\d{1,15}}/{verb:bounced|seen}", mails.settle),
    ("GET", "/preflight", preflight.page),
    ("GET", "/preflight.json", preflight.as_json),
    ("GET", "/preflight.csv", preflight.as_csv),
    ("POST", r"/preflight/{id:\d{1,15}}/{verb:release|refuse}", preflight.decide),
    ("GET", "/renewals", renewals.page),
    ("GET", "/renewals.json", renewals.as_json),
    ("GET", "/renewals.csv", renewals.as_csv),
    ("GET", "/stops", stops.page),
    ("GET", "/stops.json", stops.as_json),
    ("GET", "/stops.csv", stops.as_csv),
    ("POST", "/stops/{number}/{verb:stopped|shipped}", stops.told),
    ("GET", "/stage-stops", stage_stops.page),
    ("GET", "/stage-stops.json", stage_stops.as_json),
    ("GET", "/stage-stops.csv", stage_stops.as_csv),
    ("POST", r"/stage-stops/{id:\d{1,15}}/{verb:release|refuse}", stage_stops.decide),
    ("GET", "/strays", pages.strays),
    ("GET", "/strays.json", lists.strays_json),
    ("GET", "/strays.csv", lists.strays_csv),
    ("POST", r"/strays/{id:\d{1,15}}/resolve", actions.resolve),
    ("GET", "/stock", warehouse_news.stock),
    ("GET", "/stock.json", warehouse_news.stock_json),
    ("GET", "/stock.csv", warehouse_news.stock_csv),
    ("GET", "/goods-returns", warehouse_news.returns),
    ("GET", "/goods-returns.json", warehouse_news.returns_json),
    ("GET", "/goods-returns.csv", warehouse_news.returns_csv),
    ("GET", "/reports", lists.reports),
    ("GET", r"/reports/{day:\d{4}-\d{2}-\d{2}}", lists.report_day),
    ("GET", "/reports/{file}", lists.report_file),
    ("GET", r"/exchanges/{id:\d{1,15}}", lists.exchange),
    ("GET", "/healthz", machine.healthz),
    ("GET", "/readyz", machine.readyz),
    ("GET", "/metrics", machine.metrics),
)
# fmt: on


def make_app(context: WebContext) -> web.Application:
    """The pages over one ledger. Whoever runs the application owns the database."""
    app = web.Application(middlewares=[doorkeeper, alarms.with_banner], client_max_size=MAX_FORM)
    app[CONTEXT] = context
    for method, path, handler in ROUTES:
        app.router.add_route(method, path, handler)
    app.router.add_static("/static", Path(__file__).with_name("static"))
    app.on_response_prepare.append(set_headers)
    return app


@asynccontextmanager
async def serve(context: WebContext, port: int, host: str = "127.0.0.1") -> AsyncIterator[int]:
    """Listen while the block runs; gives the port (0 asked for a free one)."""
    runner = web.AppRunner(make_app(context), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
