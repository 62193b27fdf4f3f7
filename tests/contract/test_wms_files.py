"""FileWarehouse (ファイル連携の倉庫): building, sending and looking, and a whole day with the warehouse sandbox.

Facts of fixtures/wms/README.md, generic/.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from connector.adapters.wms import kinds as wms
from connector.adapters.wms import wire
from connector.adapters.wms.files import FileWarehouse, load_mappings
from connector.adapters.wms.whole import marker
from connector.clock import SteppedClock, at_jst
from connector.errors import Barred, ConnectorError, Misconfigured, NotDone, Refused, Unknown
from connector.outcome import Absent, CannotTell, Effect, Reason, Sent
from connector.ports import Warehouse
from connector.slip import Result, Shipment
from connector.transport.drop import Drop
from connector.transport.folder import FolderDrop
from connector.transport.sftp import SftpDoor, SftpDrop

from tests.contract.wms_desk import (
    OWN,
    SENDER,
    Kept,
    build,
    lay,
    names_in,
    results_of,
    sent,
    the_days_slips,
)
from tests.contract.wms_house import CANCEL_1, GENERIC, ORDER_1, TUESDAY, House
from tests.golden.samples import MAPPINGS, copy_of_mappings, slip, tables

# --- building --------------------------------------------------------------------------------------------


def test_an_instruction_file_is_the_fixtures_file(warehouse: Warehouse) -> None:
    built = warehouse.instructions(the_days_slips(), sequence=1, at=at_jst(TUESDAY, 10, 15))[0]
    assert built.held == ()
    assert built.included == ("200101", "200102", "200103", "200104")
    assert built.facts["name"] == ORDER_1
    assert built.facts["rows"] == 6
    expected = (GENERIC / ORDER_1).read_bytes().split(b"\r\n")[:7]
    assert built.body.split(b"\r\n")[:-1] == expected
    assert built.body.endswith(b"\r\n")


def test_the_header_is_the_profiles_and_everything_is_quoted(warehouse: Warehouse) -> None:
    body = warehouse.instructions(the_days_slips(), sequence=1, at=at_jst(TUESDAY, 10, 15))[0].body
    text = body.decode("cp932")
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert tuple(rows[0]) == wire.SHIPORD_COLUMNS
    assert all(re.fullmatch(r'("([^"]|"")*")(,"([^"]|"")*")*', line) for line in text.split("\r\n")[:-1])
    assert "MH-GONE" not in text


def test_a_slip_that_cannot_be_written_stops_no_other(warehouse: Warehouse) -> None:
    odd = slip("200105", name="見本 😀", address1="東京都渋谷区神宮前9-99-2", address2="", zip_code="1500001")
    built = warehouse.instructions([odd, *the_days_slips()], sequence=1, at=at_jst(TUESDAY, 10, 15))[0]
    assert built.included == ("200101", "200102", "200103", "200104")
    ((number, hold),) = built.held
    assert (number, hold.reason) == ("200105", Reason.UNMAPPABLE_TEXT)
    assert "U+1F600" in hold.note


def test_the_business_day_is_the_japanese_one(warehouse: Warehouse) -> None:
    after_midnight = at_jst(date(2026, 11, 25), 0, 5)  # still the 24th in UTC
    built = warehouse.instructions(the_days_slips(), sequence=12, at=after_midnight)[0]
    assert built.facts["name"] == "SHIPORD_demo_WH01_20261125000500_000012.csv"
    assert b'"20261125","20261126","AM"' in built.body


def test_a_stop_file_asks_for_each_slip(warehouse: Warehouse) -> None:
    built = warehouse.stops(["200112", "200106"], sequence=1, at=at_jst(TUESDAY, 11, 45))[0]
    assert built.facts["name"] == CANCEL_1
    assert built.included == ("200112", "200106")
    expected = (
        '"出荷指示番号","取消理由コード","依頼日時"\r\n'
        '"200112","CUST","2026/11/24 11:45:00"\r\n"200106","CUST","2026/11/24 11:45:00"\r\n'
    )
    assert built.body == expected.encode("cp932")


@pytest.mark.parametrize(
    "ok",
    [path for path in sorted(GENERIC.rglob("*.ok")) if "refused" not in path.parts],
    ids=lambda path: path.name,
)
def test_markers_are_the_fixtures_markers(ok: Path) -> None:
    assert marker(ok.with_suffix("").read_bytes()) == ok.read_bytes()


# --- sending and looking ---------------------------------------------------------------------------------


async def test_a_sent_file_lies_there(warehouse: Warehouse, root: Path) -> None:
    effect = sent()
    reply = await warehouse.send(effect)
    assert isinstance(reply, Sent)
    assert reply.evidence["size"] == len(effect.body)
    assert names_in(root, "to_wms/in") == [ORDER_1]
    assert (root / "to_wms/in" / ORDER_1).read_bytes() == effect.body
    assert await warehouse.lies_there(effect) == Sent(reply.evidence)


async def test_sending_again_changes_nothing_and_other_bytes_are_refused(
    warehouse: Warehouse, root: Path
) -> None:
    await warehouse.send(sent())
    assert isinstance(await warehouse.send(sent()), Sent)
    with pytest.raises(Refused):
        await warehouse.send(sent(body=b"other"))
    assert (root / "to_wms/in" / ORDER_1).read_bytes() == sent().body


async def test_a_marker_follows_where_the_warehouse_wants_one(root: Path, clock: SteppedClock) -> None:
    warehouse = build(root, clock, marker=True)
    await warehouse.send(sent())
    assert names_in(root, "to_wms/in") == [ORDER_1, ORDER_1 + ".ok"]
    assert (root / "to_wms/in" / (ORDER_1 + ".ok")).read_bytes() == (GENERIC / (ORDER_1 + ".ok")).read_bytes()


@pytest.mark.parametrize("fault", [NotDone("no space"), Barred("sftp", "", "no right to write")])
async def test_a_file_without_its_marker_is_unknown_and_gets_it(
    root: Path, clock: SteppedClock, fault: ConnectorError
) -> None:
    class NoMarkers(FolderDrop):
        async def put(self, folder: str, name: str, body: bytes) -> None:
            if name.endswith(".ok"):
                raise fault
            await super().put(folder, name, body)

    mappings = load_mappings(MAPPINGS / "wms/generic", tables(), {**OWN, "marker": True})
    cut = FileWarehouse(mappings, drop=NoMarkers(root), archive=Kept(root), clock=clock)
    with pytest.raises(Unknown):
        await cut.send(sent())
    healed = build(root, clock, marker=True)
    assert isinstance(await healed.lies_there(sent()), Absent)
    await healed.send(sent())
    assert isinstance(await healed.lies_there(sent()), Sent)


async def test_a_marker_whose_file_is_gone_says_that_it_was_taken(root: Path, clock: SteppedClock) -> None:
    warehouse = build(root, clock, marker=True)
    await warehouse.send(sent())
    (root / "to_wms/in" / ORDER_1).unlink()
    assert isinstance(await warehouse.lies_there(sent()), Sent)


async def test_nothing_there_is_absent(warehouse: Warehouse) -> None:
    assert isinstance(await warehouse.lies_there(sent()), Absent)


async def test_nothing_there_cannot_be_told_of_a_warehouse_that_never_answers(
    root: Path, clock: SteppedClock
) -> None:
    warehouse = build(root, clock, answers=False)
    assert warehouse.answers is False
    assert isinstance(await warehouse.lies_there(sent()), CannotTell)
    await warehouse.send(sent())
    assert isinstance(await warehouse.lies_there(sent()), Sent)


@pytest.mark.parametrize("folder", ["from_wms/archive", "from_wms/error"])
async def test_a_file_that_was_moved_on_was_taken(warehouse: Warehouse, root: Path, folder: str) -> None:
    lay(root, folder, GENERIC / ORDER_1)
    reply = await warehouse.lies_there(sent())
    assert isinstance(reply, Sent)
    assert reply.evidence["folder"] == folder


@pytest.mark.parametrize("body", [sent().body[:-2], sent().body.replace(b"200101", b"200199")])
async def test_other_bytes_under_our_name_cannot_be_told(
    warehouse: Warehouse, root: Path, body: bytes
) -> None:
    (root / "to_wms/in" / ORDER_1).write_bytes(body)
    assert isinstance(await warehouse.lies_there(sent()), CannotTell)


async def test_a_receipt_proves_that_the_file_was_taken(warehouse: Warehouse, root: Path) -> None:
    answer = (GENERIC / f"SHIPACK_{ORDER_1}").read_bytes()
    (root / "to_wms/ack" / f"SHIPACK_{ORDER_1}").write_bytes(answer[: len(answer) // 2])
    assert await warehouse.receipt(sent()) is None  # half of it is no answer
    assert isinstance(await warehouse.lies_there(sent()), Sent)  # but it proves that the file was taken


# --- settings --------------------------------------------------------------------------------------------


def test_every_broken_mapping_is_named_at_once(root: Path, clock: SteppedClock, tmp_path: Path) -> None:
    folder = copy_of_mappings(tmp_path / "own") / "wms/generic"
    for name in ("instruction", "receipt"):
        path = folder / f"{name}.yaml"
        path.write_text(path.read_text(encoding="utf-8") + "\nunknown_key: yes\n", encoding="utf-8")
    with pytest.raises(Misconfigured) as misconfigured:
        wms.connect(
            folder,
            tables=tables(),
            tenant="demo",
            warehouse_code="WH01",
            shop_code="SHOP1",
            sender=SENDER,
            drop=FolderDrop(root),
            archive=Kept(root),
            clock=clock,
        )
    places = {Path(problem.where).name for problem in misconfigured.value.problems}
    assert places == {"instruction.yaml", "receipt.yaml"}


# --- a day against the warehouse sandbox -----------------------------------------------------------------


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path / "house")
    yield house
    await house.warehouse.stop()


@pytest.fixture(params=["folder", "sftp"])
async def drop(request: pytest.FixtureRequest, house: House) -> AsyncIterator[Drop]:
    if request.param == "folder":
        yield FolderDrop(house.root)
        return
    port = await house.warehouse.start_sftp()
    settings = house.warehouse.settings
    door = SftpDoor(
        "127.0.0.1",
        port,
        settings.username,
        known_hosts=house.warehouse.known_hosts_line,
        password=settings.password,
        root="/",
    )
    drop = SftpDrop(door, clock=house.clock)
    yield drop
    await drop.close()


@pytest.mark.parametrize("marked", [True, False])
async def test_a_day_with_the_warehouse(house: House, drop: Drop, marked: bool) -> None:
    mappings = load_mappings(MAPPINGS / "wms/generic", tables(), {**OWN, "marker": marked})
    warehouse = FileWarehouse(mappings, drop=drop, archive=Kept(house.root), clock=house.clock)
    await house.until_jst(10, 15)
    built = warehouse.instructions(the_days_slips(), sequence=1, at=house.clock.now())[0]
    effect = Effect(kind="wms_file", key="k", items=(1,), body=built.body, name=built.facts["name"])
    assert isinstance(await warehouse.send(effect), Sent)
    assert await warehouse.receipt(effect) is None
    assert isinstance(await warehouse.lies_there(effect), Sent)

    await house.until(house.clock.now() + timedelta(minutes=3))
    receipt = await warehouse.receipt(effect)
    assert receipt is not None
    assert receipt.accepted == built.included
    assert isinstance(await warehouse.lies_there(effect), Sent)

    stop = warehouse.stops(["200104", "299999"], sequence=1, at=house.clock.now())[0]
    asked = Effect(kind="wms_stop", key="s", items=(2,), body=stop.body, name=stop.facts["name"])
    await warehouse.send(asked)
    await house.until(house.clock.now() + timedelta(minutes=3))
    answer = await warehouse.receipt(asked)
    assert answer is not None
    assert answer.accepted == ("200104",)
    assert list(answer.refused) == ["299999"]

    await house.until_jst(22)
    shipped: dict[str, Shipment] = {}
    for file in await results_of(warehouse):
        found = warehouse.read_results(file.name, file.body)
        assert found.strays == ()
        shipped |= {shipment.slip_number: shipment for shipment in found.shipments}
        await warehouse.acknowledge(file)
    assert await results_of(warehouse) == []
    done = {number for number, one in shipped.items() if one.result is Result.SHIPPED and one.complete}
    assert done == {"200101", "200102", "200103"}
    left = {event.key: tuple(event.detail["tracking"]) for event in house.history.of("shipped")}
    assert {number: shipped[number].tracking for number in done} == left
    assert house.warehouse.check() == []
