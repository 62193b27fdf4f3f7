"""Parcels (複数お届け先): an order to several addresses as one walking order per address; spec/ecforce.md §15.2.

Split only where every line says its address, and each address has one. Dangerous: a line that goes to the wrong
address is a lost parcel and two unhappy people; in doubt the order stays whole, and `split_unknown` holds it.
"""

from __future__ import annotations

from msgspec.structs import replace

from connector.adapters.ecforce.shares import shares
from connector.order import Order, OrderLine, PaymentKind

LONGEST_NUMBER = 30  # characters of 店舗伝票番号: spec/next_engine.md §6


def parcels(order: Order) -> tuple[Order, ...]:
    """The walking orders of one order of the cart, in the cart's order of addresses; itself where it is not split.

    Expects the translated order. Cash on delivery stays whole: nobody said which recipient pays how much.
    """
    dealt = _dealt(order)
    if not dealt:
        return (order,)
    amounts = shares(order.amounts, dealt)
    return tuple(
        replace(
            order,
            number=f"{order.number}-{recipient.address_id}",
            parcel_of=order.number,
            recipients=(recipient,),
            lines=lines,
            amounts=mine,
        )
        for recipient, lines, mine in zip(order.recipients, dealt, amounts, strict=True)
    )


def _dealt(order: Order) -> list[tuple[OrderLine, ...]]:
    """The lines of each address; empty where nobody can say."""
    ids = [recipient.address_id for recipient in order.recipients]
    if len(ids) < 2 or None in ids or len(set(ids)) < len(ids) or order.payment.kind is PaymentKind.COD:
        return []
    if any(line.address_id not in ids for line in order.lines):
        return []
    dealt = [tuple(line for line in order.lines if line.address_id == id_) for id_ in ids]
    numbers = [f"{order.number}-{id_}" for id_ in ids]
    sound = all(number.isascii() and len(number) <= LONGEST_NUMBER for number in numbers)
    return dealt if sound and all(dealt) else []
