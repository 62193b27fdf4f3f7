"""Due days (作成予定日): which subscriptions each night has to look at, kept right under every change.

Without it a night costs a look at every subscription of the shop. `Shop.touch` writes here, so whoever changes a
subscription without touching it makes the night miss it: `check` compares with a full look.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterator
from datetime import date


class DueDays:
    """An index of ids by the day on which something is due; an id stands under one day or none."""

    def __init__(self) -> None:
        self._ids: dict[date, set[int]] = {}
        self._day_of: dict[int, date] = {}
        self._days: list[date] = []  # ascending

    def enter(self, id_: int, day: date | None) -> None:
        """From now on due on `day`; None takes it out."""
        before = self._day_of.get(id_)
        if before == day:
            return
        if before is not None:
            self._leave(id_, before)
        if day is None:
            return
        self._day_of[id_] = day
        if day not in self._ids:
            self._ids[day] = set()
            insort(self._days, day)
        self._ids[day].add(id_)

    def _leave(self, id_: int, day: date) -> None:
        del self._day_of[id_]
        ids = self._ids[day]
        ids.discard(id_)
        if not ids:
            del self._ids[day]
            self._days.remove(day)

    def day_of(self, id_: int) -> date | None:
        return self._day_of.get(id_)

    def until(self, day: date) -> list[int]:
        """Everything due up to and on this day: oldest day first, then by id."""
        days = self._days[: bisect_right(self._days, day)]
        return [id_ for each in days for id_ in sorted(self._ids[each])]

    def coming(self) -> Iterator[tuple[date, int]]:
        """Each day with how many are due on it."""
        return ((day, len(self._ids[day])) for day in self._days)
