"""Shop (店舗): the rules one shop runs by, as plain values. `config.py` reads them from TOML.

Stages and reports see this; hosts, secrets and folders stay with the adapters.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from enum import StrEnum

import msgspec

from connector.order import Payment, PaymentKind, PaymentState


class Mode(StrEnum):
    """Who does a stage: we ACT, we only WATCH that somebody else does it, or nobody looks (OFF)."""

    ACT = "act"
    WATCH = "watch"
    OFF = "off"


class Rounding(StrEnum):
    """消費税の端数計算, once per rate and order (spec/ecforce.md §15.4): 切り捨て, 四捨五入, 切り上げ."""

    FLOOR = "floor"
    HALF_UP = "half_up"
    CEIL = "ceil"


class RenewalRules(msgspec.Struct, frozen=True, kw_only=True):
    """How the cart generates orders (定期受注の設定, spec/ecforce.md §7.1-7.4): needed to foresee them."""

    origin: str = "ship"  # 自動受注作成日の起点: "ship" 発送予定日 or "deliver" 配送予定日
    days_before: int = 7
    run_at: time = time(0, 30)  # JST, the cart's nightly run
    grace: timedelta = timedelta(hours=6)  # an order that is not there so long after the run is missing
    closed_weekdays: tuple[int, ...] = (5, 6)  # 0 = Monday, as Python counts
    national_holidays: bool = True
    closed: tuple[tuple[date, date], ...] = ()  # further closed days, both ends included
    lead_days: dict[str, int] = {}  # by prefecture name; others as spec/ecforce.md §7.3 step 3
    usual_lead_days: int = 2
    blocking_reasons: tuple[str, ...] = ("ブラックリスト",)  # 要対応 reasons for which nothing is created
    warn_ahead: timedelta = timedelta(days=14)  # how early a long-holiday trap is announced


class Preflight(msgspec.Struct, frozen=True, kw_only=True):
    """取込前確認 (B-class of the daily file): when a file waits for a click."""

    enabled: bool = True
    days: int = 4  # earlier files of the same weekday and time that make a band; fewer: no band
    tolerance: float = 0.5  # how far beyond the extremes of the band still is usual
    smallest: int = 20  # fewer orders than this are never odd
    wait: timedelta = timedelta(minutes=60)
    release_at_deadline: bool = True


class ShippingDays(msgspec.Struct, frozen=True, kw_only=True):
    """When the warehouse ships (締め時間・休業日, spec/wms.md §1): what comes later leaves the next business day."""

    cutoff: time = time(15, 0)  # JST
    safety: timedelta = timedelta(minutes=30)  # so long before it an instruction no longer counts as in time
    closed_weekdays: tuple[int, ...] = (5, 6)  # 0 = Monday, as Python counts
    national_holidays: bool = True
    closed: tuple[tuple[date, date], ...] = ()  # further closed days, both ends included


class DoubleRules(msgspec.Struct, frozen=True, kw_only=True):
    """二重出荷の見張り: with what a slip is compared before it is handed to the warehouse."""

    enabled: bool = True
    days: int = 14  # everything sent in so many days
    twin_hours: int = 6  # two orders of one person for the same goods inside so many hours are perhaps one


class RelayPace(msgspec.Struct, frozen=True, kw_only=True):
    """How many slips a day are usual for the warehouse; far more than that waits for a click."""

    enabled: bool = True
    days: int = 4  # earlier days of the same weekday that make a band; fewer: no band
    tolerance: float = 1.0  # how far beyond the highest of them still is usual
    smallest: int = 100  # fewer slips than this on one day are never odd


CAPTURED_WITHIN = timedelta(days=2)  # after the planned ship day begins: that day, or the next completion
AUTHORIZATION_DAYS = {PaymentKind.CARD: 60, PaymentKind.WALLET: 30}  # SANDBOX: spec/ecforce.md §6


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """One shop. `start_at` is required: orders before it are shown, never acted on."""

    key: str  # our short name, part of every stable key
    name: str
    start_at: datetime
    ne_shop_id: str
    modes: dict[str, Mode] = {}
    rhythms: dict[str, timedelta] = {}  # how often a stage runs, where the shop wants another rhythm
    patiences: dict[str, timedelta] = {}  # how long an item may stand before it counts as stuck
    settle: timedelta = timedelta(minutes=10)  # spec/ecforce.md §10.5: thanks offers edit the order
    overlap: timedelta = timedelta(minutes=15)  # how far each read of the cart reaches back
    mail_settle: timedelta = timedelta(minutes=30)  # NE has read a mail by then, or never will
    canary_after: timedelta = timedelta(minutes=10)  # no slip so long after a mail, while orders come in
    intake_patience: timedelta = timedelta(hours=2)  # after that the mail is announced again
    import_times: tuple[time, ...] = (time(14, 0),)  # JST
    import_grace: timedelta = timedelta(hours=3)  # a missed import time is caught up so long after
    preflight: Preflight = Preflight()
    completion_times: tuple[time, ...] = (time(19, 30),)  # JST
    relay_from: time = time(0, 0)  # JST, the warehouse's window for new instructions
    relay_until: time = time(23, 59, 59)
    receipt_within: timedelta = timedelta(hours=1)  # an instruction without an answer for longer is an alarm
    shipping_days: ShippingDays = ShippingDays()
    doubles: DoubleRules = DoubleRules()
    relay_pace: RelayPace = RelayPace()
    relay_foreign_slips: bool = False  # also slips without an order of ours (hand-made, copied)
    hold_needs_attention: bool = False  # 要対応 in the cart holds the order
    cancels_in_cart: bool = False  # a stopped order is cancelled in the cart by us, instead of by people
    complete_kinds: tuple[PaymentKind, ...] = tuple(PaymentKind)  # which kinds are completed in the cart
    sale_kinds: tuple[PaymentKind, ...] = ()  # for which of them sales (capture) runs with it
    completion_route: str = "files"  # "files" or "api"
    import_route: str = "api"  # "api" or "folder"
    sent_tag: str = "WMS送信済"  # spec/wms.md §1
    refused_tag: str = "WMS:エラー"
    resend_tag: str = "WMS再送"  # an operator's tag: hand it over again
    unshippable_tag: str = "WMS:出荷不可"
    partial_tag: str = "WMS:一部出荷"
    renewals: RenewalRules = RenewalRules()
    rounding: Rounding = Rounding.FLOOR
    authorization_days: dict[PaymentKind, int] = msgspec.field(
        default_factory=lambda: dict(AUTHORIZATION_DAYS)
    )
    authorization_warn_days: int = 3  # so few days left make number 6 of the morning red
    uncaptured_limit: int | None = None  # yen; more than that shipped and not captured is red
    given_up_after: timedelta = timedelta(days=30)  # an older refused payment is nobody's case any more
    ne_account: str = ""  # our name for the Next Engine account; "": none is known
    monthly_requests: int = 1_000  # of the NE account's contract, spec/next_engine.md §2.5; 0: not watched
    monthly_bytes: int = 3_000_000_000
    mail_senders: dict[str, str] = msgspec.field(
        default_factory=lambda: {"thanks": "cart", "dispatch": "next_engine"}
    )  # who sends which mail to the customer: exactly one

    def mode(self, stage: str) -> Mode:
        return self.modes.get(stage, Mode.ACT)

    def lapses_at(self, payment: Payment) -> datetime | None:
        """Until when an authorisation can be captured; None where it never lapses, or nobody says since when."""
        days = self.authorization_days.get(payment.kind)
        if days is None or payment.authorized_at is None or payment.state is not PaymentState.AUTHORIZED:
            return None
        return payment.authorized_at + timedelta(days=days)
