"""Five thousand orders take seconds: what is done per order stays a few statements, also on a busy morning."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from connector.ledger import slips
from connector.order import Address, Recipient
from msgspec.structs import replace

from tests.unit.world import World, an_order, world

MANY = 5_000
LIMIT = 20.0  # seconds for each leg; on two cores it takes a fifth of that


def someone(n: int) -> Recipient:
    """A person of their own: five thousand orders of one would be five thousand doubles."""
    address = Address(name=f"見本 {n}郎", prefecture="東京都", city="見本区見本町", street=f"{n}-2-3")
    return Recipient(address_id=n, address=address)


async def timed(w: World, *names: str, passes: int = 1) -> float:
    started = time.perf_counter()
    for _ in range(passes):
        await w.run(*names)
    return time.perf_counter() - started


@pytest.mark.usefixtures("a_real_disk")
async def test_five_thousand_orders(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        first = an_order()
        for n in range(MANY):
            w.cart.put(replace(first, number=f"T-{n:06}", cart_order_id=n, recipients=(someone(n),)))
        w.pass_by(minutes=11)
        legs = {"ingest": await timed(w, "ingest"), "again": await timed(w, "ingest")}
        legs["notify"] = await timed(w, "notify", passes=MANY // 500)
        assert len(w.mailer.sent) == MANY
        w.pass_by(minutes=2)
        legs["confirm_intake"] = await timed(w, "confirm_intake", passes=MANY // 500)
        started = time.perf_counter()
        await w.import_now()
        w.pass_by(minutes=2)
        await w.run("import_daily")
        legs["import"] = time.perf_counter() - started
        legs["follow_slips"] = await timed(w, "follow_slips")
        legs["relay"] = await timed(w, "relay", passes=MANY // 500)
        assert w.wms.count("instructed") == MANY
        print({name: round(seconds, 2) for name, seconds in legs.items()})
        assert max(legs.values()) < LIMIT
        seen = list(w.ne.slips_held.values())[:1000]
        started = time.perf_counter()
        with w.database.engine.begin() as connection:
            assert slips.see(connection, w.shop.key, "follow_slips", seen, w.clock.now()) == 0
        assert time.perf_counter() - started < 1.0, "an unchanged picture costs next to nothing"
