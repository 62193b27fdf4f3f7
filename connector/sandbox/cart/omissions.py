"""Omissions (作成漏れの仕込み): renewals that the nightly run gets wrong without a word, planned by hand or by fault.

For rehearsals: a connector must find each of them. Nothing of it can be seen in the cart's API but the missing,
late or doubled order itself; the history alone says `renewal_omitted`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from connector.sandbox.cart.model import SubsOrder
from connector.sandbox.faults import Faults

LATE_DAYS = 3
LOST_RENEWAL = "lost-renewal"


class Omission(StrEnum):
    """How a renewal goes wrong."""

    FORGOTTEN = "forgotten"  # every night passes it by; its dates stay
    ROLLED = "rolled"  # the dates move on as if it had been created; no order
    LATE = "late"  # created some days late
    DOUBLED = "doubled"  # two children in one run, of the same round and for the same dates


@dataclass(slots=True)
class PlannedOmission:
    """One renewal that will go wrong, or did: then `struck_on` is the night and `dates` what it was due for."""

    subs_id: int
    how: Omission
    days: int
    struck_on: date | None = None
    dates: tuple[datetime, datetime] | None = None


class Omissions:
    """What was planned, by subscription; one at a time for each."""

    def __init__(self, faults: Faults, rng: random.Random) -> None:
        self._faults, self._rng = faults, rng
        self._planned: dict[int, PlannedOmission] = {}

    def plan(self, subs_id: int, how: Omission, days: int = LATE_DAYS) -> None:
        """The next renewal that comes due goes wrong in this way."""
        self._planned[subs_id] = PlannedOmission(subs_id, how, days)

    def lose_one(self, due: Sequence[SubsOrder]) -> None:
        """One of the night's renewals is forgotten when the fault strikes."""
        free = [subs.id for subs in due if subs.id not in self._planned]
        if free and self._faults.strike(LOST_RENEWAL):
            self.plan(self._rng.choice(free), Omission.FORGOTTEN)

    def of(self, subs: SubsOrder) -> PlannedOmission | None:
        """What is to go wrong with the renewal now due; it ends when the dates it struck are no longer there."""
        planned = self._planned.get(subs.id)
        if planned is None:
            return None
        if planned.dates is not None and planned.dates != (subs.next_ship_at, subs.next_delivery_at):
            self.end(subs)
            return None
        return planned

    def end(self, subs: SubsOrder) -> None:
        """The renewal was made after all, or never will be."""
        self._planned.pop(subs.id, None)

    def clear(self) -> None:
        self._planned.clear()

    def open(self) -> list[PlannedOmission]:
        """Planned ones that are still to strike, and forgotten or late ones still without their order."""
        return list(self._planned.values())
