"""Checkout (購入): what a shopper hands in becomes an order and, with a cycle, a 定期受注 as well.

A refused payment is no obstacle: the order stays 注文確定 with a failed 決済状況 (spec/ecforce.md §3.1, §6).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from connector.adapters.ecforce import wire
from connector.sandbox.cart.gateway import Gateway
from connector.sandbox.cart.model import Address, Customer, Item, NewOrder, Order, Payment, SubsOrder
from connector.sandbox.cart.order_desk import Draft, DraftLine, OrderDesk
from connector.sandbox.cart.payments import Payments
from connector.sandbox.cart.renewals import Renewals
from connector.sandbox.cart.settings import BLACKLIST_REASON, MethodKind, PaymentMethod
from connector.sandbox.cart.shop import Shop, midnight
from connector.subscriptions.cycle import Cycle, first_delivery, ship_day

Found = TypeVar("Found")


class Checkout:
    """The shop front."""

    def __init__(
        self, shop: Shop, desk: OrderDesk, gateway: Gateway, payments: Payments, renewals: Renewals
    ) -> None:
        self._shop, self._desk, self._gateway = shop, desk, gateway
        self._payments, self._renewals = payments, renewals

    def place(self, new: NewOrder) -> Order:
        """The confirmed order. Raises KeyError for an unknown SKU, ValueError for an unknown method or slot."""
        shop = self._shop
        customer = shop.customer(new.customer, new.billing)
        draft = self._draft(new, customer)
        subs = self._subscribe(new, new.cycle, draft) if new.cycle is not None else None
        order = self._desk.open(_child_of(draft, subs))
        if subs is not None:
            self._renewals.book_first(subs, order)
        shop.note(order, "shopper", "placed")
        shop.history.add(
            "order_placed",
            order.number,
            order_id=order.id,
            subs=subs.number if subs else None,
            times=order.times,
            payment=order.payment.method.name,
            total=order.amounts.payment_total,
        )
        self._payments.open(order)
        return order

    def _draft(self, new: NewOrder, customer: Customer) -> Draft:
        shop = self._shop
        billing, shipping = self._addresses(new)
        ship_at, delivery_at = self._dates(new, shipping[0])
        carrier = shop.default_carrier() if new.carrier_id is None else shop.carrier(new.carrier_id)
        method = _known(shop.method(new.payment_method_id), f"payment method {new.payment_method_id}")
        slot = None
        if new.delivery_time is not None:
            slot = _known(shop.delivery_time_named(new.delivery_time), f"slot {new.delivery_time}")
        return Draft(
            customer=customer,
            billing=billing,
            shipping=shipping,
            lines=self._lines(new, shipping),
            method=method,
            card_id=self._card(new, customer, method),
            carrier=carrier,
            delivery_time=slot,
            ship_at=ship_at,
            delivery_at=delivery_at,
            order_id=new.order_id,
            number=new.number,
            coupon=new.coupon,
            coupon_discount=new.coupon_discount,
            point=new.point,
            adjustment=new.adjustment,
            delivery_fee=self._delivery_fee(new),
            remark=new.remark,
            wrapping=new.wrapping,
            memo01=new.memo01,
            device=new.device,
            url_id=new.url_id,
            store_id=new.store_id,
            free_columns=dict(new.free_columns),
            tbc_reasons=list(new.tbc_reasons),
        )

    def _addresses(self, new: NewOrder) -> tuple[Address, list[Address]]:
        billing = self._shop.address(new.billing)
        if not new.shipping:
            return billing, [billing]
        ids = new.address_ids or (None,) * len(new.shipping)
        return billing, [self._shop.address(each, id_) for each, id_ in zip(new.shipping, ids, strict=True)]

    def _dates(self, new: NewOrder, address: Address) -> tuple[datetime, datetime]:
        rules = self._shop.rules(address.postal.prefecture_id)
        delivery_on = new.deliver_on or first_delivery(self._shop.today(), rules)
        ship_on = ship_day(delivery_on, rules.lead_days, rules.is_closed)
        return midnight(ship_on), midnight(delivery_on)

    def _lines(self, new: NewOrder, shipping: list[Address]) -> list[DraftLine]:
        first = next((row for row in new.count_rows if row.round == 1 and new.cycle), None)
        prices = first.prices if first else {}
        several = len(shipping) > 1 and bool(new.item_addresses)
        lines = []
        for place, (sku, quantity) in enumerate(new.items):
            variant = self._shop.variants[sku]
            price = prices.get(sku, variant.goods.price)
            address_id = shipping[new.item_addresses[place]].id if several else None
            lines.append(DraftLine(variant, quantity, price, address_id=address_id))
        inserts = (*new.inserts, *(first.inserts if first else ()))
        return lines + [DraftLine(self._shop.variants[sku], 1, 0, insert=True) for sku in inserts]

    def _card(self, new: NewOrder, customer: Customer, method: PaymentMethod) -> int | None:
        if method.kind in (MethodKind.COD, MethodKind.BANK):
            return None
        is_card = method.kind is MethodKind.CARD
        return self._gateway.register(customer.id, new.card, is_card=is_card).id

    def _delivery_fee(self, new: NewOrder) -> int:
        wish = self._shop.settings
        if new.cycle is not None:
            return wish.subscription_delivery_fee
        goods = sum(self._shop.variants[sku].goods.price * quantity for sku, quantity in new.items)
        return 0 if goods >= wish.free_delivery_from else wish.delivery_fee * max(1, len(new.shipping))

    def _subscribe(self, new: NewOrder, cycle: Cycle, draft: Draft) -> SubsOrder:
        shop, now = self._shop, self._shop.now()
        subs = SubsOrder(
            id=shop.draw("subs_order"),
            number=shop.draw_number(),
            customer_id=draft.customer.id,
            state=wire.SUBS_ACTIVE,
            cycle=cycle,
            items=[self._recurring_item(line) for line in draft.lines if not line.insert],
            payment=Payment(
                id=shop.draw("payment"),
                method=draft.method,
                state=wire.PAY_AUTHED,
                card_id=draft.card_id,
                times=1 if draft.card_id is not None else None,
            ),
            shipping=shop.address(draft.shipping[0].postal),
            carrier=draft.carrier or shop.default_carrier(),
            created_at=now,
            updated_at=now,
            next_delivery_at=draft.delivery_at,
            next_ship_at=draft.ship_at,
            rows={row.round: row for row in new.count_rows},
            delivery_time=draft.delivery_time,
            remaining_orders=new.remaining_orders,
            block_times=new.block_times,
            url_id=draft.url_id,
            store_id=draft.store_id,
            free_columns=dict(draft.free_columns),
            tbc_reasons=[BLACKLIST_REASON] if draft.customer.blacklist else [],
        )
        shop.add_subs(subs)
        return subs

    def _recurring_item(self, line: DraftLine) -> Item:
        shop, now = self._shop, self._shop.now()
        return Item(shop.draw("item"), line.variant, line.quantity, line.variant.goods.price, now, now)


def _child_of(draft: Draft, subs: SubsOrder | None) -> Draft:
    return draft if subs is None else replace(draft, subs=subs, times=1, nth=1)


def _known(found: Found | None, what: str) -> Found:
    if found is None:
        raise ValueError(f"the shop has no {what}")
    return found
