"""Follow slips (伝票の追跡): mirror what Next Engine shows, so that a slip is known 印刷待ち in time.

Read by modification time with overlap: operators split, bundle, copy and cancel at any time
(spec/next_engine.md §10.12).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

from connector.journey import SlipState
from connector.ports import Ports
from connector.slip import Slip
from connector.stages.stage import Reading


async def read(ports: Ports, since: datetime) -> AsyncIterator[list[Slip]]:
    async for page in ports.orders.slips_changed_since(since - ports.shop.overlap):
        yield page


async def again(ports: Ports, numbers: Sequence[str]) -> AsyncIterator[list[Slip]]:
    """Slips that must show a late change before they may go on, with their rows."""
    yield list((await ports.orders.slips(numbers, rows=True)).values())


STAGE = Reading(
    name="follow_slips",
    japanese="伝票追跡",
    every=timedelta(minutes=10),
    patience=timedelta(days=2),
    noun=Slip,
    takes=(SlipState.INTAKE, SlipState.OPEN),
    gives=SlipState.PRINT_READY,
    read=read,
    again=again,
)
