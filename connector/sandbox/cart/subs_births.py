"""Subscriptions born without a checkout (定期受注の一括登録, 配送サイクルの分割).

spec/ecforce.md §2.7, §2.13, §7.9. Neither has a first order: the nightly run or a hand creates it from the dates.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from connector.adapters.ecforce import wire
from connector.sandbox.cart.model import Address, Customer, Item, Payment, SubsOrder
from connector.sandbox.cart.order_edits import Params, changed_postal
from connector.sandbox.cart.refusal import all_of, invalid, missing, not_found, not_valid
from connector.sandbox.cart.schedule import Schedule
from connector.sandbox.cart.shop import Shop, midnight
from connector.sandbox.cart.subs_edits import WORDS_LINK_TAKEN, SubsEdits, cycle_of
from connector.sandbox.cart.subs_items import SubsItems
from connector.sandbox.cart.texts import read_int, read_switch
from connector.subscriptions.cycle import Cycle, first_delivery, ship_day

ASO: Final = wire.PREFIX_SUBS_ORDER
REQUIRED: Final = ("customer_id", "payment_schedule", "payment_attributes", "order_items_attributes")
FIRST_TIMES: Final = 1  # §7.9
FROM_LAST_ORDER: Final = "recalculate_scheduled_to_be_delivered_at_based_on_last_order"
WORDS_NOTHING_LEFT: Final = "商品をすべて分割することはできません。"


class SubsBirths:
    """Creates parents."""

    def __init__(self, shop: Shop, edits: SubsEdits, items: SubsItems, schedule: Schedule) -> None:
        self._shop, self._edits, self._items, self._schedule = shop, edits, items, schedule

    def create(self, row: Params, *, unique_links: bool) -> SubsOrder:
        """One row of `bulk_create`. Raises Refusal with everything that is missing; then nothing was entered."""
        all_of([missing(ASO, key) for key in REQUIRED if not row.get(key)])
        link = row.get("link_number")
        if unique_links and link and any(each.link_number == link for each in self._shop.subs.values()):
            raise not_valid(ASO, WORDS_LINK_TAKEN)
        customer = self._shop.customers.get(read_int(row["customer_id"]) or 0)
        if customer is None or customer.deleted_at is not None:
            raise not_found(ASO, "customer")
        subs = self._blank(customer, self._cycle(row), row)
        rows = row["order_items_attributes"]
        if not isinstance(rows, list) or not all(isinstance(each, dict) for each in rows):
            raise invalid(ASO, "order_items_attributes")
        subs.items = [self._items.drafted(each) for each in rows]
        self._edits.fill(subs, row)
        self._enter(subs, "bulk_create")
        return subs

    def split(self, subs: SubsOrder, body: Params) -> SubsOrder:
        """The named items leave to a parent of their own, with another cycle."""
        wanted = body.get("order_item_ids")
        if not isinstance(wanted, list) or not wanted:
            raise missing(ASO, "order_item_ids")
        ids = {read_int(each) for each in wanted}
        leaving = [item for item in subs.items if item.id in ids]
        if len(leaving) != len(ids):
            raise not_found(wire.PREFIX_SUBS_ITEM, "order_item")
        if len(leaving) == len(subs.items):
            raise not_valid(ASO, WORDS_NOTHING_LEFT)
        born = self._twin(subs, leaving, self._cycle(body))
        subs.items = [item for item in subs.items if item.id not in ids]
        self._enter(born, "split")
        if read_switch(body.get(FROM_LAST_ORDER)):
            self._schedule.plan_from(born, self._schedule.last_delivery_on(subs))
        self._shop.note(subs, "api", "split", after=born.number)
        self._shop.history.add("subs_changed", subs.number, keys=["order_items"])
        return born

    def _cycle(self, params: Params) -> Cycle:
        cycle = cycle_of(params)
        if cycle is None:
            raise missing(ASO, "payment_schedule")
        return cycle

    def _twin(self, subs: SubsOrder, items: list[Item], cycle: Cycle) -> SubsOrder:
        payment = subs.payment
        born = self._parent(subs.customer_id, cycle, items, self._shop.address(subs.shipping.postal))
        born.payment = Payment(
            self._shop.draw("payment"), payment.method, payment.state, payment.card_id, payment.times
        )
        born.state, born.carrier, born.delivery_time = subs.state, subs.carrier, subs.delivery_time
        born.times = FIRST_TIMES
        born.next_delivery_at, born.next_ship_at = subs.next_delivery_at, subs.next_ship_at
        born.url_id, born.store_id = subs.url_id, subs.store_id
        return born

    def _blank(self, customer: Customer, cycle: Cycle, row: Params) -> SubsOrder:
        home = (customer.shipping or [customer.billing])[0].postal
        form = row.get("shipping_address_attributes")
        postal = changed_postal(home, form, ASO) if isinstance(form, dict) else home
        return self._parent(customer.id, cycle, [], self._shop.address(postal))

    def _parent(self, customer_id: int, cycle: Cycle, items: list[Item], shipping: Address) -> SubsOrder:
        shop, now = self._shop, self._shop.now()
        rules = shop.rules(shipping.postal.prefecture_id)
        delivery_on: date = first_delivery(shop.today(), rules)
        return SubsOrder(
            id=shop.draw("subs_order"),
            number=shop.draw_number(),
            customer_id=customer_id,
            state=wire.SUBS_ACTIVE,
            cycle=cycle,
            items=items,
            payment=Payment(shop.draw("payment"), shop.settings.payment_methods[0], wire.PAY_AUTHED),
            shipping=shipping,
            carrier=shop.default_carrier(),
            created_at=now,
            updated_at=now,
            next_delivery_at=midnight(delivery_on),
            next_ship_at=midnight(ship_day(delivery_on, rules.lead_days, rules.is_closed)),
        )

    def _enter(self, subs: SubsOrder, how: str) -> None:
        self._shop.add_subs(subs)
        self._shop.note(subs, "api", how)
        self._shop.history.add("subs_created", subs.number, subs_id=subs.id, by=how)
