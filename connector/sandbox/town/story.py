"""Story (第一日の筋書き): what is sure to happen to two subscribers in the first night, whatever the seed.

One has a card that expired last month: the renewal is refused, the card is changed the next morning and the shop
asks for the payment again. Another is forgotten by the nightly run, and nobody says so.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

from connector.adapters.ecforce import wire
from connector.clock import at_jst, jst
from connector.sandbox.cart import CartSandbox, SubsOrder
from connector.sandbox.history import History
from connector.sandbox.people import CARD

NIGHTS: Final = 14  # a small town may have nobody due in its first night
CHANGES_CARD: Final = (9, 30)
ASKED_AGAIN: Final = timedelta(minutes=4)

Plan = Callable[[datetime, Callable[[datetime], None]], None]


class Story:
    """Chooses its people at the opening; `plan` enters an act into the town's daily life."""

    def __init__(self, cart: CartSandbox, people: History, plan: Plan, opens_at: datetime) -> None:
        self._cart, self._people, self._plan = cart, people, plan
        self._opens_on = jst(opens_at).date()
        self._taken: set[int] = set()

    def heal_one_payment(self) -> SubsOrder | None:
        """The first to be renewed who pays by a card that still works; None where there is nobody."""
        for subs in self._coming():
            card_id = subs.payment.card_id
            if subs.payment.method.id == CARD and card_id is not None and self._works(card_id):
                self._taken.add(subs.id)
                self._cart.set_card(card_id, f"expire {_last_month(self._opens_on):%Y-%m}")
                morning = self._night_of(subs) + timedelta(days=1)
                self._plan(at_jst(morning, *CHANGES_CARD), partial(self._change_card, subs))
                return subs
        return None

    def omit_one_renewal(self) -> SubsOrder | None:
        """The next one is forgotten."""
        for subs in self._coming():
            self._taken.add(subs.id)
            self._cart.omit(subs.id, "forgotten")
            return subs
        return None

    def _coming(self) -> list[SubsOrder]:
        """In the order of their nights, without those who already have a part."""
        due = self._cart.shop.due.until(self._opens_on + timedelta(days=NIGHTS))
        return [self._cart.shop.subs[id_] for id_ in due if id_ not in self._taken]

    def _night_of(self, subs: SubsOrder) -> date:
        return max(self._cart.create_on(subs), self._opens_on)

    def _works(self, card_id: int) -> bool:
        return self._cart.gateway.cards[card_id].script.kind == "ok"

    def _change_card(self, subs: SubsOrder, at: datetime) -> None:
        self._cart.change_card(subs.customer_id)
        self._people.add("changed_card", subs.number)
        self._plan(at + ASKED_AGAIN, partial(self._ask_again, subs))

    def _ask_again(self, subs: SubsOrder, at: datetime) -> None:
        """The shop sees the mail about the new card and authorises what was refused; 対応状況 was never changed."""
        for id_ in subs.order_ids:
            order = self._cart.shop.orders[id_]
            if order.payment.state == wire.PAY_AUTH_FAILED:
                self._cart.reauth(order.id)
                self._cart.clear_attention(subs.id)
                self._people.add("asked_again", order.number, state=order.payment.state)


def _last_month(day: date) -> date:
    return day.replace(day=1) - timedelta(days=1)
