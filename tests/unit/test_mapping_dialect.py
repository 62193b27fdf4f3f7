"""How a file is written and where a reader looks: separators, headers, rows per parcel, places, words of yesterday."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from connector.errors import Malformed, Misconfigured
from connector.mapping import CsvReader, CsvWriter, load_csv_reader, load_csv_writer, load_profile
from connector.mapping.grammars import Ungrammatical, tracking
from connector.outcome import Reason
from msgspec.structs import replace

from tests.golden import samples

WRITER = """\
kind: csv_writer
source: instruction
noun: 伝票
key: slip.number
encoding: cp932
quoting: {quoting}
{more}
columns:
  - {{name: 伝票, from: slip.number}}
  - {{name: 名前, from: slip.name, max_width: 20}}
{columns}"""
READER = """\
kind: csv_reader
encoding: cp932
{more}
columns:
  - {{name: 伝票, key: slip, grammar: code{first}}}
  - {{name: 種類, key: kind, grammar: one_of, blank: yes, words: {{"0": old, A: new}}{second}}}
"""


def writer(tmp_path: Path, quoting: str = "minimal", more: str = "", columns: str = "") -> CsvWriter:
    path = tmp_path / "writer.yaml"
    path.write_text(WRITER.format(quoting=quoting, more=more, columns=columns), "utf-8")
    return load_csv_writer(path, samples.tables())


def reader(tmp_path: Path, more: str = "", first: str = "", second: str = "") -> CsvReader:
    path = tmp_path / "reader.yaml"
    path.write_text(READER.format(more=more, first=first, second=second), "utf-8")
    return load_csv_reader(path, samples.tables())


def text(mapping: CsvWriter, *items: Any) -> str:
    return mapping.write(items).body.decode("cp932")


# --- writing ---------------------------------------------------------------------------------------------


def test_tabs_and_line_feeds_with_and_without_a_header(tmp_path: Path) -> None:
    item = samples.instruction(name="見本 花子")
    mapping = writer(tmp_path, more="delimiter: tab\nline_end: lf")
    assert text(mapping, item) == "伝票\t名前\n200901\t見本 花子\n"
    bare = writer(tmp_path, more="header: no")
    assert text(bare, item) == "200901,見本 花子\r\n"
    assert bare.write([]).body == b""


def test_without_quotes_separators_turn_wide_and_must_still_fit(tmp_path: Path) -> None:
    mapping = writer(tmp_path, "none", "header: no")
    written = mapping.write([samples.instruction(name='a,"b"')])
    assert written.body.decode("cp932") == "200901,a，”b”\r\n"
    assert [str(note) for note in written.replaced] == [
        '200901 名前 1文字目: 「a,"b"」 → 「a，”b”」 (引用符のないファイルの区切り文字を全角に)'
    ]
    ((_, hold),) = mapping.write([samples.instruction(name="," * 11)]).held
    assert hold.reason is Reason.TEXT_TOO_LONG


def test_a_row_per_parcel(tmp_path: Path) -> None:
    mapping = writer(tmp_path, more="header: no\nrepeat: parcels\nmax_lines: 3")
    three = replace(samples.instruction(name="花子"), parcels=3)
    assert text(mapping, three) == "200901,花子\r\n" * 3
    written = mapping.write([replace(three, parcels=4)])
    assert (written.rows, written.included) == (0, ())
    assert written.held[0][1].reason is Reason.TOO_MANY_LINES
    with pytest.raises(Misconfigured, match="一緒に使えません"):
        writer(tmp_path, more="repeat: parcels\neach: slip.rows")
    with pytest.raises(Misconfigured, match="数の項目だけ"):
        writer(tmp_path, more="repeat: slip.number")


def test_words_are_closed_and_must_be_writable(tmp_path: Path) -> None:
    columns = '  - {name: 温度, from: profile.temperature, words: {"0": 常温}}\n'
    mapping = writer(tmp_path, more="header: no", columns=columns)
    warm = samples.instruction(name="花子")
    assert text(mapping, warm) == "200901,花子,常温\r\n"
    cold = replace(warm, profile=replace(warm.profile, temperature="2"))
    ((_, hold),) = mapping.write([cold]).held
    assert hold.reason is Reason.UNKNOWN_VALUE
    assert "「温度」: 「2」に当たる値が words: にありません" in hold.note
    with pytest.raises(Misconfigured, match="cp932 で書けない文字"):
        writer(tmp_path, columns='  - {name: 温度, from: profile.temperature, words: {"0": ♥}}\n')


def test_several_slots_in_one_column(tmp_path: Path) -> None:
    more = "header: no\naddress:\n  lines: [slip.address1, slip.address2]\n"
    more += "  widths: {prefecture: 8, city: 24, street: 32, building: 32}"
    columns = "  - {name: 住所, slot: [prefecture, city, street]}\n  - {name: 建物, slot: building}\n"
    mapping = writer(tmp_path, more=more, columns=columns)
    item = samples.instruction(name="花子", address1="東京都千代田区", address2="丸の内9-99 見本ビル2F")
    assert text(mapping, item) == "200901,花子,東京都千代田区丸の内9-99,見本ビル2F\r\n"


def test_a_branch_by_the_carriers_code(tmp_path: Path) -> None:
    columns = (
        "  - name: 会社\n    choose:\n"
        "      - {when: {slip.delivery_method: {code_in: [SAGAWA_TAKUHAI]}}, value: 佐川}\n"
        "      - {value: ほか}\n"
    )
    mapping = writer(tmp_path, more="header: no", columns=columns)
    for method, word in (("佐川急便", "佐川"), ("ゆうパック", "ほか"), ("知らない便", "ほか")):
        assert text(mapping, samples.instruction(name="花子", delivery_method=method)).endswith(
            f",{word}\r\n"
        )
    with pytest.raises(Misconfigured, match="もしかして「SAGAWA_TAKUHAI」"):
        writer(tmp_path, columns=columns.replace("SAGAWA_TAKUHAI", "SAGAWA"))


def test_goods_of_a_label_are_the_shops_word_or_the_first_item(tmp_path: Path) -> None:
    item = samples.instruction()
    assert item.goods == "見本ほうじ茶"
    assert replace(item, profile=replace(item.profile, goods="化粧品")).goods == "化粧品"


# --- reading ---------------------------------------------------------------------------------------------


def test_columns_by_their_number(tmp_path: Path) -> None:
    mapping = reader(tmp_path, "bind: position\nfields: 4", ", at: 3", ", at: 1")
    (row,) = mapping.read("x.csv", b"A,-,200101,-\r\n")
    assert row.values == {"slip": "200101", "kind": "new"}
    with pytest.raises(Malformed) as raised:
        mapping.read("x.csv", b"A,-,200101,-\r\nA,200101,-\r\n")
    assert (raised.value.problem.line, raised.value.problem.column) == (2, 4)


def test_anchors_by_header_and_number(tmp_path: Path) -> None:
    mapping = reader(tmp_path, "bind: header+position\nfields: 3", ", at: 3", ", at: 1")
    assert len(mapping.read("x.csv", "種類,-,伝票\r\nA,-,200101\r\n".encode("cp932"))) == 1
    with pytest.raises(Malformed, match="3 列目にありません"):
        mapping.read("x.csv", "種類,伝票,-\r\nA,200101,-\r\n".encode("cp932"))
    assert mapping.misfits(["種類", "-", "伝票"]) == []
    assert len(mapping.misfits(["種類", "伝票"])) == 2


def test_lines_that_lie_are_skipped_where_no_header_is_believed(tmp_path: Path) -> None:
    mapping = reader(tmp_path, "bind: position\nskip: 1")
    assert len(mapping.read("x.csv", b"a,b,c\r\n200101,A\r\n")) == 1
    with pytest.raises(Misconfigured, match="bind: position のときにだけ"):
        reader(tmp_path, "skip: 1")


def test_what_the_file_does_not_say_the_mapping_says(tmp_path: Path) -> None:
    mapping = reader(tmp_path, "absent: {kind: new, shipped_on: today}", second=", needed: no")
    (row,) = mapping.read("x.csv", "伝票\r\n200101\r\n".encode("cp932"))
    assert row.values == {"slip": "200101", "kind": "new", "shipped_on": "today"}
    (row,) = mapping.read("x.csv", "伝票,種類\r\n200101,\r\n".encode("cp932"))
    assert row.values["kind"] is None  # a blank is what the file says
    assert mapping.keys == {"slip", "kind", "shipped_on"}


def test_words_of_yesterday_are_read_as_those_of_today_and_told(tmp_path: Path) -> None:
    mapping = reader(tmp_path, second=', outdated: {"7": A}')
    found = mapping.look("x.csv", "伝票,種類\r\n1,7\r\n2,A\r\n3,8\r\n".encode("cp932"))
    assert [row.values["kind"] for row in found.rows] == ["new", "new", None]
    assert [(one.line, one.column, one.found, one.expected) for one in found.warnings] == [(2, 2, "7", "A")]
    assert [len(row.problems) for row in found.rows] == [0, 0, 1]


@pytest.mark.parametrize(
    ("more", "first", "words"),
    [
        ("fields: 2\nbind: position", ", at: 9", "列の数を超えています"),
        ("", ", at: 1, padded: 15", "grammar: tracking のときにだけ"),
        ("", ", outdated: {a: b}", "words: にある値でなければなりません"),
        ("absent: 3", "", "対応を書いてください"),
    ],
)
def test_what_cannot_be_meant_is_told(tmp_path: Path, more: str, first: str, words: str) -> None:
    with pytest.raises(Misconfigured, match=words):
        reader(tmp_path, more, first)


def test_two_columns_cannot_stand_in_one_place(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="同じ列の番号"):
        reader(tmp_path, "bind: position", ", at: 1", ", at: 1")


PADDED = [
    (row["as_written"], row["carrier"], row["normal_form"])
    for row in csv.DictReader((samples.FIXTURES / "wms/tracking_numbers.csv").read_text("utf-8").splitlines())
    if row["profile"] == "zero_padded_15" and row["verdict"] == "accept"
]


@pytest.mark.parametrize(("written", "carrier", "number"), PADDED)
def test_padded_numbers_lose_their_zeros_only_where_the_profile_says_so(
    written: str, carrier: str, number: str
) -> None:
    assert tracking(written, carrier, 15) == number
    with pytest.raises(Ungrammatical, match="桁が多すぎます"):
        tracking(written, carrier)


def test_a_number_that_begins_with_zeros_keeps_them() -> None:
    assert tracking("000001234567891", "SAGAWA_TAKUHAI", 15) == "001234567891"
    assert tracking("000001234567890", "FUKUYAMA", 15) == "1234567890"


# --- names of files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("like", ["*", "*|", "../*.csv", "?"])
def test_a_name_that_is_everything_or_elsewhere_is_no_name(tmp_path: Path, like: str) -> None:
    path = tmp_path / "profile.yaml"
    text = (samples.MAPPINGS / "wms/b2cloud/profile.yaml").read_text("utf-8")
    path.write_text(text.replace("*発行済データ*.csv", like), "utf-8")
    with pytest.raises(Misconfigured, match="ファイル名の形"):
        load_profile(path)


def test_who_answers_needs_names_for_answers(tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    text = (samples.MAPPINGS / "wms/b2cloud/profile.yaml").read_text("utf-8")
    path.write_text(text.replace("answers: no", "answers: yes"), "utf-8")
    with pytest.raises(Misconfigured) as raised:
        load_profile(path)
    assert {problem.words for problem in raised.value.problems} == {
        "項目「stop」がありません",
        "項目「receipt」がありません",
        "項目「ack」がありません",
    }
