"""Webhooks (Webhook通知): tells the shop's endpoints what happened, once, or not at all (spec/ecforce.md §4).

The body is rendered when it happens; it leaves a little later, through the agenda, and nobody waits for it. No event
id, no time, no second try: a receiver may take it for a hint and never for the truth. Loss, doubles, delay and
overtaking are dice with a seed. Dangerous: order_complete and order_completed are two events.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from connector.adapters.ecforce import wire
from connector.sandbox.cart.agenda import Agenda
from connector.sandbox.cart.jobs import Job
from connector.sandbox.cart.links import WebhookEndpoint
from connector.sandbox.cart.liquid import Template
from connector.sandbox.cart.model import Customer, Order, SubsOrder, Variant
from connector.sandbox.cart.shop import Shop
from connector.sandbox.cart.webhook_bodies import DEFAULTS, Record, scope_of

CATEGORIES: Final = {
    "url": "広告URL",
    "order": "受注",
    "subs_order": "定期受注",
    "payment": "決済",
    "credit_card": "クレジットカード",
    "customer": "顧客",
    "address": "住所",
    "product": "商品",
    "job": "ジョブ",
}
EVENTS: Final = {  # of url, credit_card and address no name is known (§4): nothing is ever sent for them
    "order": (
        "order_created",
        "order_updated",
        "order_completed",
        "order_complete",
        "order_shipped",
        "order_delivered",
        "order_canceled",
    ),
    "subs_order": (
        "subs_order_created",
        "subs_order_updated",
        "subs_order_active",
        "subs_order_suspend",
        "subs_order_canceled",
    ),
    "payment": tuple(f"payment_{state}" for state in wire.PAYMENT_STATES),
    "customer": (
        "customer_created",
        "customer_updated",
        "customer_destroyed",
        "customer_member",
        "customer_cancel",
    ),
    "product": ("product_created", "product_updated", "product_destroyed"),
    "job": ("job_completed",),
}
DEPRECATED: Final = frozenset(  # 非推奨: sent, and noisy
    f"{category}_{what}"
    for category in ("customer", "order", "subs_order")
    for what in ("created", "updated")
)
BORN: Final = ("placed", "generated")


class Fate(StrEnum):
    """What became of one delivery."""

    WAITING = "waiting"
    LOST = "lost"
    DELIVERED = "delivered"
    REFUSED = "refused"  # any answer but 2xx; nobody tries again
    UNREACHED = "unreached"


@dataclass(slots=True)
class Delivery:
    """One line of the delivery log."""

    id: int
    event: str
    url: str
    key: str
    body: bytes
    at: datetime
    due_at: datetime
    fate: Fate = Fate.WAITING
    twin: bool = False  # a duplicate
    status: int | None = None
    words: str = ""


class Webhooks:
    """Turns what happens in the shop into deliveries; `courier.py` carries them."""

    def __init__(self, shop: Shop, agenda: Agenda, rng: random.Random) -> None:
        self._shop, self._agenda, self._rng = shop, agenda, rng
        self.log: list[Delivery] = []
        self._ready: list[Delivery] = []
        self._templates: dict[str, Template] = {}
        self._known: dict[int, tuple[str, bool]] = {}  # a customer's state, and whether it is deleted
        shop.listeners.append(self.hear)

    @property
    def endpoints(self) -> tuple[WebhookEndpoint, ...]:
        return self._shop.settings.webhooks

    def ready(self) -> bool:
        """Whether deliveries are due that nobody has carried yet."""
        return bool(self._ready)

    def take(self) -> list[Delivery]:
        """The deliveries that are due, in the order in which they leave."""
        taken, self._ready = self._ready, []
        return taken

    # --- hearing ---

    def hear(self, record: Record, kind: str, before: str | None, after: str | None) -> None:
        """Something was written into a timeline, or a record is new or changed."""
        if not self.endpoints:
            return
        for category, event in self._events(record, kind, after):
            self.tell(category, event, record)

    def hear_job(self, job: Job) -> None:
        self.tell("job", "job_completed", job)

    def _events(self, record: Record, kind: str, after: str | None) -> Iterator[tuple[str, str]]:
        if isinstance(record, Order):
            yield from self._of_order(record, kind, after)
        elif isinstance(record, SubsOrder):
            what = "created" if kind == "created" else "updated"
            yield "subs_order", f"subs_order_{what}"
            if kind == "state":
                yield "subs_order", f"subs_order_{after}"
        elif isinstance(record, Customer):
            yield from self._of_customer(record, kind)
        elif isinstance(record, Variant):
            gone = "destroyed" if record.deleted_at is not None else kind
            yield "product", f"product_{gone}"

    def _of_order(self, order: Order, kind: str, after: str | None) -> Iterator[tuple[str, str]]:
        if kind in BORN:
            # 注文確定 is told with the first payment, the whole order once no thanks offer can change it any more.
            self._later(0, "order_complete", order)
            self._later(self._shop.settings.thanks_offer_s, "order_completed", order)
            yield "order", "order_created"
            return
        yield "order", "order_updated"
        if kind == "state" and f"order_{after}" in EVENTS["order"]:
            yield "order", f"order_{after}"
        if kind == "payment_state":
            yield "payment", f"payment_{after}"

    def _later(self, seconds: float, event: str, order: Order) -> None:
        due = self._shop.now() + timedelta(seconds=seconds)
        self._agenda.add(due, lambda: self.tell("order", event, order))

    def _of_customer(self, customer: Customer, kind: str) -> Iterator[tuple[str, str]]:
        now = customer.profile.state, customer.deleted_at is not None
        before = self._known.get(customer.id, now if kind != "created" else ("", False))
        self._known[customer.id] = now
        if now[1]:
            if not before[1]:
                yield "customer", "customer_destroyed"
            return
        yield "customer", "customer_created" if kind == "created" else "customer_updated"
        if now[0] != before[0] and (event := f"customer_{now[0]}") in EVENTS["customer"]:
            yield "customer", event

    # --- telling ---

    def tell(self, category: str, event: str, record: Record) -> None:
        """Render and enter one delivery for each endpoint of this event."""
        for endpoint in self.endpoints:
            if (endpoint.category, endpoint.event) == (category, event):
                template = self._template(endpoint.template or DEFAULTS[category])
                body = template.render(scope_of(self._shop, category, record)).encode()
                self._enter(endpoint, record, body)

    def _template(self, text: str) -> Template:
        if text not in self._templates:
            self._templates[text] = Template.read(text)
        return self._templates[text]

    def _enter(self, endpoint: WebhookEndpoint, record: Record, body: bytes) -> None:
        wish, dice, now = self._shop.settings.webhook_mischief, self._rng.random, self._shop.now()
        lost, late, overtaken = dice() < wish.loss, dice() < wish.delay, dice() < wish.reorder
        wait = wish.delay_s if late else 0.0
        if overtaken:
            wait += dice() * wish.reorder_s
        twice = dice() < wish.duplicate
        for twin in (False, True) if twice else (False,):
            due_at = now + timedelta(seconds=wait + (dice() * wish.reorder_s if twin else 0))
            key = str(getattr(record, "number", getattr(record, "id", "")))
            one = Delivery(len(self.log) + 1, endpoint.event, endpoint.url, key, body, now, due_at, twin=twin)
            self.log.append(one)
            if lost:
                one.fate = Fate.LOST
            else:
                self._agenda.add(due_at, self._leaving(one))

    def _leaving(self, delivery: Delivery) -> Callable[[], Any]:
        return lambda: self._ready.append(delivery)

    def clear(self) -> None:
        """After a reset nothing is under way."""
        self.log.clear()
        self._ready.clear()
        self._known.clear()


def proved(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    """The endpoint, if the screen would save it. Raises ValueError with the reason.

    The sandbox sends to this machine only; the real one sends anywhere.
    """
    if endpoint.category not in CATEGORIES:
        raise ValueError(f"no category {endpoint.category!r}; known: {', '.join(CATEGORIES)}")
    known = EVENTS.get(endpoint.category)
    if known is not None and endpoint.event not in known:
        raise ValueError(f"no event {endpoint.event!r} of {endpoint.category}; known: {', '.join(known)}")
    url = urlsplit(endpoint.url)
    if url.scheme not in ("http", "https") or not _is_loopback(url.hostname or ""):
        raise ValueError(f"{endpoint.url!r} is no http(s) address on loopback")
    Template.read(endpoint.template)
    return endpoint


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
