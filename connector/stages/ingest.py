"""Ingest (受注の取込): take in every order the cart shows, placed or generated, changed or deleted.

Reads by update time with overlap, never by id: an id may be older than its order (spec/ecforce.md §10.1).
Dangerous: a cart may show a change later than it dates it. Every change is therefore read twice: when it is new, and
once more when it is as old as the overlap. Comparing counts instead would not do: a change that comes late and stays
inside the overlap leaves its count as it was.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from connector.journey import OrderState
from connector.order import Order
from connector.ports import CartPage, Ports
from connector.stages.stage import Reading

CHEAP = 100  # orders, one page: an overlap with no more in it is read whole every time


async def read(ports: Ports, since: datetime) -> AsyncIterator[CartPage]:
    """After a night of 20,000 renewals the overlap is 200 pages: only what leaves it by this pass is read again.

    The next pass begins with `since` at this one's `now`, so the strips lie side by side and none is left out.
    """
    line = since.replace(microsecond=0)
    edge, leaving = line - ports.shop.overlap, ports.now.replace(microsecond=0) - ports.shop.overlap
    whole = ports.known is None or await ports.known.changed_between(edge, line) <= CHEAP
    if whole or leaving >= line:
        async for page in ports.cart.changed_since(edge):
            yield page
        return
    async for page in ports.cart.changed_since(edge, leaving):
        yield page
    async for page in ports.cart.changed_since(line):
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
