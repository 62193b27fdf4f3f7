"""A shop whose warehouse is the sandbox's own floor: by files, by files without any answer, or by calls.

What the floor's history says is the truth that a verdict is held against.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace as with_other
from datetime import UTC, date, datetime
from pathlib import Path

from connector.adapters.wms import wire
from connector.adapters.wms.files import FileWarehouse, load_mappings
from connector.clock import jst
from connector.errors import Unknown
from connector.ledger.schema import orders, slips, stop_requests
from connector.ledger.schema_warehouse import stop_answers
from connector.outcome import Absent, Effect, Hold, Reply, Sent, Stray
from connector.ports import BuiltFile, ReadResults, Receipt, ResultFile
from connector.sandbox.warehouse import WarehouseSandbox, WarehouseSettings
from connector.sandbox.warehouse.counter import Goods
from connector.sandbox.warehouse.counter import Order as Instruction
from connector.sandbox.warehouse.requests import CANCEL
from connector.sandbox.warehouse.slips import CANCELLABLE, ON_THE_FLOOR, State
from connector.shop import DoubleRules
from connector.slip import Result, Shipment, Slip, SlipRow
from connector.transport.folder import FolderDrop
from msgspec.structs import replace as changed
from sqlalchemy import select

from tests.contract.wms_desk import OWN, Kept
from tests.contract.wms_house import HOLIDAYS, STOCK
from tests.golden.samples import MAPPINGS, tables
from tests.unit.world import World, an_order

SKU = "MH-CREAM-50"
READABLE = {
    "delivery_id": "10",
    "delivery_method": "ヤマト(発払い)",
    "name": "見本 太郎",
    "kana": "ミホン タロウ",
    "zip_code": "5300001",
    "address1": "大阪府大阪市北区梅田9-99-3",
    "address2": "",
    "phone": "090-0000-0102",
    "rows": (SlipRow(no=1, sku=SKU, name="見本クリーム 50g", quantity=1, unit_price=3980, tax_rate=10),),
}


class Calls:
    """A warehouse with an API, straight at the counter of the sandbox's floor. Replies may get lost."""

    answers = True
    singly = True
    at_once = 100

    def __init__(self, floor: WarehouseSandbox) -> None:
        self.floor, self.counter = floor, floor.counter
        self.loses: set[str] = set()  # kinds of acts whose next reply is lost on its way back
        self.told: set[str] = set()

    def doubts(self, slips: Sequence[Slip]) -> dict[str, tuple[Hold, ...]]:
        return {}

    def instructions(
        self, slips: Sequence[Slip], *, sequence: int, at: datetime, ship_on: date | None = None
    ) -> list[BuiltFile]:
        return [self._built("POST", slip.number, sequence) for slip in slips]

    def stops(self, slip_numbers: Sequence[str], *, sequence: int, at: datetime) -> list[BuiltFile]:
        return [self._built("DELETE", number, sequence) for number in slip_numbers]

    def _built(self, verb: str, number: str, sequence: int) -> BuiltFile:
        name = f"{verb} {number} {sequence}"
        return BuiltFile(number.encode(), (number,), (), {"name": name})

    async def send(self, effect: Effect) -> Reply | Receipt:
        number = effect.body.decode()
        answer = self._stop(number) if effect.kind == "wms_stop" else self._take(number)
        if effect.kind in self.loses:
            self.loses.discard(effect.kind)
            raise Unknown("the reply was lost")
        return answer

    def _take(self, number: str) -> Receipt:
        if not self.counter.is_taken(number):
            day = jst(self.counter.now()).date()
            goods = (Goods(SKU, 1),)
            self.counter.take(Instruction(number, number, "openlogi", "YAMATO_TAKKYUBIN", day, goods))
        return Receipt((number,), {}, "", f"shipment {number}")

    def _stop(self, number: str) -> Receipt | Reply:
        state = self.counter.slip(number).state
        if state in CANCELLABLE:
            self.counter.cancel(number, "openlogi")
        elif state in ON_THE_FLOOR:
            self.counter.ask_floor(CANCEL, number)
            return Sent({"asked": number})
        return self._word(number)

    def _word(self, number: str) -> Receipt:
        state = self.counter.slip(number).state
        if state is State.CANCELLED:
            return Receipt((number,), {}, "", f"shipment {number}")
        return Receipt((), {number: f"403 {state.value}"}, "", f"shipment {number}")

    async def lies_there(self, effect: Effect) -> Reply:
        number = effect.body.decode()
        if effect.kind == "wms_file":
            return Sent() if self.counter.is_taken(number) else Absent()
        known = self.counter.slip(number).state is State.CANCELLED or self._was_asked(number)
        return Sent() if known else Absent()

    def _was_asked(self, number: str) -> bool:
        return any(event.key == number for event in self.floor.history.of("cancel_requested"))

    async def receipt(self, effect: Effect) -> Receipt | None:
        number = effect.body.decode()
        if effect.kind == "wms_file":
            return Receipt((number,), {}, "", number) if self.counter.is_taken(number) else None
        state = self.counter.slip(number).state
        if self.counter.asked_kind(number) or not (state is State.CANCELLED or self._was_asked(number)):
            return None
        owed = {event.detail["answer"] for event in self.floor.history.of("cancel_requested")}
        if owed == {"never"} and state in ON_THE_FLOOR:
            return None
        return self._word(number)

    async def results(self) -> AsyncIterator[ResultFile | Stray]:
        for number, slip in self.floor.slips().items():
            left = any(one.event.result == wire.RESULT_SHIPPED for one in slip.departures)
            if left and number not in self.told:
                yield ResultFile(number, f"shipped_{number}", number.encode())

    async def acknowledge(self, file: ResultFile) -> None:
        self.told.add(file.handle)

    def read_results(self, name: str, body: bytes) -> ReadResults:
        number = body.decode()
        (departure,) = self.floor.slips()[number].departures
        shipment = Shipment(
            result_id=f"R{number}",
            slip_number=number,
            result=Result.SHIPPED,
            shipped_on=jst(departure.at).date(),
            carrier="YAMATO_TAKKYUBIN",
            tracking=tuple(departure.event.tracking),
        )
        return ReadResults((shipment,), ())


class Silent(FileWarehouse):
    """A folder that a person empties: no receipts, and no file to stop anything with."""

    async def lies_there(self, effect: Effect) -> Reply:
        return await super().lies_there(effect) if effect.kind == "wms_stop" else Sent()


class Town:
    """One shop and its floor on one clock."""

    def __init__(self, folder: Path, way: str) -> None:
        (folder / "wms").mkdir(parents=True)
        self.w = World(folder, doubles=DoubleRules(enabled=False))
        self.w.clock.set_to(datetime(2026, 11, 24, 0, 0, tzinfo=UTC))
        self.floor = WarehouseSandbox(
            self.w.clock, folder / "wms", seed=7, settings=WarehouseSettings(holidays=HOLIDAYS)
        )
        self.floor.seed_stock(STOCK)
        self.way = way
        self.wms = self._by(way, folder / "wms")
        self.w.wms = self.wms  # type: ignore[assignment]
        self.w.runner = self.w.new_runner()

    def _by(self, way: str, root: Path) -> FileWarehouse | Calls:
        if way == "calls":
            return Calls(self.floor)
        mappings = load_mappings(MAPPINGS / "wms/generic", tables(), OWN)
        here = {"drop": FolderDrop(root), "archive": Kept(root), "clock": self.w.clock}
        if way == "files":
            return FileWarehouse(mappings, **here)  # type: ignore[arg-type]
        profile = changed(mappings.profile, answers=False)
        return Silent(with_other(mappings, profile=profile, stop=None, receipt=None), **here)  # type: ignore[arg-type]

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
            await self.w.runner.run(stage)

    async def until(self, hour: int, minute: int = 0, *stages: str, step: int = 20) -> None:
        """To this time of day in Japan, in steps."""
        at = jst(self.w.clock.now()).replace(hour=hour, minute=minute, second=0)
        while jst(self.w.clock.now()) < at:
            left = (at - jst(self.w.clock.now())).total_seconds() / 60
            await self.go_on(*stages, minutes=min(step, left))

    def lose(self, kind: str) -> None:
        """The next reply to such an act gets lost, after it was done."""
        if isinstance(self.wms, Calls):
            self.wms.loses.add(kind)
            return
        send = self.wms.send

        async def lost(effect: Effect) -> Reply:
            await send(effect)
            if effect.kind == kind:
                self.wms.send = send  # type: ignore[method-assign]
                raise Unknown("line dropped")
            return Sent()

        self.wms.send = lost  # type: ignore[method-assign]

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

    def places(self) -> dict[str, str]:
        return {row.number: row.state for row in self.w.rows(select(slips.c.number, slips.c.state))}
