"""Shipped (出荷実績の読み方): the warehouse's events of one slip, read as one, and whose goods lie in it.

Parcels of one shipment may come in several events, and each adds its number. An event that comes when the shipment
was whole already is a correction: its numbers replace the old ones and are never put beside them (S6).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from connector.slip import Result, Shipment, Slip, SlipRow

LEFT = (Result.SHIPPED, Result.PARTIAL)


def whole(shipments: Sequence[Shipment]) -> Shipment | None:
    """What left for one slip: every parcel's number, first seen first; None where nothing left.

    `complete` says whether all parcels are known by now.
    """
    found: Shipment | None = None
    for event in _newest(shipments):
        found = event if found is None or _closed(found) else _together(found, event)
    return found


def _newest(shipments: Sequence[Shipment]) -> list[Shipment]:
    """The last version of each event that says something left, in the order of their first versions."""
    versions = {event.result_id: event for event in shipments}
    return [event for event in versions.values() if event.result in LEFT]


def _closed(shipment: Shipment) -> bool:
    return shipment.result is Result.SHIPPED and shipment.complete


def _together(before: Shipment, event: Shipment) -> Shipment:
    tracking = tuple(dict.fromkeys((*before.tracking, *event.tracking)))
    complete = event.complete or len(tracking) >= event.parcels
    return replace(event, tracking=tracking, complete=complete)


def carries(slip: Slip, order_number: str, family: Mapping[str, Slip]) -> bool:
    """Whether goods of this order lie in this slip, as far as rows tell; `family`: all slips tied to the order.

    A bundled row names the slip and the row it came from (include_from_*, spec/next_engine.md §4.3).
    """
    rows = slip.rows if slip.merged else [row for row in slip.rows if not row.cancelled]
    return not rows or any(_bought_with(row, slip, order_number, family) for row in rows)


def _bought_with(row: SlipRow, slip: Slip, order_number: str, family: Mapping[str, Slip]) -> bool:
    passed: set[tuple[str, int]] = set()
    while row.from_slip and (slip.number, row.no) not in passed:
        passed.add((slip.number, row.no))
        source = family.get(row.from_slip)
        if source is None:
            return False  # from a slip that has nothing to do with this order
        below = next((one for one in source.rows if one.no == row.from_row), None)
        if below is None:
            return True  # that slip was never read with its rows
        row, slip = below, source
    return _stands_for(slip, order_number, family)


def _stands_for(slip: Slip, order_number: str, family: Mapping[str, Slip]) -> bool:
    """By its own number, or by that of the slip it was made of: a copy may have got another one by hand."""
    passed: set[str] = set()
    here: Slip | None = slip
    while here is not None and here.number not in passed:
        if here.order_number == order_number:
            return True
        passed.add(here.number)
        here = family.get(here.split_from or here.copied_from or here.parcel_parent)
    return False
