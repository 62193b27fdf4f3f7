"""Hands on slips (画面での手作業): bundles, splits and moves back at any minute around the hand-over, drawn by chance.

Each order buys goods that nobody else buys, so that what left for it can be weighed at the warehouse alone, whatever
became of its slips in Next Engine. Whoever pays has his goods; nobody gets them twice; all else waits with a reason.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from connector.adapters.next_engine import wire
from connector.clock import jst
from connector.sandbox.cart import Order
from connector.sandbox.cart.crowd import GOODS
from connector.sandbox.next_engine.model import Goods, Slip
from connector.sandbox.warehouse import StockItem
from msgspec.structs import replace

from tests.journeys.day import Day, moment

ORDERS, BOUGHT = 16, 2
BUSY_UNTIL = moment("10:26")  # the minutes in which instructions leave and are answered
STATUSES = (wire.STATUS_OPENED, wire.STATUS_PRINT_WAITING, wire.STATUS_PRINTED)


def goods_of_their_own(day: Day) -> dict[str, Order]:
    """One order for each of so many articles."""
    skus = [f"MH-OWN-{n:03}" for n in range(ORDERS)]
    price = GOODS[0].price
    articles = [replace(GOODS[0], sku=sku, product_number=sku, name=f"見本品 {sku}") for sku in skus]
    day.town.cart.seed_goods(articles)
    day.town.next_engine.seed_goods([Goods(sku, f"見本品 {sku}", 1_000, price=price) for sku in skus])
    day.town.warehouse.seed_stock([StockItem(sku, 1_000) for sku in skus])
    return {sku: day.place(items=((sku, BOUGHT),)) for sku in skus}


class Hands:
    """People at Next Engine's screens, and one customer in ten who changes his mind."""

    def __init__(self, day: Day, orders: dict[str, Order], seed: int) -> None:
        self.day, self.orders, self.chance = day, orders, random.Random(seed)
        self.desk = day.town.next_engine
        self.did: list[str] = []
        self.acts: tuple[Callable[[], str], ...] = (
            self.bundle,
            self.bundle,
            self.split,
            self.send_back,
            self.confirm,
            self.cancel,
        )

    def something(self) -> None:
        act = self.chance.choice(self.acts)
        try:
            self.did.append(f"{jst(self.day.now):%H:%M} {act()}")
        except (ValueError, IndexError):
            return  # Next Engine does not allow it, or there is nothing to do it with

    def live(self) -> list[Slip]:
        return [slip for slip in self.desk.slips.values() if slip.live and slip.status in STATUSES]

    def bundle(self) -> str:
        into, other = self.chance.sample(self.live(), 2)
        self.desk.operator.bundle(into.number, other.number)
        return f"bundle {other.number} into {into.number}"

    def split(self) -> str:
        slip = self.chance.choice(self.live())
        row = self.chance.choice(slip.live_rows)
        self.desk.operator.split(slip.number, {row.no: 1})
        return f"split one {row.fields[wire.ROW_GOODS]} off {slip.number}"

    def send_back(self) -> str:
        slip = self.chance.choice(self.live())
        self.desk.operator.send_back(slip.number)
        return f"send {slip.number} back"

    def confirm(self) -> str:
        slip = next(iter(self.unconfirmed()), None)
        if slip is None:
            raise IndexError
        self.desk.operator.confirm(slip.number)
        return f"confirm {slip.number}"

    def unconfirmed(self) -> list[Slip]:
        return [slip for slip in self.live() if slip.fields[wire.CONFIRM_CHECK] == wire.CONFIRM_NEEDED]

    def cancel(self) -> str:
        if self.chance.random() > 0.1:
            raise IndexError
        order = self.chance.choice(list(self.orders.values()))
        self.day.town.cart.cancel(order.id)
        return f"cancel {order.number}"


def left(day: Day) -> Counter[str]:
    """What really left the warehouse, by article."""
    gone: Counter[str] = Counter()
    for instruction in day.town.warehouse.slips().values():
        for line in instruction.lines:
            gone[line.sku] += line.shipped
    return gone


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 9))
async def test_whatever_people_do_at_the_screens(day: Day, seed: int) -> None:
    await day.alone_until("08:30")
    orders = goods_of_their_own(day)
    await day.until("10:04")
    hands, at = Hands(day, orders, seed), moment("10:05")
    while at < moment("15:00"):
        await day.until(f"{jst(at):%H:%M}")
        hands.something()
        at += timedelta(minutes=1 if at < BUSY_UNTIL else hands.chance.choice((3, 7, 15)))
    for slip in hands.unconfirmed():
        day.town.next_engine.operator.confirm(slip.number)
    await day.until("20:30", day=2)

    # Only the articles tell: Next Engine gives a rest that is split off the number of the slip it was bundled into.
    day.excused.update(("double_shipped", "warehouse_differences"))
    gone, ends = left(day), Counter[str]()
    for sku, order in orders.items():
        state, holds, taken = await day.state(order), await day.holds(order), day.captures(order)
        story = f"seed {seed}: {order.number} {state}, {gone[sku]} left, {taken}, {holds}; {hands.did}"
        assert gone[sku] <= BOUGHT, story
        if taken or state == "completed":
            assert (gone[sku], taken) == (BOUGHT, [order.amounts.payment_total]), story
        else:
            assert state == "cancelled" or holds, story
        ends[state if not holds else "held"] += 1
    print(f"\n  seed {seed}: {len(hands.did)} acts by hand, {dict(ends)}")
