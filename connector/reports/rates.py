"""Rates (税率別の突合): the cart's goods at 8 % and at 10 %, tax and points, against what its slips in Next Engine say.

The order CSV carries no sums per rate: Next Engine has them only through the rate of each row (消費税率). Dangerous:
a rate that one side does not say is no difference, and neither is a slip whose rows were not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from connector.order import Order, Yen
from connector.slip import Slip

RATES = (8, 10)


class Off(NamedTuple):
    """One thing of which the two sides say different yen."""

    what: str
    cart: Yen
    slips: Yen

    def __str__(self) -> str:
        return (
            f"{self.what} カート {self.cart:,}円 / 伝票 {self.slips:,}円（差 {self.slips - self.cart:+,}円）"
        )


def rates_off(order: Order, slips: Sequence[Slip]) -> list[Off]:
    """`slips` are the live ones of this order alone, imported."""
    return [off for off in _compared(order, slips) if off.cart != off.slips]


def _compared(order: Order, slips: Sequence[Slip]) -> Iterator[Off]:
    said = order.amounts
    written = _written(slips)
    if written is not None and said.subtotal8 + said.subtotal10 == said.subtotal:
        yield Off("8%商品", said.subtotal8, written[8])
        yield Off("10%商品", said.subtotal10, written[10])
    if len(slips) == 1:  # how Next Engine divides them over the parts of a split is not known
        yield Off("消費税", said.tax, slips[0].tax)
        yield Off("ポイント", said.points, slips[0].points)


def _written(slips: Sequence[Slip]) -> dict[int, Yen] | None:
    """Goods per rate as the rows say; None where a slip has no rows or a row that costs something no rate."""
    found = dict.fromkeys(RATES, 0)
    for slip in slips:
        if not slip.rows:
            return None
        for row in slip.rows:
            yen = 0 if row.cancelled else row.unit_price * row.quantity
            if yen and row.tax_rate not in RATES:
                return None
            if yen:
                found[row.tax_rate or 0] += yen
    return found
