"""What the warehouse told, over real HTTP: its stock, goods that came back, and rows that fit nothing."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, timedelta
from pathlib import Path

from connector.ledger import returns, stock
from connector.ports import GoodsReturn, StockLevel
from connector.web import WebContext

from tests.contract.web_site import running
from tests.unit.world import World, a_shipment, an_order, tracking, world


def site_of(w: World, folder: Path) -> WebContext:
    return WebContext(
        database=w.database, shops=(w.shop,), clock=w.clock, reports_dir=folder, form_key=b"k" * 32
    )


async def told(w: World) -> str:
    await w.to_relayed(an_order())
    now, slip = w.clock.now(), w.slip_of()
    levels = [
        StockLevel("WH01", "TEA", "L1", 5, 1, 2, now),
        StockLevel("WH01", "<b>OLD</b>", "", 9, 0, 0, now - timedelta(days=1)),
    ]
    back = [
        GoodsReturn("RT-1", slip, "999900001026", "TEA", 1, "good", "受取拒否", date(2026, 11, 30)),
        GoodsReturn("RT-2", "", "", "MASK", 1, "bad", "差出人不明", date(2026, 11, 29)),
    ]
    with w.database.engine.begin() as connection:
        stock.tell(connection, w.shop.key, levels, None)
        returns.tell(connection, w.shop.key, back, None, now)
    return slip


async def test_the_pages_and_their_lists(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        slip = await told(w)
        async with running(site_of(w, tmp_path)) as site:
            for lang, head in (("ja", "在庫（倉庫）"), ("en", "Warehouse stock")):
                status, page = await site.get(f"/stock?lang={lang}")
                assert (status, head in page, "<b>OLD" in page) == (200, True, False)
            assert "新しいファイルにありません" in (await site.get("/stock"))[1]
            rows = json.loads((await site.get("/stock.json"))[1])
            assert [(row["sku"], row["good"], row["old"]) for row in rows] == [
                ("<b>OLD</b>", 9, True),
                ("TEA", 5, False),
            ]
            _, page = await site.get("/goods-returns")
            assert f'/slips/{slip}"' in page and "/orders/T-1001" in page
            assert "伝票不明" in page and "返金や取消は自動で行いません" in page
            found = json.loads((await site.get("/goods-returns.json"))[1])
            assert [(row["return_number"], row["known"]) for row in found] == [
                ("RT-1", True),
                ("RT-2", False),
            ]
            table = list(csv.reader(io.StringIO((await site.get("/goods-returns.csv"))[1].lstrip("\ufeff"))))
            assert table[0][:3] == ["返品番号", "入荷日", "伝票番号"]
            assert len(table) == 3


async def test_a_stray_shows_its_file_its_row_and_what_to_do(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.wms.reports(a_shipment("77777", reason="見本 太郎様 不在"), name="SHIPRES_77.csv")
        await w.run("collect")
        async with running(site_of(w, tmp_path)) as site:
            _, page = await site.get("/strays")
            for part in (
                "SHIPRES_77.csv",
                f"送り状番号 {tracking(77777)}",
                "出荷日 2026-11-24",
                "自動で取り込みます",
            ):
                assert part in page, part
            assert "見本 太郎" not in page, "free words may hold somebody's name"
            (row,) = json.loads((await site.get("/strays.json"))[1])
            assert (row["early"], row["file"]) == (True, "SHIPRES_77.csv")
