"""Back office (管理画面): all rooms of the cart together, and the acts that need more than one of them.

API, CSV imports, control plane and the town's people all come in here.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import timedelta

from connector.adapters.ecforce import wire
from connector.clock import Clock
from connector.sandbox.cart.agenda import Agenda
from connector.sandbox.cart.checkout import Checkout
from connector.sandbox.cart.csv_import import CsvImport
from connector.sandbox.cart.gateway import Gateway
from connector.sandbox.cart.model import Order
from connector.sandbox.cart.order_desk import OrderDesk
from connector.sandbox.cart.order_edits import OrderEdits
from connector.sandbox.cart.payments import Payments
from connector.sandbox.cart.refusal import Refusal, invalid
from connector.sandbox.cart.renewals import Renewals
from connector.sandbox.cart.settings import CartSettings
from connector.sandbox.cart.shipping import ShippingDesk
from connector.sandbox.cart.shop import Shop
from connector.sandbox.cart.subs_edits import SubsEdits
from connector.sandbox.history import History

LAST_JOB_BEFORE = 58800


class BackOffice:
    """One running shop without its sockets."""

    def __init__(self, clock: Clock, settings: CartSettings, history: History, rng: random.Random) -> None:
        self.shop = Shop(clock, settings, history, rng)
        self.agenda = Agenda()
        self.gateway = Gateway(clock)
        self.desk = OrderDesk(self.shop)
        self.payments = Payments(self.shop, self.gateway, self.agenda)
        self.renewals = Renewals(self.shop, self.desk, self.payments, self.agenda)
        self.checkout = Checkout(self.shop, self.desk, self.gateway, self.payments, self.renewals)
        self.shipping = ShippingDesk(self.shop, self.payments)
        self.imports = CsvImport(self.shop, self.shipping)
        self.edits = OrderEdits(self.shop, self.desk, self.payments, self.gateway)
        self.subs_edits = SubsEdits(self.shop, self.renewals, self.gateway)
        self._jobs = 0

    def enter_job(self, deed: Callable[[], object]) -> int:
        """Do it as a job a little later; its number in ジョブ管理."""
        self._jobs += 1
        due = self.shop.now() + timedelta(seconds=self.shop.settings.job_delay_s)
        self.agenda.add(due, deed)
        return self._jobs

    def payment_deed(
        self, order: Order, method: str, *, decrement: bool = True, recalculate: bool = True
    ) -> None:
        """決済状況の変更 by its API name (§2.11). Raises Refusal when the state does not allow it."""
        match method:
            case wire.METHOD_VOID:
                voided = self.payments.void(order)
            case wire.METHOD_FORCE_VOID:
                self.payments.force_void(order)
                voided = True
            case wire.METHOD_REAUTH:
                self.payments.reauth(order)
                return
            case wire.METHOD_SALES:
                self.payments.sales(order)
                return
            case _:
                raise invalid(wire.PREFIX_ORDER, "method")
        if not voided:
            return
        self.desk.return_stock(order)
        self.shop.history.add("order_canceled", order.number, by=method)
        self.renewals.give_back(order, decrement=decrement, recalculate=recalculate)

    def payment_deeds(
        self, orders: Iterable[Order], method: str, *, decrement: bool, recalculate: bool
    ) -> None:
        """決済状況一括変更, as a job: what is refused stays as it is and is written in its timeline."""
        for order in orders:
            try:
                self.payment_deed(order, method, decrement=decrement, recalculate=recalculate)
            except Refusal as refusal:
                self.shop.note(order, "job", method, after=str(refusal))
