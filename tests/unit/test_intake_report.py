"""The intake in the report: red days stand in its table; a finding names what no order-by-order check can name."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from connector.errors import NotDone
from connector.outcome import Stray
from connector.ports import CartPage, Looked
from connector.reports import Picture, make, reconcile, tables, write
from connector.reports.model import Morning
from connector.reports.morning import encode
from connector.reports.table import Table

from tests.unit.test_intake import remove
from tests.unit.world import World, an_order, world

TODAY = date(2026, 11, 24)


async def picture_of(w: World) -> Picture:
    ports = w.runner.ports
    return await reconcile(ports.cart, ports.orders, w.database, w.shop, w.clock.now(), TODAY)


async def tables_of(w: World, picture: Picture, lang: str = "ja") -> dict[str, Table]:
    report = await make(w.database, w.shop, TODAY, w.clock.now(), picture)
    return {table.key: table for table in tables(report, lang)}


def found(picture: Picture, kind: str) -> list[str]:
    return [finding.order_number or finding.words for finding in picture.findings if finding.kind == kind]


async def three_orders(w: World) -> None:
    for n in (1, 2, 3):
        w.cart.put(an_order(f"T-{n}"))
    w.pass_by(hours=2)
    await w.run("ingest")


async def test_on_a_quiet_day_the_table_says_that_it_is_the_same(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await three_orders(w)
        picture = await picture_of(w)
        assert picture.kinds["intake_differs"] == 0
        shown = await tables_of(w, picture)
        assert [row[:4] for row in shown["intake"].rows] == [("処理中", "取込済", 3, 6600)]
        (day,) = shown["intake_days"].rows
        assert (*day[:5], day[6]) == ("2026-11-24", 3, 3, 0, 0, "一致")
        english = await tables_of(w, picture, "en")
        assert english["intake"].rows[0][:2] == ("On its way", "Received")
        assert english["intake_days"].rows[0][6] == "Same"


async def test_an_order_that_another_check_names_is_not_told_twice(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await three_orders(w)
        remove(w, 2)
        picture = await picture_of(w)
        assert found(picture, "missing_here") == ["T-2"]
        assert found(picture, "intake_differs") == []
        (day,) = (await tables_of(w, picture))["intake_days"].rows
        assert (*day[:5], day[6]) == ("2026-11-24", 3, 2, 0, 1, "不一致"), "and its day is red"


async def test_what_the_cart_counts_and_never_shows_is_a_finding(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await three_orders(w)
        remove(w, 2)
        whole = w.cart.changed_since

        async def hides_one(since: datetime, until: datetime | None = None) -> Any:
            async for page in whole(since, until):
                well = tuple(one for one in page.orders if one.number != "T-2")
                yield CartPage(well, (), page.body)

        w.cart.instead(changed_since=hides_one)
        picture = await picture_of(w)
        assert found(picture, "missing_here") == []
        assert found(picture, "intake_differs") == ["受注日 2026-11-24: カート 3件 / 台帳 2件"]
        assert picture.kinds["intake_differs"] == 1
        report = await make(w.database, w.shop, TODAY, w.clock.now(), picture)
        assert "intake_differs" in {todo.what for todo in report.todo}
        html = next(path for path in write(report, tmp_path / "reports") if path.suffix == ".html")
        assert "受注日ごとの照合" in html.read_text("utf-8")
        assert "取込件数の不一致" in html.read_text("utf-8")


async def test_an_order_that_is_there_and_cannot_be_read_is_not_called_missing(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await three_orders(w)
        whole, look = w.cart.changed_since, w.cart.look
        stray = Stray("ecforce", "受注 T-2: $.data[0]", "受注を読み取れません", facts={"cart_order_id": "2"})

        async def breaks_one(since: datetime, until: datetime | None = None) -> Any:
            async for page in whole(since, until):
                well = tuple(one for one in page.orders if one.number != "T-2")
                yield CartPage(well, (stray,), page.body)

        async def looks(ids: Any) -> Looked:
            seen = await look(ids)
            return Looked({number: one for number, one in seen.items() if number != "T-2"}, (stray,))

        w.cart.instead(changed_since=breaks_one, look=looks)
        w.cart.put(w.cart.orders["T-2"])
        w.pass_by(minutes=10)
        await w.run("ingest")
        picture = await picture_of(w)
        assert found(picture, "missing_in_cart") == []
        assert len(found(picture, "stray")) == 1
        w.cart.instead(look=look)
        del w.cart.orders["T-2"]
        assert found(await picture_of(w), "missing_in_cart") == ["T-2"]


async def test_a_cart_that_is_down_leaves_the_sum_unknown(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await three_orders(w)

        async def down(_since: datetime, _until: datetime) -> int:
            raise NotDone("ecforce: 503")

        w.cart.instead(count_placed=down)
        picture = await picture_of(w)
        assert picture.kinds["intake_differs"] is None, "never a zero"
        assert (await tables_of(w, picture))["intake_days"].rows[0][1] is None


async def test_a_report_kept_before_there_was_an_intake_is_still_read(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await three_orders(w)
        w.pass_by(seconds=timedelta(hours=1).total_seconds())
        body = msgspec.json.decode(encode(await make(w.database, w.shop, TODAY, w.clock.now())))
        del body["intake"]
        old = msgspec.json.decode(msgspec.json.encode(body), type=Morning)
        assert {table.key: table.rows for table in tables(old, "ja")}["intake"] == ()
