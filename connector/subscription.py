"""Subscription (定期受注): the parent contract, as the cart shows it: the noun from which renewals are foreseen.

Frozen, no I/O. Dates are Japanese dates. Dangerous: 定期回数 (`times`) may go down when an order is voided;
`orders_count` never does (spec/ecforce.md §7.8).
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from enum import StrEnum

import msgspec

from connector.order import Yen


class SubscriptionState(StrEnum):
    """定期ステータス, spec/ecforce.md §3.3. Only an ACTIVE one generates orders."""

    ACTIVE = "active"  # 有効
    SUSPENDED = "suspended"  # 停止
    CANCELLED = "cancelled"  # キャンセル
    UNKNOWN = "unknown"  # a code we have no word for


class Schedule(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """配送サイクル by its component fields; the sentence is for people only (§2.13).

    `kind` is the cart's code: date, term or day_of_week; empty where the fields name none. `weekday` counts from
    0 = 日曜日, as the cart's requests do.
    """

    kind: str = ""
    every_months: int | None = None
    on_day: int | None = None  # 99 = 末日
    every_days: int | None = None
    nth: int | None = None
    weekday: int | None = None
    sentence: str = ""


class SubscriptionLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One item that coming orders carry. `onetime`: only the next one; `skip`: left out of the next one."""

    sku: str
    name: str
    quantity: int
    unit_price: Yen
    onetime: bool = False
    skip: bool = False


class Subscription(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One 定期受注. `subscription_id` is the cart's id, `number` what people see."""

    subscription_id: int
    number: str
    customer_number: str
    state: SubscriptionState
    state_code: str
    schedule: Schedule
    times: int  # 定期回数
    orders_count: int  # 定期内受注数
    created_at: datetime
    updated_at: datetime
    next_ship_on: date | None = None  # 次回発送予定日
    next_deliver_on: date | None = None  # 次回配送予定日
    previous_ship_on: date | None = None
    previous_deliver_on: date | None = None
    remaining_orders: int | None = None  # 自動受注作成件数; None: no limit
    remaining_block_times: int | None = None  # 残りお約束回数
    skipped: bool = False  # 次回配送スキップ was used
    schedule_locked: bool = False
    needs_attention: tuple[str, ...] = ()  # 要対応 with its reasons
    prefecture: str = ""  # of the delivery address; decides the lead days
    payment_method: str = ""
    subtotal: Yen = 0  # what the next order's goods will cost
    lines: tuple[SubscriptionLine, ...] = ()
    suspended_at: datetime | None = None
    cancelled_at: datetime | None = None
    deleted_at: datetime | None = None

    @property
    def generates(self) -> bool:
        """Whether the cart is to create orders from it at all; dates and reasons decide when."""
        living = self.state is SubscriptionState.ACTIVE and self.deleted_at is None
        return living and self.remaining_orders != 0


def subscription_digest(subscription: Subscription) -> str:
    """SHA-256 over what the cart said, without when it said it: equal digests are no new version."""
    content = msgspec.structs.replace(subscription, updated_at=subscription.created_at)
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()
