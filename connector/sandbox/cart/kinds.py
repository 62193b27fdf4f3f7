"""Kinds (一覧の種類): for each list of the API its search attributes, its resource and what it can bring along."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeVar

from connector.adapters.ecforce import wire
from connector.sandbox.cart.documents import Kind
from connector.sandbox.cart.includes import Includes
from connector.sandbox.cart.masters import (
    BlacklistReason,
    Category,
    Label,
    Named,
    OrderFreeColumn,
    SearchQuery,
    Store,
    Url,
    UrlGroup,
)
from connector.sandbox.cart.model import Customer, Item, Order, SubsOrder, Variant
from connector.sandbox.cart.ransack import Getter
from connector.sandbox.cart.resources import Resource, named, order_resource, resource
from connector.sandbox.cart.resources_customers import customer_resource
from connector.sandbox.cart.resources_goods import category_resource, product_resource, stock_resource
from connector.sandbox.cart.resources_masters import (
    blacklist_reason_resource,
    carrier_resource,
    free_column_resource,
    method_resource,
    reason_resource,
    search_query_resource,
    sex_resource,
    store_resource,
    url_group_resource,
    url_resource,
)
from connector.sandbox.cart.resources_parts import item_resource
from connector.sandbox.cart.resources_subs import subs_resource
from connector.sandbox.cart.searches import (
    STOCK,
    customer_getters,
    order_getters,
    product_getters,
    subs_getters,
)
from connector.sandbox.cart.settings import Carrier, PaymentMethod, Reason
from connector.sandbox.cart.shop import Shop

Record = TypeVar("Record")


def by(*names: str) -> dict[str, Getter[Any]]:
    """Attributes searched for under their own names."""
    return {name: attrgetter(name) for name in names}


def always(**values: object) -> dict[str, Getter[Any]]:
    """Attributes that are the same on every record of this shop."""

    def getter(value: object) -> Getter[Any]:
        return lambda record: value

    return {name: getter(value) for name, value in values.items()}


class Kinds:
    """All of them, over one shop."""

    def __init__(self, shop: Shop, includes: Includes) -> None:
        def of(render: Callable[[Shop, Record], Resource]) -> Callable[[Record], Resource]:
            return lambda record: render(shop, record)

        def gone(record: Order | SubsOrder | Customer | Variant) -> bool:
            return record.deleted_at is not None

        self.orders: Kind[Order] = Kind(
            wire.TYPE_ORDER, order_getters(shop), of(order_resource), includes.of_order, gone
        )
        self.subs: Kind[SubsOrder] = Kind(
            wire.TYPE_SUBS_ORDER, subs_getters(shop), of(subs_resource), includes.of_subs, gone
        )
        self.items: Kind[Item] = Kind(wire.TYPE_ORDER_ITEM, by("id"), of(item_resource), includes.of_item)
        self.customers: Kind[Customer] = Kind(
            wire.TYPE_CUSTOMER, customer_getters(), of(customer_resource), includes.of_customer, gone
        )
        self.products: Kind[Variant] = Kind(
            wire.TYPE_PRODUCT, product_getters(shop), of(product_resource), includes.of_product, gone
        )
        self.stock: Kind[Variant] = Kind(wire.TYPE_STOCK_ITEM, STOCK, stock_resource, deleted=gone)
        self.methods: Kind[PaymentMethod] = Kind(
            wire.TYPE_PAYMENT_METHOD,
            by("id", "name") | always(active=True, display_on_mypage=True, display_on_admin_oi_page=True),
            method_resource,
        )
        self.carriers: Kind[Carrier] = Kind(
            wire.TYPE_SHIPPING_CARRIER, by("id", "name"), of(carrier_resource), includes.of_carrier
        )
        self.stores: Kind[Store] = Kind(
            wire.TYPE_STORE,
            by("id", "name") | {flag: attrgetter("default") for flag in STORE_FLAGS},
            of(store_resource),
        )
        self.urls: Kind[Url] = Kind(
            wire.TYPE_URL,
            by("id") | {"base_url": attrgetter("token"), "url_group_id": attrgetter("group_id")},
            of(url_resource),
            includes.of_url,
        )
        self.url_groups: Kind[UrlGroup] = Kind(
            wire.TYPE_URL_GROUP, by("id", "name", "advertiser_id"), url_group_resource, includes.of_url_group
        )
        self.labels: Kind[Label] = Kind("label", by("id", "name", "type"), _label, plain=True)
        self.sexes: Kind[Named] = Kind(
            wire.TYPE_SEX,
            by("id", "name") | {"position": attrgetter("id")} | always(state="active"),
            sex_resource,
        )
        self.categories: Kind[Category] = Kind(
            wire.TYPE_PRODUCT_CATEGORY,
            by("id", "name", "slug") | always(product_category_visibility=True),
            lambda category: category_resource(_place(shop, category), category),
        )
        self.free_columns: Kind[OrderFreeColumn] = Kind(
            wire.TYPE_ORDER_FREE_COLUMN, by("id", "label", "required"), free_column_resource
        )
        self.blacklist_reasons: Kind[BlacklistReason] = Kind(
            wire.TYPE_BLACKLIST_REASON, by("id", "name"), blacklist_reason_resource
        )
        self.search_queries: Kind[SearchQuery] = Kind(
            wire.TYPE_SEARCH_QUERY, by("id", "name", "type"), search_query_resource
        )
        self.cancel_reasons = _reasons(wire.TYPE_CANCEL_REASON)
        self.suspend_reasons = _reasons(wire.TYPE_SUSPEND_REASON)


STORE_FLAGS = ("lp_default", "cart_default", "order_input_default")


def _reasons(type_: str) -> Kind[Reason]:
    return Kind(type_, by("id", "name"), lambda reason: reason_resource(type_, reason))


def _label(label: Label) -> Resource:
    """No JSON:API: a plain object."""
    known = {"id": label.id, "name": label.name, "color": label.color, "position": label.id}
    return resource("label", {**known, "search_form_visibility": True, "type": label.type})


def _place(shop: Shop, category: Category) -> int:
    categories = shop.settings.masters.categories
    return 1 + categories.index(named(categories, category.id) or category)
