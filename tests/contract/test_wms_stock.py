"""Other files that come in: 在庫 and 返品 for people to see, 送り状紐付け for numbers; each by data alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from connector.clock import SteppedClock, at_jst
from connector.errors import Malformed
from connector.ledger import returns, stock
from connector.ledger.database import Database
from connector.ledger.schema import metadata
from connector.ledger.schema_warehouse import goods_returns, stock_levels
from connector.ports import GoodsReturn, ReadResults, StockLevel
from connector.slip import Result
from connector.stages.shipped import picture
from sqlalchemy import select

from tests.contract.wms_desk import build
from tests.contract.wms_house import GENERIC, TUESDAY
from tests.contract.wms_profiles_desk import ODDITIES, results, warehouse

STOCK = next(GENERIC.glob("STOCK_*.csv"))
RETURN = next(GENERIC.glob("RETURN_*.csv"))
AT = datetime(2026, 11, 23, 22, tzinfo=UTC)


def read(root: Path, name: str, body: bytes, on: date = TUESDAY) -> ReadResults:
    return build(root, SteppedClock(at_jst(on, 19))).read_results(name, body)


def test_stock_is_read_with_its_time(tmp_path: Path) -> None:
    found = read(tmp_path, STOCK.name, STOCK.read_bytes())
    assert (found.shipments, found.strays, len(found.stock)) == ((), (), 5)
    assert found.stock[2] == StockLevel("WH01", "MH-TEA-20", "L2610B", 200, 0, 27, AT)
    assert found.stock[4].good == 0 and found.stock[4].bad == 2


def test_returns_are_read_and_one_belongs_to_no_slip(tmp_path: Path) -> None:
    day = date(2026, 11, 30)
    found = read(tmp_path, RETURN.name, RETURN.read_bytes(), day)
    first, second = found.returns
    assert first == GoodsReturn(
        "RT-0001", "200102", "999900001026", "MH-CREAM-50", 1, "good", "受取拒否", day
    )
    assert (second.slip_number, second.condition, second.reason) == ("", "bad", "差出人不明")
    assert (found.shipments, found.strays) == ((), ())


def test_a_bad_row_is_named_and_the_others_count(tmp_path: Path) -> None:
    body = STOCK.read_bytes().replace(b'"120"', b'"-1"').replace(b'"200","0"', b'"1E+2","0"')
    found = read(tmp_path, STOCK.name, body)
    assert len(found.stock) == 3
    assert [stray.where for stray in found.strays] == [f"{STOCK.name}:2", f"{STOCK.name}:4"]
    assert found.strays[1].facts["row"]["商品コード"] == "MH-TEA-20"
    with pytest.raises(Malformed):
        read(tmp_path, STOCK.name, RETURN.read_bytes())


def test_an_older_stock_never_comes_back_and_a_repeat_is_no_news(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/ledger.sqlite3", inline=True)
    metadata.create_all(database.engine)
    level = StockLevel("WH01", "TEA", "", 5, 0, 1, AT)
    newer = StockLevel("WH01", "TEA", "", 3, 1, 0, AT + timedelta(hours=1))
    with database.engine.begin() as connection:
        told = [stock.tell(connection, "mihon", [one], 1) for one in (level, newer, level, newer)]
        (row,) = connection.execute(select(stock_levels)).all()
        back = GoodsReturn("RT-1", "", "", "TEA", 1, "good", "", TUESDAY)
        both = [back, GoodsReturn("RT-1", "", "", "TEA", 1, "bad", "", TUESDAY)]
        news = [returns.tell(connection, "mihon", both, 1, AT) for _ in range(2)]
        changed = returns.tell(connection, "mihon", [back.plus(1)], 2, AT)
        rows = connection.execute(select(goods_returns).order_by(goods_returns.c.id)).all()
    database.close()
    assert (told, row.good, row.bad, row.told_at) == ([1, 1, 0, 0], 3, 1, newer.told_at)
    assert (news, changed, [one.quantity for one in rows]) == ([2, 0], 1, [2, 1])


def test_a_second_file_of_numbers_joins_its_slips(tmp_path: Path) -> None:
    folder = ODDITIES / "tab_quote/2026-11-24"
    shipped = results(tmp_path, "h2h-tab", folder / "WP_RSHKAJ_WH01.CSV")
    numbers = results(tmp_path, "h2h-tab", folder / "WP_OKURI_WH01.CSV")
    assert (shipped.strays, numbers.strays) == ((), ())
    assert {one.result for one in numbers.shipments} == {Result.NUMBERS}
    assert len(numbers.shipments) == 3
    for order in ((*shipped.shipments, *numbers.shipments), (*numbers.shipments, *shipped.shipments)):
        seen = picture([one for one in order if one.slip_number == "200106"]).shipment
        assert seen is not None
        assert seen.tracking == ("999900010616", "999900010620", "999900010631")
        assert seen.parcels == 3
    alone = picture([one for one in numbers.shipments if one.slip_number == "200106"])
    assert (alone.shipment, alone.whole, alone.finding) == (None, False, None)


def test_a_bad_number_takes_its_slip_out_of_the_second_file(tmp_path: Path) -> None:
    path = ODDITIES / "tab_quote/2026-11-24/WP_OKURI_WH01.CSV"
    body = path.read_bytes().replace(b"000999900010620", b"000999900010621")
    found = warehouse(tmp_path, "h2h-tab").read_results(path.name, body)
    assert [one.slip_number for one in found.shipments] == ["200101", "200107"]
    assert [stray.facts["slip_number"] for stray in found.strays] == ["200106", "200106"]
    assert "検査数字が合いません" in found.strays[0].words
