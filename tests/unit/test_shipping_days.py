"""Which day an instruction ships on, and until when it must leave; by the warehouse's calendar and the official one."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from connector import shipping, words
from connector.clock import at_jst
from connector.shop import ShippingDays, Shop
from msgspec.structs import replace

TABLE = Path(__file__).parents[2] / "fixtures/ecforce/national_holidays.csv"
DAYS = ShippingDays()  # 15:00 less 30 minutes, without week-ends and holidays
LONG = replace(DAYS, closed=((date(2026, 12, 29), date(2027, 1, 3)),))
SHOP = Shop(key="mihon", name="見本店", start_at=datetime(2026, 11, 1, tzinfo=UTC), ne_shop_id="1")


def at(text: str) -> datetime:
    """A Japanese instant of 2026: 11-24 14:29."""
    found = datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M")  # noqa: DTZ007 - made aware in the next line
    return at_jst(found.date(), found.hour, found.minute)


@pytest.mark.parametrize(("days", "now", "ships_on", "until"), [
    (DAYS, "11-24 09:00", "11-24", "11-24 14:30"),
    (DAYS, "11-24 14:29", "11-24", "11-24 14:30"),
    (DAYS, "11-24 14:30", "11-25", "11-25 14:30"),  # inside the safety: the next business day
    (DAYS, "11-20 16:00", "11-24", "11-24 14:30"),  # Friday evening; Monday 11-23 is 勤労感謝の日
    (DAYS, "11-21 08:00", "11-24", "11-24 14:30"),
    (DAYS, "11-23 10:00", "11-24", "11-24 14:30"),
    (replace(DAYS, national_holidays=False), "11-20 16:00", "11-23", "11-23 14:30"),
    (replace(DAYS, closed_weekdays=(6,)), "11-20 16:00", "11-21", "11-21 14:30"),
    (replace(DAYS, cutoff=time(12), safety=timedelta(0)), "11-24 11:59", "11-24", "11-24 12:00"),
    (LONG, "12-28 14:29", "12-28", "12-28 14:30"),
])  # fmt: skip
def test_the_day_it_ships_and_the_cut_off(days: ShippingDays, now: str, ships_on: str, until: str) -> None:
    assert shipping.ship_on(days, at(now)) == date.fromisoformat(f"2026-{ships_on}")
    assert shipping.cut_off(replace(SHOP, shipping_days=days), at(now)) == at(until)


def test_over_the_new_year() -> None:
    assert shipping.ship_on(LONG, at("12-28 15:00")) == date(2027, 1, 4)


def test_our_own_window_may_close_before_the_warehouse_does() -> None:
    early = replace(SHOP, relay_until=time(11))
    assert shipping.cut_off(early, at("11-24 09:00")) == at("11-24 11:00")
    assert shipping.cut_off(early, at("11-24 12:00")) == at("11-25 11:00")
    nightly = replace(SHOP, relay_from=time(22), relay_until=time(9))
    assert shipping.cut_off(nightly, at("11-24 09:30")) == at("11-24 14:30"), (
        "a window over midnight bounds nothing"
    )


def test_a_warehouse_that_never_works_hangs_nobody() -> None:
    never = replace(DAYS, closed_weekdays=tuple(range(7)))
    assert shipping.ship_on(never, at("11-24 09:00")) == date(2026, 11, 25)
    assert shipping.days_before(never, at("11-24 09:00"), timedelta(days=1)) < at("11-24 09:00")


def test_the_holidays_agree_with_the_official_table_and_the_shops_own_list_wins() -> None:
    with TABLE.open(encoding="utf-8-sig", newline="") as file:
        official = {date.fromisoformat(row["date"]) for row in csv.DictReader(file)}
    everyday = replace(DAYS, closed_weekdays=())
    span = [date(2026, 1, 1) + timedelta(days=n) for n in range(730)]
    assert {day for day in span if not shipping.ships(everyday, day)} == {
        day for day in official if day in span
    }
    own = replace(everyday, national_holidays=False, closed=((date(2026, 11, 23), date(2026, 11, 23)),))
    assert [day for day in span if not shipping.ships(own, day)] == [date(2026, 11, 23)]


@pytest.mark.parametrize(("since", "until", "passed"), [
    ("11-24 09:00", "11-24 23:00", 0), ("11-24 09:00", "11-25 09:00", 1),
    ("11-24 18:00", "11-25 09:00", 0), ("11-24 18:00", "11-26 09:00", 1),  # after the cut-off: ships the next day
    ("11-20 18:00", "11-23 09:00", 0), ("11-20 18:00", "11-24 09:00", 0), ("11-20 18:00", "11-26 09:00", 2),
    ("11-21 09:00", "11-24 09:00", 0), ("11-21 09:00", "11-25 09:00", 1),  # told on a closed day
])  # fmt: skip
def test_business_days_behind_the_promise(since: str, until: str, passed: int) -> None:
    assert shipping.days_behind(DAYS, at(since), at(until)) == passed


@pytest.mark.parametrize(("now", "patience", "before"), [
    ("11-26 09:00", timedelta(days=1), "11-25 09:00"),
    ("11-26 09:00", timedelta(days=3), "11-20 09:00"),  # over a week-end and a holiday
    ("11-26 09:00", timedelta(hours=5), "11-26 04:00"),
    ("11-24 09:00", timedelta(days=1, hours=1), "11-20 08:00"),
    ("11-23 09:00", timedelta(days=1), "11-19 09:00"),  # on a closed day nothing gets older
])  # fmt: skip
def test_so_many_business_days_before(now: str, patience: timedelta, before: str) -> None:
    assert shipping.days_before(DAYS, at(now), patience) == at(before)


def test_the_countdown() -> None:
    cut_off = at("11-24 14:30")
    assert words.until_cut_off(cut_off, at("11-24 13:10")) == "本日の締めまで 1時間20分"
    assert words.until_cut_off(cut_off, at("11-23 13:10")) == "次の締め 11/24(火) 14:30"
    assert words.until_cut_off(cut_off, at("11-24 13:10"), "en") == "1h 20min until today's cut-off"
