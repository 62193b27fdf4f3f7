"""Plain rows (実績番号のない実績): issued lists of label software and exports of a WMS, turned into shipping events.

Such a file has one row per parcel or per item of goods, no number of its own for an event, and often everything
of the last weeks again (spec/wms.md §2.4, §2.7, §6.2). What a slip shipped on one day is one event, and its number
is a digest of what the rows say: the same rows are the same event, in whatever order and file they come. Parcels of
several days that one file names without goods are one event, too: told together, none corrects the other.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from connector.mapping import Row
from connector.slip import Result

KEYS = (
    *("slip_number", "tracking", "carrier", "shipped_on"),
    *("result", "line_no", "parcel", "parcels", "pieces", "sku", "quantity", "reason_code", "reason"),
)
DATED = "dated"  # whether the file itself names the day; else the day of reading stands in for it
_SAYS = ("result", "tracking", "parcel", "parcels", "line_no", "sku", "quantity", "lot")
UNIT, RECORD = "\x1f", "\x1e"  # stand in no code and no number
_ID_LENGTH = 20  # as long as 実績番号 may be (§7.4)

Values = dict[str, Any]


def events(rows: Sequence[Row], today: date) -> list[Row]:
    """The same rows with everything that a row of SHIPRES has; goods and parcels on rows of their own.

    A row that cannot be read takes its whole slip out, so it gets no event of its own.
    """
    unread = {row.values["slip_number"] for row in rows if row.problems}
    members: dict[tuple[str, date | None], list[Row]] = defaultdict(list)
    for row in rows:
        slip = row.values["slip_number"]
        members[slip, None if slip in unread else _shipped_on(row.values, None)].append(row)
    made: list[Row] = []
    for slip, group in _together(members):
        result_id = "" if slip in unread else _digest([row.values for row in group])
        made += _event(group, result_id, today)
    return sorted(made, key=lambda row: row.line)


def _together(members: Mapping[tuple[str, date | None], list[Row]]) -> Iterator[tuple[str, list[Row]]]:
    """The rows of each event: of a slip's days with nothing but parcels the last one, with all their rows."""
    days: dict[str, list[list[Row]]] = defaultdict(list)
    for (slip, _), group in members.items():
        days[slip].append(group)
    for slip, groups in days.items():
        rows = [row for group in groups for row in group]
        if len(groups) > 1 and all(map(_parcel_that_left, rows)):
            last = max(row.values["shipped_on"] for row in rows)
            yield slip, [replace(row, values=dict(row.values) | {"shipped_on": last}) for row in rows]
        else:
            yield from ((slip, group) for group in groups)


def _parcel_that_left(row: Row) -> bool:
    said = row.values
    left = said.get("result") in (None, Result.SHIPPED)
    return bool(
        left and said.get("sku") is None and said["tracking"] and isinstance(said["shipped_on"], date)
    )


def _shipped_on(values: Values, today: date | None) -> date | None:
    said: date | str | None = values["shipped_on"]  # a text: `absent: {shipped_on: today}`
    return said if isinstance(said, date) else today


def _event(group: Sequence[Row], result_id: str, today: date) -> Iterator[Row]:
    numbers = list(dict.fromkeys(str(row.values["tracking"]) for row in group if row.values["tracking"]))
    lines: dict[str, int] = {}
    seen: set[str | None] = set()
    for row in group:
        said = {key: row.values.get(key) for key in KEYS} | {
            "result_id": result_id,
            "result": row.values.get("result") or Result.SHIPPED,
            "shipped_on": _shipped_on(row.values, today),
            DATED: _shipped_on(row.values, None) is not None,
        }
        number = str(row.values["tracking"]) if row.values["tracking"] else None
        if row.problems or number not in seen:
            yield replace(row, values=said | _parcel(row.values, number, numbers))
        seen.add(number)
        if said["sku"] is not None and not row.problems:
            line_no = said["line_no"] or lines.setdefault(said["sku"], len(lines) + 1)
            yield replace(row, values=said | _goods(line_no))


def _parcel(values: Values, number: str | None, numbers: Sequence[str]) -> Values:
    """The parcel side of a row: counted by the file, else by the numbers it names.

    `pieces` share one number (e飛伝), so one row speaks for all of them.
    """
    goods = {"line_no": 0, "sku": None, "quantity": None}
    if values.get("parcels"):
        return goods | {"parcel": values.get("parcel"), "parcels": values["parcels"]}
    place = numbers.index(number) + 1 if number in numbers else 1
    return goods | {"parcel": place, "parcels": len(numbers) or 1}


def _goods(line_no: int) -> Values:
    return {"line_no": line_no, "tracking": None, "parcel": None, "parcels": None}


def _digest(group: Sequence[Mapping[str, Any]]) -> str:
    """What the rows say, whatever their order; what the mapping put in because the file is silent is no news."""
    told = sorted(UNIT.join([str(values.get(key) or "") for key in _SAYS]) for values in group)
    first = group[0]
    if first.get("sku") is None:
        told = list(dict.fromkeys(told))  # the same parcel named twice; equal rows of goods are two lots
    shipped_on = _shipped_on(dict(first), None)
    whole = RECORD.join([first["slip_number"], str(shipped_on or ""), *told])
    return hashlib.sha256(whole.encode()).hexdigest()[:_ID_LENGTH]


def numbers_digest(slip_number: str, numbers: Sequence[str]) -> str:
    """The number of an event of a file that only adds 送り状番号 to known slips."""
    told = RECORD.join([slip_number, *sorted(numbers)])
    return hashlib.sha256(told.encode()).hexdigest()[:_ID_LENGTH]
