"""Japan's national holidays (祝日) of the years the town lives in; the default of the shop's 休日設定.

A literal, because the town may know no calendar library. A day outside these years counts as no holiday.
"""

from __future__ import annotations

from datetime import date

_DAYS = {
    2026: "0101 0112 0211 0223 0320 0429 0503 0504 0505 0506 0720 0811 0921 0922 0923 1012 1103 1123",
    2027: "0101 0111 0211 0223 0321 0322 0429 0503 0504 0505 0719 0811 0920 0923 1011 1103 1123",
    2028: "0101 0110 0211 0223 0320 0429 0503 0504 0505 0717 0811 0918 0922 1009 1103 1123",
    2029: "0101 0108 0211 0212 0223 0320 0429 0430 0503 0504 0505 0716 0811 0917 0923 0924 1008 1103 1123",
}
NATIONAL_HOLIDAYS = frozenset(
    date(year, int(day[:2]), int(day[2:])) for year, days in _DAYS.items() for day in days.split()
)


def shipping_closed(day: date) -> bool:
    """Saturdays, Sundays and national holidays ship nothing (spec/ecforce.md §7.1)."""
    return day.weekday() >= 5 or day in NATIONAL_HOLIDAYS
