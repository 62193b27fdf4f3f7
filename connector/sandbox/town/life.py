"""Daily life (町の一日): the townsfolk visit the shop at their times; some change their mind, some transfer money.

What a person does happens at that person's time, whatever the connector is doing then.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from connector.adapters.ecforce import wire
from connector.clock import at_jst, jst
from connector.sandbox.cart import CartSandbox, Order, Refusal
from connector.sandbox.history import History
from connector.sandbox.people import Townsfolk, Visit

Act = Callable[[datetime], None]


class DailyLife:
    """All acts of the shoppers, in order of time. `transfers` are bank payments made: order number, when."""

    def __init__(self, cart: CartSandbox, folk: Townsfolk, history: History, *, opens_at: datetime) -> None:
        self._cart = cart
        self._folk = folk
        self._history = history
        self._opens_at = opens_at
        self._acts: list[tuple[datetime, int, Act]] = []
        self._order = itertools.count()
        self.transfers: dict[str, datetime] = {}
        self.plan(opens_at, self._wake)

    def next_event_at(self) -> datetime | None:
        return self._acts[0][0] if self._acts else None

    def advance(self, now: datetime) -> None:
        """Do everything that is due, in order."""
        while self._acts and self._acts[0][0] <= now:
            at, _, act = heapq.heappop(self._acts)
            act(at)

    def plan(self, at: datetime, act: Act) -> None:
        """Let somebody do something then."""
        heapq.heappush(self._acts, (at, next(self._order), act))

    def _wake(self, at: datetime) -> None:
        """Midnight, or the opening: who will come today."""
        day = jst(at).date()
        for visit in self._folk.visits(day):
            if visit.at >= self._opens_at:
                self.plan(visit.at, partial(self._shop, visit))
        self.plan(at_jst(day + timedelta(days=1)), self._wake)

    def _shop(self, visit: Visit, at: datetime) -> None:
        order = self._cart.place(visit.order)
        self._history.add("shopped", order.number, payment=order.payment.method.name)
        if visit.cancels_after is not None:
            self.plan(at + visit.cancels_after, partial(self._regret, order))
        elif visit.pays_after is not None:
            self.plan(at + visit.pays_after, partial(self._transfer, order))

    def _regret(self, order: Order, at: datetime) -> None:
        """The shopper telephones, and the shop cancels in the cart; nobody thinks of Next Engine."""
        if order.state == wire.STATE_SHIPPED:
            self._history.add("regretted_too_late", order.number)
            return
        try:
            self._cart.cancel(order.id)
        except Refusal as refusal:
            self._history.add("cancel_refused_by_cart", order.number, words=str(refusal))
            return
        self._history.add("regretted", order.number)

    def _transfer(self, order: Order, at: datetime) -> None:
        try:
            self._cart.pay_bank(order.id)
        except Refusal as refusal:
            self._history.add("transfer_refused_by_cart", order.number, words=str(refusal))
            return
        self.transfers[order.number] = at
        self._history.add("transferred", order.number)
