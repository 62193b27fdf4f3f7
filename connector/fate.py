"""Fate (品物の行方): whether the goods of one slip left the warehouse, by all that it ever said of them.

Dangerous: the last row read is not the last word. Files come late and out of order, a part may have left before the
rest was cancelled, and 出荷不可 is often followed by 出荷 (spec/wms.md §3.3, §6.2). So every event counts, in its
newest version; in whatever order they came, the answer is the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum

from connector.slip import Result, Shipment

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Fate(StrEnum):
    LEFT = "left"  # all of it or a part
    CANCELLED = "cancelled"  # nothing left, and the warehouse says that nothing will
    LABELLED = "labelled"  # a number was given to it, and nobody says that it left: it may lie on the shelf
    UNSHIPPABLE = "unshippable"  # nothing left so far
    UNTOLD = "untold"


def fate(events: Iterable[Shipment]) -> Fate:
    """These events of one slip, read together."""
    newest: dict[str, Shipment] = {}
    for event in events:
        before = newest.get(event.result_id)
        if before is None or _settled(event) >= _settled(before):
            newest[event.result_id] = event
    said = {event.result for event in newest.values()}
    if said & {Result.SHIPPED, Result.PARTIAL}:
        return Fate.LEFT
    if Result.CANCELLED in said:
        return Fate.CANCELLED
    if Result.NUMBERS in said:
        return Fate.LABELLED
    return Fate.UNSHIPPABLE if Result.UNSHIPPABLE in said else Fate.UNTOLD


def _settled(event: Shipment) -> datetime:
    return event.confirmed_at or _LONG_AGO
