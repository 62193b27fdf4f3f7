"""Slips (出荷指示) as the warehouse holds them, with the state it would name on the telephone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from connector.adapters.wms import wire
from connector.sandbox.warehouse.stock import Taken


class State(StrEnum):
    """spec/wms.md §3.3, the warehouse's side of it."""

    HELD = wire.STATE_HELD  # 保留
    ACCEPTED = wire.STATE_ACCEPTED  # waits for stock
    ALLOCATED = wire.STATE_ALLOCATED
    PICKING = wire.STATE_PICKING
    PACKED = wire.STATE_PACKED
    PARTIAL = wire.STATE_PARTIAL  # part of it left, the rest waits for stock
    SHIPPED = wire.STATE_SHIPPED
    CANCELLED = wire.STATE_CANCELLED
    UNSHIPPABLE = wire.STATE_UNSHIPPABLE


WAITING = frozenset({State.HELD, State.ACCEPTED, State.ALLOCATED, State.PARTIAL})
CANCELLABLE = frozenset({State.HELD, State.ACCEPTED, State.ALLOCATED})
ON_THE_FLOOR = frozenset({State.PICKING, State.PACKED})
FINAL = frozenset({State.SHIPPED, State.CANCELLED, State.UNSHIPPABLE})


@dataclass(slots=True)
class Line:
    """One line (明細) of a slip: ordered, reserved for the parcel being made, already gone."""

    line_no: int
    sku: str
    ordered: int
    lot_wish: str = ""
    taken: list[Taken] = field(default_factory=list)
    shipped: int = 0

    @property
    def reserved(self) -> int:
        return sum(each.quantity for each in self.taken)

    @property
    def missing(self) -> int:
        return self.ordered - self.shipped - self.reserved


@dataclass(frozen=True, slots=True)
class LinePart:
    """One line row of a result: a line, or the part of it that came from one lot."""

    line_no: int
    sku: str
    quantity: int
    lot: str = ""
    expires_on: date | None = None
    reason_code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ShippingEvent:
    """What became of a slip at one carrier pick-up: 実績区分, parcels in order, line rows."""

    slip_number: str
    tenant: str
    result: str
    carrier: str
    tracking: tuple[str, ...]  # one per parcel; empty strings for services without tracking
    lines: tuple[LinePart, ...]


@dataclass(frozen=True, slots=True)
class Departure:
    """A shipping event and the lorry it went with."""

    at: datetime
    event: ShippingEvent


@dataclass(slots=True)
class Instruction:
    """One accepted 出荷指示. `content` is everything that was ordered, for telling a repeat from a change."""

    slip_number: str
    order_number: str
    tenant: str
    content: tuple[tuple[str, ...], ...]
    carrier: str
    ship_by: date
    parcels: int
    lines: list[Line]
    accepted_at: datetime
    ready_on: date
    state: State = State.ACCEPTED
    tracking: list[str] = field(default_factory=list)
    face: str = ""  # the API that brought it and tells its results; empty: files do
    waits_for_stock: bool = False  # a short slip is neither shipped in part nor refused at the wave
    picking_since: datetime | None = None
    rides_with: str = ""  # 同梱: its goods lie in the box of that slip
    departures: list[Departure] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        return all(line.shipped == line.ordered for line in self.lines)
