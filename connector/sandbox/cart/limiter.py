"""Rate limit (流量制限): a token bucket per caller in the sandbox's own time (spec/ecforce.md §2.4)."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from connector.clock import Clock

SECONDS_PER_MINUTE = 60
SECONDS_PER_HOUR = 3600


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class TokenBuckets:
    """`per_minute` requests on average, `burst` at once; None lets everything through."""

    def __init__(self, clock: Clock, per_minute: int | None, burst: int) -> None:
        self._clock, self._burst = clock, burst
        self._per_second = None if per_minute is None else per_minute / SECONDS_PER_MINUTE
        self._buckets: dict[str, _Bucket] = {}

    def wait_for(self, caller: str) -> int:
        """0 and one token taken, or the seconds to wait (Retry-After)."""
        if self._per_second is None:
            return 0
        now = self._clock.monotonic()
        bucket = self._buckets.setdefault(caller, _Bucket(self._burst, now))
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.filled_at) * self._per_second)
        bucket.filled_at = now
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return 0
        return max(1, math.ceil((1 - bucket.tokens) / self._per_second))


class RollingHour:
    """At most `limit` events in any hour: the sign-in rule (§2.1)."""

    def __init__(self, clock: Clock, limit: int) -> None:
        self._clock, self._limit = clock, limit
        self._at: deque[float] = deque()

    def allows(self) -> bool:
        now = self._clock.monotonic()
        while self._at and now - self._at[0] >= SECONDS_PER_HOUR:
            self._at.popleft()
        if len(self._at) >= self._limit:
            return False
        self._at.append(now)
        return True
