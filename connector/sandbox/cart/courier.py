"""Courier (配達): carries webhooks to their endpoints over HTTP, one try each (spec/ecforce.md §4).

One endpoint gets its deliveries one after another, several endpoints side by side. No answer in time, another answer
than 2xx, or nobody there: it is written in the log and that was all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import aiohttp

from connector.adapters.ecforce import wire
from connector.sandbox.cart.shop import Shop
from connector.sandbox.cart.webhooks import Delivery, Fate

AS_IT_IS = ("User-Agent", "Accept", "Accept-Encoding")  # headers the cart does not send


class Courier:
    """Opens its session with the first delivery; `close` it."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._session: aiohttp.ClientSession | None = None

    async def carry(self, deliveries: Sequence[Delivery]) -> None:
        """Deliver all of them; never raises for an endpoint."""
        rounds: dict[str, list[Delivery]] = {}
        for delivery in deliveries:
            rounds.setdefault(delivery.url, []).append(delivery)
        async with asyncio.TaskGroup() as group:
            for each in rounds.values():
                group.create_task(self._round(each))

    async def _round(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            await self._deliver(delivery)

    async def _deliver(self, delivery: Delivery) -> None:
        settings = self._shop.settings
        headers = {"Content-Type": "application/json", wire.EVENT_HEADER: delivery.event}
        if settings.webhook_secret:
            headers[wire.SHARED_HEADER] = settings.webhook_secret
        try:
            async with (
                asyncio.timeout(settings.webhook_timeout_s),
                self._open().post(
                    delivery.url,
                    data=delivery.body,
                    headers=headers,
                    skip_auto_headers=AS_IT_IS,
                    allow_redirects=False,
                    ssl=False,  # a rehearsal's own certificate, on loopback
                ) as reply,
            ):
                delivery.status = reply.status
                delivery.fate = Fate.DELIVERED if reply.ok else Fate.REFUSED
        except TimeoutError:
            delivery.fate, delivery.words = Fate.UNREACHED, "no answer in time"
        except (aiohttp.ClientError, OSError) as error:
            delivery.fate, delivery.words = Fate.UNREACHED, str(error)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None
