"""Floor requests (取消・変更依頼): what a shop asks of people who are already picking, and when they answer.

An answer may come early, late, never or twice. Until it is there the floor goes on: a box asked back at noon
may be on the lorry at six.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.sandbox.history import History
from connector.sandbox.warehouse.floor import Floor
from connector.sandbox.warehouse.settings import WarehouseSettings
from connector.sandbox.warehouse.slips import ON_THE_FLOOR

CANCEL = "cancel"
MODIFY = "modify"
EARLY, LATE, NEVER, TWICE = "early", "late", "never", "twice"
EARLY_MINUTES = (2, 15)
LATE_HOURS = (3, 9)
SECOND_THOUGHTS = timedelta(minutes=10)  # between the no and the yes of an answer given twice

Plan = Callable[[datetime, Callable[[datetime], None]], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """One open request. `then` does what a yes to a change means."""

    slip_number: str
    kind: str
    then: Callable[[], None] | None = None


class FloorRequests:
    """Requests to the floor that are not answered yet, at most one per slip."""

    def __init__(
        self, floor: Floor, history: History, settings: WarehouseSettings, rng: random.Random, plan: Plan
    ) -> None:
        self._floor = floor
        self._history = history
        self._settings = settings
        self._rng = rng
        self._plan = plan
        self._open: dict[str, Asked] = {}
        self._promised: dict[str, tuple[str, bool]] = {}

    def open_kind(self, slip_number: str) -> str:
        """`cancel` or `modify` while the floor owes an answer, else empty."""
        asked = self._open.get(slip_number)
        return asked.kind if asked and self._floor.slips[slip_number].state in ON_THE_FLOOR else ""

    def promise(self, slip_number: str, manner: str, *, agrees: bool = True) -> None:
        """Fix how the next request about this slip is answered, instead of leaving it to the seed."""
        if manner not in (EARLY, LATE, NEVER, TWICE):
            raise ValueError(f"unknown manner of answering {manner!r}")
        self._promised[slip_number] = (manner, agrees)

    def ask(self, asked: Asked, at: datetime) -> bool:
        """Put the request to the floor; False when the slip is not on it or a request is still open."""
        number = asked.slip_number
        if self._floor.slips[number].state not in ON_THE_FLOOR or number in self._open:
            return False
        drawn = (
            self._rng.choice(self._settings.request_answers),
            self._rng.random() < self._settings.request_agrees,
        )
        manner, agrees = self._promised.pop(number, drawn)
        self._open[number] = asked
        self._history.add(f"{asked.kind}_requested", number, answer=manner)
        if manner == NEVER:
            return True
        hours = self._rng.uniform(*LATE_HOURS)
        wait = timedelta(minutes=self._rng.uniform(*EARLY_MINUTES))
        answer_at = at + (timedelta(hours=hours) if manner == LATE else wait)
        self._plan(answer_at, lambda _: self._answer(asked, agrees and manner != TWICE))
        if manner == TWICE:
            self._plan(answer_at + SECOND_THOUGHTS, lambda _: self._answer(asked, True))
        return True

    def _answer(self, asked: Asked, yes: bool) -> None:
        number = asked.slip_number
        self._open.pop(number, None)
        on_the_floor = self._floor.slips[number].state in ON_THE_FLOOR
        if not yes or not on_the_floor:
            state = self._floor.slips[number].state.value
            self._history.add(f"{asked.kind}_refused", number, state=state)
        elif asked.kind == CANCEL:
            self._floor.pull_out(number)
            self._history.add("cancelled", number, reason="CANCEL_REQ")
        elif asked.then is not None:
            asked.then()
            self._history.add("modified", number)
