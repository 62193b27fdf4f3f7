"""Rate limit (流量制限): so many calls in a minute that begins with the first of them, by the warehouse's clock."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from connector.sandbox.warehouse.counter import Counter

WINDOW = timedelta(minutes=1)


class MinuteLimit:
    """`limit` calls per window. `take` counts this call; what is left is asked afterwards."""

    def __init__(self, counter: Counter, limit: int) -> None:
        self.limit = limit
        self._counter = counter
        self._began_at: datetime | None = None
        self._used = 0

    def take(self) -> bool:
        now = self._counter.now()
        if self._began_at is None or now >= self._began_at + WINDOW:
            self._began_at, self._used = now, 0
        if self._used >= self.limit:
            return False
        self._used += 1
        return True

    def exhaust(self) -> None:
        """Somebody else with the same token used the minute up."""
        self.take()
        self._used = self.limit

    @property
    def remaining(self) -> int:
        return self.limit - self._used

    @property
    def ends_at(self) -> datetime:
        return (self._began_at or self._counter.now()) + WINDOW

    @property
    def retry_after(self) -> int:
        """Whole seconds until the next window, at least one."""
        return max(1, math.ceil((self.ends_at - self._counter.now()).total_seconds()))
