"""Renewal rows (定期の予定の行): what the forecast hands out: frozen, JSON-able, no person in it."""

from __future__ import annotations

from datetime import date, datetime

from msgspec import Struct


class Expected(Struct, frozen=True, kw_only=True):
    """One day: how many orders its run is to create, for how much, and how many of them are here."""

    on: date
    count: int
    yen: int
    here: int


class MissingRenewal(Struct, frozen=True, kw_only=True):
    """`kind`: a key of `words.RENEWALS`. `due_on`: the run that should have created it; `since`: missing since then."""

    kind: str
    subscription_id: int
    subscription_number: str
    due_on: date
    ship_on: date
    deliver_on: date
    yen: int
    since: datetime


class OddRenewal(Struct, frozen=True, kw_only=True):
    """An order that came early, late or twice. `right_on`: the day it should have been created on."""

    kind: str
    subscription_id: int
    subscription_number: str
    order_number: str
    other_number: str
    placed_at: datetime
    right_on: date
    yen: int


class Trap(Struct, frozen=True, kw_only=True):
    """長期休暇の注意: a coming order that is created after its own ship day."""

    subscription_id: int
    subscription_number: str
    create_on: date
    ship_on: date
    deliver_on: date
    yen: int


class WrongRules(Struct, frozen=True, kw_only=True):
    """The settings say one thing, the cart does another. `really_*` are empty where nothing explains it."""

    origin: str
    days_before: int
    seen: int
    agree: int
    really_origin: str
    really_days_before: int
    fits: int


class Forecast(Struct, frozen=True, kw_only=True):
    """Everything about the shop's renewals at one moment. `missing` None: it cannot be judged, `unknown` says why."""

    shop: str
    made_at: datetime
    read_at: datetime | None  # up to when orders and subscriptions were read
    unknown: str  # "", "not_read" or "rules"
    active: int
    unplanned: int  # active, and no next date: the cart will never create from them
    expected: tuple[Expected, ...]
    missing: tuple[MissingRenewal, ...] | None
    lost: tuple[MissingRenewal, ...]  # were missing until the next order came instead, in the last days
    early: tuple[OddRenewal, ...]
    late: tuple[OddRenewal, ...]
    doubled: tuple[OddRenewal, ...]
    traps: tuple[Trap, ...]
    wrong_rules: WrongRules | None

    @property
    def missing_yen(self) -> int:
        return sum(one.yen for one in self.missing or ())

    @property
    def wrong(self) -> int:
        """How many things a person must see to."""
        lists = (self.missing or (), self.lost, self.early, self.doubled)
        return sum(map(len, lists)) + (self.wrong_rules is not None)
