"""File profiles (倉庫の設定だけで話せる相手): every fact of fixtures/wms about label software and the CSV of a WMS."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from connector.errors import Misconfigured
from connector.mapping import load_csv_reader
from connector.mapping.tables import fold
from connector.outcome import Reason
from connector.slip import Result

from tests.contract.wms_house import TUESDAY
from tests.contract.wms_profiles_desk import (
    PROFILES,
    WMS,
    by_slip,
    column,
    held,
    instruction,
    item,
    mappings,
    results,
    rows_of,
    tracking,
)
from tests.golden import samples

COUNTS = {"b2cloud": 95, "ehiden3": 74, "yupri": 25, "logizard-csv": 93}
ISSUED = {
    "200101": ("999900001015",),
    "200102": ("999900001026",),
    "200103": ("999900001030",),
    "200107": ("999900001074",),
    "200106": ("999900010616", "999900010620", "999900010631"),
}


# --- all of them -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_is_yaml_only_and_does_not_answer(profile: str) -> None:
    whole = mappings(profile)
    assert (whole.profile.answers, whole.stop, whole.receipt) == (False, None, None)
    assert whole.plain
    assert len(whole.instruction.header) == COUNTS[profile]
    assert whole.layout is not None
    assert whole.layout.misfits(whole.instruction.header) == []


@pytest.mark.parametrize(
    ("profile", "fixture"),
    [
        ("b2cloud", "instruction_95.csv"),
        ("ehiden3", "instruction_74.csv"),
        ("logizard-csv", "instruction_93.csv"),
    ],
)
def test_our_header_is_the_receivers(profile: str, fixture: str) -> None:
    assert list(mappings(profile).instruction.header) == rows_of((WMS / profile / fixture).read_bytes())[0]


@pytest.mark.parametrize("profile", PROFILES)
def test_an_instruction_whose_columns_moved_starts_nothing(profile: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(samples.MAPPINGS / "wms" / profile, tmp_path / profile))
    path = folder / "instruction.yaml"
    text = path.read_text("utf-8")
    first = text.index("  - {name: ", text.index("columns:"))
    path.write_text(text[:first] + '  - {name: 余分な列, value: ""}\n' + text[first:], "utf-8")
    with pytest.raises(Misconfigured) as raised:
        mappings(folder)
    assert {Path(problem.where).name for problem in raised.value.problems} == {"instruction.yaml"}
    assert "列目が" in str(raised.value)


def test_a_result_that_names_neither_slip_nor_day_starts_nothing(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(samples.MAPPINGS / "wms/ehiden3", tmp_path / "ehiden3"))
    path = folder / "result.yaml"
    kept = [line for line in path.read_text("utf-8").splitlines() if "出荷日" not in line]
    path.write_text("\n".join(kept), "utf-8")
    with pytest.raises(Misconfigured, match="key: shipped_on の列がありません"):
        mappings(folder)


# --- B2クラウド ------------------------------------------------------------------------------------------


def test_b2_has_five_slips_in_seven_rows() -> None:
    read = instruction("b2cloud", "instruction_95.csv")
    assert read.warnings == tuple(one for one in read.warnings if one.words == "使わない列です")
    kinds = [cells[1] for cells in rows_of((WMS / "b2cloud/instruction_95.csv").read_bytes())[1:]]
    assert kinds == ["0", "2", "A", "0", "6", "6", "6"]
    assert column(read, "slip_number", "carrier", "band", "cod", "cod_tax", "bundle") == [
        ("200101", "YAMATO_TAKKYUBIN", "AM", None, None, None),
        ("200102", "YAMATO_COLLECT", "B1416", 5940, 540, None),
        ("200103", "YAMATO_NEKOPOS", None, None, None, None),
        ("200107", "YAMATO_TAKKYUBIN", "B1921", None, None, None),
        *[("200106", "YAMATO_TAKKYUBIN", "B1416", None, None, "200106")] * 3,
    ]


def test_old_b2_codes_are_replaced_and_told() -> None:
    read = instruction("b2cloud", "instruction_95_drift.csv")
    assert column(read, "slip_number", "carrier", "band") == [
        ("200103", "YAMATO_NEKOPOS", None),
        ("200107", "YAMATO_TAKKYUBIN", "B1921"),
    ]
    told = [(one.line, one.column, one.found, one.expected) for row in read.rows for one in row.remarks]
    assert told == [(2, 2, "7", "A"), (3, 7, "2021", "1921")]
    assert set(read.warnings) >= {one for row in read.rows for one in row.remarks}
    assert all(row.problems == () for row in read.rows)


def test_a_replacement_must_be_a_value_of_today(tmp_path: Path) -> None:
    path = tmp_path / "layout.yaml"
    text = (samples.MAPPINGS / "wms/b2cloud/layout.yaml").read_text("utf-8")
    path.write_text(text.replace('outdated: {"7": A}', 'outdated: {"7": B}'), "utf-8")
    with pytest.raises(Misconfigured, match="words: にある値でなければ"):
        load_csv_reader(path, samples.tables())


@pytest.mark.parametrize("name", ["issued_by_name.csv", "issued_hyphenated.csv", "issued_31_4.csv"])
def test_b2_issued_data_by_any_choice_of_columns(name: str, tmp_path: Path) -> None:
    found = results(tmp_path, "b2cloud", WMS / "b2cloud" / name)
    assert found.strays == ()
    assert tracking(found) == ISSUED
    assert {(one.result, one.complete, one.shipped_on) for one in found.shipments} == {
        (Result.SHIPPED, True, TUESDAY)
    }
    assert [one.parcels for one in found.shipments] == [1, 1, 1, 1, 3]


def test_b2_carriers_come_from_the_kind_where_the_file_has_it(tmp_path: Path) -> None:
    named = by_slip(results(tmp_path, "b2cloud", WMS / "b2cloud/issued_by_name.csv"))
    assert {number: one.carrier for number, one in named.items()} == {
        "200101": "YAMATO_TAKKYUBIN",
        "200102": "YAMATO_COLLECT",
        "200103": "YAMATO_NEKOPOS",
        "200107": "YAMATO_TAKKYUBIN",
        "200106": "YAMATO_TAKKYUBIN",
    }
    bare = results(tmp_path, "b2cloud", WMS / "b2cloud/issued_31_4.csv")
    assert {one.carrier for one in bare.shipments} == {"YAMATO_TAKKYUBIN"}


def test_hyphens_are_no_news(tmp_path: Path) -> None:
    plain = results(tmp_path, "b2cloud", WMS / "b2cloud/issued_by_name.csv")
    assert results(tmp_path, "b2cloud", WMS / "b2cloud/issued_hyphenated.csv") == plain


def test_names_come_back_with_a_wide_blank_and_are_the_same() -> None:
    sent = {
        row.values["slip_number"]: row.values["name"]
        for row in instruction("b2cloud", "instruction_95.csv").rows
    }
    head, *rows = rows_of((WMS / "b2cloud/issued_by_name.csv").read_bytes())
    back = {row[0]: row[head.index("お届け先名")] for row in rows}
    assert all(back[number] != name for number, name in sent.items())
    assert {number: fold(name) for number, name in back.items()} == {
        number: fold(name) for number, name in sent.items()
    }


def test_b2_cash_on_delivery_of_several_parcels_is_held() -> None:
    cash: dict[str, Any] = {"cash_on_delivery": True, "total": 5940, "tax": 540}
    reason, words = held("b2cloud", item("b2cloud", parcels=3, **cash))
    assert reason is Reason.DELIVERY_UNFIT
    assert "3 個口" in words


def test_b2_several_parcels_go_by_takkyubin_only() -> None:
    reason, words = held("b2cloud", item("b2cloud", parcels=2, delivery_method="ヤマト(ネコポス)"))
    assert (reason, "YAMATO_NEKOPOS" in words) == (Reason.UNKNOWN_VALUE, True)


def test_b2_knows_cool_and_has_none_for_letter_boxes() -> None:
    for ours, theirs in (("0", ""), ("1", "2"), ("2", "1")):
        body = mappings("b2cloud").instruction.write([item("b2cloud", temperature=ours)]).body
        assert rows_of(body)[1][2] == theirs
    reason, words = held("b2cloud", item("b2cloud", temperature="1", delivery_method="ネコポス"))
    assert (reason, "クール区分" in words) == (Reason.UNKNOWN_VALUE, True)


def test_a_slip_of_another_carrier_is_held() -> None:
    for profile, other in (("b2cloud", "佐川急便"), ("ehiden3", "ゆうパック"), ("yupri", "ヤマト運輸")):
        reason, words = held(profile, item(profile, delivery_method=other))
        table = "words:" if profile == "ehiden3" else "carriers_by_system.yaml"
        assert (reason, table in words) == (Reason.UNKNOWN_VALUE, True)
