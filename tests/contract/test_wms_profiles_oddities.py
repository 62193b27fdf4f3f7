"""Odd result files (行儀の悪い実績ファイル): every file of fixtures/wms/oddities has its stated reading."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from connector.errors import Malformed
from connector.mapping import load_csv_reader
from connector.slip import ShippedLine

from tests.contract.wms_house import TUESDAY
from tests.contract.wms_profiles_desk import ODDITIES, by_slip, mappings, places, results, tracking, warehouse
from tests.golden import samples

THURSDAY = date(2026, 11, 26)
THREE = {"200101": ("999900001015",), "200102": ("999900001026",), "200103": ("999900001030",)}
CUMULATIVE = "31項目4項目_発行済データ.csv"

TAB_QUOTE = """\
kind: csv_reader
encoding: cp932
bind: position
delimiter: tab
quote: single
fields: 20
columns:
  - {name: 出荷日, at: 4, key: shipped_on, grammar: date}
  - {name: 伝票NO, at: 5, key: slip_number, grammar: code}
  - {name: 伝票行NO, at: 6, key: line_no, grammar: int}
  - {name: 運送便コード, at: 10, key: carrier, grammar: one_of, words: {"01": YAMATO_TAKKYUBIN}}
  - {name: 送り状NO, at: 11, key: tracking, grammar: tracking, carrier: carrier, padded: 15}
  - {name: 商品コード, at: 14, key: sku, grammar: code}
  - {name: 出荷数, at: 18, key: quantity, grammar: whole}
  - {name: 賞味期限, at: 19, key: lot, grammar: code}
  - {name: 得意先コード, at: 20, key: reason, grammar: text}
"""
NUMBERS = """\
kind: csv_reader
encoding: cp932
bind: position
delimiter: tab
quote: single
absent: {carrier: YAMATO_TAKKYUBIN}
columns:
  - {name: 倉庫, key: warehouse, grammar: code}
  - {name: 伝票NO, key: slip_number, grammar: code}
  - {name: 送り状NO, key: tracking, grammar: tracking, carrier: carrier, padded: 15}
"""


def profile_with(root: Path, result: str) -> Path:
    """A warehouse of its own, by YAML alone: a shipped folder with another result.yaml."""
    folder = root / "profile"
    folder.mkdir()
    for name in ("profile.yaml", "instruction.yaml"):
        (folder / name).write_text((samples.MAPPINGS / "wms/b2cloud" / name).read_text("utf-8"), "utf-8")
    (folder / "result.yaml").write_text(result, "utf-8")
    return folder


def b2_result(more: str) -> str:
    return (samples.MAPPINGS / "wms/b2cloud/result.yaml").read_text("utf-8") + more


@pytest.mark.parametrize(
    "name", ["trailing_comma.csv", "trailing_1a.csv", "lf_only.csv", "bom_utf8.csv"], ids=lambda name: name
)
def test_three_slips_all_the_same(name: str, tmp_path: Path) -> None:
    found = results(tmp_path, "b2cloud", ODDITIES / name)
    assert (tracking(found), found.strays) == (THREE, ())
    assert {one.shipped_on for one in found.shipments} == {TUESDAY}


def test_without_its_mark_utf8_is_refused(tmp_path: Path) -> None:
    body = (ODDITIES / "bom_utf8.csv").read_bytes().removeprefix(b"\xef\xbb\xbf")
    with pytest.raises(Malformed) as raised:
        warehouse(tmp_path, "b2cloud").read_results("no_mark.csv", body)
    assert raised.value.problem.line == 1


def test_an_empty_day_is_no_empty_file(tmp_path: Path) -> None:
    found = results(tmp_path, "b2cloud", ODDITIES / "header_only.csv")
    assert (found.shipments, found.strays) == ((), ())
    with pytest.raises(Malformed, match="0バイト"):
        results(tmp_path, "b2cloud", ODDITIES / "empty.csv")


@pytest.mark.parametrize("name", ["summary_line.csv", "summary_line_short.csv"])
def test_a_total_line_is_no_slip(name: str, tmp_path: Path) -> None:
    with pytest.raises(Malformed) as raised:
        results(tmp_path, "b2cloud", ODDITIES / name)
    assert (raised.value.problem.where, raised.value.problem.line) == (name, 5)
    folder = profile_with(tmp_path, b2_result("trailer: [合計, 以上]\n"))
    found = results(tmp_path, folder, ODDITIES / name)
    assert (tracking(found), found.strays) == (THREE, ())


def test_three_ways_to_write_one_date_and_a_remark_that_it_is_old(tmp_path: Path) -> None:
    found = results(tmp_path, "b2cloud", ODDITIES / "dates_mixed.csv")
    assert tracking(found) == THREE
    assert {one.shipped_on for one in found.shipments} == {date(2026, 1, 5)}
    assert all("30日より前" in stray.words and "取り込みました" in stray.words for stray in found.strays)
    assert [slip for _, slip in places(found.strays)] == list(THREE)


def test_protective_wrappers_are_taken_off(tmp_path: Path) -> None:
    found = results(tmp_path, "b2cloud", ODDITIES / "excel_wrapped.csv")
    assert (set(tracking(found)), found.strays) == ({"200101", "200102"}, ())


def test_spreadsheet_damage_is_named_and_only_its_slip_waits(tmp_path: Path) -> None:
    found = results(tmp_path, "b2cloud", ODDITIES / "excel_exponent.csv")
    assert tracking(found) == {"200102": THREE["200102"]}
    assert places(found.strays) == [("excel_exponent.csv:2", "200101")]
    assert "表計算ソフトで壊れた" in found.strays[0].words
    assert "1E+12" in found.strays[0].words


def test_one_number_for_two_slips_holds_both(tmp_path: Path) -> None:
    found = results(tmp_path, "b2cloud", ODDITIES / "two_rows_one_number.csv")
    assert found.shipments == ()
    assert places(found.strays) == [
        ("two_rows_one_number.csv:2", "200101"),
        ("two_rows_one_number.csv:3", "200102"),
    ]


def test_a_gaiji_byte_holds_its_row(tmp_path: Path) -> None:
    found = results(tmp_path, "b2cloud", ODDITIES / "gaiji_byte.csv")
    assert tracking(found) == THREE
    assert places(found.strays) == [("gaiji_byte.csv:5", "200104")]
    assert "外字" in found.strays[0].words
    assert "U+E000" in found.strays[0].words


def test_a_file_that_grows_under_one_name(tmp_path: Path) -> None:
    known: dict[str, object] = {}
    for day, rows, fresh in (("2026-11-24", 3, 3), ("2026-11-25", 5, 2), ("2026-11-26", 9, 4)):
        found = results(tmp_path, "b2cloud", ODDITIES / "cumulative" / day / CUMULATIVE, THURSDAY)
        assert sum(len(one.tracking) for one in found.shipments) == rows
        assert found.strays == ()
        new = [one for one in found.shipments if known.get(one.result_id) != one]
        assert sum(len(one.tracking) for one in new) == fresh
        known |= {one.result_id: one for one in found.shipments}
    assert len(known) == 8
    assert tracking(found)["200133"] == ("999900001332", "999900013324")


def test_rows_in_another_order_are_no_news(tmp_path: Path) -> None:
    third = results(tmp_path, "b2cloud", ODDITIES / "cumulative/2026-11-26" / CUMULATIVE, THURSDAY)
    again = results(tmp_path, "b2cloud", ODDITIES / "reordered" / CUMULATIVE, THURSDAY)
    before = by_slip(third)
    assert set(before) == set(by_slip(again))
    for one in again.shipments:
        assert one.result_id == before[one.slip_number].result_id
        assert one.same_as(before[one.slip_number])


def test_a_row_more_makes_another_event(tmp_path: Path) -> None:
    body = (ODDITIES / "cumulative/2026-11-24" / CUMULATIVE).read_bytes()
    here = warehouse(tmp_path, "b2cloud")
    first = by_slip(here.read_results(CUMULATIVE, body))["200101"]
    second = by_slip(here.read_results(CUMULATIVE, body + b"200101,999900010325,2026/11/24\r\n"))["200101"]
    assert first.result_id != second.result_id
    assert second.tracking == ("999900001015", "999900010325")


@pytest.mark.parametrize("bad", ["200106,1E+12,2026/11/24", "200106,999900010620,2026/13/24"])
def test_one_bad_row_takes_its_whole_slip_out(bad: str, tmp_path: Path) -> None:
    good = "200106,999900010616,2026/11/24"
    body = f"荷扱い1,伝票番号,出荷予定日\r\n{good}\r\n{bad}\r\n200101,999900001015,2026/11/24\r\n".encode(
        "cp932"
    )
    found = warehouse(tmp_path, "b2cloud").read_results("x.csv", body)
    assert tracking(found) == {"200101": ("999900001015",)}
    assert sorted(places(found.strays)) == [("x.csv:2", "200106"), ("x.csv:3", "200106")]


def test_an_old_word_in_a_result_counts_and_is_told(tmp_path: Path) -> None:
    words = '      A: YAMATO_NEKOPOS\n    outdated: {"7": A}\n'
    result = b2_result("").replace("      A: YAMATO_NEKOPOS\n", words)
    body = "お客様管理番号,送り状種類,伝票番号,出荷予定日\r\n200103,7,999900001030,2026/11/24\r\n".encode(
        "cp932"
    )
    found = warehouse(tmp_path, profile_with(tmp_path, result)).read_results("x.csv", body)
    assert [(one.slip_number, one.carrier) for one in found.shipments] == [("200103", "YAMATO_NEKOPOS")]
    assert places(found.strays) == [("x.csv:2", "200103")]
    assert "読み替えました（7）。正しくは: A" in found.strays[0].words


def test_both_kinds_of_underscore_in_one_name(tmp_path: Path) -> None:
    (path,) = (ODDITIES / "names").iterdir()
    profile = mappings("yupri").profile
    assert profile.matches("result", path.name)
    assert profile.matches("result", path.name.replace("＿", "_").upper())
    assert not profile.matches("result", "ほかの一覧.csv")
    assert tracking(results(tmp_path, "yupri", path)) == {"200105": ("777700001050",)}


def test_tabs_apostrophes_and_padded_numbers(tmp_path: Path) -> None:
    folder = profile_with(tmp_path, TAB_QUOTE)
    found = results(tmp_path, folder, ODDITIES / "tab_quote/2026-11-24/WP_RSHKAJ_WH01.CSV")
    assert found.strays == ()
    assert tracking(found) == {
        "200101": ("999900001015",),
        "200106": ("999900010616",),
        "200107": ("999900001074",),
    }
    assert by_slip(found)["200101"].lines == (
        ShippedLine(line_no=1, sku="MH-SERUM-30", quantity=1),
        ShippedLine(line_no=2, sku="MH-TEA-20", quantity=5),
    )
    assert [line.quantity for line in by_slip(found)["200106"].lines] == [6, 12, 24]


def test_a_doubled_apostrophe_is_one(tmp_path: Path) -> None:
    path = tmp_path / "result.yaml"
    path.write_text(TAB_QUOTE, "utf-8")
    source = ODDITIES / "tab_quote/2026-11-25/WP_RSHKAJ_WH01.CSV"
    (row,) = load_csv_reader(path, samples.tables()).read(source.name, source.read_bytes())
    assert (row.values["reason"], row.values["tracking"]) == ("O'MIHON", "999900001214")
    assert (row.values["quantity"], row.values["shipped_on"]) == (1, date(2026, 11, 25))


def test_the_second_file_has_every_number_of_a_slip(tmp_path: Path) -> None:
    path = tmp_path / "numbers.yaml"
    path.write_text(NUMBERS, "utf-8")
    source = ODDITIES / "tab_quote/2026-11-24/WP_OKURI_WH01.CSV"
    rows = load_csv_reader(path, samples.tables()).read(source.name, source.read_bytes())
    assert [(row.values["slip_number"], row.values["tracking"]) for row in rows] == [
        ("200101", "999900001015"),
        ("200106", "999900010616"),
        ("200106", "999900010620"),
        ("200106", "999900010631"),
        ("200107", "999900001074"),
    ]
    assert all(row.problems == () for row in rows)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("half.csv", "荷扱い1,伝票番号,出荷予定日\r\n200101,9999"),
        ("swapped.csv", "伝票番号,荷扱い1\r\n200101,999900001015\r\n"),
        ("page.csv", "<html><body>ログインしてください</body></html>"),
        ("quote.csv", '荷扱い1,伝票番号\r\n"200101,999900001015\r\n'),
        ("twice.csv", "荷扱い1,伝票番号,伝票番号\r\n200101,999900001015,999900001015\r\n"),
    ],
)
def test_nothing_is_booked_from_a_damaged_file(name: str, body: str, tmp_path: Path) -> None:
    try:
        found = warehouse(tmp_path, "b2cloud").read_results(name, body.encode("cp932"))
    except Malformed as refused:
        assert refused.problem.where == name
        assert refused.problem.line >= 1
    else:
        assert found.shipments == ()
        assert [stray.where for stray in found.strays] == [f"{name}:2"]
