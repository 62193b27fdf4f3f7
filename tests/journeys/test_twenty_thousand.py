"""A night of 20,000 renewals (定期の一斉作成) over HTTP, within the cart's own rate limit, in memory that stays flat.

The cart's limiter and our pacing live by one clock that only moves when somebody waits: the minutes are the cart's.
It creates all of them in one second and touches as many old orders in the same second (定期最新受注フラグ moves on).
"""

from __future__ import annotations

import gc
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from connector.adapters.ecforce.client import connect
from connector.clock import SteppedClock, at_jst
from connector.ledger.archive import ShopArchive
from connector.ledger.database import Database
from connector.ledger.ledger import Ledger
from connector.ledger.schema import metadata, orders
from connector.ports import CartPage, Mailer, OrderManager, Ports, Warehouse
from connector.runner import Runner
from connector.sandbox.cart import CartSandbox, CartSettings, Cycle, NewCustomer
from connector.shop import Shop
from connector.transport.http import Answer, Http
from sqlalchemy import select

from tests.contract.border import MemoryArchive, MemoryDrop
from tests.contract.cart_shapes import GOODS, TEA_SUBS, an_order, live_until
from tests.contract.ecforce_shop import client

RENEWALS = 20_000
NIGHT = date(2026, 12, 22)
MINUTES = 5
MEBIBYTES = 40.0  # what the process may grow by between the 2,000th order and the last
SHOP = Shop(key="mihon", name="見本店", start_at=at_jst(NIGHT), ne_shop_id="1")


@dataclass
class Watch:
    """What went over the border, and how the process grew meanwhile."""

    clock: SteppedClock
    begun_at: datetime
    seen: dict[str, datetime] = field(default_factory=dict)  # renewals: when each was first shown
    resident: dict[int, float] = field(default_factory=dict)  # MiB after so many orders

    def note(self, page: CartPage) -> None:
        for order in page.orders:
            if order.subscription is not None and order.subscription.round > 1:
                self.seen.setdefault(order.number, self.clock.now())
        self.resident[len(self.seen)] = resident_mebibytes()


def resident_mebibytes() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")


async def subscribed(cart: CartSandbox, clock: SteppedClock) -> None:
    """20,000 subscriptions, all due in one night."""
    for n in range(RENEWALS):
        cart.place(
            an_order(
                customer=NewCustomer(email=f"kyaku-{n}@example.jp"),
                items=((TEA_SUBS.sku, 1),),
                cycle=Cycle.every(30),
                deliver_on=date(2026, 12, 1),
            )
        )
    await live_until(cart, clock, f"{NIGHT} 00:30:00")


class Watched:
    """`Http` that says how the cart answered."""

    def __init__(self, http: Http) -> None:
        self._get_json = http.get_json
        self.answers: Counter[int] = Counter()

    async def get_json(self, path: str, params: Sequence[tuple[str, str]] = ()) -> Answer:
        answer = await self._get_json(path, params)
        self.answers[answer.status] += 1
        return answer


def runner_of(http: Http, clock: SteppedClock, database: Database, watch: Watch) -> Runner:
    """The real reader, ledger and pass; nobody else is asked anything by the intake."""
    cart = client(http, clock, MemoryArchive(), MemoryDrop())
    changed_since = cart.changed_since

    async def noted(since: datetime, until: datetime | None = None) -> AsyncIterator[CartPage]:
        async for page in changed_since(since, until):
            yield page  # back here, the page is in the ledger
            watch.note(page)

    cart.changed_since = noted  # type: ignore[method-assign]
    nobody: Any = None
    archive = ShopArchive(database, clock, SHOP.key)
    ports = Ports(
        shop=SHOP,
        cart=cart,
        mailer=cast(Mailer, nobody),
        orders=cast(OrderManager, nobody),
        warehouse=cast(Warehouse, nobody),
        archive=archive,
        now=clock.now(),
    )
    return Runner(Ledger(database, SHOP), ports, clock, random.Random(7))


@asynccontextmanager
async def a_night(folder: Path) -> AsyncIterator[tuple[CartSandbox, SteppedClock, Http, Database]]:
    """00:31, a minute after the cart's run."""
    clock = SteppedClock(at_jst(date(2026, 11, 26), 9))
    cart = CartSandbox(clock, settings=CartSettings())  # 60 requests in 60 s, ten at once
    cart.seed_goods(GOODS)
    await subscribed(cart, clock)

    async def catch_up(_now: datetime) -> None:
        await cart.advance()

    clock.on_advance = catch_up
    await clock.advance_to(at_jst(NIGHT, 0, 31))
    http = connect(await cart.start(), cart.token, clock=clock)
    database = Database(f"sqlite:///{folder}/ledger.sqlite3", inline=True)
    metadata.create_all(database.engine)
    try:
        yield cart, clock, http, database
    finally:
        await http.close()
        await cart.stop()
        database.close()


def numbers_of(database: Database) -> list[str]:
    with database.engine.connect() as connection:
        return list(connection.scalars(select(orders.c.number).where(orders.c.subscription_round > 1)))


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_a_night_of_twenty_thousand_renewals(tmp_path: Path) -> None:
    async with a_night(tmp_path) as (cart, clock, http, database):
        born = {order.number for order in cart.shop.orders.values() if order.times > 1}
        assert len(born) == RENEWALS
        gc.collect()
        watch, wire = Watch(clock, clock.now()), Watched(http)
        http.get_json = wire.get_json  # type: ignore[method-assign,assignment]
        runner = runner_of(http, clock, database, watch)
        counts = await runner.run("ingest")
        whole, all_in = clock.now() - watch.begun_at, max(watch.seen.values()) - watch.begun_at
        early = watch.resident[min(n for n in watch.resident if n >= RENEWALS // 10)]
        growth = max(watch.resident.values()) - early
        print(
            f"\n{RENEWALS:,} renewals in the ledger after {all_in} of the cart's time; with the "
            f"{counts.seen - RENEWALS:,} old orders that the night touched {whole}; {http.calls} requests, "
            f"{wire.answers[429]} throttled; memory +{growth:.1f} MiB from order {RENEWALS // 10:,} to the last"
        )
        assert counts.failed == ""
        held = numbers_of(database)
        assert len(held) == RENEWALS
        assert set(held) == born, "each exactly once"
        assert all_in <= timedelta(minutes=MINUTES)
        assert http.calls <= 2 * RENEWALS // 100 + 5
        assert wire.answers[429] <= 3
        assert growth <= MEBIBYTES

        calls = http.calls
        await clock.sleep(300)
        assert (await runner.run("ingest")).failed == ""
        assert http.calls <= calls + 2, "the overlap holds 40,000 rows that need not be read with every pass"
