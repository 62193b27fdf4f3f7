"""Sources (元データ): the things a mapping may take values from, by the word people write in `source:`.

Order and Slip are the house's nouns. The others bring along what one file needs and no noun has: who sends,
which warehouse, which revision, which shipment.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec

from connector.mapping.profile import WarehouseProfile
from connector.order import Order
from connector.slip import Shipment, Slip


class Instruction(msgspec.Struct, frozen=True, kw_only=True):
    """出荷指示: one slip as we hand it to a warehouse (spec/wms.md §3.1)."""

    slip: Slip
    profile: WarehouseProfile
    ship_on: date
    revision: int = 1
    parcels: int = 1
    sequence: int = 0  # of the file it goes out in

    @property
    def number(self) -> str:
        return self.slip.number

    @property
    def goods(self) -> str:
        """品名 of a label: the shop's own word, else the name of the first item that ships."""
        shipping = (row.name for row in self.slip.rows if not row.cancelled)
        return self.profile.goods or next(shipping, "")


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """完了: one order and the shipment that completes it in the cart (spec/ecforce.md §5.2)."""

    order: Order
    shipment: Shipment
    address_id: int | None = None  # お届け先ID, for orders with several addresses only

    @property
    def number(self) -> str:
        return self.order.number

    @property
    def tracking(self) -> str:
        """The primary number: carts keep one (spec/wms.md §3.4)."""
        return self.shipment.tracking[0] if self.shipment.tracking else ""


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """取消依頼 (SHIPCAN) for one slip; `reason` is CUST, PAY, DUP, ADDR or OTHER (spec/wms.md §7.4)."""

    slip_number: str
    requested_at: datetime
    reason: str = "CUST"


SOURCES: dict[str, Any] = {
    "order": Order,
    "slip": Slip,
    "instruction": Instruction,
    "completion": Completion,
    "stop": Stop,
}
