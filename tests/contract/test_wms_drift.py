"""B2's 送り状種類 7 means ネコポス for a slip that was sent as such, else クロネコゆうパケット; nothing is guessed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from connector.adapters.wms.files import FileWarehouse, load_mappings
from connector.clock import SteppedClock, at_jst
from connector.journey import SlipState
from connector.outcome import Item
from connector.slip import Shipment, Slip
from connector.transport.folder import FolderDrop
from msgspec.structs import replace

from tests.contract.wms_desk import OWN, Kept, the_days_slips
from tests.contract.wms_house import TUESDAY
from tests.golden.samples import MAPPINGS, tables
from tests.unit.world import tracking

NEKOPOS, YUPACKET, TAKKYUBIN = "YAMATO_NEKOPOS", "YAMATO_YUPACKET", "YAMATO_TAKKYUBIN"


def at_warehouse(tmp_path: Path, profile: str) -> FileWarehouse:
    loaded = load_mappings(MAPPINGS / "wms" / profile, tables(), OWN)
    clock = SteppedClock(at_jst(TUESDAY, 10))
    return FileWarehouse(loaded, drop=FolderDrop(tmp_path), archive=Kept(tmp_path), clock=clock)


def an_item(method: str, *booked: Shipment) -> Item[Slip]:
    slip = replace(the_days_slips()[0], delivery_method=method, delivery_id="")
    return Item(
        id=1, noun=slip, state=SlipState.RELAYED, since=at_jst(date(2026, 11, 24)), shipments=tuple(booked)
    )


def told(warehouse: FileWarehouse, code: str) -> Shipment:
    rows = f"お客様管理番号,送り状種類,伝票番号,出荷予定日\r\n200101,{code},{tracking(1)},2026/11/24\r\n"
    (shipment,) = warehouse.read_results("発行済データ.csv", rows.encode("cp932")).shipments
    return shipment


@pytest.mark.parametrize(
    ("method", "code", "carrier"),
    [
        ("ネコポス", "7", NEKOPOS),
        ("ネコポス", "A", NEKOPOS),
        ("クロネコゆうパケット", "7", YUPACKET),
        ("ヤマト運輸", "7", YUPACKET),
        ("知らない便", "7", YUPACKET),
        ("ネコポス", "0", TAKKYUBIN),
    ],
)
def test_the_old_code_means_what_was_sent(tmp_path: Path, method: str, code: str, carrier: str) -> None:
    warehouse = at_warehouse(tmp_path, "b2cloud")
    assert warehouse.rereads == {YUPACKET}
    assert warehouse.as_sent(told(warehouse, code), an_item(method)).carrier == carrier


def test_what_was_booked_stays_although_the_slip_was_edited_since(tmp_path: Path) -> None:
    warehouse = at_warehouse(tmp_path, "b2cloud")
    read = told(warehouse, "7")
    booked = warehouse.as_sent(read, an_item("ネコポス"))
    assert warehouse.as_sent(read, an_item("ヤマト運輸", booked)) == booked


@pytest.mark.parametrize("profile", ["generic", "ehiden3", "yupri", "logizard-csv", "h2h-tab"])
def test_files_that_do_not_speak_in_that_code_are_believed_as_they_stand(
    tmp_path: Path, profile: str
) -> None:
    assert at_warehouse(tmp_path, profile).rereads == frozenset()
