"""Shares (金額の配分): the yen of an order to several addresses, dealt to its parcels; every field sums to the cart's.

Goods by address. Fees, charge and adjustment go with the first parcel; discount and points are taken from the first
and go on to the next where a parcel would fall below zero. The tax was rounded once for the whole order: each parcel
gets its share rounded down or up. Whatever does not tie in the whole does not tie in the first parcel.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from operator import attrgetter

from connector.order import Amounts, OrderLine, Yen

REDUCED, STANDARD = 8, 10  # percent
ON_THE_FIRST = ("delivery_fee", "charge", "misc_fee")
Goods = Sequence[tuple[OrderLine, ...]]


def shares(whole: Amounts, goods: Goods) -> list[Amounts]:
    """One `Amounts` per parcel. What the cart said per rate and cannot be said of a parcel is left unsaid."""
    subtotal = _rest_on_first(whole.subtotal, [_yen(lines) for lines in goods])
    by_rate = _subtotals(whole, goods, subtotal)
    fees = _on_first(sum(attrgetter(*ON_THE_FIRST)(whole)), len(goods))
    discounts = _discounts(whole, subtotal, by_rate)
    discount = discounts[0]
    tax8 = _taxes(whole.tax8, REDUCED, _less(by_rate[REDUCED], discounts[1]))
    base10 = [base + fee for base, fee in zip(_less(by_rate[STANDARD], discounts[2]), fees, strict=True)]
    tax10 = _taxes(whole.tax10, STANDARD, base10)
    tax = _rest_on_first(whole.tax, [one + other for one, other in zip(tax8, tax10, strict=True)])
    gross = [sum(parts) for parts in zip(_less(subtotal, discount), tax, fees, strict=True)]
    adjustment = _adjustments(whole.adjustment, gross)
    gross = [one + other for one, other in zip(gross, adjustment, strict=True)]
    points = _greedily(whole.points, gross)
    net = _less(gross, points)
    # Whether 合計 stands before or after points is not public: spec/ecforce.md §12.
    total = _rest_on_first(whole.total, net if whole.total == sum(net) else gross)
    payable = _rest_on_first(whole.payable, net)
    per_rate_said = whole.discount8 is not None and whole.discount10 is not None
    return [
        Amounts(
            subtotal=subtotal[n],
            subtotal8=by_rate[REDUCED][n],
            subtotal10=by_rate[STANDARD][n],
            discount=discount[n],
            points=points[n],
            delivery_fee=whole.delivery_fee if n == 0 else 0,
            charge=whole.charge if n == 0 else 0,
            misc_fee=whole.misc_fee if n == 0 else 0,
            adjustment=adjustment[n],
            tax=tax[n],
            tax8=tax8[n],
            tax10=tax10[n],
            total=total[n],
            payable=payable[n],
            discount8=discounts[1][n] if per_rate_said else None,
            discount10=discounts[2][n] if per_rate_said else None,
        )
        for n in range(len(goods))
    ]


def _yen(lines: Sequence[OrderLine], rate: int | None = None) -> Yen:
    return sum(line.unit_price * line.quantity for line in lines if rate in (None, line.tax_rate))


def _subtotals(whole: Amounts, goods: Goods, subtotal: Sequence[Yen]) -> dict[int, list[Yen]]:
    """By the lines' own rates; where a line says none (§15.3), the reduced rate is used up parcel by parcel."""
    said = all(line.tax_rate in (REDUCED, STANDARD) for lines in goods for line in lines if line.unit_price)
    if said:
        return {
            rate: _rest_on_first(of_whole, [_yen(lines, rate) for lines in goods])
            for rate, of_whole in ((REDUCED, whole.subtotal8), (STANDARD, whole.subtotal10))
        }
    reduced = _greedily(whole.subtotal8, subtotal)
    return {REDUCED: reduced, STANDARD: _rest_on_first(whole.subtotal10, _less(subtotal, reduced))}


def _discounts(
    whole: Amounts, subtotal: Sequence[Yen], by_rate: dict[int, list[Yen]]
) -> tuple[list[Yen], list[Yen], list[Yen]]:
    """The discount of each parcel: in all, at 8 % and at 10 %."""
    if whole.discount8 is not None and whole.discount10 is not None:
        reduced = _greedily(whole.discount8, by_rate[REDUCED])
        standard = _greedily(whole.discount10, by_rate[STANDARD])
        both = [one + other for one, other in zip(reduced, standard, strict=True)]
        return _rest_on_first(whole.discount, both), reduced, standard
    every = _greedily(whole.discount, subtotal)
    reduced = [min(yen, room) for yen, room in zip(every, by_rate[REDUCED], strict=True)]
    return every, reduced, _less(every, reduced)


def _adjustments(yen: Yen, room: Sequence[Yen]) -> list[Yen]:
    """An allowance is taken as points are; an extra charge goes with the first parcel."""
    return [-one for one in _greedily(-yen, room)] if yen < 0 else _on_first(yen, len(room))


def _taxes(yen: Yen, rate: int, bases: Sequence[Yen]) -> list[Yen]:
    """Each parcel's tax rounded down, and the yen that are left to those that lost most by it."""
    if not yen:
        return [0] * len(bases)
    dealt = [base * rate // 100 for base in bases]
    lost = [(base * rate % 100, -n) for n, base in enumerate(bases)]
    for hundredths, place in sorted(lost, reverse=True):
        if hundredths and sum(dealt) < yen:
            dealt[-place] += 1
    return _rest_on_first(yen, dealt)


def _greedily(yen: Yen, room: Sequence[Yen]) -> list[Yen]:
    """As much as fits into the first, then into the next; what fits nowhere stays on the first."""
    limits = list(accumulate(max(0, each) for each in room))
    dealt = [min(yen, limit) for limit in limits]
    return _rest_on_first(yen, [here - before for here, before in zip(dealt, [0, *dealt], strict=False)])


def _rest_on_first(whole: Yen, parts: Sequence[Yen]) -> list[Yen]:
    return [whole - sum(parts[1:]), *parts[1:]]


def _on_first(yen: Yen, parcels: int) -> list[Yen]:
    return [yen] + [0] * (parcels - 1)


def _less(whole: Sequence[Yen], part: Sequence[Yen]) -> list[Yen]:
    return [one - other for one, other in zip(whole, part, strict=True)]
