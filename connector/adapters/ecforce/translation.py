"""Translation (変換表): the cart's words for payment, carrier and time slot into those of the other systems.

A value that no table knows is named in `order.unknown`, which holds the order; it is never guessed.
"""

from __future__ import annotations

from msgspec.structs import replace

from connector.mapping import PaymentRow, Tables
from connector.order import Order, Payment, PaymentKind


def translate(order: Order, tables: Tables) -> Order:
    """The same order under these tables, whatever an earlier translation said."""
    method = tables.payment(order.payment.method)
    carrier = tables.carrier(order.carrier) if order.carrier else None
    slot = tables.time_slot(order.time_slot)
    unknown = (
        ("payment", order.payment.method, method is None),
        ("carrier", order.carrier, bool(order.carrier) and carrier is None),
        ("time_slot", order.time_slot, slot is None),
    )
    return replace(
        order,
        payment=_payment(order.payment, method),
        carrier_label=carrier.label if carrier else "",
        time_slot_label=slot.label if slot else "",
        unknown=tuple(f"{table}: {value}" for table, value, missing in unknown if missing),
    )


def _payment(payment: Payment, row: PaymentRow | None) -> Payment:
    """An unknown method counts as prepayment (P1), also one that was known before."""
    return replace(
        payment,
        kind=row.kind if row else PaymentKind.UNKNOWN,
        linked=row.linked if row else False,
        prepayment=row.prepayment if row else True,
        label=row.label if row else "",
    )
