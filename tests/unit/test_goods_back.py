"""Goods that came back (返品): whose they were, whether they can have been, and what is said of the money."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from connector.ledger import returns
from connector.ledger.schema import orders, tracking_numbers
from connector.ledger.views.goods_back import ReturnRow, goods_back
from connector.ledger.views.why import text, why
from connector.ports import GoodsReturn
from connector.reports import sayings
from connector.reports.goods_back import goods_back_todo
from connector.words.goods_returns import DO
from sqlalchemy import insert, select, update

from tests.unit.world import World, a_shipment, an_order, world

SKU = "SKU-1"


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    with world(tmp_path) as made:
        await made.to_relayed(an_order())
        made.wms.reports(a_shipment(made.slip_of()))
        await made.run("collect")
        yield made


def back(slip: str = "", number: str = "RT-1", **other: object) -> GoodsReturn:
    said = {"tracking": "", "sku": SKU, "quantity": 1, "condition": "good", "reason": "受取拒否"} | other
    return GoodsReturn(return_number=number, slip_number=slip, arrived_on=date(2026, 11, 30), **said)  # type: ignore[arg-type]


def told(w: World, *seen: GoodsReturn) -> dict[str, ReturnRow]:
    with w.database.engine.begin() as connection:
        returns.tell(connection, w.shop.key, seen, None, w.clock.now())
        return {row.return_number: row for row in goods_back(connection, w.shop.key)}


async def test_more_than_left_is_doubtful_however_it_comes_in(w: World) -> None:
    slip = w.slip_of()
    (row,) = told(w, back(slip, quantity=2)).values()
    assert (row.known, row.order_number, row.left, row.back) == (True, "T-1001", 2, 2)
    assert row.do == "before_completion"
    rows = told(w, back(slip, "RT-2"))
    assert {one.do for one in rows.values()} == {"too_many"}, "two left, three came back in two parcels"
    assert told(w, back(slip, "RT-3", sku="OTHER"))["RT-3"].do == "too_many", "these goods never left"


async def test_a_parcel_is_known_by_its_tracking_number_where_one_slip_alone_had_it(w: World) -> None:
    slip = w.slip_of()
    with w.database.engine.begin() as connection:
        connection.execute(
            insert(tracking_numbers),
            [
                {"shop": w.shop.key, "number": "77", "slip_number": one, "at": w.clock.now()}
                for one in (slip, "9")
            ],
        )
        query = select(tracking_numbers.c.number).where(tracking_numbers.c.number != "77")
        number = str(connection.scalar(query))
    dashed = f"{number[:4]}-{number[4:]}"
    rows = told(
        w,
        back(tracking=dashed),
        back(number="RT-2", tracking="77"),
        back("900900", "RT-3"),
        back(number="RT-4"),
    )
    assert (rows["RT-1"].slip, rows["RT-1"].known) == (slip, True)
    assert [rows[one].do for one in ("RT-2", "RT-3", "RT-4")] == ["nobody"] * 3
    with w.database.engine.connect() as connection:
        assert [one.return_number for one in goods_back(connection, w.shop.key, of=[slip])] == ["RT-1"]
        answer = why(connection, w.shop, "T-1001", w.clock.now())
    assert answer is not None
    assert "返品 RT-1（2026-11-30 入荷）: SKU-1 × 1 良品、受取拒否" in text(answer)
    assert DO["before_completion"].ja in text(answer)


async def test_what_to_do_follows_from_the_order(w: World) -> None:
    for state, payment, do in (
        ("completed", "card", "refund"),
        ("completed", "cod", "cod"),
        ("cancelled", "card", "cancelled"),
        ("imported", "cod", "before_completion"),
    ):
        with w.database.engine.begin() as connection:
            connection.execute(update(orders).values(state=state, payment_kind=payment))
        assert told(w, back(w.slip_of()))["RT-1"].do == do, state


async def test_the_day_s_report_says_it_for_a_day(w: World) -> None:
    told(w, back(w.slip_of()))
    with w.database.engine.connect() as connection:
        (todo,) = goods_back_todo(
            goods_back(connection, w.shop.key, since=w.clock.now() - timedelta(hours=9))
        )
        assert goods_back(connection, w.shop.key, since=w.clock.now() + timedelta(hours=1)) == []
    assert (todo.order_number, todo.slip_number) == ("T-1001", w.slip_of())
    assert sayings.what(todo, "ja") == "返品（倉庫）"
    assert sayings.what_to_do(todo, "en").startswith("The cart's completion is still to come")
