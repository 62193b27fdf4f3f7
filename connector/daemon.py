"""Daemon (常駐): keeps the rhythm of every shop until it is told to stop, and then drains.

SIGTERM: no new stage is begun, the running one finishes (at most `DRAIN` seconds), exit 0. A second signal, or a
stage that does not finish in time, ends the process at once; that is safe by design, because every act outside
was written down before it happened.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from datetime import timedelta

import structlog

from connector.clock import Clock
from connector.rhythm import Rhythm

log = structlog.get_logger("daemon")

DRAIN = 20.0  # seconds of wall time; a container runtime waits 30 before it kills
LONGEST_SLEEP = timedelta(minutes=1)  # a safety net under the computed deadlines
AFTER_A_BUG = timedelta(minutes=1)


class Daemon:
    """The loop of one process. `stop()` may be called from a signal handler."""

    def __init__(self, rhythms: Sequence[Rhythm], clock: Clock) -> None:
        self._rhythms, self._clock = rhythms, clock
        self._stop = asyncio.Event()

    @property
    def draining(self) -> bool:
        return self._stop.is_set()

    def stop(self) -> None:
        self._stop.set()

    async def run(self) -> bool:
        """Until `stop()`. True where everything in hand was finished in time."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._keep(rhythm)) for rhythm in self._rhythms]
            await self._stop.wait()
            log.info("draining", seconds=DRAIN)
            _, late = await asyncio.wait(tasks, timeout=DRAIN)
            for task in late:
                task.cancel()
        return not late

    async def _keep(self, rhythm: Rhythm) -> None:
        while not self._stop.is_set():
            woken = rhythm.woken
            woken.clear()
            try:
                await rhythm.run_due(self._stop.is_set)
                pause = await rhythm.next_at() - self._clock.now()
            except Exception:
                # One shop's bug must not stop the others, nor this one for good.
                log.exception("the rhythm broke", shop=rhythm.shop.key)
                pause, woken = AFTER_A_BUG, asyncio.Event()  # no hint makes a bug come sooner
            await self._sleep(min(pause, LONGEST_SLEEP), woken)

    async def _sleep(self, pause: timedelta, woken: asyncio.Event) -> None:
        """Until the deadline, a hint or the stop, whichever comes first."""
        nap = asyncio.ensure_future(self._clock.sleep(pause.total_seconds()))
        rest = [asyncio.ensure_future(event.wait()) for event in (self._stop, woken)]
        try:
            await asyncio.wait([nap, *rest], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (nap, *rest):
                task.cancel()
            await asyncio.gather(nap, *rest, return_exceptions=True)


def install_signals(daemon: Daemon) -> None:
    """SIGTERM and SIGINT drain; the second one leaves at once."""
    loop = asyncio.get_running_loop()

    def handle(name: str) -> None:
        if daemon.draining:
            log.warning("second signal: leaving at once", signal=name)
            signal.raise_signal(signal.SIGKILL)
        log.info("stopping", signal=name)
        daemon.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, handle, number.name)
