"""Ledger invariants (台帳の検算) of the warehouse, asserted after every scenario (spec/wms.md §8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from connector.adapters.wms import wire
from connector.sandbox.history import History
from connector.sandbox.warehouse.floor import Floor
from connector.sandbox.warehouse.numbers import is_sound
from connector.sandbox.warehouse.slips import State

# Which history fact closes a slip in which state.
CLOSING = {
    "shipped": State.SHIPPED,
    "cancelled": State.CANCELLED,
    "unshippable": State.UNSHIPPABLE,
}


def differences(floor: Floor, history: History, reported: Sequence[list[str]]) -> list[str]:
    """Everything that does not tie, one sentence each; empty when all is well."""
    return [
        *_accepted_once(floor, history),
        *_closed_once(floor, history),
        *_quantities(floor),
        *_reports(floor, reported),
        *_labels(floor),
        *floor.stock.differences(),
    ]


def _accepted_once(floor: Floor, history: History) -> Iterator[str]:
    accepted = history.per_key("slip_accepted")
    yield from (f"slip {key}: accepted {count} times" for key, count in accepted.items() if count > 1)
    yield from (f"slip {key}: on the floor, never accepted" for key in floor.slips if key not in accepted)


def _closed_once(floor: Floor, history: History) -> Iterator[str]:
    closed = history.per_key(*CLOSING)
    yield from (f"slip {key}: closed {count} times" for key, count in closed.items() if count > 1)
    for what, state in CLOSING.items():
        for key in history.per_key(what):
            if key not in floor.slips or floor.slips[key].state is not state:
                yield f"slip {key}: {what} in the history, not on the floor"


def _quantities(floor: Floor) -> Iterator[str]:
    for slip in floor.slips.values():
        for line in slip.lines:
            if not 0 <= line.shipped + line.reserved <= line.ordered:
                yield (
                    f"slip {slip.slip_number} line {line.line_no}: ordered {line.ordered}, "
                    f"shipped {line.shipped}, reserved {line.reserved}"
                )
        if (slip.state is State.SHIPPED) != slip.complete:
            yield f"slip {slip.slip_number}: state {slip.state} and complete={slip.complete}"


def _reports(floor: Floor, reported: Sequence[list[str]]) -> Iterator[str]:
    """Every row is of a slip we know, and the quantities of all rows are what left."""
    quantities: Counter[tuple[str, str]] = Counter()
    for row in reported:
        cells = dict(zip(wire.SHIPRES_COLUMNS, row, strict=True))
        if cells["出荷指示番号"] not in floor.slips:
            yield f"result {cells['実績番号']}: unknown slip {cells['出荷指示番号']}"
        quantities[cells["出荷指示番号"], cells["行番号"]] += int(cells["出荷数"] or 0)
    for slip in floor.slips.values():
        if slip.face:
            told_by = (part for departure in slip.departures for part in departure.event.lines)
            for part in told_by:
                quantities[slip.slip_number, str(part.line_no)] += part.quantity
        for line in slip.lines:
            told = quantities[slip.slip_number, str(line.line_no)]
            if told != line.shipped:
                yield f"slip {slip.slip_number} line {line.line_no}: {line.shipped} left, {told} reported"


def _labels(floor: Floor) -> Iterator[str]:
    used = Counter(number for slip in floor.slips.values() for number in slip.tracking)
    yield from (
        f"tracking number {number}: used {count} times" for number, count in used.items() if count > 1
    )
    yield from (f"tracking number {number}: wrong check digit" for number in used if not is_sound(number))
