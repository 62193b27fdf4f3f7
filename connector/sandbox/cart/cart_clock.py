"""CartClock (受注カートの時計): the clock the cart lives by, or an instant of the past while a past is written.

Orders, payments and history of earlier weeks then stand under the days on which they happened.
"""

from __future__ import annotations

from datetime import datetime

from connector.clock import Clock


class CartClock:
    """Somebody's clock with a way back. After `reach_present` it is that clock and no more."""

    def __init__(self, clock: Clock) -> None:
        self.present = self._clock = clock
        self._past_at: datetime | None = None

    def now(self) -> datetime:
        return self._past_at or self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)

    def go_to(self, at: datetime) -> None:
        """An instant of the past."""
        self._past_at = at

    def reach_present(self) -> None:
        self._past_at = None
