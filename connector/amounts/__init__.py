"""Amounts (金額の検算): every figure of an order computed anew, and each one named that does not follow, and why.

spec/ecforce.md §15.3–15.4. Items, fees, discounts, points and adjustment are taken as they stand; what the cart
derives from them must follow to the yen. Dangerous: a difference holds an order, so nothing is invented: what the
cart does not say is not judged, and a figure that follows from a wrong one is not wrong a second time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from connector.amounts.causes import Cause, Difference, cause_of
from connector.amounts.sheet import RULES, Figures, Sheet
from connector.order import Order, Yen
from connector.shop import Rounding

__all__ = ["SIGNED", "Cause", "Difference", "differences"]

SIGNED: Final = "adjustment"  # 調整金額, the one figure that may be negative
GIVEN: Final = (
    "discount8",
    "discount10",
    "points8",
    "points10",
    "delivery_fee",
    "charge",
    "misc_fee",
    SIGNED,
    "discount",
    "points",
    *(name for name in RULES if name not in ("discount", "points")),
)


Judged = tuple[Sheet, Figures, Sequence[tuple[str, Yen]]]


def differences(order: Order, rounding: Rounding | None = None) -> tuple[Difference, ...]:
    """Every figure of the order that does not follow, roots only; empty when it ties to the yen.

    `rounding` is the shop's 端数処理; None where it is not known: then any of the three is right. So it is for one
    parcel of an order to several addresses, whose tax and split were made for all of them together.
    """
    best: Judged | None = None
    for sheet in Sheet.readings(order, rounding):
        right, wrong = sheet.judge()
        if not wrong:
            return ()
        if best is None or len(wrong) < len(best[2]):
            best = sheet, right, wrong
    return _told(*best) if best else ()


def _told(sheet: Sheet, right: Figures, wrong: Sequence[tuple[str, Yen]]) -> tuple[Difference, ...]:
    """One wrong figure behind several differences is named alone; behind one it is named beside it."""
    suspects = _suspects(sheet, wrong)
    if len(wrong) > 1 and suspects:
        (name, yen), *rest = suspects
        cause = cause_of(name, sheet, right) if wrong[0][0] == name else Cause.NOT_COUNTED
        return (_difference(sheet, name, yen, cause, rest),)
    beside = suspects if len(wrong) == 1 else []
    return tuple(_difference(sheet, name, yen, cause_of(name, sheet, right), beside) for name, yen in wrong)


def _difference(
    sheet: Sheet, name: str, yen: Yen, cause: Cause, beside: Sequence[tuple[str, Yen]]
) -> Difference:
    or_else = tuple(other for other, _ in beside if other != name)
    return Difference(field=name, says=sheet.said[name], follows=yen, cause=cause, or_else=or_else)


def _suspects(sheet: Sheet, wrong: Sequence[tuple[str, Yen]]) -> list[tuple[str, Yen]]:
    """Figures of which another value, it alone, would leave no difference; those of 0 where no other would."""
    offs = {sheet.said[name] - yen for name, yen in wrong}
    offs |= {one - other for one in offs for other in offs}  # a fee is off by what its tax does not explain
    found = []
    for name in GIVEN:
        if name not in sheet.said:
            continue
        for off in sorted({*offs, *(-one for one in offs)} - {0}):
            yen = sheet.said[name] - off
            if (yen >= 0 or name == SIGNED) and sheet.with_figure(name, yen).ties():
                found.append((name, yen))
                break
    return [one for one in found if sheet.said[one[0]]] or found
