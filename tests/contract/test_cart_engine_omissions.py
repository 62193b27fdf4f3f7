"""Renewals that go wrong in silence, on purpose: forgotten, rolled, late, doubled, and one lost by a fault."""

from __future__ import annotations

from datetime import timedelta

import pytest
from connector.sandbox.cart import Cycle
from connector.sandbox.faults import Faults

from tests.contract.engine import EngineDesk, day

NIGHT = day("2026-12-22")  # delivery 12-31, ship 12-29, a week before


async def test_a_forgotten_renewal_is_passed_by_every_night_until_somebody_makes_it() -> None:
    desk = EngineDesk()
    subs = desk.subscribe(Cycle.every(30))
    desk.cart.omit(subs.id, "forgotten")
    await desk.live_until(NIGHT + timedelta(days=20))
    before = (subs.times, subs.orders_count, desk.next_delivery(subs), desk.cart.create_on(subs))
    omitted = desk.cart.history.of("renewal_omitted")
    order = desk.cart.create_next(subs.id)
    after = desk.cart.omissions()
    await desk.live_until(day("2027-01-22"))
    assert before == (1, 1, day("2026-12-31"), NIGHT)
    assert [(event.key, event.detail["how"], event.detail["create_on"]) for event in omitted] == [
        (subs.number, "forgotten", "2026-12-22")
    ]
    assert (order.times, order.nth) == (2, 2)
    assert after == []
    assert desk.born(subs)[2:] == [day("2027-01-21")]


async def test_a_forgotten_renewal_ends_when_its_dates_are_changed() -> None:
    desk = EngineDesk()
    subs = desk.subscribe(Cycle.every(30))
    desk.cart.omit(subs.id, "forgotten")
    await desk.live_until(NIGHT + timedelta(days=3))
    desk.cart.skip_next(subs.id)
    await desk.live_until(day("2027-01-22"))
    assert desk.born(subs)[1:] == [day("2027-01-21")]
    assert desk.cart.omissions() == []


async def test_an_omission_waits_for_the_renewal_that_comes_due() -> None:
    """Planned long before; a skip in between only means that a later renewal is hit."""
    desk = EngineDesk()
    subs = desk.subscribe(Cycle.every(30))
    desk.cart.omit(subs.id, "forgotten")
    desk.cart.skip_next(subs.id)
    await desk.live_until(day("2027-02-20"))
    (event,) = desk.cart.history.of("renewal_omitted")
    assert event.detail["create_on"] == "2027-01-21"
    assert subs.orders_count == 1


async def test_a_rolled_renewal_leaves_later_dates_and_no_order() -> None:
    desk = EngineDesk()
    subs = desk.subscribe(Cycle.every(30))
    desk.cart.omit(subs.id, "rolled")
    await desk.live_until(NIGHT)
    rolled = (subs.times, subs.orders_count, subs.skipped, desk.next_delivery(subs))
    await desk.live_until(day("2027-01-22"))
    assert rolled == (1, 1, False, day("2027-01-30"))
    assert desk.deliveries(subs)[1:] == [day("2027-01-30")]
    assert [order.times for order in desk.children(subs)] == [1, 2]
    assert desk.cart.history.count("renewal_omitted") == 1


async def test_a_late_renewal_comes_days_late_with_its_own_dates() -> None:
    desk = EngineDesk()
    subs = desk.subscribe(Cycle.every(30))
    desk.cart.omit(subs.id, "late", days=4)
    await desk.live_until(NIGHT + timedelta(days=5))
    second = desk.children(subs)[1]
    assert desk.born(subs)[1:] == [NIGHT + timedelta(days=4)]
    assert desk.deliveries(subs)[1:] == [day("2026-12-31")]
    assert (second.times, desk.next_delivery(subs)) == (2, day("2027-01-30"))
    assert desk.cart.omissions() == []


async def test_a_doubled_renewal_is_two_children_of_one_round_and_one_night() -> None:
    desk = EngineDesk()
    subs = desk.subscribe(Cycle.every(30), remaining_orders=6)
    desk.cart.omit(subs.id, "doubled")
    await desk.live_until(NIGHT)
    _, second, twin = desk.children(subs)
    await desk.live_until(day("2027-01-22"))
    assert desk.born(subs)[1:] == [NIGHT, NIGHT, day("2027-01-21")]
    assert (second.times, twin.times, second.nth, twin.nth) == (2, 2, 2, 3)
    assert (second.ship_planned_at, second.delivery_planned_at) == (
        twin.ship_planned_at,
        twin.delivery_planned_at,
    )
    assert [order.payment.state for order in (second, twin)] == ["authed", "authed"]
    assert [item.price for item in twin.items] == [item.price for item in second.items]
    assert (desk.children(subs)[3].times, subs.orders_count, subs.remaining_orders) == (3, 4, 3)
    assert len({order.number for order in desk.children(subs)}) == 4


async def test_the_fault_forgets_one_renewal_each_night_it_strikes() -> None:
    faults = Faults(["lost-renewal"], seed=4)
    desk = EngineDesk(faults=faults)
    for _ in range(40):
        desk.subscribe(Cycle.every(1), remaining_orders=5)
    await desk.live_until(day("2026-12-09"))
    omitted = desk.cart.history.of("renewal_omitted")
    assert faults.struck["lost-renewal"] == len(omitted) >= 1
    assert {event.detail["how"] for event in omitted} == {"forgotten"}
    short = [subs.number for subs in desk.cart.shop.subs.values() if subs.remaining_orders]
    assert sorted(short) == sorted(event.key for event in omitted)


async def test_only_known_words_and_subscriptions_are_omitted() -> None:
    desk = EngineDesk()
    subs = desk.subscribe(Cycle.every(30))
    with pytest.raises(ValueError, match="vanished"):
        desk.cart.omit(subs.id, "vanished")
    with pytest.raises(KeyError):
        desk.cart.omit(1, "forgotten")
