"""The morning's report: a side that is only busy is asked again, for a closed day stays as it was written."""

from __future__ import annotations

from connector.clock import jst
from connector.wiring import CROWDED

from tests.journeys.day import Day

READS = 3  # tries of one read within seconds


async def test_a_crowded_next_engine_does_not_blind_the_report(day: Day) -> None:
    day.place()
    await day.until("08:05")
    world, shop, today = day.demo.world, day.demo.shop, jst(day.now).date()
    day.faults.plan("ne-busy", READS)
    assert (await world.report(shop, today)).unexplained is None, "asked once, it does not know"
    day.faults.plan("ne-busy", READS)
    assert (await world.report(shop, today, pauses=CROWDED)).unexplained == 0


async def test_a_next_engine_that_stays_away_is_written_down_as_unknown(day: Day) -> None:
    day.place()
    await day.until("08:05")
    day.faults.plan("ne-busy")
    written = await day.demo.world.report(day.demo.shop, jst(day.now).date(), pauses=CROWDED)
    day.faults.stop("ne-busy")
    assert written.unexplained is None
    assert "不明" in written.sentence
