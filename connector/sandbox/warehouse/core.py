"""Warehouse (倉庫, WMS) of the town: a folder tree, a floor that works by the clock, and an SFTP door.

It starts no timers: whoever drives it asks `next_event_at()` and calls `advance()`. A file taken out of
to_wms/in is gone from there; the answer in to_wms/ack is its only receipt.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path

from connector.adapters.wms import wire
from connector.clock import Clock, at_jst, jst
from connector.sandbox.faults import Faults
from connector.sandbox.history import History
from connector.sandbox.warehouse import files, ledger
from connector.sandbox.warehouse.counter import Counter
from connector.sandbox.warehouse.floor import Floor, parcels_by_units
from connector.sandbox.warehouse.inbox import Inbox
from connector.sandbox.warehouse.intake import Intake
from connector.sandbox.warehouse.news import CameBack, News, all_of
from connector.sandbox.warehouse.numbers import LabelRoll
from connector.sandbox.warehouse.post import ResultPost
from connector.sandbox.warehouse.requests import FloorRequests
from connector.sandbox.warehouse.results import Results
from connector.sandbox.warehouse.settings import WarehouseSettings
from connector.sandbox.warehouse.sftp import SftpDoor
from connector.sandbox.warehouse.slips import Departure, Instruction, ShippingEvent, State
from connector.sandbox.warehouse.stock import Stock, StockItem

Work = Callable[[datetime], None]


class WarehouseSandbox:
    """One warehouse under `root`. Facts are in `history`, by slip number or file name."""

    def __init__(
        self,
        clock: Clock,
        root: Path,
        *,
        seed: int = 0,
        faults: Faults | None = None,
        history: History | None = None,
        settings: WarehouseSettings | None = None,
        post: ResultPost | None = None,
    ) -> None:
        """With `post` the result files go out by mail, instead of into from_wms/out."""
        self.root, self._post = root, post
        self.settings = settings or WarehouseSettings()
        self.history = history or History(clock)
        self._clock = clock
        for folder in wire.FOLDERS:
            (root / folder).mkdir(parents=True, exist_ok=True)
        rng = random.Random(f"{seed}/warehouse")
        faults = faults or Faults()
        self.stock = Stock()
        self._floor = Floor(
            self.stock,
            LabelRoll(first=rng.randrange(10_000, 5_000_000)),
            ships_partly=self.settings.ships_partly,
            parcels_of=parcels_by_units(self.settings.units_per_parcel),
        )
        self._intake = Intake(self._floor, self.settings, faults, self.history)
        self.requests = FloorRequests(
            self._floor, self.history, self.settings, random.Random(f"{seed}/warehouse/requests"), self._plan
        )
        self.counter = Counter(
            clock, self.settings, self._floor, self.history, faults, self.requests, self.advance
        )
        self._results = Results(self.settings, faults, rng, self._plan, self._write_result)
        self._news = News(self.settings, self._write_news)
        self._inbox = Inbox(root / wire.FOLDER_IN, marker_required=self.settings.marker_required)
        self._agenda: list[tuple[datetime, int, Work]] = []
        self._order = itertools.count()
        self._polled_at = self._poll_time(clock.now())
        self._door: SftpDoor | None = None
        self._plan_day(clock.now())

    # What a person in the warehouse may do.

    def seed_stock(self, items: Iterable[StockItem]) -> None:
        """Goods arrive (入荷); quantity 0 only registers the article."""
        self.stock.put(items)
        self._floor.goods_came()

    def release(self, slip_number: str) -> None:
        """A held slip (保留) may be picked from now on."""
        self._floor.release(slip_number)

    def repack(self, slip_number: str, *, parcels: int | None = None, carrier: str | None = None) -> None:
        """A packer takes so many boxes (個口), or another service than the one asked for."""
        slip = self._floor.slips[slip_number]
        slip.parcels = slip.parcels if parcels is None else parcels
        slip.carrier = slip.carrier if carrier is None else carrier

    def tell_stock(self, tenant: str) -> str:
        """A file of what lies on the shelves now; returns its name."""
        return self._news.stock(tenant, self.stock, self._clock.now())

    def goods_come_back(self, tenant: str, goods: Sequence[CameBack]) -> str:
        """A parcel comes back: sound goods go onto the shelf, and a file tells of it; returns its name."""
        self.stock.put(StockItem(one.sku, one.quantity) for one in goods if one.good)
        self._floor.goods_came()
        for one in goods:
            self.history.add("came_back", one.slip_number, sku=one.sku, quantity=one.quantity)
        return self._news.returns(tenant, goods, self._clock.now())

    def state_of(self, slip_number: str) -> State | None:
        slip = self._floor.slips.get(slip_number)
        return slip.state if slip else None

    def slips(self) -> dict[str, Instruction]:
        """Every accepted slip by its number; for looking, not for changing."""
        return dict(self._floor.slips)

    def check(self) -> list[str]:
        """The ledger invariants of spec/wms.md §8; empty when all of them hold."""
        return ledger.differences(self._floor, self.history, self._results.reported)

    # Time.

    def next_event_at(self) -> datetime | None:
        """The next wave, packing, pick-up, result, or the poll that takes in what lies there."""
        planned = self._agenda[0][0] if self._agenda else None
        if not self._inbox.waits():
            return planned
        poll_at = self._polled_at + self.settings.poll
        return min(planned, poll_at) if planned else poll_at

    async def advance(self) -> None:
        """Do everything that is due, in order. Safe to call at any time."""
        self._catch_up()

    def _catch_up(self) -> None:
        now = self._clock.now()
        while True:
            at = self.next_event_at()
            if at is None or at > now:
                break
            if self._agenda and self._agenda[0][0] == at and at < self._polled_at + self.settings.poll:
                heapq.heappop(self._agenda)[2](at)
            else:
                self._poll(at)
                self._polled_at = self._poll_time(at)
        self._polled_at = max(self._polled_at, self._poll_time(now))

    def _poll_time(self, at: datetime) -> datetime:
        """The last tick of the poll at or before this instant."""
        seconds = int(at.timestamp())
        return at.replace(microsecond=0) - timedelta(
            seconds=seconds % int(self.settings.poll.total_seconds())
        )

    def _plan(self, at: datetime, work: Work) -> None:
        heapq.heappush(self._agenda, (at, next(self._order), work))

    def _plan_day(self, after: datetime) -> None:
        """Put the next working day's waves and pick-up on the agenda, those that are still to come."""
        day = self.settings.open_day_from(jst(after).date())
        if self.settings.pick_up_at(day) <= after:
            day = self.settings.open_day_from(day + timedelta(days=1))
        for wave in self.settings.waves:
            if _at(day, wave) > after:
                self._plan(_at(day, wave), self._wave)
        self._plan(self.settings.pick_up_at(day), self._pick_up)
        if self.settings.tells and _at(day, self.settings.stock_at) > after:
            self._plan(_at(day, self.settings.stock_at), self._tell)

    # The day's work.

    def _poll(self, at: datetime) -> None:
        for name, data, sign in self._inbox.take():
            answer = self._intake.take(name, data, sign, at)
            files.put_whole(self.root / wire.FOLDER_ACK / self._ack_name(name), answer)
            self._inbox.remove(name)

    def _ack_name(self, name: str) -> str:
        if self.settings.short_ack_names and "_" in name:
            return wire.ACK_NAME_SHORT.format(rest=name.partition("_")[2])
        return wire.ACK_NAME.format(name=name)

    def _wave(self, at: datetime) -> None:
        picked, unshippable = self._floor.wave(jst(at).date())
        for slip in picked:
            slip.picking_since = at
            self.history.add("picked", slip.slip_number)
        for slip in unshippable:
            self.history.add("unshippable", slip.slip_number, reason="STOCKOUT")
        self._plan(at + self.settings.pick + self.settings.pack, lambda _: self._pack(picked))

    def _pack(self, picked: list[Instruction]) -> None:
        for slip in picked:
            self._floor.pack(slip)

    def _pick_up(self, at: datetime) -> None:
        shipped, others = self._floor.pick_up()
        for event in (*shipped, *others):
            self._floor.slips[event.slip_number].departures.append(Departure(at, event))
            self._note_shipped(event)
        self._results.close_day(self._told_by_file(shipped), self._told_by_file(others), at)
        self._plan_day(at)
        next_day = self.settings.open_day_from(jst(at).date() + timedelta(days=1))
        for event in shipped[: self.settings.comes_back]:
            self._plan(_at(next_day, self.settings.post_at), partial(self._came_back, event))

    def _tell(self, at: datetime) -> None:
        self._news.stock(self.settings.tells, self.stock, at)

    def _came_back(self, event: ShippingEvent, at: datetime) -> None:
        self.goods_come_back(event.tenant, all_of(event))

    def _told_by_file(self, events: list[ShippingEvent]) -> list[ShippingEvent]:
        """The others' results are asked for at the API that brought the slip."""
        return [event for event in events if not self._floor.slips[event.slip_number].face]

    def _note_shipped(self, event: ShippingEvent) -> None:
        what = {wire.RESULT_SHIPPED: "shipped", wire.RESULT_PARTIAL: "shipped_partly"}.get(event.result)
        if what is None:
            return
        slip = self._floor.slips[event.slip_number]
        pieces = sum(part.quantity for part in event.lines)
        self.history.add(
            what,
            event.slip_number,
            order_number=slip.order_number,
            tracking=list(event.tracking),
            carrier=event.carrier,
            pieces=pieces,
        )

    def _write_news(self, name: str, data: bytes, sign: bytes | None, facts: dict[str, object]) -> None:
        self._leave(name, data, sign)
        self.history.add("news_written", name, **facts)

    def _write_result(self, name: str, data: bytes, sign: bytes | None, facts: dict[str, object]) -> None:
        if self._post is not None:
            self._post.send(name, data, self._clock.now())
        else:
            self._leave(name, data, sign)
        self.history.add("result_written", name, **facts)

    def _leave(self, name: str, data: bytes, sign: bytes | None) -> None:
        path = self.root / wire.FOLDER_OUT / name
        files.put_whole(path, data)
        if sign is not None:
            files.put_whole(path.with_name(name + wire.MARKER_SUFFIX), sign)

    # The door.

    async def start_sftp(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Open the folder tree by SFTP; returns the port."""
        self._door = self._door or SftpDoor(
            self.root, self._catch_up, username=self.settings.username, password=self.settings.password
        )
        return await self._door.start(host, port)

    @property
    def sftp(self) -> SftpDoor:
        """The open door: `known_hosts_line`, `client_key`, `admit`. Raises RuntimeError before start_sftp."""
        if self._door is None:
            raise RuntimeError("the warehouse's SFTP door is not open: call start_sftp first")
        return self._door

    @property
    def known_hosts_line(self) -> str:
        return self.sftp.known_hosts_line

    async def stop(self) -> None:
        if self._door is not None:
            await self._door.stop()


def _at(day: date, wall: time) -> datetime:
    return at_jst(day, wall.hour, wall.minute)
