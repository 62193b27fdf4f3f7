"""The desk of a warehouse that speaks files: its folders, its clock, its archive. Test files may have their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from connector.adapters.wms import wire
from connector.adapters.wms.files import FileWarehouse
from connector.clock import SteppedClock, at_jst

from tests.contract.wms_desk import Kept, build
from tests.contract.wms_house import TUESDAY


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in wire.FOLDERS:
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(at_jst(TUESDAY, 12))


@pytest.fixture
def kept(root: Path) -> Kept:
    return Kept(root)


@pytest.fixture
def warehouse(root: Path, clock: SteppedClock, kept: Kept) -> FileWarehouse:
    return build(root, clock, kept)
