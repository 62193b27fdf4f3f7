"""A day's imports as an operator lives them: late slips, a file that waits, a pattern switched off, and 61 columns."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from connector import ops
from connector.commands.doctor import examine
from connector.commands.preflight import plan_now
from connector.ledger import views
from connector.ledger.schema_hub import preflights
from connector.ledger.views import ImportFile, PreflightRow
from connector.rehearsal import FIRST_DAY
from sqlalchemy import insert

from tests.journeys.conftest import RHYTHM, OpenDay
from tests.journeys.day import Day

STRICT = {"enabled": True, "smallest": 1, "days": 2, "deadline_minutes": 60}


async def checks(day: Day) -> list[PreflightRow]:
    shop = day.demo.shop.shop.key
    return await day.demo.world.database.read(lambda c: views.preflights_list(c, shop))


async def imports(day: Day) -> list[ImportFile]:
    shop = day.demo.shop.shop.key
    return await day.demo.world.database.read(lambda c: views.import_files(c, shop))


async def past(day: Day, orders: int) -> None:
    """What the Tuesdays before the first day were like, at ten."""
    figures = {"orders": orders, "lines": orders, "yen": 3980 * orders, "held": 0, "skus": [], "new_skus": []}
    rows = [
        {
            "shop": day.demo.shop.shop.key,
            "window": f"2026-11-{n} 10:00",
            "state": "passed",
            "figures": figures | {"payments": {"クレジットカード": orders}},
            "oddities": {},
            "checked_at": datetime(2026, 11, n, 1, tzinfo=UTC),
            "decided_by": "",
            "note": "",
        }
        for n in (10, 17)
    ]
    assert f"{FIRST_DAY}" == "2026-11-24", "a Tuesday, as those are"
    await day.demo.world.database.run(lambda c: c.execute(insert(preflights), rows))


async def test_a_slow_intake_brings_a_second_file_and_who_orders_later_waits(open_day: OpenDay) -> None:
    day = await open_day(rhythm_minutes=RHYTHM | {"confirm_intake": 45})
    await day.alone_until("08:00")
    early = [day.place() for _ in range(2)]
    await day.until("09:38")
    late = day.place()  # announced at ten to ten, and its slip is seen only after the first file left
    await day.until("11:20")
    after = day.place()
    await day.until("13:00")
    assert await day.state(after) == "in_intake"
    assert [day.imports(order) for order in (*early, late, after)] == [1, 1, 1, 0]
    second, first = await imports(day)
    assert (first.revision, first.orders, second.revision, second.orders) == (1, 2, 2, 1)
    assert first.ties
    assert second.ties
    assert [row.window for row in await checks(day)] == ["2026-11-24 10:00 r2", "2026-11-24 10:00"]


async def test_a_file_far_outside_its_band_waits_for_the_click(open_day: OpenDay) -> None:
    day = await open_day(import_daily={"times": ["10:00:00"], "preflight": STRICT})
    await past(day, 2)
    await day.alone_until("08:30")
    orders = [day.place() for _ in range(5)]
    await day.until("09:50")
    planned = await plan_now(day.demo.world, day.demo.shop, "ja")
    assert planned.window == "2026-11-24 10:00"
    assert sorted(planned.orders) == sorted(order.number for order in orders)
    assert "orders" in planned.oddities
    assert day.town.next_engine.history.count("import_queued") == 0, "looking uploads nothing"

    await day.until("10:20")
    (waiting,) = [row for row in await checks(day) if row.waits]
    assert waiting.orders == 5
    assert day.town.next_engine.history.count("import_queued") == 0
    shop = day.demo.shop.shop
    answer = await ops.decide_preflight(
        day.demo.world.database,
        shop.key,
        waiting.window,
        release=True,
        actor="見本 花子",
        why="セール初日",
        now=day.now,
        seen=waiting.seen,
    )
    assert answer.done, answer.words
    await day.until("11:00")
    assert [day.imports(order) for order in orders] == [1] * 5
    (file,) = await imports(day)
    assert (file.orders, file.ties, file.read_yen) == (5, True, file.yen)


async def test_nobody_clicks_and_the_deadline_lets_it_go(open_day: OpenDay) -> None:
    day = await open_day(import_daily={"times": ["10:00:00"], "preflight": STRICT})
    await past(day, 2)
    await day.alone_until("08:30")
    orders = [day.place() for _ in range(5)]
    await day.until("10:55")
    assert [day.imports(order) for order in orders] == [0] * 5
    await day.until("11:30")
    assert [day.imports(order) for order in orders] == [1] * 5
    newest = (await checks(day))[0]
    assert (newest.state, newest.decided_by) == ("released", "connector")


async def test_a_pattern_that_was_switched_off_holds_no_order(day: Day) -> None:
    await day.alone_until("08:30")
    orders = [day.place() for _ in range(2)]
    await day.until("09:50")
    found = await examine(day.demo.world, day.demo.shop, upload=True)
    assert (found.trouble, found.columns) == ("", 41)
    assert found.checked.endswith("-1 データがありません")
    assert [await day.state(order) for order in orders] == ["in_intake"] * 2, "the check touched no slip"
    day.town.next_engine.operator.disable_pattern(found.chosen)
    await day.until("10:30")
    assert day.town.next_engine.history.count("import_queued") == 1, "only the check"
    refused = await examine(day.demo.world, day.demo.shop, upload=True)
    assert (refused.checked, "パターン" in refused.trouble) == ("", True), "no other pattern fits"
    assert [await day.holds(order) for order in orders] == [{}, {}]
    picture = await day.picture(orders[0])
    assert "受注一括登録パターン" in picture.order.waiting_for
    day.town.next_engine.operator.enable_pattern(found.chosen)
    await day.until("11:00")
    assert [day.imports(order) for order in orders] == [1, 1]


@pytest.mark.parametrize("layout", ["order_csv", "order_csv_invoice"])
async def test_either_layout_imports_the_same_slips(open_day: OpenDay, layout: str) -> None:
    day = await open_day(import_daily={"times": ["10:00:00"], "layout": layout})
    await day.alone_until("08:30")
    orders = [day.place(), day.place(items=(("MH-SERUM-30", 2), ("MH-CREAM-50", 1)))]
    await day.until("11:00")
    assert [day.imports(order) for order in orders] == [1, 1]
    (file,) = await imports(day)
    assert (file.ties, file.read_yen) == (True, file.yen)
    found = await examine(day.demo.world, day.demo.shop, upload=False)
    assert found.columns == (41 if layout == "order_csv" else 61)
