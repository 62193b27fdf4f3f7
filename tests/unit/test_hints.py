"""Hints (合図): they wake the intake at once, storms are folded, and what is due stays a matter of the ledger."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from connector.clock import SteppedClock, SystemClock
from connector.daemon import Daemon
from connector.rhythm import HINTED_REST, Rhythm
from connector.shop import Mode

from tests.unit.world import START, World, an_order, world


def rhythm_of(w: World) -> Rhythm:
    return Rhythm(w.runner, w.clock)


async def live(w: World, rhythm: Rhythm, until: datetime) -> list[datetime]:
    """Jump from one thing to do to the next; when the intake ran."""
    ran = []
    while w.clock.now() < until:
        w.clock.set_to(min(until, await rhythm.next_at()))
        if "ingest" in await rhythm.run_due():
            ran.append(w.clock.now())
    return ran


async def test_a_hint_is_one_pass_at_once(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        rhythm = rhythm_of(w)
        await rhythm.run_due()
        w.pass_by(minutes=2)
        w.cart.put(an_order())
        assert "ingest" not in await rhythm.run_due(), "it is not due by itself"
        rhythm.hint("ingest")
        assert await rhythm.next_at() == w.clock.now()
        assert set(await rhythm.run_due()) == {"ingest"}
        assert w.state() == "received"
        assert "ingest" not in await rhythm.run_due()
        assert rhythm.woken.is_set()


async def test_a_storm_of_hints_is_one_pass_in_ten_seconds(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        rhythm = rhythm_of(w)
        await rhythm.run_due()
        dice, ran = random.Random(5), []
        begun_at = w.clock.now()
        for _ in range(600):
            rhythm.hint("ingest")
            ran += await live(w, rhythm, w.clock.now() + timedelta(milliseconds=dice.randrange(200)))
        gaps = [later - earlier for earlier, later in pairwise(ran)]
        assert min(gaps) >= HINTED_REST
        assert len(ran) <= (w.clock.now() - begun_at) / HINTED_REST + 1
        assert len(ran) >= 5


async def test_a_hint_that_comes_while_it_runs_is_worth_another_pass(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        rhythm = rhythm_of(w)
        changed_since = w.cart.changed_since

        async def slow(since: datetime, until: datetime | None = None) -> Any:
            async for page in changed_since(since, until):
                yield page
            if not w.cart.orders:
                w.cart.put(an_order())  # after we read, and its hint comes before we are done
                rhythm.hint("ingest")

        w.cart.instead(changed_since=slow)
        await rhythm.run_due()
        assert w.state() == ""
        ran = await live(w, rhythm, START + timedelta(seconds=30))
        assert ran == [START + HINTED_REST]
        assert w.state() == "received"


async def test_without_any_hint_the_poll_brings_it(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        rhythm = rhythm_of(w)
        await rhythm.run_due()
        w.cart.put(an_order())
        assert await live(w, rhythm, START + timedelta(minutes=6)) == [START + timedelta(minutes=5)]
        assert w.state() == "received"


async def test_a_hint_for_a_stage_that_is_off_wakes_nobody_for_long(tmp_path: Path) -> None:
    with world(tmp_path, modes={"ingest": Mode.OFF}) as w:
        rhythm = rhythm_of(w)
        await rhythm.run_due()
        w.pass_by(seconds=1)
        rhythm.hint("ingest")
        assert await rhythm.run_due() == {}
        assert await rhythm.next_at() > w.clock.now()


# --- the daemon's sleep ---------------------------------------------------------------------------------------


class Sleeper:
    """A rhythm that has nothing to do for an hour, and counts how often it is asked."""

    def __init__(self, clock: Any, *, broken: bool = False) -> None:
        self.shop, self.woken, self.asked, self._clock = (
            SimpleNamespace(key="mihon"),
            asyncio.Event(),
            0,
            clock,
        )
        self._broken = broken

    async def run_due(self, _stopping: Callable[[], bool]) -> None:
        self.asked += 1
        if self._broken:
            raise RuntimeError("the store is gone")

    async def next_at(self) -> datetime:
        return cast(datetime, self._clock.now()) + timedelta(hours=1)


async def settled() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def test_a_hint_ends_the_daemons_sleep() -> None:
    sleeper = Sleeper(SystemClock())
    daemon = Daemon([cast(Rhythm, sleeper)], SystemClock())
    async with asyncio.TaskGroup() as group:
        running = group.create_task(daemon.run())
        await settled()
        assert sleeper.asked == 1
        for n in (2, 3):
            sleeper.woken.set()
            await settled()
            assert sleeper.asked == n
        daemon.stop()
        assert await running


async def test_no_hint_makes_a_bug_come_sooner() -> None:
    clock = SteppedClock(START)
    sleeper = Sleeper(clock, broken=True)
    quiet = SimpleNamespace(now=clock.now, sleep=lambda _seconds: asyncio.Event().wait())
    daemon = Daemon([cast(Rhythm, sleeper)], cast(Any, quiet))
    async with asyncio.TaskGroup() as group:
        running = group.create_task(daemon.run())
        await settled()
        for _ in range(20):
            sleeper.woken.set()
            await settled()
        assert sleeper.asked == 1
        daemon.stop()
        assert await running
