"""Web (運用画面): pages for operators over the ledger, read-only but for the acts of `ops`.

`make_app(WebContext(...))` gives the aiohttp application; `serve(context, port)` listens on loopback.
"""

from __future__ import annotations

from connector.web.app import make_app, serve
from connector.web.context import Health, WebContext

__all__ = ["Health", "WebContext", "make_app", "serve"]
