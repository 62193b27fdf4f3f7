"""A little receiver of webhooks on loopback: it keeps what came, byte for byte, and answers as told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(slots=True)
class Received:
    """One delivery as it stood on the wire."""

    path: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def event(self) -> str:
        return dict(self.headers)["x-ecf-event"]


@dataclass(slots=True)
class Receiver:
    """`status` is the answer; with `hang` there is none."""

    url: str = ""
    status: int = 204
    hang: bool = False
    received: list[Received] = field(default_factory=list)
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def events(self) -> list[str]:
        return [one.event for one in self.received]

    async def take(self, request: web.Request) -> web.Response:
        headers = [(name.decode(), value.decode()) for name, value in request.raw_headers]
        self.received.append(Received(request.path, headers, await request.read()))
        if self.hang:
            await self._released.wait()
        return web.Response(status=self.status)

    def release(self) -> None:
        self._released.set()


@asynccontextmanager
async def a_receiver(tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/{path:.*}", receiver.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        scheme = "https" if tls else "http"
        receiver.url = f"{scheme}://127.0.0.1:{runner.addresses[0][1]}/api/ecf-webhook"
        yield receiver
    finally:
        receiver.release()
        await runner.cleanup()
