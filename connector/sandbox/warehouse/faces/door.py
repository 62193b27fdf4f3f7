"""Door (HTTP): one loopback port of one face. It carries bytes and planned troubles and knows no slips."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, Protocol

import msgspec
from aiohttp import web

from connector.sandbox.warehouse.counter import Counter
from connector.sandbox.warehouse.faces import troubles
from connector.sandbox.warehouse.faces.limiter import MinuteLimit
from connector.sandbox.warehouse.faces.troubles import Trouble, Troubles

SHUTDOWN_S = 0.5
MAX_REQUEST = 32 * 1024 * 1024
HTML = "text/html; charset=UTF-8"
TOO_MANY = "429"
_SIGN_IN = re.compile("login|oauth")
MAINTENANCE = (
    '<!DOCTYPE html>\n<html lang="ja"><head><title>503</title></head>'
    "<body><h1>ただいまメンテナンス中です</h1></body></html>\n"
)
_HTML_STATUS = {
    troubles.HTML_503: 503,
    troubles.HTML_200: 200,
    troubles.ERROR_500: 500,
    troubles.GATEWAY_504: 504,
}


@dataclass(frozen=True, slots=True)
class Call:
    """One request as a face sees it; the path is the one after the face's prefix."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body; raises ValueError where it is not JSON."""
        return msgspec.json.decode(self.body)


@dataclass(frozen=True, slots=True)
class Reply:
    """A status, the bytes and the headers besides Content-Length."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[..., Reply]
Routes = tuple[tuple[str, str, Handler], ...]


class Face(Protocol):
    """What the door needs of a face."""

    prefix: str

    @property
    def limit(self) -> MinuteLimit | None: ...

    def answer(self, call: Call) -> Reply: ...


def find_route(routes: Routes, call: Call) -> tuple[Handler, dict[str, str]] | None:
    """The handler of this method and path, with the named parts of the path."""
    for method, pattern, handler in routes:
        found = re.fullmatch(pattern, call.path)
        if found is not None and method == call.method:
            return handler, found.groupdict()
    return None


class Door:
    """The socket of one face."""

    def __init__(self, face: Face, counter: Counter) -> None:
        self.troubles = Troubles()
        self._face = face
        self._counter = counter
        self._runner: web.AppRunner | None = None
        self._busy = cycle((TOO_MANY, troubles.HTML_503, troubles.HTML_200))
        self._lost = cycle((troubles.DROP, troubles.GATEWAY_504, troubles.HTML_200))

    async def start(self, host: str, port: int) -> str:
        """Open the socket; the base URL, prefix included."""
        app = web.Application(client_max_size=MAX_REQUEST)
        app.router.add_route("*", "/{path:.*}", self._serve)
        # A silent call ends with its client: the handler is cancelled when the line closes.
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=SHUTDOWN_S, handler_cancellation=True
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        bound_host, bound_port = self._runner.addresses[0][:2]
        return f"http://{bound_host}:{bound_port}{self._face.prefix}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        await self._counter.advance()
        if not request.path.startswith(self._face.prefix + "/"):
            return web.Response(status=404)
        call = Call(
            request.method,
            request.path.removeprefix(self._face.prefix),
            dict(request.query),
            request.headers,
            dict(request.cookies),
            body,
        )
        trouble = self.troubles.take(call.path) or self._bad_luck(call)
        if trouble is None:
            return _sent(self._face.answer(call))
        return await self._troubled(request, call, trouble)

    def _bad_luck(self, call: Call) -> Trouble | None:
        """What the faults of the town do to this call. A sign-in is done and answered, or not done at all."""
        if self._counter.struck("wms-busy"):
            return self._crowded()
        writes = call.method != "GET" and not _SIGN_IN.search(call.path)
        if writes and self._counter.struck("wms-lost-reply"):
            return Trouble(next(self._lost), applied=True)
        return None

    def _crowded(self) -> Trouble | None:
        kind = next(self._busy)
        if kind != TOO_MANY:
            return Trouble(kind)
        if self._face.limit is not None:
            self._face.limit.exhaust()  # the face itself says 429, to the end of the minute
        return None

    async def _troubled(self, request: web.Request, call: Call, trouble: Trouble) -> web.StreamResponse:
        if trouble.kind == troubles.SLOW:
            return await self._slow(call, trouble)
        if trouble.applied:
            self._face.answer(call)
        if trouble.kind == troubles.SILENCE:
            await asyncio.Event().wait()
        if trouble.kind == troubles.DROP and request.transport is not None:
            request.transport.abort()  # what is returned afterwards goes nowhere
        status = _HTML_STATUS.get(trouble.kind, 500)
        return web.Response(status=status, body=MAINTENANCE.encode(), headers={"Content-Type": HTML})

    async def _slow(self, call: Call, trouble: Trouble) -> web.StreamResponse:
        """The work is done before the wait when `applied`, else after it."""
        reply = self._face.answer(call) if trouble.applied else None
        if trouble.wall:
            await asyncio.sleep(trouble.seconds)
        else:
            await self._counter.clock.sleep(trouble.seconds)
        await self._counter.advance()
        return _sent(reply or self._face.answer(call))


def _sent(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, body=reply.body, headers=reply.headers)
