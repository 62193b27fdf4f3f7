"""Left out (対象外): the named rules by which an order is stored and shown, and never walks (B02).

Every order seen is on its way, held, or left out by one of these names; nothing is dropped in silence.
"""

from __future__ import annotations

from connector.order import Order
from connector.shop import Shop


def rule_of(order: Order, shop: Shop) -> str:
    """The named rule by which an order never walks; empty for one that does."""
    if order.placed_at < shop.start_at:
        return "before_start"
    if order.deleted:
        return "deleted"
    if order.shipped_at is not None:
        return "already_shipped"  # seen for the first time and shipped before: never handed on again (F06)
    return ""
