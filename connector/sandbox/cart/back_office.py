"""Back office (管理画面): all rooms of the cart together, and the acts that need more than one of them.

API, CSV imports, control plane and the town's people all come in here.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from connector.adapters.ecforce import wire
from connector.clock import Clock
from connector.sandbox.cart.agenda import Agenda
from connector.sandbox.cart.batches import Batches
from connector.sandbox.cart.bulk import BulkResult
from connector.sandbox.cart.checkout import Checkout
from connector.sandbox.cart.credit_cards import CreditCards
from connector.sandbox.cart.csv_import import CsvImport
from connector.sandbox.cart.customer_edits import CustomerEdits
from connector.sandbox.cart.customer_parts import Message
from connector.sandbox.cart.free_columns import FreeValues
from connector.sandbox.cart.gateway import Card, Gateway
from connector.sandbox.cart.goods_edits import GoodsEdits
from connector.sandbox.cart.jobs import Jobs
from connector.sandbox.cart.model import Customer, Order
from connector.sandbox.cart.omissions import Omissions
from connector.sandbox.cart.order_desk import OrderDesk
from connector.sandbox.cart.order_edits import OrderEdits
from connector.sandbox.cart.order_items import OrderItems
from connector.sandbox.cart.payments import REFUSED_STATES, Payments
from connector.sandbox.cart.refusal import Refusal, invalid
from connector.sandbox.cart.renewals import Renewals
from connector.sandbox.cart.schedule import Schedule
from connector.sandbox.cart.settings import BLACKLIST_REASON, CartSettings, MethodKind
from connector.sandbox.cart.shipping import ShippingDesk
from connector.sandbox.cart.shop import Shop
from connector.sandbox.cart.subs_births import SubsBirths
from connector.sandbox.cart.subs_edits import SubsEdits
from connector.sandbox.cart.subs_items import SubsItems
from connector.sandbox.faults import Faults
from connector.sandbox.history import History


class BackOffice:
    """One running shop without its sockets."""

    def __init__(
        self,
        clock: Clock,
        settings: CartSettings,
        history: History,
        rng: random.Random,
        omissions: Omissions,
        faults: Faults | None = None,
    ) -> None:
        self.shop = Shop(clock, settings, history, rng)
        self.agenda = Agenda()
        self.gateway = Gateway(clock, faults)
        self.desk = OrderDesk(self.shop)
        self.payments = Payments(self.shop, self.gateway, self.agenda)
        self.schedule = Schedule(self.shop)
        self.omissions = omissions
        self.renewals = Renewals(
            self.shop, self.desk, self.payments, self.schedule, self.agenda, self.omissions
        )
        self.batches = Batches(self.shop, self.payments, self.desk, self.renewals, self.schedule, self.agenda)
        self.checkout = Checkout(self.shop, self.desk, self.gateway, self.payments, self.renewals)
        self.shipping = ShippingDesk(self.shop, self.payments)
        self.imports = CsvImport(self.shop, self.shipping)
        self.edits = OrderEdits(self.shop, self.desk, self.payments, self.gateway)
        self.subs_edits = SubsEdits(self.shop, self.renewals, self.gateway)
        self.subs_items = SubsItems(self.shop, self.schedule)
        self.subs_births = SubsBirths(self.shop, self.subs_edits, self.subs_items, self.schedule)
        self.customer_edits = CustomerEdits(self.shop, self.set_blacklist)
        self.goods_edits = GoodsEdits(self.shop)
        self.jobs = Jobs(self.shop, self.agenda)
        self.items = OrderItems(self.shop, self.desk, self.payments)
        self.cards = CreditCards(self.gateway)
        self.order_free_values = FreeValues(self.shop, wire.PREFIX_ORDER_FREE_VALUES)
        self.subs_free_values = FreeValues(self.shop, wire.PREFIX_SUBS_FREE_VALUES)
        self.outbox: list[Message] = []
        self.when_reset: list[Callable[[], object]] = []  # what enters itself on the agenda by itself

    def mail_order(self, order: Order, subject: str, template_id: int | None = None) -> None:
        """A mail about this order leaves the shop."""
        now = self.shop.now()
        self.outbox.append(Message(now, "email", order.email, order.number, template_id, subject))
        self.shop.note(order, "api", "mail", after=subject)

    def reset(self) -> None:
        """Nobody has bought anything yet; goods and settings stay, nights and batches go on."""
        self.agenda.clear()
        self.shop.clear()
        self.gateway.clear()
        self.payments.clear()
        self.omissions.clear()
        self.jobs.clear()
        self.outbox.clear()
        self.cards.clear()
        self.order_free_values.clear()
        self.subs_free_values.clear()
        for start in (self.renewals.start, self.batches.start, *self.when_reset):
            start()

    def change_card(self, customer: Customer, script: str) -> Card:
        """カード変更 on マイページ: the new card is on what comes and on what was refused, not on what is paid."""
        card = self.gateway.register(customer.id, script)
        for id_ in customer.subs_ids:
            subs = self.shop.subs[id_]
            if subs.deleted_at is None and subs.payment.method.kind is MethodKind.CARD:
                subs.payment.card_id = card.id
                self.shop.note(subs, "shopper", "card", after=str(card.id))
        for id_ in customer.order_ids:
            order = self.shop.orders[id_]
            refused = order.payment.state in REFUSED_STATES
            if refused and order.payment.method.kind is MethodKind.CARD:
                order.payment.card_id = card.id
                self.shop.note(order, "shopper", "card", after=str(card.id))
        self.shop.history.add("card_changed", customer.number, card_id=card.id)
        return card

    def set_blacklist(self, customer: Customer, *, on: bool) -> None:
        """Marks the customer's subscriptions 要対応; that is cleared in the admin screen only (§7.10)."""
        customer.blacklist = on
        self.shop.touch(customer)
        if not on or not self.shop.settings.blacklist_marks_subs_tbc:
            return
        for id_ in customer.subs_ids:
            self.shop.mark(self.shop.subs[id_], BLACKLIST_REASON)

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
    ) -> dict[str, object]:
        """決済状況一括変更, as a job: what is refused stays as it is and is written in its timeline."""
        result = BulkResult(wire.PREFIX_ORDER)
        for order in orders:
            try:
                self.payment_deed(order, method, decrement=decrement, recalculate=recalculate)
            except Refusal as refusal:
                self.shop.note(order, "job", method, after=str(refusal))
                result.fail(order.id, refusal)
            else:
                result.done(order.id)
        return result.body()
