"""Shipping results (発送結果戻し): slip, ship date and carrier per address, by API and by CSV alike.

It never moves 対応状況. Dangerous: with sales it charges; run again on a charged order it breaks the
payment (spec/ecforce.md §2.10). Sales run once per order and request, after all rows, when every address
has its slip.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connector.sandbox.cart.model import Address, Order, Parcel
from connector.sandbox.cart.payments import Payments
from connector.sandbox.cart.settings import Carrier
from connector.sandbox.cart.shop import Shop


@dataclass(frozen=True, slots=True)
class Result:
    """One parcel to be written back; None keeps what is there."""

    order: Order
    address: Address
    slip: str | None
    shipped_at: datetime | None
    carrier: Carrier | None


class ShippingDesk:
    """Writes results of one request and then runs its sales."""

    def __init__(self, shop: Shop, payments: Payments) -> None:
        self._shop, self._payments = shop, payments

    def record(self, result: Result, *, via: str) -> None:
        order = result.order
        parcel = order.parcels.setdefault(result.address.id, Parcel())
        parcel.slip = result.slip or parcel.slip
        parcel.shipped_at = result.shipped_at or parcel.shipped_at
        parcel.carrier = result.carrier or parcel.carrier or order.carrier
        if result.carrier is not None:
            order.carrier = result.carrier
        self._shop.note(order, via, "shipping_recorded", after=parcel.slip)
        self._shop.history.add(
            "shipping_recorded",
            order.number,
            slip=parcel.slip,
            address_id=result.address.id,
            carrier=parcel.carrier.name if parcel.carrier else None,
            via=via,
        )

    def sell(self, orders: list[Order]) -> None:
        """売上処理 of the orders of one request, each once."""
        for order in {order.id: order for order in orders}.values():
            if order.all_shipped or not order.several_addresses:
                self._payments.sales(order)
