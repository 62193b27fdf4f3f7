"""The cart sandbox (ECFORCE): orders, subscriptions, payments and CSV imports of a fictional shop."""

from __future__ import annotations

from connector.sandbox.cart.engine import CartEngine
from connector.sandbox.cart.model import (
    CountRow,
    Coupon,
    Goods,
    NewCustomer,
    NewOrder,
    Order,
    PostalAddress,
    SubsOrder,
)
from connector.sandbox.cart.refusal import Refusal
from connector.sandbox.cart.sandbox import CartSandbox
from connector.sandbox.cart.settings import (
    Carrier,
    CartSettings,
    DeliveryTime,
    MethodChange,
    MethodKind,
    PaymentMethod,
    Rounding,
    TaxMode,
)
from connector.subscriptions.cycle import Cycle

__all__ = [
    "Carrier",
    "CartEngine",
    "CartSandbox",
    "CartSettings",
    "CountRow",
    "Coupon",
    "Cycle",
    "DeliveryTime",
    "Goods",
    "MethodChange",
    "MethodKind",
    "NewCustomer",
    "NewOrder",
    "Order",
    "PaymentMethod",
    "PostalAddress",
    "Refusal",
    "Rounding",
    "SubsOrder",
    "TaxMode",
]
