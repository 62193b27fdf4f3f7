"""A model beside the ledger: what is missing opens and closes by what cart and people did, and by nothing else."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from connector.clock import at_jst
from connector.ledger.schema_cart import renewals, subscriptions
from connector.order import Order
from connector.subscription import Subscription, SubscriptionState
from connector.subscriptions.cycle import create_day
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import Row, select

from tests.unit.renewal_desk import WEEKLY, Desk, a_desk, a_subscription

DAY = timedelta(days=1)
FIRST = date(2026, 11, 2)
NIGHTS = ("made", "made", "made", "forgotten", "rolled")
DEEDS = ("", "", "", "", "by hand", "skip", "later", "suspend", "resume", "cancel", "note")


@dataclass
class Cart:
    """One weekly subscription: created four days before its delivery. What it owes is written down here."""

    desk: Desk
    parent: Subscription
    orders: list[Order] = field(default_factory=list)
    forgotten: bool = False
    rolled: int = 0

    def due(self, day: date) -> bool:
        parent = self.parent
        assert parent.next_ship_on is not None
        assert parent.next_deliver_on is not None
        rules = self.desk.calendar.rules(parent.prefecture)
        return parent.generates and create_day(parent.next_ship_on, parent.next_deliver_on, rules) <= day

    def night(self, day: date, what: str) -> None:
        at = at_jst(day, 0, 30)
        if not self.due(day):
            return
        if what == "made":
            self._create(at)
            self.rolled = 0  # what was rolled before will never come now
        elif what == "rolled":
            self.parent = self.desk.moved_on(self.parent, at, skipped=False)
            self.rolled, self.forgotten = self.rolled + 1, False
        else:
            self.forgotten = True

    def _create(self, at: datetime) -> None:
        self.orders.append(self.desk.child(self.parent, at))
        self.parent = self.desk.after(self.parent, at, skipped=False)
        self.forgotten = False

    def deed(self, day: date, what: str) -> None:
        at, parent = at_jst(day, 10), self.parent
        if parent.state is SubscriptionState.CANCELLED:
            return
        active = parent.state is SubscriptionState.ACTIVE
        match what:
            case "by hand" if active:
                # By hand before the next one is due: for the one that was rolled.
                self.rolled = 0 if self.due(day) else max(0, self.rolled - 1)
                self._create(at)
            case "skip" if active and not parent.skipped:
                self._move(at, 7, skipped=True)
            case "later" if active:
                self._move(at, 3)
            case "suspend" if active:
                self._stop(at, SubscriptionState.SUSPENDED)
            case "cancel":
                self._stop(at, SubscriptionState.CANCELLED)
            case "resume" if parent.state is SubscriptionState.SUSPENDED:
                self.parent = replace(parent, state=SubscriptionState.ACTIVE, updated_at=at)
                while self.due(day):
                    self._move(at, 7)
            case "note":
                self.parent = replace(parent, updated_at=at)

    def _move(self, at: datetime, days: int, *, skipped: bool | None = None) -> None:
        assert self.parent.next_deliver_on is not None
        dates = self.desk.dates(self.parent.next_deliver_on + days * DAY)
        flag = self.parent.skipped if skipped is None else skipped
        self.parent = replace(self.parent, updated_at=at, skipped=flag, **dates)
        self.forgotten, self.rolled = False, 0

    def _stop(self, at: datetime, state: SubscriptionState) -> None:
        self.parent = replace(self.parent, state=state, updated_at=at)
        self.forgotten, self.rolled = False, 0

    def owed(self) -> Counter[str]:
        return Counter(["missing"] * self.forgotten + ["rolled"] * self.rolled)


async def read(cart: Cart, now: datetime, orders_first: bool) -> None:
    """One pass of both readings, in either order."""
    if orders_first:
        await cart.desk.receives(*cart.orders, now=now)
    await cart.desk.sees(cart.parent, now=now)
    if not orders_first:
        await cart.desk.receives(*cart.orders, now=now)


async def live(desk: Desk, id_: int, days: list[tuple[str, str, bool]]) -> None:
    first = a_subscription(
        subscription_id=id_,
        number=f"m{id_}",
        schedule=WEEKLY,
        updated_at=at_jst(FIRST - 5 * DAY, 0, 30),
        **desk.dates(FIRST + 5 * DAY),
    )
    cart = Cart(desk, first)
    for n, (night, deed, orders_first) in enumerate(days):
        day = FIRST + n * DAY
        await read(cart, at_jst(day, 0, 5), orders_first)
        cart.night(day, night)
        await read(cart, at_jst(day, 8), orders_first)
        await compare(cart, at_jst(day, 8))
        cart.deed(day, deed)
        await read(cart, at_jst(day, 12), not orders_first)
        await compare(cart, at_jst(day, 12))
    books_tie(cart)


async def compare(cart: Cart, now: datetime) -> None:
    found = await cart.desk.forecast(now)
    mine = [one for one in found.missing or () if one.subscription_id == cart.parent.subscription_id]
    assert Counter(one.kind for one in mine) == cart.owed(), f"{now}: {rows_of(cart)}"
    assert not [
        one for one in (*found.early, *found.doubled) if one.subscription_number == cart.parent.number
    ]


def rows_of(cart: Cart) -> Sequence[Row[Any]]:
    """Every expectation this subscription ever had."""
    query = select(renewals).join(subscriptions, subscriptions.c.id == renewals.c.subscription_id)
    mine = query.where(subscriptions.c.subscription_id == cart.parent.subscription_id)
    with cart.desk.database.engine.connect() as connection:
        return connection.execute(mine).all()


def books_tie(cart: Cart) -> None:
    """One expectation is open at most, none of a stopped one; each order met one expectation, and only one."""
    rows = rows_of(cart)
    still_open = [row for row in rows if row.verdict == "open"]
    assert len(still_open) == cart.parent.generates
    met = [row.order_number for row in rows if row.verdict == "met"]
    assert sorted(met) == sorted(order.number for order in cart.orders)
    assert all(row.verdict_at is not None and row.words for row in rows if row.verdict != "open")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder: Path = tmp_path_factory.mktemp("model")
    with a_desk(folder, days_before=2, closed_weekdays=(), national_holidays=False) as one:
        yield one


NUMBERS = iter(range(1, 1_000_000))
A_DAY = st.tuples(st.sampled_from(NIGHTS), st.sampled_from(DEEDS), st.booleans())


@pytest.mark.long
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days=st.lists(A_DAY, min_size=8, max_size=30))
def test_what_is_missing_is_what_the_cart_owes(desk: Desk, days: list[tuple[str, str, bool]]) -> None:
    asyncio.run(live(desk, next(NUMBERS), days))
