"""Receiver (戻りの受け口): one return from Next Engine's sign-in, taken on this machine while no daemon runs.

It listens on the redirect address itself, believes the return that carries the nonce of this very start, and is gone
after it; anything else that knocks changes nothing.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from html import escape
from urllib.parse import urlsplit

from aiohttp import web

from connector.errors import ConnectorError, Misconfigured, Occupied, Problem
from connector.web.guard import set_headers
from connector.web.next_engine import NONCE
from connector.words.next_engine import PAGE

LOOPBACK = ("127.0.0.1", "localhost", "::1")
Exchange = Callable[[str, str], Awaitable[str]]
"""uid and state → who signed in, in words."""


async def one_return(back: str, nonce: str, exchange: Exchange, *, seconds: float, lang: str) -> str:
    """Who signed in. Raises TimeoutError where nobody came back, Occupied where the port is taken."""
    target = urlsplit(back)
    if target.hostname not in LOOPBACK or target.scheme != "http":
        words = "only a redirect address on this machine can be listened on"
        raise Misconfigured([Problem("redirect_uri", 0, 0, words, back, "http://127.0.0.1:…")])
    heard: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def returned(request: web.Request) -> web.Response:
        query = request.query
        if heard.done() or not hmac.compare_digest(query.get(NONCE, "").encode(), nonce.encode()):
            return _page("foreign", lang, status=403)
        if not query.get("uid") or not query.get("state"):
            return _page("incomplete", lang, status=400)
        try:
            who = await exchange(query["uid"], query["state"])
        except ConnectorError as error:
            heard.set_exception(error)
            return _page("not_done", lang, str(error), status=409)
        heard.set_result(who)
        return _page("done", lang, who)

    async with AsyncExitStack() as closing:
        app = web.Application()
        app.router.add_get(target.path or "/", returned)
        app.on_response_prepare.append(set_headers)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        closing.push_async_callback(runner.cleanup)  # answers what is under way first
        try:
            await web.TCPSite(runner, target.hostname, target.port or 80).start()
        except OSError as error:
            words = f"{back} cannot be listened on ({error.strerror}): is the daemon running? Its page takes the answer"
            raise Occupied(words) from error
        async with asyncio.timeout(seconds):
            return await heard


def _page(title: str, lang: str, more: str = "", *, status: int = 200) -> web.Response:
    words = escape(PAGE[title].say(lang))
    body = f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>{words}</title>'
    text = f"{body}<h1>{words}</h1><p>{escape(more)}</p></html>"
    return web.Response(text=text, content_type="text/html", status=status)
