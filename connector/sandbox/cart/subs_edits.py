"""Edits of a subscription (定期受注の更新): dates, cycle, state, goods and payment of what comes next.

spec/ecforce.md §2.13, §7.3, §7.7. A new cycle leaves the next dates alone; a date moves its partner only when
asked to (`sync_…`). Children that exist are never touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from connector.adapters.ecforce import wire
from connector.sandbox.cart.gateway import Gateway
from connector.sandbox.cart.model import SubsOrder
from connector.sandbox.cart.order_edits import Params, changed_postal, known_id, write_pickup
from connector.sandbox.cart.refusal import invalid, missing, not_valid
from connector.sandbox.cart.renewals import Renewals
from connector.sandbox.cart.resources_subs import EVERY_DAYS, EVERY_MONTHS, ON_DAY, ON_WEEK, ON_WEEKDAY
from connector.sandbox.cart.settings import MethodKind
from connector.sandbox.cart.shop import Shop, midnight, planned_on
from connector.sandbox.cart.texts import read_datetime, read_int, read_switch
from connector.subscriptions.cycle import Cycle, CycleKind, ship_day

ASO: Final = wire.PREFIX_SUBS_ORDER
TEXTS: Final = ("memo01", "memo02", "linked_memo", "link_number")
NUMBERS: Final = {
    "times": "times",
    "recurring_block_times": "block_times",
    "adjustment": "adjustment",
    "point_redeem": "point_redeem",
}
NULLABLE_NUMBERS: Final = {
    "remaining_number_of_orders": "remaining_orders",
    "assigned_admin_id": "assigned_admin_id",
    "registrant_admin_id": "registrant_admin_id",
}
SWITCHES: Final = {
    "payment_schedule_locked": "schedule_locked",
    "default_shipping_carrier_locked": "carrier_locked",
    "onetime_adjustment": "onetime_adjustment",
    "onetime_point_redeem": "onetime_point_redeem",
}
WORDS_PAST_SHIP_DATE = "次回発送予定日に過去の日付は指定できません。"
WORDS_LINK_TAKEN = "連携用定期受注番号はすでに存在します"
REASONS: Final = {"suspend_reason_ids": "suspend_reasons", "cancel_reason_ids": "cancel_reasons"}
NO_REASON: Final = ("null", "", None)


class SubsEdits:
    """Applies the `subs_order` object of a PUT."""

    def __init__(self, shop: Shop, renewals: Renewals, gateway: Gateway) -> None:
        self._shop, self._renewals, self._gateway = shop, renewals, gateway

    def apply(
        self, subs: SubsOrder, params: Params, *, avoid_holidays: bool = False, actor: str = "api"
    ) -> None:
        """All keys or none."""
        skip = read_switch(params.get("skip_next_scheduled_delivery")) and not subs.skipped
        self.fill(subs, params, avoid_holidays=avoid_holidays, actor=actor)
        if skip:
            self._renewals.skip(subs)
        self._shop.note(subs, actor, "edited", after=",".join(sorted(params)))
        self._shop.history.add("subs_changed", subs.number, keys=sorted(params))

    def fill(
        self, subs: SubsOrder, params: Params, *, avoid_holidays: bool = False, actor: str = "api"
    ) -> None:
        """Written to a copy first, which takes its place when nothing is refused."""
        draft = replace(subs, payment=replace(subs.payment))
        draft.cycle = cycle_of(params) or subs.cycle
        dates = self._dates(subs, params, avoid_holidays=avoid_holidays)
        draft.next_ship_at, draft.next_delivery_at = dates or (subs.next_ship_at, subs.next_delivery_at)
        state = str(params.get("state", subs.state))
        if state not in wire.SUBS_STATES:
            raise invalid(ASO, "state")
        reasons = {key: ids for key in REASONS if (ids := self._reasons(key, params)) is not None}
        self._masters(draft, params)
        self._plain(draft, params)
        for name in SubsOrder.__slots__:
            setattr(subs, name, getattr(draft, name))
        self._renewals.set_state(subs, state, actor)
        for key, ids in reasons.items():
            setattr(subs, key, ids)

    def _plain(self, subs: SubsOrder, params: Params) -> None:
        for key in TEXTS:
            if key in params:
                setattr(subs, key, None if params[key] is None else str(params[key]))
        for key, name in NUMBERS.items():
            if key in params:
                number = read_int(params[key])
                if number is None:
                    raise invalid(ASO, key)
                setattr(subs, name, number)
        for key, name in NULLABLE_NUMBERS.items():
            if key in params:
                setattr(subs, name, read_int(params[key]))
        for key, name in SWITCHES.items():
            if key in params:
                setattr(subs, name, read_switch(params[key]))

    def _masters(self, subs: SubsOrder, params: Params) -> None:
        if "default_shipping_carrier_id" in params:
            carrier = self._shop.carrier(read_int(params["default_shipping_carrier_id"]) or 0)
            if carrier is None:
                raise invalid(ASO, "default_shipping_carrier_id")
            subs.carrier = carrier
        if "delivery_time_id" in params:
            slot = self._shop.delivery_time(read_int(params["delivery_time_id"]) or 0)
            if slot is None and params["delivery_time_id"] is not None:
                raise invalid(ASO, "delivery_time_id")
            subs.delivery_time = slot
        if "store_id" in params:
            stores = self._shop.settings.masters.stores
            subs.store_id = known_id(params["store_id"], stores, ASO, "store_id")
        write_pickup(self._shop, subs, params, ASO)
        if isinstance(address := params.get("shipping_address_attributes"), Mapping):
            subs.shipping = self._shop.address(changed_postal(subs.shipping.postal, address, ASO))
        if isinstance(payment := params.get("payment_attributes"), Mapping):
            self._payment(subs, payment)

    def _payment(self, subs: SubsOrder, wish: Mapping[str, Any]) -> None:
        method = self._shop.method(read_int(wish.get("payment_method_id")) or 0)
        if method is None:
            raise invalid(ASO, "payment_method_id")
        source = read_int(wish.get("source_id"))
        if method.kind is MethodKind.CARD and source is None:
            raise missing(ASO, "source_id")
        card = self._gateway.cards.get(source or 0)
        theirs = card is not None and card.customer_id == subs.customer_id and card.is_card
        if method.kind is MethodKind.CARD and not theirs:
            raise invalid(ASO, "source_id")
        if method.kind is MethodKind.WALLET and method is not subs.payment.method and not _permission(wish):
            raise missing(ASO, "charge_permission_id")
        subs.payment.method = method
        subs.payment.card_id = source if method.kind is MethodKind.CARD else None
        subs.payment.times = read_int(wish.get("payment_times"))

    def _reasons(self, key: str, params: Params) -> list[int] | None:
        """Ids as text; `["null"]` or `[""]` clears, an unknown id is refused."""
        wanted = params.get(key)
        if not isinstance(wanted, list):
            return None
        known = {reason.id for reason in getattr(self._shop.settings, REASONS[key])}
        ids = [read_int(each) for each in wanted if each not in NO_REASON]
        if any(id_ not in known for id_ in ids):
            raise invalid(ASO, key)
        return [id_ for id_ in ids if id_ is not None]

    def _dates(
        self, subs: SubsOrder, params: Params, *, avoid_holidays: bool
    ) -> tuple[datetime, datetime] | None:
        ship_text, delivery_text = (
            params.get(f"scheduled_to_be_{what}_at") for what in ("shipped", "delivered")
        )
        if not ship_text and not delivery_text:
            return None
        ship_at = self._instant("scheduled_to_be_shipped_at", ship_text) or subs.next_ship_at
        delivery_at = self._instant("scheduled_to_be_delivered_at", delivery_text) or subs.next_delivery_at
        if ship_text and avoid_holidays:
            ship_at = self._next_open(ship_at)
        rules = self._shop.rules(subs.shipping.postal.prefecture_id)
        if delivery_text and read_switch(params.get("sync_scheduled_to_be_shipped_at")):
            ship_at = midnight(ship_day(planned_on(delivery_at), rules.lead_days, rules.is_closed))
        if ship_text and read_switch(params.get("sync_scheduled_to_be_delivered_at")):
            delivery_at = midnight(planned_on(ship_at) + timedelta(days=rules.lead_days))
        forbid_past = read_switch(params.get("enable_past_scheduled_to_be_shipped_at_error"))
        if forbid_past and planned_on(ship_at) < self._shop.today():
            raise not_valid(ASO, WORDS_PAST_SHIP_DATE)
        return ship_at, delivery_at

    def _instant(self, key: str, value: object) -> datetime | None:
        if not value:
            return None
        at = read_datetime(str(value))
        if at is None:
            raise invalid(ASO, key)
        return at

    def _next_open(self, at: datetime) -> datetime:
        """`avoid_holidays_…` moves LATER, unlike the engine's own shift (§0)."""
        day = planned_on(at)
        if not self._shop.settings.is_closed(day):
            return at
        while self._shop.settings.is_closed(day):
            day += timedelta(days=1)
        return midnight(day)


def _permission(wish: Mapping[str, Any]) -> object:
    """Amazon Pay asks for the shopper's standing permission (§6)."""
    found = wish.get("amazon_v2_transaction_attributes")
    return found.get("charge_permission_id") if isinstance(found, Mapping) else None


def cycle_of(params: Params) -> Cycle | None:
    """`payment_schedule` as a code with its components; None when it is not there."""
    if params.get("payment_schedule") is None:
        return None
    try:
        kind = CycleKind(str(params["payment_schedule"]))
        months = _part(params, EVERY_MONTHS, kind is not CycleKind.TERM)
        match kind:
            case CycleKind.TERM:
                return Cycle.every(_part(params, EVERY_DAYS))
            case CycleKind.DATE:
                return Cycle.monthly(months, _part(params, ON_DAY))
            case _:
                return Cycle.nth_weekday(months, _part(params, ON_WEEK), _part(params, ON_WEEKDAY))
    except ValueError as error:
        raise not_valid(ASO, wire.WORDS_CYCLE_INVALID) from error


def _part(params: Params, key: str, needed: bool = True) -> int:
    number = read_int(params.get(key))
    if number is None and needed:
        raise missing(ASO, key)
    return number or 0
