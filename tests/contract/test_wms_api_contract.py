"""The contract of the warehouse port, kept by files and by each API over HTTP against the sandbox's faces."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from connector.adapters.wms.files import FileWarehouse, load_mappings
from connector.clock import at_jst
from connector.errors import Unknown
from connector.ports import Warehouse
from connector.sandbox.warehouse.faces import Trouble
from connector.slip import Slip
from connector.transport.folder import FolderDrop

from tests.contract.warehouse_contract import WarehouseContract
from tests.contract.wms_api_desk import FACES, ApiDesk, a_slip, desk_at
from tests.contract.wms_desk import OWN, Kept
from tests.contract.wms_faces import Counterpart
from tests.contract.wms_house import HOLIDAYS, TUESDAY, House
from tests.golden.samples import MAPPINGS, tables


@dataclass
class ApiCase:
    """A face of the sandbox warehouse, and the adapter for it."""

    desk: ApiDesk
    shop: Counterpart
    writes_at: str
    finds: bool = True
    stops: bool = True

    @property
    def warehouse(self) -> Warehouse:
        return self.desk.warehouse

    @property
    def house(self) -> House:
        return self.shop.house

    def lose_answer(self) -> None:
        self.shop.face.troubles.plan(Trouble("drop", path=self.writes_at, applied=True))

    def refuse_next(self) -> Slip:
        slip = a_slip()
        row = slip.rows[0]
        return a_slip(rows=(type(row)(no=1, sku="MH-NASHI-99", name=row.name, quantity=1, unit_price=1),))

    async def wait(self) -> None:
        """An API answers at once."""

    async def until(self, hour: int, minute: int = 0) -> None:
        await self.shop.until(hour, minute)


class _Api(WarehouseContract):
    speaks = writes_at = ""
    finds = stops = True

    @pytest.fixture
    async def case(self, tmp_path: Path) -> AsyncIterator[ApiCase]:
        async with Counterpart(tmp_path, FACES[self.speaks]) as shop:
            desk = await desk_at(shop, self.speaks)
            yield ApiCase(desk, shop, self.writes_at, self.finds, self.stops)
            await desk.close()
            assert shop.warehouse.check() == []


class TestOpenlogi(_Api):
    speaks, writes_at = "openlogi", "/shipments"


class TestLogiless(_Api):
    speaks, writes_at = "logiless", "sales_orders/new"


class TestLogizard(_Api):
    speaks, writes_at = "logizard", "addorder"
    finds = stops = False


class LosesAnswers(FolderDrop):
    """A folder whose server does what it was asked to, and then is gone."""

    lost = False

    async def put(self, folder: str, name: str, body: bytes) -> None:
        await super().put(folder, name, body)
        if self.lost:
            self.lost = False
            raise Unknown("the line was cut")


@dataclass
class FileCase:
    """The folder of the sandbox warehouse, and the adapter for files."""

    warehouse: FileWarehouse
    house: House
    drop: LosesAnswers
    finds: bool = True
    stops: bool = True

    def lose_answer(self) -> None:
        self.drop.lost = True

    def refuse_next(self) -> Slip:
        row = a_slip().rows[0]
        return a_slip(rows=(type(row)(no=1, sku="MH-NASHI-99", name=row.name, quantity=1, unit_price=1),))

    async def wait(self) -> None:
        await self.house.until(self.house.clock.now() + timedelta(minutes=5))

    async def until(self, hour: int, minute: int = 0) -> None:
        await self.house.until(at_jst(TUESDAY, hour, minute))


class TestFiles(WarehouseContract):
    @pytest.fixture
    def case(self, tmp_path: Path) -> FileCase:
        house = House(tmp_path, at=at_jst(TUESDAY, 10, 15))
        assert HOLIDAYS
        drop = LosesAnswers(tmp_path)
        mappings = load_mappings(MAPPINGS / "wms/generic", tables(), OWN)
        warehouse = FileWarehouse(mappings, drop=drop, archive=Kept(tmp_path), clock=house.clock)
        return FileCase(warehouse, house, drop)
