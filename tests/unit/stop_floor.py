"""A shop whose warehouse is the sandbox's own floor: by files, by files without any answer, or by one of the APIs.

What the floor's history says is the truth that a verdict is held against.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace as with_other
from datetime import UTC, datetime
from pathlib import Path

from connector.adapters.wms.api import ApiWarehouse
from connector.adapters.wms.files import FileWarehouse, load_mappings
from connector.clock import jst
from connector.errors import Unknown
from connector.ledger.archive import ShopArchive
from connector.ledger.schema import orders, slips, stop_requests
from connector.ledger.schema_warehouse import stop_answers
from connector.outcome import Effect, Reply, Sent
from connector.ports import Receipt
from connector.sandbox.warehouse import WarehouseSandbox, WarehouseSettings
from connector.shop import DoubleRules
from connector.slip import SlipRow
from connector.transport.folder import FolderDrop
from msgspec.structs import replace as changed
from sqlalchemy import select

from tests.contract.wms_api_desk import ORDERED_AT
from tests.contract.wms_desk import OWN, Kept
from tests.contract.wms_house import HOLIDAYS, STOCK
from tests.golden.samples import MAPPINGS, tables
from tests.unit.stop_faces import APIS, Line
from tests.unit.world import World, an_order

READABLE = {
    "delivery_id": "10",
    "delivery_method": "ヤマト(発払い)",
    "name": "見本 太郎",
    "kana": "ミホン タロウ",
    "zip_code": "5300001",
    "address1": "大阪府大阪市北区梅田9-99-3",
    "address2": "",
    "phone": "090-0000-0102",
    "ordered_at": ORDERED_AT,
    "rows": (
        SlipRow(no=1, sku="MH-CREAM-50", name="見本クリーム 50g", quantity=1, unit_price=3980, tax_rate=10),
    ),
}


class Died(BaseException):
    """The process ended at this point."""


class Silent(FileWarehouse):
    """A folder that a person empties: no receipts, and no file to stop anything with."""

    async def lies_there(self, effect: Effect) -> Reply:
        return await super().lies_there(effect) if effect.kind == "wms_stop" else Sent()


class Town:
    """One shop and its floor on one clock. An API's way has to be opened first, and closed."""

    def __init__(self, folder: Path, way: str) -> None:
        (folder / "wms").mkdir(parents=True)
        self.w = World(folder, doubles=DoubleRules(enabled=False))
        self.w.clock.set_to(datetime(2026, 11, 24, 0, 0, tzinfo=UTC))
        self.floor = WarehouseSandbox(
            self.w.clock, folder / "wms", seed=7, settings=WarehouseSettings(holidays=HOLIDAYS)
        )
        self.floor.seed_stock(STOCK)
        self.way = way
        self.line: Line | None = None
        self.wms: FileWarehouse | ApiWarehouse
        if way in APIS:
            archive = ShopArchive(self.w.database, self.w.clock, self.w.shop.key)
            self.line = Line(way, self.floor, self.w.clock, archive)
        else:
            self._meets(self._by_files(way, folder / "wms"))

    def _by_files(self, way: str, root: Path) -> FileWarehouse:
        mappings = load_mappings(MAPPINGS / "wms/generic", tables(), OWN)
        here = {"drop": FolderDrop(root), "archive": Kept(root), "clock": self.w.clock}
        if way == "files":
            return FileWarehouse(mappings, **here)  # type: ignore[arg-type]
        profile = changed(mappings.profile, answers=False)
        return Silent(with_other(mappings, profile=profile, stop=None, receipt=None), **here)  # type: ignore[arg-type]

    def _meets(self, warehouse: FileWarehouse | ApiWarehouse) -> None:
        self.wms = warehouse
        self.w.wms = warehouse  # type: ignore[assignment]
        self.w.runner = self.w.new_runner()

    async def __aenter__(self) -> Town:
        if self.line is not None:
            self._meets(await self.line.opened())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.line is not None:
            await self.line.close()
        self.w.close()

    async def restart(self) -> None:
        """Another process takes over: what only the first one remembered is gone."""
        self._meets(await self.line.reopened() if self.line is not None else self.wms)

    async def placed(self, *numbers: str) -> None:
        """Orders at 印刷待ち, each with one slip that a warehouse can read."""
        await self.w.to_print_ready(*(an_order(number) for number in numbers))
        for number in list(self.w.ne.slips_held):
            self.w.ne.edit(number, **READABLE)
        await self.w.run("follow_slips")

    async def a_second_slip(self, order: str) -> str:
        number = self.w.ne.open(order, status=20, instruct_at=self.w.clock.now()).number
        self.w.ne.edit(number, **READABLE)
        await self.w.run("follow_slips")
        return number

    async def go_on(self, *stages: str, **time: float) -> None:
        """Time goes by for everybody, then one pass of each of these stages."""
        self.w.pass_by(**time)
        await self.floor.advance()
        for stage in stages or ("relay", "stop", "collect", "follow_slips"):
            try:
                await self.w.runner.run(stage)
            except Died:
                await self.restart()

    async def until(self, hour: int, minute: int = 0, *stages: str, step: int = 20) -> None:
        """To this time of day in Japan, in steps."""
        at = jst(self.w.clock.now()).replace(hour=hour, minute=minute, second=0)
        while jst(self.w.clock.now()) < at:
            left = (at - jst(self.w.clock.now())).total_seconds() / 60
            await self.go_on(*stages, minutes=min(step, left))

    def lose(self, kind: str) -> None:
        """The next reply to such an act gets lost, after it was done."""
        if self.line is not None:
            self.line.spoil(kind, done=True, nth=self.w.clock.now().minute // 5)
        else:
            self._after(kind, Unknown("line dropped"))

    def fail(self, kind: str) -> None:
        """The next such act is not done, and the answer does not say so."""
        assert self.line is not None, "a file is there or is not"
        self.line.spoil(kind, done=False, nth=self.w.clock.now().minute // 5)

    def die(self, kind: str) -> None:
        """The process ends between the next such act and the writing down of its reply."""
        self._after(kind, Died())

    def _after(self, kind: str, end: BaseException) -> None:
        warehouse, send = self.wms, self.wms.send

        async def cut_off(effect: Effect) -> Reply | Receipt:
            reply = await send(effect)
            if effect.kind == kind:
                warehouse.send = send  # type: ignore[method-assign]
                raise end
            return reply

        warehouse.send = cut_off  # type: ignore[method-assign]

    # --- the truth, and what the board says ---

    def truth(self, number: str) -> str:
        """What the floor did with a slip: never, cancelled, shipped, or where it is."""
        state = self.floor.state_of(number)
        return "never" if state is None else str(state.value).lower()

    def answers(self, party: str = "warehouse") -> list[tuple[str, str, str]]:
        query = select(stop_answers).where(stop_answers.c.party == party).order_by(stop_answers.c.id)
        return [(row.slip_number, row.answer, row.by) for row in self.w.rows(query)]

    def slips_of(self, order: str) -> list[str]:
        return [one.number for one in self.w.ne.slips_held.values() if one.order_number == order]

    def verdicts(self) -> dict[str, str]:
        query = select(orders.c.number, stop_requests.c.verdict).join(
            orders, orders.c.id == stop_requests.c.order_id
        )
        return {row.number: str(row.verdict) for row in self.w.rows(query)}

    def asked_too_often(self) -> list[str]:
        """Slips about which the warehouse was asked again after it had answered."""
        often = []
        for number in {slip for slip, _, _ in self.answers()}:
            said = [answer for slip, answer, _ in self.answers() if slip == number]
            first = next((n for n, answer in enumerate(said) if answer in ("agreed", "refused")), len(said))
            often += [number] if "asked" in said[first:] else []
        return often

    def most_questions(self) -> int:
        """How often the warehouse was asked about the slip that it was asked about most."""
        return max(
            Counter(slip for slip, answer, _ in self.answers() if answer == "asked").values(), default=0
        )

    def places(self) -> dict[str, str]:
        return {row.number: row.state for row in self.w.rows(select(slips.c.number, slips.c.state))}
