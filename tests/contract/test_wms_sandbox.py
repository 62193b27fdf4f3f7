"""The warehouse sandbox's receipts against bytes it did not make (fixtures/wms/generic), spec/wms.md §7."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from connector.adapters.wms import wire
from connector.clock import at_jst
from connector.sandbox.warehouse import WarehouseSettings

from tests.contract.wms_house import (
    CANCEL_1,
    GENERIC,
    ORDER_1,
    ORDER_2,
    ORDER_3,
    TUESDAY,
    House,
    fixture_rows,
    instruction,
    rows_of,
    without,
)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


# Receipts (SHIPACK).


@pytest.mark.parametrize("name", [ORDER_1, ORDER_2, ORDER_3])
async def test_instructions_are_answered_as_the_fixtures_say(house: House, name: str) -> None:
    for earlier in (ORDER_1, ORDER_2, ORDER_3):
        answer = await house.deliver(GENERIC / earlier)
        if earlier == name:
            break
    expected = fixture_rows(f"SHIPACK_{name}")
    assert without(answer, "処理日時") == without(expected, "処理日時")
    assert tuple(answer[0]) == wire.SHIPACK_COLUMNS
    assert not list((house.root / wire.FOLDER_IN).iterdir())
    assert house.warehouse.check() == []


async def test_receipt_bytes_are_quoted_crlf_cp932_and_stamped_in_japanese_time(house: House) -> None:
    await house.until_jst(10, 15)
    await house.deliver(GENERIC / ORDER_1)
    data = (house.root / wire.FOLDER_ACK / f"SHIPACK_{ORDER_1}").read_bytes()
    expected = (GENERIC / f"SHIPACK_{ORDER_1}").read_bytes()
    assert data == expected.replace(b"10:16:02", b"10:16:00")


async def test_accepted_refused_and_repeated_slips_are_in_the_history(house: House) -> None:
    for name in (ORDER_1, ORDER_2, ORDER_3):
        await house.deliver(GENERIC / name)
    assert house.history.count("file_received") == 3
    assert house.history.count("slip_accepted") == 13
    assert [event.key for event in house.history.of("slip_duplicate")] == ["200101"]
    refused = {event.key: event.detail["code"] for event in house.history.of("slip_refused")}
    assert refused == {
        "200102": "E301",
        "200114": "E104",
        "200115": "E201",
        "200116": "E102",
        "200117": "E404",
    }


@pytest.mark.parametrize(
    "name",
    [
        "SHIPORD_demo_WH01_20261124140001_000004.csv",
        "SHIPORD_demo_WH01_20261124140002_000005.csv",
        "SHIPORD_demo_WH01_20261124140003_000006.csv",
        "SHIPORD_demo_WH01_20261124140005_000007.csv",
        ORDER_1,
    ],
)
async def test_bad_files_are_refused_whole(house: House, name: str) -> None:
    await house.deliver(GENERIC / ORDER_1)
    accepted = house.history.count("slip_accepted")
    answer = await house.deliver(GENERIC / "refused" / name, polls=3)
    expected = fixture_rows(f"refused/SHIPACK_{name}")
    assert without(answer, "処理日時") == without(expected, "処理日時")
    assert house.history.count("slip_accepted") == accepted
    assert house.history.count("file_refused") == 1


async def test_a_sequence_of_a_refused_file_is_free_again(house: House, tmp_path: Path) -> None:
    await house.deliver(GENERIC / "refused" / "SHIPORD_demo_WH01_20261124140001_000004.csv", polls=3)
    corrected = tmp_path / "SHIPORD_demo_WH01_20261124140001_000004.csv"
    corrected.write_bytes((GENERIC / ORDER_1).read_bytes())
    answer = await house.deliver(corrected, polls=3)
    assert answer[0]["受付区分"] == wire.ACCEPTED


async def test_the_same_file_again_is_answered_with_duplicates(house: House) -> None:
    await house.deliver(GENERIC / ORDER_1)
    answer = await house.deliver(GENERIC / ORDER_1)
    assert [row["受付区分"] for row in answer] == ["A"] + ["D"] * 8
    assert house.history.per_key("slip_accepted").most_common(1)[0][1] == 1
    assert house.warehouse.check() == []


async def test_the_duplicate_answer_and_the_short_name_are_settings(tmp_path: Path) -> None:
    settings = WarehouseSettings(duplicate_answer=wire.ALREADY_ACCEPTED, short_ack_names=True)
    house = House(tmp_path, settings=settings)
    for name in (ORDER_1, ORDER_2):
        house.put(GENERIC / name)
        await house.until(house.clock.now() + timedelta(minutes=2))
    house.put(GENERIC / ORDER_2)
    await house.until(house.clock.now() + timedelta(minutes=2))
    short = rows_of(
        (house.root / wire.FOLDER_ACK / "SHIPACK_demo_WH01_20261124113000_000002.csv").read_bytes()
    )
    assert {row["元ファイル名"] for row in short} == {ORDER_2}
    assert (short[1]["受付区分"], short[1]["エラーコード"], short[1]["エラー内容"]) == (
        "D",
        "D301",
        "ALREADY_ACCEPTED",
    )


async def test_utf8_is_read_where_the_contract_says_so(tmp_path: Path) -> None:
    house = House(tmp_path, settings=WarehouseSettings(encoding="utf-8-sig"))
    house.put(GENERIC / "utf8" / ORDER_1)
    await house.until(house.clock.now() + timedelta(minutes=2))
    assert house.history.count("slip_accepted") == 8


async def test_a_growing_file_without_marker_is_left_until_it_stands_still(house: House) -> None:
    data = (GENERIC / ORDER_1).read_bytes()
    path = house.root / wire.FOLDER_IN / ORDER_1
    path.write_bytes(data[:500])
    await house.until_jst(9, 1)
    path.write_bytes(data)
    await house.until_jst(9, 2)
    assert house.history.count("file_received") == 0
    await house.until_jst(9, 3)
    assert house.history.count("slip_accepted") == 8


async def test_temporary_names_are_never_taken_and_wake_nobody(house: House) -> None:
    for name in (f".{ORDER_1}.tmp", f"{ORDER_1}.part", f"{ORDER_1}.ok"):
        (house.root / wire.FOLDER_IN / name).write_bytes((GENERIC / ORDER_1).read_bytes())
    assert house.warehouse.next_event_at() == at_jst(TUESDAY, 11)
    await house.until_jst(9, 30)
    assert house.history.count("file_received") == 0


async def test_a_foreign_file_name_is_refused_and_leaves_the_folder(house: House, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_bytes(b"x")
    answer = await house.deliver(tmp_path / "orders.csv", polls=3)
    assert [(row["出荷指示番号"], row["エラーコード"]) for row in answer] == [("*FILE*", "E401")]
    assert not list((house.root / wire.FOLDER_IN).iterdir())


@pytest.mark.parametrize(
    ("cells", "code", "line"),
    [
        ({"届先名": ""}, "E101", "0"),
        ({"商品名": ""}, "E101", "1"),
        ({"運送会社コード": "YAMATO_COLLECT"}, "E101", "0"),
        ({"倉庫備考": "あ" * 101}, "E102", "0"),
        ({"倉庫備考": "一行目\n二行目"}, "E103", "0"),
        ({"届先名": "\ue000太郎"}, "E103", "0"),
        ({"届先郵便番号": "630-821"}, "E104", "0"),
        ({"届先都道府県": "北海道"}, "E105", "0"),
        ({"時間帯コード": "B1214"}, "E106", "0"),
        ({"時間帯コード": "夜間"}, "E106", "0"),
        ({"運送会社コード": "YAMATO_NEKOPOS", "時間帯コード": "AM"}, "E106", "0"),
        ({"運送会社コード": "YAMATO_NEKOPOS", "お届け希望日": "20261126"}, "E107", "0"),
        ({"出荷予定日": "2026/11/24"}, "E107", "0"),
        ({"出荷予定日": "20261131"}, "E107", "0"),
        ({"お届け希望日": "20261123"}, "E107", "0"),
        ({"届先電話": "1234"}, "E108", "0"),
        ({"数量": "0"}, "E401", "1"),
        ({"数量": "10000"}, "E401", "1"),
        ({"単価": "1,296"}, "E401", "1"),
        ({"運送会社コード": "NEKO_UNKNOWN"}, "E401", "0"),
        ({"倉庫コード": "WH99"}, "E401", "0"),
        ({"代引金額": "5940"}, "E401", "0"),
        ({"運送会社コード": "YAMATO_COLLECT", "代引金額": "300001"}, "E401", "0"),
    ],
)
async def test_every_complaint_of_the_desk(
    house: House, tmp_path: Path, cells: dict[str, str], code: str, line: str
) -> None:
    path = tmp_path / "SHIPORD_demo_WH01_20261124090000_000001.csv"
    path.write_bytes(instruction(**cells))
    answer = await house.deliver(path, polls=3)
    assert [(row["受付区分"], row["エラーコード"], row["行番号"]) for row in answer[1:]] == [
        ("R", code, line)
    ]
    assert answer[1]["エラー内容"].strip()
    assert house.warehouse.state_of("200200") is None


async def test_short_stock_and_cutoff_may_be_refused_at_the_door(tmp_path: Path) -> None:
    house = House(tmp_path, settings=WarehouseSettings(refuses_short_stock=True, refuse_after_cutoff=True))
    path = tmp_path / "SHIPORD_demo_WH01_20261124090000_000001.csv"
    path.write_bytes(instruction(商品コード="MH-SUPPL-60", 数量="3"))
    assert (await house.deliver(path, polls=3))[1]["エラーコード"] == "E202"
    await house.until_jst(15, 1)
    path = tmp_path / "SHIPORD_demo_WH01_20261124150100_000002.csv"
    path.write_bytes(instruction())
    assert (await house.deliver(path, polls=3))[1]["エラーコード"] == "E303"


# Cancel requests (SHIPCAN).


async def test_cancel_requests_are_answered_as_the_fixture_says(house: House) -> None:
    await house.until_jst(10, 15)
    await house.deliver(GENERIC / ORDER_1)
    await house.until_jst(11, 30)
    await house.deliver(GENERIC / ORDER_2)
    await house.until_jst(11, 45)
    answer = await house.deliver(GENERIC / CANCEL_1)
    assert without(answer, "処理日時") == without(fixture_rows(f"SHIPACK_{CANCEL_1}"), "処理日時")
    assert [event.key for event in house.history.of("cancelled")] == ["200112"]
    assert {event.key for event in house.history.of("cancel_refused")} == {"200106", "200199"}


async def test_a_cancelled_slip_frees_its_stock_and_its_number_stays_used(house: House) -> None:
    await house.deliver(GENERIC / ORDER_2)
    free = house.warehouse.stock.free("MH-CREAM-50")
    await house.deliver(GENERIC / CANCEL_1)
    assert house.warehouse.stock.free("MH-CREAM-50") == free + 1
    assert house.warehouse.state_of("200112") == "CANCELLED"
    again = await house.deliver(GENERIC / ORDER_2)
    assert again[-1]["受付区分"] == wire.DUPLICATE
    assert house.warehouse.check() == []
