"""Renewal desk (定期の台帳の机): one shop's ledger, fed with subscriptions and orders, and asked what is missing.

The cart is played by hand: a test says what happens to a subscription, and not how a document looks.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from connector.clock import at_jst
from connector.ledger import views
from connector.ledger.database import Database
from connector.ledger.ledger import Ledger
from connector.ledger.schema import metadata
from connector.ledger.schema_cart import renewals
from connector.order import Order, Origin, Round
from connector.ports import CartPage, SubscriptionPage
from connector.shop import RenewalRules, Shop
from connector.subscription import Schedule, Subscription, SubscriptionLine, SubscriptionState
from connector.subscriptions.calendar import Calendar
from connector.subscriptions.cycle import next_delivery, ship_day
from connector.subscriptions.forecast import cycle_of
from msgspec.structs import replace
from sqlalchemy import select

from tests.unit.world import an_order

DAY = timedelta(days=1)
MONTHLY = Schedule(kind="date", every_months=1, on_day=5, sentence="1ヶ月ごとの5日に配送")
EVERY_30 = Schedule(kind="term", every_days=30, sentence="30日ごとに配送")
WEEKLY = Schedule(kind="term", every_days=7, sentence="7日ごとに配送")
NIGHT, MORNING = (0, 30), (8, 0)


def day(text: str) -> date:
    """2026-12-05, or 12-05 of the year the stories live in."""
    return date.fromisoformat(text if len(text) > 5 else f"2026-{text}")


def at(text: str) -> datetime:
    """A Japanese wall-clock time: 11-26 00:30."""
    on, _, clock = text.partition(" ")
    hour, _, minute = (clock or "0:0").partition(":")
    return at_jst(day(on), int(hour), int(minute))


def a_subscription(**more: Any) -> Subscription:
    """Active, monthly on the 5th, next delivered on Saturday 2026-12-05: created on 11-26 under the usual rules."""
    known: dict[str, Any] = {
        "subscription_id": 4911,
        "number": "d1000000a1",
        "customer_number": "8e02aa91a1",
        "state": SubscriptionState.ACTIVE,
        "state_code": "active",
        "schedule": MONTHLY,
        "times": 4,
        "orders_count": 4,
        "created_at": datetime(2026, 8, 20, tzinfo=UTC),
        "updated_at": at("11-20 00:30"),
        "next_ship_on": day("12-03"),
        "next_deliver_on": day("12-05"),
        "previous_ship_on": day("11-02"),
        "previous_deliver_on": day("11-05"),
        "prefecture": "東京都",
        "subtotal": 1944,
        "lines": (SubscriptionLine(sku="TEA", name="見本茶", quantity=1, unit_price=1944),),
    }
    return Subscription(**(known | more))


@dataclass
class Desk:
    """The connector's side."""

    shop: Shop
    ledger: Ledger
    database: Database
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(104_400))

    @property
    def calendar(self) -> Calendar:
        return Calendar(self.shop.renewals)

    def with_rules(self, **rules: Any) -> Desk:
        """The same ledger after the shop's settings were changed."""
        shop = replace(self.shop, renewals=replace(self.shop.renewals, **rules))
        return Desk(shop, Ledger(self.database, shop), self.database, self.numbers)

    async def sees(self, *found: Subscription, now: str | datetime) -> None:
        """One page of 定期受注."""
        page = SubscriptionPage(tuple(found), (), repr(found).encode())
        await self.ledger.follow(page, _instant(now))

    async def receives(self, *found: Order, now: str | datetime) -> None:
        page = CartPage(tuple(found), (), repr(found).encode())
        await self.ledger.receive(page, _instant(now))

    async def read_to_the_end(self, now: str | datetime) -> None:
        for name in ("ingest", "follow_subscriptions"):
            await self.ledger.move_cursor(name, _instant(now))

    async def forecast(self, now: str | datetime, *, read: bool = True, **more: Any) -> views.Forecast:
        """As of this moment, everything read up to it unless said otherwise."""
        if read:
            await self.read_to_the_end(now)
        return await self.database.read(
            lambda c: views.renewals_forecast(c, self.shop, _instant(now), **more)
        )

    async def missing(self, now: str | datetime) -> list[tuple[str, str]]:
        """What is missing, as kind and subscription number."""
        found = (await self.forecast(now)).missing
        assert found is not None, "nothing could be judged"
        return [(one.kind, one.subscription_number) for one in found]

    def book(self) -> list[tuple[str, str, str]]:
        """Every expectation ever written: due day, verdict and why."""
        with self.database.engine.connect() as connection:
            rows = connection.execute(select(renewals).order_by(renewals.c.id)).all()
        return [(f"{row.due_on:%m-%d}", row.verdict, row.words) for row in rows]

    def child(self, parent: Subscription, placed_at: str | datetime, **more: Any) -> Order:
        """The order that the cart creates from the subscription as it stands before."""
        number = next(self.numbers)
        placed = _instant(placed_at)
        known: dict[str, Any] = {
            "number": f"c{number:09x}",
            "cart_order_id": number,
            "origin": Origin.GENERATED,
            "subscription": Round(
                subscription_id=parent.subscription_id,
                number=parent.number,
                round=parent.times + 1,
                nth=parent.orders_count + 1,
            ),
            "placed_at": placed,
            "updated_at": placed,
            "ship_on": parent.next_ship_on,
            "deliver_on": parent.next_deliver_on,
        }
        return an_order(**(known | more))

    def after(self, parent: Subscription, updated_at: str | datetime, **more: Any) -> Subscription:
        """The subscription once its next order was created: counts up, dates one cycle on."""
        return self.moved_on(
            parent,
            updated_at,
            **({"times": parent.times + 1, "orders_count": parent.orders_count + 1} | more),
        )

    def moved_on(self, parent: Subscription, updated_at: str | datetime, **more: Any) -> Subscription:
        cycle, was = cycle_of(parent.schedule), parent.next_deliver_on
        assert cycle is not None
        assert was is not None
        known: dict[str, Any] = {
            "updated_at": _instant(updated_at),
            "previous_ship_on": parent.next_ship_on,
            "previous_deliver_on": was,
            **self.dates(next_delivery(cycle, was)),
        }
        return replace(parent, **(known | more))

    def dates(self, deliver_on: date) -> dict[str, date]:
        """Next dates for a delivery to Tokyo."""
        return {
            "next_deliver_on": deliver_on,
            "next_ship_on": ship_day(deliver_on, 2, self.calendar.is_closed),
        }


@contextmanager
def a_desk(folder: Path, **rules: Any) -> Iterator[Desk]:
    database = Database(f"sqlite:///{folder}/ledger.sqlite3", inline=True)
    metadata.create_all(database.engine)
    shop = Shop(
        key="mihon",
        name="見本店",
        start_at=at("10-01"),
        ne_shop_id="1",
        renewals=RenewalRules(**rules),
    )
    try:
        yield Desk(shop, Ledger(database, shop), database)
    finally:
        database.close()


def _instant(when: str | datetime) -> datetime:
    return at(when) if isinstance(when, str) else when
