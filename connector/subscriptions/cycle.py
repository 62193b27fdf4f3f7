"""Cycle (配送サイクル): on which days a 定期受注 is delivered, shipped and created next.

Pure date rules of spec/ecforce.md §7.2–7.3; closed days come in by the door. Dangerous: everything counts
from the last planned delivery and from the wished day (31, 5th Saturday), never from the day that a short
month forced on it.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from itertools import count

MONTH_END = 99  # 末日, spec/ecforce.md §2.13
WEEKDAYS = ("日曜日", "月曜日", "火曜日", "水曜日", "木曜日", "金曜日", "土曜日")  # 0 = 日, §15.5
DAYS_IN_WEEK = 7
USUAL_LEAD_DAYS = 2
FAR_LEAD_DAYS = {1: 3, **dict.fromkeys(range(40, 47), 3), 47: 4}  # 北海道, 九州, 沖縄: §7.3 step 3

ClosedDay = Callable[[date], bool]


class CycleKind(StrEnum):
    """The three kinds of §7.2: 日付で指定, 間隔で指定, 曜日で指定."""

    DATE = "date"
    TERM = "term"
    DAY_OF_WEEK = "day_of_week"


class Origin(StrEnum):
    """From which planned day the creation is counted back (自動受注作成日の起点)."""

    SHIP = "ship"
    DELIVER = "deliver"


@dataclass(frozen=True, slots=True)
class Cycle:
    """One delivery cycle, valid from birth. `weekday` counts from 0 = 日曜日 as the cart's requests do."""

    kind: CycleKind
    months: int = 0
    day: int = 0
    days: int = 0
    nth: int = 0
    weekday: int = 0

    def __post_init__(self) -> None:
        if self.kind is CycleKind.TERM:
            _demand(self.days >= 1, f"a term cycle needs at least 1 day, not {self.days}")
            return
        _demand(self.months >= 1, f"a {self.kind} cycle needs at least 1 month, not {self.months}")
        if self.kind is CycleKind.DATE:
            valid = 1 <= self.day <= 31 or self.day == MONTH_END
            _demand(valid, f"day of month must be 1 to 31 or {MONTH_END}, not {self.day}")
            return
        _demand(1 <= self.nth <= 5, f"the n-th weekday must be 1 to 5, not {self.nth}")
        _demand(0 <= self.weekday < DAYS_IN_WEEK, f"weekday must be 0 to 6, not {self.weekday}")

    @classmethod
    def monthly(cls, months: int, day: int) -> Cycle:
        """Xヶ月ごとのD日; `MONTH_END` for 末日."""
        return cls(CycleKind.DATE, months=months, day=day)

    @classmethod
    def every(cls, days: int) -> Cycle:
        """N日ごと."""
        return cls(CycleKind.TERM, days=days)

    @classmethod
    def nth_weekday(cls, months: int, nth: int, weekday: int) -> Cycle:
        """Xヶ月ごとの第n W曜日."""
        return cls(CycleKind.DAY_OF_WEEK, months=months, nth=nth, weekday=weekday)

    def sentence(self) -> str:
        """The words the cart shows for it (payment_schedule)."""
        match self.kind:
            case CycleKind.TERM:
                return f"{self.days}日ごとに配送"
            case CycleKind.DATE if self.day == MONTH_END:
                return f"{self.months}ヶ月ごとの末日に配送"
            case CycleKind.DATE:
                return f"{self.months}ヶ月ごとの{self.day}日に配送"
            case _:
                return f"{self.months}ヶ月ごとの第{self.nth} {WEEKDAYS[self.weekday]}に配送"


@dataclass(frozen=True, slots=True)
class Rules:
    """What turns a delivery day into ship and creation days (設定 > 受注/定期受注の設定)."""

    lead_days: int = USUAL_LEAD_DAYS
    origin: Origin = Origin.SHIP
    days_before: int = 7
    min_gap_days: int = 0
    is_closed: ClosedDay = field(default=lambda day: False)


@dataclass(frozen=True, slots=True)
class Plan:
    """One planned renewal. `round` is the 定期回数 the order will carry."""

    round: int
    delivery_on: date
    ship_on: date
    create_on: date

    @property
    def created_after_ship(self) -> bool:
        """The documented hazard: a closure pulled the ship day before the creation day."""
        return self.create_on > self.ship_on


def next_delivery(cycle: Cycle, base_on: date, *, min_gap_days: int = 0) -> date:
    """The delivery after `base_on`; one more cycle when that would be nearer than `min_gap_days`."""
    candidate = _step(cycle, base_on)
    if (candidate - base_on).days < min_gap_days:
        candidate = _step(cycle, candidate)
    return candidate


def ship_day(delivery_on: date, lead_days: int, is_closed: ClosedDay) -> date:
    """Delivery minus lead, moved EARLIER while closed; the delivery stays (§7.3 step 4)."""
    day = delivery_on - timedelta(days=lead_days)
    while is_closed(day):
        day -= timedelta(days=1)
    return day


def create_day(ship_on: date, delivery_on: date, rules: Rules) -> date:
    """On which day the nightly run is to create the order."""
    start = ship_on if rules.origin is Origin.SHIP else delivery_on
    return start - timedelta(days=rules.days_before)


def plan(round_: int, delivery_on: date, rules: Rules) -> Plan:
    """Ship and creation days of a delivery."""
    ship_on = ship_day(delivery_on, rules.lead_days, rules.is_closed)
    return Plan(round_, delivery_on, ship_on, create_day(ship_on, delivery_on, rules))


def upcoming(
    cycle: Cycle,
    base_on: date,
    rules: Rules,
    *,
    base_round: int = 1,
    overrides: Mapping[int, Cycle] | None = None,
    skip: Collection[int] = (),
) -> Iterator[Plan]:
    """All renewals after order number `base_round` delivered on `base_on`, without end.

    `overrides[k]` governs the gap from order k to k+1 (定期詳細設定). `skip` names the coming deliveries,
    counted from 1, that are moved one cycle; the round stays.
    """
    rows = overrides or {}
    for coming in count(1):
        round_ = base_round + coming
        current = rows.get(round_ - 1, cycle)
        base_on = next_delivery(current, base_on, min_gap_days=rules.min_gap_days)
        if coming in skip:
            base_on = _step(current, base_on)
        yield plan(round_, base_on, rules)


def first_delivery(confirmed_on: date, rules: Rules) -> date:
    """Delivery of a first order without a wish: first open day after confirmation, plus lead (§7.3)."""
    ship_on = confirmed_on + timedelta(days=1)
    while rules.is_closed(ship_on):
        ship_on += timedelta(days=1)
    return ship_on + timedelta(days=rules.lead_days)


def resumed(cycle: Cycle, last_delivery_on: date, today_on: date, rules: Rules, *, round_: int) -> Plan:
    """The next renewal of a resumed subscription: first date of its cycle still to be created (§15.9)."""
    delivery_on = next_delivery(cycle, last_delivery_on, min_gap_days=rules.min_gap_days)
    while (found := plan(round_, delivery_on, rules)).create_on <= today_on:
        delivery_on = _step(cycle, delivery_on)
    return found


def usual_lead_days(prefecture_id: int) -> int:
    """Days from ship to delivery by JIS prefecture number (SANDBOX default table, §7.3 step 3)."""
    return FAR_LEAD_DAYS.get(prefecture_id, USUAL_LEAD_DAYS)


def _step(cycle: Cycle, base_on: date) -> date:
    if cycle.kind is CycleKind.TERM:
        return base_on + timedelta(days=cycle.days)
    year, month = _months_on(base_on, cycle.months)
    last = calendar.monthrange(year, month)[1]
    if cycle.kind is CycleKind.DATE:
        return date(year, month, min(cycle.day, last))
    first_weekday = (date(year, month, 1).weekday() + 1) % DAYS_IN_WEEK
    day = 1 + (cycle.weekday - first_weekday) % DAYS_IN_WEEK + DAYS_IN_WEEK * (cycle.nth - 1)
    return date(year, month, day if day <= last else day - DAYS_IN_WEEK)


def _months_on(base_on: date, months: int) -> tuple[int, int]:
    years, month0 = divmod(base_on.month - 1 + months, 12)
    return base_on.year + years, month0 + 1


def _demand(holds: bool, words: str) -> None:
    if not holds:
        raise ValueError(words)
