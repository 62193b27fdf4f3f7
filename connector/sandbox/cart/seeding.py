"""Seeding (仮データ): a realistic shop with subscriptions that have run for up to a year, in seconds.

Nothing is set behind the engine's back: every order, shipment and refused card of the past goes through the same
desks at its own instant, in order of time, but only where something happens; no night is replayed.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

from connector.adapters.ecforce import wire
from connector.clock import at_jst, jst
from connector.sandbox.cart import crowd
from connector.sandbox.cart.back_office import BackOffice
from connector.sandbox.cart.cart_clock import CartClock
from connector.sandbox.cart.model import CountRow, Coupon, NewCustomer, NewOrder, Order, SubsOrder
from connector.sandbox.cart.payments import REAUTH_FROM
from connector.sandbox.cart.renewals import NIGHTLY
from connector.sandbox.cart.shipping import Result
from connector.subscriptions.cycle import MONTH_END, Cycle, first_delivery

FRIDAY: Final = 5
CYCLES: Final = (  # cycle, about how many days, of a hundred
    (Cycle.every(30), 30, 30),
    (Cycle.monthly(1, 5), 30, 12),
    (Cycle.monthly(1, 10), 30, 9),
    (Cycle.monthly(1, 25), 30, 12),
    (Cycle.monthly(1, MONTH_END), 30, 12),
    (Cycle.every(45), 45, 15),
    (Cycle.nth_weekday(1, 2, FRIDAY), 30, 10),
)
MOST_ROUNDS: Final = 12
SLACK_DAYS: Final = 10  # a renewal is created so long before its delivery: nobody gets a thirteenth round
ROUND_WEIGHTS: Final = (16, 14, 12, 11, 9, 8, 7, 6, 5, 5, 4, 3)  # of 1, 2 … 12 rounds: many leave early
FIRST_PRICES: Final = {"MH-SERUM-T": 1980, "MH-TEA-T": 500}  # 初回価格
SECOND_PRICES: Final = {"MH-SERUM-T": 3480}
ONE_OFF_DAYS: Final = 30
ONE_OFF_SHARE: Final = 5  # one one-off order to so many subscriptions
SEVERAL_ADDRESSES: Final = 0.02
SHIPS_AT: Final = (17, 0)
HEALS_AT: Final = (9, 30)
FIRST_SLIP: Final = 990_000_000_000

Act = Callable[[], None]


@dataclass(slots=True)
class Seeded:
    """What the shop was given."""

    subscriptions: int = 0
    orders: int = 0
    several_addresses: int = 0
    states: dict[str, int] = field(default_factory=dict)


class Seeding:
    """Lives through the past of a shop up to an instant. The same seed is the same past."""

    def __init__(self, office: BackOffice, clock: CartClock, *, seed: int, until: datetime) -> None:
        self._office, self._shop, self._clock = office, office.shop, clock
        self._rng = random.Random(f"{seed}/seeding")
        self._until = until
        self._acts: list[tuple[datetime, int, Act]] = []
        self._entry = itertools.count()

    def run(self, subscriptions: int) -> Seeded:
        """So many subscribers, the one-off orders of the last month, and what became of them."""
        variants = self._shop.variants
        self._shop.seed_goods(goods for goods in crowd.GOODS if goods.sku not in variants)
        for place in range(subscriptions):
            self._plan_subscriber(place)
        for place in range(subscriptions // ONE_OFF_SHARE):
            self._plan_one_off(place)
        found = Seeded()
        while self._acts:
            at, _, act = heapq.heappop(self._acts)
            self._go_to(at)
            act()
        self._go_to(self._until)
        self._clock.reach_present()
        found.subscriptions = len(self._shop.subs)
        found.orders = len(self._shop.orders)
        found.several_addresses = sum(order.several_addresses for order in self._shop.orders.values())
        for subs in self._shop.subs.values():
            found.states[subs.state] = found.states.get(subs.state, 0) + 1
        return found

    # --- time ---

    def _go_to(self, at: datetime) -> None:
        """Exams, reports and nights that are due on the way happen at their own instants."""
        agenda = self._office.agenda
        while (due := agenda.next_at()) is not None and due <= at:
            self._clock.go_to(due)
            agenda.run_due(due)
        self._clock.go_to(at)

    def _plan(self, at: datetime, act: Act) -> None:
        if at < self._until:
            heapq.heappush(self._acts, (at, next(self._entry), act))

    # --- subscribers ---

    def _plan_subscriber(self, place: int) -> None:
        rng = self._rng
        cycle, about_days = self._cycle()
        rounds = rng.choices(range(1, MOST_ROUNDS + 1), weights=ROUND_WEIGHTS)[0]
        days_ago = about_days * (rounds - 1) + rng.randrange(1, about_days - SLACK_DAYS)
        at = at_jst(
            jst(self._until).date() - timedelta(days=days_ago), rng.randrange(8, 23), rng.randrange(60)
        )
        self._plan(at, partial(self._subscribe, self._signup(place, cycle, at)))

    def _cycle(self) -> tuple[Cycle, int]:
        cycle, about_days, _ = self._rng.choices(CYCLES, weights=[share for _, _, share in CYCLES])[0]
        return cycle, about_days

    def _signup(self, place: int, cycle: Cycle, at: datetime) -> NewOrder:
        rng = self._rng
        billing = crowd.address(rng)
        method = crowd.choose(rng, crowd.SUBSCRIBERS_PAYMENTS)
        coupon = crowd.COUPON if rng.random() < 0.1 else None
        return NewOrder(
            customer=NewCustomer(email=f"teiki-{place:06d}@example.jp", point=rng.choice((0, 0, 300, 1500))),
            billing=billing,
            shipping=(crowd.address(rng),) if rng.random() < 0.05 else (),
            items=crowd.basket(rng, crowd.RECURRING),
            payment_method_id=method,
            card=self._card(method),
            carrier_id=crowd.SAGAWA if rng.random() < 0.12 else None,
            delivery_time=rng.choice(crowd.TIME_SLOTS) if rng.random() < 0.45 else None,
            deliver_on=self._first_wish(cycle, at, billing.prefecture_id),
            remark=crowd.remark(rng),
            coupon=coupon[0] if coupon else None,
            coupon_discount=coupon[1] if coupon else 0,
            cycle=cycle,
            count_rows=self._count_rows(),
            block_times=rng.choice((0, 0, 0, 3, 4)),
            remaining_orders=rng.choice((6, 12)) if rng.random() < 0.05 else None,
        )

    def _first_wish(self, cycle: Cycle, at: datetime, prefecture_id: int) -> date | None:
        """Some choose the first day; for all others it is the soonest."""
        if self._rng.random() < 0.7:
            return None
        soonest = first_delivery(jst(at).date(), self._shop.rules(prefecture_id))
        return soonest + timedelta(days=self._rng.randrange(1, 8))

    def _count_rows(self) -> tuple[CountRow, ...]:
        """定期詳細設定 of the campaign they came by: none, a cheap start, a cheap start and a letter."""
        kind = self._rng.random()
        if kind < 0.5:
            return ()
        letter = (crowd.LEAFLET,) if kind > 0.75 else ()
        return (
            CountRow(round=1, prices=FIRST_PRICES, inserts=letter),
            CountRow(round=2, prices=SECOND_PRICES),
            *((CountRow(round=3, inserts=letter),) if letter else ()),
        )

    def _card(self, method: int) -> str:
        if method not in (crowd.CARD, crowd.DEFERRED) or self._rng.random() > 0.05:
            return "ok"
        return f"refuse at round {self._rng.randrange(2, 7)}"

    def _subscribe(self, new: NewOrder) -> None:
        order = self._office.checkout.place(new)
        subs = self._shop.subs[order.subs_id or 0]
        self._describe(subs)
        self._plan_shipping(order)
        self._plan_renewal(subs)
        self._plan_departure(subs)

    def _describe(self, subs: SubsOrder) -> None:
        rng = self._rng
        if rng.random() < 0.08:
            subs.point_redeem = rng.choice((50, 100, 300))
        if rng.random() < 0.04:
            subs.next_coupon = Coupon(*crowd.COUPON)
        if rng.random() < 0.03:
            subs.adjustment = -100
        if rng.random() < 0.05:
            subs.memo01 = rng.choice(("置き配希望", "毎回カタログ不要〜", "㈱見本物産 宛"))
        self._shop.touch(subs)

    def _plan_renewal(self, subs: SubsOrder) -> None:
        """The night of its creation day, or the next one when that is already past."""
        if not self._shop.waits(subs):
            return
        if self._rng.random() < 0.02 and not subs.skipped:
            self._office.renewals.skip(subs)
        night = at_jst(self._shop.create_on(subs), *NIGHTLY)
        while night <= self._shop.clock.now():
            night += timedelta(days=1)
        self._plan(night, partial(self._renew, subs))

    def _renew(self, subs: SubsOrder) -> None:
        if self._shop.waits(subs) and self._shop.create_on(subs) <= self._shop.today():
            order = self._office.renewals.create(subs, "system")
            self._plan_shipping(order)
            self._after_refusal(subs, order)
        self._plan_renewal(subs)

    def _after_refusal(self, subs: SubsOrder, order: Order) -> None:
        """Most who are refused change their card on the next morning; the others stay refused."""
        if order.payment.state == wire.PAY_AUTH_FAILED and self._rng.random() < 0.7:
            self._plan(
                at_jst(self._shop.today() + timedelta(days=1), *HEALS_AT), partial(self._heal, subs, order)
            )

    def _heal(self, subs: SubsOrder, order: Order) -> None:
        self._office.change_card(self._shop.customers[subs.customer_id], "ok")
        if order.payment.state in REAUTH_FROM:
            self._office.payments.reauth(order)
        self._shop.clear_marks(subs)
        self._plan_shipping(order)

    def _plan_departure(self, subs: SubsOrder) -> None:
        """A few stop or leave, some time after the start."""
        chance = self._rng.random()
        if chance > 0.15:
            return
        state = wire.SUBS_CANCELED if chance < 0.1 else wire.SUBS_SUSPEND
        at = self._shop.now() + timedelta(days=self._rng.randrange(10, 300), hours=1)
        self._plan(at, partial(self._office.renewals.set_state, subs, state, "admin"))

    # --- one-off orders ---

    def _plan_one_off(self, place: int) -> None:
        rng = self._rng
        day = jst(self._until).date() - timedelta(days=rng.randrange(0, ONE_OFF_DAYS))
        at = at_jst(day, rng.randrange(8, 23), rng.randrange(60), rng.randrange(60))
        method = crowd.choose(rng, crowd.PAYMENTS)
        items = crowd.basket(rng, crowd.ONCE)
        several = rng.random() < SEVERAL_ADDRESSES
        if several and len(items) == 1:
            items += ((next(sku for sku in crowd.ONCE if sku != items[0][0]), 1),)
        order = NewOrder(
            customer=NewCustomer(email=f"tanpin-{place:06d}@example.jp", point=rng.choice((0, 0, 500))),
            billing=crowd.address(rng),
            shipping=(crowd.address(rng), crowd.address(rng)) if several else (),
            item_addresses=tuple(place % 2 for place in range(len(items))) if several else (),
            items=items,
            payment_method_id=method,
            point=rng.choice((0, 0, 0, 100)),
            remark=crowd.remark(rng),
            delivery_time=rng.choice(crowd.TIME_SLOTS) if rng.random() < 0.3 else None,
        )
        self._plan(at, lambda: self._plan_shipping(self._office.checkout.place(order)))

    # --- what the warehouse did ---

    def _plan_shipping(self, order: Order) -> None:
        if order.ship_planned_at is not None:
            at = max(order.ship_planned_at + timedelta(hours=SHIPS_AT[0]), self._shop.now())
            self._plan(at, partial(self._ship, order))

    def _ship(self, order: Order) -> None:
        """Slips, sales and 発送完了, for what is paid for; once."""
        ready = (wire.PAY_AUTHED, wire.PAY_EXAM_COMPLETED, wire.PAY_COD_AUTHED)
        if order.payment.state not in ready or order.state != wire.STATE_COMPLETE:
            return
        now = self._shop.now()
        for address in order.shipping:
            slip = f"{FIRST_SLIP + address.id:012d}"
            self._office.shipping.record(Result(order, address, slip, now, None), via="seeding")
        self._office.shipping.sell([order])
        self._shop.set_state(order, wire.STATE_SHIPPED, "seeding")
