"""What can be searched for (検索項目): one getter per `q` attribute of each list (spec/ecforce.md §2.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from connector.adapters.ecforce import wire
from connector.sandbox.cart.model import Customer, Order, SubsOrder, Variant
from connector.sandbox.cart.ransack import Getter
from connector.sandbox.cart.resources_goods import DEFAULT_LOCATION, category_names
from connector.sandbox.cart.shop import Shop


def order_getters(shop: Shop) -> dict[str, Getter[Order]]:
    """Own attributes, then association paths."""
    return {
        "id": lambda order: order.id,
        "number": lambda order: order.number,
        "customer_id": lambda order: order.customer_id,
        "subs_order_id": lambda order: order.subs_id,
        "url_id": lambda order: order.url_id,
        "store_id": lambda order: order.store_id,
        "state": lambda order: order.state,
        "payment_state": lambda order: order.payment.state,
        "payment_method_id": lambda order: order.payment.method.id,
        "email": lambda order: order.email,
        "total": lambda order: order.amounts.total,
        "subtotal": lambda order: order.amounts.subtotal,
        "payment_total": lambda order: order.amounts.payment_total,
        "shipping_carrier_id": lambda order: order.carrier.id if order.carrier else None,
        "stock_location_id": lambda order: 1,
        "times": lambda order: order.times,
        "nth": lambda order: order.nth,
        "scheduled_to_be_shipped_at": lambda order: order.ship_planned_at,
        "scheduled_to_be_delivered_at": lambda order: order.delivery_planned_at,
        "created_at": lambda order: order.created_at,
        "updated_at": lambda order: order.updated_at,
        "completed_at": lambda order: order.completed_at,
        "shipped_at": lambda order: max(_shipped(order), default=None),
        "delivered_at": lambda order: order.delivered_at,
        "link_number": lambda order: order.link_number,
        "shipping_slip": lambda order: [parcel.slip for parcel in order.parcels.values()] or None,
        "tbc": lambda order: bool(order.tbc_reasons),
        "multiple_shipping": lambda order: order.several_addresses,
        "kind": lambda order: wire.KIND_ONE_OFF if order.subs_id is None else wire.KIND_SUBSCRIPTION,
        "remark": lambda order: order.remark,
        "memo01": lambda order: order.memo01,
        "memo02": lambda order: order.memo02,
        "payment_authed_at": lambda order: order.payment.authed_at,
        "payment_completed_at": lambda order: order.payment.completed_at,
        "payment_paid_at": lambda order: order.payment.paid_at,
        "payment_voided_at": lambda order: order.payment.voided_at,
        "payment_access_id": lambda order: order.payment.access_id,
        "payment_payment_method_id": lambda order: order.payment.method.id,
        "customer_email": lambda order: shop.customers[order.customer_id].email,
        "customer_number": lambda order: shop.customers[order.customer_id].number,
        "customer_link_number": lambda order: shop.customers[order.customer_id].link_number,
        "order_items_product_category_names": lambda order: [
            name for item in order.items for name in category_names(shop, item.variant)
        ],
        "order_items_variant_sku": lambda order: [item.variant.goods.sku for item in order.items],
        "order_items_product_number": lambda order: [
            item.variant.goods.product_number for item in order.items
        ],
        "subs_order_number": _parent_number(shop),
        "device_variant": lambda order: order.device,
        "coupons": lambda order: order.coupons,
        "labels": lambda order: list(order.labels) or None,
    }


def _shipped(order: Order) -> Iterator[datetime]:
    return (parcel.shipped_at for parcel in order.parcels.values() if parcel.shipped_at)


def _parent_number(shop: Shop) -> Callable[[Order], str | None]:
    def number(order: Order) -> str | None:
        parent = shop.parent(order)
        return parent.number if parent else None

    return number


def subs_getters(shop: Shop) -> dict[str, Getter[SubsOrder]]:
    return {
        "id": lambda subs: subs.id,
        "number": lambda subs: subs.number,
        "times": lambda subs: subs.times,
        "orders_count": lambda subs: subs.orders_count,
        "state": lambda subs: subs.state,
        "link_number": lambda subs: subs.link_number,
        "created_at": lambda subs: subs.created_at,
        "updated_at": lambda subs: subs.updated_at,
        "suspended_at": lambda subs: subs.suspended_at,
        "canceled_at": lambda subs: subs.canceled_at,
        "scheduled_to_be_shipped_at": lambda subs: subs.next_ship_at,
        "scheduled_to_be_delivered_at": lambda subs: subs.next_delivery_at,
        "tbc": lambda subs: bool(subs.tbc_reasons),
        "remaining_number_of_orders": lambda subs: subs.remaining_orders,
        "payment_payment_method_id": lambda subs: subs.payment.method.id,
        "customer_id": lambda subs: subs.customer_id,
        "memo01": lambda subs: subs.memo01,
        "memo02": lambda subs: subs.memo02,
        "payment_method_id": lambda subs: subs.payment.method.id,
        "shipping_address_prefecture_id": lambda subs: subs.shipping.postal.prefecture_id,
        "customer_email": lambda subs: shop.customers[subs.customer_id].email,
        "customer_number": lambda subs: shop.customers[subs.customer_id].number,
        "order_items_variant_sku": lambda subs: [item.variant.goods.sku for item in subs.items],
    }


def customer_getters() -> dict[str, Getter[Customer]]:
    return {
        "id": lambda customer: customer.id,
        "number": lambda customer: customer.number,
        "email": lambda customer: customer.email,
        "billing_address_s_full_tel": lambda customer: customer.billing.postal.tel,
        "billing_address_full_tel": lambda customer: customer.billing.postal.tel,
        "state": lambda customer: customer.profile.state,
        "line_id": lambda customer: customer.profile.line_id,
        "buy_times": lambda customer: customer.buy_times,
        "buy_total": lambda customer: customer.buy_total,
        "point": lambda customer: customer.point,
        "blacklist": lambda customer: customer.blacklist,
        "link_number": lambda customer: customer.link_number,
        "created_at": lambda customer: customer.created_at,
        "updated_at": lambda customer: customer.updated_at,
    }


def product_getters(shop: Shop) -> dict[str, Getter[Variant]]:
    return {
        "id": lambda variant: variant.product_id,
        "number": lambda variant: variant.goods.product_number,
        "name": lambda variant: variant.goods.name,
        "state": lambda variant: "active" if variant.active else "inactive",
        "for_sale": lambda variant: variant.for_sale,
        "is_recurring": lambda variant: variant.goods.recurring,
        "product_category_names": lambda variant: category_names(shop, variant),
        "variants_sku": lambda variant: variant.goods.sku,
        "link_number": lambda variant: variant.link_number,
        "created_at": lambda variant: variant.created_at,
        "updated_at": lambda variant: variant.updated_at,
    }


STOCK: dict[str, Getter[Variant]] = {
    "id": lambda variant: variant.id,
    "variant_sku": lambda variant: variant.goods.sku,
    "stock_location_code": lambda variant: DEFAULT_LOCATION,
    "stock": lambda variant: variant.stock,
    "stock_unlimited": lambda variant: variant.stock_unlimited,
    "product_number": lambda variant: variant.goods.product_number,
    "created_at": lambda variant: variant.created_at,
    "updated_at": lambda variant: variant.updated_at,
}
