"""Shapes (同じ形の実績): events that differ from one before in their numbers and their time only are read like it.

Of a day's rows nearly everything repeats itself: date, carrier, counts, codes. What an event means is found out once,
by the rules of `shipments.py`, and remembered under the texts of its rows; the next one of the same texts gets its own
numbers and its own time, if those are of the usual form. Dangerous would be a rule that looks at them: whoever writes
one must look here too. Whatever is not usual goes the long way, and only events that nothing else in the file has to do
with come here at all (`pieces.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from connector.adapters.wms.shipments import Rules, gather
from connector.mapping import Line, Table
from connector.mapping.grammars import Ungrammatical, instant
from connector.outcome import Stray
from connector.ports import ReadResults
from connector.slip import Shipment, TrackingNumber

MOST_ROWS, MOST_EVENTS = 2_000, 4_000  # of each so many are remembered, a few MiB; all others go the long way
_ITS_OWN = {  # what differs from event to event, and how its column must be read
    "slip_number": ("code", "text"),
    "result_id": ("code", "text"),
    "tracking": ("tracking",),
    "confirmed_at": ("datetime_jst",),
}
_LONGEST = 15  # characters; every number of no more, in letters and digits, is read as it stands
_TIME = 19  # characters of a time of the usual form
Same = Callable[[list[str]], tuple[str, ...]]
_USUAL = re.compile(r"(?![0-9]+[eE][0-9]+\Z)[0-9A-Za-z_-]+")  # 1e5 is what a spreadsheet makes of a number
_USUAL_TIME = re.compile(r"[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")


class Shapes:
    """What is known of the events of one file."""

    def __init__(self, name: str, table: Table, rules: Rules, orphans: Collection[str]) -> None:
        self.name, self.table, self.rules, self.orphans = name, table, rules, orphans
        self.same = _others(table) if _fit(table) and not rules.plain else None
        self.slip_at, self.result_at = table.at("slip_number"), table.at("result_id")
        self.tracking_at, self.time_at = table.at("tracking"), table.at("confirmed_at")
        self._rows: dict[Any, int] = {}
        self._events: dict[tuple[int, ...], Shipment] = {}

    def gather(self, lines: Iterable[Line]) -> ReadResults:
        """As `shipments.gather`, of rows in the file's order of which no two slips have anything in common."""
        shipments: list[Shipment] = []
        strays: list[Stray] = []
        slip_at = self.slip_at
        for _, run in groupby(lines, lambda line: line.fields[slip_at]):
            members = list(run)
            shape = self._shape(members, self.same) if self.same else None
            like = self._events.get(shape) if shape is not None else None
            if like is not None and (event := self._event(members, like)) is not None:
                shipments.append(event)
                continue
            read = gather(self.name, list(map(self.table.row, members)), self.rules, self.orphans)
            if shape is not None and like is None:
                self._remember(shape, members, read)
            shipments += read.shipments
            strays += read.strays
        return ReadResults(tuple(shipments), tuple(strays))

    def _shape(self, members: list[Line], same: Same) -> tuple[int, ...] | None:
        """What these rows say besides their numbers and time; None where they are more than one event, or too many."""
        rows, tracking_at, time_at = self._rows, self.tracking_at, self.time_at
        result = members[0].fields[self.result_at]
        shape = []
        for _, fields, _ in members:
            if fields[self.result_at] != result:
                return None
            key = (same(fields), not fields[tracking_at], time_at < 0 or not fields[time_at])
            number = rows.get(key)
            if number is None:
                if len(rows) >= MOST_ROWS:
                    return None
                number = rows[key] = len(rows)
            shape.append(number)
        return tuple(shape)

    def _event(self, members: list[Line], like: Shipment) -> Shipment | None:
        """The event of these rows, which say the same as `like`; None where its own texts are unusual."""
        first = members[0].fields
        slip, result = first[self.slip_at], first[self.result_at]
        if not (_usual(slip) and _usual(result)) or result in self.orphans:
            return None
        numbers = tuple([text for _, fields, _ in members if (text := fields[self.tracking_at])])
        for number in numbers:
            if not TrackingNumber.usual(number, like.carrier):
                return None
        if len(numbers) > 1 and len(set(numbers)) < len(numbers):
            return None
        confirmed_at = None
        if self.time_at >= 0:
            times = {fields[self.time_at] for _, fields, _ in members}
            confirmed_at = _latest(times)
            if confirmed_at is None and any(times):  # a cell that looks empty may still hold blanks
                return None
        return Shipment(
            result_id=result,
            slip_number=slip,
            result=like.result,
            shipped_on=like.shipped_on,
            carrier=like.carrier,
            tracking=numbers,
            parcels=like.parcels,
            lines=like.lines,
            reason_code=like.reason_code,
            reason=like.reason,
            complete=like.complete,
            confirmed_at=confirmed_at,
            dated=like.dated,
        )

    def _remember(self, shape: tuple[int, ...], members: list[Line], read: ReadResults) -> None:
        """Only an event without a remark, whose numbers are all that stand in the column of numbers."""
        if read.strays or len(read.shipments) != 1 or len(self._events) >= MOST_EVENTS:
            return
        (event,) = read.shipments
        texts = [line.fields[self.tracking_at] for line in members]
        if event.tracking == tuple(filter(None, texts)):
            self._events[shape] = event


def _latest(texts: set[str]) -> datetime | None:
    """The latest of these times; None where one of them is not of the usual form."""
    latest: datetime | None = None
    for text in texts:
        if not text:
            continue
        if _USUAL_TIME.fullmatch(text) is None:
            return None
        try:
            at = instant(text)
        except Ungrammatical:
            return None
        latest = at if latest is None or at > latest else latest
    return latest


def _others(table: Table) -> Same:
    """What a row says besides its numbers and its time."""
    places = sorted(place.at for place in table.places if place.column.key not in _ITS_OWN)
    return itemgetter(*places, places[-1])  # of one place alone it would give no tuple


def _usual(text: str) -> bool:
    return len(text) <= _LONGEST and _USUAL.fullmatch(text) is not None


def _fit(table: Table) -> bool:
    """Whether the columns of what an event has for itself are read in the ways that this room knows."""
    for key, grammars in _ITS_OWN.items():
        column = next((place.column for place in table.places if place.column.key == key), None)
        if column is None:
            if key != "confirmed_at":
                return False
        elif (
            column.grammar not in grammars
            or column.outdated
            or 0 < column.most < (_TIME if key == "confirmed_at" else _LONGEST)
            or column.carrier not in ("", "carrier")
        ):
            return False
    return True
