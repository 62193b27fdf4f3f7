"""Subscription reader (定期受注の読み取り): the bytes of a page of 定期受注 → subscriptions of ours, one by one.

Dangerous: `payment_schedule` is a sentence for people and the weekday exists as text only; the component fields
decide (spec/ecforce.md §2.13, §15.5).
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from connector.adapters.ecforce import wire
from connector.adapters.ecforce.reader import ReadPage, loose_update, opened, stray
from connector.adapters.ecforce.resources import ADDRESS, Included, Meta, Relation
from connector.adapters.ecforce.values import broken, day, instant, text_of
from connector.errors import Malformed
from connector.outcome import Stray
from connector.ports import SubscriptionPage
from connector.subscription import Schedule, Subscription, SubscriptionLine, SubscriptionState

STATES = {
    wire.SUBS_ACTIVE: SubscriptionState.ACTIVE,
    wire.SUBS_SUSPEND: SubscriptionState.SUSPENDED,
    wire.SUBS_CANCELED: SubscriptionState.CANCELLED,
}
WEEKDAYS = ("日曜日", "月曜日", "火曜日", "水曜日", "木曜日", "金曜日", "土曜日")  # 0 = 日, §15.5
DATE, TERM, DAY_OF_WEEK = "date", "term", "day_of_week"
_NO = (None, False, 0, "", "0", "false")  # §10.4
_NOTHING = Relation()


class Relations(Struct, frozen=True):
    order_items: Relation = _NOTHING
    shipping_address: Relation = _NOTHING


class Attributes(Struct, gc=False):
    """spec/ecforce.md §2.13, as much of it as a subscription of ours is made of."""

    id: int
    number: Raw
    updated_at: str
    times: int
    orders_count: int
    created_at: str | None = None
    customer_number: str | None = None
    state: str | None = None
    subtotal: int | None = None
    tbc: bool | int | str | None = None
    tbc_subs_order_reasons: str | None = None
    remaining_number_of_orders: int | None = None
    remaining_block_times: int | None = None
    payment_schedule: str | None = None
    payment_schedule_locked: int | bool | None = None
    scheduled_to_be_delivered_every_x_month: int | None = None
    scheduled_to_be_delivered_on_xth_day: int | None = None
    scheduled_to_be_delivered_every_x_day: int | None = None
    scheduled_to_be_delivered_on_xth_day_of_week: int | None = None
    human_scheduled_to_be_delivered_every_x_day_of_week: str | None = None
    scheduled_to_be_shipped_at: str | None = None
    scheduled_to_be_delivered_at: str | None = None
    previous_scheduled_to_be_shipped_at: str | None = None
    previous_scheduled_to_be_delivered_at: str | None = None
    skip_next_scheduled_delivery: bool | int | None = None
    payment_method_name: str | None = None
    suspended_at: str | None = None
    canceled_at: str | None = None
    deleted_at: str | None = None


class Item(Struct, gc=False):
    variant_sku: str | None = None
    product_name: str | None = None
    quantity: int = 0
    price: int = 0
    onetime: bool | None = None
    skip: bool | None = None


class Resource(Struct, frozen=True):
    attributes: Attributes
    relationships: Relations = Relations()


_ROW = msgspec.json.Decoder(Resource)
_ITEM = msgspec.json.Decoder(Item)


def read_page(body: bytes) -> ReadPage[SubscriptionPage]:
    """Raises Malformed where the body is no list at all."""
    document, rows = opened(body)
    included = Included(document.included)
    found: list[Subscription] = []
    strays: list[Stray] = []
    updates = []
    for index, row in enumerate(rows):
        try:
            one = _read(row, included)
        except (msgspec.MsgspecError, Malformed) as error:
            strays.append(stray(row, f"$.data[{index}]", error, noun="定期受注"))
            updates.append(loose_update(row))
            continue
        found.append(one)
        updates.append(one.updated_at)
    meta = document.meta or Meta()
    page = SubscriptionPage(tuple(found), tuple(strays), body, meta.total_count)
    return ReadPage(page, tuple(updates), meta.total_pages or 0, meta.per or 0)


def _read(row: Raw, included: Included) -> Subscription:
    resource = _ROW.decode(row)
    said = resource.attributes
    updated_at = instant(said.updated_at, "updated_at")
    if updated_at is None:
        raise broken(".attributes.updated_at", "更新日が空です")
    code = said.state or ""
    ref = resource.relationships.shipping_address.one()
    address = included.find(ref, ADDRESS) if ref else None
    return Subscription(
        subscription_id=said.id,
        number=text_of(said.number, "number", required=True),
        customer_number=said.customer_number or "",
        state=STATES.get(code, SubscriptionState.UNKNOWN),
        state_code=code,
        schedule=_schedule(said),
        times=said.times,
        orders_count=said.orders_count,
        created_at=instant(said.created_at, "created_at") or updated_at,
        updated_at=updated_at,
        next_ship_on=day(said.scheduled_to_be_shipped_at, "scheduled_to_be_shipped_at"),
        next_deliver_on=day(said.scheduled_to_be_delivered_at, "scheduled_to_be_delivered_at"),
        previous_ship_on=day(said.previous_scheduled_to_be_shipped_at, "previous_scheduled_to_be_shipped_at"),
        previous_deliver_on=day(
            said.previous_scheduled_to_be_delivered_at, "previous_scheduled_to_be_delivered_at"
        ),
        remaining_orders=said.remaining_number_of_orders,
        remaining_block_times=said.remaining_block_times,
        skipped=bool(said.skip_next_scheduled_delivery),
        schedule_locked=bool(said.payment_schedule_locked),
        needs_attention=_reasons(said),
        prefecture=(address.prefecture_name or "") if address else "",
        payment_method=said.payment_method_name or "",
        subtotal=said.subtotal or 0,
        lines=_lines(resource.relationships, included),
        suspended_at=instant(said.suspended_at, "suspended_at"),
        cancelled_at=instant(said.canceled_at, "canceled_at"),
        deleted_at=instant(said.deleted_at, "deleted_at"),
    )


def _schedule(said: Attributes) -> Schedule:
    """The kind follows from which components are filled; the cart sends no code for it in replies."""
    weekday = said.human_scheduled_to_be_delivered_every_x_day_of_week or ""
    kind = ""
    if said.scheduled_to_be_delivered_every_x_day is not None:
        kind = TERM
    elif said.scheduled_to_be_delivered_on_xth_day_of_week is not None:
        kind = DAY_OF_WEEK
    elif said.scheduled_to_be_delivered_on_xth_day is not None:
        kind = DATE
    return Schedule(
        kind=kind,
        every_months=said.scheduled_to_be_delivered_every_x_month,
        on_day=said.scheduled_to_be_delivered_on_xth_day,
        every_days=said.scheduled_to_be_delivered_every_x_day,
        nth=said.scheduled_to_be_delivered_on_xth_day_of_week,
        weekday=WEEKDAYS.index(weekday) if weekday in WEEKDAYS else None,
        sentence=said.payment_schedule or "",
    )


def _lines(names: Relations, included: Included) -> tuple[SubscriptionLine, ...]:
    found = [included.find(ref, _ITEM) for ref in names.order_items.many()]
    return tuple(
        SubscriptionLine(
            sku=item.variant_sku or "",
            name=item.product_name or "",
            quantity=item.quantity,
            unit_price=item.price,
            onetime=bool(item.onetime),
            skip=bool(item.skip),
        )
        for item in found
        if item is not None
    )


def _reasons(said: Attributes) -> tuple[str, ...]:
    if said.tbc in _NO:
        return ()
    reasons = (said.tbc_subs_order_reasons or "").split(",")
    return tuple(reason.strip() for reason in reasons if reason.strip()) or ("要対応",)
