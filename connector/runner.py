"""Runner (工程の実行): one pass of one stage over what is due: the only place where an outcome meets the ledger.

A pass of an acting stage is always: look at whatever has no certain outcome, plan, commit the intents, act, commit
the outcomes. Start-up after a crash is the same pass; there is no second recovery path (reliability §2).
"""

from __future__ import annotations

import random
import traceback
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from connector.clock import Clock
from connector.errors import Malformed, NeedsSignIn, NotDone, Refused, Unknown
from connector.journey import SlipState, at_least
from connector.ledger.ledger import Ledger, Settled
from connector.ledger.record import By
from connector.order import Order
from connector.outcome import (
    Absent,
    Advance,
    Begun,
    CannotTell,
    Done,
    Effect,
    EffectState,
    Hold,
    Item,
    Outcome,
    Reason,
    Reply,
    Retry,
    Sent,
    Stray,
)
from connector.ports import CartPage, Ports, ResultFile
from connector.shop import Mode
from connector.slip import Shipment, Slip
from connector.stages import BY_NAME, AnyStage
from connector.stages.stage import Acting, AnyItem, Looking, Reading, Said

journal = structlog.get_logger("journal")

FLUSH = 50  # outcomes of acts are committed at least so often: a crash forgets no more than these
SAME_NUMBER_WINDOW = timedelta(days=90)  # S3: how long a tracking number belongs to its slip
RESULTS = "wms"


@dataclass(slots=True)
class Counts:
    """What one pass did, for the journal and the job table."""

    seen: int = 0
    moved: int = 0
    waiting: int = 0
    held: int = 0
    begun: int = 0
    done: int = 0
    unknown: int = 0
    strays: int = 0
    failed: str = ""

    def facts(self) -> dict[str, Any]:
        return {name: value for name in self.__slots__ if (value := getattr(self, name))}


class Runner:
    """Runs the passes of one shop. Passes of one shop never overlap; that is the caller's duty."""

    def __init__(self, ledger: Ledger, ports: Ports, clock: Clock, spread: random.Random) -> None:
        self.ledger, self._ports, self._clock, self._spread = ledger, ports, clock, spread

    async def run(self, name: str, *, window: str = "") -> Counts:
        """One pass of one stage. Faults of the outside end the pass and are noted; they are not raised."""
        stage = BY_NAME[name]
        mode = self.ledger.shop.mode(name)
        counts = Counts()
        if mode is Mode.OFF:
            return counts
        ports = replace(self._ports, now=self._clock.now(), window=window)
        try:
            match stage:
                case Reading():
                    await self._read(stage, ports, mode, counts)
                case Looking():
                    await self._observe(stage, ports, counts)
                case Acting() if mode is Mode.WATCH:
                    await self._witness(stage, ports, counts)
                case Acting():
                    await self._act(stage, ports, counts)
        except (NotDone, Unknown, Refused, Malformed) as error:
            # The source could not be read: nothing was decided, the next pass tries again.
            counts.failed = str(error)
        await self.ledger.pulse(name, self._clock.now(), counts.failed)
        if counts.facts():
            journal.info(name, shop=self.ledger.shop.key, **counts.facts())
        return counts

    # --- reading ---------------------------------------------------------------------------------------

    async def _read(self, stage: Reading, ports: Ports, mode: Mode, counts: Counts) -> None:
        since = await self.ledger.cursor(stage.name) or self.ledger.shop.start_at
        async for seen in stage.read(ports, since):
            match seen:
                case CartPage():
                    received = await self.ledger.receive(seen, ports.now)
                    counts.seen += received.seen
                    counts.moved += received.new + received.changed
                    counts.strays += len(seen.malformed)
                case ResultFile():
                    kept = await self.ledger.keep_file(RESULTS, seen.name, seen.body, ports.now)
                    counts.seen += 1
                    journal.info("result_file", name=seen.name, known=kept.known)
                    if mode is Mode.ACT:
                        await ports.warehouse.acknowledge(seen)
                case list():
                    counts.seen += len(seen)
                    counts.moved += await self.ledger.see_slips(stage.name, seen, ports.now)
        if stage.cursor:
            # The cursor moves to when this read began: what changed while we read is read again.
            await self.ledger.move_cursor(stage.name, ports.now)
        if stage.noun is Slip and stage.judge is None:
            counts.moved += await self.ledger.ripen_slips(stage.name, ports.now)
        if stage.judge is not None:
            await self._read_results(stage, ports, counts)

    async def _read_results(self, stage: Reading, ports: Ports, counts: Counts) -> None:
        """Whatever file was kept and not finished reading, oldest first; one bad file stops no other."""
        by = By(stage.name, stage.gives)
        for exchange_id, name, body in await self.ledger.unread(RESULTS):
            try:
                content = ports.warehouse.read_results(name, body)
            except Malformed as error:
                stray = Stray(RESULTS, name, str(error))
                await self.ledger.book(by, exchange_id, [], [stray], [], ports.now, str(error))
                counts.strays += 1
                continue
            booked, strays, said = await self._judge(stage, ports, content.shipments)
            strays += content.strays
            counts.moved += await self.ledger.book(by, exchange_id, booked, strays, said, ports.now, "")
            counts.strays += len(strays)
            counts.held += sum(isinstance(outcome, Hold) for _, outcome in said)

    async def _judge(
        self, stage: Reading, ports: Ports, shipments: Sequence[Shipment]
    ) -> tuple[list[Shipment], list[Stray], list[Said]]:
        booked: list[Shipment] = []
        strays: list[Stray] = []
        said: list[Said] = []
        items = await self.ledger.slips_by_number([shipment.slip_number for shipment in shipments])
        for shipment in shipments:
            item = items.get(shipment.slip_number)
            taken = await self._taken_by_another(shipment, ports.now)
            relayed = item is not None and await self._relayed(item)
            verdict = stage.judge(ports, shipment, item, relayed) if stage.judge else None
            if isinstance(verdict, Advance) and taken:
                verdict = Hold(Reason.SHIPMENT_CONFLICT, f"送り状番号は伝票 {taken} で使用済みです。")
            if isinstance(verdict, Stray):
                strays.append(verdict)
            elif item is not None:
                booked.append(shipment)
                if verdict is not None:
                    said.append((item, verdict))
                # The next row of the same file must see this one.
                items[shipment.slip_number] = replace(item, shipments=(*item.shipments, shipment))
        return booked, strays, said

    async def _taken_by_another(self, shipment: Shipment, now: datetime) -> str | None:
        for number in shipment.tracking:
            other = await self.ledger.tracking_in_use(number, shipment.slip_number, now - SAME_NUMBER_WINDOW)
            if other is not None:
                return other
        return None

    async def _relayed(self, item: Item[Slip]) -> bool:
        """Relayed, or the file with it is on its way: a result may be faster than the receipt."""
        return at_least(item.state, SlipState.RELAYED) or await self.ledger.acted_on("relay", item.id)

    # --- looking ---------------------------------------------------------------------------------------

    async def _observe(self, stage: Looking, ports: Ports, counts: Counts) -> None:
        items = await self._due(stage, ports, 500)
        if not items:
            return
        said: list[Said] = []
        async for one in stage.observe(items, ports):
            if isinstance(one, list):
                await self.ledger.see_slips(stage.name, one, ports.now)
            else:
                said.append(one)
        self._tally(said, counts)
        by = By(stage.name, stage.gives, redo_of=stage.redo_of)
        counts.moved += await self.ledger.record(by, said, ports.now)

    async def _witness(self, stage: Acting, ports: Ports, counts: Counts) -> None:
        items = await self._due(stage, ports, stage.at_once)
        if not items:
            return
        said = [one async for one in stage.witness(items, ports)]
        self._tally(said, counts)
        counts.moved += await self.ledger.record(By(stage.name, stage.gives, "watch"), said, ports.now)

    # --- acting ----------------------------------------------------------------------------------------

    async def _act(self, stage: Acting, ports: Ports, counts: Counts) -> None:
        by = By(stage.name, stage.gives)
        await self._look(stage, by, ports, counts)
        if stage.times is not None and not ports.window:
            return
        items = await self._due(stage, ports, stage.at_once)
        if items:
            await self._plan_and_act(stage, by, ports, items, counts)
        if stage.name == "confirm_shipment":
            counts.moved += await self.ledger.ship_orders(stage.name, self._clock.now())

    async def _look(self, stage: Acting, by: By, ports: Ports, counts: Counts) -> None:
        open_ones = await self.ledger.to_look_at(stage.name, ports.now)
        if open_ones:
            settle = stage.settle(ports)
            await self._settle_all(stage, by, stage.look(open_ones, ports), counts, settle)

    async def _plan_and_act(
        self, stage: Acting, by: By, ports: Ports, items: Sequence[AnyItem], counts: Counts
    ) -> None:
        if stage.numbered:
            ports = replace(ports, sequence=await self.ledger.next_sequence(stage.numbered))
        said: list[Said] = []
        planned: list[Effect] = []
        async for one in stage.plan(items, ports):
            if isinstance(one, Effect):
                planned.append(one)
            elif isinstance(one, list):
                await self.ledger.see_slips(stage.name, one, ports.now)
            else:
                said.append(one)
        self._tally(said, counts)
        by_id = {item.id: item for item in items}
        begun = await self.ledger.begin(by, planned, by_id, said, self._clock.now())
        counts.begun += len(begun)
        if begun:
            await self._settle_all(stage, by, stage.act(begun, ports), counts, None)

    async def _settle_all(
        self,
        stage: Acting,
        by: By,
        replies: AsyncIterator[tuple[Begun, Reply]],
        counts: Counts,
        settle: timedelta | None,
    ) -> None:
        """Commit outcomes as they come, `FLUSH` at a time. `settle` is given when we looked."""
        ready: list[Settled] = []
        async for begun, reply in replies:
            ready.append(await self._settled(stage, begun, reply, counts, settle))
            if len(ready) >= FLUSH:
                counts.moved += await self.ledger.settle(by, ready, self._clock.now(), self._jitter())
                ready = []
        if ready:
            counts.moved += await self.ledger.settle(by, ready, self._clock.now(), self._jitter())

    async def _settled(
        self, stage: Acting, begun: Begun, reply: Reply, counts: Counts, settle: timedelta | None
    ) -> Settled:
        noun = Order if stage.noun is Order else Slip
        items = await self.ledger.items(noun, begun.effect.items)
        state, evidence, words, look_after, per_item, rest = self._meaning(begun, reply, settle)
        counts.done += state is EffectState.DONE
        counts.unknown += state is EffectState.UNKNOWN
        outcomes = [
            (item, outcome) for id_, item in items.items() if (outcome := per_item.get(id_, rest)) is not None
        ]
        self._tally(outcomes, counts)
        return Settled(begun, state, evidence, words, look_after, outcomes)

    def _meaning(
        self, begun: Begun, reply: Reply, settle: timedelta | None
    ) -> tuple[EffectState, dict[str, Any], str, float | None, dict[int, Outcome], Outcome | None]:
        """One reply as rows: state, evidence, words, when to look, outcomes per item, outcome of the rest."""
        match reply:
            case Done(evidence=evidence, per_item=per_item):
                return EffectState.DONE, evidence, "", None, per_item, Advance(evidence)
            case Sent(evidence=evidence, look_after=after, per_item=per_item):
                return EffectState.SENT, evidence, "", after, per_item, None
            case Absent(evidence=evidence):
                waited = self._clock.now() - begun.started_at
                if settle is not None and waited < settle:
                    left = (settle - waited).total_seconds()
                    return EffectState.UNKNOWN, evidence, "not there yet", min(left, 300.0), {}, None
                again = Retry("届いていないことを確認しました。もう一度行います。", after=0.0)
                return EffectState.NOT_DONE, evidence, "provably absent", None, {}, again
            case CannotTell(why=why):
                hold = Hold(Reason.CANNOT_TELL, why)
                return EffectState.REFUSED, {}, why, None, {}, hold
            case NotDone() as error if settle is None:
                words = str(error)
                return EffectState.NOT_DONE, {}, words, None, {}, Retry(words, error.after)
            case NeedsSignIn() as error if settle is None:
                return EffectState.NOT_DONE, {}, str(error), None, {}, Retry(str(error))
            case Refused() as error if not isinstance(error, NeedsSignIn):
                return EffectState.REFUSED, {}, str(error), None, {}, Hold(Reason.REFUSED, str(error))
            case NotDone() | Unknown() | Refused() as error:
                # In doubt, or even the look failed: the doubt stays, and nothing is sent meanwhile.
                return EffectState.UNKNOWN, {}, str(error), 60.0, {}, None
            case Exception() as error:
                words = "".join(traceback.format_exception(error))[-4000:]
                journal.error("bug", effect=begun.effect.key, error=repr(error))
                return EffectState.UNKNOWN, {}, words, 300.0, {}, Hold(Reason.BUG, repr(error))

    # --- shared ----------------------------------------------------------------------------------------

    async def _due(self, stage: AnyStage, ports: Ports, limit: int) -> Sequence[AnyItem]:
        if stage.name == "stop":
            return await self.ledger.orders_to_stop(stage.name, ports.now)
        if stage.noun is Order:
            items = await self.ledger.orders_due(stage.name, stage.takes, ports.now, limit)
            return [self._translated(item, ports) for item in items]
        once = stage.once if isinstance(stage, Acting) else ""
        return await self.ledger.slips_due(
            stage.name, stage.takes, ports.now, gives=stage.gives, once=once, limit=limit
        )

    def _translated(self, item: Item[Order], ports: Ports) -> Item[Order]:
        """Under the tables as they are now: an extended table frees an order by itself."""
        return replace(item, noun=ports.cart.translate(item.noun)) if item.noun.unknown else item

    def _tally(self, said: Sequence[tuple[Any, Outcome]], counts: Counts) -> None:
        counts.held += sum(isinstance(outcome, Hold) for _, outcome in said)
        counts.waiting += sum(not isinstance(outcome, Hold | Advance) for _, outcome in said)

    def _jitter(self) -> float:
        """Seconds added to a retry, so that not all of them come back at once after a restart."""
        return self._spread.uniform(0.0, 20.0)
