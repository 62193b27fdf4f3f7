"""The comparison at the door stays a few queries (二重出荷の見張りの速さ): 500 slips against 100,000 sendings."""

from __future__ import annotations

import random
import time
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from connector import doubles
from connector.ledger import sendings
from connector.ledger.database import Database
from connector.ledger.schema import metadata, slips
from connector.ledger.schema_warehouse import sendings as table
from connector.shop import Shop
from connector.slip import Slip, SlipRow
from msgspec.structs import replace
from sqlalchemy import event, insert

from tests.unit.world import START

ASKED = 500
QUERIES = 25  # whatever the number of sendings: by kin, number and likeness, and what undoes them
SHOP = Shop(key="mihon", name="見本店", start_at=START, ne_shop_id="1")


def a_slip(n: int) -> Slip:
    row = SlipRow(no=1, sku=f"SKU-{n % 30}", name="", quantity=1, unit_price=1100)
    return Slip(
        number=str(n), order_number=f"T-{n}", ne_shop_id="1", status=20, name=f"見本 {n}", phone=f"000{n:08}",
        zip_code="000-0001", address1=f"見本町{n % 90}-1-2", rows=(row,),
    )  # fmt: skip


def filled(folder: Path, many: int) -> Database:
    """So many sendings of the last ten days, written as they lie in the store."""
    database = Database(f"sqlite:///{folder}/ledger.sqlite3", inline=True)
    metadata.create_all(database.engine)
    spread = random.Random(7)
    walking = {"shop": "mihon", "state": "relayed", "since": START, "body": msgspec.json.encode(a_slip(1))}
    walking |= {"seen_at": START, "status": 40, "cancel_type": "0", "total": 0}
    rows, sent = [], []
    for n in range(1, many + 1):
        at = START - timedelta(minutes=spread.randrange(14_400))
        looks = doubles.sending(a_slip(n), (), at)
        rows.append({"id": n, "number": str(n), "order_number": f"T-{n}"} | walking)
        one = {"shop": "mihon", "slip_id": n, "slip_number": str(n), "order_number": looks.number}
        sent.append(one | {"likeness": looks.likeness, "body": msgspec.to_builtins(looks), "sent_at": at})
    with database.engine.begin() as connection:
        connection.execute(insert(slips), rows)
        connection.execute(insert(table), sent)
    return database


@pytest.mark.parametrize("many", [2_000, pytest.param(100_000, marks=pytest.mark.long)])
async def test_five_hundred_slips_against_many_sendings(tmp_path: Path, many: int) -> None:
    database = filled(tmp_path, many)
    fresh = [a_slip(many + n) for n in range(1, ASKED)] + [
        replace(a_slip(77), number="999999", order_number="")
    ]
    asked: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *words: asked.append(words[2]))
    began = time.perf_counter()
    found = await database.read(lambda c: sendings.like(c, SHOP, fresh, START))
    alike = [
        one for slip in fresh
        for one in doubles.alike(doubles.sending(slip, (), START), found.get(slip.number, ()), SHOP)
    ]  # fmt: skip
    took = (time.perf_counter() - began) * 1000
    print(f"{ASKED} slips against {many:,} sendings: {took:.0f} ms, {len(asked)} queries")
    database.close()
    assert [one.slip for one in alike] == ["77"]
    assert len(asked) <= QUERIES
    assert took < 5_000, "a machine that does everything else beside it; alone it is a tenth of a second"
