"""Parcels (複数お届け先の完了): the addresses of one order of the cart are completed together, or not yet.

Its payment is one, and sales run once: with the last parcel, when every other address has left (spec/ecforce.md
§2.10, §10.7). What became of an address that is not among those at hand only the cart itself can say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from connector.order import Order
from connector.outcome import Wait
from connector.slip import Shipment

OTHERS = "他のお届け先の出荷待ち"
CHANGED = "カートでお届け先が変わりました"

Ready = Mapping[str, tuple[Order, Shipment, bool]]


def shows(order: Order, slip: str) -> bool:
    """Whether the cart shows this parcel's own number; an order to one address needs no such look."""
    return not order.parcel_of or slip in _slips(order)


def apart(ready: Ready, fresh: Mapping[str, Order]) -> dict[str, Wait]:
    """Those that must wait, because another address of their order has not left, or is gone from the cart."""
    at_hand: dict[str, list[str]] = {}
    for number, (order, _, _) in ready.items():
        if order.parcel_of:
            at_hand.setdefault(order.parcel_of, []).append(number)
    waiting: dict[str, Wait] = {}
    for cart_number, mine in at_hand.items():
        every = [number for number, order in fresh.items() if order.parcel_of == cart_number]
        if not set(mine) <= set(every):
            waiting |= dict.fromkeys(mine, Wait(CHANGED))
        elif len(every) - len(mine) > _recorded(ready, mine):
            waiting |= dict.fromkeys(mine, Wait(OTHERS))
    return waiting


def _recorded(ready: Ready, mine: list[str]) -> int:
    """How many parcels the cart shows that are none of these."""
    ours = {number for each in mine for number in ready[each][1].tracking}
    return len(_slips(ready[mine[0]][0]) - ours)


def _slips(order: Order) -> set[str]:
    return set(filter(None, re.split(r"[,\s、]+", order.tracking)))
