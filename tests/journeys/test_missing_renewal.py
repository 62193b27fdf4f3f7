"""A renewal that never comes makes no error anywhere: the connector says so the next morning, by its own calendar."""

from __future__ import annotations

import pytest
from connector.clock import at_jst, jst
from connector.ledger import views
from connector.rehearsal import FIRST_DAY
from connector.sandbox.cart import SubsOrder
from connector.sandbox.cart.shop import planned_on

from tests.journeys.conftest import OpenDay
from tests.journeys.day import Day, moment


async def forecast(day: Day) -> views.Forecast:
    shop, now = day.demo.shop.shop, day.now
    return await day.demo.world.database.read(lambda c: views.renewals_forecast(c, shop, now))


async def missing(day: Day) -> list[tuple[str, str]]:
    found = (await forecast(day)).missing
    assert found is not None
    return [(one.kind, one.subscription_number) for one in found]


async def one_that_goes_wrong(day: Day, how: str) -> SubsOrder:
    """Somebody whose renewal is due in the first night; the cart will fail them without a word."""
    await day.until("00:10")
    cart = day.town.cart
    id_ = cart.shop.due.until(FIRST_DAY)[0]
    cart.omit(id_, how)
    return cart.shop.subs[id_]


async def test_a_forgotten_renewal_is_named_in_the_morning_and_closed_by_its_order(open_day: OpenDay) -> None:
    day = await open_day(subscribers=42)
    subs = await one_that_goes_wrong(day, "forgotten")
    born = len(day.town.cart.shop.due.until(FIRST_DAY)) - 1
    assert (await forecast(day)).missing == ()  # before the run nothing is missing
    assert (await forecast(day)).expected[0].count == born + 1

    await day.until("08:00")
    seen = await forecast(day)
    assert await missing(day) == [("missing", subs.number)]
    assert (seen.expected[0].count, seen.expected[0].here) == (born + 1, born)
    assert (seen.early, seen.late, seen.doubled, seen.wrong_rules) == ((), (), (), None)

    written = await day.demo.world.report(day.demo.shop, FIRST_DAY)
    assert "定期の作成漏れ 1件" in written.sentence
    page = next(path for path in written.files if path.suffix == ".html").read_text(encoding="utf-8")
    assert subs.number in page
    assert "手動で受注を作成してください" in page

    # The shop does what the sentence says; nothing has to be closed here.
    await day.until("10:00")
    order = day.town.cart.create_next(subs.id)
    await day.until("10:45")
    assert await missing(day) == []
    assert (await day.picture(order)).order.subscription_id == subs.id
    written = await day.demo.world.report(day.demo.shop, FIRST_DAY)
    assert "作成漏れ" not in written.sentence


@pytest.mark.long
async def test_dates_that_moved_on_without_an_order_are_no_excuse(open_day: OpenDay) -> None:
    day = await open_day(subscribers=28)
    subs = await one_that_goes_wrong(day, "rolled")
    lost_on = planned_on(subs.next_delivery_at)
    await day.until("08:00")
    assert planned_on(subs.next_delivery_at) > lost_on
    assert await missing(day) == [("rolled", subs.number)]

    # The shop puts the date back; the next night makes the order.
    await day.until("10:00")
    day.town.cart.change_subs(
        subs.id, scheduled_to_be_delivered_at=f"{lost_on:%Y/%m/%d}", sync_scheduled_to_be_shipped_at=1
    )
    await day.until("10:45")
    assert await missing(day) == []
    await day.until("08:00", day=1)
    born = [
        event
        for event in day.town.cart.history.of("order_generated")
        if event.detail["subs"] == subs.number and event.at > at_jst(FIRST_DAY, 1)
    ]
    assert [f"{jst(event.at):%d %H:%M}" for event in born] == ["25 00:30"]
    assert await missing(day) == []


async def test_a_night_without_a_connector_accuses_nobody(open_day: OpenDay) -> None:
    """Nothing was read since midnight: whoever was created then is not missing, he is unread."""
    day = await open_day(subscribers=28)
    await day.until("00:10")
    await day.alone_until("08:30")
    assert day.now == moment("08:30")
    seen = await forecast(day)
    assert seen.missing == ()
    assert seen.expected[0].here == 0
    assert seen.expected[0].count > 0
    await day.until("09:30")
    assert (await forecast(day)).missing == ()
    assert (await forecast(day)).expected[0].here == seen.expected[0].count
