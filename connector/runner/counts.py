"""Counts (実績数): what one pass did, for the journal and the job table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connector.outcome import Advance, Hold, Outcome


@dataclass(slots=True)
class Counts:
    """What one pass did, for the journal and the job table."""

    seen: int = 0
    moved: int = 0
    waiting: int = 0
    held: int = 0
    begun: int = 0
    done: int = 0
    unknown: int = 0
    strays: int = 0
    failed: str = ""

    def facts(self) -> dict[str, Any]:
        return {name: value for name in self.__slots__ if (value := getattr(self, name))}

    def tally(self, outcomes: Sequence[Outcome]) -> None:
        self.held += sum(isinstance(outcome, Hold) for outcome in outcomes)
        self.waiting += sum(not isinstance(outcome, Hold | Advance) for outcome in outcomes)
