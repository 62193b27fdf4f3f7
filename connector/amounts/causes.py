"""Causes (差額の原因): why a figure is off, recognised by the very yen it is off by.

A cause is named only where the figure would be exactly as said if that were so; else it is UNEXPLAINED. The order
of the table decides between two that fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Final

import msgspec

from connector.amounts.sheet import FEES, REDUCED, STANDARD, Figures, Sheet, fees, rounded
from connector.order import Yen
from connector.shop import Rounding


class Cause(StrEnum):
    """Closed; `connector/words/amounts.py` says each in both languages."""

    ITEMS = "items"
    RATES_MIXED = "rates_mixed"
    RATES_UNKNOWN = "rates_unknown"
    PARTS = "parts"
    ROUNDED_DOWN = "rounded_down"
    ROUNDED_HALF_UP = "rounded_half_up"
    ROUNDED_UP = "rounded_up"
    ROUNDED_PER_LINE = "rounded_per_line"
    POINTS_BEFORE_TAX = "points_before_tax"
    ADJUSTMENT_BEFORE_TAX = "adjustment_before_tax"
    TAX_8 = "tax_8"
    TAX_10 = "tax_10"
    TAX_MISSING = "tax_missing"
    DISCOUNT_TWICE = "discount_twice"
    DISCOUNT_MISSING = "discount_missing"
    POINTS_TWICE = "points_twice"
    POINTS_MISSING = "points_missing"
    FEE_MISSING = "fee_missing"
    ADJUSTMENT_MISSING = "adjustment_missing"
    PAYABLE = "payable"
    NOT_COUNTED = "not_counted"
    UNEXPLAINED = "unexplained"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One figure that does not follow. `or_else`: given figures that could be the wrong one just as well."""

    field: str  # as in `order.Amounts`
    says: Yen
    follows: Yen
    cause: Cause
    or_else: tuple[str, ...] = ()

    @property
    def yen(self) -> Yen:
        return self.says - self.follows


ROUNDED: Final = {
    Rounding.FLOOR: Cause.ROUNDED_DOWN,
    Rounding.HALF_UP: Cause.ROUNDED_HALF_UP,
    Rounding.CEIL: Cause.ROUNDED_UP,
}

Whys = Iterator[tuple[Cause, Yen]]  # a cause, and what the figure would be if that were it


def cause_of(name: str, sheet: Sheet, right: Figures) -> Cause:
    """Why this figure is not what it should be."""
    says = sheet.said[name]
    for cause, would_be in WHYS[name](sheet, right):
        if would_be == says:
            return cause
    return OTHERWISE.get(name, Cause.UNEXPLAINED)


def _goods(own: str, other: str) -> Callable[[Sheet, Figures], Whys]:
    def whys(sheet: Sheet, right: Figures) -> Whys:
        if sheet.deal is None:
            yield Cause.RATES_UNKNOWN, sheet.said[own]
        # What is too much here is too little there: the whole is right.
        dealt = right[own] + right[other] - sheet.said.get(other, right[other])
        yield Cause.RATES_MIXED, dealt

    return whys


def _parts(sheet: Sheet, right: Figures) -> Whys:
    return iter(())


def _tax(rate: int) -> Callable[[Sheet, Figures], Whys]:
    def whys(sheet: Sheet, right: Figures) -> Whys:
        discount, points = right.get(f"discount{rate}", 0), right.get(f"points{rate}", 0)
        more = fees(right) if rate == STANDARD else 0
        base = right.get(f"subtotal{rate}", 0) - discount + more
        for how in (Rounding.HALF_UP, Rounding.CEIL, Rounding.FLOOR):
            yield ROUNDED[how], rounded(base * rate, how)
        lines = sheet.goods.reduced if rate == REDUCED else sheet.goods.standard
        for how in Rounding if lines and not discount else ():
            by_line = sum(rounded(yen * rate, how) for yen in lines)
            yield Cause.ROUNDED_PER_LINE, by_line + rounded(more * rate, how)
        others: tuple[tuple[Cause, Yen], ...] = (
            (Cause.DISCOUNT_MISSING, base + discount),
            (Cause.DISCOUNT_TWICE, base - discount),
            (Cause.POINTS_BEFORE_TAX, base - points),
            (Cause.ADJUSTMENT_BEFORE_TAX, base + right["adjustment"]),
            *((Cause.FEE_MISSING, base - fee) for fee in _missing_fees(right) if more),
        )
        for cause, other in others:
            for how in sheet.roundings:
                yield cause, rounded(other * rate, how)

    return whys


def _missing_fees(right: Figures) -> list[Yen]:
    """What is missing where one, two or all of the fees are."""
    single = [right[name] for name in FEES]
    whole = sum(single)
    return [yen for yen in (whole, *single, *(whole - one for one in single)) if yen]


def _total(rate: int | None) -> Callable[[Sheet, Figures], Whys]:
    suffix = "" if rate is None else str(rate)

    def whys(sheet: Sheet, right: Figures) -> Whys:
        name = f"total{suffix}"
        yen, discount = right[name], right.get(f"discount{suffix}", 0)
        if rate != REDUCED:
            for fee in _missing_fees(right):
                yield Cause.FEE_MISSING, yen - fee
        if rate is None:
            yield Cause.ADJUSTMENT_MISSING, yen - right["adjustment"]
        yield Cause.TAX_MISSING, yen - right.get(f"tax{suffix}", 0)
        yield Cause.DISCOUNT_TWICE, yen - discount
        yield Cause.DISCOUNT_MISSING, yen + discount
        yield Cause.POINTS_TWICE, yen - right.get(f"points{suffix}", 0)

    return whys


def _payable(sheet: Sheet, right: Figures) -> Whys:
    yen = right["payable"]
    yield Cause.POINTS_MISSING, yen + right["points"]
    yield Cause.POINTS_TWICE, yen - right["points"]
    yield Cause.ADJUSTMENT_MISSING, yen - right["adjustment"]
    yield Cause.DISCOUNT_TWICE, yen - right["discount"]
    yield Cause.DISCOUNT_MISSING, yen + right["discount"]
    yield Cause.TAX_MISSING, yen - right["tax"]
    for fee in _missing_fees(right):
        yield Cause.FEE_MISSING, yen - fee


WHYS: Final[dict[str, Callable[[Sheet, Figures], Whys]]] = {
    "subtotal8": _goods("subtotal8", "subtotal10"),
    "subtotal10": _goods("subtotal10", "subtotal8"),
    "subtotal": _parts,
    "discount": _parts,
    "points": _parts,
    "tax8": _tax(REDUCED),
    "tax10": _tax(STANDARD),
    "tax": _parts,
    "total8": _total(REDUCED),
    "total10": _total(STANDARD),
    "total": _total(None),
    "payable": _payable,
}
OTHERWISE: Final = {
    "subtotal8": Cause.ITEMS,
    "subtotal10": Cause.ITEMS,
    "subtotal": Cause.ITEMS,
    "discount": Cause.PARTS,
    "points": Cause.PARTS,
    "tax8": Cause.TAX_8,
    "tax10": Cause.TAX_10,
    "tax": Cause.PARTS,
    "payable": Cause.PAYABLE,
}
