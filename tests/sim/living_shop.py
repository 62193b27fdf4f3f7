"""Living shop (生きている店舗): a cart with thousands of subscriptions, and what its people do at any time of day.

The cart is the sandbox's own engine. What really happened is what its history says: `wrong` holds each renewal that the
cart got wrong and nobody made good yet.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import msgspec
from connector.clock import at_jst, jst
from connector.sandbox.cart import (
    CartEngine,
    CartSettings,
    CountRow,
    Cycle,
    Goods,
    NewCustomer,
    NewOrder,
    PostalAddress,
    Refusal,
    SubsOrder,
)
from connector.sandbox.cart.shop import planned_on
from connector.sandbox.history import Event, History

from tests.unit.world import HandClock

DAY = timedelta(days=1)
NIGHTLY = time(0, 30)
CLOSED = ((date(2026, 12, 29), date(2027, 1, 3)), (date(2027, 4, 29), date(2027, 5, 5)))
BEGIN, LIVE = date(2026, 10, 1), date(2026, 11, 1)  # the shop's first subscriber; the connector's first day
PLENTY = 10_000_000
ACTIVE, SUSPENDED, CANCELLED = "active", "suspend", "canceled"
TEA = Goods(
    sku="MIHON-TEA-30-T", product_number="tea30", name="見本ほうじ茶", price=1944, tax_rate=8, recurring=True
)
SERUM = Goods(sku="MIHON-SERUM-01-T", product_number="serum01", name="見本美容液", price=4950, recurring=True)
CYCLES = (
    (16, Cycle.every(30)),
    (16, Cycle.every(45)),
    (12, Cycle.every(60)),
    (8, Cycle.every(90)),
    (2, Cycle.every(21)),
    (8, Cycle.monthly(1, 5)),
    (7, Cycle.monthly(1, 10)),
    (8, Cycle.monthly(2, 25)),
    (6, Cycle.monthly(1, 99)),
    (4, Cycle.monthly(1, 31)),
    (5, Cycle.monthly(2, 30)),
    (5, Cycle.nth_weekday(1, 2, 5)),
    (3, Cycle.nth_weekday(1, 5, 6)),
)
PREFECTURES = (13, 13, 13, 27, 23, 14, 1, 40, 46, 47)
CARDS = (
    *["ok"] * 95,
    "decline",
    "refuse at round 3",
    "refuse at round 4",
    "expire 2027-03",
    "expire 2027-06",
)
OWN_ROUNDS = (CountRow(round=1, cycle=Cycle.every(20)), CountRow(round=3, prices={TEA.sku: 1800}))
# How often on a usual day, in a shop of ten thousand.
DEEDS = {
    "skip": 18,
    "move_date": 20,
    "suspend": 9,
    "resume": 8,
    "cancel": 5,
    "change_cycle": 5,
    "change_cycle_and_dates": 4,
    "note": 15,
    "once_more": 4,
    "void_last": 2,
    "blacklist": 1,
    "forgive": 1,
    "create_by_hand": 2,
    "limit": 1,
    "subscribe": 5,
}
FULL = 10_000


@dataclass(slots=True)
class Omitted:
    """One renewal that the cart got wrong, from its own history."""

    how: str
    subs_id: int
    struck_on: date
    found_on: date | None = None
    mornings: int = 0  # which business morning after it found it, the first one is 1; 0: none


class Story(History):
    """The cart's history, read on from where it was left."""

    _told = 0

    def tail(self) -> list[Event]:
        told, self._told = self._told, len(self._events)
        return self._events[told:]


class LivingShop:
    """Time goes on only when somebody says until when."""

    def __init__(self, rng: random.Random, seed: int, **settings: Any) -> None:
        self.rng, self.clock = rng, HandClock(at_jst(BEGIN, 9))
        self.story = Story(self.clock)
        wish = CartSettings(requests_per_minute=None, **settings)
        self.cart = CartEngine(self.clock, seed=seed, history=self.story, settings=wish)
        self.cart.close_on(
            [first + n * DAY for first, last in CLOSED for n in range((last - first).days + 1)]
        )
        self.cart.seed_goods(msgspec.structs.replace(goods, stock=PLENTY) for goods in (TEA, SERUM))
        self.omitted: list[Omitted] = []  # ever
        self.wrong: dict[int, Omitted] = {}  # now, by subscription
        self.created: Counter[date] = Counter()  # orders made by each night's run
        self.too_late: dict[tuple[int, date], date] = {}  # subscription and ship day: created only then
        self.voided: set[int] = set()
        self._people = 0

    async def born(self, subscriptions: int) -> None:
        """October: everybody subscribes, at any time of day."""
        began, end = self.clock.now(), at_jst(LIVE)
        seconds = int((end - began).total_seconds())
        for after in sorted(self.rng.randrange(seconds) for _ in range(subscriptions)):
            await self.live_until(began + timedelta(seconds=after))
            self.subscribe()
        await self.live_until(end)

    async def live_until(self, at: datetime) -> None:
        """Everything the cart does by itself until then, each at its own time."""
        while (due := self.cart.next_event_at()) is not None and due <= at:
            self.clock.set_to(due)
            await self.cart.advance()
        self.clock.set_to(at)

    def deeds(self, until: datetime, subscriptions: int) -> list[tuple[datetime, Callable[[], object]]]:
        """What people will do from now until then, at random times."""
        began = self.clock.now()
        seconds = int((until - began).total_seconds())
        return [
            (began + timedelta(seconds=self.rng.randrange(seconds)), getattr(self, name))
            for name, often in DEEDS.items()
            for _ in range(self._times(often * subscriptions / FULL))
        ]

    def _times(self, mean: float) -> int:
        whole = int(mean)
        return whole + (self.rng.random() < mean - whole)

    # --- what goes wrong -------------------------------------------------------------------------------------

    def go_wrong(self, night: date, wanted: Sequence[str]) -> Sequence[str]:
        """Each strikes one that is due in this night's run; what found nobody is given back."""
        shop = self.cart.shop
        due = [id_ for id_ in shop.due.until(night) if id_ not in self.wrong and shop.waits(shop.subs[id_])]
        struck = self.rng.sample(due, min(len(due), len(wanted)))
        for how, id_ in zip(wanted, struck, strict=False):
            self.cart.omit(id_, how)
        return wanted[len(struck) :]

    def learn(self) -> None:
        """From the cart's own history: what went wrong, and what was made after all."""
        for event in self.story.tail():
            if event.what == "renewal_omitted":
                one = Omitted(event.detail["how"], event.detail["subs_id"], jst(event.at).date())
                self.omitted.append(one)
                self.wrong[one.subs_id] = one
            elif event.what == "order_generated":
                at = jst(event.at)
                self.created[at.date()] += at.time() == NIGHTLY
                order = self.cart.shop.orders[event.detail["order_id"]]
                id_ = order.subs_id or 0
                if event.detail["ship_date_in_past"] and order.ship_planned_at is not None:
                    self.too_late[id_, planned_on(order.ship_planned_at)] = at.date()
                known = self.wrong.get(id_)
                if known is not None and known.how != "doubled" and at.date() > known.struck_on:
                    del self.wrong[id_]

    def make_good(self, omitted: Omitted) -> None:
        """Somebody in the shop does what the sentence says; or nobody has time today."""
        subs, chance = self.cart.shop.subs[omitted.subs_id], self.rng.random()
        if chance < 0.6:
            self.cart.create_next(subs.id)
        elif chance < 0.8:
            soon = jst(self.clock.now()).date() + self.rng.randint(10, 14) * DAY
            self._put_date(subs, soon + (soon == planned_on(subs.next_delivery_at)) * DAY)
        elif chance < 0.9:
            self.cart.set_subs_state(subs.id, CANCELLED)
        else:
            return
        self.wrong.pop(subs.id, None)

    def cancel_the_twin(self, order_number: str, subs_id: int) -> None:
        twin = self.cart.shop.order_by_number[order_number]
        self.cart.cancel(twin.id, decrement=False, recalculate=False)
        self.voided.add(twin.id)
        self.wrong.pop(subs_id)

    # --- what people do --------------------------------------------------------------------------------------

    def subscribe(self) -> None:
        self._people += 1
        rng = self.rng
        home = PostalAddress(
            name01="見本",
            name02="太郎",
            zip="150-0099",
            prefecture_id=rng.choice(PREFECTURES),
            addr01="見本市見本町",
            addr02="1-1-1",
            tel="000-0000-0000",
        )
        self.cart.place(
            NewOrder(
                customer=NewCustomer(email=f"mihon-{self._people}@example.jp"),
                billing=home,
                items=((rng.choice((TEA, SERUM)).sku, rng.choice((1, 1, 2))),),
                cycle=rng.choices([each for _, each in CYCLES], [weight for weight, _ in CYCLES])[0],
                card=rng.choice(CARDS),
                count_rows=OWN_ROUNDS if rng.random() < 0.1 else (),
                remaining_orders=rng.choice((2, 5)) if rng.random() < 0.02 else None,
            )
        )

    def _try(self, act: Callable[[SubsOrder], object], state: str = ACTIVE) -> None:
        """With anybody in this state whose renewal did not just go wrong; the cart may say no."""
        self.learn()
        shop = self.cart.shop
        first = min(shop.subs)
        for _ in range(30):
            subs = shop.subs[first + self.rng.randrange(len(shop.subs))]
            if subs.state == state and subs.id not in self.wrong:
                break
        else:
            return
        try:
            act(subs)
        except Refusal:
            return

    def skip(self) -> None:
        self._try(lambda subs: self.cart.skip_next(subs.id))

    def suspend(self) -> None:
        self._try(lambda subs: self.cart.set_subs_state(subs.id, SUSPENDED))

    def resume(self) -> None:
        self._try(lambda subs: self.cart.set_subs_state(subs.id, ACTIVE), SUSPENDED)

    def cancel(self) -> None:
        self._try(lambda subs: self.cart.set_subs_state(subs.id, CANCELLED))

    def move_date(self) -> None:
        """次回配送予定日変更 on the my page: any day after the last delivery, from the day after tomorrow on."""
        ahead, soonest = self.rng.randint(0, 48) * DAY, jst(self.clock.now()).date() + 2 * DAY

        def act(subs: SubsOrder) -> None:
            last = planned_on(subs.previous_delivery_at) if subs.previous_delivery_at else soonest
            self._put_date(subs, max(soonest, last + 2 * DAY) + ahead)

        self._try(act)

    def _put_date(self, subs: SubsOrder, day: date) -> None:
        self.cart.change_subs(
            subs.id, scheduled_to_be_delivered_at=f"{day:%Y/%m/%d}", sync_scheduled_to_be_shipped_at=1
        )

    def change_cycle(self) -> None:
        days = self.rng.choice((30, 40, 60))
        self._try(
            lambda subs: self.cart.change_subs(
                subs.id, payment_schedule="term", scheduled_to_be_delivered_every_x_day=days
            )
        )

    def change_cycle_and_dates(self) -> None:
        day = self.rng.choice((7, 20, 31, 99))

        def act(subs: SubsOrder) -> None:
            self.cart.change_subs(
                subs.id,
                payment_schedule="date",
                scheduled_to_be_delivered_every_x_month=1,
                scheduled_to_be_delivered_on_xth_day=day,
            )
            self.cart.recalculate_dates(subs.id)

        self._try(act)

    def note(self) -> None:
        self._try(lambda subs: self.cart.change_subs(subs.id, memo01=f"見本 {self.rng.random()}"))

    def once_more(self) -> None:
        variant = self.cart.shop.variants[SERUM.sku].id
        self._try(lambda subs: self.cart.change_subs_item(subs.id, variant_id=variant, quantity=1, onetime=1))

    def void_last(self) -> None:
        again = self.rng.random() < 0.5

        def act(subs: SubsOrder) -> None:
            self.cart.cancel(subs.order_ids[-1], recalculate=again)
            self.voided.add(subs.order_ids[-1])

        self._try(act)

    def blacklist(self) -> None:
        self._try(lambda subs: self.cart.set_blacklist(subs.customer_id, on=True))

    def forgive(self) -> None:
        marked = [one for one in self.cart.shop.subs.values() if one.tbc_reasons and one.id not in self.wrong]
        if marked:
            self.cart.clear_attention(self.rng.choice(marked).id)

    def create_by_hand(self) -> None:
        if 9 <= jst(self.clock.now()).hour < 18:  # only the shop itself can, in its office
            self._try(lambda subs: self.cart.create_next(subs.id))

    def limit(self) -> None:
        left = self.rng.choice((0, 1))
        self._try(lambda subs: self.cart.change_subs(subs.id, remaining_number_of_orders=left))
