"""Paging (ページめくり) over a list that moves: no interleaving of changes and requests loses a row."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from connector.adapters.ecforce.paging import Paging
from connector.errors import NotDone
from connector.order import Order
from connector.ports import CartPage

from tests.unit.model_cart import ModelCart, Oddities, read
from tests.unit.world import START

RUNS = 400
SINCE = START - timedelta(hours=6)


def a_cart(seed: int, *, knows_id_lt: bool = True) -> ModelCart:
    """A cart with a history in which many rows share a second, and oddities drawn from the seed."""
    dice = random.Random(seed)
    oddities = Oddities(
        per=dice.choice((1, 2, 3, 5, 7, 100)),
        says_per=dice.random() < 0.7,
        says_total=dice.random() < 0.8,
        total_pages=dice.choice(("true", "missing", "zero")),
        knows_id_lt=knows_id_lt,
    )
    cart = ModelCart(dice, oddities, now=SINCE)
    for _ in range(dice.randrange(60)):
        cart.place()
        if dice.random() < 0.3:
            cart.now += timedelta(seconds=dice.choice((1, 1, 1, 60)))
    cart.now += timedelta(seconds=dice.choice((0, 1, 600)))
    return cart


async def everything(cart: ModelCart) -> list[Order]:
    pages: list[CartPage] = [page async for page in Paging(cart.ask, read).changed_since(SINCE)]
    return [order for page in pages for order in page.orders]


async def test_one_pass_shows_every_row_that_was_there_when_it_began() -> None:
    """With changes of every kind before each answer; rows that are deleted for good may be missed, no other."""
    for seed in range(RUNS):
        cart = a_cart(seed)
        cart.hard_deletes = seed % 2 == 0
        there = set(cart.rows)
        shown = {order.cart_order_id for order in await everything(cart)}
        assert there & set(cart.rows) <= shown, f"seed {seed}: {there & set(cart.rows) - shown} lost"


async def test_a_cart_that_does_not_know_the_filter_by_id_is_read_whole_or_not_at_all() -> None:
    """An unknown `q` is ignored in silence (§2.3): the second is then read by page number, anew where it shrank."""
    refusals = 0
    for seed in range(RUNS):
        cart = a_cart(seed, knows_id_lt=False)
        cart.oddities.says_total = True  # without any count such a cart cannot be read safely by anybody
        refusals += await whole_or_refused(cart, seed)
    assert 0 < refusals < RUNS / 4


async def test_a_cart_that_sorts_as_it_likes_is_read_by_page_number() -> None:
    for seed in range(RUNS // 8):
        dice = random.Random(seed)
        cart = ModelCart(dice, Oddities(sorts=False), now=SINCE)
        for n in range(1, dice.randrange(60, 320)):
            cart.now += timedelta(seconds=1)
            cart.place(n)  # newest first is then newest id first, as the cart's default says
        await whole_or_refused(cart, seed)


async def test_a_cart_that_filters_nothing_is_read_by_page_number_and_ends() -> None:
    cart = ModelCart(random.Random(1), Oddities(filters=False), now=SINCE - timedelta(days=3), mischief=0)
    for n in range(1, 251):
        cart.place(n)
        cart.now += timedelta(minutes=30)
    assert {order.cart_order_id for order in await everything(cart)} == set(cart.rows)
    assert cart.requests == 3


async def whole_or_refused(cart: ModelCart, seed: int) -> bool:
    there = set(cart.rows)
    try:
        shown = {order.cart_order_id for order in await everything(cart)}
    except NotDone as fault:
        assert "減り続ける" in str(fault)
        return True
    assert there & set(cart.rows) <= shown, f"seed {seed}: {there & set(cart.rows) - shown} lost"
    return False


@pytest.mark.parametrize("total_pages", ["true", "missing", "zero"])
@pytest.mark.parametrize("says_per", [True, False])
@pytest.mark.parametrize("says_total", [True, False])
@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 200, 201, 250])
async def test_a_quiet_list_is_read_to_its_end_whatever_meta_says(
    count: int, says_total: bool, says_per: bool, total_pages: str
) -> None:
    for at_once in (1, 1000):
        odd = Oddities(says_total=says_total, says_per=says_per, total_pages=total_pages)
        cart = ModelCart(random.Random(0), odd, mischief=0)
        for n in range(1, count + 1):
            cart.place(n)
            if n % at_once == 0:
                cart.now += timedelta(seconds=1)
        shown = {order.cart_order_id for order in await everything(cart)}
        assert shown == set(cart.rows)
        assert cart.requests <= count // 99 + 5


@pytest.mark.parametrize("count", [101, 250])
async def test_one_part_of_meta_alone_does_not_end_the_reading(count: int) -> None:
    cart = ModelCart(random.Random(0), Oddities(total_pages="one"), mischief=0)
    for n in range(1, count + 1):
        cart.place(n)
        cart.now += timedelta(seconds=1)
    assert {order.cart_order_id for order in await everything(cart)} == set(cart.rows)


async def test_what_is_updated_in_the_second_that_is_being_read_comes_again() -> None:
    """250 rows of one second; after each page the smallest ids move on: offsets would skip as many."""
    cart = ModelCart(random.Random(1), Oddities(), mischief=0)
    for n in range(1, 251):
        cart.place(n)
    cart.now += timedelta(hours=1)
    shown: dict[int, str] = {}
    async for page in Paging(cart.ask, read).changed_since(SINCE):
        shown |= {order.cart_order_id: order.memo for order in page.orders}
        for id_ in list(shown)[:30]:
            if cart.rows[id_].version == 1:
                cart.update(id_)
    assert shown == {row.id: f"v{row.version}" for row in cart.rows.values()}


async def test_twenty_thousand_of_one_second_cost_one_request_more_than_their_pages() -> None:
    cart = ModelCart(random.Random(1), Oddities(), mischief=0)
    for n in range(1, 20_001):
        cart.place(n)
    cart.now += timedelta(minutes=5)
    ids = [order.cart_order_id for order in await everything(cart)]
    assert len(set(ids)) == 20_000
    assert cart.requests <= 202
    assert len(ids) == 20_100, "the page that told us that they share a second, and each of them once"
    assert ids[100:200] == list(range(20_000, 19_900, -1)), (
        "what the night created before what it only touched"
    )
