"""A busy morning asks the store little for each order: work is counted in statements, which no other process slows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connector.ledger import slips
from connector.order import Address, Recipient
from msgspec.structs import replace
from sqlalchemy import event

from tests.unit.world import World, an_order, world

MANY = 1_500  # three passes of the largest batch
MOST = {
    "ingest": 0.25, "again": 0.01, "notify": 4, "confirm_intake": 1.2, "import": 0.1, "follow_slips": 1.3, "relay": 6,
}  # fmt: skip
"""Statements for an order, in each leg; a step more for each of them shows at once."""


def someone(n: int) -> Recipient:
    """A person of their own: so many orders of one would be as many doubles."""
    address = Address(name=f"見本 {n}郎", prefecture="東京都", city="見本区見本町", street=f"{n}-2-3")
    return Recipient(address_id=n, address=address)


@contextmanager
def counted(w: World, leg: str, legs: dict[str, int]) -> Iterator[None]:
    """How many statements reach the store meanwhile; one with the rows of many counts once."""
    asked: list[str] = []

    def note(*about: object) -> None:
        asked.append(str(about[2]))

    event.listen(w.database.engine, "before_cursor_execute", note)
    yield
    event.remove(w.database.engine, "before_cursor_execute", note)
    legs[leg] = len(asked)


async def test_what_is_asked_for_an_order_stays_little(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        legs: dict[str, int] = {}
        first = an_order()
        for n in range(MANY):
            w.cart.put(replace(first, number=f"T-{n:06}", cart_order_id=n, recipients=(someone(n),)))
        w.pass_by(minutes=11)
        for leg in ("ingest", "again"):
            with counted(w, leg, legs):
                await w.run("ingest")
        with counted(w, "notify", legs):
            await passes(w, "notify")
        assert len(w.mailer.sent) == MANY
        w.pass_by(minutes=2)
        with counted(w, "confirm_intake", legs):
            await passes(w, "confirm_intake")
        with counted(w, "import", legs):
            await w.import_now()
            w.pass_by(minutes=2)
            await w.run("import_daily")
        with counted(w, "follow_slips", legs):
            await w.run("follow_slips")
        with counted(w, "relay", legs):
            await passes(w, "relay")
        assert w.wms.count("instructed") == MANY
        print(legs)
        assert {leg: count for leg, count in legs.items() if count > MOST[leg] * MANY} == {}
        seen = list(w.ne.slips_held.values())
        with counted(w, "unchanged", legs), w.database.engine.begin() as connection:
            assert slips.see(connection, w.shop.key, "follow_slips", seen, w.clock.now()) == 0
        assert legs["unchanged"] < 10, "an unchanged picture costs next to nothing"


async def passes(w: World, stage: str) -> None:
    for _ in range(MANY // 500):
        await w.run(stage)
