"""The page 取込の内訳: every order in one line, each day beside the cart's count as the newest report asked it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from connector.reports import make, write

from tests.contract.web_site import Site, a_site, context_of, running
from tests.unit.pictures import Shelf
from tests.unit.seeded_day import a_morning, an_empty_ledger
from tests.unit.shop_day import DAY, NOW, SHOP


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with a_site(tmp_path) as found:
        yield found


async def test_the_page_shows_where_every_order_is(site: Site) -> None:
    status, text = await site.get("/intake")
    assert status == 200
    for words in ("取込の内訳", "保留", "決済NG", "処理中", "終了", "合計", "受注日ごとの照合", "一致"):
        assert words in text
    assert 'href="/intake" aria-current="page"' in text
    _, english = await site.get("/intake?lang=en")
    for words in ("What became of the orders", "On its way", "Payment refused", "Sum", "Same"):
        assert words in english
    assert "不一致" not in text


async def test_its_lines_add_up_in_every_format(site: Site) -> None:
    _, text = await site.get("/intake.json")
    model = json.loads(text)
    lines = [line for line in model["now"]["lines"] if not line["older"]]
    assert sum(line["count"] for line in lines) == model["now"]["seen"] > 20
    assert {line["kind"] for line in lines} == {"held", "on_its_way", "ended"}
    days = model["compared"]["days"]
    assert [day["cart"] for day in days] == [day["ledger"] + day["unreadable"] for day in days]
    _, csv = await site.get("/intake.csv")
    assert len(csv.strip().splitlines()) == len(model["now"]["lines"]) + 1


async def test_a_day_that_differs_is_red(tmp_path: Path) -> None:
    with a_morning(tmp_path) as database:
        shelf = Shelf(database)
        del shelf.orders["1002"]
        report = await make(database, SHOP, DAY, NOW, await shelf.picture(database))
        write(report, tmp_path)
        async with running(context_of(database, tmp_path)) as site:
            _, text = await site.get("/intake")
    assert '<span class="badge red">不一致</span>' in text
    assert "1002" not in text


async def test_without_a_report_nothing_is_called_the_same(tmp_path: Path) -> None:
    with an_empty_ledger(tmp_path) as database:
        async with running(context_of(database, tmp_path / "none")) as site:
            status, text = await site.get("/intake")
    assert status == 200
    assert "一致" not in text
    assert "まだカートを読んでいません。" in text
