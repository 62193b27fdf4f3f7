"""Double shop (二重出荷のある店): a month of a made-up shop, genuine repeats and injected doubles, and which is which.

Knows nothing of the guard: what is a double is decided here, when it is made. Rates of genuine patterns are those of a
cart with many subscriptions; everything follows from one seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.order import Address, Order, OrderLine, Origin, Recipient, Round
from connector.slip import NEStatus, Slip, SlipRow
from msgspec.structs import replace

from tests.unit.world import an_order

START = datetime(2026, 11, 1, 0, 0, tzinfo=UTC)  # the shop's start, 09:00 in Japan
DAYS = 30
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KINDS = ("round", "reimport", "copy", "split", "bundle", "hand_made", "go_live", "twin")
FAMILY = [a + b for a in "見例仮架試模" for b in "本示名空験型"] + [
    "髙見本",
    "見本澤",
    "濱見本",
    "渡邊見",
    "齋見本",
]
GIVEN = [a + b for a in "太一二三花美和正幸光" for b in "郎子代介美太人江"]
SKUS = [f"SKU-{n:03}" for n in range(40)]
MODERN = str.maketrans("髙澤濱邊齋", "高沢浜辺斎")


@dataclass(frozen=True)
class Person:
    name: str
    phone: str
    zip_code: str
    town: str
    house: str


@dataclass(frozen=True)
class Event:
    """A slip that becomes ready (`relay`) or is shown as gone (`shown`), or news of one (`result`, `return`)."""

    at: datetime
    what: str
    slip: Slip
    orders: tuple[Order, ...] = ()
    pattern: str = "plain"
    double: str = ""  # which kind of double it is, "" for a genuine one
    of: str = ""  # the slip it doubles
    lines: tuple[tuple[str, int], ...] = ()


@dataclass
class DoubleShop:
    seed: int
    size: int = 20_000  # genuine shipments, at least
    doubles: int = 300
    events: list[Event] = field(default_factory=list)
    sent: list[Event] = field(default_factory=list)  # plain ones that may be doubled
    numbers: int = 100_000
    made: int = 0
    tied: set[str] = field(default_factory=set)  # slips that a pattern or a double uses already

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self._genuine()
        for n in range(self.doubles):
            getattr(self, "_" + KINDS[n % len(KINDS)])()
        self.events.sort(key=lambda one: (one.at, one.slip.number))

    # --- words of this little world ---

    def number(self) -> str:
        self.numbers += 1
        return str(self.numbers)

    def person(self, **same: str) -> Person:
        n = self.number()
        fields = {
            "name": f"{self.rng.choice(FAMILY)} {self.rng.choice(GIVEN)}",
            "phone": f"000-{n[:2]}0-{n[2:]}",
            "zip_code": f"000-{self.rng.randrange(10_000):04}",
            "town": f"見本県例示市仮名{self.rng.randrange(1, 30)}町",
            "house": "-".join(str(self.rng.randrange(1, 20)) for _ in range(3)),
        }
        return Person(**(fields | same))

    def basket(self) -> tuple[tuple[str, int], ...]:
        skus = self.rng.sample(SKUS[: 8 if self.rng.random() < 0.7 else 40], self.rng.choice((1, 1, 1, 2)))
        return tuple((sku, self.rng.choice((1, 1, 1, 2))) for sku in sorted(skus))

    def order(self, who: Person, goods: tuple[tuple[str, int], ...], at: datetime, **more: Any) -> Order:
        number = self.number()
        address = Address(
            name=who.name, zip_code=who.zip_code, city=who.town, street=who.house, phone=who.phone
        )
        lines = tuple(
            OrderLine(
                line_id=n, sku=sku, product_number=sku, name=sku, unit_price=1100, quantity=q, tax_rate=10
            )
            for n, (sku, q) in enumerate(goods, 1)
        )
        fields: dict[str, Any] = {"placed_at": at, "updated_at": at, "lines": lines, "ship_on": at.date()}
        fields["recipients"] = (Recipient(address_id=1, address=address),)
        return an_order(f"EC-{number}", cart_order_id=int(number), **(fields | more))

    def slip(self, who: Person, goods: tuple[tuple[str, int], ...], at: datetime, **more: Any) -> Slip:
        rows = [
            SlipRow(no=n, sku=sku, name=sku, quantity=q, unit_price=1100)
            for n, (sku, q) in enumerate(goods, 1)
        ]
        if self.rng.random() < 0.4:  # a leaflet
            rows.append(
                SlipRow(no=len(rows) + 1, sku=f"FREE-{at.month}", name="同梱物", quantity=1, unit_price=0)
            )
        number = self.number()
        fields: dict[str, Any] = {
            "order_number": "",
            "ne_shop_id": "1",
            "status": NEStatus.PRINT_WAIT,
            "name": who.name,
            "phone": who.phone,
            "zip_code": who.zip_code,
            "address1": who.town + who.house,
            "ordered_at": at,
            "created_at": at,
            "lock": number,
            "prepayment": False,
            "rows": tuple(rows),
        }
        return Slip(number=number, **(fields | more))

    def relay(self, slip: Slip, at: datetime, *orders: Order, pattern: str = "plain", **more: Any) -> Event:
        one = Event(at, "relay", slip, orders, pattern, **more)
        self.events.append(one)
        self.made += 1
        return one

    def buys(
        self,
        who: Person,
        goods: tuple[tuple[str, int], ...],
        at: datetime,
        pattern: str = "plain",
        **more: Any,
    ) -> Event:
        order = self.order(who, goods, at, **more)
        slip = self.slip(who, goods, at, order_number=order.number)
        one = self.relay(slip, at + HOUR, order, pattern=pattern)
        if pattern == "plain":
            self.sent.append(one)
        return one

    def some_day(self, last: int = DAYS) -> datetime:
        return START + timedelta(minutes=self.rng.randrange(last * 24 * 60))

    # --- what is genuine ---

    def _genuine(self) -> None:
        patterns: tuple[tuple[float, Callable[[], None]], ...] = (
            (0.50, self._subscriber),
            (0.30, lambda: void(self.buys(self.person(), self.basket(), self.some_day()))),
            (0.03, self._again_next_day),
            (0.04, self._household),
            (0.01, self._present),
            (0.01, self._two_rounds_bundled),
            (0.01, self._parts),
            (0.006, self._copied_after_unshippable),
            (0.003, self._sent_again_after_return),
            (0.002, self._rest_of_a_partial),
            (0.008, self._by_phone),
            (0.004, self._company),
            (0.004, self._subscription_and_more),
            (0.002, self._old_link_round_before),
            (0.0006, self._really_twice),
        )
        chances, makers = zip(*patterns, strict=True)
        while self.made < self.size:
            self.rng.choices(makers, chances)[0]()

    def _subscriber(self) -> None:
        who, goods = self.person(), self.basket()
        every, contract, nth = (
            self.rng.choice((7, 14, 14, 30, 30, 30)),
            int(self.number()),
            self.rng.randrange(1, 20),
        )
        at = START + DAY * self.rng.randrange(every) + timedelta(hours=15.5)
        while at < START + DAY * DAYS:
            its = Round(subscription_id=contract, number=f"S{contract}", round=nth)
            self.buys(who, goods, at, origin=Origin.GENERATED, subscription=its)
            at, nth = at + DAY * every, nth + 1

    def _again_next_day(self) -> None:
        who, goods, at = self.person(), self.basket(), self.some_day()
        self.buys(who, goods, at, "again")
        self.buys(who, goods, at + timedelta(hours=self.rng.uniform(14, 60)), "again")

    def _household(self) -> None:
        one, goods, at = self.person(), self.basket(), self.some_day()
        family = one.name.split()[0]
        for given in self.rng.sample(GIVEN, 2):
            other = replace_person(one, name=f"{family} {given}")
            self.buys(other, goods, at + timedelta(minutes=self.rng.randrange(90)), "household")

    def _present(self) -> None:
        who, goods, at = self.person(), self.basket(), self.some_day()
        self.buys(who, goods, at, "present")
        same_name = {"name": who.name, "phone": who.phone} if self.rng.random() < 0.2 else {}
        self.buys(self.person(**same_name), goods, at + HOUR * 0.2, "present")

    def _two_rounds_bundled(self) -> None:
        who, goods, at, contract = self.person(), self.basket(), self.some_day(20), int(self.number())
        made = [
            self.order(who, goods, at, origin=Origin.GENERATED,
                       subscription=Round(subscription_id=contract, number="S", round=n))
            for n in (3, 4)
        ]  # fmt: skip
        self._bundle_of(who, goods, made, at, "bundled")
        its = Round(subscription_id=contract, number="S", round=5)
        self.buys(who, goods, at + DAY * 7, "bundled", origin=Origin.GENERATED, subscription=its)

    def _bundle_of(
        self, who: Person, goods: tuple[tuple[str, int], ...], made: list[Order], at: datetime, pattern: str
    ) -> tuple[Slip, Slip, Event]:
        """Two orders, two slips, the second goes into the first."""
        stays = self.slip(who, goods, at, order_number=made[0].number)
        goes = self.slip(who, goods, at, order_number=made[1].number)
        taken = tuple(
            replace(row, no=row.no + 10, from_slip=goes.number, from_row=row.no) for row in goes.rows
        )
        stays = replace(stays, rows=stays.rows + taken)
        gone = replace(goes, cancel_type="3", merged_into=stays.number, cancelled_at=at, lock="m" + goes.lock)
        self.events.append(Event(at, "seen", gone, tuple(made), pattern))
        return stays, goes, self.relay(stays, at + HOUR, pattern=pattern)

    def _parts(self) -> None:
        who, at = self.person(), self.some_day()
        goods = (("SKU-001", 3), ("SKU-002", 1))
        order = self.order(who, goods, at)
        first = self.slip(who, (("SKU-001", 2),), at, order_number=order.number)
        rest = (("SKU-001", 1), ("SKU-002", 1))
        second = self.slip(who, rest, at, order_number=order.number, split_from=first.number)
        self.relay(first, at + HOUR, order, pattern="parts")
        self.relay(second, at + HOUR + DAY * self.rng.randrange(4), pattern="parts")

    def _copied_after_unshippable(self) -> None:
        one = self.buys(self.person(), self.basket(), self.some_day(), "unshippable")
        self.events.append(Event(one.at + DAY, "unshippable", one.slip))
        copy = replace(one.slip, number=self.number(), copied_from=one.slip.number, created_at=one.at + DAY)
        self.relay(copy, one.at + DAY + HOUR, pattern="unshippable")

    def _sent_again_after_return(self) -> None:
        one = self.buys(self.person(), self.basket(), self.some_day(), "returned")
        lines = tuple((row.sku, row.quantity) for row in one.slip.rows)
        self.events.append(Event(one.at + DAY * 5, "return", one.slip, lines=lines))
        copy = replace(
            one.slip, number=self.number(), copied_from=one.slip.number, created_at=one.at + DAY * 5
        )
        self.relay(copy, one.at + DAY * 5 + HOUR, pattern="returned")

    def _rest_of_a_partial(self) -> None:
        one = self.buys(self.person(), (("SKU-003", 3),), self.some_day(), "partial")
        self.events.append(Event(one.at + DAY, "partial", one.slip, lines=(("SKU-003", 2),)))
        rows = (replace(one.slip.rows[0], quantity=1),)
        rest = {"split_from": one.slip.number, "created_at": one.at + DAY, "rows": rows}
        self.relay(replace(one.slip, number=self.number(), **rest), one.at + DAY * 2, pattern="partial")

    def _by_phone(self) -> None:
        """Hand-made slips of people who order by telephone; some customers do so every few days."""
        who, goods, at = self.person(), self.basket(), self.some_day(20)
        for n in range(self.rng.choice((1, 1, 3))):
            then = at + DAY * 3 * n
            self.relay(self.slip(who, goods, then), then + HOUR, pattern="by_phone")

    def _company(self) -> None:
        """The same goods every working day, and colleagues at the same address who like them too."""
        who, goods = self.person(name=f"株式会社見本{self.number()}"), self.basket()
        for day in range(0, DAYS, 1):
            at = START + DAY * day + timedelta(hours=self.rng.uniform(0, 2))
            self.buys(who, goods, at, "company")
            if self.rng.random() < 0.1:
                self.buys(replace_person(who, name=f"見本 {self.rng.choice(GIVEN)}"), goods, at, "company")

    def _subscription_and_more(self) -> None:
        who, goods, at = self.person(), self.basket(), self.some_day()
        for _ in range(self.rng.choice((1, 2))):
            its = Round(subscription_id=int(self.number()), number="S", round=2)
            self.buys(who, goods, at, "parallel", origin=Origin.GENERATED, subscription=its)
        self.buys(who, goods, at + HOUR * 2, "parallel")

    def _old_link_round_before(self) -> None:
        who, goods, at = self.person(), self.basket(), START - DAY * self.rng.randrange(1, 8)
        self._shipped_elsewhere(who, goods, at, order_number=f"OLD-{self.number()}")
        self.buys(who, goods, at + DAY * 9, "old_link")

    def _shipped_elsewhere(
        self, who: Person, goods: tuple[tuple[str, int], ...], at: datetime, shipped_at: datetime | None = None,
        **more: Any,
    ) -> Slip:  # fmt: skip
        shipped_at = shipped_at or at + DAY
        slip = self.slip(who, goods, at, status=NEStatus.SHIPPED, shipped_at=shipped_at, **more)
        self.events.append(Event(max(START, shipped_at), "shown", slip))
        return slip

    def _really_twice(self) -> None:
        """Nobody but the customer knows that both are wanted: these are asked about."""
        who, goods, at = self.person(), self.basket(), self.some_day()
        self.buys(who, goods, at, "really_twice")
        self.buys(who, goods, at + HOUR, "really_twice")


def replace_person(who: Person, **more: str) -> Person:
    return Person(**(vars(who) | more))


def void(_: object) -> None:
    return None
