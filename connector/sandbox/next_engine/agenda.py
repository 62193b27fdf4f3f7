"""Agenda (予定): what Next Engine has to do by itself and when; it waits for nobody and starts no timer.

While a deed runs, the time is the instant it was due, however late somebody came to call it: two towns that
are asked at different moments therefore write the same dates.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime
from itertools import count

from connector.clock import Clock


class Agenda:
    """A queue of deeds ordered by their instant, then by entry."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entry = count()
        self._queue: list[tuple[datetime, int, Callable[[], None]]] = []
        self._doing: datetime | None = None

    def now(self) -> datetime:
        """The clock's time, or inside a deed the instant it was due."""
        return self._doing or self._clock.now()

    def add(self, at: datetime, deed: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (at, next(self._entry), deed))

    def next_at(self) -> datetime | None:
        return self._queue[0][0] if self._queue else None

    def run_due(self) -> None:
        """Do everything due, in order; a deed may enter new ones."""
        until = self._clock.now()
        while self._queue and self._queue[0][0] <= until:
            self._doing, _, deed = heapq.heappop(self._queue)
            try:
                deed()
            finally:
                self._doing = None
