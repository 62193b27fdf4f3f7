"""The shipped file profiles on a desk: their mappings, the fixtures' bytes, and what a reader gets of them."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

from connector.adapters.wms.files import FileWarehouse
from connector.adapters.wms.mappings import Mappings, load_mappings
from connector.clock import SteppedClock, at_jst
from connector.mapping import CsvReader, Instruction, Reading, WarehouseProfile
from connector.outcome import Reason, Stray
from connector.ports import ReadResults
from connector.slip import Shipment
from connector.transport.folder import FolderDrop
from msgspec.structs import replace

from tests.contract.wms_desk import OWN, Kept
from tests.contract.wms_house import TUESDAY
from tests.golden.samples import FIXTURES, MAPPINGS, slip, tables

WMS = FIXTURES / "wms"
ODDITIES = WMS / "oddities"
PROFILES = ("b2cloud", "ehiden3", "yupri", "logizard-csv")


def mappings(profile: str | Path) -> Mappings:
    folder = profile if isinstance(profile, Path) else MAPPINGS / "wms" / profile
    return load_mappings(folder, tables(), OWN)


def warehouse(root: Path, profile: str | Path, on: date = TUESDAY) -> FileWarehouse:
    drop, clock = FolderDrop(root), SteppedClock(at_jst(on, 19))
    return FileWarehouse(mappings(profile), drop=drop, archive=Kept(root), clock=clock)


def results(root: Path, profile: str | Path, path: Path, on: date = TUESDAY) -> ReadResults:
    return warehouse(root, profile, on).read_results(path.name, path.read_bytes())


def layout(profile: str) -> CsvReader:
    found = mappings(profile).layout
    assert found is not None
    return found


def instruction(profile: str, name: str) -> Reading:
    path = WMS / profile / name
    return layout(profile).look(name, path.read_bytes())


def column(reading: Reading, *keys: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values[key] for key in keys) for row in reading.rows]


def tracking(found: ReadResults) -> dict[str, tuple[str, ...]]:
    return {one.slip_number: one.tracking for one in found.shipments}


def by_slip(found: ReadResults) -> dict[str, Shipment]:
    return {one.slip_number: one for one in found.shipments}


def places(strays: tuple[Stray, ...]) -> list[tuple[str, str]]:
    """Where each stray was found, and about which slip."""
    return [(stray.where, stray.facts["slip_number"]) for stray in strays]


def rows_of(body: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode("cp932"), newline="")))


def item(profile: str, parcels: int = 1, temperature: str = "0", **cells: Any) -> Instruction:
    own: WarehouseProfile = replace(mappings(profile).profile, temperature=temperature)
    return Instruction(
        slip=slip(**cells),
        profile=own,
        ship_on=TUESDAY,
        parcels=parcels,
    )


def held(profile: str, one: Instruction) -> tuple[Reason, str]:
    written = mappings(profile).instruction.write([one])
    assert written.included == ()
    ((_, hold),) = written.held
    return hold.reason, hold.note
