"""History (正史): what really happened in one sandbox, written once and never changed.

Tests and the demo compare the connector's ledger with this, never the ledger with itself. With a `path` each
event is also appended to a JSON-lines file, one write per event, so that it survives a killed process.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from connector.clock import Clock


class Event(msgspec.Struct, frozen=True):
    """One fact: `what` is a past participle of this system (`order_placed`), `key` its number or name."""

    at: datetime
    what: str
    key: str
    detail: dict[str, Any] = {}


class History:
    """Append-only list of events of one sandbox."""

    def __init__(self, clock: Clock, path: Path | None = None) -> None:
        self._clock = clock
        self._events: list[Event] = []
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if path else None

    def add(self, what: str, key: object, **detail: object) -> Event:
        event = Event(at=self._clock.now(), what=what, key=str(key), detail=dict(detail))
        self._events.append(event)
        if self._file is not None:
            os.write(self._file, msgspec.json.encode(event) + b"\n")
        return event

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events)

    def of(self, *what: str) -> list[Event]:
        """All events of these kinds, in order."""
        return [event for event in self._events if event.what in what]

    def count(self, *what: str) -> int:
        return len(self.of(*what))

    def per_key(self, *what: str) -> Counter[str]:
        """How often each key had such an event; a value above 1 is the double we are looking for."""
        return Counter(event.key for event in self.of(*what))


def read(path: Path) -> list[Event]:
    """The events of a history file, in order."""
    return [msgspec.json.decode(line, type=Event) for line in path.read_bytes().splitlines()]
