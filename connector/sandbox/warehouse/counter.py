"""Counter (受付窓口): the one place where the API faces hand slips to the warehouse and ask about them.

All faces share the floor, so a slip number is accepted once and for ever, whichever face brought it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from connector.clock import Clock, jst
from connector.sandbox.faults import Faults
from connector.sandbox.history import History
from connector.sandbox.warehouse.floor import Floor
from connector.sandbox.warehouse.requests import Asked, FloorRequests
from connector.sandbox.warehouse.settings import WarehouseSettings
from connector.sandbox.warehouse.slips import Instruction, Line, State


@dataclass(frozen=True, slots=True)
class Goods:
    """So many pieces of one article."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Order:
    """An 出荷指示 that passed the face's checks."""

    slip_number: str
    order_number: str
    face: str
    carrier: str
    ship_by: date
    goods: tuple[Goods, ...]
    parcels: int = 1
    held: bool = False
    waits_for_stock: bool = False


class Counter:
    """What a face may do in the warehouse; time comes from the warehouse's clock."""

    def __init__(
        self,
        clock: Clock,
        settings: WarehouseSettings,
        floor: Floor,
        history: History,
        faults: Faults,
        requests: FloorRequests,
        advance: Callable[[], Awaitable[None]],
    ) -> None:
        self.clock = clock
        self.settings = settings
        self.history = history
        self.advance = advance
        self._floor = floor
        self._faults = faults
        self._requests = requests

    def now(self) -> datetime:
        return self.clock.now()

    def today(self) -> date:
        return jst(self.now()).date()

    def knows_article(self, sku: str) -> bool:
        return sku in self._floor.stock

    def free(self, sku: str) -> int:
        return self._floor.stock.free(sku)

    def is_taken(self, slip_number: str) -> bool:
        """Whether the number was ever accepted; a cancelled one stays used."""
        return slip_number in self._floor.slips

    def slip(self, slip_number: str) -> Instruction:
        return self._floor.slips[slip_number]

    def strikes(self) -> bool:
        """The fault `wms-refuses`: the warehouse dislikes an address that is right."""
        return self._faults.strike("wms-refuses")

    def struck(self, fault: str) -> bool:
        """Whether something goes wrong on the line now: `wms-busy`, `wms-lost-reply`."""
        return self._faults.strike(fault)

    def take(self, order: Order) -> Instruction:
        """Accept for good. The caller has checked the goods and that the number is free."""
        now = self.now()
        slip = Instruction(
            slip_number=order.slip_number,
            order_number=order.order_number,
            tenant=order.face,
            content=tuple((goods.sku, str(goods.quantity)) for goods in order.goods),
            carrier=order.carrier,
            ship_by=order.ship_by,
            parcels=order.parcels,
            lines=lines_of(order.goods),
            accepted_at=now,
            ready_on=self.settings.ready_on(now, order.ship_by),
            face=order.face,
            waits_for_stock=order.waits_for_stock,
        )
        self._floor.accept(slip, held=False)
        if order.held:
            self._floor.hold(order.slip_number)
        self.history.add("slip_accepted", order.slip_number, order_number=order.order_number, face=order.face)
        return slip

    def refuse(self, slip_number: str, face: str, words: str) -> None:
        self.history.add("slip_refused", slip_number, face=face, words=words)

    def change(self, order: Order) -> None:
        """Another content under the same number, while nobody picks it."""
        slip = self.slip(order.slip_number)
        slip.carrier, slip.ship_by = order.carrier, order.ship_by
        slip.ready_on = self.settings.ready_on(self.now(), order.ship_by)
        slip.waits_for_stock = order.waits_for_stock
        self._floor.release(order.slip_number)
        self._floor.rework(order.slip_number, lines_of(order.goods))
        if order.held:
            self._floor.hold(order.slip_number)
        self.history.add("changed", order.slip_number, face=order.face)

    def cancel(self, slip_number: str, face: str) -> str:
        """Empty when it is cancelled now, else the state that forbids it."""
        state = self._floor.cancel(slip_number)
        what = "cancel_refused" if state else "cancelled"
        self.history.add(what, slip_number, face=face, state=state)
        return state

    def put_back(self, slip_number: str) -> None:
        self._floor.put_back(slip_number)

    def ask_floor(self, kind: str, slip_number: str, then: Callable[[], None] | None = None) -> bool:
        return self._requests.ask(Asked(slip_number, kind, then), self.now())

    def asked_kind(self, slip_number: str) -> str:
        """`cancel` or `modify` while the floor owes an answer."""
        return self._requests.open_kind(slip_number)

    def is_picked(self, slip: Instruction) -> bool:
        """The wave has been walked: the goods lie on the packing table."""
        since = slip.picking_since
        return slip.state is State.PICKING and since is not None and self.now() >= since + self.settings.pick

    def put_together(self, parent: str, child: str) -> None:
        """同梱: both slips go in one box, under the parent's labels."""
        first, second = self.slip(parent), self.slip(child)
        if first.state is not State.ALLOCATED or second.state is not State.ALLOCATED:
            raise ValueError(f"{parent} and {child} cannot share a box: {first.state}, {second.state}")
        first.ready_on = second.ready_on = max(first.ready_on, second.ready_on)
        second.rides_with = parent
        self.history.add("put_together", child, with_slip=parent)


def lines_of(goods: Sequence[Goods]) -> list[Line]:
    return [Line(number, each.sku, each.quantity) for number, each in enumerate(goods, start=1)]
