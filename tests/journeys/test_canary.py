"""The intake canary: the address moves, the template changes, NE is away, a mail is late: who is told, and when."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from connector.config import load
from connector.ledger import views
from connector.ledger.views import AlarmRow
from connector.rehearsal import SHOP
from connector.rehearsal.setting import CONFIG_NAME
from connector.wiring import open_world

from tests.journeys.conftest import OpenDay
from tests.journeys.day import Day, moment

# As a shop runs it, because the minutes count here.
AS_SHIPPED = {"ingest": 5, "notify": 1, "confirm_intake": 5, "import_daily": 1, "follow_slips": 10}
SLOW = {"relay": 60, "collect": 60, "confirm_shipment": 60, "complete": 60, "stop": 60}
KIND = "intake_silent"
NEW_ADDRESS = "intake-moved@ne.example.jp"
NOT_THERE = ("received", "notified")
Canary = Callable[[], Awaitable[Day]]


@pytest.fixture
def canary(open_day: OpenDay) -> Canary:
    async def open_() -> Day:
        rhythm = AS_SHIPPED | SLOW
        return await open_day(rhythm_minutes=rhythm, import_daily={"times": ["23:50:00"]})

    return open_


async def alarms(day: Day) -> list[AlarmRow]:
    key = day.demo.shop.shop.key
    return await day.demo.world.database.read(lambda c: views.alarms_list(c, key))


async def kinds(day: Day) -> list[str]:
    return [row.kind for row in await alarms(day)]


async def busy(day: Day, begins: str, minutes: int, every: int = 2) -> None:
    """One order every so many minutes. Where the day begins with it, the connector was started half an hour before:
    a quiet night minute by minute is a story of its own."""
    hour, _, minute = begins.partition(":")
    start = int(hour) * 60 + int(minute)
    if day.now == day.town.opens_at and moment(begins) > moment("00:30"):
        await day.alone_until(f"{(start - 30) // 60:02}:{(start - 30) % 60:02}")
    for now in range(start, start + minutes, every):
        await day.until(f"{now // 60:02}:{now % 60:02}")
        day.place()
    end = start + minutes
    await day.until(f"{end // 60:02}:{end % 60:02}")


def move_address(day: Day) -> None:
    day.town.next_engine.operator.move_intake_address("1", NEW_ADDRESS)


async def told_after(day: Day, kind: str = KIND) -> tuple[float, float]:
    """Minutes to the alarm: from the first mail that was swallowed, and from the change at Next Engine."""
    (row,) = [row for row in await alarms(day) if row.kind == kind]
    first = datetime.fromisoformat(row.evidence["since"])
    moved = [event.at for event in day.town.next_engine.history.of("intake_address_moved")]
    minutes = [(row.opened_at - at).total_seconds() / 60 for at in (first, (moved or [first])[0])]
    print(f"{kind}: {minutes[0]:.1f} min after the first lost mail, {minutes[1]:.1f} min after the change")
    return minutes[0], minutes[1]


async def correct_the_config(day: Day) -> None:
    """An operator writes the new address into the configuration and starts the connector again."""
    world = day.demo.world
    await world.close()
    path = world.settings.data_dir.parent / CONFIG_NAME
    old = day.town.mail.mails[-1].recipient
    path.write_text(path.read_text(encoding="utf-8").replace(old, NEW_ADDRESS), encoding="utf-8")
    # Without a claim: the demo holds the folder.
    again = await open_world(load(path), day.demo.clock, claim=False, inline=True, seed=11)
    world.closers.push_async_callback(again.close)  # closed once more at the end of the story, with this one
    day.demo.world, day.demo.shop = again, again.shop(SHOP)


async def test_the_address_moves_at_a_busy_hour(canary: Canary) -> None:
    day = await canary()
    await busy(day, "10:00", 40)
    assert await kinds(day) == []
    move_address(day)
    await busy(day, "10:40", 30)
    assert await kinds(day) == [KIND]
    first, change = await told_after(day)
    assert first <= 12
    assert change <= 15
    swallowed = day.town.next_engine.history.count("mail_dropped")
    await busy(day, "11:10", 110, every=5)
    assert day.town.next_engine.history.count("mail_dropped") - swallowed <= 11, "probes only"
    day.excused |= await unfinished(day)


async def test_corrected_in_the_config_it_ends_and_all_are_announced(canary: Canary) -> None:
    day = await canary()
    await busy(day, "10:00", 20)
    move_address(day)
    await busy(day, "10:20", 100, every=5)
    (row,) = await alarms(day)
    assert row.open
    assert row.evidence["waiting"] > 3
    await correct_the_config(day)
    await busy(day, "12:00", 16, every=8)
    (row,) = await alarms(day)
    assert row.closed_at is not None
    print(f"ended {(row.closed_at - day.now) + timedelta(minutes=16)} after the correction")
    await day.until("13:10")
    placed = day.town.cart.history.of("order_placed")
    today = [day.town.cart.shop.order_by_number[one.key] for one in placed if one.at >= day.town.opens_at]
    assert {await day.state(order) for order in today} == {"in_intake"}
    assert [len(day.slips(order)) for order in today] == [1] * len(today)
    assert max(len(day.posted(order)) for order in today) <= 3


async def test_the_address_moves_at_a_quiet_hour_with_one_order(canary: Canary) -> None:
    day = await canary()
    await busy(day, "01:00", 20, every=10)
    await day.until("03:30")
    move_address(day)
    await day.until("04:07")
    day.place()
    await day.until("04:45")
    assert await kinds(day) == [KIND]
    first, _ = await told_after(day)
    assert first <= 12
    day.excused |= await unfinished(day)


async def test_a_night_without_orders_is_quiet_although_the_address_moved(canary: Canary) -> None:
    day = await canary()
    await busy(day, "00:10", 20, every=10)
    await day.until("01:00")
    move_address(day)
    await day.until("08:30")
    assert await kinds(day) == []


@pytest.mark.long
async def test_the_template_is_changed(canary: Canary) -> None:
    day = await canary()
    await busy(day, "10:00", 30)
    changed_at = day.now
    day.town.next_engine.operator.change_mail_template("1", order_number="ご注文番号：")
    await busy(day, "10:30", 25)
    (row,) = await alarms(day)
    minutes = (row.opened_at - changed_at).total_seconds() / 60
    print(f"template changed: told after {minutes:.1f} min")
    assert minutes <= 15
    day.excused |= await unfinished(day)


@pytest.mark.long
async def test_next_engine_is_away_and_that_is_told_instead(canary: Canary) -> None:
    day = await canary()
    await busy(day, "10:00", 30)
    port = await day.next_engine_goes_down()
    await busy(day, "10:30", 60)
    (row,) = await alarms(day)
    assert row.kind == "outage_next_engine"
    went_down = moment("10:30")
    print(f"outage: told after {(row.opened_at - went_down).total_seconds() / 60:.1f} min")
    await day.next_engine_comes_back(port)
    await busy(day, "11:30", 40)
    (row,) = await alarms(day)
    assert row.closed_at is not None


@pytest.mark.long
async def test_a_slow_intake_is_no_alarm(canary: Canary) -> None:
    day = await canary()
    books = day.town.next_engine._books
    books.settings = replace(books.settings, intake_delay=timedelta(minutes=8))
    await busy(day, "10:00", 60, every=7)
    await day.until("11:40")
    assert await kinds(day) == []


async def test_a_single_lost_mail_among_many_is_no_alarm(canary: Canary) -> None:
    day = await canary()
    await busy(day, "10:00", 30)
    day.faults.plan("lost-mail", 1)
    await busy(day, "10:30", 60)
    assert day.faults.struck["lost-mail"] == 1
    assert await kinds(day) == []


async def unfinished(day: Day) -> set[str]:
    """Orders that a story leaves with the alarm open: told as one alarm, not each as a trouble of its own."""
    shop = day.demo.shop.shop
    rows = await day.demo.world.database.read(lambda c: views.orders_at(c, shop, NOT_THERE, day.now))
    return {row.number for row in rows}
