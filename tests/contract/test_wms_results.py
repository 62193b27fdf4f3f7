"""Result files (出荷実績) over a file warehouse: when a file is whole, and what becomes of it afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from connector.adapters.wms.files import FileWarehouse, load_mappings
from connector.clock import SteppedClock
from connector.errors import Malformed
from connector.ports import Warehouse
from connector.transport.folder import FolderDrop

from tests.contract.wms_desk import (
    OWN,
    RESULT_1,
    RESULT_2,
    Kept,
    lay,
    names_in,
    results_of,
)
from tests.contract.wms_house import GENERIC
from tests.golden.samples import MAPPINGS, tables

STOCK = "STOCK_demo_WH01_20261124070000_000001.csv"  # not shipped goods, and taken in all the same


async def test_marked_files_are_given_at_once_in_order(warehouse: Warehouse, root: Path) -> None:
    for name in (RESULT_2, RESULT_1):
        lay(root, "from_wms/out", GENERIC / name, ok=True)
    lay(root, "from_wms/out", GENERIC / STOCK, ok=True)
    files = await results_of(warehouse)
    assert [file.name for file in files] == [RESULT_1, RESULT_2, STOCK]
    assert files[0].body == (GENERIC / RESULT_1).read_bytes()


async def test_without_a_marker_two_equal_looks_are_needed(
    warehouse: Warehouse, root: Path, clock: SteppedClock
) -> None:
    body = (GENERIC / RESULT_1).read_bytes()
    path = root / "from_wms/out" / RESULT_1
    path.write_bytes(body[:500])
    assert await results_of(warehouse) == []
    await clock.sleep(60)
    path.write_bytes(body)  # it grew
    assert await results_of(warehouse) == []
    await clock.sleep(20)
    assert await results_of(warehouse) == []
    await clock.sleep(20)
    assert [file.body for file in await results_of(warehouse)] == [body]


@pytest.mark.parametrize("name", [f".{RESULT_1}", f"{RESULT_1}.tmp", f"{RESULT_1}.filepart", "RETURN_x.csv"])
async def test_what_is_no_whole_result_is_never_touched(
    warehouse: Warehouse, root: Path, clock: SteppedClock, name: str
) -> None:
    lay(root, "from_wms/out", GENERIC / RESULT_1, name=name)
    for _ in range(3):
        assert await results_of(warehouse) == []
        await clock.sleep(60)
    assert names_in(root, "from_wms/out") == [name]


async def test_an_acknowledged_file_leaves_with_its_marker(warehouse: Warehouse, root: Path) -> None:
    lay(root, "from_wms/out", GENERIC / RESULT_1, ok=True)
    lay(root, "from_wms/out", GENERIC / RESULT_2, ok=True)
    for file in await results_of(warehouse):
        await warehouse.acknowledge(file)
    assert names_in(root, "from_wms/out") == []
    assert names_in(root, "from_wms/archive") == sorted(
        name + ending for name in (RESULT_1, RESULT_2) for ending in ("", ".ok")
    )


async def test_the_same_name_again_overwrites_nothing(warehouse: Warehouse, root: Path) -> None:
    for source in (GENERIC / RESULT_1, GENERIC / RESULT_2):
        lay(root, "from_wms/out", source, name=RESULT_1, ok=True)
        for file in await results_of(warehouse):
            await warehouse.acknowledge(file)
    archive = root / "from_wms/archive"
    assert (archive / RESULT_1).read_bytes() == (GENERIC / RESULT_1).read_bytes()
    assert (archive / RESULT_1.replace(".csv", "-2.csv")).read_bytes() == (GENERIC / RESULT_2).read_bytes()


async def test_a_file_that_breaks_its_marker_waits_then_is_set_aside_and_named(
    warehouse: Warehouse, root: Path, clock: SteppedClock
) -> None:
    path = lay(root, "from_wms/out", GENERIC / RESULT_1, ok=True)
    path.write_bytes(path.read_bytes()[:700])
    lay(root, "from_wms/out", GENERIC / RESULT_2, ok=True)
    assert [file.name for file in await results_of(warehouse)] == [RESULT_2]
    await clock.sleep(3601)
    (good,) = await results_of(warehouse)  # its neighbour goes first
    assert good.name == RESULT_2
    await warehouse.acknowledge(good)
    with pytest.raises(Malformed) as malformed:
        await results_of(warehouse)
    assert malformed.value.problem.where == RESULT_1
    assert names_in(root, "from_wms/out") == []
    assert names_in(root, "from_wms/error") == [RESULT_1, RESULT_1 + ".ok"]


async def test_a_file_that_becomes_what_its_marker_says_is_given(warehouse: Warehouse, root: Path) -> None:
    body = (GENERIC / RESULT_1).read_bytes()
    path = lay(root, "from_wms/out", GENERIC / RESULT_1, ok=True)
    path.write_bytes(body[:-1])
    assert await results_of(warehouse) == []
    path.write_bytes(body)
    assert [file.body for file in await results_of(warehouse)] == [body]


async def test_a_file_too_large_to_read_stands_in_nobodys_way(root: Path, clock: SteppedClock) -> None:
    mappings = load_mappings(MAPPINGS / "wms/generic", tables(), OWN)
    small = (GENERIC / RESULT_2).stat().st_size
    drop = FolderDrop(root, largest=small)
    warehouse = FileWarehouse(mappings, drop=drop, archive=Kept(root), clock=clock)
    lay(root, "from_wms/out", GENERIC / RESULT_1, ok=True)
    lay(root, "from_wms/out", GENERIC / RESULT_2, ok=True)
    (good,) = await results_of(warehouse)
    await warehouse.acknowledge(good)
    with pytest.raises(Malformed):
        await results_of(warehouse)
    assert await results_of(warehouse) == []
    assert RESULT_1 in names_in(root, "from_wms/error")
