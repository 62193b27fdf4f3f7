"""A day with far more slips than its weekday ever had stops itself, says so, and goes on with a person's word."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from connector import ops, words
from connector.ledger import alarms, pace, stage_stops
from connector.ledger.history import Entry, append
from connector.ledger.stage_stops import Decision
from connector.shop import RelayPace

from tests.unit.test_runner_relay import instructed, relay_round
from tests.unit.world import World, an_order, world

PACE = RelayPace(days=4, tolerance=1.0, smallest=3)
DAY = "2026-11-24"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[World]:
    """Four Tuesdays behind it, with one or two slips each."""
    with world(tmp_path, relay_pace=PACE) as w:
        for weeks, slips in enumerate((2, 1, 2, 2), 1):
            went(w, weeks, slips)
        yield w


def went(w: World, weeks: int, slips: int) -> None:
    at = w.clock.now() - timedelta(weeks=weeks)
    moved = [
        Entry(
            item="slip",
            item_id=100_000 + 100 * weeks + n,
            number=f"old-{weeks}-{n}",
            event="moved",
            from_state="print_ready",
            to_state="relayed",
            stage="relay",
        )
        for n in range(slips)
    ]
    with w.database.engine.begin() as connection:
        append(connection, w.shop.key, at, moved)


async def ready(w: World, *numbers: int) -> None:
    for n in numbers:
        w.cart.put(an_order(f"T-{n}"))
        w.ne.open(f"T-{n}", status=20)
    await w.run("ingest", "follow_slips")


def stops(w: World) -> list[stage_stops.Stop]:
    with w.database.engine.connect() as connection:
        return stage_stops.listed(connection, w.shop.key)


async def decide(w: World, release: bool) -> ops.Answer:
    return await ops.decide_stage_stop(
        w.database,
        w.shop.key,
        "relay",
        DAY,
        release=release,
        actor="見本 花子",
        why="セール初日",
        now=w.clock.now(),
    )


def alarm(w: World) -> Any:
    with w.database.engine.begin() as connection:
        alarms.judge(connection, w.shop, w.clock.now())
        found = {row.kind: row.evidence for row in alarms.still_open(connection, w.shop.key)}
    return found.get("stage_stopped")


async def test_a_usual_day_goes(shop: World) -> None:
    await ready(shop, *range(1001, 1005))
    await relay_round(shop)
    assert len(instructed(shop)) == 4, "twice the highest Tuesday is still usual"
    assert (stops(shop), alarm(shop)) == ([], None)


async def test_far_more_than_usual_waits_and_nothing_is_claimed(shop: World) -> None:
    await ready(shop, *range(1001, 1006))
    for _ in range(3):
        await relay_round(shop)
    assert (instructed(shop), shop.ne.count("claimed")) == ([], 0)
    (stop,) = stops(shop)
    assert (stop.stage, stop.what, stop.waits) == ("relay", DAY, True)
    assert {name: stop.figures[name] for name in ("gone", "batch", "high")} == {
        "gone": 0,
        "batch": 5,
        "high": 4,
    }
    said = words.alarm_facts("stage_stopped", alarm(shop), shop.clock.now(), "ja")
    assert said == (
        "2026-11-24 の出荷指示が 5件（指示済み 0件＋今回 5件）になります。"
        "同じ曜日の直近4回は最大 2件、上限 4件 を超えるため、今回の分を倉庫へ渡していません。"
    )
    assert "いつもの件数" in shop.slip(shop.slip_of("T-1001")).waiting_for
    assert (await decide(shop, True)).words == "2026-11-24 の一時停止を解放しました。次の回に進めます。"
    await relay_round(shop)
    assert len(instructed(shop)) == 5
    await ready(shop, *range(1006, 1016))
    await relay_round(shop)
    assert len(instructed(shop)) == 15, "a released day goes on"
    assert alarm(shop) is None
    assert not (await decide(shop, False)).done


async def test_what_went_already_counts_and_its_marks_go_on(shop: World) -> None:
    await ready(shop, 1001, 1002, 1003)
    await shop.run("relay")
    await ready(shop, 1004, 1005)
    shop.pass_by(minutes=10)
    await shop.run("relay")
    await shop.run("relay")
    assert len(instructed(shop)) == 3
    assert stops(shop)[0].figures["gone"] == 3
    assert shop.ne.count("tagged_sent") == 3, "what the warehouse has is marked all the same"


async def test_a_refused_day_stays_and_the_next_one_is_judged_anew(shop: World) -> None:
    await ready(shop, *range(1001, 1006))
    await relay_round(shop)
    assert (await decide(shop, False)).done
    await relay_round(shop)
    assert instructed(shop) == []
    assert "見合わせ" in shop.slip(shop.slip_of("T-1001")).waiting_for
    shop.pass_by(days=1)
    await relay_round(shop)
    assert len(instructed(shop)) == 5, "no Wednesday is known: too few earlier days say nothing"


async def test_a_day_nobody_decided_is_overtaken(shop: World) -> None:
    await ready(shop, *range(1001, 1006))
    await relay_round(shop)
    shop.pass_by(days=1)
    assert alarm(shop) is None
    await relay_round(shop)
    assert [stop.decision for stop in stops(shop)] == [Decision.OVERTAKEN]


@pytest.mark.parametrize(
    "rules",
    [
        RelayPace(enabled=False, smallest=3),
        RelayPace(days=5, smallest=3),
        RelayPace(smallest=5),
        RelayPace(smallest=3, tolerance=2.0),
    ],
    ids=["switched off", "too few earlier days", "too few slips", "wide band"],
)
async def test_what_is_never_odd(tmp_path: Path, rules: RelayPace) -> None:
    with world(tmp_path, relay_pace=rules) as w:
        for weeks in range(1, 5):
            went(w, weeks, 2)
        await ready(w, *range(1001, 1006))
        await relay_round(w)
        assert len(instructed(w)) == 5


def test_days_without_any_are_no_band(shop: World) -> None:
    with shop.database.engine.connect() as connection:
        assert pace.earlier(connection, shop.shop, shop.clock.now().date()) == [2, 1, 2, 2]
        assert pace.earlier(connection, shop.shop, shop.clock.now().date() + timedelta(days=1)) == []


async def test_an_instruction_nobody_answers_is_an_alarm(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.wms.receipt_delay = timedelta(hours=3)
        await w.to_print_ready(an_order())
        await w.run("relay")

        def silent() -> Any:
            with w.database.engine.begin() as connection:
                alarms.judge(connection, w.shop, w.clock.now())
                found = {row.kind: row.evidence for row in alarms.still_open(connection, w.shop.key)}
            return found.get("receipt_silent")

        w.pass_by(minutes=59)
        assert silent() is None
        w.pass_by(minutes=2)
        said = words.alarm_facts("receipt_silent", silent(), w.clock.now(), "ja")
        assert said.startswith("09:15から受付結果を待っている出荷指示が 1件あります（SHIPORD_")
        w.pass_by(hours=3)
        await w.run("relay")
        assert silent() is None
