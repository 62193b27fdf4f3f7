"""Agenda (ジョブ管理): what the sandbox has to do by itself and when; it starts no timer.

Whoever drives the town asks `next_at` and calls `run_due` when that instant has come.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime
from itertools import count


class Agenda:
    """A queue of deeds ordered by their instant, then by entry."""

    def __init__(self) -> None:
        self._entry = count()
        self._queue: list[tuple[datetime, int, Callable[[], object]]] = []

    def add(self, at: datetime, deed: Callable[[], object]) -> None:
        heapq.heappush(self._queue, (at, next(self._entry), deed))

    def clear(self) -> None:
        """Nothing is planned any more."""
        self._queue.clear()

    def next_at(self) -> datetime | None:
        return self._queue[0][0] if self._queue else None

    def run_due(self, now: datetime) -> None:
        """Do everything due, in order; a deed may enter new ones."""
        while self._queue and self._queue[0][0] <= now:
            _, _, deed = heapq.heappop(self._queue)
            deed()
