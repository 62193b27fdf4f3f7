"""Guard (入口の守り): which names we answer to, the headers of every answer, and which forms are believed.

security.md §6. A form is believed where the browser says that it came from our own page *and* it carries the
token of the thing it acts on. Reading never changes anything.
"""

from __future__ import annotations

import hashlib
import hmac
import logging

from aiohttp import web
from aiohttp.typedefs import Handler

from connector.web.context import CONTEXT
from connector.web.frame import error_page

log = logging.getLogger("connector.web")

FORM = "application/x-www-form-urlencoded"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Server": "connector",  # no version: A13.4
}


async def set_headers(request: web.Request, response: web.StreamResponse) -> None:
    """On every answer, errors included."""
    for name, value in HEADERS.items():
        response.headers[name] = value
    response.headers.setdefault("Cache-Control", "no-store")


@web.middleware
async def doorkeeper(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Foreign host names get 421 (DNS rebinding); what goes wrong becomes a page without internals."""
    try:
        if _name(request.host) not in request.app[CONTEXT].hosts:
            return error_page(request, 421)
        return await handler(request)
    except web.HTTPRedirection:
        raise
    except web.HTTPException as error:
        return error_page(request, error.status)
    except Exception:
        log.exception("a page failed: %s", request.rel_url.path)
        return error_page(request, 500)


def token(key: bytes, shop: str, thing: str) -> str:
    """What a form must carry to act on this thing; only our own pages can know it."""
    return hmac.new(key, f"{shop}/{thing}".encode(), hashlib.sha256).hexdigest()


def believed(request: web.Request, given: str, shop: str, thing: str) -> bool:
    """Whether this form was sent from our own page.

    Browsers that send `Sec-Fetch-Site` decide by it: with our referrer policy their Origin is "null".
    """
    if request.content_type != FORM:
        return False
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin", "")
    ours = origin in (f"http://{request.host}", f"https://{request.host}")
    if not (site == "same-origin" if site is not None else ours):
        return False
    if origin not in ("", "null") and not ours:
        return False
    return hmac.compare_digest(given.encode(), token(request.app[CONTEXT].form_key, shop, thing).encode())


def _name(host: str) -> str:
    """The host without its port; IPv6 addresses keep their brackets."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
