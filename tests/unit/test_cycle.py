"""The date rules of 定期受注 against a calendar computed elsewhere (ecforce/subscription_calendar.csv)."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

import pytest
from connector.subscriptions.cycle import (
    MONTH_END,
    Cycle,
    CycleKind,
    Origin,
    Plan,
    Rules,
    first_delivery,
    next_delivery,
    resumed,
    upcoming,
    usual_lead_days,
)

FIXTURES = Path(__file__).parents[2] / "fixtures" / "ecforce"
WEEKDAY_CODES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
ROUNDS = range(1, 7)


def rows(name: str) -> list[dict[str, str]]:
    with (FIXTURES / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


HOLIDAYS = frozenset(date.fromisoformat(row["date"]) for row in rows("national_holidays.csv"))
CALENDAR = rows("subscription_calendar.csv")


def saturday_or_sunday(day: date) -> bool:
    return day.weekday() >= 5


CLOSED: dict[str, Callable[[date], bool]] = {
    "none": lambda day: False,
    "sundays": lambda day: day.weekday() == 6,
    "weekend": saturday_or_sunday,
    "weekend+holidays": lambda day: saturday_or_sunday(day) or day in HOLIDAYS,
}


def closed_days(row: dict[str, str]) -> Callable[[date], bool]:
    usual = CLOSED[row["closed_days"]]
    if not row["extra_closed"]:
        return usual
    first, last = (date.fromisoformat(text) for text in row["extra_closed"].split(".."))
    return lambda day: usual(day) or first <= day <= last


def cycle_of(row: dict[str, str]) -> Cycle:
    match row["cycle_kind"]:
        case "term":
            return Cycle.every(int(row["every_x_day"]))
        case "date":
            return Cycle.monthly(int(row["every_x_month"]), int(row["on_xth_day"]))
        case _:
            months, nth = int(row["every_x_month"]), int(row["nth_week"])
            return Cycle.nth_weekday(months, nth, WEEKDAY_CODES.index(row["weekday"]))


def plans(row: dict[str, str]) -> list[Plan]:
    rules = Rules(
        lead_days=int(row["lead_days"]),
        origin=Origin(row["origin"]),
        days_before=int(row["days_before"]),
        min_gap_days=int(row["min_gap_days"]),
        is_closed=closed_days(row),
    )
    pairs = (text.split(":") for text in row["override_days"].split())
    coming = upcoming(
        cycle_of(row),
        date.fromisoformat(row["base_delivery"]),
        rules,
        base_round=int(row["base_round"]),
        overrides={int(round_): Cycle.every(int(days)) for round_, days in pairs},
        skip={int(row["skip_before_next"])} if row["skip_before_next"] else set(),
    )
    return list(islice(coming, len(ROUNDS)))


def test_the_calendar_is_whole() -> None:
    assert len(CALENDAR) == 70
    assert {row["cycle_kind"] for row in CALENDAR} == {kind.value for kind in CycleKind}


@pytest.mark.parametrize("row", CALENDAR, ids=[row["case_id"] for row in CALENDAR])
def test_six_rounds_of_the_calendar(row: dict[str, str]) -> None:
    found = plans(row)
    for k, plan in zip(ROUNDS, found, strict=True):
        expected = tuple(row[f"next{k}_{what}"] for what in ("delivery", "ship", "create"))
        assert (str(plan.delivery_on), str(plan.ship_on), str(plan.create_on)) == expected, f"next{k}"
    hazards = [f"next{k}" for k, plan in zip(ROUNDS, found, strict=True) if plan.created_after_ship]
    assert hazards == row["hazard_create_after_ship"].split()
    assert [plan.round for plan in found] == [int(row["base_round"]) + k for k in ROUNDS]


@pytest.mark.parametrize(
    ("cycle", "words"),
    [
        (Cycle.monthly(1, 5), "1ヶ月ごとの5日に配送"),
        (Cycle.monthly(1, MONTH_END), "1ヶ月ごとの末日に配送"),
        (Cycle.every(45), "45日ごとに配送"),
        (Cycle.nth_weekday(1, 2, 5), "1ヶ月ごとの第2 金曜日に配送"),
    ],
)
def test_the_sentence_is_the_carts(cycle: Cycle, words: str) -> None:
    assert cycle.sentence() == words


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Cycle.every(0), "at least 1 day"),
        (lambda: Cycle.monthly(0, 5), "at least 1 month"),
        (lambda: Cycle.monthly(1, 32), "day of month"),
        (lambda: Cycle.nth_weekday(1, 6, 0), "n-th weekday"),
        (lambda: Cycle.nth_weekday(1, 1, 7), "weekday must be"),
    ],
)
def test_a_wrong_cycle_does_not_exist(build: Callable[[], Cycle], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        build()


def test_a_resumed_subscription_starts_at_the_first_date_still_to_be_created() -> None:
    rules = Rules(is_closed=CLOSED["none"])
    plan = resumed(Cycle.every(30), date(2026, 9, 1), date(2026, 11, 26), rules, round_=4)
    # 09-01 + 30 × 4 = 12-30; the one before, 11-30, should have been created on 11-21
    assert plan == Plan(4, date(2026, 12, 30), date(2026, 12, 28), date(2026, 12, 21))


def test_a_resumed_subscription_is_never_created_on_the_day_of_resuming() -> None:
    rules = Rules(is_closed=CLOSED["none"])
    plan = resumed(Cycle.every(30), date(2026, 11, 5), date(2026, 11, 26), rules, round_=2)
    assert plan.delivery_on == date(2027, 1, 4)  # 12-05 is created on 11-26: today, and so over


def test_a_first_order_ships_on_the_first_open_day_after_it_was_confirmed() -> None:
    rules = Rules(lead_days=2, is_closed=CLOSED["weekend+holidays"])
    assert first_delivery(date(2026, 11, 20), rules) == date(2026, 11, 26)  # Fri; Mon 11-23 is a holiday


@pytest.mark.parametrize(("prefecture", "days"), [(13, 2), (1, 3), (40, 3), (46, 3), (47, 4), (39, 2)])
def test_lead_days_by_prefecture(prefecture: int, days: int) -> None:
    assert usual_lead_days(prefecture) == days


def test_months_are_counted_over_the_end_of_the_year() -> None:
    day = date(2026, 11, 30)
    for _ in range(24):
        following = next_delivery(Cycle.monthly(1, 31), day)
        assert timedelta(days=28) <= following - day <= timedelta(days=31)
        day = following
    assert day == date(2028, 11, 30)
