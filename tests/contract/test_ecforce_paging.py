"""Reading while the cart works: the real sandbox over HTTP changes between any two requests for a page (F02).

Each story is told for every place between two requests; whatever was there when the reading began must be shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from connector.adapters.ecforce.client import Ecforce
from connector.sandbox.cart import Order as CartOrder
from connector.transport.http import Answer

from tests.contract.cart_shapes import JIRO, an_order
from tests.contract.ecforce_shop import BEGINNING, Shop, a_shop

ORDERS = 260
Mischief = Callable[[Shop, list[CartOrder]], None]


def updates_some(shop: Shop, placed: list[CartOrder]) -> None:
    """Rows of the first page go to the end of the list."""
    for order in placed[:25]:
        shop.cart.change_address(order.id, JIRO)


def updates_the_middle(shop: Shop, placed: list[CartOrder]) -> None:
    for order in placed[90:130]:
        shop.cart.change_address(order.id, JIRO)


def deletes_some(shop: Shop, placed: list[CartOrder]) -> None:
    """取消 and 削除: soft, and with_deleted shows them still; the update time moves."""
    for order in placed[10:30]:
        shop.cart.cancel(order.id)
        order.deleted_at = shop.cart.shop.now()
        shop.cart.shop.touch(order)


def removes_some(shop: Shop, placed: list[CartOrder]) -> None:
    """Gone for good, as no API can do it: whoever counts rows by offset loses as many others."""
    for order in placed[5:20]:
        shop.cart.shop.orders.pop(order.id, None)


def places_with_a_smaller_id(shop: Shop, placed: list[CartOrder]) -> None:
    """受注ID is drawn when the checkout starts (§10.1)."""
    new = shop.cart.place(an_order())
    shop.cart.shop.orders[1] = shop.cart.shop.orders.pop(new.id)
    shop.cart.shop.orders[1].id = 1


def everything_at_once(shop: Shop, placed: list[CartOrder]) -> None:
    for one in (updates_some, updates_the_middle, deletes_some, places_with_a_smaller_id):
        one(shop, placed)


STORIES = (
    updates_some,
    updates_the_middle,
    deletes_some,
    removes_some,
    places_with_a_smaller_id,
    everything_at_once,
)


class Between:
    """Strikes before the n-th answer."""

    def __init__(self, shop: Shop, at: int, strike: Callable[[], None]) -> None:
        self._shop, self._at, self._strike, self.asked = shop, at, strike, 0
        self._get_json = shop.http.get_json

    async def get_json(self, path: str, params: Sequence[tuple[str, str]] = ()) -> Answer:
        if self.asked == self._at:
            self._strike()
        self.asked += 1
        await self._shop.clock.advance_to(self._shop.clock.now() + timedelta(seconds=1))
        return await self._get_json(path, params)


async def place_many(shop: Shop, at_once: int) -> list[CartOrder]:
    placed = []
    for index in range(ORDERS):
        placed.append(shop.cart.place(an_order()))
        if (index + 1) % at_once == 0:
            await shop.clock.advance_to(shop.clock.now() + timedelta(seconds=1))
    await shop.clock.advance_to(shop.clock.now() + timedelta(minutes=1))
    return placed


async def read(ecforce: Ecforce) -> set[str]:
    return {order.number async for page in ecforce.changed_since(BEGINNING) for order in page.orders}


@pytest.mark.parametrize("at_once", [1, 130, ORDERS], ids=["a second each", "130 a second", "one second"])
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_no_row_is_lost_whenever_the_cart_moves(story: Mischief, at_once: int) -> None:
    async with a_shop() as shop:
        placed = await place_many(shop, at_once)
        quiet = Between(shop, -1, lambda: None)
        shop.http.get_json = quiet.get_json  # type: ignore[method-assign,assignment]
        assert len(await read(shop.ecforce)) == ORDERS
    for at in range(1, quiet.asked + 1):
        async with a_shop() as shop:
            placed = await place_many(shop, at_once)
            between = Between(shop, at, lambda shop=shop, placed=placed: story(shop, placed))  # type: ignore[misc]
            shop.http.get_json = between.get_json  # type: ignore[method-assign,assignment]
            shown = await read(shop.ecforce)
            there = {order.number for order in shop.cart.shop.orders.values()} & {o.number for o in placed}
            assert there <= shown, f"before request {at}: {len(there - shown)} lost"


@pytest.mark.parametrize("quirk", ["missing", "zero"])
@pytest.mark.parametrize("at_once", [1, ORDERS])
async def test_no_row_is_lost_without_total_pages(quirk: str, at_once: int) -> None:
    async with a_shop() as shop:
        shop.cart.quirks.total_pages = quirk  # type: ignore[assignment]
        placed = await place_many(shop, at_once)
        between = Between(shop, 2, lambda: updates_some(shop, placed))
        shop.http.get_json = between.get_json  # type: ignore[method-assign,assignment]
        assert await read(shop.ecforce) == {order.number for order in placed}


async def test_what_cannot_be_read_is_told_by_a_look_too() -> None:
    async with a_shop() as shop:
        well, broken = shop.cart.place(an_order()), shop.cart.place(an_order())
        broken.items[0].quantity = "三個"  # type: ignore[assignment]
        found = await shop.ecforce.look([well.id, broken.id, 999_999])
        assert set(found) == {well.number}
        assert [stray.facts["cart_order_id"] for stray in found.malformed] == [str(broken.id)]
        assert found.malformed[0].facts["placed_at"]


async def test_orders_by_the_day_they_were_placed_and_their_count() -> None:
    async with a_shop() as shop:
        placed = await place_many(shop, 1)
        first, last = placed[0].completed_at, placed[-1].completed_at
        shop.cart.change_address(placed[3].id, JIRO)
        since, until = first + timedelta(seconds=2), first + timedelta(seconds=223)
        wanted = {o.number for o in placed if since <= o.completed_at < until}
        pages = [page async for page in shop.ecforce.placed_between(since, until)]
        assert {order.number for page in pages for order in page.orders} == wanted
        assert await shop.ecforce.count_placed(since, until) == len(wanted) == 221
        assert await shop.ecforce.count_placed(last + timedelta(seconds=1), last + timedelta(days=1)) == 0
