"""A fresh town and a fresh connector per story; nobody shops there but the story itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from connector.rehearsal import FIRST_DAY, SHOP, opened

from tests.journeys.day import Day, Mischief

OpenDay = Callable[..., Awaitable[Day]]

# Slower than a real shop, so that a story of eleven hours takes seconds; nothing may depend on the rhythm.
RHYTHM = {
    "ingest": 10,
    "notify": 5,
    "confirm_intake": 10,
    "import_daily": 5,
    "follow_slips": 10,
    "relay": 10,
    "collect": 30,
    "confirm_shipment": 10,
    "complete": 10,
    "stop": 10,
}
BY_API = {"route": "api", "times": ["19:10:00"]}


@pytest.fixture
async def open_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OpenDay]:
    """`await open_day(subscribers=…, modes={…}, warehouse={…})`: settings of the shop, section by section.

    `way` is how the town's warehouse is spoken to. They come by the environment, as an operator of a container
    gives them.
    """
    days: list[Day] = []
    async with AsyncExitStack() as stack:

        async def open_(
            *, subscribers: int = 0, way: str = "sftp", faults: Mischief | None = None, **sections: Any
        ) -> Day:
            shop = {"rhythm_minutes": RHYTHM, "completion": BY_API} | sections
            monkeypatch.setenv("CONNECTOR_SHOPS", json.dumps({SHOP: shop}))
            faults = faults or Mischief()
            demo = await stack.enter_async_context(
                opened(
                    folder=tmp_path / f"day{len(days)}",
                    start_on=FIRST_DAY,
                    seed=11,
                    faults=faults,
                    orders_per_day=0,
                    port=0,
                    subscribers=subscribers,
                    warehouse=way,
                )
            )
            days.append(Day(demo, faults))
            return days[-1]

        yield open_
        for day in days:
            await day.kept()


@pytest.fixture
async def day(open_day: OpenDay) -> Day:
    """A usual shop: import at 10:00, completion through the cart's API at 19:10."""
    return await open_day()
