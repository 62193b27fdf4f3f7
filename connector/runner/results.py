"""Results (出荷実績の記帳): kept result files against the slips they speak of, row by row.

Dangerous: a row that fits nothing we relayed moves nothing and is set aside; one number never serves two slips (S3),
so what claims another slip's number is kept as a claim: it gives its slip nothing until a person lets it pass.
A file that cannot be read to its end is not taken from at all. One that can is booked piece by piece, each piece in
one transaction: what breaks it off leaves the file unread, it is read again from its kept bytes, and what was booked
before is known. So nothing of it is booked twice, and memory does not grow with the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import timedelta
from functools import reduce
from itertools import chain, pairwise
from types import MappingProxyType

import structlog
from msgspec.structs import replace

from connector.errors import ConnectorError, Malformed
from connector.journey import SlipState, at_least
from connector.ledger import bookings
from connector.ledger.bookings import Claim, used_by
from connector.ledger.ledger import Ledger
from connector.ledger.record import By
from connector.ledger.replies import first_line, words_of
from connector.ledger.stage_stops import Decision
from connector.outcome import Advance, Facts, Hold, Item, Outcome, Reason, Stray
from connector.ports import Folders, Ports, ReadResults
from connector.runner.counts import Counts
from connector.slip import Shipment, Slip
from connector.stages.doubled import left_after_all, twice
from connector.stages.shipped import whole
from connector.stages.stage import Reading, Said

journal = structlog.get_logger("journal")

SAME_NUMBER_WINDOW = timedelta(days=90)  # S3: how long a tracking number belongs to its slip
RESULTS = "wms"
FEWEST = 20  # slips; a smaller file is never odd
OURS_AT_LEAST = 0.1  # of the slips that a file names; fewer, and a person looks before anything is booked
WHAT = 80  # characters by which a stopped file is called
NO_BOX: Mapping[str, frozenset[str]] = MappingProxyType({})
NOT_TAKEN = "人の判断で、このファイルは取り込みませんでした。"
CLAIMED = "同梱などで正しければ解除してください。誤りなら、解除せずに倉庫へ訂正の実績を依頼してください。"


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows of the slips and tracking numbers of one piece."""

    items: dict[str, Item[Slip]]
    taken: Mapping[str, Sequence[str]]  # tracking number -> slips it was given to
    under_way: Set[
        int
    ]  # not relayed, but the file with it is on its way: a result may be faster than the receipt
    told: Set[int]  # the cart knows of the completion, or may know
    agreed: Set[str]  # slips that the warehouse agreed to stop
    one_box: Mapping[str, frozenset[str]]  # tracking number -> slips that the warehouse says it sent together
    numbers: dict[str, str] = field(default_factory=dict)  # tracking number -> slip, of this very piece

    def claimed(self, own: str, numbers: Sequence[str]) -> str:
        """In words: which of these another slip has and this one has not; empty where there is none.

        Slips that the warehouse put in the same box share its number.
        """
        if self.taken.keys().isdisjoint(numbers) and self.numbers.keys().isdisjoint(numbers):
            return ""
        others = ((number, self._other(own, number)) for number in numbers)
        return "".join(used_by(number, other) for number, other in others if other is not None)

    def _other(self, own: str, number: str) -> str | None:
        taken = self.taken.get(number, ())
        if own in taken:
            return None
        here = (self.numbers.get(number, own), *taken)
        return next((slip for slip in here if slip != own and not self._boxed(number, own, slip)), None)

    def _boxed(self, number: str, *slips: str) -> bool:
        return number in self.one_box and self.one_box[number].issuperset(slips)


class Results:
    """Books what the warehouse reported. Reading again is safe."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    async def read(self, stage: Reading, ports: Ports, counts: Counts) -> None:
        """Whatever file was kept and not finished reading, oldest first; one bad file stops no other."""
        await self._let_pass(ports)
        await self._try_early(stage, ports, counts)
        for exchange_id, name in await self.ledger.unread(RESULTS):
            try:
                await self._read_result(stage, ports, exchange_id, name, counts)
            except Malformed as error:
                await self._refuse(stage, ports, exchange_id, name, str(error), counts)
            except ConnectorError:
                raise
            except Exception as bug:  # noqa: BLE001 - unread it stays, and is read when the bug is gone
                journal.error("bug", stage=stage.name, file=name, error=words_of(bug))
                counts.failed = f"{name}: {first_line(bug)}"
        if stage.released is not None:
            items = await self.ledger.slips_with_results(stage.takes, ports.now)
            said = [(item, word) for item in items if (word := stage.released(ports, item)) is not None]
            said = await self._unclaimed(said) if said else said
            counts.moved += await self.ledger.record(By(stage.name, stage.gives), said, ports.now)

    async def _let_pass(self, ports: Ports) -> None:
        """Whoever released a claim gave the number to its slip, too."""
        since, shop, database = ports.now - SAME_NUMBER_WINDOW, self.ledger.shop.key, self.ledger.database
        passed = await database.read(lambda c: bookings.passed_claims(c, shop, since))
        if passed:
            await database.run(lambda c: bookings.give_numbers(c, shop, passed, ports.now))

    async def _unclaimed(self, said: Sequence[tuple[Item[Slip], Outcome]]) -> list[Said]:
        """What goes on by itself, but for slips with a claim that nobody let pass: another hold's words may hide it."""
        left = {item.id: whole(item.shipments, item.noun.rows) for item, _ in said}
        events = [one for one in left.values() if one is not None]
        shop = self.ledger.shop.key
        claims = await self.ledger.database.read(lambda c: bookings.contested(c, shop, events))
        words: dict[str, str] = {}
        for (slip, number), other in sorted(claims.items()):
            words[slip] = words.get(slip, "") + used_by(number, other)
        return [
            (item, _conflict(words[item.noun.number]) if item.noun.number in words else word)
            for item, word in said
        ]

    async def _try_early(self, stage: Reading, ports: Ports, counts: Counts) -> None:
        """What came before its slip was known, or before that was relayed: booked where it fits by now."""
        early = await self.ledger.early_results()
        if not early:
            return
        sent = await self._as_sent(ports, [shipment for *_, shipment in early])
        early = [(stray, exchange, one) for (stray, exchange, _), one in zip(early, sent, strict=True)]
        booked, strays, said = await self._judge(stage, ports, [shipment for *_, shipment in early])
        fitting = [(*early[place][:2], shipment) for place, shipment in booked.items()]
        left = [stray_id for place, (stray_id, *_) in enumerate(early) if place not in booked]
        others = list(zip(left, strays, strict=True))
        by = By(stage.name, stage.gives)
        counts.moved += await self.ledger.book_early(by, fitting, said, ports.now, others)
        counts.tally([outcome for _, outcome in said])

    async def _read_result(
        self, stage: Reading, ports: Ports, exchange_id: int, name: str, counts: Counts
    ) -> None:
        what = f"{exchange_id} {name}"[:WHAT]
        decision = await self.ledger.stopped(stage.name, what)
        if decision is Decision.WAITS:
            return
        if decision is Decision.REFUSED:
            await self._refuse(stage, ports, exchange_id, name, f"{name}: {NOT_TAKEN}", counts)
            return
        content = ports.warehouse.read_results(name, await self.ledger.body_of(exchange_id))
        if decision is Decision.NONE and (odd := await self._foreign(content)):
            await self.ledger.stop_stage(stage.name, what, {"file": name, **odd}, ports.now)
            return
        for piece, after in pairwise(chain([content], content.later, [None])):
            if piece is not None:
                await self._book(stage, ports, exchange_id, piece, counts, last=after is None)

    async def _refuse(
        self, stage: Reading, ports: Ports, exchange_id: int, name: str, words: str, counts: Counts
    ) -> None:
        """Nothing of the file is taken; it stays kept, is shown, and lies with its reason where the warehouse looks."""
        by, stray = By(stage.name, stage.gives), Stray(RESULTS, name, words)
        await self.ledger.book(by, exchange_id, [], [stray], [], ports.now, words)
        counts.strays += 1
        if isinstance(ports.warehouse, Folders):
            try:
                await ports.warehouse.lay_aside(name, await self.ledger.body_of(exchange_id), words)
            except (
                ConnectorError
            ) as error:  # the bytes are kept and the reason is shown: this copy is for over there
                journal.warning("not_laid_aside", shop=ports.shop.key, file=name, error=str(error))

    async def _foreign(self, content: ReadResults) -> Facts:
        """The figures of a file that hardly speaks of our slips: another shop's, or of another system. Else nothing."""
        slips = content.sample or tuple(dict.fromkeys(one.slip_number for one in content.shipments))
        if len(slips) < FEWEST:
            return {}
        ours = len(await self.ledger.slips_on_the_line(slips))
        return {"looked_at": len(slips), "ours": ours} if ours < len(slips) * OURS_AT_LEAST else {}

    async def _book(
        self,
        stage: Reading,
        ports: Ports,
        exchange_id: int,
        piece: ReadResults,
        counts: Counts,
        *,
        last: bool,
    ) -> None:
        by = By(stage.name, stage.gives)
        shipments = await self._as_sent(ports, piece.shipments)
        booked, strays, said = await self._judge(stage, ports, shipments, piece.one_box)
        strays += piece.strays
        await self.ledger.take_note(exchange_id, piece, ports.now)
        counts.moved += await self.ledger.book(
            by, exchange_id, list(booked.values()), strays, said, ports.now, "", last=last
        )
        counts.strays += len(strays)
        counts.tally([outcome for _, outcome in said])

    async def _judge(
        self,
        stage: Reading,
        ports: Ports,
        shipments: Sequence[Shipment],
        one_box: Mapping[str, frozenset[str]] = NO_BOX,
    ) -> tuple[dict[int, Shipment], list[Stray], list[Said]]:
        """What to book, by its place among these, what to set aside, and what all of it means."""
        booked: dict[int, Shipment] = {}
        strays: list[Stray] = []
        said: list[Said] = []
        known = await self._known(shipments, ports, one_box)
        to_come = Counter(shipment.slip_number for shipment in shipments)
        after_all: dict[str, Item[Slip]] = {}
        for at, shipment in enumerate(shipments):
            number = shipment.slip_number
            item, to_come[number] = known.items.get(number), to_come[number] - 1
            again = item is not None and bool(item.shipments) and _known_by(item, shipment)
            claimed = "" if item is None or again else known.claimed(number, shipment.tracking)
            verdict = _verdict(stage, ports, shipment, item, known, claimed=claimed, again=again)
            if isinstance(verdict, Stray):
                strays.append(verdict)
            elif item is not None:
                agreed = number in known.agreed
                if number in after_all or (not again and left_after_all(item, shipment, agreed=agreed)):
                    after_all[number] = reduce(_after, verdict, item)
                booked[at] = Claim.of(shipment) if claimed else shipment
                if not (claimed or again):
                    known.numbers.update(dict.fromkeys(shipment.tracking, number))
                more = to_come[number] > 0
                for place, outcome in enumerate(verdict, 1):
                    said.append((item, outcome))  # each is said of the slip as the one before leaves it
                    if more or place < len(verdict):
                        item = _after(item, outcome)
                if more:  # the next row of the same file must see this one
                    known.items[number] = replace(item, shipments=(*item.shipments, shipment))
        return booked, strays, said + await self._twice(after_all, ports)

    async def _twice(self, after_all: Mapping[str, Item[Slip]], ports: Ports) -> list[Said]:
        """Of slips that left after all, those in whose place something else went out meanwhile."""
        if not after_all or not ports.shop.doubles.enabled:
            return []
        found = await self.ledger.sent_instead([item.noun for item in after_all.values()], ports.now)
        holds = ((after_all[number], twice(after_all[number], alike)) for number, alike in found.items())
        return [(item, hold) for item, hold in holds if hold is not None]

    async def _as_sent(self, ports: Ports, shipments: Sequence[Shipment]) -> Sequence[Shipment]:
        """A code that meant another carrier before is read by what each slip was sent with (spec/wms.md §4.2)."""
        rereads = ports.warehouse.rereads
        odd = {one.slip_number for one in shipments if one.carrier in rereads} if rereads else set()
        if not odd:
            return shipments
        items = await self.ledger.slips_by_number(odd)
        return [
            ports.warehouse.as_sent(one, items[one.slip_number])
            if one.carrier in rereads and one.slip_number in items
            else one
            for one in shipments
        ]

    async def _known(
        self, shipments: Sequence[Shipment], ports: Ports, one_box: Mapping[str, frozenset[str]]
    ) -> Known:
        items = await self.ledger.slips_by_number(shipment.slip_number for shipment in shipments)
        before = (event for item in items.values() for event in item.shipments)
        numbers = chain.from_iterable(event.tracking for event in chain(shipments, before))
        taken = await self.ledger.slips_of_numbers(numbers, ports.now - SAME_NUMBER_WINDOW)
        early = [item for item in items.values() if not at_least(item.state, SlipState.RELAYED)]
        under_way = {item.id for item in early if await self.ledger.acted_on("relay", item.id)}
        events = (
            (items[shipment.slip_number], shipment) for shipment in shipments if shipment.slip_number in items
        )
        news = {item.id for item, shipment in events if _gone(item) and not _known_by(item, shipment)}
        told = {id_ for id_ in news if await self.ledger.told_complete(id_)}
        agreed = await self.ledger.agreed_to_stop()
        return Known(items, taken, under_way, told, agreed, one_box)


def _gone(item: Item[Slip]) -> bool:
    return at_least(item.state, SlipState.DISPATCHED)


def _known_by(item: Item[Slip], shipment: Shipment) -> bool:
    return any(shipment.repeats(known) for known in item.shipments)


def _verdict(
    stage: Reading,
    ports: Ports,
    shipment: Shipment,
    item: Item[Slip] | None,
    known: Known,
    *,
    claimed: str,
    again: bool,
) -> tuple[Outcome, ...] | Stray:
    """What an event means. With a number that another slip has it moves nothing, whatever it says (S3)."""
    relayed = item is not None and (at_least(item.state, SlipState.RELAYED) or item.id in known.under_way)
    told = item is not None and item.id in known.told
    believed = item if item is None or again or not item.shipments else _believed(item, known)
    try:
        verdict = stage.judge(ports, shipment, believed, relayed, told) if stage.judge else ()
        if isinstance(verdict, Stray) or item is None:
            return verdict
        if claimed:
            return (_conflict(claimed, verdict),)
        return verdict if believed is item else _beside_claims(item, shipment, verdict, known)
    except Exception as bug:
        if item is None:
            raise
        journal.error("bug", stage=stage.name, slip=shipment.slip_number, error=words_of(bug))
        return (Hold(Reason.BUG, words_of(bug)),)


def _believed(item: Item[Slip], known: Known) -> Item[Slip]:
    """The slip without what only claims another slip's number; itself where there is no such event."""
    own = item.noun.number
    events = tuple(event for event in item.shipments if not known.claimed(own, event.tracking))
    return item if len(events) == len(item.shipments) else replace(item, shipments=events)


def _beside_claims(
    item: Item[Slip], shipment: Shipment, verdict: tuple[Outcome, ...], known: Known
) -> tuple[Outcome, ...]:
    """The verdict where the slip has claims: what all its events say together decides whether one still counts."""
    own, rows = item.noun.number, item.noun.rows
    before, after = whole(item.shipments, rows), whole((*item.shipments, shipment), rows)
    if after is not None and (left := known.claimed(own, after.tracking)):
        return (_conflict(left, verdict),)
    said_again = any(isinstance(one, Hold) and one.reason is Reason.SHIPMENT_CONFLICT for one in verdict)
    if before is None or said_again or not known.claimed(own, before.tracking):
        return verdict
    settled = (Reason.SHIPMENT_CONFLICT,)  # the correction answers it
    if verdict and isinstance(first := verdict[0], Advance):
        return (replace(first, settles=(*first.settles, *settled)), *verdict[1:])
    return (Advance(to=item.state, settles=settled), *verdict)


def _conflict(claimed: str, verdict: Sequence[Outcome] = ()) -> Hold:
    """A claim, and what the warehouse contradicts itself in besides; other words would tell of a number not its own."""
    beside = (one.note for one in verdict if isinstance(one, Hold) and one.reason is Reason.SHIPMENT_CONFLICT)
    return Hold(Reason.SHIPMENT_CONFLICT, "".join((claimed, *beside, CLAIMED)))


def _after(item: Item[Slip], outcome: Outcome) -> Item[Slip]:
    """The slip as it stands once this was written."""
    if isinstance(outcome, Advance):
        held = tuple(reason for reason in item.held if reason not in outcome.settles)
        return replace(item, state=outcome.to or SlipState.DISPATCHED, held=held)
    if isinstance(outcome, Hold):
        return replace(item, held=tuple(dict.fromkeys((*item.held, outcome.reason))))
    return item
