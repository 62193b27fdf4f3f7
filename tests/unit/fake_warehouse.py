"""Fake warehouse (倉庫の模型): an inbox of files, receipts after a delay, results in an outbox."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from connector.errors import Malformed, Problem, Refused
from connector.outcome import Absent, Effect, Hold, Item, Reason, Reply, Sent, Stray
from connector.ports import BuiltFile, ReadResults, Receipt, ResultFile
from connector.slip import Shipment, Slip
from msgspec.structs import replace

from tests.unit.fakes import Side


@dataclass
class FakeWarehouse(Side):
    """The warehouse: an inbox of files, receipts after a delay, results in an outbox."""

    answers: bool = True
    singly: bool = False
    at_once: int = 500
    rereads: frozenset[str] = frozenset()
    doubted: dict[str, tuple[Hold, ...]] = field(default_factory=dict)
    receipt_delay: timedelta = timedelta(minutes=2)
    inbox: dict[str, tuple[datetime, bytes]] = field(default_factory=dict)
    refuses: dict[str, str] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    refuses_file: str = ""
    will_not_stop: dict[str, str] = field(default_factory=dict)  # slips whose stop is refused, and why
    out: dict[str, bytes] = field(default_factory=dict)
    archive: dict[str, bytes] = field(default_factory=dict)
    leaves_out: set[str] = field(default_factory=set)

    def doubts(self, slips: Sequence[Slip], ship_on: date | None = None) -> dict[str, tuple[Hold, ...]]:
        return {slip.number: self.doubted[slip.number] for slip in slips if slip.number in self.doubted}

    def instructions(
        self, slips: Sequence[Slip], *, sequence: int, at: datetime, ship_on: date | None = None
    ) -> list[BuiltFile]:
        inside = tuple(slip.number for slip in slips if slip.number not in self.leaves_out)
        held = [(number, Hold(Reason.TEXT_TOO_LONG, "住所")) for number in sorted(self.leaves_out)]
        shown = {slip.number for slip in slips}
        content = [f"{slip.number},{slip.name},{slip.address1}" for slip in slips if slip.number in inside]
        name = f"SHIPORD_{at:%Y%m%d%H%M%S}_{sequence:06}.csv"
        kept_out = tuple(pair for pair in held if pair[0] in shown)
        return [BuiltFile("\n".join(content).encode(), inside, kept_out, {"name": name})]

    def stops(self, slip_numbers: Sequence[str], *, sequence: int, at: datetime) -> list[BuiltFile]:
        body = "\n".join(slip_numbers).encode()
        name = f"SHIPCAN_{at:%Y%m%d%H%M%S}_{sequence:06}.csv"
        return [BuiltFile(body, tuple(slip_numbers), (), {"name": name})]

    async def send(self, effect: Effect) -> Reply:
        self.stumble()
        there = self.inbox.get(effect.name)
        if there is not None and there[1] != effect.body:
            raise Refused("wms", "exists", effect.name)
        if there is None:
            self.inbox[effect.name] = (self.clock.now(), effect.body)
            for number in _numbers(effect.body):
                self.note("stop_asked" if effect.kind == "wms_stop" else "instructed", number)
        return Sent({"path": effect.name, "size": len(effect.body)})

    async def lies_there(self, effect: Effect) -> Reply:
        there = self.inbox.get(effect.name)
        return Sent({"path": effect.name}) if there and there[1] == effect.body else Absent()

    async def receipt(self, effect: Effect) -> Receipt | None:
        there = self.inbox.get(effect.name)
        if not self.answers or there is None or self.clock.now() < there[0] + self.receipt_delay:
            return None
        if self.refuses_file:
            return Receipt((), {}, self.refuses_file, f"SHIPACK_{effect.name}")
        numbers = [number for number in _numbers(there[1]) if number not in self.silent]
        said = self.will_not_stop if effect.kind == "wms_stop" else self.refuses
        refused = {number: said[number] for number in numbers if number in said}
        accepted = tuple(number for number in numbers if number not in refused)
        return Receipt(accepted, refused, "", f"SHIPACK_{effect.name}")

    def reports(self, *shipments: Shipment, name: str = "") -> str:
        """Put a result file out."""
        name = name or f"SHIPRES_{len(self.out) + len(self.archive) + 1:06}.csv"
        self.out[name] = b"[" + b",".join(shipment.to_bytes() for shipment in shipments) + b"]"
        return name

    async def results(self) -> AsyncIterator[ResultFile]:
        for name, body in list(self.out.items()):
            yield ResultFile(name, name, body)

    async def acknowledge(self, file: ResultFile) -> None:
        self.archive[file.name] = self.out.pop(file.handle)

    def read_results(self, name: str, body: bytes) -> ReadResults:
        try:
            rows = json.loads(body)
        except ValueError as error:
            raise Malformed(Problem(name, 1, 1, "no result file")) from error
        shipments = tuple(Shipment.from_bytes(json.dumps(row).encode()) for row in rows if "result" in row)
        strays = tuple(Stray("wms", f"{name}:{n}", "damaged") for n, row in enumerate(rows, 2) if not row)
        return ReadResults(shipments, strays)

    def as_sent(self, shipment: Shipment, item: Item[Slip]) -> Shipment:
        """What these codes once meant is the carrier of whatever was sent."""
        return replace(shipment, carrier="YAMATO_NEKOPOS")


def _numbers(body: bytes) -> Iterable[str]:
    return [line.partition(",")[0] for line in body.decode().splitlines()]
