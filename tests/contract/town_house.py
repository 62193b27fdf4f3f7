"""A small town for the tests, standing at Tuesday midnight."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from connector.adapters.ecforce import wire as cart_wire
from connector.clock import SteppedClock, at_jst
from connector.sandbox.cart.model import Order
from connector.sandbox.people import CARD
from connector.sandbox.town import Town

TUESDAY = date(2026, 11, 24)


def town_of(root: Path, **choices: object) -> Town:
    """A small town standing at Tuesday midnight."""
    wishes: dict[str, object] = {"seed": 3, "orders_per_day": 60, "subscribers": 42, **choices}
    return Town(SteppedClock(at_jst(TUESDAY)), root=root, **wishes)  # type: ignore[arg-type]


def card_orders(town: Town) -> list[Order]:
    """Orders of today that wait to be captured."""
    return [
        order
        for order in town.cart.shop.orders.values()
        if order.payment.method.id == CARD and order.payment.state == cart_wire.PAY_AUTHED
    ]
