"""OPENLOGI's shipment (出荷依頼) as it is told: the body as kept, and what the floor made of it (§2.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from connector.clock import jst
from connector.sandbox.warehouse import requests
from connector.sandbox.warehouse.counter import Counter
from connector.sandbox.warehouse.slips import Instruction, State

NAME_CUT, COMPANY_CUT = 15, 16  # characters, whether full or half width
PACKAGE_SIZE: Final = 60
FIELDS: Final = (
    "identifier",
    "order_no",
    "recipient",
    "sender",
    "items",
    "delivery_carrier",
    "shipping_date",
    "backorder_if_unavailable",
    "suspend",
    "delivery_time_slot",
    "delivery_date",
    "delivery_method",
    "cash_on_delivery",
    "total_for_cash_on_delivery",
    "tax_for_cash_on_delivery",
    "message",
)
STATUS: Final = {
    State.HELD: "suspended",
    State.ACCEPTED: "backordered",
    State.ALLOCATED: "waiting",
    State.PICKING: "picking",
    State.PACKED: "packed",
    State.SHIPPED: "shipped",
}


@dataclass(slots=True)
class Shipment:
    """One 出荷依頼 of the account; where it stands is asked of the floor."""

    id: str
    key: str
    body: dict[str, Any]
    created_at: datetime
    updated_at: datetime


class OpenlogiView:
    """Writes the documents of the shipments API."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    def kept(self, body: dict[str, Any]) -> dict[str, Any]:
        """What is kept of a body: known fields, long names cut without a word."""
        kept = {name: value for name, value in body.items() if name in FIELDS}
        if not kept.get("identifier"):
            kept.pop("identifier", None)
            kept = {"identifier": kept["order_no"], **kept}
        recipient = dict(kept["recipient"])
        for name, limit in (("name", NAME_CUT), ("company", COMPANY_CUT)):
            if isinstance(recipient.get(name), str):
                recipient[name] = recipient[name][:limit]
        return kept | {"recipient": recipient}

    def document(self, shipment: Shipment) -> dict[str, Any]:
        slip = self._counter.slip(shipment.key)
        codes = list(slip.tracking)
        told = {
            "id": shipment.id,
            **shipment.body,
            "status": self._status(slip),
            "assigned_shipping_date": slip.ready_on.isoformat(),
            "shipment_return": False,
            # Any one of them, says the documentation; the last one here, so that nobody takes it for the first.
            "tracking_code": codes[-1] if codes else None,
            "tracking_codes": codes,
            "packages": [{"size": PACKAGE_SIZE} for _ in codes],
            "created_at": _stamp(shipment.created_at),
            "updated_at": _stamp(shipment.updated_at),
        }
        shipped_at = self.shipped_at(shipment)
        return told | ({"shipped_at": _stamp(shipped_at)} if shipped_at else {})

    def _status(self, slip: Instruction) -> str:
        kind = self._counter.asked_kind(slip.slip_number)
        if kind:
            return {requests.CANCEL: "cancel_request", requests.MODIFY: "modify_request"}[kind]
        return "picked" if self._counter.is_picked(slip) else STATUS[slip.state]

    def shipped_at(self, shipment: Shipment) -> datetime | None:
        slip = self._counter.slip(shipment.key)
        return slip.departures[-1].at if slip.state is State.SHIPPED else None


def _stamp(at: datetime) -> str:
    return jst(at).replace(microsecond=0).isoformat()
