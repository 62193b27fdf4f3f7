"""Includes (付随データ): which resources `include=a,b.c` brings along, per kind of record.

spec/ecforce.md §2.2–2.3, §2.15. A dotted name brings the record on the way too; a name nobody knows is ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from connector.adapters.ecforce import wire
from connector.sandbox.cart.credit_cards import CreditCards
from connector.sandbox.cart.masters import Url, UrlGroup
from connector.sandbox.cart.model import Customer, Item, Order, Payment, SubsOrder, Variant
from connector.sandbox.cart.resources import Resource, named, order_resource
from connector.sandbox.cart.resources_customers import (
    card_resource,
    customer_resource,
    note_resource,
    point_resource,
)
from connector.sandbox.cart.resources_goods import (
    bundled_resources,
    categories,
    category_resource,
    thumbnail_resource,
    variant_resource,
)
from connector.sandbox.cart.resources_masters import (
    advertiser_resource,
    delivery_time_resource,
    url_group_resource,
)
from connector.sandbox.cart.resources_parts import address_resource, item_resource, payment_resource
from connector.sandbox.cart.resources_subs import subs_resource
from connector.sandbox.cart.settings import Carrier, MethodKind
from connector.sandbox.cart.shop import Shop

Names = frozenset[str]

_CUSTOMER: Final = frozenset(
    ["customer", "customer.billing_address", "customer.shipping_addresses", "customer.notes"]
)
KNOWN: Final[dict[str, Names]] = {
    wire.TYPE_ORDER: _CUSTOMER
    | {"subs_order", "billing_address", "shipping_address", "shipping_addresses", "order_items", "payment"},
    wire.TYPE_SUBS_ORDER: _CUSTOMER
    | {"payment", "payment.source", "orders", "order_items", "shipping_address"},
    wire.TYPE_CUSTOMER: frozenset(
        ["billing_address", "shipping_addresses", "notes", "points", "orders", "subs_orders", "credit_cards"]
    ),
    wire.TYPE_PRODUCT: frozenset(
        ["bundled_items", "variants", "variants.thumbnails", "thumbnail", "product_categories"]
    ),
    wire.TYPE_ORDER_ITEM: frozenset(["variant", "variant.changeable_variants"]),
    wire.TYPE_STOCK_ITEM: frozenset(),
    wire.TYPE_SHIPPING_CARRIER: frozenset(["delivery_times"]),
    wire.TYPE_URL: frozenset(["url_group", "url_group.advertiser"]),
    wire.TYPE_URL_GROUP: frozenset(["advertiser"]),
}


def wants(names: Names, name: str) -> bool:
    """Asked for itself, or on the way to something asked for."""
    return name in names or any(each.startswith(f"{name}.") for each in names)


def below(names: Names, name: str) -> Names:
    """What is asked for from there on."""
    return frozenset(each.removeprefix(f"{name}.") for each in names if each.startswith(f"{name}."))


class Includes:
    """Finds the records around a record."""

    def __init__(self, shop: Shop, cards: CreditCards) -> None:
        self._shop, self._cards = shop, cards

    def of_order(self, order: Order, names: Names) -> Iterator[Resource]:
        shop, parent = self._shop, self._shop.parent(order)
        yield from self._customer(order.customer_id, names)
        if "billing_address" in names:
            yield address_resource(order.billing)
        if "shipping_address" in names:
            yield address_resource(order.shipping[0])
        if "shipping_addresses" in names:
            yield from (address_resource(address) for address in order.shipping)
        if "order_items" in names:
            yield from (item_resource(shop, item) for item in order.items)
        if "payment" in names:
            yield payment_resource(order.payment)
        if "subs_order" in names and parent is not None:
            yield subs_resource(shop, parent)

    def of_subs(self, subs: SubsOrder, names: Names) -> Iterator[Resource]:
        shop = self._shop
        yield from self._customer(subs.customer_id, names)
        if wants(names, "payment"):
            yield from self._payment_of_subs(subs.payment, with_source="payment.source" in names)
        if "orders" in names:
            yield from (order_resource(shop, shop.orders[id_]) for id_ in subs.order_ids)
        if "order_items" in names:
            yield from (item_resource(shop, item) for item in subs.items)
        if "shipping_address" in names:
            yield address_resource(subs.shipping)

    def of_customer(self, customer: Customer, names: Names) -> Iterator[Resource]:
        shop = self._shop
        if "billing_address" in names:
            yield address_resource(customer.billing)
        if "shipping_addresses" in names:
            yield from (address_resource(each) for each in customer.shipping or [customer.billing])
        if "notes" in names:
            yield from (note_resource(note) for note in customer.notes)
        if "points" in names:
            yield from (point_resource(customer, entry) for entry in customer.points)
        if "orders" in names:
            yield from (order_resource(shop, shop.orders[id_]) for id_ in customer.order_ids)
        if "subs_orders" in names:
            yield from (subs_resource(shop, shop.subs[id_]) for id_ in customer.subs_ids)
        if "credit_cards" in names:
            yield from (card_resource(id_, face) for id_, face in self._cards.of(customer))

    def of_product(self, variant: Variant, names: Names) -> Iterator[Resource]:
        if wants(names, "variants"):
            yield variant_resource(variant)
        if names & {"thumbnail", "variants.thumbnails"}:
            yield thumbnail_resource(variant)
        if "bundled_items" in names:
            yield from bundled_resources(self._shop, variant)
        if "product_categories" in names:
            found = categories(self._shop, variant)
            yield from (category_resource(place, each) for place, each in enumerate(found, start=1))

    def of_item(self, item: Item, names: Names) -> Iterator[Resource]:
        """`changeable_variants`: the other SKUs that are sold the same way (単品 or 定期)."""
        if wants(names, "variant"):
            yield variant_resource(item.variant)
        if "variant.changeable_variants" in names:
            recurring = item.variant.goods.recurring
            others = (each for each in self._shop.variants.values() if each.goods.recurring is recurring)
            yield from (variant_resource(each) for each in others)

    def of_carrier(self, carrier: Carrier, names: Names) -> Iterator[Resource]:
        if "delivery_times" in names:
            yield from (delivery_time_resource(slot) for slot in carrier.delivery_times)

    def of_url(self, url: Url, names: Names) -> Iterator[Resource]:
        group = named(self._shop.settings.masters.url_groups, url.group_id)
        if group is not None and wants(names, "url_group"):
            yield url_group_resource(group)
            yield from self.of_url_group(group, below(names, "url_group"))

    def of_url_group(self, group: UrlGroup, names: Names) -> Iterator[Resource]:
        advertiser = named(self._shop.settings.masters.advertisers, group.advertiser_id)
        if advertiser is not None and "advertiser" in names:
            yield advertiser_resource(advertiser)

    def _customer(self, id_: int, names: Names) -> Iterable[Resource]:
        if not wants(names, "customer"):
            return
        customer = self._shop.customers[id_]
        yield customer_resource(self._shop, customer)
        yield from self.of_customer(customer, below(names, "customer"))

    def _payment_of_subs(self, payment: Payment, *, with_source: bool) -> Iterator[Resource]:
        yield payment_resource(payment, of_subscription=True, with_source=with_source)
        card = self._cards.by_id(payment.card_id)
        if with_source and card is not None and payment.method.kind is MethodKind.CARD:
            yield card_resource(*card)
