"""Follow subscriptions (定期の追跡): mirror the parent contracts, so that every renewal is foreseen before its day.

Read by update time with overlap, as orders are. It moves no order: what must appear by when, and what did not, is
judged by `subscriptions/forecast.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from connector.ports import Ports, SubscriptionPage
from connector.stages.stage import Reading


async def read(ports: Ports, since: datetime) -> AsyncIterator[SubscriptionPage]:
    async for page in ports.cart.subscriptions_changed_since(since - ports.shop.overlap):
        yield page


STAGE = Reading(
    name="follow_subscriptions",
    japanese="定期の追跡",
    every=timedelta(minutes=30),
    patience=timedelta(hours=6),
    read=read,
    from_the_beginning=True,
)
