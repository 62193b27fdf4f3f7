"""Year (一年): the connector beside a living shop: reads documents as bytes, says each morning what is missing."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from connector.adapters.ecforce import reader, subscription_reader, wire
from connector.adapters.ecforce.client import INCLUDE, SUBS_INCLUDE
from connector.clock import at_jst
from connector.ledger import views
from connector.ledger.database import Database, migrate
from connector.ledger.ledger import Ledger
from connector.sandbox.cart import Order, SubsOrder
from connector.sandbox.cart.credit_cards import CreditCards
from connector.sandbox.cart.includes import Includes
from connector.sandbox.cart.kinds import Kinds
from connector.shop import RenewalRules, Shop
from connector.subscriptions.calendar import Calendar
from connector.subscriptions.cycle import Origin

from tests.sim.living_shop import CLOSED, DAY, LIVE, LivingShop, Omitted

MORNING = 8  # o'clock, when the forecast is read
AWAKE = 0.97  # share of nights in which the connector also reads shortly before the run
# What a line may be about. A silent roll may look like one that is only late, and a morning later it is told apart.
MEANT = {
    "missing": ("forgotten", "late", "rolled"),
    "rolled": ("rolled",),
    "doubled": ("doubled",),
}


@dataclass(slots=True)
class Found:
    """What the days came to."""

    mornings: int = 0
    false_alarms: set[tuple[str, int]] = field(default_factory=set)  # kind and subscription
    foreseen: int = 0  # orders of nights whose number was said the business morning before
    off: int = 0  # by how many those nights differed from what was said, added up
    traps: dict[tuple[int, date], date] = field(default_factory=dict)  # subscription and ship day: told since


class Year:
    """One run, from 2026-11-01 until a day. `omissions`: how many of each kind are seeded, at random nights; `busy`:
    as if the shop had so many subscriptions, for what people do."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: int,
        subscriptions: int,
        until: date,
        omissions: dict[str, int],
        busy: int | None = None,
        rules: RenewalRules | None = None,
    ) -> None:
        rng, rules = random.Random(seed), rules or RenewalRules(closed=CLOSED)
        self.subscriptions, self.until, self.rng = subscriptions, until, rng
        self.busy = subscriptions if busy is None else busy
        self.living = LivingShop(rng, seed, origin=Origin(rules.origin), days_before=rules.days_before)
        shop = self.living.cart.shop
        self.kinds = Kinds(shop, Includes(shop, CreditCards(self.living.cart.gateway)))
        self.shop = Shop(
            key="mihon",
            name="見本ストア",
            start_at=at_jst(LIVE),
            ne_shop_id="1",
            renewals=rules,
        )
        self.calendar = Calendar(self.shop.renewals)
        self.database = Database(f"sqlite:///{folder}/ledger.sqlite3", inline=True)
        migrate(self.database)
        self.ledger = Ledger(self.database, self.shop)
        self.found = Found()
        self._said: dict[date, int] = {}
        self._fed: set[int] = set()
        # None in the first days, and none in the last fortnight, which a late one needs to end.
        nights = [LIVE + n * DAY for n in range(10, (until - LIVE).days - 14)]
        self._planned: dict[date, list[str]] = {}
        for how, number in omissions.items():
            for night in rng.choices(nights, k=number):
                self._planned.setdefault(night, []).append(how)

    @property
    def now(self) -> datetime:
        return self.living.clock.now()

    async def run(self) -> Found:
        await self.living.born(self.subscriptions)
        day = LIVE
        while day < self.until:
            day += DAY
            await self._live_until_morning(day)
            await self._morning(day)
        return self.found

    async def forecast(self, now: datetime, **more: Any) -> views.Forecast:
        return await self.database.read(lambda c: views.renewals_forecast(c, self.shop, now, **more))

    # --- one day ---------------------------------------------------------------------------------------------

    async def _live_until_morning(self, day: date) -> None:
        """From one morning to the next: people at random times, and the run at 00:30."""
        living, morning = self.living, at_jst(day, MORNING)
        acts = living.deeds(morning, self.busy)
        acts.append((at_jst(day, 0, 20), lambda: self._go_wrong(day)))
        before_the_run = at_jst(day, 0, 10) if self.rng.random() < AWAKE else None
        for at, act in sorted(acts, key=lambda one: one[0]):
            if before_the_run is not None and at >= before_the_run:
                await living.live_until(before_the_run)
                await self._read()
                before_the_run = None
            await living.live_until(at)
            act()
        await living.live_until(morning)
        living.learn()

    def _go_wrong(self, night: date) -> None:
        """Few orders are due on a weekend: what strikes nobody strikes the night after."""
        left = self.living.go_wrong(night, self._planned.get(night, []))
        if left:
            self._planned.setdefault(night + DAY, []).extend(left)

    async def _morning(self, day: date) -> None:
        await self._read()
        if self.calendar.is_closed(day):
            return
        self.found.mornings += 1
        seen = await self.forecast(self.now, days=2)
        self._compare(seen, day)
        if day in self._said:
            self.found.foreseen += self._said[day]
            self.found.off += abs(self.living.created[day] - self._said[day])
        self._said[day + DAY] = seen.expected[1].count
        await self.living.live_until(self.now + timedelta(hours=2))
        self._see_to(seen)

    def _compare(self, seen: views.Forecast, day: date) -> None:
        assert seen.missing is not None, f"{day}: {seen.unknown} {seen.wrong_rules}"
        lists = (seen.missing, seen.lost, seen.early, seen.doubled, seen.late)
        for line in (line for some in lists for line in some):
            meant = self._meant(line.kind, line.subscription_id)
            if meant is None:
                self.found.false_alarms.add((line.kind, line.subscription_id))
            elif meant.found_on is None:
                meant.found_on, meant.mornings = day, self._mornings(meant.struck_on, day)
        for trap in seen.traps:
            self.found.traps.setdefault((trap.subscription_id, trap.ship_on), day)

    def _mornings(self, first: date, last: date) -> int:
        """How many business mornings there were from one day to another, both counted."""
        days = (first + n * DAY for n in range((last - first).days + 1))
        return sum(not self.calendar.is_closed(day) for day in days)

    def _meant(self, kind: str, id_: int) -> Omitted | None:
        """The omission that a line is about, None where there is none."""
        if kind in ("late", "lost"):  # they tell for a week what happened, made good or not
            some = [one for one in self.living.omitted if one.subs_id == id_]
            return next((one for one in some if one.found_on is None), some[-1] if some else None)
        one = self.living.wrong.get(id_)
        return one if one is not None and one.how in MEANT.get(kind, ()) else None

    def _see_to(self, seen: views.Forecast) -> None:
        """Two hours later somebody in the shop does what the sentence says."""
        self.living.learn()
        for line in seen.missing or ():
            omitted = self.living.wrong.get(line.subscription_id)
            if omitted is not None and omitted.how in ("forgotten", "rolled"):
                self.living.make_good(omitted)
        for double in seen.doubled:
            if double.subscription_id in self.living.wrong:
                self.living.cancel_the_twin(double.order_number, double.subscription_id)

    # --- reading ---------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        """Whatever is new, as pages of bytes; orders first on one day, subscriptions first on the other."""
        orders, subs = self.living.cart.take_changes()
        fresh, now = [one for one in orders if self._is_news(one)], self.now
        if now.day % 2:
            await self._read_orders(fresh, now)
        await self._read_subscriptions(subs, now)
        if not now.day % 2:
            await self._read_orders(fresh, now)
        for name in ("ingest", "follow_subscriptions"):
            await self.ledger.move_cursor(name, now)

    def _is_news(self, order: Order) -> bool:
        """A child also changes `last_order` of the one before it, which nobody here reads: left out for speed."""
        if order.created_at < at_jst(LIVE) or (order.id in self._fed and order.id not in self.living.voided):
            return False
        self._fed.add(order.id)
        return True

    async def _read_orders(self, orders: Sequence[Order], now: datetime) -> None:
        include = frozenset(INCLUDE.split(",")) - {"subs_order", "customer"}  # a reader does not look at them
        for body in _pages(self.kinds.orders, orders, include):
            page = reader.read_page(body).page
            assert not page.malformed
            await self.ledger.receive(page, now)

    async def _read_subscriptions(self, subs: Sequence[SubsOrder], now: datetime) -> None:
        for body in _pages(self.kinds.subs, subs, frozenset(SUBS_INCLUDE.split(","))):
            page = subscription_reader.read_page(body).page
            assert not page.malformed
            await self.ledger.follow(page, now)


def _pages(kind: Any, records: Sequence[Any], include: frozenset[str]) -> Iterable[bytes]:
    """The documents that the cart's API answers, without its sockets."""
    for start in range(0, len(records), wire.PER_MAX):
        rows = records[start : start + wire.PER_MAX]
        beside = {(each["type"], each["id"]): each for row in rows for each in kind.include(row, include)}
        body = {
            "data": [kind.render(row) for row in rows],
            "included": list(beside.values()),
            "meta": {"total_count": len(records), "page": 1, "per": wire.PER_MAX, "count": len(rows)},
        }
        yield msgspec.json.encode(body)
