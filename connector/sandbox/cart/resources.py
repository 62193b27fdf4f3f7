"""Resources of an order (受注) as JSON:API: every attribute of spec/ecforce.md §2.8.

Dangerous: types are a contract (§11): money and ids are numbers, labels are one text, null is fine
everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeVar

from connector.adapters.ecforce import wire
from connector.sandbox.cart.masters import DEFAULT_STORE
from connector.sandbox.cart.model import Item, Order, SubsOrder
from connector.sandbox.cart.shop import Shop
from connector.sandbox.cart.texts import stamp

Attributes = dict[str, Any]
Resource = dict[str, Any]

STOCK_LOCATION = {"stock_location_id": 1, "stock_location_name": "見本倉庫"}
NOTHING_KNOWN = dict.fromkeys(
    [
        "at_score_result",
        "o_plux_description",
        "spider_af_result",
        "spider_af_description",
        "customer_contacts",
        "tenant_id",
        "invite_code",
        "cv_route",
    ]
)


class Numbered(Protocol):
    """A master record."""

    @property
    def id(self) -> int: ...


Master = TypeVar("Master", bound=Numbered)


def named(masters: Iterable[Master], id_: int | None) -> Master | None:
    """The record with this id."""
    return next((each for each in masters if each.id == id_), None)


def joined(texts: Iterable[str]) -> str | None:
    """Several words as ONE text, null for none (§2.6)."""
    return ",".join(texts) or None


def store_name(shop: Shop, id_: int) -> str | None:
    """媒体; the first one is the shop itself."""
    if id_ == DEFAULT_STORE:
        return shop.settings.store
    store = named(shop.settings.masters.stores, id_)
    return store.name if store else None


def product_labels(shop: Shop, items: Iterable[Item]) -> str | None:
    wanted = {id_ for item in items for id_ in item.variant.label_ids}
    return joined(label.name for label in shop.settings.masters.labels if label.id in wanted)


def free_columns(shop: Shop, answers: Mapping[int, tuple[str, ...]]) -> list[Attributes]:
    """受注自由項目; a column that is no longer in the masters has no name."""
    columns = shop.settings.masters.order_free_columns
    names = {column.id: column.label for column in columns}
    return [{"id": id_, "values": list(values), "name": names.get(id_)} for id_, values in answers.items()]


def pickup_wishes(shop: Shop, record: Order | SubsOrder) -> Attributes:
    """受取場所 and 呼び鈴."""
    places = [named(shop.settings.masters.pickup_locations, id_) for id_ in record.pickup_ids]
    names = [place.name if place else None for place in places]
    return {"pickup_location1": names[0], "pickup_location2": names[1], "doorbell": record.doorbell}


def relation(type_: str, id_: int | None) -> dict[str, Any]:
    return {"data": None if id_ is None else {"id": str(id_), "type": type_}}


def relations(type_: str, ids: list[int]) -> dict[str, Any]:
    return {"data": [{"id": str(id_), "type": type_} for id_ in ids]}


def resource(type_: str, attributes: Attributes, relationships: dict[str, Any] | None = None) -> Resource:
    """One resource: the outer id is text, the inner one a number."""
    id_ = str(attributes["id"])
    return {"id": id_, "type": type_, "attributes": attributes, "relationships": relationships or {}}


def order_resource(shop: Shop, order: Order) -> Resource:
    shipping_ids = [address.id for address in order.shipping]
    return resource(
        wire.TYPE_ORDER,
        order_attributes(shop, order),
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
        **_source(shop, order),
        **_payment_of_order(order),
        **_state(shop, order),
        **_amounts(order),
        **_carriage(order),
        **_dates(order),
        **_memos(order),
        **NOTHING_KNOWN,
        **pickup_wishes(shop, order),
        "o_plux_result": order.o_plux_result,
        "coupons": order.coupons,
        "assigned_admin_id": order.assigned_admin_id,
        "registrant_admin_id": order.registrant_admin_id,
        "campaigns": [],
        "deleted_at": stamp(order.deleted_at),
    }


def _identity(shop: Shop, order: Order) -> Attributes:
    parent, customer = shop.parent(order), shop.customers[order.customer_id]
    inserts = [item.variant.goods.name for item in order.items if item.bundled_id is not None]
    return {
        "id": order.id,
        "number": order.number,
        "labels": joined(order.labels),
        "customer_labels": joined(customer.profile.labels),
        "subs_order_labels": joined(parent.labels) if parent else None,
        "product_labels": product_labels(shop, order.items),
        "customer_id": customer.id,
        "customer_number": customer.number,
        "subs_order_id": order.subs_id,
        "subs_order_number": parent.number if parent else None,
        "kind": wire.KIND_SUBSCRIPTION if parent else wire.KIND_ONE_OFF,
        "times": order.times,
        "nth": order.nth,
        "last_order": order.nth == parent.orders_count if parent else None,
        "bundled_items": joined(inserts),
        "product_name_with_tax": order.items[0].variant.goods.name if order.items else None,
        "ip": f"203.0.113.{order.id % 250}",
        "device_variant": order.device,
        "human_offer_name": "通常",
    }


def _source(shop: Shop, order: Order) -> Attributes:
    """流入元 of this order."""
    masters = shop.settings.masters
    url = named(masters.urls, order.url_id)
    group = named(masters.url_groups, url.group_id) if url else None
    advertiser = named(masters.advertisers, group.advertiser_id) if group else None
    return {
        "url_id": order.url_id,
        "url": url.token if url else None,
        "url_group": group.name if group else None,
        "advertiser": advertiser.name if advertiser else None,
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
        "store": store_name(shop, order.store_id),
        "state": order.state,
        "human_state": shop.settings.order_states.get(order.state, "不明なステータス"),
        "email": order.email,
        "multiple_shipping": order.several_addresses,
        "tbc": bool(order.tbc_reasons),
        "tbc_order_reasons": joined(order.tbc_reasons),
        "order_free_columns": free_columns(shop, order.free_columns),
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
        "picked_list": order.picked_at is not None,
        "picked_at": stamp(order.picked_at),
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
