"""Follow slips (伝票の追跡): mirror what Next Engine shows, so that a slip is known 印刷待ち in time.

Read by modification time with overlap: operators split, bundle, copy and cancel at any time
(spec/next_engine.md §10.12).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

from connector.clock import jst
from connector.journey import SlipState
from connector.ports import Ports
from connector.slip import NEStatus, Slip
from connector.stages.stage import Reading

ONCE_A_DAY = timedelta(days=3)


async def read(ports: Ports, since: datetime) -> AsyncIterator[list[Slip]]:
    if since == ports.shop.start_at and ports.shop.doubles.enabled:
        async for page in _sent_before_us(ports):
            yield page
    async for page in ports.orders.slips_changed_since(_reaching_back(ports, since)):
        yield await _with_origins(page, ports)


async def _sent_before_us(ports: Ports) -> AsyncIterator[list[Slip]]:
    """At the very beginning (切替): what left in the days before it, so that nothing of it is sent once more."""
    async for page in ports.orders.slips_changed_since(
        ports.shop.start_at - timedelta(days=ports.shop.doubles.days)
    ):
        sent = [slip for slip in page if _sent_elsewhere(slip, ports)]
        if sent:
            yield await _with_origins(sent, ports)


def _reaching_back(ports: Ports, since: datetime) -> datetime:
    """A little each time; once a day far, for what moved while we read it (spec/next_engine.md §10.12)."""
    first_of_the_day = jst(since).date() < jst(ports.now).date()
    far = max(since - ONCE_A_DAY, ports.shop.start_at) if first_of_the_day else since
    return min(far, since) - ports.shop.overlap


async def _with_origins(page: list[Slip], ports: Ports) -> list[Slip]:
    """With the rows of those that people split or bundled, which say whose goods went where.

    And of those at 起票済, whose rows alone say what stock or release date they wait for; of those that others
    printed or shipped, so that we do not ship the same goods again; and of those that the warehouse has from us, so
    that what people put in or take out afterwards is noticed (W3).
    """
    wanted = [
        slip.number
        for slip in page
        if slip.split_from
        or slip.merged
        or _stands(slip)
        or _sent_elsewhere(slip, ports)
        or _sent_by_us(slip, ports)
    ]
    if not wanted:
        return page
    read = await ports.orders.slips(wanted, rows=True)
    return [read.get(slip.number, slip) for slip in page]


def _stands(slip: Slip) -> bool:
    return slip.live and slip.status == NEStatus.OPEN


def _sent_elsewhere(slip: Slip, ports: Ports) -> bool:
    sent = slip.live and slip.status >= NEStatus.PRINTED
    return sent and not slip.tagged(ports.shop.sent_tag)


def _sent_by_us(slip: Slip, ports: Ports) -> bool:
    return slip.live and slip.status < NEStatus.SHIPPED and slip.tagged(ports.shop.sent_tag)


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
