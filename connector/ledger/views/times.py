"""Times (次の時刻): when a shop's next import, relay window or completion comes; JST rules, UTC answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from connector import shipping
from connector.clock import at_jst, jst
from connector.journey import OrderState
from connector.shop import Shop

BEFORE_IMPORT = {str(state) for state in (OrderState.RECEIVED, OrderState.NOTIFIED, OrderState.IN_INTAKE)}


def next_of(times: Sequence[time], now: datetime) -> datetime | None:
    """The next of these daily times; None where there are none."""
    today = jst(now).date()
    found = [on(day, one) for day in (today, today + timedelta(days=1)) for one in times]
    return min((at for at in found if at > now), default=None)


def on(day: date, one: time) -> datetime:
    return at_jst(day, one.hour, one.minute, one.second)


def cut_off(shop: Shop, now: datetime) -> datetime:
    """Until when a slip must be handed over to ship on the warehouse's next day (締め)."""
    return shipping.cut_off(shop, now)


def due_at(shop: Shop, item: str, state: str, now: datetime) -> datetime | None:
    """By when trouble at this place must be solved for the item to move with the next run."""
    if item == "slip":
        return cut_off(shop, now)
    if state in BEFORE_IMPORT:
        return next_of(shop.import_times, now)
    if state == OrderState.SHIPPED:
        return next_of(shop.completion_times, now)
    return cut_off(shop, now)


def day_span(day: date) -> tuple[datetime, datetime]:
    """A business day as instants: its first, and the first of the next."""
    return at_jst(day), at_jst(day + timedelta(days=1))


def business_day(now: datetime) -> date:
    """The JST date of an instant."""
    return jst(now).date()
