"""Habit (作成日の実績): when the cart really creates its orders, against what the settings say.

A wrong 起点 or 日数 would make hundreds of false alarms; the shop is told once instead, and nothing is judged until the
two agree. Pure: what was observed comes in by the door.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from connector.shop import RenewalRules
from connector.subscriptions.cycle import Origin

ENOUGH = 20  # orders; fewer say nothing
DISAGREE = 0.8  # so many of them on another day: the setting is wrong
FITS = 0.95  # or another setting explains nearly all of them …
FITS_NOT = 0.8  # … and ours no more than so many (both origins agree on most weekdays)


@dataclass(frozen=True, slots=True)
class Made:
    """So many orders that were created on a day, for these planned dates."""

    placed_on: date
    ship_on: date
    deliver_on: date
    count: int = 1

    def days(self, origin: Origin) -> int:
        return ((self.ship_on if origin is Origin.SHIP else self.deliver_on) - self.placed_on).days


@dataclass(frozen=True, slots=True)
class Doubt:
    """The settings disagree with what was observed. `origin` is empty where no setting explains it."""

    seen: int
    agree: int
    origin: str = ""
    days_before: int = 0
    fits: int = 0


def doubt(observed: Sequence[Made], rules: RenewalRules) -> Doubt | None:
    """None where the settings explain what was observed, or too little was."""
    seen = sum(one.count for one in observed)
    if seen < ENOUGH:
        return None
    counted = {origin: _days(observed, origin) for origin in Origin}
    agree = counted[Origin(rules.origin)][rules.days_before]
    best = max(Origin, key=lambda origin: max(counted[origin].values()))
    days_before, fits = max(counted[best].items(), key=lambda item: (item[1], -item[0]))
    wrong = seen - agree >= DISAGREE * seen
    if not wrong and not (fits >= FITS * seen and agree <= FITS_NOT * seen):
        return None
    known = fits * 2 > seen and days_before >= 0
    return Doubt(seen, agree, best.value if known else "", days_before if known else 0, fits if known else 0)


def _days(observed: Sequence[Made], origin: Origin) -> Counter[int]:
    found: Counter[int] = Counter()
    for one in observed:
        found[one.days(origin)] += one.count
    return found
