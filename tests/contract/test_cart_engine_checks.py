"""The cart's own conscience (§12): each kind of wrong book-keeping is found and named, and good books are silent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from connector.sandbox.cart import Cycle, SubsOrder
from connector.sandbox.cart.gateway import Deed
from connector.sandbox.cart.model import TimelineEntry

from tests.contract.engine import EngineDesk, day

SOLD = 2  # which child was charged
Spoil = Callable[[EngineDesk, SubsOrder], object]


async def desk_with_books() -> tuple[EngineDesk, SubsOrder]:
    desk = EngineDesk()
    subs = desk.subscribe(Cycle.every(30))
    desk.subscribe(Cycle.monthly(1, 5))
    await desk.live_until(day("2027-02-19"))
    desk.cart.sell(desk.children(subs)[SOLD].id)
    return desk, subs


def last_number(desk: EngineDesk, subs: SubsOrder) -> str:
    return desk.children(subs)[-1].number


def charge_more(desk: EngineDesk, subs: SubsOrder) -> None:
    order = desk.children(subs)[-1]
    desk.cart.gateway.record(Deed.CAPTURE, order.number, order.amounts.payment_total + 1, ok=True)


def charge_twice(desk: EngineDesk, subs: SubsOrder) -> None:
    order = desk.children(subs)[SOLD]
    desk.cart.gateway.record(Deed.CAPTURE, order.number, order.amounts.payment_total, ok=True)


def hold_twice(desk: EngineDesk, subs: SubsOrder) -> None:
    desk.cart.gateway.record(Deed.AUTH, last_number(desk, subs), 3888, ok=True)


def another_price(desk: EngineDesk, subs: SubsOrder) -> None:
    desk.children(subs)[-1].items[0].price -= 1


def another_fee(desk: EngineDesk, subs: SubsOrder) -> None:
    order = desk.children(subs)[-1]
    order.extras = replace(order.extras, deliv_fee=100)


def another_customer(desk: EngineDesk, subs: SubsOrder) -> None:
    desk.children(subs)[-1].customer_id += 1


def one_too_many(desk: EngineDesk, subs: SubsOrder) -> None:
    subs.orders_count += 1


def same_place(desk: EngineDesk, subs: SubsOrder) -> None:
    desk.children(subs)[-1].nth = 1


def count_back(desk: EngineDesk, subs: SubsOrder) -> None:
    desk.children(subs)[-1].times = 1


def born_while_stopped(desk: EngineDesk, subs: SubsOrder) -> None:
    at = subs.timeline[0].at - timedelta(days=1)
    subs.timeline.insert(0, TimelineEntry(at, "shopper", "state", "active", "suspend"))


def dates_behind_the_index(desk: EngineDesk, subs: SubsOrder) -> None:
    subs.next_ship_at += timedelta(days=1)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (another_price, "do not add up"),
        (another_fee, "not those it was reckoned with"),
        (another_customer, "another customer"),
        (one_too_many, "orders said"),
        (same_place, "stand at"),
        (count_back, "定期回数"),
        (charge_more, "taken"),
        (charge_twice, "taken"),
        (hold_twice, "authorised again"),
        (born_while_stopped, "was created while suspend"),
        (dates_behind_the_index, "entered under"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
async def test_a_wrong_book_is_found_and_named(spoil: Spoil, words: str) -> None:
    desk, subs = await desk_with_books()
    clean = desk.cart.check()
    spoil(desk, subs)
    problems = desk.cart.check()
    assert clean == []
    assert problems
    assert any(words in problem for problem in problems), problems
    named = {subs.number, *(order.number for order in desk.children(subs))}
    assert all(any(number in problem for number in named) for problem in problems)


async def test_a_count_written_by_hand_is_nobodys_fault() -> None:
    desk, subs = await desk_with_books()
    desk.cart.change_subs(subs.id, times=1)
    desk.cart.create_next(subs.id)
    assert desk.children(subs)[-1].times == 2
    assert desk.cart.check() == []
