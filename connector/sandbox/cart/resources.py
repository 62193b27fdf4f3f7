"""Resources of an order (受注) as JSON:API: every attribute of spec/ecforce.md §2.8.

Dangerous: types are a contract (§11): money and ids are numbers, labels are one text, null is fine
everywhere.
"""

from __future__ import annotations

from typing import Any, Final

from connector.adapters.ecforce import wire
from connector.sandbox.cart.model import Order
from connector.sandbox.cart.shop import Shop
from connector.sandbox.cart.texts import stamp

Attributes = dict[str, Any]
Resource = dict[str, Any]

URL = {"url_id": 12, "url": "mihon-lp", "url_group": "見本グループ", "advertiser": None}
STOCK_LOCATION = {"stock_location_id": 1, "stock_location_name": "見本倉庫"}
LIGHTER_DROPS: Final = frozenset(
    f"{family}{rate}"
    for family in ("subtotal", "discount", "point", "discount_with_point", "tax", "total")
    for rate in (8, 10)
) | frozenset(
    [
        "labels",
        "customer_labels",
        "subs_order_labels",
        "product_labels",
        "human_offer_name",
        "human_state",
        "payment_human_state",
        "payment_method_name",
        "shipping_carrier_name",
        "stock_location_name",
        "tracking_url",
        "order_free_columns",
        "campaigns",
        "tbc_order_reasons",
    ]
)
NOTHING_KNOWN = dict.fromkeys(
    [
        "at_score_result",
        "o_plux_description",
        "spider_af_result",
        "spider_af_description",
        "customer_contacts",
        "tenant_id",
        "pickup_location1",
        "pickup_location2",
        "doorbell",
        "invite_code",
        "cv_route",
    ]
)


def relation(type_: str, id_: int | None) -> dict[str, Any]:
    return {"data": None if id_ is None else {"id": str(id_), "type": type_}}


def relations(type_: str, ids: list[int]) -> dict[str, Any]:
    return {"data": [{"id": str(id_), "type": type_} for id_ in ids]}


def resource(type_: str, attributes: Attributes, relationships: dict[str, Any] | None = None) -> Resource:
    """One resource: the outer id is text, the inner one a number."""
    id_ = str(attributes["id"])
    return {"id": id_, "type": type_, "attributes": attributes, "relationships": relationships or {}}


def order_resource(shop: Shop, order: Order, *, lighter: bool = False) -> Resource:
    attributes = order_attributes(shop, order)
    if lighter:
        attributes = {key: value for key, value in attributes.items() if key not in LIGHTER_DROPS}
    shipping_ids = [address.id for address in order.shipping]
    return resource(
        wire.TYPE_ORDER,
        attributes,
        {
            "customer": relation(wire.TYPE_CUSTOMER, order.customer_id),
            "subs_order": relation(wire.TYPE_SUBS_ORDER, order.subs_id),
            "billing_address": relation(wire.TYPE_ADDRESS, order.billing.id),
            "shipping_address": relation(wire.TYPE_ADDRESS, shipping_ids[0]),
            "shipping_addresses": relations(wire.TYPE_ADDRESS, shipping_ids),
            "order_items": relations(wire.TYPE_ORDER_ITEM, [item.id for item in order.items]),
            "payment": relation(wire.TYPE_PAYMENT, order.payment.id),
        },
    )


def order_attributes(shop: Shop, order: Order) -> Attributes:
    return {
        **_identity(shop, order),
        **URL,
        **_payment_of_order(order),
        **_state(shop, order),
        **_amounts(order),
        **_carriage(order),
        **_dates(order),
        **_memos(order),
        **NOTHING_KNOWN,
        "o_plux_result": order.o_plux_result,
        "coupons": order.coupons,
        "assigned_admin_id": order.assigned_admin_id,
        "registrant_admin_id": order.registrant_admin_id,
        "campaigns": [],
        "deleted_at": stamp(order.deleted_at),
    }


def _identity(shop: Shop, order: Order) -> Attributes:
    parent = shop.parent(order)
    inserts = [item.variant.goods.name for item in order.items if item.bundled_id is not None]
    return {
        "id": order.id,
        "number": order.number,
        "labels": None,
        "customer_labels": None,
        "subs_order_labels": None,
        "product_labels": None,
        "customer_id": order.customer_id,
        "customer_number": shop.customers[order.customer_id].number,
        "subs_order_id": order.subs_id,
        "subs_order_number": parent.number if parent else None,
        "kind": wire.KIND_SUBSCRIPTION if parent else wire.KIND_ONE_OFF,
        "times": order.times,
        "nth": order.nth,
        "last_order": order.nth == parent.orders_count if parent else None,
        "bundled_items": ",".join(inserts) or None,
        "product_name_with_tax": order.items[0].variant.goods.name if order.items else None,
        "ip": f"203.0.113.{order.id % 250}",
        "device_variant": order.device,
        "human_offer_name": "通常",
    }


def _payment_of_order(order: Order) -> Attributes:
    payment = order.payment
    return {
        "payment_access_id": payment.access_id,
        "payment_access_pass": None,
        "payment_number": None,
        "payment_method_id": payment.method.id,
        "payment_method_name": payment.method.name,
        "payment_times": payment.times,
        "payment_state": payment.state,
        "payment_human_state": wire.PAYMENT_STATES[payment.state],
        "payment_last_error_message": payment.last_error,
        "payment_authed_at": stamp(payment.authed_at),
        "payment_completed_at": stamp(payment.completed_at),
        "payment_paid_at": stamp(payment.paid_at),
        "payment_voided_at": stamp(payment.voided_at),
        "pay_with_epos": False,
    }


def _state(shop: Shop, order: Order) -> Attributes:
    return {
        "wrapping": order.wrapping,
        "remark": order.remark,
        "store": shop.settings.store,
        "state": order.state,
        "human_state": shop.settings.order_states.get(order.state, "不明なステータス"),
        "email": order.email,
        "multiple_shipping": order.several_addresses,
        "tbc": bool(order.tbc_reasons),
        "tbc_order_reasons": ",".join(order.tbc_reasons) or None,
        "order_free_columns": [],
    }


def _amounts(order: Order) -> Attributes:
    all_, extras = order.amounts, order.amounts.extras
    return {
        "subtotal": all_.subtotal,
        "subtotal8": all_.subtotal8,
        "subtotal10": all_.subtotal10,
        "discount": all_.discount,
        "discount8": extras.discount8,
        "discount10": extras.discount10,
        "point": extras.point,
        "point8": all_.point8,
        "point10": all_.point10,
        "discount_with_point": all_.discount + extras.point,
        "discount_with_point8": extras.discount8 + all_.point8,
        "discount_with_point10": extras.discount10 + all_.point10,
        "misc_fee": extras.misc_fee,
        "deliv_fee": extras.deliv_fee,
        "charge": extras.charge,
        "adjustment": extras.adjustment,
        "tax": all_.tax,
        "tax8": all_.tax8,
        "tax10": all_.tax10,
        "total": all_.total,
        "total8": all_.total8,
        "total10": all_.total10,
        "payment_total": all_.payment_total,
        "redeem_point": extras.point,
        "reward_point": 0,
        "grant_plan_point": 0,
        "total_recurring_sales_price_discount": 0,
    }


def _carriage(order: Order) -> Attributes:
    slips = [parcel.slip for parcel in order.parcels.values() if parcel.slip]
    slot, carrier = order.delivery_time, order.carrier
    return {
        "shipping_carrier_id": carrier.id if carrier else None,
        "shipping_carrier_name": carrier.name if carrier else None,
        "shipping_carrier_code": carrier.code if carrier else None,
        **STOCK_LOCATION,
        "shipping_slip": ",".join(slips) or None,  # several parcels: our reading, one joined text
        "tracking_url": None,
        "shipping_histories_count": len(slips),
        "picked_list": False,
        "picked_at": None,
        "scheduled_delivery_time": slot.time if slot else None,
        "scheduled_delivery_time_id": slot.id if slot else None,
        "scheduled_delivery_time_code": slot.code if slot else None,
    }


def _dates(order: Order) -> Attributes:
    shipped = [parcel.shipped_at for parcel in order.parcels.values() if parcel.shipped_at]
    return {
        "scheduled_to_be_shipped_at": stamp(order.ship_planned_at),
        "scheduled_to_be_delivered_at": stamp(order.delivery_planned_at),
        "previous_scheduled_to_be_shipped_at": stamp(order.previous_ship_planned_at),
        "previous_scheduled_to_be_delivered_at": stamp(order.previous_delivery_planned_at),
        "first_reminded_at": None,
        "remindered_at": None,
        "reminder_count": None,
        "due_at": None,
        "created_at": stamp(order.created_at),
        "updated_at": stamp(order.updated_at),
        "completed_at": stamp(order.completed_at),
        "delivered_at": stamp(order.delivered_at),
        "shipped_at": stamp(max(shipped)) if shipped else None,
    }


def _memos(order: Order) -> Attributes:
    return {
        "memo01": order.memo01,
        "memo02": order.memo02,
        "subs_order_memo01": order.subs_memo01,
        "subs_order_memo02": order.subs_memo02,
        "linked_memo": order.linked_memo,
        "link_number": order.link_number,
    }
