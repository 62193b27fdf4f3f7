"""Shop (店舗): everything the cart keeps; ids and numbers are drawn here.

Dangerous: 受注ID is drawn when a checkout starts, so a newer order may carry a smaller id (§10.1); numbers are
ten hex digits that a spreadsheet may take for a figure.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from functools import cache, lru_cache

from connector.adapters.ecforce import wire
from connector.clock import Clock, at_jst, jst
from connector.sandbox.cart.due_days import DueDays
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
from connector.subscriptions.cycle import Rules, create_day

Listener = Callable[[Order | SubsOrder | Customer | Variant, str, str | None, str | None], object]

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
        self.children: dict[tuple[int, int], int] = {}  # 受注ID by subscription and nth: never two (§7.4)
        self.due = DueDays()
        self.changed_orders: set[int] = set()
        self.changed_subs: set[int] = set()
        self.warnings: list[str] = []
        self.listeners: list[Listener] = []
        self._rules: dict[int, Rules] = {}
        self._next = dict(settings.first_ids)
        self._numbers: set[str] = set()
        self._started_checkouts: list[int] = []

    def clear(self) -> None:
        """Nobody has bought anything yet: goods stay with the stock they have, ids begin again."""
        for book in (
            self.orders,
            self.subs,
            self.customers,
            self.order_by_number,
            self.order_by_access_id,
            self.customer_by_email,
            self.children,
        ):
            book.clear()
        self.changed_orders.clear()
        self.changed_subs.clear()
        self.warnings.clear()
        self.due = DueDays()
        self._next = dict(self.settings.first_ids)
        self._numbers.clear()
        self._started_checkouts.clear()

    # --- time ---

    def now(self) -> datetime:
        """This second: the cart keeps no fractions."""
        return self.clock.now().replace(microsecond=0)

    def today(self) -> date:
        return jst(self.clock.now()).date()

    def rules(self, prefecture_id: int) -> Rules:
        """The date rules for a delivery to this prefecture."""
        known = self._rules.get(prefecture_id)
        if known is None:
            wish = self.settings
            known = self._rules[prefecture_id] = Rules(
                lead_days=wish.lead_days(prefecture_id),
                origin=wish.origin,
                days_before=wish.days_before,
                min_gap_days=wish.min_gap_days,
                is_closed=cache(wish.is_closed),
            )
        return known

    def adopt(self, settings: CartSettings) -> None:
        """Other settings from now on. Dates that were planned stay; the nights they are created on follow."""
        self.settings = settings
        self._rules.clear()
        for subs in self.subs.values():
            self._enter_due(subs)

    # --- the nights ---

    def create_on(self, subs: SubsOrder) -> date:
        """On which day the next child is to be created, from the dates the parent carries now."""
        rules = self.rules(subs.shipping.postal.prefecture_id)
        return create_day(planned_on(subs.next_ship_at), planned_on(subs.next_delivery_at), rules)

    def waits(self, subs: SubsOrder) -> bool:
        """Whether it waits for its day at all (§7.4)."""
        if subs.state != wire.SUBS_ACTIVE or subs.deleted_at is not None or subs.remaining_orders == 0:
            return False
        return not any(reason in self.settings.blocking_tbc_reasons for reason in subs.tbc_reasons)

    def _enter_due(self, subs: SubsOrder) -> None:
        self.due.enter(subs.id, self.create_on(subs) if self.waits(subs) else None)

    # --- ids and numbers ---

    def draw(self, kind: str) -> int:
        """The next id of this kind."""
        number = self._next.setdefault(kind, 1)
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
            self.tell(self.variants[each.sku], "created")

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
        self.tell(customer, "created")
        return customer

    def address(self, postal: PostalAddress, id_: int | None = None) -> Address:
        now = self.now()
        return Address(self.draw("address") if id_ is None else id_, postal, now, now)

    def add_order(self, order: Order) -> None:
        if order.subs_id is not None and order.nth is not None:
            if (order.subs_id, order.nth) in self.children:
                raise ValueError(f"subscription {order.subs_id} already has its order {order.nth}")
            self.children[order.subs_id, order.nth] = order.id
        self.orders[order.id] = self.order_by_number[order.number] = order
        self._numbers.add(order.number)
        self.changed_orders.add(order.id)
        self.customers[order.customer_id].order_ids.append(order.id)

    def add_subs(self, subs: SubsOrder) -> None:
        self.subs[subs.id] = subs
        self.customers[subs.customer_id].subs_ids.append(subs.id)
        self.touch(subs)
        self.tell(subs, "created")

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
        """It is newer now; a subscription also stands under the night that its dates say."""
        record.updated_at = self.now()
        if isinstance(record, Order):
            self.changed_orders.add(record.id)
        elif isinstance(record, SubsOrder):
            self.changed_subs.add(record.id)
            self._enter_due(record)
        else:
            self.tell(record, "updated")

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
        self.tell(record, kind, before, after)

    def set_state(self, order: Order, code: str, actor: str) -> None:
        """対応状況. Never touches the payment (§3.1)."""
        if order.state == code:
            return
        before, order.state = order.state, code
        self.note(order, actor, "state", before, code)
        self.history.add("state_changed", order.number, before=before, after=code, actor=actor)

    def mark(self, record: Order | SubsOrder, reason: str, actor: str = "system") -> None:
        """要対応 with this reason, once."""
        if reason not in record.tbc_reasons:
            record.tbc_reasons.append(reason)
            self.note(record, actor, "tbc", after=reason)

    def clear_marks(self, record: Order | SubsOrder) -> None:
        """要対応 「いいえ」 in the admin screen: deletes the reasons (§7.10)."""
        if record.tbc_reasons:
            before, record.tbc_reasons = ",".join(record.tbc_reasons), []
            self.note(record, "admin", "tbc", before)

    def tell(
        self,
        record: Order | SubsOrder | Customer | Variant,
        kind: str,
        before: str | None = None,
        after: str | None = None,
    ) -> None:
        """Whoever listens (webhooks, the link to Next Engine) hears it."""
        for hear in self.listeners:
            hear(record, kind, before, after)

    def warn(self, words: str) -> None:
        """Something a real shop would never be told; kept for the control plane."""
        self.warnings.append(words)


@lru_cache(maxsize=8192)
def midnight(day: date) -> datetime:
    """The instant a planned date is stored as: 00:00:00 in Japan (§7.3)."""
    return at_jst(day)


def planned_on(at: datetime) -> date:
    """The Japanese date of a planned instant."""
    return jst(at).date()
