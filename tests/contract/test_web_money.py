"""The page of money at risk: what the ledger holds, in both languages, as JSON and as CSV, without JavaScript."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from connector.ledger.receive import receive
from msgspec.structs import replace

from tests.contract.web_site import a_site
from tests.unit.shop_day import NOW, SHOP, an_order


@pytest.mark.parametrize(("lang", "title"), [("ja", "出荷済み未売上"), ("en", "Shipped, not captured")])
async def test_the_page_and_its_lists_say_the_same(tmp_path: Path, lang: str, title: str) -> None:
    async with a_site(tmp_path) as site:
        status, page = await site.get(f"/money?lang={lang}")
        assert status == 200
        assert title in page
        assert "<script" not in page
        found = json.loads((await site.get("/money.json"))[1])
        assert found["yen"] == sum(row["yen"] for row in found["shipped"])
        numbers = [row["order_number"] for row in (*found["shipped"], *found["lapsing"])]
        assert numbers, "the seeded day has shipped orders"
        _, csv = await site.get(f"/money.csv?lang={lang}")
        for number in numbers:
            assert number in page
            assert number in csv


async def test_the_carts_own_number_leads_to_its_parcels(tmp_path: Path) -> None:
    whole = an_order("W77", NOW)
    parcels = [replace(whole, number=f"W77-{id_}", parcel_of="W77") for id_ in (911, 912)]
    async with a_site(tmp_path) as site:
        await site.database.run(lambda c: receive(c, SHOP, parcels, None, NOW))
        status, _ = await site.get("/orders/W77")
        assert status == 303
        _, found = await site.get("/orders?q=W77")
        _, one = await site.get("/orders/W77-911")
        for number in ("W77-911", "W77-912"):
            assert f'href="/orders/{number}"' in found
        assert 'href="/orders/W77-912"' in one, "each names the others"
        assert (await site.get("/orders/W78"))[0] == 404
