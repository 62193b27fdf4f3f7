"""What a slip is asked at the warehouse's door: the fixtures' addresses, bands and numbers through the port itself.

Every profile is asked the way the relay asks it: `doubts`, then `instructions`, and the file is read back.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections import Counter
from dataclasses import replace as changed
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from connector.adapters.ecforce import wire as cart
from connector.adapters.wms.doubts import Door
from connector.adapters.wms.files import FileWarehouse
from connector.carriers import Services
from connector.clock import SteppedClock, at_jst
from connector.errors import Misconfigured
from connector.mapping import width
from connector.mapping.findings import CERTAIN, RECEIVERS, WEIGHTS, Checks, Weight, load_checks
from connector.outcome import Hold, Reason
from connector.ports import BuiltFile
from connector.sandbox.cart.crowd import BUILDINGS, HOMES
from connector.sandbox.warehouse.files import read_table
from connector.slip import Carrier, Slip
from connector.transport.folder import FolderDrop
from msgspec.structs import replace

from tests.contract.wms_desk import OWN, Kept
from tests.contract.wms_house import TUESDAY
from tests.contract.wms_profiles_desk import mappings, rows_of
from tests.golden.samples import FIXTURES, MAPPINGS, copy_of_mappings, slip, tables

AT = at_jst(TUESDAY, 10)
METHODS = {
    "b2cloud": "ヤマト(発払い)",
    "ehiden3": "佐川急便",
    "yupri": "ゆうパック",
    "generic": "ヤマト(発払い)",
}
NAMES = {"b2cloud": "b2", "ehiden3": "sagawa", "yupri": "yupri"}
# Columns of the instruction file, from 0: the address, the name, the band.
PLACES = {
    "b2cloud": ((11, 12), (15,), 6),
    "ehiden3": ((4, 5, 6), (7, 8), 45),
    "yupri": ((6, 7, 8), (9, 10), 19),
}
WIDTHS = {"b2cloud": (64, 32), "ehiden3": (32, 32, 32), "yupri": (50, 50, 50)}
TOO_LONG = {"21": {"b2cloud", "ehiden3"}, "24": {"b2cloud", "ehiden3"}, "40": {"b2cloud"}}


@cache
def known(profile: str) -> Any:
    return mappings(profile)


def warehouse(profile: str, **door: Any) -> FileWarehouse:
    asked = changed(known(profile), door=changed(known(profile).door, **door))
    nowhere = Path("nowhere")
    return FileWarehouse(asked, drop=FolderDrop(nowhere), archive=Kept(nowhere), clock=SteppedClock(AT))


def at_home(number: str = "200901", **cells: Any) -> Slip:
    home = {"zip_code": "1500001", "address1": "東京都渋谷区", "address2": "神宮前9-99-2 見本マンション101"}
    return slip(number, **home | {"phone": "090-0000-0101"} | cells)


def doubts(one: Slip, profile: str = "generic", **door: Any) -> tuple[Hold, ...]:
    return warehouse(profile, **door).doubts([one]).get(one.number, ())


def built(one: Slip, profile: str = "generic", **door: Any) -> BuiltFile:
    return warehouse(profile, **door).instructions([one], sequence=1, at=AT)[0]


def table(name: str) -> list[dict[str, str]]:
    with (FIXTURES / "wms" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def plain(*texts: str) -> str:
    return unicodedata.normalize("NFKC", "".join("".join(texts).split()))


# --- addresses.csv ---------------------------------------------------------------------------------------


def addressed(row: dict[str, str], profile: str) -> Slip:
    return at_home(
        zip_code=row["zip"],
        address1=row["pref"] + row["city"],
        address2=f"{row['street']} {row['building']}".strip(),
        name=row["name"],
        delivery_method=METHODS[profile],
        delivery_id="",
    )


@pytest.mark.parametrize("row", table("addresses.csv"), ids=lambda row: row["no"])
@pytest.mark.parametrize("profile", PLACES)
def test_the_fixtures_forty_addresses_at_the_door(profile: str, row: dict[str, str]) -> None:
    one = addressed(row, profile)
    findings = known(profile).door.findings(one, TUESDAY)
    held, file = doubts(one, profile), built(one, profile)
    heavy = [(finding.code, finding.kind) for finding in findings if finding.weight is Weight.HOLD]
    remarks = [finding.kind for finding in findings if finding.weight is not Weight.HOLD]
    if row["verdict"] == "hold":
        code, kind = row["reason"].split()
        assert heavy == [(code, kind)]
        assert [hold.reason for hold in held] == [findings[0].reason]
        assert "ネクストエンジンの「送り先" in held[0].note
        return
    if row["verdict"] == "hold_for_some" and profile in TOO_LONG[row["no"]]:
        assert [code for code, _ in heavy] == ["E102"]
        assert held[0].reason is Reason.TEXT_TOO_LONG
        assert file.held[0][1].reason is Reason.TEXT_TOO_LONG, "and the file would not take it either"
        return
    assert (held, heavy) == ((), [])
    assert remarks == ([row["reason"]] if row["verdict"] == "warn" else [])
    assert [words.split()[0] for words in file.facts["remarks"]] == ["200901"] * len(remarks)
    _is_whole(row, profile, file)


def _is_whole(row: dict[str, str], profile: str, file: BuiltFile) -> None:
    """All the text, within all limits, no run broken: any such placement is right (Resolutions 9)."""
    where, who, _ = PLACES[profile]
    cells = rows_of(file.body)[-1]
    address = [cells[at] for at in where]
    assert plain(*address) == plain(row["pref"], row["city"], row["street"], row["building"])
    assert all(width(text) <= most for text, most in zip(address, WIDTHS[profile], strict=True))
    assert plain(*[cells[at] for at in who]) == plain(row["name"])


# --- time_slots.csv --------------------------------------------------------------------------------------

SYSTEMS = {"b2cloud": "yamato_b2", "ehiden3": "sagawa_ehiden3", "yupri": "japanpost_yupri"}
ONLY_BY_ANOTHER_SERVICE = ("T10", "T17")  # タイムサービス, which this shop does not sell


@pytest.mark.parametrize("row", table("time_slots.csv"), ids=lambda row: row["no"])
@pytest.mark.parametrize("profile", SYSTEMS)
def test_the_fixtures_sixty_bands_at_the_door(profile: str, row: dict[str, str]) -> None:
    system = SYSTEMS[profile]
    one = at_home(time_slot=row["text"], delivery_method=METHODS[profile], delivery_id="")
    held, file = doubts(one, profile), built(one, profile)
    if row["canonical"] == "unknown" or row["reading_context"] not in ("", system):
        if row["text"] == "AM":
            return  # a word that everybody understands
        slot = tables().time_slot(row["text"], system)
        assert [hold.reason for hold in held] == ([Reason.UNKNOWN_VALUE] if slot is None else [])
        return
    wanted = row[system]
    if wanted in ("not_offered", "config") or row["canonical"] in ONLY_BY_ANOTHER_SERVICE:
        (hold,) = held
        assert hold.reason is Reason.DELIVERY_UNFIT
        assert "time_slot_by_system.yaml" in hold.note
        assert file.included == ()
        return
    assert held == ()
    assert rows_of(file.body)[-1][PLACES[profile][2]] == wanted
    told = any("1921" in words and "B2021" in words for words in file.facts["remarks"])
    assert told == ("configured replacement" in row["note"] and profile == "b2cloud")


@pytest.mark.parametrize("row", table("time_slots.csv"), ids=lambda row: row["no"])
def test_the_fixtures_sixty_bands_for_an_api(row: dict[str, str]) -> None:
    """OPENLOGI has a table of bands of its own, for either carrier."""
    checks = Checks(bands="openlogi")
    one = at_home(time_slot=row["text"], delivery_method="佐川急便", delivery_id="")
    slot = tables().time_slot(row["text"], "sagawa_ehiden3")
    if slot is None or slot.band != row["canonical"]:
        return
    held = doubts(one, checks=checks)
    offered = row["openlogi"] not in ("not_offered", "config")
    assert [hold.reason for hold in held] == ([] if offered else [Reason.DELIVERY_UNFIT])


@pytest.mark.parametrize(
    ("missing", "code", "words"),
    [("hold", None, "選べません"), ("nearest", "1416", "B1416 で送ります"), ("none", "", "NONE で送ります")],
)
def test_a_band_that_the_carrier_lacks_is_what_the_table_says(
    tmp_path: Path, missing: str, code: str | None, words: str
) -> None:
    folder = copy_of_mappings(tmp_path)
    path = folder / "tables/time_slot_by_system.yaml"
    text = path.read_text("utf-8").replace('      B1214: {code: "1214", valid_to: "2017-06-18"}\n', "", 1)
    path.write_text(text.replace("if_not_offered: hold", f"if_not_offered: {missing}", 1), "utf-8")
    from connector.adapters.wms.files import load_mappings
    from connector.mapping import load_tables

    loaded = load_mappings(folder / "wms/b2cloud", load_tables(folder / "tables"), OWN)
    house = FileWarehouse(loaded, drop=FolderDrop(tmp_path), archive=Kept(tmp_path), clock=SteppedClock(AT))
    one = at_home(time_slot="12時-14時")
    held = house.doubts([one]).get(one.number, ())
    file = house.instructions([one], sequence=1, at=AT)[0]
    if code is None:
        assert words in held[0].note
        return
    assert held == ()
    assert rows_of(file.body)[-1][6] == code
    assert any(words in remark for remark in file.facts["remarks"])


def test_an_old_band_is_replaced_and_told_in_every_profile_that_ships_by_yamato() -> None:
    for profile in ("b2cloud", "generic", "logizard-csv"):
        file = built(at_home(time_slot="20時〜21時"), profile)
        assert file.included == ("200901",)
        (remark,) = file.facts["remarks"]
        assert "2017/06/18 で終わりました。B1921 で送ります" in remark
        assert b"1921" in file.body


# --- tracking_numbers.csv --------------------------------------------------------------------------------

HEADER = (
    "実績番号", "出荷指示番号", "行番号", "実績区分", "出荷日", "運送会社コード", "送り状番号", "個口番号", "個口総数",
    "商品コード", "出荷数", "ロット", "賞味期限", "理由コード", "理由", "確定日時",
)  # fmt: skip


def result_file(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO(newline="")
    lines = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    lines.writerow(HEADER)
    for row in rows:
        cells = [
            f"R{row['no']}",
            f"3{int(row['no']):05}",
            "0",
            "1",
            "20261124",
            row["carrier"],
            row["as_written"],
        ]
        lines.writerow([*cells, "1", "1", *[""] * 7])
    return text.getvalue().encode("cp932")


def test_the_fixtures_eighty_numbers_through_a_result_file(tmp_path: Path) -> None:
    folder = copy_of_mappings(tmp_path) / "wms/generic"
    text = (folder / "result.yaml").read_text("utf-8")
    wide = text.replace("grammar: tracking,", "grammar: tracking, padded: 15,")
    assert wide != text
    seen: Counter[str] = Counter()
    for padded in (False, True):
        (folder / "result.yaml").write_text(wide if padded else text, "utf-8")
        rows = [row for row in table("tracking_numbers.csv") if (row["profile"] != "") == padded]
        house = FileWarehouse(
            mappings(folder), drop=FolderDrop(tmp_path), archive=Kept(tmp_path), clock=SteppedClock(AT)
        )
        read = house.read_results("SHIPRES.csv", result_file(rows))
        numbers = {one.slip_number: one.tracking for one in read.shipments}
        strays = {stray.facts["slip_number"]: stray.words for stray in read.strays}
        for row in rows:
            _as_the_fixture_says(row, numbers.get(f"3{int(row['no']):05}"), strays)
            seen[row["verdict"]] += 1
    assert seen == {"accept": 41, "warn": 3, "refuse": 36}


SAID = {
    "check_digit": "検査数字が合いません",
    "excel_damage": "表計算ソフトで壊れた番号です",
    "not_digits": "数字ではありません",
    "too_short": "桁が足りません",
    "too_long": "桁が多すぎます",
    "empty": "番号がありません",
    "several_in_one_cell": "一つの欄に番号がいくつもあります",
    "not_s10": "国際郵便の番号の形ではありません",
}
"""The fixture's reasons as an operator reads them."""


def _as_the_fixture_says(
    row: dict[str, str], tracking: tuple[str, ...] | None, strays: dict[str, str]
) -> None:
    words = strays.get(f"3{int(row['no']):05}", "")
    if row["verdict"] == "refuse":
        assert tracking is None
        reason = "「送り状番号」がありません" if not row["as_written"] else SAID[row["reason"]]
        assert reason in words, row
        return
    assert tracking == ((row["normal_form"],) if row["normal_form"] else ()), row
    assert ("検査数字が合いません" in words) == (row["verdict"] == "warn"), row


# --- carriers and payments -------------------------------------------------------------------------------


def limited(most: int) -> Door:
    door: Door = known("generic").door
    rows = dict(door.tables.services.rows)
    rows["SAGAWA_TAKUHAI"] = replace(rows["SAGAWA_TAKUHAI"], cod_most=most)
    return changed(door, tables=replace(door.tables, services=Services(rows=rows)))


@pytest.mark.parametrize(
    ("cells", "temperature", "words"),
    [
        (
            {"delivery_method": "ネコポス", "cash_on_delivery": True, "total": 3000},
            "0",
            "代金引換を扱いません",
        ),
        ({"cash_on_delivery": True, "total": 300_001}, "0", "上限 300,000円"),
        ({"delivery_method": "ネコポス"}, "1", "冷蔵・冷凍を扱いません"),
        ({"delivery_method": "ゆうパック", "time_slot": "18時-21時"}, "0", "B1821 は選べません"),
    ],
)
def test_what_a_carrier_does_not_offer_is_one_sentence_with_its_value(
    cells: dict[str, Any], temperature: str, words: str
) -> None:
    (hold,) = doubts(at_home(**{"delivery_id": ""} | cells), temperature=temperature)
    assert hold.reason is Reason.DELIVERY_UNFIT
    assert words in hold.note
    assert "ネクストエンジンの「" in hold.note


def test_cash_up_to_the_limit_and_points_for_all_of_it_pass() -> None:
    for total in (300_000, 1, 0):
        assert doubts(at_home(cash_on_delivery=True, total=total)) == ()
    assert doubts(at_home(delivery_method="ネコポス", delivery_id="", cash_on_delivery=True, total=0)) == ()
    sagawa = at_home(delivery_method="佐川急便", cash_on_delivery=True, total=11)
    assert len(limited(10).doubts([sagawa], TUESDAY)) == 1
    assert limited(11).doubts([sagawa], TUESDAY) == {}


def test_an_unknown_method_names_the_file_and_the_nearest_word() -> None:
    (hold,) = doubts(at_home(delivery_method="ヤマト運輪", delivery_id=""))
    assert hold.reason is Reason.UNKNOWN_VALUE
    assert "carrier.yaml" in hold.note
    assert "ヤマト運輸" in hold.note


def test_a_letter_box_takes_no_wish_and_the_file_says_what_was_left_out() -> None:
    one = at_home(
        delivery_method="ネコポス", delivery_id="", deliver_on=date(2026, 11, 26), time_slot="午前中"
    )
    assert doubts(one) == ()
    (remark,) = built(one).facts["remarks"]
    assert "2026-11-26・午前中" in remark
    assert len(built(one).facts["replaced"]) == 2


def test_every_carrier_of_ours_has_its_row() -> None:
    services = known("generic").door.tables.services
    assert set(services.rows) == set(Carrier)
    assert {"JP_KAKITOME", "JP_INTERNATIONAL"} <= set(services.rows)
    assert tables().cart_carrier("JP_INTERNATIONAL") == "日本郵便"


# --- telephones, weights, several at once ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("phone", "written"),
    [
        ("090-0000-0101", "090-0000-0101"),
        ("+81-90-0000-0101", "090-0000-0101"),
        ("＋８１ 90 0000 0101", "09000000101"),
        ("０９０−００００−０１０１", "090-0000-0101"),
        ("", None),
        ("   ", None),
        ("1234", None),
        ("お電話不可", None),
        ("99-0000-0000", None),
        ("03-000", None),
        ("0900000000101010", None),
    ],
)
def test_a_telephone_is_written_plainly_or_the_slip_is_held(phone: str, written: str | None) -> None:
    one = at_home(phone=phone)
    held = doubts(one)
    if written is None:
        assert [hold.reason for hold in held] == [Reason.ADDRESS_DOUBTFUL]
        assert "「送り先電話番号」" in held[0].note
        return
    assert held == ()
    assert rows_of(built(one).body)[-1][24] == written


def test_a_shop_may_have_a_filler_for_a_missing_telephone_and_it_is_told() -> None:
    checks = Checks(phone_filler="000-0000-0000")
    for phone in ("", " "):
        file = built(at_home(phone=phone), checks=checks)
        assert rows_of(file.body)[-1][24] == "000-0000-0000"
        assert file.facts["remarks"] == ["200901 電話番号がないので 000-0000-0000 を書きます"]
    assert [hold.reason for hold in doubts(at_home(phone="1234"), checks=checks)] == [Reason.ADDRESS_DOUBTFUL]


def test_what_a_spreadsheet_takes_for_a_formula_is_not_written_and_told() -> None:
    one = at_home(name="=見本 花子", address2="+@神宮前9-99-2")
    assert doubts(one) == ()
    file = built(one)
    cells = rows_of(file.body)[-1]
    assert (cells[22], cells[18]) == ("見本 花子", "神宮前9-99-2")
    rule = "表計算ソフトが式と読む先頭の記号の除去"
    assert sorted(file.facts["replaced"]) == [
        f"200901 届先名 1文字目: 「=」(U+003D) → 「」 ({rule})",
        f"200901 届先町番地 1文字目: 「+@」 → 「」 ({rule})",
    ]
    assert file.facts["remarks"] == [], "one change is told once"
    assert one.name == "=見本 花子", "what Next Engine says stays as it is"


STARTS = {  # what Next Engine says, the goods' name, and what the cell says
    "届先建物": ({"address2": "神宮前9-99-2 =1+1"}, "1+1"),
    "届先名": ({"name": "\u2011見本花子"}, "見本花子"),
    "商品名": ({"goods": "=cmd|'/C calc'!A0"}, "cmd|'/C calc'!A0"),
    "倉庫備考": ({"noshi": "@SUM(1+1)"}, "SUM(1+1)"),
    "届先カナ": ({"kana": "＝ミホン"}, "ﾐﾎﾝ"),
    "届先電話": ({"phone": "-03-0000-0101"}, "03-0000-0101"),
}


@pytest.mark.parametrize("column", STARTS)
def test_no_cell_of_an_instruction_starts_as_a_formula_whatever_became_of_its_text(column: str) -> None:
    cells, wanted = STARTS[column]
    file = built(with_goods(**cells))
    header, row = rows_of(file.body)
    assert row[header.index(column)] == wanted
    for name, cell in zip(header, row, strict=True):
        assert not cell.startswith(("=", "+", "-", "@")), name


def with_goods(goods: str = "見本ほうじ茶 30包", sku: str = "TEA-30", **cells: Any) -> Slip:
    one = at_home(**cells)
    return replace(one, rows=(replace(one.rows[0], name=goods, sku=sku),))


@pytest.mark.parametrize("profile", PLACES)
@pytest.mark.parametrize(
    ("line1", "line2"),
    [
        ("東京都渋谷区神宮前9", "-99-2 見本マンション101"),
        ("東京都渋谷区神宮前9", "－99－2 見本マンション101"),
        ("東京都渋谷区神宮前９‑", "99-2 見本マンション101"),
        ("東京都渋谷区", "神宮前9 -99-2 見本マンション101"),
    ],
)
def test_a_house_number_on_two_lines_is_one_house_number(profile: str, line1: str, line2: str) -> None:
    usual = {"delivery_method": METHODS[profile], "delivery_id": ""}
    one = at_home(address1=line1, address2=line2, **usual)
    assert doubts(one, profile) == ()
    assert _address(one, profile) == _address(at_home(**usual), profile)


def _address(one: Slip, profile: str) -> list[str]:
    return rows_of(built(one, profile).body)[-1][PLACES[profile][0][0] : PLACES[profile][0][-1] + 1]


@pytest.mark.parametrize(
    ("cells", "column", "sign"),
    [
        ({"sku": "-TEA-30"}, "商品コード", "-"),
        ({"order_number": "-A200901"}, "受注番号", "-"),
        ({"address2": "神宮前九丁目 -99-2"}, "届先町番地", ""),
        ({"address2": "神宮前9丁目 -99-2"}, "届先建物", "-"),
        ({"noshi": "+81-3-0000-0101"}, "倉庫備考", "+"),
    ],
)
def test_a_number_is_never_changed_by_taking_its_sign_away(
    cells: dict[str, str], column: str, sign: str
) -> None:
    file = built(with_goods(**cells))
    if not sign:
        assert file.included and file.facts["replaced"] == []
        return
    assert file.included == ()
    ((_, hold),) = file.held
    assert hold.reason is Reason.UNMAPPABLE_TEXT
    assert f"「{column}」: 先頭の「{sign}」" in hold.note
    assert "元の値を直してください" in hold.note


def test_the_shops_own_settings_are_corrected_by_the_shop_and_not_on_the_way() -> None:
    own = known("generic").profile
    other = changed(
        known("generic"), profile=replace(own, sender=replace(own.sender, phone="+81-3-0000-0001"))
    )
    desk = FileWarehouse(other, drop=FolderDrop(Path("x")), archive=Kept(Path("x")), clock=SteppedClock(AT))
    (file,) = desk.instructions([at_home()], sequence=1, at=AT)
    assert [(number, "「依頼主電話」" in hold.note) for number, hold in file.held] == [("200901", True)]


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("12E5", 1),
        ("1e10", 1),
        ("0012345", 1),
        ("12345678901234567", 1),
        ("EC-2026-000201", 0),
        ("123456", 0),
    ],
)
def test_codes_that_a_spreadsheet_would_change_are_whole_in_the_file_and_hinted_at(
    number: str, told: int
) -> None:
    file = built(at_home(order_number=number))
    assert rows_of(file.body)[-1][4] == number
    assert len(file.facts["remarks"]) == told
    assert all(number in words for words in file.facts["remarks"])


@pytest.mark.parametrize(
    ("quantity", "held"), [(-1, True), (0, True), (1, False), (9999, False), (10_000, True)]
)
@pytest.mark.parametrize("profile", ["generic", "b2cloud"])
def test_a_row_of_no_pieces_or_of_too_many_stays_here_with_its_slip(
    profile: str, quantity: int, held: bool
) -> None:
    """Some warehouses refuse the whole file for it (E401); label software does not even see it."""
    row = replace(at_home().rows[0], sku="MH-SERUM-30", quantity=quantity)
    one = at_home(rows=(replace(row, cancelled=True), replace(row, no=2)), delivery_method=METHODS[profile])
    found = warehouse(profile).doubts([one, at_home("200903", delivery_method=METHODS[profile])])
    assert found.keys() == ({one.number} if held else set())
    for hold in found.get(one.number, ()):
        assert hold.reason is Reason.MALFORMED
        assert f"明細2「MH-SERUM-30」の数量が {quantity:,} です" in hold.note


@pytest.mark.parametrize(
    ("wish", "held"), [(date(2026, 11, 20), True), (date(2026, 11, 24), True), (date(2026, 11, 25), False)]
)
@pytest.mark.parametrize("profile", list(METHODS))
def test_a_day_that_has_passed_or_comes_before_the_shipping_is_asked_about(
    profile: str, wish: date, held: bool
) -> None:
    """Instructed on Tuesday after the cut-off: it leaves on Wednesday. Label software would answer nothing (E107)."""
    one = at_home(deliver_on=wish, delivery_method=METHODS[profile])
    found = warehouse(profile).doubts([one], date(2026, 11, 25)).get(one.number, ())
    assert [hold.reason for hold in found] == ([Reason.DELIVERY_UNFIT] if held else [])
    assert all(f"お届け希望日 {wish} に間に合いません" in hold.note for hold in found)


def test_a_day_that_the_label_cannot_show_is_no_question() -> None:
    assert doubts(at_home(deliver_on=date(2026, 11, 20), delivery_method="ネコポス", delivery_id="")) == ()


def test_a_shop_may_weigh_a_finding_otherwise() -> None:
    elsewhere = at_home(zip_code="5300001")
    assert [hold.reason for hold in doubts(elsewhere)] == [Reason.ADDRESS_DOUBTFUL]
    for weight, told in ((Weight.WARN, 1), (Weight.HINT, 1), (Weight.OFF, 0)):
        checks = Checks(weights={"postcode_of_other_prefecture": weight})
        assert doubts(elsewhere, checks=checks) == ()
        assert len(built(elsewhere, checks=checks).facts["remarks"]) == told


def test_everything_wrong_with_a_slip_is_said_at_once_and_its_neighbours_are_not_asked_twice() -> None:
    odd = at_home("200902", zip_code="5300001", address2="神宮前 ♥荘", phone="", time_slot="夜間")
    held = warehouse("generic").doubts([at_home("200901"), odd, at_home("200903")])
    assert held.keys() == {"200902"}
    assert [hold.reason for hold in held["200902"]] == [
        Reason.UNMAPPABLE_TEXT,
        Reason.ADDRESS_DOUBTFUL,
        Reason.UNKNOWN_VALUE,
    ]
    (doubtful,) = [hold for hold in held["200902"] if hold.reason is Reason.ADDRESS_DOUBTFUL]
    assert len(doubtful.note.splitlines()) == 3
    assert "U+2665" in held["200902"][0].note


def test_the_same_slip_has_the_same_words_every_time() -> None:
    """A person lets a finding pass by its words: they must not change by themselves."""
    one = at_home(zip_code="5300001", address2="神宮前")
    assert doubts(one) == doubts(one)
    assert doubts(one) != doubts(replace(one, zip_code="0600001"))


def test_an_island_is_a_hint_and_no_hold() -> None:
    one = at_home(zip_code="1001401", address1="東京都八丈島八丈町", address2="大賀郷999")
    assert doubts(one) == ()
    assert "離島" in built(one).facts["remarks"][0]


def test_without_the_postal_list_the_rest_is_still_asked() -> None:
    assert doubts(at_home(zip_code="9999999"), postal=None) == ()
    assert len(doubts(at_home(zip_code="99999"), postal=None)) == 1
    assert len(doubts(at_home(address2="神宮前"), postal=None)) == 1


def test_nobody_of_the_sandbox_town_is_held_for_his_address() -> None:
    """Its streets are real and its house numbers are not."""
    slips = [
        at_home(
            f"{200_000 + number}",
            zip_code=home.postcode,
            address1=cart.PREFECTURES[home.prefecture_id - 1] + home.town,
            address2=f"９９−{number + 1}−３　{building.format(n=303)}".strip(),
        )
        for number, (home, building) in enumerate(
            (home, each) for home in HOMES for each in sorted(set(BUILDINGS))
        )
    ]
    assert warehouse("generic").doubts(slips) == {}
    (file,) = warehouse("generic").instructions(slips, sequence=1, at=AT)
    assert len(file.included) == len(slips) > 60
    assert file.facts["remarks"] == []


def test_a_receiver_of_plain_shift_jis_gets_plain_characters_and_the_record_says_so(tmp_path: Path) -> None:
    folder = copy_of_mappings(tmp_path) / "wms/generic"
    path = folder / "instruction.yaml"
    text = path.read_text("utf-8")
    one = at_home(name="髙﨑 ①郞", address2="神宮前9-99-2 コーポ〜壱")
    for encoding, codec, name, building in (
        ("shift_jis", "shift_jis", "高崎 1郎", "コーポ〜壱"),
        ("cp932\nforbid_nec_row13: yes", "cp932", "髙﨑 1郞", "コーポ～壱"),
        ("cp932", "cp932", "髙﨑 ①郞", "コーポ～壱"),
        ("utf-8", "utf-8", "髙﨑 ①郞", "コーポ〜壱"),
    ):
        path.write_text(text.replace("encoding: cp932", f"encoding: {encoding}"), "utf-8")
        loaded = mappings(folder)
        house = FileWarehouse(
            loaded, drop=FolderDrop(tmp_path), archive=Kept(tmp_path), clock=SteppedClock(AT)
        )
        assert house.doubts([one]) == {}
        (file,) = house.instructions([one], sequence=1, at=AT)
        row = read_table(file.body, loaded.instruction.header, codec).rows[0]
        assert (row["届先名"], row["届先建物"]) == (name, building)
        shown = "\n".join(file.facts["replaced"])
        assert all((sign in shown) == (sign not in name) for sign in "髙﨑①郞")


# --- the files themselves --------------------------------------------------------------------------------


def test_every_profiles_checks_can_be_read() -> None:
    for path in sorted(MAPPINGS.glob("wms/*/checks.yaml")):
        checks = load_checks(path)
        assert checks.receiver in ("", *RECEIVERS), path
    from connector.addresses import RECEIVERS as KNOWN

    assert tuple(KNOWN) == RECEIVERS
    assert set(WEIGHTS) >= CERTAIN


@pytest.mark.parametrize(
    ("body", "place", "words"),
    [
        ("kind: warehouse_checks\nreceiver: b3\n", ":2:", "b3"),
        ("kind: warehouse_checks\nweights: {postcode_unknow: warn}\n", ":2:", "postcode_unknown"),
        ("kind: warehouse_checks\nweights: {postcode_unknown: error}\n", ":2:", "error"),
        ("kind: warehouse_checks\nweights: {unmappable_character: off}\n", ":2:", "unmappable_character"),
        ("kind: warehouse_checks\nphone_filler: 不明\n", ":2:", "電話番号"),
        ("receiver: b2\n", ":1:", "kind"),
        ("kind: warehouse_checks\nbands: yamato\n", "", "yamato"),
    ],
)
def test_a_broken_checks_file_says_where(tmp_path: Path, body: str, place: str, words: str) -> None:
    folder = copy_of_mappings(tmp_path) / "wms/generic"
    (folder / "checks.yaml").write_text(body, "utf-8")
    with pytest.raises(Misconfigured) as raised:
        mappings(folder)
    assert f"checks.yaml{place}" in str(raised.value)
    assert words in str(raised.value)
