"""A warehouse that does not answer (返事をしない倉庫): files out and in, stops by telephone, one name over and over."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

from connector.adapters.wms.files import FileWarehouse
from connector.adapters.wms.whole import STILL_SECONDS, marker
from connector.clock import SteppedClock, at_jst
from connector.outcome import CannotTell, Effect, Sent
from connector.ports import Warehouse
from connector.transport.folder import FolderDrop

from tests.contract.wms_desk import Kept, results_of
from tests.contract.wms_house import TUESDAY
from tests.contract.wms_profiles_desk import ODDITIES, WMS, mappings, tracking
from tests.golden import samples

CUMULATIVE = "31項目4項目_発行済データ.csv"


def desk(root: Path, profile: str = "b2cloud") -> tuple[FileWarehouse, SteppedClock]:
    clock = SteppedClock(at_jst(TUESDAY, 19))
    for folder in mappings(profile).profile.folders.values():
        (root / folder).mkdir(parents=True, exist_ok=True)
    return FileWarehouse(mappings(profile), drop=FolderDrop(root), archive=Kept(root), clock=clock), clock


def everything(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def instruction(warehouse: Warehouse) -> Effect:
    built = warehouse.instructions([samples.slip("200901")], sequence=3, at=samples.AT)[0]
    assert (built.included, built.held) == (("200901",), ())
    return Effect(kind="wms_file", key="k", items=(1,), body=built.body, name=built.facts["name"])


async def test_an_instruction_lies_there_until_somebody_took_it(tmp_path: Path) -> None:
    warehouse, _ = desk(tmp_path)
    effect = instruction(warehouse)
    assert isinstance(await warehouse.send(effect), Sent)
    assert everything(tmp_path) == ["to_wms/in/B2_demo_WH01_20261124103000_000003.csv"]
    assert isinstance(await warehouse.lies_there(effect), Sent)
    assert await warehouse.receipt(effect) is None
    (tmp_path / "to_wms/in" / effect.name).unlink()
    assert isinstance(await warehouse.lies_there(effect), CannotTell)


async def test_a_stop_goes_by_telephone_and_leaves_no_file(tmp_path: Path) -> None:
    warehouse, _ = desk(tmp_path)
    built = warehouse.stops(["200901", "200902"], sequence=4, at=samples.AT)[0]
    assert built.included == ("200901", "200902")
    effect = Effect(kind="wms_stop", key="k", items=(1,), body=built.body, name=built.facts["name"])
    for reply in (await warehouse.send(effect), await warehouse.lies_there(effect)):
        assert isinstance(reply, Sent)
        assert "電話" in reply.evidence["words"]
    assert everything(tmp_path) == []
    assert warehouse.answers is False


async def test_one_name_every_day_is_read_every_day(tmp_path: Path) -> None:
    warehouse, clock = desk(tmp_path)
    counts = []
    for day in ("2026-11-24", "2026-11-25"):
        out = tmp_path / "from_wms/out"
        shutil.copy(ODDITIES / "cumulative" / day / CUMULATIVE, out / CUMULATIVE)
        assert await results_of(warehouse) == []  # it may still be growing
        await clock.advance_to(clock.now() + timedelta(seconds=STILL_SECONDS))
        (file,) = await results_of(warehouse)
        counts.append(len(warehouse.read_results(file.name, file.body).shipments))
        await warehouse.acknowledge(file)
        assert list(out.iterdir()) == []
    assert counts == [3, 5]
    assert len([path for path in everything(tmp_path) if path.startswith("from_wms/archive/")]) == 2


async def test_only_files_of_the_profiles_name_are_taken(tmp_path: Path) -> None:
    warehouse, clock = desk(tmp_path, "yupri")
    out = tmp_path / "from_wms/out"
    (source,) = (WMS / "yupri").glob("送り状*.csv")
    shutil.copy(source, out)
    shutil.copy(source, out / "在庫一覧.csv")
    await results_of(warehouse)
    await clock.advance_to(clock.now() + timedelta(seconds=STILL_SECONDS))
    (file,) = await results_of(warehouse)
    assert file.name == source.name
    assert len(tracking(warehouse.read_results(file.name, file.body))) == 3


def test_a_marker_counts_the_rows_of_a_file_without_a_header() -> None:
    body = (WMS / "yupri/instruction_25.csv").read_bytes()
    assert marker(body, header=False).startswith(b"rows=3;")
    assert marker((WMS / "ehiden3/instruction_74.csv").read_bytes()).startswith(b"rows=4;")
