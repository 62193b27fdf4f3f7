"""Server (HTTP): one port for login screens, API, control plane and page (§1.1, §2.1, §11).

Every outcome of the API is HTTP 200; other statuses are faults somebody planned.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any, Protocol

import msgspec
from aiohttp import BodyPartReader, web

from connector.sandbox.next_engine import page
from connector.sandbox.next_engine.account import SIGN_IN_PATHS, SignInRefused
from connector.sandbox.next_engine.call import Call, decode_form
from connector.sandbox.next_engine.control import Control
from connector.sandbox.next_engine.script import DROP, HTML_502, TransportFault

MAX_REQUEST = 256 * 1024 * 1024  # a 50 MB file percent-encoded is three times as long
_LARGE = 16 * 1024  # smaller replies are not worth compressing
_JSON = "application/json"
_HTML_502 = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class Town(Protocol):
    """What the server needs of the sandbox."""

    control: Control

    async def advance(self) -> None: ...
    def answer(self, call: Call) -> dict[str, Any]: ...
    def meter(self, received: int, sent: int) -> None: ...
    def sign_in_address(self, query: dict[str, str]) -> str: ...
    def page(self) -> str: ...


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
        app.router.add_get("/", self._page)
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
        try:
            body = msgspec.json.encode(self._town.answer(call))
        except TransportFault as fault:
            self._town.meter(received, 0)
            return _broken(request, fault)
        self._town.meter(received, len(body))
        response = web.Response(body=body, content_type=_JSON, charset="utf-8")
        if len(body) > _LARGE:
            response.enable_compression()
        return response

    async def _sign_in(self, request: web.Request) -> web.StreamResponse:
        if not self._signed_in_browser:
            return _html(page.sign_in_form())
        return await self._signed_in(request)

    async def _signed_in(self, request: web.Request) -> web.StreamResponse:
        await self._town.advance()
        try:
            target = self._town.sign_in_address(dict(request.query))
        except SignInRefused as refused:
            return _html(page.sign_in_form(str(refused)), status=400)
        return web.Response(status=302, headers={"Location": target})

    async def _page(self, _: web.Request) -> web.StreamResponse:
        await self._town.advance()
        return _html(self._town.page())

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
