"""What API answers are read as, and what a body is made of: no server, only bytes."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from connector.adapters.wms import kinds
from connector.adapters.wms.api_body import body_of
from connector.adapters.wms.openlogi import SHAPE
from connector.clock import SteppedClock, at_jst
from connector.config import load
from connector.errors import Malformed, Misconfigured
from connector.mapping import Unfit, lint
from connector.outcome import Reason
from connector.ports import ReadResults
from connector.wiring import open_world

from tests.contract.border import MAPPINGS, MemoryArchive, tables
from tests.contract.wms_api_desk import ApiDesk, a_slip
from tests.contract.wms_desk import SENDER
from tests.contract.wms_faces import exchange
from tests.contract.wms_house import TUESDAY
from tests.test_bad_configs import laid_out

LISTED = {"openlogi": ("shipped_list", "shipments"), "logiless": ("outbound_shipped_list", "data")}
BAD = Path(__file__).parents[1] / "bad_configs"


@pytest.fixture
async def desks() -> AsyncIterator[dict[str, ApiDesk]]:
    clock = SteppedClock(at_jst(TUESDAY, 19))
    made = {
        name: ApiDesk(name, "https://wms.example.jp", clock) for name in ("openlogi", "logiless", "logizard")
    }
    yield made
    for desk in made.values():
        await desk.close()


def listed(speaks: str) -> list[dict[str, Any]]:
    name, key = LISTED[speaks]
    found: list[dict[str, Any]] = exchange(speaks, name)["response"]["body"][key]
    return found


def read(desks: dict[str, ApiDesk], speaks: str, *documents: dict[str, Any]) -> ReadResults:
    body = json.dumps({LISTED[speaks][1]: documents}).encode()
    return desks[speaks].warehouse.read_results("answer.json", body)


def only_words(found: ReadResults) -> str:
    assert found.shipments == ()
    (stray,) = found.strays
    return stray.words


def test_a_changed_number_is_another_event_and_the_same_is_not(desks: dict[str, ApiDesk]) -> None:
    first = listed("openlogi")[0]
    (one,) = read(desks, "openlogi", first).shipments
    (again,) = read(desks, "openlogi", first | {"updated_at": "2026-11-24T20:00:00+09:00"}).shipments
    (other,) = read(desks, "openlogi", first | {"tracking_codes": ["999900001026"]}).shipments
    assert one.result_id == again.result_id != other.result_id
    assert one.result_id.startswith("TS001-S000101-")


def test_the_first_of_several_numbers_is_primary_whatever_tracking_code_says(
    desks: dict[str, ApiDesk],
) -> None:
    (one,) = read(desks, "openlogi", listed("openlogi")[1]).shipments
    assert listed("openlogi")[1]["tracking_code"] == one.tracking[-1]
    assert one.tracking[0] == "999900010616"


@pytest.mark.parametrize("status", ["backordered", "waiting", "suspended", "picking", "cancel_request"])
def test_what_has_not_left_says_nothing_yet(desks: dict[str, ApiDesk], status: str) -> None:
    assert read(desks, "openlogi", listed("openlogi")[0] | {"status": status}) == ReadResults((), ())


@pytest.mark.parametrize(
    ("speaks", "change", "words"),
    [
        ("openlogi", {"status": "teleported"}, "知らない状態「teleported」"),
        ("openlogi", {"delivery_carrier": "NEKO"}, "運送会社「NEKO」は表にありません"),
        ("openlogi", {"delivery_carrier": None}, "profile.yaml の carriers:"),
        ("openlogi", {"tracking_codes": ["999900001016"]}, "検査数字が合いません（999900001016）"),
        ("openlogi", {"tracking_codes": ["1E+11"]}, "表計算ソフトで壊れています（1E+11）"),
        ("openlogi", {"tracking_codes": []}, "送り状番号がありません"),
        ("openlogi", {"shipped_at": None}, "出荷日時がありません"),
        ("openlogi", {"shipped_at": "2062-11-24T18:02:11+09:00"}, "出荷日が先の日付です（2062/11/24）"),
        ("openlogi", {"shipment_return": True}, "返品からの再出荷です"),
        ("logiless", {"delivery_status": "Lost"}, "知らない状態「Lost」"),
        ("logiless", {"delivery_method": "drone"}, "運送会社「drone」は表にありません"),
        ("logiless", {"delivery_tracking_numbers": ["12"]}, "送り状番号の形ではありません（12）"),
    ],
)
def test_what_cannot_be_believed_is_a_stray_with_its_reason(
    desks: dict[str, ApiDesk], speaks: str, change: dict[str, Any], words: str
) -> None:
    assert words in only_words(read(desks, speaks, listed(speaks)[0] | change))


def test_a_letter_without_a_number_has_none(desks: dict[str, ApiDesk]) -> None:
    letter = {"delivery_method": "non_standard_size_mail", "delivery_tracking_numbers": []}
    (one,) = read(desks, "logiless", listed("logiless")[0] | letter).shipments
    assert (one.carrier, one.tracking) == ("JP_TEIKEIGAI", ())


@pytest.mark.parametrize(
    ("speaks", "words"), [("openlogi", "YAMATO_NEKOPOS"), ("logiless", "YAMATO_COLLECT")]
)
def test_the_carrier_is_told_by_more_than_its_name(
    desks: dict[str, ApiDesk], speaks: str, words: str
) -> None:
    more = {"delivery_method": "POST_EXPRESS"} if speaks == "openlogi" else {"cod_total": 5940}
    (one,) = read(desks, speaks, listed(speaks)[0] | more).shipments
    assert one.carrier == words


@pytest.mark.parametrize("speaks", ["openlogi", "logiless", "logizard"])
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"shipments": {}, "data": 3}', b"\xff\xfe"])
def test_what_is_no_answer_is_refused_whole(desks: dict[str, ApiDesk], speaks: str, body: bytes) -> None:
    with pytest.raises(Malformed, match=r"answer\.json"):
        desks[speaks].warehouse.read_results("answer.json", body)


def test_a_partial_one_counts_its_goods_only_when_all_has_left(desks: dict[str, ApiDesk]) -> None:
    part, rest = listed("logiless")[3], {"delivery_status": "Shipped", "finished_at": "2026-11-24 18:30:00"}
    first, last = read(desks, "logiless", part, part | rest).shipments
    assert (first.lines, sum(line.quantity for line in last.lines)) == ((), 18)
    assert first.result_id != last.result_id


# --- bodies -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "text", "words"),
    [
        ("items.quantity", "two", "「items.quantity」は数字の項目です"),
        ("suspend", "no", "「suspend」は 0 か 1 の項目です"),
        ("shipping_date", "2026/11/24", "date_compact"),
    ],
)
def test_a_text_that_is_not_what_its_place_asks_for_is_unfit(column: str, text: str, words: str) -> None:
    with pytest.raises(Unfit, match=words):
        body_of(SHAPE, f'"identifier","{column}"\r\n"200101","{text}"\r\n'.encode())


def test_a_number_that_looks_like_one_stays_a_text() -> None:
    body = body_of(SHAPE, b'"identifier","items.code","items.quantity"\r\n"0123","007","3"\r\n')
    assert body == {"identifier": "0123", "items": [{"code": "007", "quantity": 3}]}


@pytest.mark.parametrize("speaks", ["openlogi", "logiless", "logizard"])
def test_doubts_come_before_the_hand_over(desks: dict[str, ApiDesk], speaks: str) -> None:
    warehouse = desks[speaks].warehouse
    assert warehouse.doubts([a_slip()]) == {}
    doubted = warehouse.doubts([a_slip(address1="東京都渋谷区神宮前", address2="")])
    assert [hold.reason for hold in doubted["200101"]] == [Reason.ADDRESS_DOUBTFUL]


# --- settings ---------------------------------------------------------------------------------------------


def changed_profile(tmp_path: Path, speaks: str, file: str, old: str, new: str) -> Path:
    folder = tmp_path / "mappings"
    shutil.copytree(MAPPINGS / "tables", folder / "tables")
    shutil.copytree(MAPPINGS / "wms" / speaks, folder / "wms" / speaks)
    path = folder / "wms" / speaks / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("speaks", "old", "new", "words"),
    [
        ("openlogi", "speaks: openlogi", "speaks: openlogy", "6:9: 知らない言葉です (found 'openlogy')"),
        ("openlogi", "SAGAWA: SAGAWA_TAKUHAI", "SAGAWA: SAGAWA", "知らない言葉です (found 'SAGAWA')"),
        ("openlogi", "look_back_days: 7", "look_back_days: -7", "数字ではないか、範囲の外です"),
        ("openlogi", "look_back_days:", "lookback_days:", "もしかして「look_back_days」"),
        ("logizard", 'export_pattern: "1"', "", "logizard には項目「export_pattern」が要ります"),
    ],
)
def test_a_wrong_profile_is_told_by_line_and_column(
    tmp_path: Path, speaks: str, old: str, new: str, words: str
) -> None:
    folder = changed_profile(tmp_path, speaks, "profile.yaml", old, new)
    assert any(words in str(problem) for problem in lint(folder))
    with pytest.raises(Misconfigured):
        ApiDesk(
            speaks, "https://wms.example.jp", SteppedClock(at_jst(TUESDAY)), folder=folder / "wms" / speaks
        )


def test_an_instruction_without_its_key_starts_nothing(tmp_path: Path) -> None:
    folder = changed_profile(tmp_path, "openlogi", "instruction.yaml", "name: identifier", "name: identity")
    with pytest.raises(Misconfigured, match="列「identifier」がありません"):
        ApiDesk(
            "openlogi",
            "https://wms.example.jp",
            SteppedClock(at_jst(TUESDAY)),
            folder=folder / "wms/openlogi",
        )


@pytest.mark.parametrize("profile", ["generic", "openlogi"])
def test_a_profile_without_its_way_starts_nothing(profile: str) -> None:
    with pytest.raises(Misconfigured, match="there is no way to this warehouse"):
        kinds.connect(
            MAPPINGS / "wms" / profile,
            tables=tables(),
            tenant="demo",
            warehouse_code="WH01",
            shop_code="SHOP1",
            sender=SENDER,
            archive=MemoryArchive(),
            clock=SteppedClock(at_jst(TUESDAY)),
        )


async def test_the_settings_of_an_api_become_a_warehouse_without_a_call(tmp_path: Path) -> None:
    path = laid_out(BAD / "19-api-and-folder", tmp_path)
    path.write_text(path.read_text("utf-8").replace('folder = "wms"\n', ""), encoding="utf-8")
    world = await open_world(load(path), SteppedClock(at_jst(date(2026, 12, 1))), inline=True)
    try:
        warehouse = world.shop().ports.warehouse
        assert (warehouse.singly, warehouse.answers, warehouse.at_once) == (True, True, 50)
    finally:
        await world.close()
