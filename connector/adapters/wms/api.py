"""ApiWarehouse (API でつなぐ倉庫): one call per slip, and an answer at once; OPENLOGI, LOGILESS, ロジザードZERO.

Dangerous: shipping twice. A call whose answer is lost may have been done; whether it was is found out by asking for
our own key, never by calling again (spec/wms.md §2.2). Where an API has no such question, a person decides. A call that
was turned away at the door (429, no line) is no try of its slip: it waits as long as the other side says.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import msgspec

from connector.adapters.wms import doubts
from connector.adapters.wms.api_body import Body, Shape, body_of, encoded
from connector.adapters.wms.api_mappings import ApiMappings
from connector.adapters.wms.shipments import SYSTEM
from connector.clock import Clock, jst
from connector.errors import Closed, ConnectorError, NotDone
from connector.mapping import (
    ApiProfile,
    CsvWriter,
    Instruction,
    Sender,
    Unfit,
    WarehouseProfile,
)
from connector.outcome import Effect, Hold, Item, Reply, Stray
from connector.ports import Archive, BuiltFile, ReadResults, Receipt, ResultFile, TokenStore
from connector.slip import Shipment, Slip
from connector.transport.http import Answer, Explain, Http

ANSWERS = f"{SYSTEM}_receipt"  # kept apart: what is kept as SYSTEM is read as results
STOP = "wms_stop"  # kind of the effect that asks for a stop
NO_STOP = "この倉庫に取消の API はありません。電話で伝えてください"
PACE_SECONDS = 60.0  # how long to wait after 429 where the answer does not say: OPENLOGI counts by the minute
LONGEST_SHUT = 3600.0  # a wish to be left alone for longer is asked about again


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAccount:
    """Who we are at the warehouse. Which fields count depends on what it speaks."""

    url: str
    account: str
    area: str = ""
    token: str = field(default="", repr=False)
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    user: str = ""
    password: str = field(default="", repr=False)
    app_key: str = field(default="", repr=False)
    requests_per_minute: float = 50.0
    timeout_seconds: float = 60.0


@dataclass(slots=True)
class ApiDoor:
    """The connection to one warehouse's API; it outlives the mappings, with what it must not forget."""

    account: ApiAccount
    http: Http
    tokens: TokenStore
    asked: set[str] = field(default_factory=set)  # slips whose stop we sent, or may have sent
    spent: set[str] = field(default_factory=set, repr=False)  # refresh tokens that are taken no more
    read_until: date | None = None  # the day up to which results were asked for
    signed_in: bool = False
    busy_since: datetime | None = None  # the first of the calls that were turned away in a row
    shut_until: datetime | None = None  # no slip is sent before, because the API asked for it

    def turned_away(self, fault: NotDone, now: datetime) -> Closed:
        """What a call that never reached the desk means for its slip: nothing; the others need not ask meanwhile."""
        self.busy_since = self.busy_since or now
        wait = min(fault.after or PACE_SECONDS, LONGEST_SHUT)
        if fault.after is not None:
            self.shut_until = now + timedelta(seconds=wait)
        words = f"倉庫の API が混み合っているか、つながりません（{jst(self.busy_since):%m/%d %H:%M} から）"
        return Closed(f"{words}: {fault}", after=wait)

    async def close(self) -> None:
        await self.http.close()


def open_door(account: ApiAccount, *, tokens: TokenStore, clock: Clock) -> ApiDoor:
    """Nothing is contacted yet."""
    http = Http(
        account.url,
        clock=clock,
        headers={},
        timeout_seconds=account.timeout_seconds,
        requests_per_second=account.requests_per_minute / 60,
        system="wms",
    )
    return ApiDoor(account, http, tokens)


@dataclass(frozen=True, slots=True)
class Desk:
    """What an API's own module needs: the door, its profile, and where answers are kept before they are read."""

    door: ApiDoor
    profile: ApiProfile
    archive: Archive
    clock: Clock

    async def keep(self, answer: Answer, effect: Effect) -> Answer:
        """The same answer, its bytes kept."""
        if answer.body:
            await self.archive.keep(
                system=ANSWERS, direction="in", name=effect.name, body=answer.body, key=effect.key
            )
        return answer

    async def sound(self, answer: Answer, explain: Explain, name: str) -> bytes:
        """The body of a good answer; of any other the bytes are kept, and it raises what it stands for."""
        try:
            return answer.accepted(explain)
        except ConnectorError:
            if answer.body:
                await self.archive.keep(system=ANSWERS, direction="in", name=name, body=answer.body)
            raise

    @property
    def today(self) -> date:
        return jst(self.clock.now()).date()


def unhurried(answer: Answer, after: float | None = None) -> Answer:
    """The same answer; raises where it says that we call too often, which is before anything is done."""
    if answer.status == 429:
        wait = after or answer.after or PACE_SECONDS
        raise NotDone(f"{SYSTEM}: 呼び出しが多すぎます (429)", after=wait)
    return answer


class Api(Protocol):
    """How one system is spoken to. `effect` is an instruction or a stop; `number_of` has its slip."""

    shape: Shape
    stoppable: bool

    def check(self, body: Body, ship_on: date) -> None:
        """Raises Unfit for a body that would be refused, or cut in silence. The ship date may move to fit the wish."""
        ...

    async def create(self, effect: Effect) -> Reply | Receipt: ...

    async def stop(self, effect: Effect) -> Reply | Receipt: ...

    async def receipt(self, effect: Effect) -> Receipt | None: ...

    async def lies_there(self, effect: Effect) -> Reply: ...

    def results(self) -> AsyncIterator[ResultFile | Stray]: ...

    def read_results(self, name: str, body: bytes) -> ReadResults: ...


def number_of(effect: Effect) -> str:
    return str(effect.facts["number"])


def taken(effect: Effect, name: str) -> Receipt:
    return Receipt((number_of(effect),), {}, name=name)


def refused(effect: Effect, words: str) -> Receipt:
    return Receipt((), {number_of(effect): words}, name=number_of(effect))


class ApiWarehouse:
    """A `ports.Warehouse` over an API. `send` may be repeated only after a look said Absent."""

    answers = True
    singly = True
    rereads: frozenset[str] = frozenset()  # the codes of an API do not drift: its version is in every call

    def __init__(
        self,
        api: Api,
        desk: Desk,
        writer: CsvWriter,
        questions: doubts.Door,
        own: WarehouseProfile,
        folder: Path,
    ) -> None:
        self.api, self._desk = api, desk
        self._writer, self._questions, self._own = writer, questions, own
        self._where = f"{folder.parent.name}/{folder.name}/instruction.yaml"
        self.at_once = max(1, int(desk.door.account.requests_per_minute))  # about a minute of work

    @classmethod
    def by_mappings(
        cls, mappings: ApiMappings, *, api: Api, desk: Desk, own: Mapping[str, Any]
    ) -> ApiWarehouse:
        writer, profile = mappings.instruction, mappings.profile
        asked = replace(mappings.questions, page=writer.dialect.page, temperature=profile.temperature)
        return cls(api, desk, writer, asked, _own(profile, own), mappings.folder)

    # --- building --------------------------------------------------------------------------------------

    def doubts(self, slips: Sequence[Slip], ship_on: date | None = None) -> dict[str, tuple[Hold, ...]]:
        return self._questions.doubts(slips, ship_on or self._desk.today)

    def instructions(
        self, slips: Sequence[Slip], *, sequence: int, at: datetime, ship_on: date | None = None
    ) -> list[BuiltFile]:
        day = ship_on or jst(at).date()
        return [self._instruction(slip, day, sequence) for slip in slips]

    def _instruction(self, slip: Slip, day: date, sequence: int) -> BuiltFile:
        ready = self._questions.ready(slip, day)
        item = Instruction(slip=ready.slip, profile=self._own, ship_on=day, sequence=sequence)
        written = self._writer.write([item])
        held = [hold for _, hold in written.held]
        body: Body = {}
        if not held:
            try:
                body = body_of(self.api.shape, written.body)
                self.api.check(body, day)
            except Unfit as unfit:
                held.append(unfit.hold)
        if held:
            told = [(slip.number, Hold(one.reason, f"{one.note}（{self._where}）")) for one in held]
            return BuiltFile(b"", (), tuple(told), {"name": slip.number})
        sent = encoded(body)
        facts = {
            "name": slip.number,
            "number": slip.number,
            "rows": written.rows,
            "sha256": hashlib.sha256(sent).hexdigest(),
            "replaced": [str(change) for change in written.replaced],
            "remarks": list(ready.remarks),
        }
        return BuiltFile(sent, (slip.number,), (), facts)

    def stops(self, slip_numbers: Sequence[str], *, sequence: int, at: datetime) -> list[BuiltFile]:
        built = []
        for number in slip_numbers:
            facts = {"name": f"STOP_{number}", "number": number, "rows": 1}
            if not self.api.stoppable:
                facts["words"] = NO_STOP
            built.append(BuiltFile(encoded({"stop": number}), (number,), (), facts))
        return built

    # --- sending and looking ---------------------------------------------------------------------------

    async def send(self, effect: Effect) -> Reply | Receipt:
        """Closed where the API takes nothing now: nobody's try, and not asked again before it is time."""
        door, now = self._desk.door, self._desk.clock.now()
        if door.shut_until is not None and now < door.shut_until:
            left = (door.shut_until - now).total_seconds()
            raise door.turned_away(NotDone("前の呼び出しで待つよう言われています", after=left), now)
        try:
            said = await (self.api.stop(effect) if effect.kind == STOP else self.api.create(effect))
        except NotDone as fault:
            raise door.turned_away(fault, self._desk.clock.now()) from fault
        door.busy_since = door.shut_until = None
        return said

    async def lies_there(self, effect: Effect) -> Reply:
        return await self.api.lies_there(effect)

    async def receipt(self, effect: Effect) -> Receipt | None:
        return await self.api.receipt(effect)

    # --- results ---------------------------------------------------------------------------------------

    def results(self) -> AsyncIterator[ResultFile | Stray]:
        return self.api.results()

    async def acknowledge(self, file: ResultFile) -> None:
        """An answer lies nowhere: once its bytes are kept there is nothing to move."""

    def read_results(self, name: str, body: bytes) -> ReadResults:
        return self.api.read_results(name, body)

    def as_sent(self, shipment: Shipment, item: Item[Slip]) -> Shipment:
        return shipment


def _own(profile: ApiProfile, own: Mapping[str, Any]) -> WarehouseProfile:
    """The shop's own names, as `instruction.yaml` asks for them. There are no files and no folders."""
    return WarehouseProfile(
        tenant=own["tenant"],
        warehouse_code=own["warehouse_code"],
        shop_code=own["shop_code"],
        sender=msgspec.convert(dict(own["sender"]), Sender),
        names={},
        folders={},
        temperature=profile.temperature,
    )
