"""Truth (真実の帳尻): what really happened in the town, counted from the sandboxes' own histories.

A connector's ledger is compared with this and never with itself. Everything before the opening is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from connector.adapters.ecforce import wire
from connector.sandbox.cart import CartSandbox, Order
from connector.sandbox.cart.gateway import Deed
from connector.sandbox.history import Event, History
from connector.sandbox.warehouse import WarehouseSandbox

UNPAID = frozenset({wire.PAY_AUTH_FAILED, wire.PAY_EXAM_FAILED, wire.PAY_FAILED})


# Counts, and lists that name the orders or slips concerned: all lists should be empty (see `truth`).
Truth = dict[str, Any]


def truth(
    cart: CartSandbox,
    next_engine: History,
    warehouse: WarehouseSandbox,
    opened_at: datetime,
    order_of: Mapping[str, str],
) -> Truth:
    """The town as it is now, since its opening.

    Counts of orders: orders_placed, renewals_generated, payment_refused, payments_healed (refused and authorised
    later), cancelled, mailed (reached the intake), imported, completed (the cart says 発送完了), captured. Counts of
    renewals: renewals_omitted (forgotten, rolled, late or doubled by the nightly run). Counts of slips: relayed
    (the warehouse accepted), shipped. By number: mails_per_order. Lists of numbers that should be empty: double_…,
    shipped_unpaid, relayed_after_cancel, warehouse_differences.
    """
    born = _since(cart.history, opened_at, "order_placed", "order_generated")
    orders = {event.key: cart.shop.order_by_number[event.key] for event in born}
    mails = _mails(next_engine)
    imports = next_engine.per_key("order_imported")
    # A warehouse whose API has no field for the order number knows the slip alone; Next Engine knows both.
    shipped = _of_orders(warehouse.history.of("shipped", "shipped_partly"), order_of)
    left = {str(event.detail["order_number"]) for event in shipped}
    captures = _captures(cart, orders)
    return Truth(  # one key a line: this is the table people compare with
        orders_placed=sum(event.what == "order_placed" for event in born),
        renewals_generated=sum(event.what == "order_generated" for event in born),
        renewals_omitted=len(_since(cart.history, opened_at, "renewal_omitted")),
        payment_refused=len({event.key for event in _since(cart.history, opened_at, "payment_refused")}),
        payments_healed=len({event.key for event in _since(cart.history, opened_at, "payment_healed")}),
        cancelled=sum(order.state == wire.STATE_CANCELED for order in orders.values()),
        mailed=len(mails),
        mails_per_order=dict(mails),
        imported=len(imports),
        relayed=warehouse.history.count("slip_accepted"),
        shipped=warehouse.history.count("shipped"),
        completed=sum(order.state == wire.STATE_SHIPPED for order in orders.values()),
        captured=len(captures),
        double_mailed=_twice(mails),
        double_imported=_twice(imports),
        double_shipped=_shipped_twice(orders, shipped),
        double_captured=_twice(captures),
        shipped_unpaid=sorted(
            number for number in left & orders.keys() if orders[number].payment.state in UNPAID
        ),
        relayed_after_cancel=_relayed_after_cancel(
            cart.history, _of_orders(warehouse.history.of("slip_accepted"), order_of)
        ),
        warehouse_differences=warehouse.check(),
    )


def _of_orders(events: Iterable[Event], order_of: Mapping[str, str]) -> list[Event]:
    """With the order's number, also where the slip's stands in its place."""
    return [
        replace(event, detail=event.detail | {"order_number": order_of[event.key]})
        if event.detail["order_number"] == event.key and event.key in order_of
        else event
        for event in events
    ]


def _relayed_after_cancel(cart: History, accepted: Iterable[Event]) -> list[str]:
    """Orders that the warehouse accepted although they stood cancelled in the cart; one taken back does not."""
    moves: dict[str, list[Event]] = {}
    for event in cart.of("state_changed"):
        moves.setdefault(event.key, []).append(event)
    return sorted(
        number
        for event in accepted
        if _cancelled_at(
            moves.get((number := str(event.detail["order_number"])).partition("-")[0], []), event.at
        )
    )


def _cancelled_at(moves: list[Event], at: datetime) -> bool:
    before = [event for event in moves if event.at < at]
    return bool(before) and before[-1].detail["after"] == wire.STATE_CANCELED


def _since(history: History, opened_at: datetime, *what: str) -> list[Event]:
    return [event for event in history.of(*what) if event.at >= opened_at]


def _twice(counts: Counter[str]) -> list[str]:
    return sorted(key for key, count in counts.items() if count > 1)


def _captures(cart: CartSandbox, orders: dict[str, Order]) -> Counter[str]:
    """How often money was really taken for each order."""
    taken = (Deed.CAPTURE, Deed.REPORT)
    return Counter(
        call.order_number
        for call in cart.gateway.calls
        if call.ok and call.deed in taken and call.order_number in orders
    )


def _mails(next_engine: History) -> Counter[str]:
    """How many mails about an order reached the intake; a mail lost on the way never did."""
    return Counter(
        number
        for event in next_engine.of("slip_opened", "mail_dropped")
        if (number := _announced(event)) is not None
    )


def _announced(event: Event) -> str | None:
    if event.what == "slip_opened":
        return event.key if event.detail.get("by") == "mail" else None
    why = str(event.detail["why"])
    return why.partition(": ")[2] if why.startswith("取込済みの受注番号") else None


def _shipped_twice(orders: dict[str, Order], shipped: list[Event]) -> list[str]:
    """Slips that left twice, and orders of which more pieces left than were bought.

    Several slips of one order are no double by themselves (split), nor is a slip that carries another
    order's goods (bundle): only an order with several shipments is weighed.
    """
    slips = Counter(event.key for event in shipped if event.what == "shipped")
    pieces: Counter[str] = Counter()
    shipments: Counter[str] = Counter()
    for event in shipped:
        number = str(event.detail["order_number"])
        pieces[number] += int(event.detail["pieces"])
        shipments[number] += 1
    heavy = [
        number
        for number, order in orders.items()
        if shipments[number] > 1 and pieces[number] > sum(item.quantity for item in order.items)
    ]
    return sorted(_twice(slips) + heavy)
