"""LOGILESS' documents: 受注伝票 (order) and 出荷伝票 (delivery), told from the floor (spec/wms.md §2.3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from connector.adapters.wms import wire
from connector.clock import jst
from connector.sandbox.warehouse.counter import Counter
from connector.sandbox.warehouse.slips import Instruction, Line, State

ORDER_IDS, DELIVERY_IDS = 90_000, 5_000
LINE_PLACES = 10  # a line's id is its delivery's id and one digit more

# State on the floor -> (document_status of the order, of the delivery, delivery_status)
STATUS: Final = {
    State.HELD: ("Processing", "WaitingForShipment", "Pending"),
    State.ACCEPTED: ("WaitingForAllocation", "WaitingForAllocation", "WaitingForShipment"),
    State.ALLOCATED: ("Processing", "WaitingForShipment", "WaitingForShipment"),
    State.PICKING: ("WaitingForShipment", "WaitingForShipment", "Working"),
    State.PACKED: ("WaitingForShipment", "WaitingForShipment", "Working"),
    State.PARTIAL: ("WaitingForShipment", "WaitingForShipment", "PartlyShipped"),
    State.SHIPPED: ("Shipped", "Shipped", "Shipped"),
    State.CANCELLED: ("Cancel", "Cancel", "Cancel"),
    # 出荷不可: nothing will leave; the list has no other word for it.
    State.UNSHIPPABLE: ("WaitingForAllocation", "WaitingForAllocation", "Pending"),
}


@dataclass(slots=True)
class SalesOrder:
    """One 受注伝票 as it was sent, and the box it goes in when it shares one."""

    id: int
    code: str
    body: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    in_box_of: str = ""
    guests: list[SalesOrder] = field(default_factory=list)

    @property
    def serial(self) -> int:
        return self.id - ORDER_IDS


class LogilessView:
    """Writes the documents of both lists."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    def order(self, order: SalesOrder) -> dict[str, Any]:
        return {
            "id": order.id,
            **order.body,
            "document_status": STATUS[self._slip(order).state][0],
            "created_at": stamp(order.created_at),
            "updated_at": stamp(self.updated_at(order)),
        }

    def delivery_status(self, order: SalesOrder) -> str:
        return STATUS[self._slip(order).state][2]

    def delivery(self, order: SalesOrder) -> dict[str, Any]:
        """The 出荷伝票 of an order; with guests its `sales_order` is the parent only (同梱)."""
        slip = self._slip(order)
        _, document, delivery = STATUS[slip.state]
        number = DELIVERY_IDS + order.serial
        shipped_at = slip.departures[-1].at if slip.state is State.SHIPPED else None
        return {
            "id": number,
            "code": f"LS-{order.serial:06d}",
            "document_status": document,
            "delivery_status": delivery,
            "delivery_method": order.body["delivery_method"],
            "delivery_package_quantity": str(len(slip.tracking) or slip.parcels),
            "delivery_tracking_numbers": list(slip.tracking),
            "cod_total": order.body.get("cod_total", 0),
            "is_combined": bool(order.guests),
            "sales_order": {"id": order.id, "code": order.code},
            "lines": [
                {"id": number * LINE_PLACES + place, **line}
                for place, line in enumerate(self._lines([order, *order.guests]), start=1)
            ],
            "shipped_actual_stocks": self._lots([order, *order.guests]),
            "finished_at": stamp(shipped_at + self._counter.settings.settle) if shipped_at else None,
            "updated_at": stamp(self.updated_at(order)),
        }

    def _lines(self, orders: list[SalesOrder]) -> list[dict[str, Any]]:
        return [
            {
                "status": _line_status(self._slip(order), line),
                "article_code": line.sku,
                "quantity": line.ordered,
                "cached_allocated_quantity": line.shipped + line.reserved,
                "is_partial_cancel": 0,
                "origin": {"id": order.id, "code": order.code},
            }
            for order in orders
            for line in self._slip(order).lines
        ]

    def _lots(self, orders: list[SalesOrder]) -> list[dict[str, Any]]:
        """Goods without a lot have no row here."""
        return [
            {
                "article_code": part.sku,
                "lot_number": part.lot,
                "deadline": part.expires_on.isoformat() if part.expires_on else None,
                "quantity": part.quantity,
            }
            for order in orders
            for departure in self._slip(order).departures
            if departure.event.result in (wire.RESULT_SHIPPED, wire.RESULT_PARTIAL)
            for part in departure.event.lines
            if part.lot and part.quantity
        ]

    def updated_at(self, order: SalesOrder) -> datetime:
        """The latest of what happened to it here and on the floor."""
        slip = self._slip(order)
        told = [
            order.updated_at,
            *(departure.at + self._counter.settings.settle for departure in slip.departures),
        ]
        if slip.picking_since is not None:
            told.append(slip.picking_since)
        return max(told)

    def _slip(self, order: SalesOrder) -> Instruction:
        return self._counter.slip(order.code)


def _line_status(slip: Instruction, line: Line) -> str:
    if slip.state is State.CANCELLED:
        return "Cancel"
    if line.shipped == line.ordered:
        return "Shipped"
    return "Allocated" if line.missing == 0 else "WaitingForAllocation"


def stamp(at: datetime) -> str:
    return jst(at).strftime("%Y-%m-%d %H:%M:%S")
