"""Every row of the recorded calendar through the engine: placed, nights run, each child compared (70 of 70).

fixtures/ecforce/subscription_calendar.csv, computed elsewhere: delivery, ship and creation day of six rounds.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from connector.clock import jst
from connector.sandbox.cart import CountRow, Cycle, SubsOrder
from connector.sandbox.cart.shop import planned_on
from connector.subscriptions.cycle import Origin

from tests.contract.engine import EngineDesk
from tests.unit.test_cycle import CALENDAR, ROUNDS, closed_days, cycle_of

Row = dict[str, str]


def open_desk(row: Row) -> EngineDesk:
    """A shop with the row's settings, the day before its first creation."""
    lead = int(row["lead_days"])
    return EngineDesk(
        date.fromisoformat(row["next1_create"]) - timedelta(days=1),
        origin=Origin(row["origin"]),
        days_before=int(row["days_before"]),
        min_gap_days=int(row["min_gap_days"]),
        is_closed=closed_days(row),
        lead_days=lambda prefecture_id: lead,
    )


def subscribe(desk: EngineDesk, row: Row) -> SubsOrder:
    """Order number 1 is delivered on the row's base day."""
    overrides = tuple(
        CountRow(round=int(place), cycle=Cycle.every(int(days)))
        for place, _, days in (text.partition(":") for text in row["override_days"].split())
    )
    base_on = date.fromisoformat(row["base_delivery"])
    return desk.subscribe(cycle_of(row), deliver_on=base_on, count_rows=overrides)


@pytest.mark.parametrize("row", CALENDAR, ids=[row["case_id"] for row in CALENDAR])
async def test_the_engine_creates_the_recorded_calendar(row: Row) -> None:
    desk = open_desk(row)
    subs = subscribe(desk, row)
    found, late = [], []
    for place in ROUNDS:
        if row["skip_before_next"] == str(place):
            desk.cart.skip_next(subs.id)
        await desk.live_until(date.fromisoformat(row[f"next{place}_create"]))
        child = desk.children(subs)[-1]
        days = (child.delivery_planned_at, child.ship_planned_at, child.created_at)
        found.append(tuple(f"{planned_on(at) if at else None}" for at in days))
        if any(entry.kind == "ship_date_in_past" for entry in child.timeline):
            late.append(f"next{place}")
        assert (child.times, child.nth) == (place + 1, place + 1)
        assert jst(child.created_at).hour == 0
    expected = [tuple(row[f"next{k}_{what}"] for what in ("delivery", "ship", "create")) for k in ROUNDS]
    assert found == expected
    assert late == row["hazard_create_after_ship"].split()
    assert desk.cart.check() == []


def test_the_calendar_has_all_its_rows() -> None:
    assert len(CALENDAR) == 70
