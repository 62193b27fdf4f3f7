"""Results (出荷実績の記帳): kept result files against the slips they speak of, row by row.

Dangerous: a row that fits nothing we relayed moves nothing and is set aside; one number never serves two slips (S3).
A file is read until it was read to its end: what breaks it off leaves it unread, and nothing of it is booked twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import structlog

from connector.errors import ConnectorError, Malformed
from connector.journey import SlipState, at_least
from connector.ledger.ledger import Ledger
from connector.ledger.record import By
from connector.ledger.replies import first_line, words_of
from connector.outcome import Advance, Hold, Item, Outcome, Reason, Stray, Wait
from connector.ports import Ports
from connector.runner.counts import Counts
from connector.slip import Shipment, Slip
from connector.stages.stage import Reading, Said

journal = structlog.get_logger("journal")

SAME_NUMBER_WINDOW = timedelta(days=90)  # S3: how long a tracking number belongs to its slip
RESULTS = "wms"


class Results:
    """Books what the warehouse reported. Reading again is safe."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    async def read(self, stage: Reading, ports: Ports, counts: Counts) -> None:
        """Whatever file was kept and not finished reading, oldest first; one bad file stops no other."""
        for exchange_id, name, body in await self.ledger.unread(RESULTS):
            try:
                await self._read_result(stage, ports, exchange_id, name, body, counts)
            except Malformed as error:
                stray, by = Stray(RESULTS, name, str(error)), By(stage.name, stage.gives)
                await self.ledger.book(by, exchange_id, [], [stray], [], ports.now, str(error))
                counts.strays += 1
            except ConnectorError:
                raise
            except Exception as bug:  # noqa: BLE001 - unread it stays, and is read when the bug is gone
                journal.error("bug", stage=stage.name, file=name, error=words_of(bug))
                counts.failed = f"{name}: {first_line(bug)}"
        if stage.released is not None:
            items = await self.ledger.slips_with_results(stage.takes, ports.now)
            said = [(item, word) for item in items if (word := stage.released(item)) is not None]
            counts.moved += await self.ledger.record(By(stage.name, stage.gives), said, ports.now)

    async def _read_result(
        self, stage: Reading, ports: Ports, exchange_id: int, name: str, body: bytes, counts: Counts
    ) -> None:
        content, by = ports.warehouse.read_results(name, body), By(stage.name, stage.gives)
        booked, strays, said = await self._judge(stage, ports, content.shipments)
        strays += content.strays
        counts.moved += await self.ledger.book(by, exchange_id, booked, strays, said, ports.now, "")
        counts.strays += len(strays)
        counts.tally([outcome for _, outcome in said])

    async def _judge(
        self, stage: Reading, ports: Ports, shipments: Sequence[Shipment]
    ) -> tuple[list[Shipment], list[Stray], list[Said]]:
        booked: list[Shipment] = []
        strays: list[Stray] = []
        said: list[Said] = []
        items = await self.ledger.slips_by_number([shipment.slip_number for shipment in shipments])
        numbers: dict[str, str] = {}  # tracking number -> slip, of this very file
        for shipment in shipments:
            item = items.get(shipment.slip_number)
            verdict = await self._verdict(stage, ports, shipment, item, numbers)
            if isinstance(verdict, Stray):
                strays.append(verdict)
            elif item is not None:
                booked.append(shipment)
                numbers |= dict.fromkeys(shipment.tracking, shipment.slip_number)
                if verdict is not None:
                    said.append((item, verdict))
                # The next row of the same file must see this one.
                state = SlipState.DISPATCHED if isinstance(verdict, Advance) else item.state
                now_known = (*item.shipments, shipment)
                items[shipment.slip_number] = replace(item, state=state, shipments=now_known)
        return booked, strays, said

    async def _verdict(
        self,
        stage: Reading,
        ports: Ports,
        shipment: Shipment,
        item: Item[Slip] | None,
        numbers: dict[str, str],
    ) -> Outcome | Stray | None:
        relayed = item is not None and await self._relayed(item)
        try:
            verdict = stage.judge(ports, shipment, item, relayed) if stage.judge else None
        except Exception as bug:
            if item is None:
                raise
            journal.error("bug", stage=stage.name, slip=shipment.slip_number, error=words_of(bug))
            return Hold(Reason.BUG, words_of(bug))
        if not isinstance(verdict, Advance | Wait):
            return verdict
        others = (numbers.get(number, shipment.slip_number) for number in shipment.tracking)
        taken = next((other for other in others if other != shipment.slip_number), None)
        taken = taken or await self.ledger.taken_by_another(shipment, ports.now - SAME_NUMBER_WINDOW)
        if not taken:
            return verdict
        return Hold(Reason.SHIPMENT_CONFLICT, f"送り状番号は伝票 {taken} で使用済みです。")

    async def _relayed(self, item: Item[Slip]) -> bool:
        """Relayed, or the file with it is on its way: a result may be faster than the receipt."""
        return at_least(item.state, SlipState.RELAYED) or await self.ledger.acted_on("relay", item.id)
