"""在庫の突き合わせ: the warehouse's stock beside Next Engine's, asked once for each file, and only shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from connector.errors import Barred, NotDone
from connector.ledger import archive, stock
from connector.ledger.views.warehouse_news import different
from connector.ledger.views.warehouse_news import stock as stock_rows
from connector.ports import Shelves, StockLevel
from connector.runner.shelves import compare_shelves
from connector.sandbox.next_engine.model import Goods

from tests.contract.ne_shop import a_shop
from tests.contract.test_web_stock import site_of
from tests.contract.web_site import running
from tests.unit.world import World, world


@dataclass
class Desk:
    """Next Engine's stock, and how often it was asked for."""

    goods: dict[str, int]
    asked: list[list[str]] = field(default_factory=list)
    trouble: Exception | None = None

    async def stock_of(self, skus: Sequence[str]) -> dict[str, int]:
        self.asked.append(list(skus))
        if self.trouble is not None:
            raise self.trouble
        return self.goods


def file_came(w: World, name: str, *levels: tuple[str, str, int]) -> None:
    """A file of stock, kept and told."""
    now = w.clock.now()
    with w.database.engine.begin() as connection:
        kept = archive.keep(
            connection, w.shop.key, now, system="wms", direction="in", name=name, body=name.encode()
        )
        said = [StockLevel("WH01", sku, lot, good, 0, 0, now) for sku, lot, good in levels]
        stock.tell(connection, w.shop.key, said, kept.id)


async def compare(w: World, desk: Desk) -> None:
    await compare_shelves(w.ledger, replace(w.runner.ports, orders=desk, now=w.clock.now()))  # type: ignore[arg-type]


async def test_each_file_is_compared_once_over_all_lots_of_an_item(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        desk = Desk({"tea": 12, "Mask": 1})
        await compare(w, desk)
        assert desk.asked == [], "without any stock nothing is asked"
        file_came(w, "S1", ("TEA", "A", 5), ("TEA", "B", 7), ("MASK", "", 3), ("GONE", "", 1))
        for _ in range(3):
            await compare(w, desk)
        assert desk.asked == [["GONE", "MASK", "TEA"]]
        with w.database.engine.connect() as connection:
            rows = stock_rows(connection, w.shop.key)
        assert [(row.sku, row.lot, row.next_engine, row.difference, row.unknown_there) for row in rows] == [
            ("GONE", "", None, None, True),
            ("MASK", "", 1, 2, False),
            ("TEA", "A", 12, 0, False),
            ("TEA", "B", 12, 0, False),
        ]
        assert [row.sku for row in different(rows)] == ["GONE", "MASK"]
        async with running(site_of(w, tmp_path)) as site:
            page = (await site.get("/stock"))[1]
            assert (
                "ネクストエンジンと違う商品: 2件" in page
                and "+2" in page
                and "ネクストエンジンにない商品" in page
            )
            assert "no such item in Next Engine" in (await site.get("/stock?lang=en"))[1]
            assert [row["difference"] for row in json.loads((await site.get("/stock.json"))[1])] == [
                None,
                2,
                0,
                0,
            ]
        w.pass_by(hours=1)
        file_came(w, "S2", ("TEA", "A", 5))
        await compare(w, desk)
        with w.database.engine.connect() as connection:
            rows = stock_rows(connection, w.shop.key)
        assert [(row.sku, row.lot, row.difference) for row in rows if not row.old] == [("TEA", "A", -7)]
        assert {row.difference for row in rows if row.old} == {None}, (
            "what no file names any more is not compared"
        )


async def test_what_cannot_be_asked_is_asked_again_and_a_refusal_stands_until_the_next_file(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        desk = Desk({"TEA": 5}, trouble=NotDone("混み合っています"))
        file_came(w, "S1", ("TEA", "", 5))
        await compare(w, desk)
        await compare(w, desk)
        assert len(desk.asked) == 2
        desk.trouble = Barred("next_engine", "004001", "在庫検索の権限がありません")
        await compare(w, desk)
        await compare(w, desk)
        assert len(desk.asked) == 3
        async with running(site_of(w, tmp_path)) as site:
            assert "読めませんでした: 在庫検索の権限がありません" in (await site.get("/stock"))[1]
        desk.trouble = None
        w.pass_by(hours=1)
        file_came(w, "S2", ("TEA", "", 4))
        await compare(w, desk)
        with w.database.engine.connect() as connection:
            assert [row.difference for row in stock_rows(connection, w.shop.key)] == [-1]


async def test_next_engine_is_asked_by_its_search_of_stock() -> None:
    async with a_shop() as (sandbox, _, ne):
        assert isinstance(ne, Shelves)
        sandbox.seed_goods([Goods("TEA", "見本茶", 12), Goods("MASK", "見本マスク", 0)])
        before = len(sandbox.requests)
        assert await ne.stock_of(["TEA", "MASK", "NOBODY", "A,B"]) == {"TEA": 12, "MASK": 0}
        assert len(sandbox.requests) == before + 1
        many = [f"X-{n}" for n in range(1_500)]
        assert await ne.stock_of([*many, "TEA"]) == {"TEA": 12}
        assert len(sandbox.requests) == before + 3, "a thousand codes a call"
