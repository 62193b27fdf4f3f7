"""Resource of a subscription (定期受注) as JSON:API: every attribute of spec/ecforce.md §2.13."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from connector.adapters.ecforce import wire
from connector.clock import jst
from connector.sandbox.cart.model import SubsOrder
from connector.sandbox.cart.resources import (
    Attributes,
    Resource,
    free_columns,
    joined,
    pickup_wishes,
    product_labels,
    relation,
    relations,
    resource,
    store_name,
)
from connector.sandbox.cart.settings import Reason
from connector.sandbox.cart.shop import Shop
from connector.sandbox.cart.texts import stamp
from connector.subscriptions.cycle import MONTH_END, WEEKDAYS, CycleKind

DEAD_PAYMENTS: Final = (
    wire.PAY_VOIDED,
    wire.PAY_AUTH_FAILED,
    wire.PAY_EXAM_FAILED,
    wire.PAY_SALES_FAILED,
    wire.PAY_UPDATE_FAILED,
)
EVERY_MONTHS: Final = "scheduled_to_be_delivered_every_x_month"
ON_DAY: Final = "scheduled_to_be_delivered_on_xth_day"
EVERY_DAYS: Final = "scheduled_to_be_delivered_every_x_day"
ON_WEEK: Final = "scheduled_to_be_delivered_on_xth_day_of_week"
ON_WEEKDAY: Final = "scheduled_to_be_delivered_every_x_day_of_week"


def _choices(values: Iterable[int], word: str = "{}") -> list[dict[str, Any]]:
    """`ja` is a text, or a bare number where there is no word for it (§2.13)."""
    return [{"value": value, "ja": value if word == "{}" else word.format(value)} for value in values]


MONTHS: Final = _choices((1, 2, 3), "{}ヶ月")
DAYS_OF_MONTH: Final = [*_choices((1, 5, 10, 15, 20, 25)), {"value": MONTH_END, "ja": "末日"}]
WEEKDAY_CHOICES: Final = [{"value": number, "ja": name} for number, name in enumerate(WEEKDAYS)]
AVAILABLE_SCHEDULES: Final[list[dict[str, Any]]] = [
    {"value": "date", "ja": "日付で指定", EVERY_MONTHS: MONTHS, ON_DAY: DAYS_OF_MONTH},
    {"value": "term", "ja": "間隔で指定", EVERY_DAYS: _choices((30, 45, 60, 90), "{}日")},
    {
        "value": "day_of_week",
        "ja": "曜日で指定",
        EVERY_MONTHS: MONTHS,
        ON_WEEK: _choices(range(1, 6)),
        ON_WEEKDAY: WEEKDAY_CHOICES,
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
        "labels": joined(subs.labels),
        "customer_labels": joined(shop.customers[subs.customer_id].profile.labels),
        "product_labels": product_labels(shop, subs.items),
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
        **pickup_wishes(shop, subs),
        "order_free_columns": free_columns(shop, subs.free_columns),
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
        "store": store_name(shop, subs.store_id),
        "state": subs.state,
        "human_state": wire.SUBS_STATES[subs.state],
        "subtotal": sum(item.price * item.quantity for item in subs.items if not item.skip),
        "tbc": bool(subs.tbc_reasons),
        "tbc_subs_order_reasons": joined(subs.tbc_reasons),
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
    return joined(reason.name for reason in reasons if reason.id in ids)


def _days_since(shop: Shop, at: datetime | None) -> int | None:
    return None if at is None else (shop.today() - jst(at).date()).days
