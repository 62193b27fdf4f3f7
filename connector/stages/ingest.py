"""Ingest (受注の取込): take in every order the cart shows, placed or generated, changed or deleted.

Reads by update time with overlap, never by id: an id may be older than its order (spec/ecforce.md §10.1).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from connector.journey import OrderState
from connector.order import Order
from connector.ports import CartPage, Ports
from connector.stages.stage import Reading


async def read(ports: Ports, since: datetime) -> AsyncIterator[CartPage]:
    async for page in ports.cart.changed_since(since - ports.shop.overlap):
        yield page


STAGE = Reading(
    name="ingest",
    japanese="受注取込",
    every=timedelta(minutes=5),
    patience=timedelta(minutes=30),
    noun=Order,
    gives=OrderState.RECEIVED,
    read=read,
)
