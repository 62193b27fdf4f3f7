"""Resources of subscriptions, goods and masters (定期受注, 商品, 在庫, 支払い方法 …) as JSON:API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from connector.adapters.ecforce import wire
from connector.clock import jst
from connector.sandbox.cart.model import SubsOrder, Variant
from connector.sandbox.cart.resources import (
    STOCK_LOCATION,
    Attributes,
    Resource,
    relation,
    relations,
    resource,
)
from connector.sandbox.cart.settings import Carrier, DeliveryTime, PaymentMethod, Reason
from connector.sandbox.cart.shop import Shop
from connector.sandbox.cart.texts import stamp
from connector.subscriptions.cycle import WEEKDAYS, CycleKind

DEAD_PAYMENTS: Final = (
    wire.PAY_VOIDED,
    wire.PAY_AUTH_FAILED,
    wire.PAY_EXAM_FAILED,
    wire.PAY_SALES_FAILED,
    wire.PAY_UPDATE_FAILED,
)
AVAILABLE_SCHEDULES: Final[list[dict[str, Any]]] = [  # `ja` may be text or a bare number, §2.13
    {
        "value": "date",
        "ja": "日付で指定",
        "every_x_month": [{"value": 1, "ja": "1ヶ月"}, {"value": 2, "ja": 2}],
    },
    {
        "value": "term",
        "ja": "間隔で指定",
        "every_x_day": [{"value": 30, "ja": "30日"}, {"value": 45, "ja": 45}],
    },
]


def subs_resource(shop: Shop, subs: SubsOrder) -> Resource:
    return resource(
        wire.TYPE_SUBS_ORDER,
        subs_attributes(shop, subs),
        {
            "customer": relation(wire.TYPE_CUSTOMER, subs.customer_id),
            "payment": relation(wire.TYPE_PAYMENT, subs.payment.id),
            "orders": relations(wire.TYPE_ORDER, subs.order_ids),
            "order_items": relations(wire.TYPE_ORDER_ITEM, [item.id for item in subs.items]),
            "shipping_address": relation(wire.TYPE_ADDRESS, subs.shipping.id),
        },
    )


def subs_attributes(shop: Shop, subs: SubsOrder) -> Attributes:
    return {
        **_identity(shop, subs),
        **_schedule(subs),
        **_reasons(shop, subs),
        **_payment(shop, subs),
        "labels": None,
        "customer_labels": None,
        "product_labels": None,
        "customer_contacts": None,
        "memo01": subs.memo01,
        "memo02": subs.memo02,
        "adjustment": subs.adjustment,
        "onetime_adjustment": subs.onetime_adjustment,
        "default_shipping_carrier_id": subs.carrier.id,
        "default_shipping_carrier": subs.carrier.name,
        "default_shipping_carrier_locked": subs.carrier_locked,
        "tenant_id": None,
        "assigned_admin_id": subs.assigned_admin_id,
        "registrant_admin_id": subs.registrant_admin_id,
        "linked_memo": subs.linked_memo,
        "skip_next_scheduled_delivery": subs.skipped,
        "link_number": subs.link_number,
        "pickup_location1": None,
        "pickup_location2": None,
        "doorbell": None,
        "order_free_columns": [],
        "created_at": stamp(subs.created_at),
        "updated_at": stamp(subs.updated_at),
        "suspended_at": stamp(subs.suspended_at),
        "canceled_at": stamp(subs.canceled_at),
        "deleted_at": stamp(subs.deleted_at),
    }


def _identity(shop: Shop, subs: SubsOrder) -> Attributes:
    return {
        "id": subs.id,
        "number": subs.number,
        "customer_number": shop.customers[subs.customer_id].number,
        "wrapping": None,
        "times": subs.times,
        "orders_count": subs.orders_count,
        "store": shop.settings.store,
        "state": subs.state,
        "human_state": wire.SUBS_STATES[subs.state],
        "subtotal": sum(item.price * item.quantity for item in subs.items if not item.skip),
        "tbc": bool(subs.tbc_reasons),
        "tbc_subs_order_reasons": ",".join(subs.tbc_reasons) or None,
        "remaining_number_of_orders": subs.remaining_orders,
    }


def _schedule(subs: SubsOrder) -> Attributes:
    cycle, slot = subs.cycle, subs.delivery_time
    by_weekday = cycle.kind is CycleKind.DAY_OF_WEEK
    return {
        "available_payment_schedules": AVAILABLE_SCHEDULES,
        "payment_schedule": cycle.sentence(),
        "payment_schedule_locked": int(subs.schedule_locked),
        "scheduled_to_be_delivered_every_x_month": cycle.months or None,
        "scheduled_to_be_delivered_on_xth_day": cycle.day or None,
        "scheduled_to_be_delivered_every_x_day": cycle.days or None,
        "scheduled_to_be_delivered_on_xth_day_of_week": cycle.nth or None,
        "human_scheduled_to_be_delivered_every_x_day_of_week": WEEKDAYS[cycle.weekday]
        if by_weekday
        else None,
        "scheduled_to_be_shipped_at": stamp(subs.next_ship_at),
        "scheduled_to_be_delivered_at": stamp(subs.next_delivery_at),
        "scheduled_delivery_time": slot.time if slot else None,
        "scheduled_delivery_time_id": slot.id if slot else None,
        "previous_scheduled_to_be_shipped_at": stamp(subs.previous_ship_at),
        "previous_scheduled_to_be_delivered_at": stamp(subs.previous_delivery_at),
    }


def _reasons(shop: Shop, subs: SubsOrder) -> Attributes:
    wish = shop.settings
    return {
        "suspend_reasons": _names(wish.suspend_reasons, subs.suspend_reason_ids),
        "cancel_reasons": _names(wish.cancel_reasons, subs.cancel_reason_ids),
        "suspend_reason_ids": subs.suspend_reason_ids,
        "cancel_reason_ids": subs.cancel_reason_ids,
        "elapsed_days_from_suspended": _days_since(shop, subs.suspended_at),
        "elapsed_days_from_canceled": _days_since(shop, subs.canceled_at),
    }


def _payment(shop: Shop, subs: SubsOrder) -> Attributes:
    children = (shop.orders[id_] for id_ in subs.order_ids)
    return {
        "payment_method_name": subs.payment.method.name,
        "payment_times": subs.payment.times,
        "recurring_block_times": subs.block_times,
        "remaining_block_times": max(0, subs.block_times - subs.times),
        "orders_paid_count": sum(1 for order in children if order.payment.state not in DEAD_PAYMENTS),
        "pay_with_epos": False,
    }


def _names(reasons: tuple[Reason, ...], ids: list[int]) -> str | None:
    return ",".join(reason.name for reason in reasons if reason.id in ids) or None


def _days_since(shop: Shop, at: datetime | None) -> int | None:
    return None if at is None else (shop.today() - jst(at).date()).days


def product_resource(variant: Variant) -> Resource:
    goods = variant.goods
    unknown = [f"option{k:02}" for k in range(1, 11)]
    return resource(
        wire.TYPE_PRODUCT,
        {
            "id": variant.product_id,
            "number": goods.product_number,
            "state": "active",
            "human_state": "表示",
            "name": goods.name,
            "for_sale": True,
            "position": variant.product_id,
            "is_recurring": goods.recurring,
            "product_category_names": goods.category,
            "master_list_price": goods.price,
            "master_sales_price": goods.price,
            "master_sku": goods.sku,
            "tax_id": goods.tax_rate,
            "link_number": None,
            **dict.fromkeys(unknown),
            "labels": None,
            "first_price": None,
            "first_price_include_tax": None,
            "created_at": stamp(variant.created_at),
            "updated_at": stamp(variant.updated_at),
            "deleted_at": None,
        },
        {
            "variants": relations(wire.TYPE_VARIANT, [variant.id]),
            "thumbnail": {"data": None},
            "bundled_items": {"data": []},
            "product_categories": {"data": []},
        },
    )


def variant_resource(variant: Variant) -> Resource:
    goods = variant.goods
    return resource(
        wire.TYPE_VARIANT,
        {
            "id": variant.id,
            "sku": goods.sku,
            "name": goods.name,
            "state": "active",
            "human_state_name": "表示",
            "for_sale": True,
            "position": 1,
            "is_master": True,
            "product_id": variant.product_id,
            "volume": None,
            "list_price": goods.price,
            "sales_price": goods.price,
            "options": [],
            "link_number": None,
            "first_price": None,
            "created_at": stamp(variant.created_at),
            "updated_at": stamp(variant.updated_at),
        },
        {"thumbnails": {"data": []}},
    )


def stock_resource(variant: Variant) -> Resource:
    return resource(
        wire.TYPE_STOCK_ITEM,
        {
            "id": variant.id,
            **STOCK_LOCATION,
            "stock_location_code": "default",
            "product_id": variant.product_id,
            "product_number": variant.goods.product_number,
            "variant_id": variant.id,
            "variant_sku": variant.goods.sku,
            "stock": variant.stock,
            "stock_unlimited": False,
            "stock_alert": False,
            "stock_borderline": None,
            "created_at": stamp(variant.created_at),
            "updated_at": stamp(variant.updated_at),
        },
    )


def method_resource(method: PaymentMethod) -> Resource:
    return resource(
        wire.TYPE_PAYMENT_METHOD,
        {
            "id": method.id,
            "name": method.name,
            "description": None,
            "description_mobile": None,
            "active": True,
            "amount_upper_limit": None,
            "amount_under_limit": None,
            "display_on_mypage": True,
            "display_on_admin_oi_page": True,
            "use_credit_card_validity_check": False,
            "cv_offer_realtime_payment": False,
            "use_o_plux": False,
            "use_spider_af": False,
        },
    )


def carrier_resource(carrier: Carrier) -> Resource:
    times = [slot.id for slot in carrier.delivery_times]
    return resource(
        wire.TYPE_SHIPPING_CARRIER,
        {
            "id": carrier.id,
            "name": carrier.name,
            "code": carrier.code,
            "default": carrier.default,
            "state": "active",
            "human_state": "有効",
            "min_volume": None,
            "max_volume": None,
            "pickup_locations": [],
            "pickup_location_primary_only": 0,
            "enable_doorbell_option": False,
            "created_at": None,
            "updated_at": None,
        },
        {"delivery_times": relations(wire.TYPE_DELIVERY_TIME, times)},
    )


def delivery_time_resource(slot: DeliveryTime) -> Resource:
    return resource(wire.TYPE_DELIVERY_TIME, {"id": slot.id, "time": slot.time})


def store_resource(shop: Shop) -> Resource:
    attributes = {"id": 1, "name": shop.settings.store, "orders_count": len(shop.orders), "labels": []}
    return resource(wire.TYPE_STORE, {**attributes, "order_default": True})


def reason_resource(type_: str, reason: Reason) -> Resource:
    return resource(type_, {"id": reason.id, "name": reason.name, "parent_reason_id": reason.parent_id})
