"""A warehouse's profile is edited while the daemon runs: what means nothing is not used, and everybody is told."""

from __future__ import annotations

import shutil
from pathlib import Path

from connector.config import shipped_mappings
from connector.ledger import views
from connector.words.alarms import alarm_facts

from tests.journeys.conftest import OpenDay
from tests.journeys.day import Day

KIND = "mappings_unused"


async def alarms(day: Day) -> list[views.AlarmRow]:
    world = day.demo.world
    found = await world.database.read(lambda c: views.alarms_list(c, world.shop().shop.key))
    return [row for row in found if row.kind == KIND]


async def test_a_misspelt_column_leaves_the_old_profile_in_use_until_it_is_mended(
    open_day: OpenDay, tmp_path: Path
) -> None:
    mappings = tmp_path / "mappings"
    shutil.copytree(shipped_mappings(), mappings)
    day = await open_day(mappings=str(mappings), import_daily={"times": ["10:00:00"]})
    await day.alone_until("08:30")
    order = day.place()
    await day.until("09:00")
    assert await alarms(day) == []

    result = mappings / "wms/generic/result.yaml"
    text = result.read_text(encoding="utf-8")
    broken = text.replace("key: result\n", "key: status\n").replace('3": cancelled', '3": canceled')
    broken = broken.replace("key: shipped_on, grammar: date", "key: shipped_on, grammar: text")
    result.write_text(broken, encoding="utf-8")
    await day.until("09:30")
    (alarm,) = await alarms(day)
    said = alarm_facts(KIND, alarm.evidence, day.now, "ja")
    assert "result.yaml:11:" in said and "もしかして「result」" in said and "（ほか 2件）" in said

    await day.until("20:00")
    assert await day.state(order) == "completed", "all went on by the profile of before"
    assert day.captures(order) == [order.amounts.payment_total]
    assert [one.open for one in await alarms(day)] == [True], "told once, and open until it is mended"

    result.write_text(text, encoding="utf-8")
    await day.until("20:30")
    assert [one.open for one in await alarms(day)] == [False]
