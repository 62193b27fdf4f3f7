"""Floor (倉庫現場): stock is reserved, picked in waves, packed and handed to the carrier.

It knows no files and no clock: it is told when. What leaves is decided here and nowhere else.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import date

from connector.adapters.wms import wire
from connector.sandbox.warehouse.numbers import LabelRoll
from connector.sandbox.warehouse.slips import (
    CANCELLABLE,
    ON_THE_FLOOR,
    WAITING,
    Instruction,
    Line,
    LinePart,
    ShippingEvent,
    State,
)
from connector.sandbox.warehouse.stock import Stock, Taken


class Floor:
    """All slips of the warehouse and where they stand."""

    def __init__(
        self,
        stock: Stock,
        labels: LabelRoll,
        *,
        ships_partly: bool,
        parcels_of: Callable[[Instruction, int], int],
    ) -> None:
        self.stock = stock
        self.slips: dict[str, Instruction] = {}
        self._labels = labels
        self._ships_partly = ships_partly
        self._parcels_of = parcels_of
        self._waiting: dict[str, Instruction] = {}
        self._packed: dict[str, Instruction] = {}
        self._settled: list[ShippingEvent] = []  # cancelled or unshippable, not yet reported

    def accept(self, slip: Instruction, *, held: bool) -> None:
        """Take a slip in and reserve what lies there for it, in order of arrival."""
        self.slips[slip.slip_number] = self._waiting[slip.slip_number] = slip
        slip.state = State.HELD
        if not held:
            self._reserve(slip)

    def hold(self, slip_number: str) -> None:
        """Keep what is reserved and do not pick it (OPENLOGI's suspend)."""
        slip = self.slips[slip_number]
        if slip.state in (State.ACCEPTED, State.ALLOCATED):
            slip.state = State.HELD

    def release(self, slip_number: str) -> None:
        """Somebody telephoned: the held slip (保留) may go."""
        slip = self.slips[slip_number]
        if slip.state is State.HELD:
            self._reserve(slip)

    def _reserve(self, slip: Instruction) -> None:
        for line in slip.lines:
            if line.missing:
                line.taken += self.stock.reserve(line.sku, line.missing, line.lot_wish)
        if slip.state is not State.PARTIAL:
            full = not any(line.missing for line in slip.lines)
            slip.state = State.ALLOCATED if full else State.ACCEPTED

    def cancel(self, slip_number: str) -> str:
        """Take a slip back. Empty when it is cancelled now, else the state that forbids it."""
        slip = self.slips.get(slip_number)
        if slip is None:
            return wire.STATE_UNKNOWN
        if slip.state not in CANCELLABLE:
            return slip.state.value
        self._settle(slip, State.CANCELLED, "CANCEL_REQ", "取消依頼により出荷せず")
        return ""

    def rework(self, slip_number: str, lines: list[Line]) -> None:
        """Other goods for a slip nobody has begun to pick; what was reserved goes back first."""
        slip = self.slips[slip_number]
        self.put_back(slip_number)
        slip.lines = lines
        if slip.state is not State.HELD:
            self._reserve(slip)

    def put_back(self, slip_number: str) -> None:
        """Give up the reservation (引当解除); the next wave may reserve again."""
        slip = self.slips[slip_number]
        for line in slip.lines:
            self.stock.release(line.taken)
            line.taken = []
        if slip.state is State.ALLOCATED:
            slip.state = State.ACCEPTED

    def pull_out(self, slip_number: str) -> bool:
        """Take a slip off the floor that is being picked or lies packed; False where it has left or is not begun."""
        slip = self.slips[slip_number]
        if slip.state not in ON_THE_FLOOR:
            return False
        self.put_back(slip_number)
        self._packed.pop(slip_number, None)
        slip.state = State.CANCELLED
        return True

    def goods_came(self) -> None:
        """Reserve what came for the slips that wait for it, in order of arrival."""
        for slip in self._waiting.values():
            if slip.face and slip.state is not State.HELD:
                self._reserve(slip)

    def _settle(self, slip: Instruction, state: State, reason_code: str, reason: str) -> None:
        for line in slip.lines:
            self.stock.release(line.taken)
            line.taken = []
        slip.state = state
        del self._waiting[slip.slip_number]
        result = wire.RESULT_CANCELLED if state is State.CANCELLED else wire.RESULT_UNSHIPPABLE
        lines = tuple(
            LinePart(line.line_no, line.sku, 0, reason_code=reason_code, reason=reason) for line in slip.lines
        )
        self._settled.append(ShippingEvent(slip.slip_number, slip.tenant, result, slip.carrier, (), lines))

    def wave(self, day: date) -> tuple[list[Instruction], list[Instruction]]:
        """One picking wave: (picked, unshippable). A short slip goes in part, or not at all."""
        picked: list[Instruction] = []
        unshippable: list[Instruction] = []
        for slip in list(self._waiting.values()):
            if slip.state is State.HELD or slip.ready_on > day:
                continue
            self._reserve(slip)
            if self._may_go(slip):
                slip.state = State.PICKING
                del self._waiting[slip.slip_number]
                picked.append(slip)
            elif slip.state is not State.PARTIAL and not slip.waits_for_stock:
                self._settle(slip, State.UNSHIPPABLE, "STOCKOUT", "在庫不足のため出荷不可")
                unshippable.append(slip)
        return picked, unshippable

    def _may_go(self, slip: Instruction) -> bool:
        if not any(line.missing for line in slip.lines):
            return True
        if slip.waits_for_stock:
            return False
        return self._ships_partly and any(line.reserved for line in slip.lines)

    def pack(self, slip: Instruction) -> None:
        if slip.state is not State.PICKING:  # pulled out meanwhile
            return
        slip.state = State.PACKED
        self._packed[slip.slip_number] = slip

    def pick_up(self) -> tuple[list[ShippingEvent], list[ShippingEvent]]:
        """The lorry takes all that is packed: (shipped, everything else of the day)."""
        shipped: list[ShippingEvent] = []
        others: list[ShippingEvent] = []
        for slip in self._packed.values():
            event = self._hand_over(slip)
            (shipped if event.result == wire.RESULT_SHIPPED else others).append(event)
        self._packed = {}
        others += self._settled
        self._settled = []
        return shipped, others

    def _hand_over(self, slip: Instruction) -> ShippingEvent:
        units = sum(line.reserved for line in slip.lines)
        parts = tuple(part for line in slip.lines for part in self._line_parts(line))
        for line in slip.lines:
            self.stock.ship(line.taken)
            line.shipped += line.reserved
            line.taken = []
        count = 0 if slip.rides_with else self._parcels_of(slip, units)
        tracking = tuple(self._labels.next(slip.carrier) for _ in range(count))
        slip.tracking += [number for number in tracking if number]
        slip.state = State.SHIPPED if slip.complete else State.PARTIAL
        if slip.state in WAITING:
            self._waiting[slip.slip_number] = slip
        result = wire.RESULT_SHIPPED if slip.complete else wire.RESULT_PARTIAL
        return ShippingEvent(slip.slip_number, slip.tenant, result, slip.carrier, tracking, parts)

    def _line_parts(self, line: Line) -> list[LinePart]:
        parts = [_part(line, taken) for taken in _by_lot(line.taken)]
        if line.missing == 0:
            return parts
        last = parts.pop() if parts else LinePart(line.line_no, line.sku, 0)
        return [*parts, replace(last, reason_code="STOCKOUT", reason=f"在庫不足 {line.missing}個")]


def _by_lot(taken: list[Taken]) -> list[Taken]:
    """Reservations of one lot made at different times are one row."""
    pieces: dict[int, Taken] = {}
    for each in taken:
        known = pieces.setdefault(id(each.lot), Taken(each.lot, 0))
        known.quantity += each.quantity
    return list(pieces.values())


def _part(line: Line, taken: Taken) -> LinePart:
    return LinePart(line.line_no, line.sku, taken.quantity, taken.lot.lot, taken.lot.expires_on)


def parcels_by_units(units_per_parcel: int) -> Callable[[Instruction, int], int]:
    """As many parcels as asked for (個口数), more where the goods do not fit; a remainder needs its own."""

    def parcels(slip: Instruction, units: int) -> int:
        needed = max(1, math.ceil(units / units_per_parcel))
        return needed if slip.tracking else max(slip.parcels, needed)

    return parcels
