"""A warehouse with an API on a desk: the adapter, its door, and the sandbox face it knocks at over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from connector.adapters.wms import kinds
from connector.adapters.wms.api import ApiAccount, ApiDoor, ApiWarehouse, open_door
from connector.clock import SteppedClock
from connector.outcome import Effect
from connector.ports import BuiltFile, ResultFile
from connector.sandbox.warehouse.faces import LogilessFace, LogizardFace, LogizardSettings, OpenlogiFace
from connector.slip import Shipment, Slip
from connector.transport.http import Http
from msgspec.structs import replace as changed

from tests.contract.border import MAPPINGS, MemoryArchive, MemoryStore, tables
from tests.contract.wms_desk import SENDER, the_days_slips
from tests.contract.wms_faces import Counterpart

FACES: dict[str, Callable[..., OpenlogiFace | LogilessFace | LogizardFace]] = {
    "openlogi": OpenlogiFace,
    "logiless": LogilessFace,
    "logizard": partial(LogizardFace, settings=LogizardSettings(password="TEST-PASSWORD")),
}
ACCOUNTS = {
    "openlogi": ApiAccount(url="", account="TS001", token="openlogi-sandbox-token"),
    "logiless": ApiAccount(
        url="", account="1", client_id="logiless-sandbox-client", client_secret="logiless-sandbox-secret"
    ),
    "logizard": ApiAccount(
        url="", account="1", area="1", user="mihon", password="TEST-PASSWORD", app_key="TEST-APP-KEY"
    ),
}
ORDERED_AT = datetime(2026, 11, 24, 0, 58, tzinfo=UTC)


class ApiDesk:
    """The adapter for one API; the same door serves it after its mappings were read again."""

    def __init__(
        self,
        speaks: str,
        base: str,
        clock: SteppedClock,
        *,
        folder: Path | None = None,
        store: MemoryStore | None = None,
        seconds: float = 1.0,
        **account: str,
    ) -> None:
        self.clock, self.folder = clock, folder or MAPPINGS / "wms" / speaks
        self.archive, self.store = MemoryArchive(), store or MemoryStore()
        given = replace(
            ACCOUNTS[speaks], url=base, requests_per_minute=600.0, timeout_seconds=seconds, **account
        )
        self.door: ApiDoor = open_door(given, tokens=self.store, clock=clock)
        self.warehouse = self.reopened()

    @property
    def http(self) -> Http:
        return self.door.http

    def reopened(self) -> ApiWarehouse:
        made = kinds.connect(
            self.folder,
            tables=tables(),
            tenant="demo",
            warehouse_code="WH01",
            shop_code="SHOP1",
            sender=SENDER,
            door=self.door,
            archive=self.archive,
            clock=self.clock,
        )
        assert isinstance(made, ApiWarehouse)
        return made

    async def close(self) -> None:
        await self.door.close()

    def built(self, slip: Slip | None = None) -> BuiltFile:
        (built,) = self.warehouse.instructions([slip or a_slip()], sequence=1, at=self.clock.now())
        return built

    def instruction(self, slip: Slip | None = None) -> Effect:
        built = self.built(slip)
        assert built.held == ()
        return effect_of(built)

    def stop(self, number: str = "200101") -> Effect:
        (built,) = self.warehouse.stops([number], sequence=1, at=self.clock.now())
        return effect_of(built, "wms_stop")


def a_slip(place: int = 0, **changes: object) -> Slip:
    """One of the fixtures' slips as Next Engine would show it."""
    return changed(the_days_slips()[place], ordered_at=ORDERED_AT, **changes)


def effect_of(built: BuiltFile, kind: str = "wms_file") -> Effect:
    """As the stages make it."""
    return Effect(
        kind=kind,
        key=f"demo/{kind}/000001/{'-'.join(built.included)}",
        items=(1,),
        body=built.body,
        name=built.facts["name"],
        facts={**built.facts, "slips": {str(n): number for n, number in enumerate(built.included, 1)}},
    )


async def shipments_of(warehouse: ApiWarehouse) -> list[Shipment]:
    found = [one async for one in warehouse.results() if isinstance(one, ResultFile)]
    return [each for one in found for each in warehouse.read_results(one.name, one.body).shipments]


async def desk_at(shop: Counterpart, speaks: str, *, folder: Path | None = None) -> ApiDesk:
    """The adapter at a sandbox's door, with a refresh token that this door has given out."""
    token = str(shop.face.tokens.issue()["refresh_token"]) if isinstance(shop.face, LogilessFace) else ""
    return ApiDesk(speaks, shop.base, shop.house.clock, folder=folder, refresh_token=token)
