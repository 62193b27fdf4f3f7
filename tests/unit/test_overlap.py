"""The overlap (重ね読み): every change is read when it is new, and once more when it is as old as the overlap.

The cart is a model that changes before each of its answers and shows some changes up to fourteen minutes late.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from copy import copy
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from connector.adapters.ecforce.paging import Paging
from connector.ports import CartPage
from connector.shop import Shop
from connector.stages import ingest

from tests.unit.model_cart import ModelCart, Oddities, Row, read
from tests.unit.world import START, an_order, world

OVERLAP = timedelta(minutes=15)
SHOP = Shop(key="mihon", name="見本店", start_at=START, ne_shop_id="1", overlap=OVERLAP)
RUNS = 60
PASSES = 14


class Hands:
    """What we hold: each order as it was read last. `ports.Known`, from memory."""

    def __init__(self) -> None:
        self.held: dict[int, Row] = {}

    def take(self, page: CartPage) -> None:
        for order in page.orders:
            version = int(order.memo.removeprefix("v"))
            self.held[order.cart_order_id] = Row(order.cart_order_id, order.updated_at, version)

    def versions(self) -> dict[int, int]:
        return {row.id: row.version for row in self.held.values()}

    async def changed_between(self, since: datetime, until: datetime) -> int:
        return sum(since <= row.updated_at < until for row in self.held.values())


def ports_of(cart: ModelCart, hands: Hands) -> Any:
    side = SimpleNamespace(changed_since=Paging(cart.ask, read).changed_since)
    return SimpleNamespace(shop=SHOP, cart=side, known=hands, now=cart.now)


def a_cart(seed: int) -> ModelCart:
    dice = random.Random(seed)
    oddities = Oddities(per=dice.choice((2, 5, 100)), says_total=dice.random() < 0.9)
    cart = ModelCart(dice, oddities, now=START, slowest=timedelta(minutes=14))
    for _ in range(dice.randrange(5, 40)):
        cart.place()
    return cart


async def one_pass(cart: ModelCart, hands: Hands, cursor: datetime, mischief: int = 40) -> datetime:
    """As the runner does it: what is read is stored before more is asked for; the cursor is when it began."""
    began_at = cart.now
    cart.mischief = cart.requests + mischief
    async for page in ingest.read(ports_of(cart, hands), cursor):
        hands.take(page)
    return began_at


@pytest.mark.parametrize("cheap", [0, 10, 100])
async def test_after_every_pass_what_is_new_and_what_is_old_is_ours(
    cheap: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New: dated since the last pass began. Old: beyond the overlap, however late it was shown."""
    monkeypatch.setattr(ingest, "CHEAP", cheap)
    late = 0
    for seed in range(RUNS):
        cart, hands, cursor = a_cart(seed), Hands(), START
        for _ in range(PASSES):
            cart.now += timedelta(seconds=cart.random.choice((1, 60, 300, 300, 300, 480, 1800)))
            cart.strike()
            cart.reveal()
            began_at, shown = cart.now, [copy(row) for row in cart.rows.values()]
            cursor, before = await one_pass(cart, hands, cursor), cursor
            due = [row for row in shown if row.updated_at >= before or row.updated_at < began_at - OVERLAP]
            lost = [row.id for row in due if hands.held[row.id].version < row.version]
            assert not lost, f"seed {seed}: {lost} were shown and not taken"
            late += len(shown) - len(due)
    assert late, "the model shows changes late"


async def test_when_the_shop_is_quiet_again_nothing_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "CHEAP", 0)
    for seed in range(RUNS):
        cart, hands, cursor = a_cart(seed), Hands(), START
        for _ in range(PASSES):
            cart.now += timedelta(minutes=5)
            cursor = await one_pass(cart, hands, cursor)
        for _ in range(8):
            cart.now += timedelta(minutes=5)
            cursor = await one_pass(cart, hands, cursor, mischief=0)
        assert hands.versions() == {row.id: row.version for row in cart.rows.values()}, f"seed {seed}"


async def test_twenty_thousand_are_not_read_again_and_again(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        for n in range(2_000):
            w.cart.put(an_order(f"N{n + 1:05}"))
        w.pass_by(minutes=5)
        await w.run("ingest")
        pages: list[int] = []
        changed_since = w.cart.changed_since

        async def watched(since: datetime, until: datetime | None = None) -> AsyncIterator[CartPage]:
            async for page in changed_since(since, until):
                pages.append(len(page.orders))
                yield page

        w.cart.instead(changed_since=watched)
        w.pass_by(minutes=5)
        w.cart.put(an_order("N99999"))
        await w.run("ingest")
        assert pages == [1], "the new one, and not the two thousand before it"
        assert w.state("N99999") == "received"
        for _ in range(5):
            w.pass_by(minutes=5)
            await w.run("ingest")
        assert sum(pages) < 2_010, "once more when they are as old as the overlap, and never again"
        assert sum(pages) > 2_000
