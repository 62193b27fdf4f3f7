"""The nightly run: nothing missed under any change, no child twice, a crash finished by the next run, and fast."""

from __future__ import annotations

import random
import time
from collections import Counter
from contextlib import suppress
from datetime import date, timedelta

import pytest
from connector.clock import at_jst, jst
from connector.sandbox.cart import Cycle, NewCustomer, Refusal

from tests.contract.cart_shapes import TEA_SUBS, an_order
from tests.contract.engine import EngineDesk, day, days

CYCLES = (
    Cycle.every(30),
    Cycle.every(14),
    Cycle.monthly(1, 5),
    Cycle.monthly(1, 99),
    Cycle.nth_weekday(1, 2, 5),
)


def change_something(desk: EngineDesk, rng: random.Random) -> None:
    """One of the many ways in which next dates and readiness change."""
    subs = desk.cart.shop.subs[rng.choice(list(desk.cart.shop.subs))]
    ahead = f"{jst(desk.clock.now()).date() + timedelta(days=rng.randrange(60))}"
    with suppress(Refusal):
        match rng.randrange(10):
            case 0:
                desk.cart.skip_next(subs.id)
            case 1 | 2:
                desk.cart.set_subs_state(subs.id, rng.choice(("active", "suspend", "canceled")))
            case 3:
                desk.cart.change_subs(subs.id, scheduled_to_be_shipped_at=ahead)
            case 4:
                desk.cart.change_subs(
                    subs.id, scheduled_to_be_delivered_at=ahead, sync_scheduled_to_be_shipped_at=1
                )
            case 5:
                term = rng.choice((7, 30, 60))
                desk.cart.change_subs(
                    subs.id, payment_schedule="term", scheduled_to_be_delivered_every_x_day=term
                )
                desk.cart.recalculate_dates(subs.id)
            case 6:
                desk.cart.change_subs(subs.id, remaining_number_of_orders=rng.choice((0, 1, 5, None)))
            case 7:
                desk.cart.cancel(rng.choice(subs.order_ids))
            case 8:
                desk.cart.create_next(subs.id)
            case _:
                desk.cart.set_blacklist(subs.customer_id, on=rng.random() < 0.5)


@pytest.mark.parametrize("seed", range(4))
async def test_the_nights_know_every_change(seed: int) -> None:
    """After any change the index of nights is what a look at every subscription would say."""
    rng = random.Random(f"nights/{seed}")
    desk = EngineDesk()
    for k in range(60):
        desk.subscribe(rng.choice(CYCLES), deliver_on=day("2026-11-28") + timedelta(days=k % 20))
    for each in days(day("2026-11-27"), 45):
        for _ in range(6):
            change_something(desk, rng)
        await desk.live_until(each)
        assert desk.cart.check() == []
        overdue = [
            subs.number
            for subs in desk.cart.shop.subs.values()
            if desk.cart.shop.waits(subs) and desk.cart.create_on(subs) <= each - timedelta(days=1)
        ]
        assert not overdue or all(_changed_since_the_night(desk, number) for number in overdue)


def _changed_since_the_night(desk: EngineDesk, number: str) -> bool:
    """Overdue in the morning only because it was edited after the run, or is a second step behind."""
    subs = next(each for each in desk.cart.shop.subs.values() if each.number == number)
    last_night = at_jst(jst(desk.clock.now()).date(), 0, 30)
    return subs.updated_at >= last_night


async def test_missed_nights_are_caught_up_oldest_first() -> None:
    """The cart was down for days: every night is run, in the order of its date."""
    desk = EngineDesk()
    later = desk.subscribe(Cycle.every(33))  # delivery 2027-01-03, ship and creation 12-31 and 12-24
    sooner = desk.subscribe(Cycle.every(30))  # 12-22
    await desk.clock.advance_to(at_jst(day("2026-12-28"), 9))
    await desk.cart.advance()
    runs = [event.key for event in desk.cart.history.of("generation_run")]
    made = [event.detail["subs"] for event in desk.cart.history.of("order_generated")]
    assert runs == [f"{each}" for each in days(day("2026-11-27"), 32)]
    assert made == [sooner.number, later.number]
    assert desk.born(sooner)[1:] == desk.born(later)[1:] == [day("2026-12-28")]


async def test_one_run_by_hand_creates_all_that_are_overdue_once() -> None:
    desk = EngineDesk()
    subs = [desk.subscribe(Cycle.every(5), deliver_on=day("2026-12-01")) for _ in range(3)]
    await desk.clock.advance_to(at_jst(day("2026-12-30"), 9))
    made = desk.cart.run_generation()
    again = desk.cart.run_generation()
    assert len(made) == len(again) == 3
    assert [each.orders_count for each in subs] == [3, 3, 3]
    assert {order.nth for order in made} == {2}
    assert {order.nth for order in again} == {3}


@pytest.mark.parametrize("after", [0, 1, 7, 19])
async def test_a_run_that_dies_is_finished_by_the_next_one(after: int) -> None:
    """The half made child is booked and charged once; nobody gets two, nobody none."""
    desk = EngineDesk()
    subs = [desk.subscribe(Cycle.every(30), adjustment=-10) for _ in range(20)]
    desk.cart.crash_next_run(after)
    await desk.live_until(day("2026-12-22"))
    made = len(desk.cart.shop.orders) - len(subs)
    booked = sum(each.orders_count == 2 for each in subs)
    half_made = [order for order in desk.cart.shop.orders.values() if order.payment.state == "pending"]
    await desk.live_until(day("2026-12-23"))
    assert made == after + 1
    assert booked == after
    assert len(half_made) == 1
    assert [(each.times, each.orders_count) for each in subs] == [(2, 2)] * 20
    assert len(desk.cart.shop.orders) == 40
    assert {order.payment.state for order in desk.cart.shop.orders.values()} == {"authed"}
    authorised = Counter(call.order_number for call in desk.cart.gateway.calls if call.deed == "auth")
    assert set(authorised.values()) == {1}
    assert desk.cart.history.per_key("order_generated").most_common(1)[0][1] == 1
    assert [event.key for event in desk.cart.history.of("generation_crashed")] == ["2026-12-22"]
    assert desk.cart.check() == []


async def test_no_place_in_a_subscription_is_given_twice() -> None:
    desk = EngineDesk()
    subs = desk.subscribe(Cycle.every(30))
    desk.cart.create_next(subs.id)
    subs.orders_count = 1  # a book-keeping error: the parent believes that it has one order
    again = desk.cart.create_next(subs.id)
    assert again.id == subs.order_ids[1]
    assert len(desk.cart.shop.orders) == 2


async def test_what_changed_is_told_once() -> None:
    """For readers in the same process: exactly the records whose updated_at moved since they were last asked."""
    desk = EngineDesk()
    subs, other = desk.subscribe(Cycle.every(30)), desk.subscribe(Cycle.every(60))
    first = desk.cart.take_changes()
    nothing = desk.cart.take_changes()
    seen_at = desk.clock.now()
    await desk.live_until(day("2026-12-22"))
    orders, parents = desk.cart.take_changes()
    newer = [order for order in desk.cart.shop.orders.values() if order.updated_at > seen_at]
    desk.cart.set_state(subs.order_ids[1], "wmswait")
    edited = desk.cart.take_changes()
    assert [len(each) for each in first] == [2, 2]
    assert nothing == ([], [])
    assert {order.id for order in orders} == {order.id for order in newer} == set(subs.order_ids)
    assert parents == [subs]
    assert ([order.id for order in edited[0]], edited[1]) == ([subs.order_ids[1]], [])
    assert other.orders_count == 1


async def test_ten_thousand_subscriptions_cost_a_night_only_what_is_due() -> None:
    """Prints the price of a child; a year of 80,000 must take well under a minute."""
    desk = EngineDesk(day("2026-11-01"))
    for k in range(10_000):
        order = an_order(
            customer=NewCustomer(email=f"mihon-many-{k}@example.jp"),
            items=((TEA_SUBS.sku, 1),),
            cycle=CYCLES[k % len(CYCLES)],
            deliver_on=day("2026-11-09") + timedelta(days=k % 28),
        )
        desk.cart.place(order)
    began = time.perf_counter()
    await desk.live_until(date(2027, 1, 5))
    took = time.perf_counter() - began
    made = desk.cart.history.count("order_generated")
    print(f"{made} children in {took:.2f} s: {took / made * 1e6:.0f} µs each")
    assert made > 10_000
    assert took / made * 80_000 < 60
