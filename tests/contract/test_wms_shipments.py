"""Shipments (出荷実績の読み取り): what the rows of fixtures/wms/generic/SHIPRES_* mean, and what they do not."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from connector.adapters.wms import wire
from connector.adapters.wms.files import FileWarehouse
from connector.clock import SteppedClock, at_jst
from connector.errors import Malformed
from connector.ports import ReadResults
from connector.slip import Result, Shipment, ShippedLine

from tests.contract.wms_desk import build
from tests.contract.wms_house import GENERIC, TUESDAY

FRIDAY = date(2026, 11, 27)


def reader(root: Path, on: date = TUESDAY, **profile: Any) -> FileWarehouse:
    return build(root, SteppedClock(at_jst(on, 19)), **profile)


def read(root: Path, name: str, on: date = TUESDAY, **profile: Any) -> ReadResults:
    path = next(GENERIC.glob(f"**/{name}")) if "/" not in name else GENERIC / name
    return reader(root, on, **profile).read_results(path.name, path.read_bytes())


def by_slip(found: ReadResults) -> dict[str, Shipment]:
    return {shipment.slip_number: shipment for shipment in found.shipments}


def lines(*parts: tuple[int, str, int]) -> tuple[ShippedLine, ...]:
    return tuple(ShippedLine(line_no=number, sku=sku, quantity=quantity) for number, sku, quantity in parts)


def file_of(*rows: dict[str, str]) -> bytes:
    """A SHIPRES file with rows like that of 200103, cells changed."""
    usual = dict.fromkeys(wire.SHIPRES_COLUMNS, "") | {
        "実績番号": "R1",
        "出荷指示番号": "200103",
        "行番号": "0",
        "実績区分": "1",
        "出荷日": "20261124",
        "運送会社コード": "YAMATO_NEKOPOS",
        "送り状番号": "999900001030",
        "個口番号": "1",
        "個口総数": "1",
        "確定日時": "2026/11/24 18:05:00",
    }
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, wire.SHIPRES_COLUMNS, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows({**usual, **row} for row in rows)
    return text.getvalue().encode("cp932")


def goods(**cells: str) -> dict[str, str]:
    bare = {"送り状番号": "", "個口番号": "", "個口総数": "", "商品コード": "MH-MASK-07", "出荷数": "1"}
    return {"行番号": "1", **bare, **cells}


def test_a_complete_day(tmp_path: Path) -> None:
    found = read(tmp_path, "SHIPRES_demo_WH01_20261124183000_000001.csv")
    assert found.strays == ()
    assert list(by_slip(found)) == [str(number) for number in range(200101, 200108)]
    assert {(one.result, one.complete, one.shipped_on) for one in found.shipments} == {
        (Result.SHIPPED, True, TUESDAY)
    }
    assert {one.slip_number: one.tracking for one in found.shipments} == {
        "200101": ("999900001015",),
        "200102": ("999900001026",),
        "200103": ("999900001030",),
        "200104": ("888800001040",),
        "200105": ("777700001050",),
        "200106": ("999900010616", "999900010620", "999900010631"),
        "200107": ("999900001074",),
    }


def test_lots_of_a_line_are_added_up(tmp_path: Path) -> None:
    shipment = by_slip(read(tmp_path, "SHIPRES_demo_WH01_20261124183000_000001.csv"))["200101"]
    assert shipment.result_id == "R261124-0001"
    assert shipment.lines == lines((1, "MH-SERUM-30", 1), (2, "MH-TEA-20", 5))


def test_several_parcels_are_one_shipment_and_the_first_row_is_primary(tmp_path: Path) -> None:
    shipment = by_slip(read(tmp_path, "SHIPRES_demo_WH01_20261124183000_000001.csv"))["200106"]
    assert shipment.tracking[0] == "999900010616"
    assert shipment.parcels == 3
    assert shipment.lines == lines((1, "MH-SERUM-30", 6), (2, "MH-CREAM-50", 12), (3, "MH-TEA-20", 24))


def test_parcels_of_two_files_are_two_incomplete_events(tmp_path: Path) -> None:
    events: list[Shipment] = []
    for name in (
        "SHIPRES_demo_WH01_20261124184500_000002.csv",
        "SHIPRES_demo_WH01_20261124201500_000003.csv",
    ):
        found = read(tmp_path, name)
        assert found.strays == ()
        events += found.shipments
    first, second = events
    assert (first.slip_number, second.slip_number) == ("200108", "200108")
    assert (first.complete, second.complete) == (False, False)
    assert (first.parcels, second.parcels) == (2, 2)
    assert first.tracking + second.tracking == ("888800010814", "888800010825")
    assert first.lines + second.lines == lines((1, "MH-CREAM-50", 1), (2, "MH-SAMPLE-01", 1))


def test_partial_cancelled_and_unshippable(tmp_path: Path) -> None:
    found = read(tmp_path, "SHIPRES_demo_WH01_20261124190000_000004.csv")
    assert found.strays == ()
    partial, unshippable, cancelled = (by_slip(found)[number] for number in ("200111", "200110", "200112"))
    assert partial.result is Result.PARTIAL
    assert partial.tracking == ("888800001110",)
    assert partial.lines == lines((1, "MH-SUPPL-60", 3), (2, "MH-MASK-07", 1))
    assert (partial.reason_code, partial.reason) == ("STOCKOUT", "在庫不足 2個")
    assert (unshippable.result, unshippable.tracking) == (Result.UNSHIPPABLE, ())
    assert unshippable.reason == "在庫不足のため出荷不可"
    assert (cancelled.result, cancelled.reason_code) == (Result.CANCELLED, "CANCEL_REQ")
    assert partial.complete and unshippable.complete and cancelled.complete


def test_the_remainder_is_an_event_of_its_own(tmp_path: Path) -> None:
    (rest,) = read(tmp_path, "SHIPRES_demo_WH01_20261125183000_000005.csv", date(2026, 11, 25)).shipments
    assert (rest.result, rest.complete, rest.parcels) == (Result.SHIPPED, True, 1)
    assert rest.tracking == ("888800011120",)
    assert rest.lines == lines((1, "MH-SUPPL-60", 2))


def test_corrections_are_not_the_same_shipment(tmp_path: Path) -> None:
    day = by_slip(read(tmp_path, "SHIPRES_demo_WH01_20261124183000_000001.csv"))
    (same_id,) = read(tmp_path, "SHIPRES_demo_WH01_20261125090000_000006.csv", date(2026, 11, 25)).shipments
    (new_id,) = read(tmp_path, "SHIPRES_demo_WH01_20261125091500_000007.csv", date(2026, 11, 25)).shipments
    assert same_id.result_id == day["200104"].result_id
    assert same_id.tracking == ("888800010490",)
    assert not same_id.same_as(day["200104"])
    assert new_id.result_id != day["200105"].result_id
    assert new_id.tracking == ("777700010592",)
    assert not new_id.same_as(day["200105"])


def test_repeats_say_the_same_again(tmp_path: Path) -> None:
    first = by_slip(read(tmp_path, "repeat/SHIPRES_demo_WH01_20261124183000_000001.csv"))
    assert by_slip(read(tmp_path, "repeat/SHIPRES_demo_WH01_20261125060000_000008.csv")) == first
    backwards = by_slip(read(tmp_path, "repeat/SHIPRES_demo_WH01_20261125061500_000009.csv"))
    assert backwards.keys() == first.keys()
    assert all(backwards[number].same_as(first[number]) for number in first)
    assert all(backwards[number].lines == first[number].lines for number in first)
    assert backwards["200106"].tracking == tuple(reversed(first["200106"].tracking))


def test_without_line_rows_everything_was_shipped_where_the_profile_says_so(tmp_path: Path) -> None:
    name = "lines_optional/SHIPRES_demo_WH01_20261126183000_000010.csv"
    (shipment,) = read(tmp_path, name, date(2026, 11, 26)).shipments
    assert (shipment.slip_number, shipment.complete, shipment.lines) == ("200107", True, ())
    strict = read(tmp_path, name, date(2026, 11, 26), lines_optional=False)
    assert strict.shipments == ()
    assert "明細行がありません" in strict.strays[0].words


def test_a_service_without_tracking_needs_no_number(tmp_path: Path) -> None:
    name = "SHIPRES_demo_WH01_20261126184500_000011.csv"
    found = read(tmp_path, name, date(2026, 11, 26))
    assert found.strays == ()
    (shipment,) = found.shipments
    assert (shipment.carrier, shipment.tracking, shipment.complete) == ("JP_TEIKEIGAI", (), True)


def test_bad_rows_are_named_and_the_file_goes_on(tmp_path: Path) -> None:
    name = "SHIPRES_demo_WH01_20261127183000_000012.csv"
    found = read(tmp_path, name, FRIDAY)
    # Whether a slip is known, and whether more was shipped than ordered, is for the ledger to say.
    assert list(by_slip(found)) == ["299999", "200101", "200105"]
    assert by_slip(found)["200101"].lines == lines((1, "MH-SERUM-30", 2))
    assert by_slip(found)["200101"].complete is False
    assert by_slip(found)["200105"].complete is True
    strays = {stray.where.removeprefix(f"{name}:"): stray for stray in found.strays}
    assert list(strays) == ["3", "4", "6", "7"]
    assert "888800001041" in strays["3"].words and "検査数字" in strays["3"].words
    assert "1E+11" in strays["4"].words and "表計算" in strays["4"].words
    assert "NEKO_UNKNOWN" in strays["6"].words
    assert "2062/11/27" in strays["7"].words
    assert {stray.system for stray in found.strays} == {"wms"}
    facts = strays["3"].facts
    assert (facts["slip_number"], facts["result_id"]) == ("200104", "R261127-0003")
    assert facts["row"] == {
        "出荷指示番号": "200104",
        "実績番号": "R261127-0003",
        "行番号": "0",
        "実績区分": "shipped",
        "出荷日": "2026-11-27",
        "運送会社コード": "SAGAWA_TAKUHAI",
        "個口番号": "1",
        "個口総数": "1",
    }


def test_a_bad_row_takes_its_whole_event_out(tmp_path: Path) -> None:
    body = file_of(
        {"個口総数": "2"},
        {"個口番号": "2", "個口総数": "2", "送り状番号": "999900001031"},
        goods(),
        {"実績番号": "R2", "出荷指示番号": "200101", "送り状番号": "999900001015"},
    )
    found = reader(tmp_path).read_results("x.csv", body)
    assert list(by_slip(found)) == ["200101"]
    assert [stray.where for stray in found.strays] == ["x.csv:3", "x.csv:2"]
    assert "同じ実績に読めない行があります" in found.strays[1].words


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"送り状番号": ""}, "送り状番号"),
        ({"個口番号": "", "個口総数": ""}, "個口"),
        ({"個口番号": "3", "個口総数": "2"}, "個口"),
        ({"個口番号": "0"}, "個口"),
        ({"行番号": "-1"}, "行番号"),
        ({"行番号": "1", "送り状番号": "", "商品コード": "", "出荷数": "1"}, "商品コード"),
        ({"行番号": "1", "送り状番号": "", "商品コード": "X", "出荷数": "-1"}, "出荷数"),
        ({"実績区分": "5"}, "実績区分"),
        ({"出荷日": "20261126"}, "先の日付"),
        ({"出荷日": "20261131"}, "出荷日"),
        ({"実績番号": ""}, "実績番号"),
        ({"出荷指示番号": "2001 03"}, "出荷指示番号"),
        ({"出荷指示番号": "2.00103E5"}, "表計算ソフトで壊れた"),
        ({"実績番号": "26112７e3"}, "表計算ソフトで壊れた"),
    ],
)
def test_rows_that_cannot_be_right(tmp_path: Path, cells: dict[str, str], words: str) -> None:
    found = reader(tmp_path).read_results("x.csv", file_of(cells))
    assert found.shipments == ()
    (stray,) = found.strays
    assert stray.where == "x.csv:2"
    assert words in stray.words


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"実績区分": "2"}, "実績区分"),
        ({"出荷日": "20261123"}, "出荷日"),
        ({"運送会社コード": "YAMATO_TAKKYUBIN"}, "運送会社コード"),
        ({"個口総数": "2"}, "個口総数"),
    ],
)
def test_rows_of_one_event_that_contradict_each_other(
    tmp_path: Path, cells: dict[str, str], words: str
) -> None:
    found = reader(tmp_path).read_results("x.csv", file_of({}, goods(**cells)))
    assert found.shipments == ()
    (stray,) = found.strays
    assert f"「{words}」が違います" in stray.words


def test_tomorrow_is_believed_and_the_day_after_is_not(tmp_path: Path) -> None:
    tomorrow = reader(tmp_path).read_results("x.csv", file_of({"出荷日": "20261125"}))
    assert tomorrow.shipments[0].shipped_on == date(2026, 11, 25)
    late = build(tmp_path, SteppedClock(at_jst(date(2026, 11, 25), 0, 30)))  # the 25th in Japan, 24th in UTC
    assert late.read_results("x.csv", file_of({"出荷日": "20261126"})).strays == ()


def test_an_old_shipment_counts_and_is_remarked(tmp_path: Path) -> None:
    found = reader(tmp_path).read_results("x.csv", file_of({"出荷日": "20261024"}))
    assert len(found.shipments) == 1
    assert "30日より前" in found.strays[0].words
    assert reader(tmp_path).read_results("x.csv", file_of({"出荷日": "20261025"})).strays == ()


def test_one_number_for_two_slips_holds_both(tmp_path: Path) -> None:
    body = file_of(
        {},
        {"実績番号": "R2", "出荷指示番号": "200101"},
        {"実績番号": "R3", "出荷指示番号": "200102", "送り状番号": "999900001026"},
    )
    found = reader(tmp_path).read_results("x.csv", body)
    assert list(by_slip(found)) == ["200102"]
    assert [stray.where for stray in found.strays] == ["x.csv:2", "x.csv:3"]
    assert {stray.facts["slip_number"] for stray in found.strays} == {"200103", "200101"}


def test_the_same_number_twice_in_one_slip_is_one_number(tmp_path: Path) -> None:
    body = file_of({"個口総数": "2"}, {"個口番号": "2", "個口総数": "2"})
    (shipment,) = reader(tmp_path).read_results("x.csv", body).shipments
    assert (shipment.tracking, shipment.parcels, shipment.complete) == (("999900001030",), 2, True)


def test_numbers_with_hyphens_are_read_as_digits(tmp_path: Path) -> None:
    (shipment,) = reader(tmp_path).read_results("x.csv", file_of({"送り状番号": "9999-0000-1030"})).shipments
    assert shipment.tracking == ("999900001030",)
    assert type(shipment.tracking[0]) is str


@pytest.mark.parametrize(
    "body", [b"", b"\x81", file_of({})[:-40], file_of({}).replace("実績番号".encode("cp932"), b"x")]
)
def test_a_file_that_cannot_be_read_with_certainty_is_refused_whole(tmp_path: Path, body: bytes) -> None:
    with pytest.raises(Malformed) as malformed:
        reader(tmp_path).read_results("x.csv", body)
    assert malformed.value.problem.where == "x.csv"


def test_an_empty_day_is_a_day(tmp_path: Path) -> None:
    assert reader(tmp_path).read_results("x.csv", file_of()) == ReadResults((), ())
