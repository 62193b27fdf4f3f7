"""Shipped (出荷実績の読み方): the warehouse's events of one slip, read as one.

Parcels of one shipment may come in several events, and each adds its number. An event that comes when the shipment
was whole already is a correction: its numbers replace the old ones and are never put beside them (S6).
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from connector.slip import Result, Shipment

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
