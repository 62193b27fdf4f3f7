"""The cart's port (カート): ECFORCE, spec/ecforce.md."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from connector.order import Order
from connector.outcome import Effect, Facts, Hold, Reply, Stray
from connector.slip import Shipment
from connector.subscription import Subscription


@dataclass(frozen=True, slots=True)
class CartPage:
    """One page of orders, and the bytes it came in. `malformed` are orders that could not be read."""

    orders: tuple[Order, ...]
    malformed: tuple[Stray, ...]
    body: bytes
    total: int | None = None  # the cart's own count, where it says one


@dataclass(frozen=True, slots=True)
class SubscriptionPage:
    """One page of 定期受注, and the bytes it came in."""

    subscriptions: tuple[Subscription, ...]
    malformed: tuple[Stray, ...]
    body: bytes
    total: int | None = None


class Looked(dict[str, Order]):
    """What a look by id found, by order number. `malformed` are orders that are there and cannot be read."""

    def __init__(self, found: Mapping[str, Order] = {}, malformed: tuple[Stray, ...] = ()) -> None:
        super().__init__(found)
        self.malformed = malformed


class Cart(Protocol):
    """The shop's cart (ECFORCE), spec/ecforce.md."""

    def changed_since(self, since: datetime, until: datetime | None = None) -> AsyncIterator[CartPage]:
        """Every order updated at or after `since` (and before `until`), oldest change first, deleted ones too.

        Rows may move between pages while we read; reading again from an earlier `since` is always safe.
        """
        ...

    async def look(self, cart_order_ids: Sequence[int]) -> Looked:
        """These orders as the cart has them now, by order number; missing ones are absent, unreadable ones told."""
        ...

    def placed_between(self, since: datetime, until: datetime) -> AsyncIterator[CartPage]:
        """Every order placed in `since` <= 受注日 < `until` as it is now, deleted ones too."""
        ...

    async def count_placed(self, since: datetime, until: datetime) -> int:
        """How many orders the cart says were placed in `since` <= 受注日 < `until`, deleted ones too."""
        ...

    def subscriptions_changed_since(self, since: datetime) -> AsyncIterator[SubscriptionPage]:
        """Every 定期受注 updated at or after `since`, oldest change first, deleted ones too; as `changed_since`."""
        ...

    def translate(self, order: Order) -> Order:
        """The same order under the value tables as they are now (payment, carrier, time slot)."""
        ...

    def completions(self, shipped: Sequence[tuple[Order, Shipment, bool]]) -> CompletionBuild:
        """Files or requests that complete these orders; the flag says whether sales run with it.

        Of an order to several addresses all that are still to be completed are given at once.
        """
        ...

    async def complete(self, effect: Effect) -> Reply:
        """Deliver one completion. Sales are never asked for an order that is already captured."""
        ...

    async def completion_lies_there(self, effect: Effect) -> Reply:
        """After a doubt: whether this very completion reached the other side."""
        ...

    async def completion_answers(self, effects: Sequence[Effect]) -> CompletionAnswers:
        """What the cart said since about completions by files. Kept before it is read; reading again is safe."""
        ...

    async def cancel(self, effect: Effect) -> Reply:
        """Cancel one order (`facts["id"]`) and release its authorisation: never one that was shipped or captured.

        Refused with what a person must do where that is not ours. `evidence["words"]` says how the payment stands.
        """
        ...

    async def cancel_stands(self, effect: Effect) -> Reply:
        """After a doubt: whether the cart shows this order cancelled."""
        ...


@dataclass(frozen=True, slots=True)
class CompletionPart:
    """One completion effect in the making: its name, bytes and the order numbers in it.

    `facts["kind"]` is "shipping" (slip, date, carrier; `facts["sale"]`: sales run with it) or "state" (対応状況).
    """

    name: str
    body: bytes
    order_numbers: tuple[str, ...]
    facts: Facts


@dataclass(frozen=True, slots=True)
class CompletionBuild:
    parts: tuple[CompletionPart, ...]
    held: tuple[tuple[str, Hold], ...]  # order number, why it cannot be completed


@dataclass(frozen=True, slots=True)
class CompletionAnswers:
    """Which rows of our completion files the cart refused, and what lay there that fits none of them.

    A row that it took counts for nothing: the cart must show it.
    """

    refused: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # file → order number → its words
    strays: tuple[Stray, ...] = ()
