"""本取込 at ten, and Next Engine is not there: caught up as soon as it is, but never later than the grace allows."""

from __future__ import annotations

from connector.journey import OrderState
from connector.rehearsal import FIRST_DAY
from connector.reports import reconcile

from tests.journeys.day import Day, wall


async def test_the_import_is_caught_up_within_its_grace(day: Day) -> None:
    await day.alone_until("08:30")
    orders = [day.place() for _ in range(3)]
    await day.until("09:40")
    port = await day.next_engine_goes_down()
    late = day.place()

    await day.until("11:40")
    assert [await day.state(order) for order in orders] == ["in_intake"] * 3
    assert (await day.picture(late)).order.state == "received", "the cart goes on being read"
    assert "next_engine" not in await day.holds(orders[0]), "an outage is nobody's fault: no order is held"
    assert [await day.holds(order) for order in orders] == [{}] * 3

    await day.next_engine_comes_back(port)
    await day.until("20:00")
    imported = day.town.next_engine.history.of("order_imported")
    assert {event.key for event in imported} >= {order.number for order in orders}
    assert "11-24 11:40" <= wall(imported[0].at) < "11-24 13:00"
    assert [await day.state(order) for order in orders] == ["completed"] * 3
    assert len(day.town.next_engine.history.of("import_queued")) == 1


async def test_an_import_missed_for_too_long_waits_for_the_next_day_and_is_reported(day: Day) -> None:
    await day.alone_until("08:30")
    orders = [day.place() for _ in range(2)]
    await day.until("09:40")
    port = await day.next_engine_goes_down()
    await day.alone_until("13:20")
    await day.next_engine_comes_back(port)

    await day.until("14:00")
    assert day.town.next_engine.history.count("import_queued") == 0, "no surprise in the afternoon"
    demo = day.demo
    ports = demo.shop.ports
    picture = await reconcile(
        ports.cart, ports.orders, demo.world.database, demo.shop.shop, day.now, FIRST_DAY
    )
    missed = [finding for finding in picture.findings if finding.kind == "not_imported"]
    assert sorted(finding.order_number for finding in missed) == sorted(order.number for order in orders)
    assert "11/24 10:00" in missed[0].words

    await day.alone_until("09:30", day=1)
    await day.until("10:20", day=1)
    assert [await day.state(order) for order in orders] == [OrderState.IMPORTED] * 2
    assert [day.imports(order) for order in orders] == [1, 1]


async def test_next_engine_is_busy_all_morning(day: Day) -> None:
    await day.alone_until("08:30")
    early = [day.place() for _ in range(2)]
    await day.until("09:20")
    day.faults.plan("ne-busy")
    late = [day.place() for _ in range(2)]
    await day.until("11:00")
    assert day.faults.struck["ne-busy"] > 3
    assert [await day.state(order) for order in (*early, *late)] == ["in_intake"] * 2 + ["received"] * 2
    assert [await day.holds(order) for order in (*early, *late)] == [{}] * 4
    assert [day.posted(order) for order in late] == [[], []], "nothing is mailed before Next Engine was asked"

    day.faults.stop("ne-busy")
    await day.until("12:40")
    assert [await day.state(order) for order in (*early, *late)] == ["imported"] * 2 + ["in_intake"] * 2
    assert [day.mails(order) for order in (*early, *late)] == [1, 1, 1, 1]


async def test_next_engine_does_what_it_is_asked_and_its_answers_are_lost(day: Day) -> None:
    await day.alone_until("08:30")
    orders = [day.place() for _ in range(3)]
    day.faults.plan("ne-lost-reply", 6)
    await day.until("20:00")
    assert day.faults.struck["ne-lost-reply"] == 6
    assert [await day.state(order) for order in orders] == ["completed"] * 3
    assert day.town.next_engine.history.count("import_queued") == 1, "looked for, not sent again"
    assert [day.imports(order) for order in orders] == [1, 1, 1]
