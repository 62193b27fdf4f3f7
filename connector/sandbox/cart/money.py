"""Money of one order (金額): tax, fees and totals to the yen, as spec/ecforce.md §15.3–15.4 reads.

Dangerous: tax is rounded once per rate and order, never per line; points and adjustment come after tax.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from connector.sandbox.cart.settings import DiscountOrder, Rounding, TaxMode

REDUCED, STANDARD = 8, 10  # percent


@dataclass(frozen=True, slots=True)
class Line:
    """What one item contributes."""

    price: int
    quantity: int
    rate: int


@dataclass(frozen=True, slots=True)
class Extras:
    """Fees and reductions of an order; discounts and points are positive and are subtracted."""

    deliv_fee: int = 0
    charge: int = 0
    misc_fee: int = 0
    discount8: int = 0
    discount10: int = 0
    point: int = 0
    adjustment: int = 0


@dataclass(frozen=True, slots=True)
class Amounts:
    """The amounts the cart shows."""

    subtotal8: int = 0
    subtotal10: int = 0
    tax8: int = 0
    tax10: int = 0
    point8: int = 0
    point10: int = 0
    extras: Extras = field(default_factory=Extras)

    @property
    def subtotal(self) -> int:
        return self.subtotal8 + self.subtotal10

    @property
    def discount(self) -> int:
        return self.extras.discount8 + self.extras.discount10

    @property
    def tax(self) -> int:
        return self.tax8 + self.tax10

    @property
    def total8(self) -> int:
        return self.subtotal8 - self.extras.discount8 + self.tax8

    @property
    def total10(self) -> int:
        fees = self.extras.deliv_fee + self.extras.charge + self.extras.misc_fee
        return self.subtotal10 - self.extras.discount10 + fees + self.tax10

    @property
    def total(self) -> int:
        return self.total8 + self.total10 + self.extras.adjustment

    @property
    def payment_total(self) -> int:
        return self.total - self.extras.point


def settle(lines: Iterable[Line], extras: Extras, mode: TaxMode, rounding: Rounding) -> Amounts:
    """All amounts of an order with these lines, fees and reductions."""
    subtotal = {REDUCED: 0, STANDARD: 0}
    for line in lines:
        subtotal[line.rate] += line.price * line.quantity
    fees = extras.deliv_fee + extras.charge + extras.misc_fee
    base8 = subtotal[REDUCED] - extras.discount8
    base10 = subtotal[STANDARD] - extras.discount10 + fees
    point8, point10 = share(extras.point, subtotal[REDUCED], subtotal[STANDARD])
    return Amounts(
        subtotal8=subtotal[REDUCED],
        subtotal10=subtotal[STANDARD],
        tax8=_tax(base8, REDUCED, mode, rounding),
        tax10=_tax(base10, STANDARD, mode, rounding),
        point8=point8,
        point10=point10,
        extras=extras,
    )


def share(amount: int, part8: int, part10: int) -> tuple[int, int]:
    """Split by the two rates' subtotals (按分); the odd yen goes to 10 %."""
    whole = part8 + part10
    if whole == 0:
        return 0, amount
    first = amount * part8 // whole
    return first, amount - first


def split_discount(amount: int, part8: int, part10: int, order: DiscountOrder) -> tuple[int, int]:
    """What a discount takes off each rate's goods (割引減算ロジック), never more than they cost."""
    amount = min(amount, part8 + part10)
    match order:
        case DiscountOrder.PRORATED:
            return share(amount, part8, part10)
        case DiscountOrder.HIGH_FIRST:
            first = min(amount, part10)
            return amount - first, first
        case DiscountOrder.LOW_FIRST:
            first = min(amount, part8)
            return first, amount - first


def _tax(base: int, rate: int, mode: TaxMode, rounding: Rounding) -> int:
    if mode is TaxMode.INCLUSIVE:
        return 0
    hundredths = base * rate
    match rounding:
        case Rounding.FLOOR:
            return hundredths // 100
        case Rounding.CEIL:
            return -(-hundredths // 100)
        case Rounding.HALF_UP:
            return (hundredths + 50) // 100
