"""Label software and a WMS by CSV (e飛伝III・ゆうプリ・ロジザード): every fact of their fixtures."""

from __future__ import annotations

from dataclasses import replace as changed
from pathlib import Path

import pytest
from connector.carriers import SYSTEMS
from connector.errors import Malformed
from connector.mapping import CsvReader
from connector.outcome import Reason
from connector.slip import ShippedLine

from tests.contract.wms_desk import OWN
from tests.contract.wms_profiles_desk import (
    WMS,
    by_slip,
    column,
    held,
    instruction,
    item,
    layout,
    mappings,
    results,
    rows_of,
    tracking,
)
from tests.golden import samples

# --- e飛伝III -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["instruction_74.csv", "instruction_74_no_header.csv"])
def test_ehiden_by_position_with_and_without_a_header(name: str) -> None:
    skipped = layout("ehiden3") if "no_header" in name else with_header()
    read = skipped.look(name, (WMS / "ehiden3" / name).read_bytes())
    keys = ("slip_number", "band", "cod", "cod_tax", "temperature", "pieces")
    wanted = [
        ("200104", "B1820", None, None, "0", 1),
        ("200141", "B1416", 5940, 540, "0", 1),
        ("200142", None, None, None, "1", 1),
        ("200143", None, None, None, "0", 3),
    ]
    assert column(read, *keys) == (wanted[:1] if "no_header" in name else wanted)
    assert [row.problems for row in read.rows] == [()] * len(read.rows)


def with_header() -> CsvReader:
    """The same layout for the template ヘッダ有: one line is not read, because its names may lie."""
    return changed(layout("ehiden3"), skip=1)


def test_a_header_of_75_names_over_74_values_is_read_by_the_values() -> None:
    lines = (WMS / "ehiden3/instruction_74.csv").read_bytes().split(b"\r\n")
    lying = b"\r\n".join([lines[0] + ',"もう一つ"'.encode("cp932"), *lines[1:]])
    assert len(with_header().look("lying.csv", lying).rows) == 4


def test_a_row_of_another_length_refuses_the_file() -> None:
    lines = (WMS / "ehiden3/instruction_74_no_header.csv").read_bytes().split(b"\r\n")
    longer = b"\r\n".join([lines[0], lines[0] + b',"x"', b""])
    with pytest.raises(Malformed) as raised:
        layout("ehiden3").read("longer.csv", longer)
    assert (raised.value.problem.line, raised.value.problem.expected) == (2, "74列")


def test_ehiden_knows_cool() -> None:
    for ours, theirs in (("0", "001"), ("1", "002"), ("2", "003")):
        one = item("ehiden3", temperature=ours, delivery_method="佐川急便")
        assert rows_of(mappings("ehiden3").instruction.write([one]).body)[1][43] == theirs


def test_three_pieces_have_one_number(tmp_path: Path) -> None:
    found = results(tmp_path, "ehiden3", WMS / "ehiden3/result.csv")
    assert found.strays == ()
    assert [(one.slip_number, one.tracking, one.parcels, one.complete) for one in found.shipments] == [
        ("200104", ("888800001040",), 1, True),
        ("200141", ("888800001412",), 1, True),
        ("200142", ("888800001423",), 1, True),
        ("200143", ("888800001434",), 3, True),
    ]
    assert {one.carrier for one in found.shipments} == {"SAGAWA_TAKUHAI"}


def test_an_instruction_without_a_header() -> None:
    mapping = mappings("ehiden3").instruction
    bare = changed(mapping, dialect=changed(mapping.dialect, header=False))
    slip = item("ehiden3", delivery_method="佐川急便")
    assert bare.write([slip]).body == mapping.write([slip]).body.split(b"\r\n", 1)[1]


# --- ゆうプリ --------------------------------------------------------------------------------------------


def layout_rows(name: str) -> list[list[str]]:
    return rows_of((WMS / "yupri" / name).read_bytes())[1:]


def test_yupri_columns_and_byte_limits_are_those_of_the_layout() -> None:
    columns = mappings("yupri").instruction.columns
    wanted = [(name, int(most)) for _, name, most in layout_rows("layout_in.csv")]
    assert [column.name for column in columns] == [name for name, _ in wanted]
    limits = {column.name: column.max_width for column in columns if column.max_width}
    assert limits.items() <= dict(wanted).items()
    assert set(dict(wanted)) - set(limits) == {"記事名1"}  # left blank


def test_yupri_reads_every_column_of_the_layout_out() -> None:
    names = {name for _, name, _ in layout_rows("layout_out.csv")}
    assert {column.header for column in mappings("yupri").result.columns} == names


def test_yupri_has_no_header() -> None:
    read = instruction("yupri", "instruction_25.csv")
    keys = ("slip_number", "carrier", "temperature", "band", "collects", "parcels", "cod", "cod_tax")
    assert column(read, *keys) == [
        ("200105", "JP_YUPACK", "1", "B1214", "no", 1, None, None),
        ("200151", "JP_YUPACKET", "0", "NONE", "no", 1, None, None),
        ("200152", "JP_YUPACK", "0", "B1921", "yes", 2, 3240, 240),
    ]
    assert all(row.problems == () for row in read.rows)


def test_yupri_cuts_by_bytes_and_we_hold() -> None:
    reason, words = held("yupri", item("yupri", delivery_method="ゆうパック", name="長" * 50 + "a"))
    assert (reason, "25＋25文字" in words) == (Reason.TEXT_TOO_LONG, True)


def test_a_long_name_goes_on_in_the_second_slot() -> None:
    name = "見本見本見本見本テストテスト長名太郎"
    for profile, method, first, times in (("ehiden3", "佐川急便", 7, 1), ("yupri", "ゆうパック", 9, 2)):
        mapping = mappings(profile).instruction
        written = mapping.write([item(profile, delivery_method=method, name=name * times)])
        row = rows_of(written.body)[-1]
        assert (row[first] + row[first + 1], bool(row[first + 1])) == (name * times, True)


def test_without_quotes_a_comma_becomes_full_width_and_is_told() -> None:
    mapping = mappings("yupri").instruction
    written = mapping.write([item("yupri", delivery_method="ゆうパック", name='見本,"太郎"')])
    (cells,) = rows_of(written.body)
    assert (len(cells), cells[9]) == (25, "見本，”太郎”")
    assert [(note.rule, note.column) for note in written.replaced] == [("unquoted", "お届け先名称1")]


def test_yupri_download(tmp_path: Path) -> None:
    (path,) = (WMS / "yupri").glob("送り状*.csv")
    found = results(tmp_path, "yupri", path)
    assert found.strays == ()
    assert tracking(found) == {
        "200105": ("777700001050",),
        "200151": ("777700001514",),
        "200152": ("777700015212", "777700015223"),
    }
    assert {one.slip_number: (one.carrier, one.parcels, one.complete) for one in found.shipments} == {
        "200105": ("JP_YUPACK", 1, True),
        "200151": ("JP_YUPACKET", 1, True),
        "200152": ("JP_YUPACK", 2, True),
    }


def test_yupri_names_a_parcel_that_is_still_missing(tmp_path: Path) -> None:
    (path,) = (WMS / "yupri").glob("送り状*.csv")
    early = tmp_path / path.name
    early.write_bytes(b"\r\n".join(path.read_bytes().split(b"\r\n")[:4]) + b"\r\n")
    shipment = by_slip(results(tmp_path, "yupri", early))["200152"]
    assert (shipment.tracking, shipment.parcels, shipment.complete) == (("777700015212",), 2, False)


# --- ロジザード CSV --------------------------------------------------------------------------------------


def test_logizard_binds_by_header_and_position() -> None:
    read = instruction("logizard-csv", "instruction_93.csv")
    keys = ("slip_number", "order_number", "carrier_id", "service", "ne_carrier_id", "service_code")
    assert column(read, *keys, "part_number", "sku", "quantity") == [
        ("200101", "EC-2026-000201", "1", "宅急便", "20", "Y0", None, "MH-SERUM-30", 1),
        ("200101", "EC-2026-000201", "1", "宅急便", "20", "Y0", None, "MH-TEA-20", 5),
        ("200103", "EC-2026-000203", "1", "ネコポス", "28", "YA", None, "MH-MASK-07", 1),
        ("200104", "EC-2026-000204", "2", "飛脚宅配便", "10", "S0", None, "MH-SUPPL-60", 2),
    ]


def test_a_moved_anchor_refuses_the_file() -> None:
    with pytest.raises(Malformed) as raised:
        instruction("logizard-csv", "instruction_93_moved_anchor.csv")
    problem = raised.value.problem
    assert (problem.where, problem.line, problem.column) == ("instruction_93_moved_anchor.csv", 1, 21)
    assert (problem.found, problem.expected) == ("予備21", "顧客id")


def test_one_column_more_refuses_the_file() -> None:
    lines = (WMS / "logizard-csv/instruction_93.csv").read_bytes().split(b"\r\n")
    longer = b"\r\n".join([line + b',"x"' if line else line for line in lines])
    with pytest.raises(Malformed) as raised:
        layout("logizard-csv").read("longer.csv", longer)
    assert (raised.value.problem.line, raised.value.problem.column) == (1, 94)


def test_the_four_carrier_columns_know_the_same_carriers() -> None:
    rows = samples.tables().services.rows.items()
    systems = [system for system in SYSTEMS if system.startswith("logizard_csv")]
    codes = [{carrier for carrier, row in rows if system in row.codes} for system in systems]
    assert len(codes) == 4
    assert all(each == codes[0] for each in codes)


def test_logizard_cannot_carry_cash_on_delivery() -> None:
    reason, words = held("logizard-csv", item("logizard-csv", cash_on_delivery=True, total=5940))
    assert (reason, "5,940円" in words) == (Reason.DELIVERY_UNFIT, True)


def test_logizard_results_add_up_lots_and_mind_the_check_digit(tmp_path: Path) -> None:
    path = WMS / "logizard-csv/result_d2c.csv"
    found = results(tmp_path, "logizard-csv", path)
    assert found.strays == ()
    assert tracking(found) == {
        "200101": ("999900001015",),
        "200103": ("999900001030",),
        "200104": ("888800001040",),
    }
    assert by_slip(found)["200101"].lines == (
        ShippedLine(line_no=1, sku="MH-SERUM-30", quantity=1),
        ShippedLine(line_no=2, sku="MH-TEA-20", quantity=5),
    )
    wrong = tmp_path / "wrong.csv"
    wrong.write_bytes(path.read_bytes().replace(b"888800001040", b"888800001041"))
    broken = results(tmp_path, "logizard-csv", wrong)
    assert set(tracking(broken)) == {"200101", "200103"}
    assert [(stray.where, "検査数字が合いません" in stray.words) for stray in broken.strays] == [
        ("wrong.csv:6", True)
    ]


def test_our_own_names_stand_over_those_of_the_profile() -> None:
    profile = mappings("yupri").profile
    assert profile.tenant == OWN["tenant"]
    assert profile.file_name("instruction", samples.AT, 7) == "YUPRI_demo_WH01_20261124103000_000007.csv"
