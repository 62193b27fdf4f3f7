"""Resources of masters (支払い方法, 配送業者, 媒体, 広告URL, 性別, 理由 …) as JSON:API (spec/ecforce.md §2.16)."""

from __future__ import annotations

from connector.adapters.ecforce import wire
from connector.sandbox.cart.masters import (
    Advertiser,
    BlacklistReason,
    Named,
    OrderFreeColumn,
    SearchQuery,
    Store,
    Url,
    UrlGroup,
)
from connector.sandbox.cart.resources import Resource, named, relation, relations, resource, store_name
from connector.sandbox.cart.settings import Carrier, DeliveryTime, PaymentMethod, Reason
from connector.sandbox.cart.shop import Shop

NEVER_CHANGED = {"created_at": "2019/04/01 10:00:00", "updated_at": "2019/04/01 10:00:00"}


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


def carrier_resource(shop: Shop, carrier: Carrier) -> Resource:
    times = [slot.id for slot in carrier.delivery_times]
    places = shop.settings.masters.pickup_locations
    return resource(
        wire.TYPE_SHIPPING_CARRIER,
        {
            "id": carrier.id,
            "name": carrier.name,
            "code": carrier.code,
            "description": None,
            "description_mobile": None,
            "default": carrier.default,
            "state": "active",
            "human_state": "有効",
            "min_volume": None,
            "max_volume": None,
            "pickup_locations": [{"id": each.id, "pickup_location_name": each.name} for each in places],
            "pickup_location_primary_only": 0,
            "enable_doorbell_option": False,
            **NEVER_CHANGED,
        },
        {"delivery_times": relations(wire.TYPE_DELIVERY_TIME, times)},
    )


def delivery_time_resource(slot: DeliveryTime) -> Resource:
    return resource(wire.TYPE_DELIVERY_TIME, {"id": slot.id, "time": slot.time})


def store_resource(shop: Shop, store: Store) -> Resource:
    orders = sum(1 for order in shop.orders.values() if order.store_id == store.id)
    flags = ("lp_default", "cart_default", "cs_default", "order_input_default")
    return resource(
        wire.TYPE_STORE,
        {
            "id": store.id,
            "name": store_name(shop, store.id),
            "orders_count": orders,
            **dict.fromkeys(flags, store.default),
            "labels": list(store.labels),  # an array, unlike all other labels (§2.6)
            "expiry_date_start_at": None,
            "expiry_date_end_at": None,
            "cost": None,
            **NEVER_CHANGED,
            "deleted_at": None,
        },
    )


def url_resource(shop: Shop, url: Url) -> Resource:
    masters = shop.settings.masters
    group = named(masters.url_groups, url.group_id)
    advertiser = named(masters.advertisers, group.advertiser_id) if group else None
    return resource(
        wire.TYPE_URL,
        {
            "id": url.id,
            "base_url": url.token,
            "url_group_id": url.group_id,
            "url_group_name": group.name if group else None,
            "advertiser_id": advertiser.id if advertiser else None,
            "advertiser_name": advertiser.name if advertiser else None,
            "description": None,
            "purchase_count": sum(1 for order in shop.orders.values() if order.url_id == url.id),
            "upsell": False,
            "cost": url.cost,
            "default": url.default,
            **NEVER_CHANGED,
            "deleted_at": None,
        },
        {"url_group": relation(wire.TYPE_URL_GROUP, url.group_id)},
    )


def url_group_resource(group: UrlGroup) -> Resource:
    return resource(
        wire.TYPE_URL_GROUP,
        {"id": group.id, "name": group.name, "description": "", **NEVER_CHANGED},
        {"advertiser": relation(wire.TYPE_ADVERTISER, group.advertiser_id)},
    )


def advertiser_resource(advertiser: Advertiser) -> Resource:
    known = {"id": advertiser.id, "name": advertiser.name, "number": advertiser.number, "email": None}
    return resource(wire.TYPE_ADVERTISER, {**known, **NEVER_CHANGED})


def sex_resource(sex: Named) -> Resource:
    known = {"id": sex.id, "name": sex.name, "position": sex.id, "state": "active"}
    return resource(wire.TYPE_SEX, {**known, **NEVER_CHANGED, "deleted_at": None})


def free_column_resource(column: OrderFreeColumn) -> Resource:
    return resource(
        wire.TYPE_ORDER_FREE_COLUMN,
        {
            "id": column.id,
            "label": column.label,
            "required": column.required,
            "placeholder": None,
            "minlength": None,
            "maxlength": None,
            "position": column.id,
            "export_to_csv": True,
            "enabled": True,
            "mypage_display_flg": False,
            **NEVER_CHANGED,
        },
    )


def blacklist_reason_resource(reason: BlacklistReason) -> Resource:
    known = {"id": reason.id, "name": reason.name, "reason": reason.name}
    return resource(wire.TYPE_BLACKLIST_REASON, {**known, **NEVER_CHANGED})


def search_query_resource(query: SearchQuery) -> Resource:
    known = {"id": query.id, "name": query.name, "type": query.type}
    return resource(wire.TYPE_SEARCH_QUERY, {**known, **NEVER_CHANGED})


def reason_resource(type_: str, reason: Reason) -> Resource:
    known = {"id": reason.id, "name": reason.name, "parent_reason_id": reason.parent_id}
    return resource(type_, {**known, **NEVER_CHANGED})
