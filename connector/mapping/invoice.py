"""Invoice (税率別の額): what an order comes to at 0, 8 and 10 percent, to the yen (spec/next_engine.md §6.3).

Fees count at 10 %, the adjustment at no rate (spec/ecforce.md §15.4). Dangerous: a split that the cart did not say and
the lines do not prove is not invented; the order is held, and the 41 columns remain for a shop that has none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from types import MappingProxyType

import msgspec

from connector.amounts.sheet import discount_at
from connector.mapping.unfit import Unfit
from connector.order import Order, Yen
from connector.outcome import Reason
from connector.shop import Rounding

RATES = (0, 8, 10)
ByRate = Mapping[int, Yen]


@dataclass(frozen=True, slots=True)
class Invoice:
    """The parts per rate. `billed` is what the customer pays at that rate, tax included and points taken off."""

    charge: ByRate
    points: ByRate
    shared_points: Yen  # points whose rates nobody said: Next Engine shares them out (按分)
    other: ByRate
    billed: ByRate
    own_tax: Mapping[int, Yen | None]  # as the cart counted it; None: it is contained in what is billed

    @classmethod
    def of(cls, order: Order) -> Invoice:
        """Raises Unfit where a split cannot be proved."""
        a = order.amounts
        if a.subtotal and not (a.subtotal8 or a.subtotal10):
            raise _unsplit("商品計", a.subtotal)
        goods = {8: a.subtotal8, 10: a.subtotal10}
        discount = {rate: _discount(order, rate) for rate in goods}
        tax = {8: a.tax8, 10: a.tax10}
        if a.tax != a.tax8 + a.tax10:
            raise _unsplit("消費税", a.tax)
        before = {rate: goods[rate] - discount[rate] + tax[rate] for rate in goods}
        before[10] += a.delivery_fee + a.charge + a.misc_fee
        said = a.points8 is not None and a.points10 is not None
        points = {8: a.points8 or 0, 10: a.points10 or 0} if said else _shared(a.points, before)
        billed = {0: a.adjustment} | {rate: before[rate] - points[rate] for rate in before}
        return cls(
            charge=_rates({10: a.charge}),
            points=_rates(points if said else {}),
            shared_points=0 if said else a.points,
            other=_rates({0: a.adjustment, 8: -discount[8], 10: a.misc_fee - discount[10]}),
            billed=_rates(billed),
            own_tax={rate: tax[rate] if a.tax and not points[rate] else None for rate in goods},
        )

    def tax(self, rate: int, how: Rounding = Rounding.FLOOR) -> Yen:
        """消費税 in what is billed at this rate, once for the order."""
        own = self.own_tax[rate]
        if own is not None:
            return own
        part, whole = self.billed[rate] * rate, 100 + rate
        match how:
            case Rounding.FLOOR:
                return part // whole
            case Rounding.CEIL:
                return -(-part // whole)
            case Rounding.HALF_UP:
                return (2 * part + whole) // (2 * whole)


NOTHING = Invoice(
    charge=dict.fromkeys(RATES, 0),
    points=dict.fromkeys(RATES, 0),
    shared_points=0,
    other=dict.fromkeys(RATES, 0),
    billed=dict.fromkeys(RATES, 0),
    own_tax=dict.fromkeys(RATES, 0),
)
"""Stands in for the other columns of an item whose split was told to be missing once."""


def _rates(known: ByRate) -> ByRate:
    return MappingProxyType({rate: known.get(rate, 0) for rate in RATES})


def _discount(order: Order, rate: int) -> Yen:
    said = {name: yen for name, yen in msgspec.structs.asdict(order.amounts).items() if yen is not None}
    discount = discount_at(said, rate)
    if discount is None:
        raise _unsplit("割引", order.amounts.discount)
    return discount


def _shared(points: Yen, before: ByRate) -> dict[int, Yen]:
    """按分: by what each rate comes to, the rest of a yen at 10 %."""
    whole = sum(before.values())
    reduced = points * before[8] // whole if whole else 0
    return {8: reduced, 10: points - reduced}


def _unsplit(name: str, yen: Yen) -> Unfit:
    words = f"{name} {yen:,}円 の税率ごとの内訳がカートから来ていないため、税率別の欄を書けません"
    return Unfit(Reason.AMOUNT_DIFFERS, words)


def rates_tie(order: Order) -> None:
    """Raises Unfit where the rates do not come to the order's own figures; that a split is missing the columns say."""
    try:
        invoice, a = Invoice.of(order), order.amounts
    except Unfit:
        return
    sums = (
        ("手数料", sum(invoice.charge.values()), a.charge),
        ("ポイント", sum(invoice.points.values()) + invoice.shared_points, a.points),
        ("その他費用", sum(invoice.other.values()), a.misc_fee + a.adjustment - a.discount),
        ("請求金額", sum(invoice.billed.values()), a.payable),
    )
    for name, total, says in sums:
        if total != says:
            words = f"{name}の税率別の合計 {total:,}円 と {says:,}円 が {says - total:+,}円 違います"
            raise Unfit(Reason.AMOUNT_DIFFERS, words)


def _part(name: str, rate: int) -> Callable[[Invoice], Yen]:
    by_rate: Callable[[Invoice], ByRate] = attrgetter(name)
    return lambda one: by_rate(one)[rate]


def _tax(rate: int, how: Rounding) -> Callable[[Invoice], Yen]:
    return lambda one: one.tax(rate, how)


INVOICE: dict[str, Callable[[Invoice], Yen]] = {
    **{
        f"{name}{rate}": _part(name, rate)
        for name in ("charge", "points", "other", "billed")
        for rate in RATES
    },
    "points_shared": lambda one: one.shared_points,
    **{f"tax{rate}": _tax(rate, Rounding.FLOOR) for rate in (8, 10)},
    **{f"tax{rate}_{how}": _tax(rate, how) for rate in (8, 10) for how in (Rounding.HALF_UP, Rounding.CEIL)},
}
"""The figures a column may name in `invoice:`."""
