"""Clock: the only file that reads the time.

Three clocks with one face. `SystemClock` is production. `ScaledClock` runs the same world faster than the
wall and agrees between processes that share its anchor. `SteppedClock` stands still until somebody moves it:
a simulated day then takes as long as its work takes, and is the same day every time.
Instants are aware UTC (`…_at`), dates are Japanese business dates (`…_on`).
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

JST = ZoneInfo("Asia/Tokyo")


class Clock(Protocol):
    """What everybody may ask about time."""

    def now(self) -> datetime:
        """The instant, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back; for deadlines of our own."""

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` of this clock's time."""


def jst(instant: datetime) -> datetime:
    """The same instant as people in Japan read it."""
    return instant.astimezone(JST)


def today(clock: Clock) -> date:
    """The Japanese calendar date now."""
    return jst(clock.now()).date()


def at_jst(day: date, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """The UTC instant of a Japanese wall-clock time."""
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=JST).astimezone(UTC)


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))


class ScaledClock:
    """`speed` times as fast as the wall, anchored: processes with the same anchor agree on the time."""

    def __init__(self, *, anchor_wall: float, anchor_at: datetime, speed: float) -> None:
        if speed <= 0:
            raise ValueError(f"clock speed must be positive, not {speed}")
        self.anchor_wall, self.anchor_at, self.speed = anchor_wall, anchor_at, speed

    @classmethod
    def starting(cls, at: datetime, speed: float) -> ScaledClock:
        """A new clock that reads `at` now."""
        return cls(anchor_wall=time.time(), anchor_at=at, speed=speed)

    @classmethod
    def parse(cls, text: str) -> ScaledClock:
        """The reverse of `text()`: `<wall seconds>/<ISO instant>/<speed>`."""
        wall, instant, speed = text.split("/")
        return cls(anchor_wall=float(wall), anchor_at=datetime.fromisoformat(instant), speed=float(speed))

    def text(self) -> str:
        return f"{self.anchor_wall}/{self.anchor_at.isoformat()}/{self.speed}"

    def now(self) -> datetime:
        return self.anchor_at + timedelta(seconds=(time.time() - self.anchor_wall) * self.speed)

    def monotonic(self) -> float:
        return time.monotonic() * self.speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self.speed)


class SteppedClock:
    """Time that only moves when it is moved.

    Whoever steers the world calls `advance_to`; on the way every sleeper is woken in order of its deadline.
    A `sleep` in the middle of a piece of work (a rate limit, a retry) moves the clock itself, because while
    that work runs nobody else does; `on_advance` then lets the rest of the world catch up.
    """

    def __init__(self, at: datetime) -> None:
        self._now = at
        self._start = at
        self._order = itertools.count()
        self._alarms: list[tuple[datetime, int, asyncio.Event]] = []
        self.on_advance: Callable[[datetime], Awaitable[None]] | None = None

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        await self.advance_to(self._now + timedelta(seconds=max(0.0, seconds)))
        await asyncio.sleep(0)

    async def sleep_until(self, at: datetime) -> None:
        """Sleep without moving the clock: somebody else's `advance_to` wakes us."""
        if at <= self._now:
            return
        alarm = asyncio.Event()
        heapq.heappush(self._alarms, (at, next(self._order), alarm))
        await alarm.wait()

    async def advance_to(self, at: datetime) -> None:
        while self._alarms and self._alarms[0][0] <= at:
            due, _, alarm = heapq.heappop(self._alarms)
            self._now = max(self._now, due)
            alarm.set()
            await asyncio.sleep(0)
        self._now = max(self._now, at)
        if self.on_advance is not None:
            await self.on_advance(self._now)
