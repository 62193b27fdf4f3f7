"""Rhythm (周期): which stage of one shop is due, computed from the ledger; a wake-up is only a hint.

A lost, late or doubled tick cannot matter: what is due follows from when a stage last ran and which windows are
finished. Catching up after an outage is the normal path. Stages run one after another, in journey order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, time, timedelta

from connector.clock import Clock, at_jst, jst
from connector.runner import Counts, Runner
from connector.shop import Mode
from connector.stages import BESIDE, STAGES, AnyStage
from connector.stages.stage import Acting

CATCH_UP = timedelta(hours=12)  # how long a missed report is still made up for
JUDGED_EVERY = timedelta(minutes=2)
QUIET_HOUR = time(3, 30)  # in Japan
HINTED_REST = timedelta(seconds=10)  # at most one extra pass in so long: a storm of hints is one hint

DailyJob = Callable[[datetime], Awaitable[None]]


class Rhythm:
    """The stages of one shop and when each is due. Only one caller at a time."""

    def __init__(
        self,
        runner: Runner,
        clock: Clock,
        *,
        report_at: time | None = None,
        report: DailyJob | None = None,
        refresh: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.runner, self._clock = runner, clock
        self.shop, self._ledger = runner.ledger.shop, runner.ledger
        self._report_at, self._report, self._refresh = report_at, report, refresh
        self._last: dict[str, datetime] | None = None
        self._hinted: set[str] = set()
        self._judged_at: datetime | None = None
        self._tidied: str = ""
        self._rested_at: dict[str, datetime] = {}  # when a hint may have a stage run again
        self.woken = asyncio.Event()  # set by a hint: whoever sleeps until `next_at` looks again

    def hint(self, name: str) -> None:
        """Somebody says that this stage has something to do. Hints fold; each is worth one pass, soon."""
        self._hinted.add(name)
        self.woken.set()

    async def next_at(self) -> datetime:
        """When there is something to do again; never earlier than now."""
        last = await self._known()
        now = self._clock.now()
        return max(min(self._due_at(stage, last, now) for stage in self._on()), now)

    def _due_at(self, stage: AnyStage, last: Mapping[str, datetime], now: datetime) -> datetime:
        if stage.name not in last:
            return now
        at = last[stage.name] + self._every(stage)
        return min(at, self._rested_at.get(stage.name, now)) if stage.name in self._hinted else at

    async def run_due(self, stopping: Callable[[], bool] = lambda: False) -> dict[str, Counts]:
        """Run every stage that is due, in journey order; stops between two stages when asked to."""
        if self._refresh is not None:
            await self._refresh()
        last = await self._known()
        ran: dict[str, Counts] = {}
        for stage in self._on():
            if stopping():
                break
            now = self._clock.now()
            if self._due_at(stage, last, now) > now:
                continue
            self._hinted.discard(stage.name)  # a hint that comes while it runs is worth another pass
            ran[stage.name] = await self.run(stage)
            last[stage.name] = now
            self._rested_at[stage.name] = self._clock.now() + HINTED_REST
        if ran:
            await self._judge()
        if self._report is not None and not stopping():
            await self._daily()
        if not stopping():
            await self._tidy()
        return ran

    async def _tidy(self) -> None:
        """At Japan's quiet hour, and once after a start: which of them it was need not be remembered."""
        window = newest_window((QUIET_HOUR,), self._clock.now(), timedelta(days=1))
        if window != self._tidied:
            await self.runner.tidy()
            self._tidied = window

    async def _judge(self) -> None:
        """What is wrong as a whole. A dozen queries: not after every one of the passes that come each minute."""
        now = self._clock.now()
        if self._judged_at is not None and now < self._judged_at + JUDGED_EVERY:
            return
        self._judged_at = now
        if await self.runner.judge_alarms():
            self.hint("confirm_intake")
            self._judged_at = None  # that look decides something: it is judged as soon as it was had

    async def run(self, stage: AnyStage) -> Counts:
        """One pass now, with its window where the stage has set times."""
        window = await self._window(stage)
        if not window:
            return await self.runner.run(stage.name)
        started = self._clock.now()
        await self._ledger.start(stage.name, window, started)
        counts = await self.runner.run(stage.name, window=window)
        if not counts.failed and not await self._still_open(stage, window):
            await self._ledger.finish(stage.name, window, self._clock.now(), counts.facts())
        return counts

    async def _window(self, stage: AnyStage) -> str:
        """The newest set time that has come and is not done yet: "2026-11-24 14:00"; empty where none is."""
        if not isinstance(stage, Acting) or stage.times is None:
            return ""
        window = newest_window(stage.times(self.shop), self._clock.now(), stage.grace(self.shop))
        if not window and stage.checked:
            window = await self._ledger.kept_open(self._clock.now())
        if not window:
            return ""
        done = await self._ledger.finished(stage.name, window)
        return "" if done and not await self._ledger.wants_again(stage.name, window) else window

    async def _still_open(self, stage: AnyStage, window: str) -> bool:
        """An act of it provably did not happen, or who belongs to it is not in a file yet (V3)."""
        if await self._ledger.wants_again(stage.name, window):
            return True
        checked = isinstance(stage, Acting) and stage.checked
        return checked and await self._ledger.unsettled(stage.name, window)

    async def _daily(self) -> None:
        assert self._report_at is not None  # noqa: S101 - given together with the report
        window = newest_window((self._report_at,), self._clock.now(), CATCH_UP)
        if not window or await self._ledger.finished("report", window):
            return
        now = self._clock.now()
        await self._ledger.start("report", window, now)
        if self._report is not None:
            await self._report(now)
        await self._ledger.finish("report", window, self._clock.now(), {})

    async def _known(self) -> dict[str, datetime]:
        if self._last is None:
            self._last = await self._ledger.last_runs()
        return self._last

    def _on(self) -> list[AnyStage]:
        return [stage for stage in (*STAGES, *BESIDE) if self.shop.mode(stage.name) is not Mode.OFF]

    def _every(self, stage: AnyStage) -> timedelta:
        return self.shop.rhythms.get(stage.name, stage.every)


def newest_window(times: tuple[time, ...], now: datetime, grace: timedelta) -> str:
    """The newest of these Japanese times of day that has come, at most `grace` ago."""
    today = jst(now).date()
    candidates = [
        (at, day, clock_time)
        for day in (today - timedelta(days=1), today)
        for clock_time in times
        if (at := at_jst(day, clock_time.hour, clock_time.minute)) <= now <= at + grace
    ]
    if not candidates:
        return ""
    _, day, clock_time = max(candidates)
    return f"{day} {clock_time:%H:%M}"
