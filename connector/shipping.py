"""Shipping (出荷日): on which day the warehouse ships what it is told now, and until when it must be told.

Days are Japanese dates, instants are UTC. Dangerous: a closed day missing in the settings promises a shipment that
nobody makes; a shop lists its warehouse's own closures in `ShippingDays.closed`.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from connector.clock import at_jst, jst
from connector.holidays import national_holiday
from connector.shop import ShippingDays, Shop

DAY = timedelta(days=1)
FARTHEST = 400  # days: settings that close the warehouse for ever must not hang the daemon


def ships(days: ShippingDays, day: date) -> bool:
    """Whether the warehouse works on this day (営業日)."""
    if day.weekday() in days.closed_weekdays:
        return False
    if any(first <= day <= last for first, last in days.closed):
        return False
    return not (days.national_holidays and national_holiday(day))


def next_day(days: ShippingDays, after: date) -> date:
    """The first business day after this one."""
    for n in range(1, FARTHEST):
        if ships(days, after + n * DAY):
            return after + n * DAY
    return after + DAY


def ship_on(days: ShippingDays, at: datetime) -> date:
    """The day on which an instruction of this instant ships: today where it still is in time."""
    today = jst(at).date()
    return today if ships(days, today) and at < _in_time_until(days, today) else next_day(days, today)


def cut_off(shop: Shop, at: datetime) -> datetime:
    """The next instant by which an instruction must leave us to ship that day (締め).

    The warehouse's cut-off less its safety, or the end of our own window for instructions where that is earlier.
    """
    days, today = shop.shipping_days, jst(at).date()
    day = today if ships(days, today) else next_day(days, today)
    found = _closes(shop, day)
    return found if found > at else _closes(shop, next_day(days, day))


def takes_instructions(shop: Shop, at: datetime) -> bool:
    """Whether the warehouse takes instructions at this instant; its window may span midnight."""
    begin, end, now = shop.relay_from, shop.relay_until, jst(at).time()
    return begin <= now <= end if begin <= end else now >= begin or now <= end


def next_instructions(shop: Shop, at: datetime) -> datetime:
    """The first instant from this one on at which the warehouse takes instructions."""
    if takes_instructions(shop, at):
        return at
    opens = _at(jst(at).date(), shop.relay_from)
    return opens if opens > at else _at(jst(at).date() + DAY, shop.relay_from)


def days_behind(days: ShippingDays, told_at: datetime, until: datetime) -> int:
    """How many business days began after the one on which an instruction of `told_at` was to ship.

    Told on Friday evening it ships on Monday, and is one day behind on Tuesday morning.
    """
    first, last = ship_on(days, told_at), jst(until).date()
    return sum(ships(days, first + n * DAY) for n in range(1, (last - first).days + 1))


def days_before(days: ShippingDays, at: datetime, patience: timedelta) -> datetime:
    """So long before `at`, counting only days on which the warehouse works; hours count as they are.

    On a closed day nothing gets older: it is as on the last business day at the same hour.
    """
    found = _open_day(days, at - patience % DAY)
    for _ in range(patience // DAY):
        found = _open_day(days, found - DAY)
    return found


def _open_day(days: ShippingDays, at: datetime) -> datetime:
    for n in range(FARTHEST):
        if ships(days, jst(at - n * DAY).date()):
            return at - n * DAY
    return at


def _closes(shop: Shop, day: date) -> datetime:
    until, days = shop.relay_until, shop.shipping_days
    closes = _in_time_until(days, day)
    return min(closes, _at(day, until)) if shop.relay_from <= until else closes


def _in_time_until(days: ShippingDays, day: date) -> datetime:
    return _at(day, days.cutoff) - days.safety


def _at(day: date, clock_time: time) -> datetime:
    return at_jst(day, clock_time.hour, clock_time.minute, clock_time.second)
