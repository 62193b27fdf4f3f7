"""CartSandbox (受注カート): a little ECFORCE on loopback that clients talk to unchanged (§11).

It starts no timer: somebody calls `advance`, and each request does so first. Everything is in memory.
"""

from __future__ import annotations

import random
from datetime import datetime

from aiohttp import web

from connector.clock import Clock
from connector.sandbox.cart.api import open_api
from connector.sandbox.cart.control import Control
from connector.sandbox.cart.control_files import PapersControl
from connector.sandbox.cart.courier import Courier
from connector.sandbox.cart.documents import Quirks
from connector.sandbox.cart.engine import CartEngine
from connector.sandbox.cart.gate import Gate
from connector.sandbox.cart.settings import CartSettings
from connector.sandbox.faults import Faults
from connector.sandbox.history import History

SHUTDOWN_S = 0.5
UPLOAD_MAX = 32 * 1024 * 1024  # bytes; a CSV of a large shop


class CartSandbox(CartEngine):
    """The cart on its sockets; what it can do is the engine's."""

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int = 0,
        faults: Faults | None = None,
        history: History | None = None,
        settings: CartSettings | None = None,
    ) -> None:
        super().__init__(clock, seed=seed, faults=faults, history=history, settings=settings)
        mischief = random.Random(f"{seed}/cart/mischief")
        self._gate = Gate(self.shop, self._faults, mischief, super().advance)
        self._courier = Courier(self.shop)
        self.quirks = Quirks()
        self._runner: web.AppRunner | None = None

    # --- where it is and how to get in ---

    @property
    def token(self) -> str:
        """The API token; empty after a sign-out until the next sign-in."""
        return self._gate.token or ""

    @property
    def email(self) -> str:
        return self.settings.email

    @property
    def password(self) -> str:
        return self.settings.password

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Open the socket; the base URL, API under `/api/v2`."""
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=SHUTDOWN_S)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        return f"http://{host}:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        await self._courier.close()

    # --- time ---

    def next_event_at(self) -> datetime | None:
        """As the engine says, and now while webhooks are waiting to be carried."""
        return self._clock.now() if self.webhooks.ready() else super().next_event_at()

    async def advance(self) -> None:
        """Everything due now, then the webhooks of it. A request only does the first: it waits for no endpoint."""
        await super().advance()
        if self.webhooks.ready():
            await self._courier.carry(self.webhooks.take())

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[self._gate.middleware()], client_max_size=UPLOAD_MAX)
        open_api(app, self._office, self._gate, self.quirks)
        papers = PapersControl(self).routes()
        for method, path, handler in (*Control(self, self._gate, self.quirks).routes(), *papers):
            app.router.add_route(method, path, handler)
        return app
