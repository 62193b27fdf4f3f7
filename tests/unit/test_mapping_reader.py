"""CSV reader: sound files with their bad rows, and files that must be refused at the exact place."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from connector.errors import Malformed, Misconfigured
from connector.mapping import CsvReader, Row, load_csv_reader
from connector.slip import TrackingNumber
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.golden import samples

WMS = samples.FIXTURES / "wms"
GENERIC = WMS / "generic"
RESULT = "wms/generic/result.yaml"
RECEIPT = "wms/generic/receipt.yaml"

LABEL_SOFTWARE = """\
kind: csv_reader
encoding: cp932
columns:
  - {name: 荷扱い1, key: slip_number, grammar: code}
  - {name: 伝票番号, key: tracking, grammar: tracking, carrier: carrier}
  - {name: 出荷予定日, key: shipped_on, grammar: date}
  - {name: 運送会社コード, key: carrier, grammar: carrier, needed: no, blank: yes}
"""
IMPORT_RESULT = """\
kind: csv_reader
encoding: cp932
columns:
  - {name: 行, key: row, grammar: int}
  - {name: 受注ID, key: order_id, grammar: code, blank: yes}
  - {name: 受注番号, key: order_number, grammar: code, blank: yes}
  - {name: 配送伝票番号, key: tracking, grammar: text, blank: yes}
  - {name: 結果, key: result, grammar: one_of, words: {成功: ok, 失敗: failed}}
  - {name: エラー内容, key: error, grammar: text, blank: yes}
"""


def compiled(tmp_path: Path, text: str) -> CsvReader:
    path = tmp_path / "reader.yaml"
    path.write_text(text, "utf-8")
    return load_csv_reader(path, samples.tables())


@pytest.fixture
def software(tmp_path: Path) -> CsvReader:
    return compiled(tmp_path, LABEL_SOFTWARE)


def results(name: str) -> list[Row]:
    path = GENERIC / name
    return samples.reader(RESULT).read(path.name, path.read_bytes())


def refused(reader: CsvReader, body: bytes) -> Malformed:
    with pytest.raises(Malformed) as raised:
        reader.read("file.csv", body)
    return raised.value


def test_a_complete_day_of_results() -> None:
    rows = results("SHIPRES_demo_WH01_20261124183000_000001.csv")
    assert len(rows) == 21
    assert {row.values["slip_number"] for row in rows} == {f"20010{n}" for n in range(1, 8)}
    parcels = [row.values["tracking"] for row in rows if row.values["slip_number"] == "200106"]
    assert parcels[:3] == ["999900010616", "999900010620", "999900010631"]
    first = rows[0]
    assert first.line == 2
    assert first.values == {
        "result_id": "R261124-0001",
        "slip_number": "200101",
        "line_no": 0,
        "result": "shipped",
        "shipped_on": date(2026, 11, 24),
        "carrier": "YAMATO_TAKKYUBIN",
        "tracking": TrackingNumber.read("999900001015", "YAMATO_TAKKYUBIN"),
        "parcel": 1,
        "parcels": 1,
        "sku": None,
        "quantity": None,
        "lot": None,
        "expires_on": None,
        "reason_code": None,
        "reason": None,
        "confirmed_at": datetime(2026, 11, 24, 9, 5, tzinfo=UTC),
    }
    assert isinstance(first.values["tracking"], TrackingNumber)
    assert rows[2].values["expires_on"] == date(2027, 9, 30)


@pytest.mark.parametrize("path", sorted(GENERIC.rglob("SHIPRES_*.csv")), ids=lambda path: path.name)
def test_every_result_file_reads_row_by_row_like_a_plain_csv(path: Path) -> None:
    plain = list(csv.reader(io.StringIO(path.read_bytes().decode("cp932"), newline="")))
    rows = samples.reader(RESULT).read(path.name, path.read_bytes())
    assert [row.values["result_id"] for row in rows] == [line[0] for line in plain[1:]]
    if "bad_rows" not in path.parts:
        assert [problem for row in rows for problem in row.problems] == []


def test_bad_rows_are_their_own_problem_and_the_good_one_counts() -> None:
    rows = {row.line: row for row in results("bad_rows/SHIPRES_demo_WH01_20261127183000_000012.csv")}
    problems = {line: row.problems[0] for line, row in rows.items() if row.problems}
    assert set(problems) == {
        3,
        4,
        6,
    }  # the others are unknown slips, quantities and dates: not for a reader to judge
    assert problems[3].words.endswith("検査数字が合いません")
    assert "検査数字が合いません" in problems[3].words
    assert "表計算ソフトで壊れた" in problems[4].words
    assert (problems[4].found, problems[4].column) == ("1E+11", 7)
    assert problems[6].found == "NEKO_UNKNOWN"
    assert rows[7].values["shipped_on"].year == 2062
    assert rows[8].problems == ()
    assert rows[8].values["slip_number"] == "200105"


@pytest.mark.parametrize(
    "path", sorted(GENERIC.rglob("SHIPACK_*.csv")), ids=lambda path: "/".join(path.parts[-2:])
)
def test_every_receipt_reads_without_a_problem(path: Path) -> None:
    rows = samples.reader(RECEIPT).read(path.name, path.read_bytes())
    assert rows
    assert [problem for row in rows for problem in row.problems] == []
    assert (
        rows[0].values["slip_number"] == "*FILE*" or "SHIPCAN" in path.name or rows[0].values["line_no"] == 0
    )


def test_a_receipt_slip_by_slip() -> None:
    path = next(GENERIC.glob("SHIPACK_*_000003.csv"))
    rows = samples.reader(RECEIPT).read(path.name, path.read_bytes())
    said = {row.values["slip_number"]: (row.values["verdict"], row.values["error_code"]) for row in rows}
    assert said["200113"] == ("accepted", None)
    assert said["200101"][0] == "duplicate"
    codes = {key: code for key, (verdict, code) in said.items() if verdict == "refused"}
    assert codes == {"200102": "E301", "200114": "E104", "200115": "E201", "200116": "E102", "200117": "E404"}


@pytest.mark.parametrize("name", ["trailing_comma", "trailing_1a", "lf_only", "bom_utf8", "excel_wrapped"])
def test_habits_that_do_not_matter(software: CsvReader, name: str) -> None:
    reading = software.look(name, (WMS / f"oddities/{name}.csv").read_bytes())
    wanted = {"200101": "999900001015", "200102": "999900001026", "200103": "999900001030"}
    read = {row.values["slip_number"]: row.values["tracking"] for row in reading.rows}
    assert read == {key: wanted[key] for key in read}
    assert len(read) == (2 if name == "excel_wrapped" else 3)
    assert [row.problems for row in reading.rows] == [()] * len(read)
    assert reading.encoding == ("utf-8" if name == "bom_utf8" else "cp932")


def test_the_header_alone_is_an_empty_day(software: CsvReader) -> None:
    assert software.read("empty", (WMS / "oddities/header_only.csv").read_bytes()) == []


def test_three_ways_to_write_one_date(software: CsvReader) -> None:
    rows = software.read("dates", (WMS / "oddities/dates_mixed.csv").read_bytes())
    assert {row.values["shipped_on"] for row in rows} == {date(2026, 1, 5)}


def test_spreadsheet_damage_holds_its_row(software: CsvReader) -> None:
    bad, good = software.read("excel", (WMS / "oddities/excel_exponent.csv").read_bytes())
    assert "表計算ソフトで壊れた" in bad.problems[0].words
    assert (bad.values["slip_number"], bad.values["tracking"]) == ("200101", None)
    assert good.problems == ()


def test_gaiji_hold_their_row(software: CsvReader) -> None:
    rows = software.read("gaiji", (WMS / "oddities/gaiji_byte.csv").read_bytes())
    assert [row.line for row in rows if row.problems] == [5]
    problem = rows[3].problems[0]
    assert "外字" in problem.words
    assert "U+E000" in problem.words
    assert sum(1 for row in rows if not row.problems) == 3


@pytest.mark.parametrize("name", ["summary_line", "summary_line_short"])
def test_a_total_line_refuses_the_file_unless_it_is_declared(tmp_path: Path, name: str) -> None:
    body = (WMS / f"oddities/{name}.csv").read_bytes()
    error = refused(compiled(tmp_path, LABEL_SOFTWARE), body)
    assert error.problem.line == 5
    declared = compiled(tmp_path, LABEL_SOFTWARE + "trailer: [合計, 以上]\n")
    assert len(declared.read(name, body)) == 3


TRAILED = """\
kind: csv_reader
encoding: cp932
trailer: ["9", END, 件数]
columns:
  - {name: 伝票, key: slip_number, grammar: code, max_chars: 15}
  - {name: 出荷日, key: shipped_on, grammar: date}
  - {name: 品名, key: goods, grammar: text, blank: yes}
"""


@pytest.mark.parametrize(
    ("last", "slips"),
    [
        ("900002,2026/11/20,x", ["900001", "900002"]),  # begins like the total line, and is a row
        ("900002,2026/11/20,x,,", ["900001", "900002"]),
        ("900002,2026/31/20,x", ["900001", "900002"]),  # a row whose day cannot be read
        ("9,2,", ["900001"]),
        ("9,20261120,x", ["900001"]),  # the very word that the mapping declares
        ("9", ["900001"]),
        ("END0001,1,", ["900001"]),
        ("件数2,2026/11/20,", ["900001"]),
    ],
)
def test_a_row_that_only_begins_like_the_total_line_is_a_row(
    tmp_path: Path, last: str, slips: list[str]
) -> None:
    body = f"伝票,出荷日,品名\r\n900001,2026/11/20,x\r\n{last}\r\n".encode("cp932")
    reader = compiled(tmp_path, TRAILED)
    assert [row.values["slip_number"] for row in reader.read("trailed", body)] == slips
    left_out = reader.open("trailed", body).trailing()
    assert (left_out is None) == (len(slips) == 2)
    assert left_out is None or (left_out.number, left_out.fields) == (3, last.split(","))


def test_a_heading_that_stands_twice_is_no_doubt_where_nobody_reads_it(tmp_path: Path) -> None:
    body = "備考,荷扱い1,伝票番号,備考,出荷予定日,備考\r\nx,200101,999900001015,y,20261124,z\r\n".encode(
        "cp932"
    )
    reading = compiled(tmp_path, LABEL_SOFTWARE).look("notes", body)
    assert [row.values["slip_number"] for row in reading.rows] == ["200101"]
    assert [(one.column, one.found) for one in reading.warnings] == [(1, "備考"), (4, "備考"), (6, "備考")]


@pytest.mark.parametrize("twice", ["荷扱い1", "荷扱い１", "伝票番号"])
def test_a_heading_that_is_read_and_stands_twice_refuses_the_file(software: CsvReader, twice: str) -> None:
    body = f"荷扱い1,伝票番号,出荷予定日,{twice}\r\n".encode("cp932")
    problem = refused(software, body).problem
    assert (problem.line, problem.column) == (1, 4)
    assert "同じ見出しが二つあり" in problem.words


def test_of_two_equal_headings_the_place_in_the_mapping_says_which(tmp_path: Path) -> None:
    text = LABEL_SOFTWARE.replace(
        "  - {name: 運送会社コード, key: carrier, grammar: carrier, needed: no, blank: yes}\n",
        "  - {name: 備考, at: 5, key: note, grammar: text, blank: yes}\n",
    ).replace(", carrier: carrier}", "}")
    reader = compiled(tmp_path, text + "bind: header+position\n")
    body = "荷扱い1,伝票番号,出荷予定日,備考,備考\r\n200101,999900001015,20261124,x,y\r\n".encode("cp932")
    (row,) = reader.read("notes", body)
    assert row.values["note"] == "y"
    moved = "荷扱い1,伝票番号,出荷予定日,備考,備考欄\r\n200101,999900001015,20261124,x,y\r\n".encode("cp932")
    problem = refused(reader, moved).problem
    assert (problem.column, problem.found, problem.expected) == (5, "備考欄", "備考")


SEVERAL = """\
kind: csv_reader
encoding: cp932
absent: {carrier: YAMATO_TAKKYUBIN}
columns:
  - {name: 伝票, key: slip_number, grammar: code, max_chars: 15}
  - {name: 送り状番号, key: tracking, grammar: tracking, carrier: carrier}
  - {name: 送り状番号2, key: tracking, grammar: tracking, carrier: carrier, needed: no}
  - {name: 送り状番号3, key: tracking, grammar: tracking, carrier: carrier, needed: no}
  - {name: 出荷日, key: shipped_on, grammar: date}
"""
FIRST, SECOND, THIRD = "999900001015", "999900001026", "999900001030"


@pytest.mark.parametrize("bind", ["header", "header+position", "position"])
def test_a_row_of_several_parcels_is_a_row_for_each_number(tmp_path: Path, bind: str) -> None:
    body = (
        "伝票,送り状番号,送り状番号2,送り状番号3,出荷日\r\n"
        f"200101,{FIRST},{SECOND},,20261124\r\n"
        f"200102,,,{THIRD},20261124\r\n"
        f"200103,999900001041,999900001041,,20261124\r\n"
        f"200104,999900001052,999900001053,,20261124\r\n"
    )
    reader = compiled(tmp_path, SEVERAL + f"bind: {bind}\n" + ("skip: 1\n" if bind == "position" else ""))
    rows = reader.read("several", body.encode("cp932"))
    assert [(row.line, row.values["slip_number"], row.values["tracking"]) for row in rows] == [
        (2, "200101", FIRST),
        (2, "200101", SECOND),
        (3, "200102", THIRD),
        (4, "200103", "999900001041"),
        (5, "200104", "999900001052"),
        (5, "200104", None),
    ]
    assert [len(row.problems) for row in rows] == [0, 0, 0, 0, 0, 1]
    assert "検査数字が合いません" in rows[-1].problems[0].words


def test_of_several_columns_of_numbers_the_file_may_have_one(tmp_path: Path) -> None:
    body = f"伝票,出荷日,送り状番号\r\n200101,20261124,{FIRST}\r\n".encode("cp932")
    (row,) = compiled(tmp_path, SEVERAL).read("one", body)
    assert row.values["tracking"] == FIRST
    body = body.replace("送り状番号".encode("cp932"), "送り状番号3".encode("cp932"))
    text = SEVERAL.replace("carrier: carrier}", "carrier: carrier, needed: no}")
    (row,) = compiled(tmp_path, text).read("third", body)
    assert row.values["tracking"] == FIRST


@pytest.mark.parametrize(
    ("change", "to", "words"),
    [
        ("{name: 出荷日, key: shipped_on", "{name: 商品, key: sku", "sku の列は読めません"),
        ("carrier: carrier, needed: no}", "needed: no}", "carrier: を同じにします"),
        ("{name: 出荷日, key: shipped_on", "{name: 出荷日, key: slip_number", "同じ key: が前にもあります"),
    ],
)
def test_several_columns_of_numbers_must_leave_no_doubt(
    tmp_path: Path, change: str, to: str, words: str
) -> None:
    with pytest.raises(Misconfigured, match=words):
        compiled(tmp_path, SEVERAL.replace(change, to))


@pytest.mark.parametrize("written", ["1.23E11", "1.23E+11", "1e5", "123E+9", "１Ｅ５", "2.00101e5"])
@pytest.mark.parametrize("key", ["slip_number", "result_id"])
def test_a_number_that_a_spreadsheet_rounded_is_named_in_every_column(
    tmp_path: Path, key: str, written: str
) -> None:
    text = f"""\
kind: csv_reader
encoding: cp932
columns:
  - {{name: 番号, key: {key}, grammar: code}}
  - {{name: 送り状番号, key: tracking, grammar: tracking}}
  - {{name: 商品, key: sku, grammar: code}}
"""
    body = f"番号,送り状番号,商品\r\n{written},{written},1E5\r\n２００１０１,999900001015,123E9\r\n"
    bad, good = compiled(tmp_path, text).read("rounded", body.encode("cp932"))
    assert [problem.column for problem in bad.problems] == [1, 2]
    assert all("表計算ソフトで壊れた" in problem.words for problem in bad.problems)
    assert (bad.values["sku"], good.values["sku"]) == ("1E5", "123E9"), "a product may be called so"
    assert (good.values[key], good.problems) == ("200101", ())


def test_columns_are_found_by_header_in_any_order(software: CsvReader) -> None:
    body = "伝票番号,余分,出荷予定日,荷扱い１\r\n999900001015,x,20261124,200101\r\n".encode("cp932")
    reading = software.look("moved", body)
    assert reading.rows[0].values["slip_number"] == "200101"
    assert [(warning.column, warning.found) for warning in reading.warnings] == [(2, "余分")]


def test_position_is_asked_for_where_headers_may_lie(tmp_path: Path) -> None:
    reader = compiled(tmp_path, LABEL_SOFTWARE + "bind: header+position\n")
    body = "伝票番号,荷扱い1,出荷予定日\r\n".encode("cp932")
    assert refused(reader, body).problem.expected == "荷扱い1"


def test_a_file_without_header_goes_by_position(tmp_path: Path) -> None:
    text = LABEL_SOFTWARE.replace(
        "  - {name: 運送会社コード, key: carrier, grammar: carrier, needed: no, blank: yes}\n", ""
    )
    reader = compiled(
        tmp_path, text.replace(", carrier: carrier}", "}") + "bind: position\ndelimiter: tab\nquote: single\n"
    )
    body = b"'200101'\t'999900001015'\t'20261124'\r\n"
    (row,) = reader.read("host", body)
    assert reader.look("host", body).warnings == ()
    wider = compiled(tmp_path, (tmp_path / "reader.yaml").read_text("utf-8") + "fields: 5\n")
    warnings = wider.look("host", body.replace(b"\r", b"\t'x'\t'y'\r")).warnings
    assert [warning.column for warning in warnings] == [4, 5]
    assert (row.line, row.values["tracking"]) == (1, "999900001015")


def test_import_results_of_the_cart(tmp_path: Path) -> None:
    reader = compiled(tmp_path, IMPORT_RESULT)
    for name, encoding in (("cp932", "cp932"), ("utf8bom", "utf-8")):
        path = samples.FIXTURES / f"ecforce/csv/shipping_import_bad_result_{name}.csv"
        reading = reader.look(path.name, path.read_bytes())
        assert reading.encoding == encoding
        assert [row.values["result"] for row in reading.rows] == ["failed"] * 5 + ["ok"]
        assert reading.rows[4].values["error"] == "配送業者名が正しくありません"


def test_headers_are_compared_without_width(tmp_path: Path) -> None:
    text = (
        "kind: csv_reader\nencoding: cp932\ncolumns:\n  - {name: 受注番号, key: number, grammar: code}\n"
        "  - {name: お届け先（名前フル）, key: name, grammar: text}\n"
        "  - {name: 支払い合計, key: payable, grammar: int}\n"
    )
    reader = compiled(tmp_path, text)
    totals = []
    for name in ("cp932", "utf8bom"):  # full-width brackets in one, half-width in the other
        path = samples.FIXTURES / f"ecforce/csv/order_export_{name}.csv"
        rows = reader.read(path.name, path.read_bytes())
        assert [row.problems for row in rows] == [()] * 19
        totals.append(sum(row.values["payable"] for row in rows))
    assert totals[0] == totals[1]


HEADER = "荷扱い1,伝票番号,出荷予定日\r\n"
GOOD = "200101,999900001015,20261124\r\n"


@pytest.mark.parametrize(
    ("body", "line", "column", "words"),
    [
        (b"", 0, 0, "0バイト"),
        (HEADER.encode("cp932") + b"200101,9999\x81", 2, 12, "読めない文字"),
        ((HEADER + GOOD).encode("utf-8"), 1, 0, "読めない文字"),
        ((HEADER + GOOD + '200102,"9999,20261124\r\n' + GOOD).encode("cp932"), 3, 8, "引用符"),
        ((HEADER + '200102,"99"99,20261124\r\n').encode("cp932"), 2, 8, "引用符"),
        ((HEADER + '200102,99"99,20261124\r\n').encode("cp932"), 2, 8, "引用符"),
        ((HEADER + GOOD + "200102,999900001026\r\n").encode("cp932"), 3, 3, "列の数"),
        ((HEADER + "200102,999900001026,20261124,1\r\n").encode("cp932"), 2, 4, "列の数"),
        ("荷扱い1,伝票番号\r\n".encode("cp932"), 1, 3, "「出荷予定日」がありません"),
        ("荷扱い1,伝票番号,出荷予定日,伝票番号\r\n".encode("cp932"), 1, 4, "同じ見出し"),
        ("荷扱い1,伝票番号,出荷予定日,伝票番号\r\n".encode("cp932"), 1, 4, "同じ見出し"),
        (b"\r\n\r\n", 1, 0, "見出し行"),
    ],
)
def test_a_file_that_cannot_be_read_with_certainty_is_refused_at_its_place(
    software: CsvReader, body: bytes, line: int, column: int, words: str
) -> None:
    problem = refused(software, body).problem
    assert words in problem.words
    assert problem.line == line
    assert column in (0, problem.column)


def test_a_nearly_right_header_is_named(software: CsvReader) -> None:
    problem = refused(software, "荷扱い1,伝票番号,出荷予定日付\r\n".encode("cp932")).problem
    assert "見出し「出荷予定日」がありません。「出荷予定日付」は「出荷予定日」のことなら" in problem.words
    assert (problem.column, problem.expected) == (3, "")


@pytest.mark.parametrize(
    ("limit", "words"),
    [("max_bytes: 50", "大きすぎ"), ("max_rows: 2", "行が多すぎ"), ("max_field: 11", "長すぎ")],
)
def test_limits_name_themselves(tmp_path: Path, limit: str, words: str) -> None:
    reader = compiled(tmp_path, f"{LABEL_SOFTWARE}{limit}\n")
    assert words in refused(reader, (HEADER + GOOD * 3).encode("cp932")).problem.words


def test_a_missing_closing_quote_in_a_large_file_fails_at_once(software: CsvReader) -> None:
    body = (HEADER + '200101,"' + "99,\r\n" * 200_000).encode("cp932")
    assert refused(software, body).problem.line == 2


@pytest.mark.parametrize("value", ["2026/13/01", "20260230", "26/1/5", "R8.11.24", "46350", "1E+07"])
def test_what_is_no_date_is_a_problem_and_never_guessed(software: CsvReader, value: str) -> None:
    (row,) = software.read("file.csv", (HEADER + f"200101,999900001015,{value}\r\n").encode("cp932"))
    assert row.values["shipped_on"] is None
    assert (row.problems[0].line, row.problems[0].column, row.problems[0].found) == (2, 3, value)


def test_line_numbers_count_line_breaks_inside_quotes(tmp_path: Path) -> None:
    reader = compiled(tmp_path, IMPORT_RESULT)
    body = (
        '行,受注ID,受注番号,配送伝票番号,結果,エラー内容\r\n1,,a,,失敗,"一\r\n二"\r\nx,,b,,成功,\r\n'.encode(
            "cp932"
        )
    )
    first, second = reader.read("file.csv", body)
    assert first.values["error"] == "一\r\n二"
    assert (second.line, second.problems[0].line) == (4, 4)


CELL = st.text(st.sampled_from("見本ﾐａ\"',\r\n 1=①～"), max_size=8)


@settings(deadline=None)
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=8))
def test_what_a_plain_csv_writer_writes_is_read_as_it_was(pairs: list[tuple[str, str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows([("甲", "乙"), *pairs])
    columns = [{"name": "甲", "key": "a"}, {"name": "乙", "key": "b"}]
    reader = samples.text_reader(columns)
    rows = reader.read("file.csv", text.getvalue().encode("cp932"))
    wanted = [(cell(a), cell(b)) for a, b in pairs]
    assert [(row.values["a"], row.values["b"]) for row in rows] == wanted


def cell(text: str) -> str | None:
    """As the reader gives a text: outer blanks gone, blank as None."""
    return text.strip() or None
