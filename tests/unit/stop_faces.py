"""An API warehouse of the stop board: the real adapter, over HTTP at the sandbox's face of the very same floor.

What a process that ended leaves behind is the other side, the ledger and the stored tokens, and nothing else.
"""

from __future__ import annotations

from dataclasses import replace

from connector.adapters.wms import kinds
from connector.adapters.wms.api import ApiDoor, ApiWarehouse, open_door
from connector.clock import SteppedClock
from connector.ports import Archive
from connector.sandbox.warehouse import WarehouseSandbox
from connector.sandbox.warehouse.faces import LogilessFace, Trouble

from tests.contract.border import MemoryStore
from tests.contract.wms_api_desk import ACCOUNTS, FACES
from tests.contract.wms_desk import OWN
from tests.golden.samples import MAPPINGS, tables

APIS = tuple(FACES)
PATHS = {
    "wms_file": {"openlogi": "/shipments", "logiless": "/sales_orders/new", "logizard": "/addorder"},
    "wms_stop": {"openlogi": "/shipments/TS001-S", "logiless": "/reversal"},
}  # the calls that do something; ロジザード has none that stops
DONE_AND_LOST = ("drop", "504", "html-200")
NOT_DONE = ("html-503", "500", "html-200")


class Line:
    """One warehouse's API and our end of it."""

    def __init__(self, speaks: str, floor: WarehouseSandbox, clock: SteppedClock, archive: Archive) -> None:
        self.speaks, self._clock, self._archive = speaks, clock, archive
        self.face = FACES[speaks](floor)
        self._store = MemoryStore()
        self._account = ACCOUNTS[speaks]
        self._door: ApiDoor | None = None

    async def opened(self) -> ApiWarehouse:
        base = await self.face.start()
        token = str(self.face.tokens.issue()["refresh_token"]) if isinstance(self.face, LogilessFace) else ""
        mine = replace(self._account, url=base, refresh_token=token)
        self._account = replace(mine, requests_per_minute=600.0, timeout_seconds=30.0)
        return await self.reopened()

    async def reopened(self) -> ApiWarehouse:
        """As the next process opens it."""
        if self._door is not None:
            await self._door.close()
        self._door = open_door(self._account, tokens=self._store, clock=self._clock)
        here = {"tables": tables(), **OWN, "archive": self._archive, "clock": self._clock}
        made = kinds.connect(MAPPINGS / "wms" / self.speaks, door=self._door, **here)
        assert isinstance(made, ApiWarehouse)
        return made

    async def close(self) -> None:
        if self._door is not None:
            await self._door.close()
        await self.face.stop()

    def spoil(self, kind: str, *, done: bool, nth: int = 0) -> None:
        """The next such call is done, or is not, and what comes back says neither."""
        ways = DONE_AND_LOST if done else NOT_DONE
        if path := PATHS[kind].get(self.speaks):
            self.face.troubles.plan(Trouble(ways[nth % len(ways)], path=path, applied=done))
