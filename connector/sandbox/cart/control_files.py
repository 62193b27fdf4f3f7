"""Control plane, papers (帳票と連携): webhook endpoints and their log, CSV files, the link to Next Engine (§12)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web
from msgspec import Struct

from connector.sandbox.cart.control_forms import read_form
from connector.sandbox.cart.documents import answer
from connector.sandbox.cart.engine import CartEngine
from connector.sandbox.cart.gate import CONTROL, Handler
from connector.sandbox.cart.links import CsvFormat, NeLink, WebhookEndpoint, WebhookMischief
from connector.sandbox.cart.refusal import Refusal, Sentence, not_found
from connector.sandbox.cart.webhooks import CATEGORIES, DEPRECATED, EVENTS, proved


class ExportWish(Struct):
    """Which format, and which orders or subscriptions by number; all of them where none is named."""

    format: str
    numbers: list[str] | None = None


class Intake(Struct):
    """The orders that Next Engine shows in 新規受付."""

    in_intake: list[str] = []


class PapersControl:
    """Handlers for what leaves the shop on paper or wire."""

    def __init__(self, cart: CartEngine) -> None:
        self._cart = cart

    def routes(self) -> tuple[tuple[str, str, Handler], ...]:
        routes: tuple[tuple[str, str, Handler], ...] = (
            ("GET", "webhooks", self.webhooks),
            ("POST", "webhooks", self.add_webhook),
            ("DELETE", "webhooks", self.clear_webhooks),
            ("POST", "webhooks/mischief", self.mischief),
            ("GET", "webhooks/log", self.webhook_log),
            ("GET", "csv/formats", self.formats),
            ("POST", "csv/formats", self.add_format),
            ("POST", "csv/exports", self.export),
            ("GET", r"csv/exports/{job_id:\d+}", self.exported),
            ("POST", "csv/imports/{kind:shipping|state}", self.import_file),
            ("GET", r"csv/imports/{job_id:\d+}", self.imported),
            ("GET", "ne_link", self.ne_link),
            ("POST", "ne_link", self.set_ne_link),
            ("POST", "jobs/ne_mail", self.ne_mail),
            ("POST", "jobs/ne_csv", self.ne_csv),
        )
        return tuple((method, CONTROL + path, handler) for method, path, handler in routes)

    # --- webhooks, §4 ---

    async def webhooks(self, request: web.Request) -> web.Response:
        return answer(
            {
                "endpoints": msgspec.to_builtins(self._cart.settings.webhooks),
                "mischief": msgspec.to_builtins(self._cart.settings.webhook_mischief),
                "categories": CATEGORIES,
                "events": {name: list(events) for name, events in EVENTS.items()},
                "deprecated": sorted(DEPRECATED),
            }
        )

    async def add_webhook(self, request: web.Request) -> web.Response:
        wish = await read_form(request, WebhookEndpoint)
        endpoint = _valid(lambda: proved(wish))
        self._cart.change_settings(webhooks=(*self._cart.settings.webhooks, endpoint))
        return web.Response(status=204)

    async def clear_webhooks(self, request: web.Request) -> web.Response:
        self._cart.change_settings(webhooks=())
        return web.Response(status=204)

    async def mischief(self, request: web.Request) -> web.Response:
        self._cart.change_settings(webhook_mischief=await read_form(request, WebhookMischief))
        return web.Response(status=204)

    async def webhook_log(self, request: web.Request) -> web.Response:
        return answer(self._cart.webhooks.log)

    # --- CSV, §5.1 ---

    async def formats(self, request: web.Request) -> web.Response:
        return answer(msgspec.to_builtins(self._cart.settings.csv_formats))

    async def add_format(self, request: web.Request) -> web.Response:
        """One more format, or another one of the same name."""
        form = await read_form(request, CsvFormat)
        others = tuple(each for each in self._cart.settings.csv_formats if each.name != form.name)
        self._cart.change_settings(csv_formats=(*others, form))
        return web.Response(status=204)

    async def export(self, request: web.Request) -> web.Response:
        wish = await read_form(request, ExportWish)
        job = _valid(lambda: self._cart.exports.order(wish.format, wish.numbers))
        return answer(job.receipt)

    async def exported(self, request: web.Request) -> web.Response:
        """The file of a finished job; 404 while it runs, when it failed, or for any other job."""
        export = self._cart.exports.files.get(request.match_info["job_id"])
        if export is None:
            raise not_found("CSV", "file")
        headers = {"Content-Disposition": f'attachment; filename="{export.name}"'}
        return web.Response(body=export.body, content_type="text/csv", headers=headers)

    async def import_file(self, request: web.Request) -> web.Response:
        """出荷CSVインポート or CSV一括更新 as the job it is; `?with_sale=1` runs 売上処理 too (§5.2)."""
        data, with_sale = await request.read(), request.query.get("with_sale") == "1"
        kind = request.match_info["kind"]
        job = self._cart.import_later(kind, data, with_sale=with_sale)
        return answer(job.receipt)

    async def imported(self, request: web.Request) -> web.Response:
        """The result file of a finished import; 404 while it runs and for any other job."""
        result = self._cart.import_result(request.match_info["job_id"])
        if result is None:
            raise not_found("CSV", "file")
        return web.Response(body=result, content_type="text/csv")

    # --- Next Engine, §8 ---

    async def ne_link(self, request: web.Request) -> web.Response:
        desk = self._cart.ne_link
        files = [{"at": file.at, "numbers": file.numbers} for file in desk.files]
        return answer(
            {
                "settings": msgspec.to_builtins(self._cart.settings.ne_link),
                "mailed": list(desk.mailed),
                "lost": sorted(desk.lost),
                "files": files,
                "never_told": desk.never_told(),
            }
        )

    async def set_ne_link(self, request: web.Request) -> web.Response:
        self._cart.change_settings(ne_link=await read_form(request, NeLink))
        return web.Response(status=204)

    async def ne_mail(self, request: web.Request) -> web.Response:
        return answer({"mailed": self._cart.ne_link.mail_rest()})

    async def ne_csv(self, request: web.Request) -> web.Response:
        """The file itself; 204 where none of the mailed orders lies in 新規受付."""
        wish = await read_form(request, Intake)
        file = self._cart.ne_link.run_csv(frozenset(wish.in_intake))
        if file is None:
            return web.Response(status=204)
        return web.Response(body=file.body, content_type="text/csv")


def _valid(make: Callable[[], Any]) -> Any:
    try:
        return make()
    except (ValueError, KeyError) as error:
        raise Refusal(422, Sentence("SANDBOX", str(error))) from error
