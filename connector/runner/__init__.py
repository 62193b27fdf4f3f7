"""Runner (工程の実行): one pass of one stage over what is due: the only place where an outcome meets the ledger.

A pass of an acting stage is always: look at whatever has no certain outcome, plan, commit the intents, act, commit
the outcomes. Start-up after a crash is the same pass; there is no second recovery path (reliability §2).
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import structlog
from msgspec.structs import replace as changed

from connector.clock import Clock
from connector.errors import ConnectorError
from connector.incoming import MailSeen
from connector.journey import SlipState
from connector.ledger import alarms, inbox, sendings
from connector.ledger.alarms import intake_silent
from connector.ledger.effects import BUG
from connector.ledger.ledger import Ledger, Settled
from connector.ledger.record import By
from connector.ledger.replies import acted, broken_off, first_line, looked, words_of
from connector.order import Order
from connector.outcome import Begun, EffectState, Hold, Reason, Reply, Stray
from connector.ports import CartPage, Ports, ResultFile, SubscriptionPage
from connector.runner.counts import Counts
from connector.runner.results import RESULTS, Results
from connector.runner.shelves import compare_shelves
from connector.shop import Mode
from connector.slip import Slip
from connector.stages import BY_NAME, AnyStage
from connector.stages.listen import Heard, Speaker, listen
from connector.stages.stage import Acting, AnyItem, Looking, Reading, Seen, translated

__all__ = ["Counts", "Runner"]

journal = structlog.get_logger("journal")

FLUSH = 50  # outcomes of acts are committed at least so often: a crash forgets no more than these
LOOKING_AT_ONCE = 500
BEGINNING = datetime(2015, 1, 1, tzinfo=UTC)  # before any ECFORCE shop
Replies = AsyncIterator[tuple[Begun, Reply]]


class Runner:
    """Runs the passes of one shop. Passes of one shop never overlap; that is the caller's duty."""

    def __init__(self, ledger: Ledger, ports: Ports, clock: Clock, spread: random.Random) -> None:
        self.ledger, self.ports, self._clock, self._spread = ledger, ports, clock, spread

    async def run(self, name: str, *, window: str = "") -> Counts:
        """One pass of one stage. What ends a pass early is noted, not raised; only the store may raise."""
        stage = BY_NAME[name]
        mode = self.ledger.shop.mode(name)
        counts = Counts()
        if mode is Mode.OFF:
            return counts
        ports = replace(self.ports, now=self._clock.now(), window=window, known=self.ledger)
        try:
            await self._pass(stage, ports, mode, counts)
        except ConnectorError as error:
            # The source could not be read: nothing was decided, the next pass tries again.
            counts.failed = str(error)
        except Exception as bug:  # noqa: BLE001 - a broken stage must not stop the other stages
            journal.error("bug", stage=name, error=words_of(bug))
            counts.failed = first_line(bug)
        await self.ledger.pulse(name, self._clock.now(), counts.failed)
        if counts.facts():
            journal.info(name, shop=self.ledger.shop.key, **counts.facts())
        return counts

    async def judge_alarms(self) -> bool:
        """After a round: one line for each alarm that began or ended. True: a look in NE would decide one."""
        shop, now = self.ledger.shop, self._clock.now()
        for turn in await self.ledger.database.run(lambda c: alarms.judge(c, shop, now)):
            tell = journal.warning if turn.opened else journal.info
            state = "opened" if turn.opened else "closed"
            tell("alarm", shop=shop.key, kind=turn.kind, state=state, evidence=turn.evidence)
        return await self.ledger.database.read(lambda c: intake_silent.wants_a_look(c, shop, now))

    async def tidy(self) -> int:
        """Once a day: forget what nothing is compared with any more. Repeating is safe."""
        shop, now, gone = self.ledger.shop, self._clock.now(), 0
        while count := await self.ledger.database.run(lambda c: sendings.prune(c, shop, now)):
            gone += count
        if gone:
            journal.info("tidied", shop=shop.key, sendings=gone)
        return gone

    async def _pass(self, stage: AnyStage, ports: Ports, mode: Mode, counts: Counts) -> None:
        match stage:
            case Reading():
                await self._read(stage, ports, mode, counts)
            case Looking():
                await self._observe(stage, ports, counts)
            case Acting():
                await self._look(stage, ports, counts)
                await (self._witness if mode is Mode.WATCH else self._act)(stage, ports, counts)
        if stage.gives is SlipState.CONFIRMED:
            counts.moved += await self.ledger.ship_orders(stage.name, self._clock.now())

    async def planned(self, name: str, window: str, at: datetime) -> tuple[Heard, dict[int, AnyItem], Ports]:
        """What a pass of an acting stage would do then. Asks the outside and writes nothing at all."""
        stage = BY_NAME[name]
        if not isinstance(stage, Acting):
            raise TypeError(f"{name} plans nothing")
        files = await self.ledger.files_so_far(name, window)
        ports = replace(self.ports, now=self._clock.now(), window=window, known=self.ledger, files=files)
        items = await self._due(stage, replace(ports, now=at), stage.at_once)
        heard = await listen(lambda some: stage.plan(some, ports), items)
        return heard, {item.id: item for item in items}, ports

    # --- reading ---------------------------------------------------------------------------------------

    async def _read(self, stage: Reading, ports: Ports, mode: Mode, counts: Counts) -> None:
        first = BEGINNING if stage.from_the_beginning else self.ledger.shop.start_at
        since = await self.ledger.cursor(stage.name) or first
        failure: Exception | None = None
        try:
            async for seen in stage.read(ports, since):
                await self._take_in(stage, seen, ports, mode, counts)
        except Exception as error:  # noqa: BLE001 - raised below: what is kept is read all the same
            failure = error
        if stage.judge is not None:
            await Results(self.ledger).read(stage, ports, counts)
            await compare_shelves(self.ledger, ports)
        if failure is not None:
            raise failure
        if stage.cursor:  # to when this read began: what changed while we read is read again
            await self.ledger.move_cursor(stage.name, ports.now)
        if stage.noun is Slip and stage.judge is None:
            counts.moved += await self.ledger.ripen_slips(stage.name, ports.now)
        # What waits for a slip to show a late change or other rows is read, whether NE calls it changed or not.
        if stage.again is not None and (numbers := await self.ledger.judge_changes(ports.now)):
            async for again in stage.again(ports, numbers):
                await self._take_in(stage, again, ports, mode, counts)

    async def _take_in(self, stage: Reading, seen: Seen, ports: Ports, mode: Mode, counts: Counts) -> None:
        match seen:
            case CartPage():
                received = await self.ledger.receive(seen, ports.now)
                counts.seen += received.seen
                counts.moved += received.new + received.changed
                counts.strays += received.strays
            case SubscriptionPage():
                followed = await self.ledger.follow(seen, ports.now)
                counts.seen += followed.seen
                counts.moved += followed.new + followed.changed
                counts.strays += followed.strays
            case ResultFile():
                kept = await self.ledger.keep_file(RESULTS, seen.name, seen.body, ports.now)
                counts.seen += 1
                journal.info("result_file", name=seen.name, known=kept.known)
                if mode is Mode.ACT:
                    await ports.warehouse.acknowledge(seen)
            case Stray():
                counts.strays += await self.ledger.set_aside(seen, ports.now)
            case MailSeen():
                counts.seen += 1
                if ports.mailbox is not None:
                    here = (self.ledger.database, self.ledger.shop.key, ports.mailbox)
                    taken = await inbox.take_in(*here, seen, ports.now, move=mode is Mode.ACT)
                    counts.moved += taken.moved
            case list():
                counts.seen += len(seen)
                counts.moved += await self.ledger.see_slips(stage.name, seen, ports.now)

    async def _observe(self, stage: Looking, ports: Ports, counts: Counts) -> None:
        by = By(stage.name, stage.gives, redo_of=stage.redo_of, takes=stage.takes)
        items = await self._due(stage, ports, LOOKING_AT_ONCE)
        heard = await self._heard(lambda some: stage.observe(some, ports), by, items, ports, counts)
        counts.moved += await self.ledger.record(by, heard.said, ports.now)

    async def _witness(self, stage: Acting, ports: Ports, counts: Counts) -> None:
        by = By(stage.name, stage.gives, "watch", takes=stage.takes)
        items = await self._due(stage, ports, stage.at_once, watch=True)
        heard = await self._heard(lambda some: stage.witness(some, ports), by, items, ports, counts)
        counts.moved += await self.ledger.record(by, heard.said, ports.now)

    async def _heard(
        self, speak: Speaker, by: By, items: Sequence[AnyItem], ports: Ports, counts: Counts
    ) -> Heard:
        """What a stage says about these items. Where it breaks: the culprits are held, the rest waits a pass."""
        if not items:
            return Heard()
        heard = await listen(speak, items)
        if heard.bug is not None:
            journal.error("bug", stage=by.stage, error=words_of(heard.bug), culprits=len(heard.culprits))
            counts.failed = first_line(heard.bug)
            heard.said = [(item, Hold(Reason.BUG, words_of(bug))) for item, bug in heard.culprits]
        await self.ledger.see_slips(by.stage, heard.slips, ports.now)
        counts.tally([outcome for _, outcome in heard.said])
        if heard.fault is not None:
            # What needed no answer from outside goes on: a refused payment is held although NE is away.
            counts.moved += await self.ledger.record(by, heard.said, ports.now)
            raise heard.fault
        return heard

    # --- acting ----------------------------------------------------------------------------------------

    async def _look(self, stage: Acting, ports: Ports, counts: Counts) -> None:
        """Whatever has no certain outcome is looked at before anything is planned; looking sends nothing."""
        open_ones = await self.ledger.to_look_at(stage.name, ports.now)
        if not open_ones:
            return
        settle = stage.settle(ports)

        def meaning(begun: Begun, reply: Reply) -> Settled:
            return looked(begun, reply, self._clock.now(), settle)

        found = self._answers(stage.look(open_ones, ports), counts)
        unanswered, bug = await self._settle(stage, found, open_ones, meaning, counts)
        for one in unanswered if bug is not None else ():
            found = self._answers(stage.look([one], ports), counts)
            _, bug = await self._settle(stage, found, [one], meaning, counts)
            if bug is not None:
                await self._commit(stage, [meaning(one, bug)], counts)

    async def _answers(self, found: AsyncIterator[tuple[Begun, Reply] | Stray], counts: Counts) -> Replies:
        """What looking found about our acts; what it found beside them is set aside."""
        async for word in found:
            if isinstance(word, Stray):
                counts.strays += await self.ledger.set_aside(word, self._clock.now())
            else:
                yield word

    async def _act(self, stage: Acting, ports: Ports, counts: Counts) -> None:
        if stage.times is not None and not ports.window:
            return
        if stage.checked:
            files = await self.ledger.files_so_far(stage.name, ports.window)
            if await self.ledger.resting(ports.window, files, ports.now):
                return
            ports = replace(ports, files=files)
        begun = await self._act_once(stage, ports, counts)
        if any(one.effect.kind == stage.claims for one in begun):
            # Only what the other side confirmed as ours is acted on, and it is read once more before.
            await self._act_once(stage, ports, counts, claimed=stage.claims)

    async def _act_once(self, stage: Acting, ports: Ports, counts: Counts, claimed: str = "") -> list[Begun]:
        by = By(stage.name, stage.gives, takes=stage.takes)
        items = await self._due(stage, ports, stage.at_once)
        if claimed:
            items = [item for item in items if claimed in item.done]
        if items and stage.numbered:
            ports = replace(ports, sequence=await self.ledger.next_sequence(stage.numbered))
        heard = await self._heard(lambda some: stage.plan(some, ports), by, items, ports, counts)
        by_id: dict[int, AnyItem] = {item.id: item for item in items}
        windowed = stage.times is not None
        now = self._clock.now()
        gate = self.ledger.gate(ports.window, ports.files, now) if stage.checked else None
        if stage.paced:
            gate = self.ledger.pace(now)
        begins = await self.ledger.begin(
            by, heard.planned, by_id, heard.said, now, windowed=windowed, gate=gate
        )
        counts.begun += len(begins.begun)
        if begins.stale:
            counts.failed = f"{begins.stale} acts were not begun: somebody moved or held an item meanwhile"
        # After a bug nobody knows whose it was: those it broke off are acted on one by one.
        alone = [[one] for one in begins.begun if BUG in one.evidence]
        together = [one for one in begins.begun if BUG not in one.evidence]
        for batch in (together, *alone):
            if batch:
                await self._send(stage, ports, batch, counts)
        return begins.begun

    async def _send(self, stage: Acting, ports: Ports, batch: Sequence[Begun], counts: Counts) -> None:
        unanswered, bug = await self._settle(stage, stage.act(batch, ports), batch, acted, counts)
        if bug is None:
            return
        counts.failed = first_line(bug)
        blame = acted if len(batch) == 1 else broken_off
        await self._commit(stage, [blame(one, bug) for one in unanswered], counts)

    async def _settle(
        self,
        stage: Acting,
        replies: Replies,
        batch: Sequence[Begun],
        meaning: Callable[[Begun, Reply], Settled],
        counts: Counts,
    ) -> tuple[list[Begun], Exception | None]:
        """Commit outcomes as they come, `FLUSH` at a time; returns who got no answer, because of which bug."""
        answered: set[int] = set()
        ready: list[Settled] = []
        failure: Exception | None = None
        try:
            async for begun, reply in replies:
                answered.add(begun.id)
                ready.append(meaning(begun, reply))
                if len(ready) >= FLUSH:
                    await self._commit(stage, ready, counts)
                    ready = []
        except Exception as error:  # noqa: BLE001 - told apart below, after what is known is committed
            failure = error
        await self._commit(stage, ready, counts)
        if isinstance(failure, ConnectorError):
            raise failure  # what has no answer stays an intent: the next pass looks at it
        return [one for one in batch if one.id not in answered], failure

    async def _commit(self, stage: Acting, settled: Sequence[Settled], counts: Counts) -> None:
        if not settled:
            return
        by = By(stage.name, stage.gives, takes=stage.takes)
        noun = Order if stage.noun is Order else Slip
        counts.moved += await self.ledger.settle(by, noun, settled, self._clock.now(), self._jitter)
        counts.done += sum(one.state is EffectState.DONE for one in settled)
        counts.unknown += sum(one.state is EffectState.UNKNOWN for one in settled)
        counts.tally([outcome for one in settled for outcome in one.said().values()])

    async def _due(self, stage: AnyStage, ports: Ports, limit: int, watch: bool = False) -> Sequence[AnyItem]:
        if isinstance(stage, Acting) and stage.on_request:
            return await self.ledger.orders_to_stop(stage.name, ports.now)
        if stage.noun is Order:
            orders = await self.ledger.orders_due(stage.name, stage.takes, ports.now, limit)
            return [changed(item, noun=translated(item.noun, ports)) for item in orders]
        extra = {"once": stage.once, "refused": stage.refused} if isinstance(stage, Acting) else {}
        slips = await self.ledger.slips_due(
            stage.name, stage.takes, ports.now, gives=stage.gives, watch=watch, limit=limit, **extra
        )
        return [changed(item, orders=tuple(translated(one, ports) for one in item.orders)) for item in slips]

    def _jitter(self) -> float:
        """Seconds added to a retry, so that not all of them come back at once after a restart."""
        return self._spread.uniform(0.0, 20.0)
