"""Hundreds of trees of bundle and split in one day, over HTTP: everybody who ordered is completed and charged, once.

A sample of the trees of up to four orders of up to three parcels, drawn by the seed that is printed. A part is one
piece, each order of a tree has a goods code of its own: what lies in a parcel is counted on the warehouse's floor.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import pytest
from connector.adapters.ecforce import wire as cart
from connector.sandbox.cart import Order
from connector.sandbox.next_engine.model import Slip

from tests.journeys.conftest import RHYTHM, OpenDay
from tests.journeys.day import CREAM, SERUM, Day
from tests.journeys.refusals import MONTHLY
from tests.unit.slip_trees import SHAPES, WAYS, Grower, Part, Tree, all_trees, parts_of

SEED = 20261124
HOW_MANY = 200
TWICE = {"route": "api", "times": ["19:10:00", "21:10:00"]}  # some parcels are reported two hours late
SKUS = (CREAM, SERUM, "MH-MASK-07", "MH-SUPPL-60")


class Screens:
    """The operator of the town, asked as the trees ask: parts of orders instead of rows and quantities."""

    def __init__(self, day: Day, sku_of: dict[str, str]) -> None:
        self._ne = day.town.next_engine
        self._sku_of = sku_of  # by order number
        self._parts: dict[str, set[Part]] = {}
        self.acts = 0

    def slip(self, number: str) -> Slip:
        return self._ne.slips[int(number)]

    def take(self, number: str) -> str:
        slip = self.slip(number)
        pieces = sum(row.quantity for row in slip.live_rows)
        self._parts[number] = {(slip.order_number, n) for n in range(pieces)}
        return number

    def parts(self, number: str) -> set[Part]:
        """As we keep them; Next Engine must show so many pieces of each order."""
        mine = Counter(self._sku_of[order] for order, _ in self._parts[number])
        assert self.pieces(number) == mine
        return self._parts[number]

    def pieces(self, number: str) -> Counter[str]:
        found: Counter[str] = Counter()
        for row in self.slip(number).live_rows:
            found[row.goods_id] += row.quantity
        return found

    def split(self, number: str, parts: set[Part]) -> str:
        leaving = Counter(self._sku_of[order] for order, _ in parts)
        quantities: dict[int, int] = {}
        for row in self.slip(number).live_rows:
            take = min(leaving[row.goods_id], row.quantity)
            if take:
                quantities[row.no] = take
                leaving[row.goods_id] -= take
        part = str(self._ne.operator.split(int(number), quantities))
        self._parts[part] = parts
        self._parts[number] = self._parts[number] - parts
        self.acts += 1
        return part

    def bundle(self, into: str, absorbed: str) -> None:
        self._ne.operator.bundle(int(into), int(absorbed))
        self._parts[into] = self._parts[into] | self._parts.pop(absorbed)
        self.acts += 1


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_hundreds_of_trees_in_one_day(open_day: OpenDay) -> None:
    day = await open_day(rhythm_minutes=RHYTHM | {"follow_slips": 2}, completion=TWICE)
    # The town weighs shipments by the slips' own order numbers: a bundle that was split again looks too heavy.
    day.excused.add("double_shipped")
    trees = random.Random(SEED).sample(all_trees(4, 3), HOW_MANY)
    await day.alone_until("08:00")
    planted = [place(day, tree, n) for n, tree in enumerate(trees)]
    sku_of = {order.number: SKUS[k] for some in planted for k, order in enumerate(some)}
    everybody = [order for some in planted for order in some]

    screens, parcels = Screens(day, sku_of), dict[str, set[str]]()
    for third, wall in enumerate(("10:03", "10:05", "10:07")):  # between two looks of the mirror
        await day.until(wall)
        for n in range(third, HOW_MANY, 3):
            grower = Grower(
                screens, trees[n], [str(day.slip(one).number) for one in planted[n]], SHAPES[n % 3]
            )
            for slip in grower.grow(WAYS[n // 3 % 3]):
                parcels[slip] = {order for order, _ in screens.parts(slip)}
    await day.until("22:00")

    floor = day.town.warehouse.slips()
    assert set(floor) == set(parcels), "each parcel went to the warehouse, once, and nothing else"
    left = Counter(event.key for event in day.town.warehouse.history.of("shipped"))
    assert left == Counter(list(parcels))
    completed = Counter(
        event.key
        for event in day.town.cart.history.of("state_changed")
        if event.detail["after"] == cart.STATE_SHIPPED
    )
    assert completed == Counter(order.number for order in everybody)
    for order in everybody:
        assert await day.state(order) == "completed"
        assert day.captures(order) == [order.amounts.payment_total]
        (parcel,) = order.parcels.values()
        assert parcel.slip is not None
        mine = {
            number for slip in parcels if order.number in parcels[slip] for number in floor[slip].tracking
        }
        assert parcel.slip.split(",")[0] in mine, "the number of a parcel with these goods"
    rounds = [order for order in everybody if order.subs_id is not None]
    of_each = Counter(order.subs_id for order in day.town.cart.shop.order_by_number.values() if order.subs_id)
    assert [of_each[order.subs_id or 0] for order in rounds] == [1] * len(rounds), "each round stands once"
    assert rounds
    print(
        f"seed {SEED}: {HOW_MANY} trees, {len(everybody)} orders, {len(parcels)} parcels, {screens.acts} acts"
    )


def place(day: Day, tree: Tree, n: int) -> Sequence[Order]:
    """The orders of one tree; every fifth tree is made of subscriptions."""
    wishes = {"cycle": MONTHLY} if n % 5 == 0 else {}
    return [day.place(items=((SKUS[k], pieces),), **wishes) for k, pieces in enumerate(parts_of(tree))]
