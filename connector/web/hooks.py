"""Hooks (カートからの合図): a webhook of the cart wakes the intake. It is a hint: no order moves by what it says.

Its fields are whatever the shop's template says, it may be lost, doubled, late, broken or forged (spec/ecforce.md §4).
Dangerous: the secret stands in the address, so this address must never reach a log.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
import secrets

import aiohttp
from aiohttp import web

from connector.web.context import CONTEXT, CartHook

log = logging.getLogger("connector.web")

LARGEST = 1024 * 1024  # bytes; a payload of one order is a few thousand
SECONDS = 5.0  # for the body, and for keeping it: the cart waits ten and never asks twice
EVENT = "x-ecf-event"
SYSTEM = "cart_hint"

_NAME = re.compile(r"[a-z0-9_]{1,60}")
# A shop without webhooks has a secret that nobody knows: an answer takes as long as for any other wrong one.
_NOBODY = CartHook(
    secret=secrets.token_urlsafe(32), keep=lambda _name, _body: asyncio.sleep(0), hint=lambda: None
)


async def cart(request: web.Request) -> web.Response:
    """POST /hooks/cart/<shop>/<secret>: 204; 404 where shop or secret are wrong; 413 above 1 MiB."""
    hook = request.app[CONTEXT].hooks.get(request.match_info["shop"], _NOBODY)
    given = request.match_info["secret"].encode("utf-8", "surrogatepass")
    if not hmac.compare_digest(given, hook.secret.encode()):
        raise web.HTTPNotFound
    event = request.headers.get(EVENT, "")
    await _keep(hook, f"webhook {event if _NAME.fullmatch(event) else '?'}", await _body(request))
    hook.hint()
    return web.Response(status=204)


async def _body(request: web.Request) -> bytes | None:
    """The bytes as they came, None where they did not come whole; raises HTTPRequestEntityTooLarge."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(SECONDS):
            async for part in request.content.iter_any():
                size += len(part)
                if size > LARGEST:
                    raise web.HTTPRequestEntityTooLarge(LARGEST, size)
                parts.append(part)
    except (TimeoutError, OSError, aiohttp.ClientError):
        return None
    return b"".join(parts)


async def _keep(hook: CartHook, name: str, body: bytes | None) -> None:
    """Kept before anything comes of it. A hint that cannot be kept still wakes: what it says is read anyway."""
    if body is None:
        return
    try:
        async with asyncio.timeout(SECONDS):
            await hook.keep(name, body)
    except Exception as error:  # noqa: BLE001 - the cart gets its answer whatever our store does
        log.warning("a hint of the cart could not be kept: %s", type(error).__name__)
