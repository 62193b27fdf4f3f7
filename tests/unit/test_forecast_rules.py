"""The pure rules behind the forecast: the calendar of a shop, a wrong setting, and each small decision."""

from __future__ import annotations

import csv
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from connector.clock import at_jst
from connector.holidays import national_holiday
from connector.shop import RenewalRules
from connector.subscription import Schedule
from connector.subscriptions import habit
from connector.subscriptions.calendar import Calendar
from connector.subscriptions.cycle import usual_lead_days
from connector.subscriptions.forecast import (
    EARLY,
    LATE,
    Child,
    cycle_of,
    doubled,
    expect,
    rules_mark,
    timing,
)

from tests.unit.renewal_desk import EVERY_30, MONTHLY, WEEKLY, a_subscription, at, day

FIXTURES = Path(__file__).parents[2] / "fixtures/ecforce"
USUAL = Calendar(RenewalRules())


def holidays() -> dict[date, str]:
    with (FIXTURES / "national_holidays.csv").open(encoding="utf-8-sig", newline="") as file:
        return {date.fromisoformat(row["date"]): row["date"] for row in csv.DictReader(file)}


# --- the calendar --------------------------------------------------------------------------------------------


def test_every_national_holiday_of_the_recorded_years_and_no_other() -> None:
    days = (date(2026, 1, 1) + timedelta(days=n) for n in range(4 * 365 + 1))
    assert {one for one in days if national_holiday(one)} == set(holidays())


@pytest.mark.parametrize(
    ("rules", "closed", "open_"),
    [
        ({}, ["11-28", "11-29", "11-23"], ["11-24", "12-30"]),
        ({"national_holidays": False}, ["11-28"], ["11-23"]),
        ({"closed_weekdays": (6,)}, ["11-29"], ["11-28"]),
        ({"closed": ((day("12-29"), day("2027-01-03")),)}, ["12-29", "2027-01-01"], ["12-28", "2027-01-04"]),
    ],
)
def test_closed_days(rules: dict[str, object], closed: list[str], open_: list[str]) -> None:
    calendar = Calendar(RenewalRules(**rules))  # type: ignore[arg-type]
    assert [text for text in (*closed, *open_) if calendar.is_closed(day(text))] == closed


def test_lead_days_are_the_table_of_the_cart_unless_the_shop_says_otherwise() -> None:
    by_number = {1: "北海道", 13: "東京都", 40: "福岡県", 46: "鹿児島県", 47: "沖縄県"}
    assert all(USUAL.lead_days(name) == usual_lead_days(number) for number, name in by_number.items())
    own = Calendar(RenewalRules(lead_days={"東京都": 1, "沖縄県": 6}, usual_lead_days=3))
    assert [own.lead_days(name) for name in ("東京都", "沖縄県", "大阪府", "北海道", "")] == [1, 6, 3, 3, 3]


@pytest.mark.parametrize(
    ("when", "expected"),
    [("11-26 00:29", "11-26"), ("11-26 00:30", "11-27"), ("11-26 23:59", "11-27")],
)
def test_the_next_run(when: str, expected: str) -> None:
    assert USUAL.next_run_day(at(when)) == day(expected)


@pytest.mark.parametrize(
    ("when", "expected"), [("11-26 06:29", "11-25"), ("11-26 06:30", "11-26"), ("11-27 00:30", "11-26")]
)
def test_judged_until(when: str, expected: str) -> None:
    assert USUAL.judged_until(at(when)) == day(expected)


def test_a_run_late_in_the_evening_is_judged_the_next_day() -> None:
    late = Calendar(RenewalRules(run_at=time(23, 0), grace=timedelta(hours=6)))
    assert late.judged_until(at("11-27 04:59")) == day("11-25")
    assert late.judged_until(at("11-27 05:00")) == day("11-26")
    assert late.in_run(at("11-27 04:00"))
    assert not late.in_run(at("11-27 08:00"))


@pytest.mark.parametrize(
    ("when", "inside"),
    [("11-26 00:29", False), ("11-26 00:30", True), ("11-26 06:29", True), ("11-26 06:30", False)],
)
def test_the_hours_of_a_run(when: str, inside: bool) -> None:
    assert USUAL.in_run(at(when)) is inside


# --- what to expect ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "create_on"),
    [({}, "11-26"), ({"days_before": 3}, "11-30"), ({"origin": "deliver", "days_before": 5}, "11-30")],
)
def test_the_creation_day_by_the_shops_rules(rules: dict[str, object], create_on: str) -> None:
    found = expect(a_subscription(), Calendar(RenewalRules(**rules)))  # type: ignore[arg-type]
    assert found is not None
    assert (found.create_on, found.due_on, found.trap_on) == (day(create_on), day(create_on), None)


def test_a_day_that_was_over_when_it_changed_is_due_in_the_next_run() -> None:
    found = expect(a_subscription(updated_at=at("11-28 10:00")), USUAL)
    assert found is not None
    assert (found.create_on, found.due_on) == (day("11-26"), day("11-29"))


def test_one_created_after_its_own_ship_day_is_a_trap() -> None:
    found = expect(a_subscription(updated_at=at("12-03 10:00")), USUAL)
    assert found is not None
    assert (found.due_on, found.ship_on, found.trap_on) == (day("12-04"), day("12-03"), day("12-03"))


def test_the_round_after_the_next() -> None:
    found = expect(a_subscription(), USUAL)
    assert found is not None
    assert found.after_on == day("12-24")  # 2027-01-05, shipped on Thursday 12-31
    last = expect(a_subscription(remaining_orders=1), USUAL)
    assert last is not None
    assert last.after_on is None


@pytest.mark.parametrize(
    ("schedule", "sentence"),
    [
        (MONTHLY, "1ヶ月ごとの5日に配送"),
        (EVERY_30, "30日ごとに配送"),
        (Schedule(kind="day_of_week", every_months=2, nth=5, weekday=6), "2ヶ月ごとの第5 土曜日に配送"),
    ],
)
def test_a_cycle_from_its_components(schedule: Schedule, sentence: str) -> None:
    cycle = cycle_of(schedule)
    assert cycle is not None
    assert cycle.sentence() == sentence


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule(),
        Schedule(kind="term", every_days=0),
        Schedule(kind="date", every_months=1, on_day=40),
        Schedule(kind="new_kind", every_days=30),
    ],
)
def test_a_cycle_nobody_can_compute_is_none(schedule: Schedule) -> None:
    assert cycle_of(schedule) is None
    found = expect(a_subscription(schedule=schedule), USUAL)
    assert found is not None  # the next date stands in the subscription itself
    assert found.after_on is None


# --- too early, too late, twice ------------------------------------------------------------------------------


def a_child(placed: str, nth: int | None = 5, round_: int = 5, deliver: str = "12-05") -> Child:
    deliver_on = day(deliver)
    return Child("c1", nth, round_, at(placed), deliver_on - timedelta(days=2), deliver_on)


@pytest.mark.parametrize(
    ("placed", "verdict"),
    [
        ("11-24 00:30", EARLY),
        ("11-25 00:30", ""),  # one day: a run that began before midnight
        ("11-26 00:30", ""),
        ("11-24 14:00", ""),  # by hand
        ("11-27 00:30", LATE),
        ("11-27 14:00", LATE),
    ],
)
def test_timing(placed: str, verdict: str) -> None:
    awaited = expect(a_subscription(), USUAL)
    assert timing(a_child(placed), awaited, USUAL) == verdict


def test_without_an_expectation_nothing_is_late_and_without_dates_nothing_is_said() -> None:
    assert timing(a_child("11-27 00:30"), None, USUAL) == ""
    assert timing(Child("c1", 5, 5, at("11-20 00:30")), None, USUAL) == ""


@pytest.mark.parametrize(
    ("other", "foreseen", "twice"),
    [
        (a_child("11-26 00:30", nth=5, round_=6, deliver="12-20"), True, True),  # the same place
        (a_child("11-27 00:30", nth=6, round_=5), True, True),  # the same round for the same day
        (a_child("11-27 00:30", nth=6, round_=6), False, True),  # nobody expected a second one that day
        (a_child("11-27 00:30", nth=6, round_=6), True, False),  # the subscriber wished it
        (a_child("11-26 00:40", nth=6, round_=6, deliver="01-05"), True, True),  # out of one run
        (a_child("11-26 10:00", nth=6, round_=6, deliver="01-05"), True, False),  # by hand
        (a_child("11-27 00:30", nth=6, round_=6, deliver="01-05"), False, False),
    ],
)
def test_doubled(other: Child, foreseen: bool, twice: bool) -> None:
    assert doubled(other, a_child("11-26 00:30"), USUAL, foreseen=foreseen) is twice


# --- a wrong setting -----------------------------------------------------------------------------------------


def nights(count: int, ship_after: int, deliver_after: int, *, start: str = "11-02") -> list[habit.Made]:
    """So many orders in each of seven nights."""
    first = day(start)
    return [
        habit.Made(
            first + timedelta(days=n),
            first + timedelta(days=n + ship_after),
            first + timedelta(days=n + deliver_after),
            count,
        )
        for n in range(7)
    ]


def test_settings_that_explain_what_happens_are_right() -> None:
    assert habit.doubt(nights(10, 7, 9), RenewalRules()) is None


def test_too_few_orders_say_nothing() -> None:
    assert habit.doubt(nights(2, 3, 5), RenewalRules()) is None


def test_a_wrong_number_of_days() -> None:
    found = habit.doubt(nights(10, 3, 5), RenewalRules())
    assert found == habit.Doubt(seen=70, agree=0, origin="ship", days_before=3, fits=70)


def test_a_wrong_origin_shows_where_weekends_pull_the_ship_day() -> None:
    """Nine days before the delivery is seven before shipping, on all days but those before a weekend."""
    by_delivery = [
        habit.Made(day("11-02"), day("11-09"), day("11-11"), 12),
        habit.Made(day("11-06"), day("11-13"), day("11-15"), 12),
        habit.Made(day("11-07"), day("11-13"), day("11-16"), 12),
        habit.Made(day("11-08"), day("11-13"), day("11-17"), 12),
    ]
    found = habit.doubt(by_delivery, RenewalRules())
    assert found == habit.Doubt(seen=48, agree=24, origin="deliver", days_before=9, fits=48)
    assert habit.doubt(by_delivery, RenewalRules(origin="deliver", days_before=9)) is None


def test_a_night_that_caught_up_is_no_wrong_setting() -> None:
    usual, caught_up = nights(10, 7, 9), [habit.Made(day("11-12"), day("11-17"), day("11-19"), 30)]
    assert habit.doubt([*usual, *caught_up], RenewalRules()) is None


def test_days_without_any_rule_are_told_without_a_guess() -> None:
    wild = [
        habit.Made(day("11-02"), day("11-02") + timedelta(days=n), day("11-30"), 2) for n in range(20, 40)
    ]
    late = [habit.Made(day(f"11-{n:02}"), day("12-20"), day("12-20"), 2) for n in range(1, 29)]
    found = habit.doubt([*wild, *late], RenewalRules())
    assert found is not None
    assert (found.origin, found.days_before, found.fits) == ("", 0, 0)


def test_equal_rules_have_equal_marks() -> None:
    assert rules_mark(RenewalRules(days_before=5)) == rules_mark(RenewalRules(days_before=5))
    assert rules_mark(RenewalRules(days_before=5)) != rules_mark(RenewalRules())
    assert len(rules_mark(RenewalRules())) == 12


def test_the_desk_speaks_japanese_time() -> None:
    assert at("11-26 00:30") == at_jst(date(2026, 11, 26), 0, 30)
    assert isinstance(at("11-26"), datetime)
    assert cycle_of(WEEKLY) is not None
