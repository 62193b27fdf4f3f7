"""People of the town (町の人々): what the shop sells, who buys it and when; all invented and seeded.

Each day has its own random stream, so a fault or a longer run never changes another day's orders. Names and
remarks are hard on purpose: most fit cp932, a few must not.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from connector.clock import at_jst, jst
from connector.sandbox.cart.crowd import (
    AMAZON,
    BANK,
    CARD,
    COD,
    COUPON,
    DEFERRED,
    GOODS,
    ONCE,
    OPENING_POINTS,
    PAYMENTS,
    RECURRING,
    SAGAWA,
    STOCK,
    SUBSCRIBERS_PAYMENTS,
    TIME_SLOTS,
    address,
    basket,
    choose,
    remark,
)
from connector.sandbox.cart.model import NewCustomer, NewOrder
from connector.subscriptions.cycle import Cycle, CycleKind, Rules, next_delivery, plan, usual_lead_days

__all__ = [
    "AMAZON",
    "BANK",
    "CARD",
    "COD",
    "DEFERRED",
    "GOODS",
    "HOURS",
    "PAYMENTS",
    "STOCK",
    "Signup",
    "Townsfolk",
    "Visit",
]

# Share of a day's orders per hour of the day, JST: the shop is busiest after dinner.
HOURS: Final = dict(enumerate((3, 4, 5, 5, 7, 5, 5, 5, 5, 6, 7, 9, 12, 13, 9), start=8))


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit to the shop, and what the visitor does afterwards."""

    at: datetime
    order: NewOrder
    cancels_after: timedelta | None = None
    pays_after: timedelta | None = None  # bank transfers


@dataclass(frozen=True, slots=True)
class Signup:
    """A subscription that began before the town opened; `renews_on` is its next nightly creation."""

    at: datetime
    order: NewOrder
    renews_on: date
    card_dies: bool


class Townsfolk:
    """Everybody who buys. `rate` is the average number of orders on a day."""

    def __init__(self, *, seed: int, rate: float) -> None:
        self._seed = seed
        self._rate = rate

    def visits(self, day: date) -> list[Visit]:
        """The day's visits in order of time."""
        rng = random.Random(f"{self._seed}/visits/{day}")
        count = max(0, round(rng.gauss(self._rate, self._rate**0.5)))
        times = sorted(_moment(rng, day) for _ in range(count))
        return [self._visit(rng, at, f"{day:%y%m%d}{place:05d}") for place, at in enumerate(times)]

    def signups(self, count: int, opens_on: date, span_days: int, rules: Rules) -> list[Signup]:
        """`count` subscriptions whose next renewals are spread over the first `span_days` nights."""
        rng = random.Random(f"{self._seed}/signups")
        found = [
            self._signup(rng, place, opens_on + timedelta(days=place % span_days), opens_on, rules)
            for place in range(count)
        ]
        return sorted(found, key=lambda signup: signup.at)

    def _visit(self, rng: random.Random, at: datetime, number: str) -> Visit:
        subscribes = rng.random() < 0.2
        method = choose(rng, SUBSCRIBERS_PAYMENTS if subscribes else PAYMENTS)
        order = NewOrder(
            customer=_customer(rng, number),
            billing=address(rng),
            shipping=(address(rng),) if rng.random() < 0.06 else (),
            items=basket(rng, RECURRING if subscribes else ONCE),
            payment_method_id=method,
            card=_card(rng, method),
            carrier_id=SAGAWA if rng.random() < 0.15 else None,
            delivery_time=rng.choice(TIME_SLOTS) if rng.random() < 0.4 else None,
            deliver_on=_wish(rng, at),
            remark=remark(rng),
            wrapping="ギフト包装" if rng.random() < 0.02 else None,
            coupon=COUPON[0] if (coupon := rng.random() < 0.08) else None,
            coupon_discount=COUPON[1] if coupon else 0,
            point=rng.randrange(50, 400, 50) if rng.random() < 0.1 else 0,
            cycle=_cycle(rng) if subscribes else None,
        )
        return Visit(at, order, _regret(rng), _transfer(rng) if method == BANK else None)

    def _signup(self, rng: random.Random, place: int, target: date, opens_on: date, rules: Rules) -> Signup:
        billing = address(rng)
        lead = usual_lead_days(billing.prefecture_id)
        own = Rules(lead, rules.origin, rules.days_before, rules.min_gap_days, rules.is_closed)
        delivery_on = target + timedelta(days=rules.days_before + lead)
        cycle, first_on = _cycle_reaching(rng, delivery_on)
        renews_on = plan(2, next_delivery(cycle, first_on), own).create_on
        if renews_on < opens_on:  # a closed day pulled it before the opening
            return self._signup(rng, place, target + timedelta(days=1), opens_on, rules)
        method = choose(rng, SUBSCRIBERS_PAYMENTS)
        order = NewOrder(
            customer=_customer(rng, f"subs{place:05d}"),
            billing=billing,
            items=basket(rng, RECURRING),
            payment_method_id=method,
            delivery_time=rng.choice(TIME_SLOTS) if rng.random() < 0.5 else None,
            deliver_on=first_on,
            cycle=cycle,
        )
        at = at_jst(first_on - timedelta(days=lead + 3), rng.randrange(9, 22), rng.randrange(60))
        return Signup(at, order, renews_on, card_dies=method == CARD and place % 10 == 0)


def _moment(rng: random.Random, day: date) -> datetime:
    hour = choose(rng, HOURS)
    return at_jst(day, hour, rng.randrange(60), rng.randrange(60))


def _customer(rng: random.Random, number: str) -> NewCustomer:
    return NewCustomer(email=f"kyaku-{number}@example.jp", point=OPENING_POINTS if rng.random() < 0.5 else 0)


def _card(rng: random.Random, method: int) -> str:
    return "decline" if method in (CARD, DEFERRED) and rng.random() < 0.035 else "ok"


def _wish(rng: random.Random, at: datetime) -> date | None:
    """A wished delivery day, never so soon that an honest shop could miss it."""
    return jst(at).date() + timedelta(days=rng.randrange(8, 15)) if rng.random() < 0.12 else None


def _regret(rng: random.Random) -> timedelta | None:
    """A few cancel within hours, fewer when the order has long been handed on."""
    chance = rng.random()
    if chance < 0.012:
        return timedelta(minutes=rng.randrange(10, 240))
    return timedelta(hours=rng.randrange(18, 48)) if chance < 0.02 else None


def _transfer(rng: random.Random) -> timedelta | None:
    return timedelta(minutes=rng.randrange(120, 4320)) if rng.random() < 0.9 else None


def _cycle(rng: random.Random) -> Cycle:
    kind = rng.choices(list(CycleKind), weights=(25, 65, 10))[0]
    if kind is CycleKind.TERM:
        return Cycle.every(rng.choice((30, 30, 45, 60)))
    if kind is CycleKind.DATE:
        return Cycle.monthly(1, rng.randrange(1, 29))
    return Cycle(CycleKind.DAY_OF_WEEK, months=1, nth=rng.randrange(1, 5), weekday=rng.randrange(7))


def _cycle_reaching(rng: random.Random, delivery_on: date) -> tuple[Cycle, date]:
    """A cycle and a first delivery about a month ago whose next delivery is this day."""
    month_ago = (delivery_on.replace(day=1) - timedelta(days=1)).replace(day=min(delivery_on.day, 28))
    if delivery_on.day <= 28 and rng.random() < 0.3:
        return Cycle.monthly(1, delivery_on.day), month_ago
    return Cycle.every(30), delivery_on - timedelta(days=30)
