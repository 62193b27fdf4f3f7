"""Shop (店舗): everything the cart keeps; ids and numbers are drawn here.

Dangerous: 受注ID is drawn when a checkout starts, so a newer order may carry a smaller id (§10.1); numbers are
ten hex digits that a spreadsheet may take for a figure.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from connector.clock import Clock, at_jst, jst
from connector.sandbox.cart.model import (
    Address,
    Customer,
    Goods,
    NewCustomer,
    Order,
    PostalAddress,
    SubsOrder,
    TimelineEntry,
    Variant,
)
from connector.sandbox.cart.settings import Carrier, CartSettings, DeliveryTime, PaymentMethod
from connector.sandbox.history import History
from connector.subscriptions.cycle import Rules

LONGEST_CHECKOUT_S = 3600
FIRST_VARIANT, FIRST_PRODUCT = 501, 201


class Shop:
    """The state of the cart, in memory."""

    def __init__(self, clock: Clock, settings: CartSettings, history: History, rng: random.Random) -> None:
        self.clock, self.settings, self.history, self.rng = clock, settings, history, rng
        self.variants: dict[str, Variant] = {}
        self.orders: dict[int, Order] = {}
        self.subs: dict[int, SubsOrder] = {}
        self.customers: dict[int, Customer] = {}
        self.order_by_number: dict[str, Order] = {}
        self.order_by_access_id: dict[str, Order] = {}
        self.customer_by_email: dict[str, Customer] = {}
        self.warnings: list[str] = []
        self._next = dict(settings.first_ids)
        self._numbers: set[str] = set()
        self._started_checkouts: list[int] = []

    # --- time ---

    def now(self) -> datetime:
        """This second: the cart keeps no fractions."""
        return self.clock.now().replace(microsecond=0)

    def today(self) -> date:
        return jst(self.clock.now()).date()

    def rules(self, prefecture_id: int) -> Rules:
        """The date rules for a delivery to this prefecture."""
        wish = self.settings
        return Rules(
            lead_days=wish.lead_days(prefecture_id),
            origin=wish.origin,
            days_before=wish.days_before,
            min_gap_days=wish.min_gap_days,
            is_closed=wish.is_closed,
        )

    # --- ids and numbers ---

    def draw(self, kind: str) -> int:
        """The next id of this kind."""
        number = self._next[kind]
        while kind == "order" and number in self.orders:
            number += 1
        self._next[kind] = number + 1
        return number

    def draw_order_id(self) -> tuple[int, datetime]:
        """A 受注ID and the instant its checkout started."""
        now = self.now()
        if self._started_checkouts and self.rng.random() < self.settings.slow_checkouts:
            started_ago = timedelta(seconds=self.rng.randint(60, LONGEST_CHECKOUT_S))
            return self._started_checkouts.pop(0), now - started_ago
        if self.rng.random() < self.settings.slow_checkouts:
            self._started_checkouts.append(self.draw("order"))
        return self.draw("order"), now

    def draw_number(self) -> str:
        """Ten lower-case hex digits, never twice."""
        while (number := f"{self.rng.getrandbits(40):010x}") in self._numbers:
            pass
        self._numbers.add(number)
        return number

    # --- entering ---

    def seed_goods(self, goods: Iterable[Goods]) -> None:
        for each in goods:
            place, now = len(self.variants), self.now()
            self.variants[each.sku] = Variant(
                id=FIRST_VARIANT + place,
                product_id=FIRST_PRODUCT + place,
                goods=each,
                stock=each.stock,
                created_at=now,
                updated_at=now,
            )

    def customer(self, new: NewCustomer, billing: PostalAddress) -> Customer:
        """The customer with this e-mail address, entered if new."""
        known = self.customer_by_email.get(new.email)
        if known is not None:
            return known
        now = self.now()
        customer = Customer(
            id=self.draw("customer"),
            number=new.number or self.draw_number(),
            email=new.email,
            point=new.point,
            blacklist=new.blacklist,
            billing=self.address(billing),
            created_at=now,
            updated_at=now,
        )
        self.customers[customer.id] = self.customer_by_email[customer.email] = customer
        return customer

    def address(self, postal: PostalAddress, id_: int | None = None) -> Address:
        now = self.now()
        return Address(self.draw("address") if id_ is None else id_, postal, now, now)

    def add_order(self, order: Order) -> None:
        self.orders[order.id] = self.order_by_number[order.number] = order
        self._numbers.add(order.number)
        self.customers[order.customer_id].order_ids.append(order.id)

    def add_subs(self, subs: SubsOrder) -> None:
        self.subs[subs.id] = subs
        self.customers[subs.customer_id].subs_ids.append(subs.id)

    # --- looking up ---

    def method(self, id_: int) -> PaymentMethod | None:
        return next((method for method in self.settings.payment_methods if method.id == id_), None)

    def carrier(self, id_: int) -> Carrier | None:
        return next((carrier for carrier in self.settings.carriers if carrier.id == id_), None)

    def carrier_named(self, name: str) -> Carrier | None:
        return next((carrier for carrier in self.settings.carriers if carrier.name == name), None)

    def default_carrier(self) -> Carrier:
        carriers = self.settings.carriers
        return next((carrier for carrier in carriers if carrier.default), carriers[0])

    def delivery_time(self, id_: int) -> DeliveryTime | None:
        times = (time for carrier in self.settings.carriers for time in carrier.delivery_times)
        return next((time for time in times if time.id == id_), None)

    def delivery_time_named(self, text: str) -> DeliveryTime | None:
        times = (time for carrier in self.settings.carriers for time in carrier.delivery_times)
        return next((time for time in times if time.time == text), None)

    def variant_by_id(self, id_: int) -> Variant | None:
        return next((variant for variant in self.variants.values() if variant.id == id_), None)

    def parent(self, order: Order) -> SubsOrder | None:
        return None if order.subs_id is None else self.subs[order.subs_id]

    # --- keeping book ---

    def touch(self, record: Order | SubsOrder | Customer | Variant) -> None:
        record.updated_at = self.now()

    def note(
        self,
        record: Order | SubsOrder,
        actor: str,
        kind: str,
        before: str | None = None,
        after: str | None = None,
    ) -> None:
        """One line in the record's timeline, which also makes it newer."""
        record.timeline.append(TimelineEntry(self.now(), actor, kind, before, after))
        self.touch(record)

    def set_state(self, order: Order, code: str, actor: str) -> None:
        """対応状況. Never touches the payment (§3.1)."""
        if order.state == code:
            return
        before, order.state = order.state, code
        self.note(order, actor, "state", before, code)
        self.history.add("state_changed", order.number, before=before, after=code, actor=actor)

    def warn(self, words: str) -> None:
        """Something a real shop would never be told; kept for the control plane."""
        self.warnings.append(words)


def midnight(day: date) -> datetime:
    """The instant a planned date is stored as: 00:00:00 in Japan (§7.3)."""
    return at_jst(day)


def planned_on(at: datetime) -> date:
    """The Japanese date of a planned instant."""
    return jst(at).date()
