"""Carrier codes (運送会社と時間帯のコード): what a file says stands in the tables alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from connector.mapping import CsvWriter, Instruction, load_csv_writer, load_tables
from connector.outcome import Reason
from msgspec.structs import replace

from tests.golden import samples

TODAY = date(2026, 11, 24)
YAMATO: dict[str, Any] = {"delivery_method": "ヤマト(発払い)"}
COMPACT: dict[str, Any] = {"delivery_method": "宅急便コンパクト", "delivery_id": ""}


def writer(folder: Path, profile: str = "b2cloud", **edits: tuple[str, str]) -> CsvWriter:
    """A profile's writer over tables that a shop has edited: `table=(old text, new text)`."""
    mappings = samples.copy_of_mappings(folder)
    for table, (old, new) in edits.items():
        path = mappings / f"tables/{table}.yaml"
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")
    return load_csv_writer(mappings / f"wms/{profile}/instruction.yaml", load_tables(mappings / "tables"))


def instruction(on: date = TODAY, parcels: int = 1, **cells: Any) -> Instruction:
    item = samples.instruction(**cells)
    ours = replace(item.profile, billing="012345678901", goods="健康食品")
    return replace(item, profile=ours, ship_on=on, parcels=parcels)


def cell(out: CsvWriter, column: str, item: Instruction) -> str:
    """What the file has in this column of its first row."""
    written = out.write([item])
    assert written.held == ()
    rows = [line[1:-1].split('","') for line in written.body.decode("cp932").splitlines()]
    return rows[1][out.header.index(column)]


def held(out: CsvWriter, item: Instruction) -> tuple[Reason, str]:
    ((key, hold),) = out.write([item]).held
    assert key == "200901"
    assert "伝票 200901" in hold.note
    return hold.reason, hold.note


def test_a_carrier_renames_its_code_and_only_the_table_is_edited(tmp_path: Path) -> None:
    out = writer(tmp_path / "a", carriers_by_system=('yamato_b2: "8"', 'yamato_b2: "88"'))
    assert cell(samples.writer("wms/b2cloud/instruction.yaml"), "送り状種類", instruction(**COMPACT)) == "8"
    assert cell(out, "送り状種類", instruction(**COMPACT)) == "88"
    out = writer(tmp_path / "b", time_slot_by_system=('B1416: "1416"', 'B1416: "1417"'))
    assert cell(out, "配達時間帯", instruction(**YAMATO, time_slot="14時-16時")) == "1417"


@pytest.mark.parametrize(
    ("day", "code"),
    [(23, None), (24, "2224"), (30, "2224"), (31, None)],
    ids=["before", "first", "last", "after"],
)
def test_a_band_is_written_from_its_first_day_to_its_last_by_the_day_the_parcel_leaves(
    tmp_path: Path, day: int, code: str | None
) -> None:
    life = 'B1416: {code: "2224", valid_from: "2026-12-24", valid_to: "2026-12-30"}'
    out = writer(tmp_path, time_slot_by_system=('B1416: "1416"', life))
    item = instruction(date(2026, 12, day), **YAMATO, time_slot="14時-16時")
    if code is not None:
        assert cell(out, "配達時間帯", item) == code
        return
    reason, note = held(out, item)
    assert reason is Reason.DELIVERY_UNFIT
    assert "「配達時間帯」" in note
    assert "14時-16時" in note
    assert ("2026/12/24 から" if day == 23 else "2026/12/30 で終わり") in note


def test_a_band_that_the_table_replaces_is_written_with_a_record(tmp_path: Path) -> None:
    # The shop's own list of bands does not stop it before the table is asked.
    out = writer(tmp_path, carrier=("bands: [AM, B1416, B1618, B1820, B1921]", "slots: yes"))
    item = instruction(**YAMATO, time_slot="20時-21時")
    assert cell(out, "配達時間帯", item) == "1921"
    (note,) = out.write([item]).replaced
    assert str(note) == (
        "200901 配達時間帯 1文字目: 「20時-21時」 → 「B1921」 (時間帯の表による代わりの時間帯)"
    )
    reason, words = held(out, instruction(**YAMATO, time_slot="18時-21時"))
    assert (reason, "B1820・B1921" in words) == (Reason.DELIVERY_UNFIT, True)


@pytest.mark.parametrize("band", ["10時まで", "17時まで"])
def test_a_band_of_a_service_nobody_here_sells_is_held_even_where_the_shop_lists_no_bands(
    tmp_path: Path, band: str
) -> None:
    out = writer(tmp_path, carrier=("bands: [AM, B1416, B1618, B1820, B1921]", "slots: yes"))
    reason, note = held(out, instruction(**YAMATO, time_slot=band))
    assert reason is Reason.DELIVERY_UNFIT
    assert "扱う運送会社がありません" in note
    assert band in note


@pytest.mark.parametrize(
    ("profile", "method", "column"),
    [
        ("b2cloud", "佐川急便", "送り状種類"),
        ("yupri", "クリックポスト", "郵便種別"),
        ("logizard-csv", "西濃運輸", "配送方法"),
    ],
)
def test_what_a_system_does_not_send_names_slip_column_and_the_words_of_the_slip(
    profile: str, method: str, column: str
) -> None:
    out = samples.writer(f"wms/{profile}/instruction.yaml")
    reason, note = held(out, instruction(delivery_method=method, delivery_id=""))
    assert reason is Reason.UNKNOWN_VALUE
    assert f"「{column}」: 発送方法「{method}」" in note
    assert "carriers_by_system.yaml" in note


def test_a_label_that_collects_is_written_for_money_and_for_nothing_else(tmp_path: Path) -> None:
    cod: dict[str, Any] = {"cash_on_delivery": True, "total": 2000}
    both = '\n    ne: [ヤマト運輸, ヤマト(発払い), ヤマト(発払い)B2v6]\n    ne_ids: ["10"]\n    code: YAMATO_'
    plain = writer(tmp_path / "a")
    assert cell(plain, "送り状種類", instruction(**YAMATO, **cod)) == "2"
    assert cell(plain, "送り状種類", instruction(**YAMATO, cash_on_delivery=True, total=0)) == "0"
    free = writer(tmp_path / "b", carrier=(both + "TAKKYUBIN", both + "COLLECT"))
    assert held(free, instruction(**YAMATO))[0] is Reason.UNKNOWN_VALUE
    small = writer(
        tmp_path / "c",
        carrier=("    code: YAMATO_NEKOPOS\n", "    code: YAMATO_NEKOPOS\n    cod_code: YAMATO_NEKOPOS\n"),
    )
    reason, note = held(small, instruction(delivery_method="ネコポス", delivery_id="", **cod))
    assert (reason, "代金引換です" in note) == (Reason.UNKNOWN_VALUE, True)


def test_several_parcels_have_a_code_of_their_own() -> None:
    out = samples.writer("wms/b2cloud/instruction.yaml")
    assert cell(out, "送り状種類", instruction(parcels=2, **YAMATO)) == "6"
    assert held(out, instruction(parcels=2, **COMPACT))[0] is Reason.UNKNOWN_VALUE


def test_no_shipped_label_software_repeats_a_band_in_its_own_words() -> None:
    for profile in ("b2cloud", "ehiden3", "yupri", "logizard-csv", "openlogi"):
        text = (samples.MAPPINGS / f"wms/{profile}/instruction.yaml").read_text("utf-8")
        assert "band:" in text
        assert "B1416" not in text
