"""Server (HTTP): one port for login screens, API, control plane and page (§1.1, §2.1, §11).

Every outcome of the API is HTTP 200; other statuses are faults somebody planned.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlencode

import msgspec
from aiohttp import BodyPartReader, web

from connector.sandbox.next_engine.account import SIGN_IN_PATHS, SignInRefused
from connector.sandbox.next_engine.call import Call, decode_form
from connector.sandbox.next_engine.control import Control
from connector.sandbox.next_engine.pages.frame import sign_in_form
from connector.sandbox.next_engine.pages.window import Window
from connector.sandbox.next_engine.script import DROP, HTML_502, LATE, Planned, TransportFault
from connector.sandbox.next_engine.settings import NextEngineSettings

MAX_REQUEST = 256 * 1024 * 1024  # a 50 MB file percent-encoded is three times as long
_LARGE = 16 * 1024  # smaller replies are not worth compressing
_JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
_HTML_502 = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class Town(Protocol):
    """What the server needs of the sandbox."""

    settings: NextEngineSettings
    control: Control
    window: Window

    async def advance(self) -> None: ...
    def answer(self, call: Call) -> dict[str, Any]: ...
    def planned_wait(self, call: Call) -> Planned | None: ...
    async def wait(self, planned: Planned) -> None: ...
    def meter(self, call: Call, received: int, sent: int, code: str) -> None: ...
    def launch_address(self) -> str: ...
    def sign_in_address(self, query: dict[str, str]) -> str: ...


class Server:
    """Routes and sockets; knows nothing of slips."""

    def __init__(self, town: Town, *, signed_in_browser: bool) -> None:
        self._town, self._signed_in_browser = town, signed_in_browser
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int, ssl_context: ssl.SSLContext | None) -> str:
        app = web.Application(client_max_size=MAX_REQUEST)
        for path in SIGN_IN_PATHS:
            app.router.add_get(path, self._sign_in)
            app.router.add_post(path, self._signed_in)
        app.router.add_get("/launch", self._launch)
        app.router.add_get("/", self._overview)
        app.router.add_get("/office", self._office)
        app.router.add_get("/slips/{number}", self._slip)
        app.router.add_post("/slips/{number}/{act}", self._act_on_slip)
        app.router.add_post("/office/{act}", self._act_in_office)
        app.router.add_get("/_sim/{view}", self._view)
        app.router.add_post("/_sim/{act}", self._act)
        app.router.add_post("/{path:.*}", self._api)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, ssl_context=ssl_context)
        await site.start()
        bound_host, bound_port = self._runner.addresses[0][:2]
        return f"{'http' if ssl_context is None else 'https'}://{bound_host}:{bound_port}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _api(self, request: web.Request) -> web.StreamResponse:
        params, received = await _form(request)
        await self._town.advance()
        call = Call(request.path, params)
        slow = self._town.planned_wait(call)
        if slow is not None and not slow.applied:
            await self._town.wait(slow)
            if slow.reply != LATE and _has_left(request):
                return web.Response()
            await self._town.advance()
        try:
            told = self._town.answer(call)
        except TransportFault as fault:
            self._town.meter(call, received, 0, fault.kind)
            return _broken(request, fault)
        body = msgspec.json.encode(told)
        self._town.meter(call, received, len(body), str(told.get("code", "")))
        if slow is not None and slow.applied:
            await self._town.wait(slow)
        status = 200 if told["result"] == "success" else self._town.settings.error_status
        response = web.Response(body=body, status=status, content_type=_JSON, charset="utf-8")
        if len(body) > _LARGE:
            response.enable_compression()
        return response

    async def _sign_in(self, request: web.Request) -> web.StreamResponse:
        if not self._signed_in_browser:
            return _html(sign_in_form())
        return await self._signed_in(request)

    async def _signed_in(self, request: web.Request) -> web.StreamResponse:
        await self._town.advance()
        try:
            target = self._town.sign_in_address(dict(request.query))
        except SignInRefused as refused:
            return _html(sign_in_form(str(refused)), status=400)
        return web.Response(status=302, headers={"Location": target})

    async def _launch(self, _: web.Request) -> web.StreamResponse:
        await self._town.advance()
        return web.Response(status=302, headers={"Location": self._town.launch_address()})

    async def _page(self, render: Callable[[], str]) -> web.StreamResponse:
        await self._town.advance()
        try:
            return _html(render())
        except LookupError as error:
            return web.Response(text=str(error.args[0]), status=404)

    async def _overview(self, request: web.Request) -> web.StreamResponse:
        return await self._page(lambda: self._town.window.overview(request.query))

    async def _office(self, request: web.Request) -> web.StreamResponse:
        return await self._page(lambda: self._town.window.office(request.query))

    async def _slip(self, request: web.Request) -> web.StreamResponse:
        number = request.match_info["number"]
        return await self._page(lambda: self._town.window.slip(number, request.query))

    async def _act_on_slip(self, request: web.Request) -> web.StreamResponse:
        number, act = request.match_info["number"], request.match_info["act"]
        return await self._acted(
            request, f"/slips/{number}", lambda given: self._town.window.act_on_slip(number, act, given)
        )

    async def _act_in_office(self, request: web.Request) -> web.StreamResponse:
        act = request.match_info["act"]
        return await self._acted(
            request, "/office", lambda given: self._town.window.act_in_office(act, given)
        )

    async def _acted(
        self, request: web.Request, back: str, act: Callable[[dict[str, str]], tuple[str, str]]
    ) -> web.StreamResponse:
        """A person's form, from our own page alone; the answer leads back to it."""
        if not _from_our_page(request):
            return web.Response(text="この画面から送られたものではありません", status=403)
        given = {name: str(value) for name, value in (await request.post()).items()}
        await self._town.advance()
        try:
            told, error = act(given)
        except LookupError as unknown:
            return web.Response(text=str(unknown.args[0]), status=404)
        query = urlencode({"error": error} if error else {"told": told})
        return web.Response(status=303, headers={"Location": f"{back}?{query}"})

    async def _view(self, request: web.Request) -> web.StreamResponse:
        await self._town.advance()
        return _told(lambda: self._town.control.view(request.match_info["view"]))

    async def _act(self, request: web.Request) -> web.StreamResponse:
        """Only JSON is taken: a foreign page in the operator's browser cannot send that unasked."""
        if request.content_type != _JSON:
            return web.json_response({"error": f"Content-Type must be {_JSON}"}, status=415)
        body = await request.read()
        await self._town.advance()
        return _told(lambda: self._town.control.act(request.match_info["act"], body))


def _told(tell: Callable[[], Any]) -> web.Response:
    try:
        return web.Response(body=msgspec.json.encode(tell()), content_type=_JSON, charset="utf-8")
    except LookupError as error:
        return web.json_response({"error": str(error)}, status=404)
    except (TypeError, ValueError) as error:
        return web.json_response({"error": str(error)}, status=400)


def _html(text: str, status: int = 200) -> web.Response:
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"}
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)


def _from_our_page(request: web.Request) -> bool:
    """Browsers say where a form was sent from; a foreign page cannot say that it was here."""
    if request.content_type != FORM:
        return False
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin", "")
    ours = origin in (f"http://{request.host}", f"https://{request.host}")
    return ours if site is None else site == "same-origin" and (ours or origin in ("", "null"))


def _has_left(request: web.Request) -> bool:
    """Whether the client has closed its side."""
    return request.transport is None or request.transport.is_closing()


def _broken(request: web.Request, fault: TransportFault) -> web.Response:
    if fault.kind == DROP and request.transport is not None:
        request.transport.abort()  # what is returned afterwards goes nowhere
    if fault.kind == HTML_502:
        return web.Response(text=_HTML_502, status=502, content_type="text/html")
    return web.Response()


async def _form(request: web.Request) -> tuple[dict[str, bytes], int]:
    """Parameters as bytes, and how many bytes came in."""
    if request.content_type != "multipart/form-data":
        body = await request.read()
        return decode_form(body), len(body)
    params, received = {}, 0
    async for part in await request.multipart():
        if isinstance(part, BodyPartReader) and part.name:
            params[part.name] = bytes(await part.read(decode=True))
            received += len(params[part.name])
    return params, received
