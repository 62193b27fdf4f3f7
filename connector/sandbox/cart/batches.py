"""Batches (バッチ): the two paid options that go after refused payments, both off by default (spec/ecforce.md §6).

05:00 自動再オーソリ asks for the same payment again, 07:30 支払い方法変更 asks for another one. Dangerous: the first
cancels the subscription whose order stays refused, and moves the dates of one that succeeds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from connector.adapters.ecforce import wire
from connector.clock import at_jst, jst
from connector.sandbox.cart.agenda import Agenda
from connector.sandbox.cart.model import Order
from connector.sandbox.cart.order_desk import OrderDesk
from connector.sandbox.cart.payments import HEALED_STATES, REFUSED_STATES, Payments
from connector.sandbox.cart.renewals import Renewals
from connector.sandbox.cart.schedule import Schedule
from connector.sandbox.cart.settings import MethodChange, MethodKind
from connector.sandbox.cart.shop import Shop, midnight
from connector.subscriptions.cycle import first_delivery, ship_day

REAUTH: Final = "reauth_0500"
METHOD_CHANGE: Final = "method_change_0730"
REAUTH_AT: Final = (5, 0)
METHOD_CHANGE_AT: Final = (7, 30)
REAUTH_DAYS: Final = 30
LABEL_ASKED: Final = "再与信対象"
LABEL_DONE: Final = "再与信完了"
NOT_LINKED: Final = (MethodKind.COD, MethodKind.BANK)
EXAM_MARGIN: Final = timedelta(seconds=1)


class Batches:
    """Runs each morning; does nothing unless the shop has bought the option."""

    def __init__(
        self,
        shop: Shop,
        payments: Payments,
        desk: OrderDesk,
        renewals: Renewals,
        schedule: Schedule,
        agenda: Agenda,
    ) -> None:
        self._shop, self._payments, self._desk = shop, payments, desk
        self._renewals, self._schedule, self._agenda = renewals, schedule, agenda
        self.start()

    def start(self) -> None:
        """Enter the next mornings."""
        self._enter(REAUTH_AT, self._reauth_morning)
        self._enter(METHOD_CHANGE_AT, self._method_change_morning)

    def _enter(self, wall: tuple[int, int], deed: Callable[[date], object]) -> None:
        first = at_jst(self._shop.today(), *wall)
        self._plan(first if first > self._shop.clock.now() else first + timedelta(days=1), deed)

    def _plan(self, due: datetime, deed: Callable[[date], object]) -> None:
        def run() -> None:
            deed(jst(due).date())
            self._plan(due + timedelta(days=1), deed)

        self._agenda.add(due, run)

    def _reauth_morning(self, day: date) -> None:
        if self._shop.settings.auto_reauth:
            self.reauth(day)

    def _method_change_morning(self, day: date) -> None:
        if self._shop.settings.method_change is not None:
            self.change_methods(day, self._shop.settings.method_change)

    # --- 05:00 ---

    def reauth(self, day: date) -> list[Order]:
        """自動再オーソリ of the last thirty days; on a day without shipping nothing happens."""
        if self._shop.settings.is_closed(day):
            return []
        oldest_on = day - timedelta(days=REAUTH_DAYS)
        asked = [
            order
            for order in self._payments.unsettled.values()
            if order.payment.state in REFUSED_STATES
            and _alive(order)
            and oldest_on <= jst(order.completed_at).date() <= day
        ]
        for order in asked:
            self._label(order, LABEL_ASKED)
            self._payments.reauth(order)
            self._when_answered(order)
        self._shop.history.add("batch_run", REAUTH, on=day.isoformat(), orders=len(asked))
        return asked

    def _when_answered(self, order: Order) -> None:
        """A card answers at once, an exam some seconds later."""
        if order.payment.state != wire.PAY_EXAM_PROCESSING:
            self._end_reauth(order)
            return
        wait = timedelta(seconds=self._shop.settings.exam_delay_s) + EXAM_MARGIN
        self._agenda.add(self._shop.now() + wait, lambda: self._end_reauth(order))

    def _end_reauth(self, order: Order) -> None:
        if order.payment.state in HEALED_STATES:
            self._succeed(order)
        elif order.payment.state in REFUSED_STATES:
            parent = self._shop.parent(order)
            if parent is not None:
                self._renewals.set_state(parent, wire.SUBS_CANCELED, REAUTH)

    def _succeed(self, order: Order) -> None:
        """Label, and the dates of order and parent counted from today."""
        self._label(order, LABEL_DONE, instead_of=LABEL_ASKED)
        rules = self._shop.rules(order.shipping[0].postal.prefecture_id)
        delivery_on = first_delivery(self._shop.today(), rules)
        order.previous_ship_planned_at = order.ship_planned_at
        order.previous_delivery_planned_at = order.delivery_planned_at
        order.ship_planned_at = midnight(ship_day(delivery_on, rules.lead_days, rules.is_closed))
        order.delivery_planned_at = midnight(delivery_on)
        self._shop.note(order, REAUTH, "dates_moved", after=delivery_on.isoformat())
        parent = self._shop.parent(order)
        if parent is not None:
            self._renewals.set_state(parent, wire.SUBS_ACTIVE, REAUTH)
            self._schedule.plan_from(parent, delivery_on)
            self._shop.note(parent, REAUTH, "dates_moved", after=delivery_on.isoformat())

    def _label(self, order: Order, label: str, instead_of: str | None = None) -> None:
        if instead_of in order.labels:
            order.labels.remove(instead_of)
        if label not in order.labels:
            order.labels.append(label)
        self._shop.touch(order)

    # --- 07:30 ---

    def change_methods(self, day: date, wish: MethodChange) -> list[Order]:
        """支払い方法変更 of the orders placed so many days ago; the parent keeps its method and card."""
        placed_on = day - timedelta(days=wish.days)
        changed = [
            order
            for order in self._payments.unsettled.values()
            if order.payment.method.kind not in NOT_LINKED
            and _alive(order)
            and jst(order.completed_at).date() == placed_on
        ]
        for order in changed:
            self._change_method(order, wish)
        self._shop.history.add("batch_run", METHOD_CHANGE, on=day.isoformat(), orders=len(changed))
        return changed

    def _change_method(self, order: Order, wish: MethodChange) -> None:
        """Method, its fee and the carrier, then the payment is asked for anew."""
        method = self._shop.method(wish.payment_method_id)
        if method is None:
            raise ValueError(f"the shop has no payment method {wish.payment_method_id}")
        before = order.payment.method.name
        order.payment.method = method
        if method.kind is not MethodKind.CARD:
            order.payment.card_id = order.payment.times = None
        if wish.carrier_id is not None:
            order.carrier = self._shop.carrier(wish.carrier_id) or order.carrier
        order.extras = replace(order.extras, charge=method.charge)
        self._desk.recalculate(order)
        self._shop.note(order, METHOD_CHANGE, "method", before, method.name)
        self._shop.history.add("order_changed", order.number, keys=["payment_attributes"])
        self._payments.reauth(order)


def _alive(order: Order) -> bool:
    return order.deleted_at is None and order.state != wire.STATE_CANCELED
