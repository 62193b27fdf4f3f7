"""Whole files (書きかけでないファイル): when a file of the other side may be read, spec/wms.md §6.3.

A file counts as whole when its marker says so, or, without a marker, when it did not change for a while.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Sequence

from connector.adapters.wms import wire
from connector.clock import Clock
from connector.transport.drop import Entry

STILL_SECONDS = 30.0
_MARKER = re.compile(wire.MARKER_PATTERN)


class Stillness:
    """Since when each file looks as it does. Of the other side's time only equality is believed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: dict[tuple[str, Entry], float] = {}

    def settled(self, folder: str, entries: Sequence[Entry]) -> set[str]:
        """Look once; the names that did not change for STILL_SECONDS."""
        now = self._clock.monotonic()
        for known in [key for key in self._since if key[0] == folder and key[1] not in entries]:
            del self._since[known]
        for entry in entries:
            self._since.setdefault((folder, entry), now)
        return {entry.name for entry in entries if self.seconds(folder, entry) >= STILL_SECONDS}

    def seconds(self, folder: str, entry: Entry) -> float:
        return self._clock.monotonic() - self._since[folder, entry]


def marker(body: bytes, *, header: bool = True) -> bytes:
    """The line that tells the other side what the whole file is. Quotes and line ends are ASCII in cp932."""
    rows = sum(1 for _ in csv.reader(body.decode("latin-1").splitlines(keepends=True)))
    rows -= header
    digest = hashlib.sha256(body).hexdigest()
    return (wire.MARKER_LINE.format(rows=rows, bytes=len(body), sha256=digest) + "\r\n").encode("ascii")


def keeps_promise(promise: bytes, body: bytes) -> bool:
    """Whether a file is what its marker says; a marker without words only says that it is whole."""
    said = _MARKER.fullmatch(promise.decode("ascii", "replace").strip())
    if said is None:
        return not promise.strip()
    return int(said["bytes"]) == len(body) and said["sha256"] == hashlib.sha256(body).hexdigest()
