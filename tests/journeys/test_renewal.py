"""Renewals: born at half past midnight while everybody sleeps, and walking like any order by breakfast."""

from __future__ import annotations

from connector.adapters.ecforce import wire as cart

from tests.journeys.conftest import OpenDay
from tests.journeys.day import wall


async def test_renewals_of_the_night_are_known_with_their_subscription_and_round(open_day: OpenDay) -> None:
    day = await open_day(subscribers=28)
    await day.until("00:50")
    born = day.town.cart.history.of("order_generated")
    assert len(born) >= 2
    assert {wall(event.at) for event in born} == {"11-24 00:30"}

    orders = [day.town.cart.shop.order_by_number[event.key] for event in born]
    for order in orders:
        seen = (await day.picture(order)).order
        assert seen.origin == "generated"
        assert (seen.subscription_id, seen.subscription_round) == (order.subs_id, 2)

    await day.alone_until("08:30")
    await day.until("10:40")
    paid = 0
    for order in orders:
        if order.payment.state == cart.PAY_AUTH_FAILED:  # a subscriber's card has died
            assert (await day.state(order), list(await day.holds(order))) == ("received", ["payment_refused"])
            continue
        paid += 1
        assert await day.state(order) == "imported"
        assert (day.mails(order), day.imports(order), day.relayed(order)) == (1, 1, 1)
    assert paid


async def test_a_round_exists_once_even_when_the_night_is_read_again_and_again(open_day: OpenDay) -> None:
    day = await open_day(subscribers=14)
    await day.until("02:00")
    for event in day.town.cart.history.of("order_generated"):
        order = day.town.cart.shop.order_by_number[event.key]
        picture = await day.picture(order)
        assert [row.event for row in picture.history].count("received") == 1
        assert day.mails(order) <= 1
