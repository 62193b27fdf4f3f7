"""Ledger (台帳) of one shop: the verbs the runner needs, each one transaction through the one door."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from connector.journey import State
from connector.ledger import archive, due, effects, jobs, receive, record, shipments, slips
from connector.ledger.database import Database
from connector.ledger.record import By
from connector.ledger.schema import orders
from connector.ledger.schema import slips as slips_table
from connector.order import Order
from connector.outcome import Begun, Effect, EffectState, Facts, Hold, Item, Outcome, Reason, Stray
from connector.ports import CartPage
from connector.shop import Shop
from connector.slip import Shipment, Slip

AnyItem = record.AnyItem
Said = Sequence[tuple[AnyItem, Outcome]]


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of one effect, and what that means for its items."""

    begun: Begun
    state: EffectState
    evidence: Facts
    words: str
    look_after: float | None
    outcomes: list[tuple[AnyItem, Outcome]]


class Ledger:
    """Everything the journey remembers about one shop."""

    def __init__(self, database: Database, shop: Shop) -> None:
        self.database, self.shop = database, shop

    # --- reading the outside -------------------------------------------------------------------------

    async def cursor(self, name: str) -> datetime | None:
        return await self.database.read(lambda c: jobs.cursor(c, self.shop.key, name))

    async def move_cursor(self, name: str, to: datetime) -> None:
        await self.database.run(lambda c: jobs.move_cursor(c, self.shop.key, name, to))

    async def receive(self, page: CartPage, now: datetime) -> receive.Received:
        """One page of the cart. Its bytes are kept only where they brought news: overlap repeats itself."""

        def work(connection: Connection) -> receive.Received:
            news = receive.brings_news(connection, self.shop.key, page.orders) or bool(page.malformed)
            kept = None
            if news:
                kept = archive.keep(
                    connection,
                    self.shop.key,
                    now,
                    system="cart",
                    direction="in",
                    name=f"orders {now:%FT%TZ}",
                    body=page.body,
                ).id
            for stray in page.malformed:
                shipments.set_aside(connection, self.shop.key, _in(stray, kept), now)
            return receive.receive(connection, self.shop, page.orders, kept, now)

        return await self.database.run(work)

    async def see_slips(self, stage: str, seen: Sequence[Slip], now: datetime) -> int:
        return await self.database.run(lambda c: slips.see(c, self.shop.key, stage, seen, now))

    async def ripen_slips(self, stage: str, now: datetime) -> int:
        return await self.database.run(lambda c: slips.ripen(c, self.shop.key, stage, now))

    async def keep_file(self, system: str, name: str, body: bytes, now: datetime) -> archive.Kept:
        """An inbound file, committed before anybody acknowledges or reads it."""
        return await self.database.run(
            lambda c: archive.keep(c, self.shop.key, now, system=system, direction="in", name=name, body=body)
        )

    async def unread(self, system: str) -> list[tuple[int, str, bytes]]:
        return await self.database.read(lambda c: archive.unread(c, self.shop.key, system))

    async def slips_by_number(self, numbers: Iterable[str]) -> dict[str, Item[Slip]]:
        return await self.database.read(lambda c: due.slips_by_number(c, self.shop.key, list(numbers)))

    async def book(
        self,
        by: By,
        exchange_id: int,
        booked: Sequence[Shipment],
        strays: Sequence[Stray],
        said: Said,
        now: datetime,
        words: str,
    ) -> int:
        """Everything one result file means, in one transaction: shipments, strays, moves, "read"."""

        def work(connection: Connection) -> int:
            for shipment in booked:
                shipments.book(connection, self.shop.key, shipment, exchange_id, now)
            for stray in strays:
                shipments.set_aside(connection, self.shop.key, _in(stray, exchange_id), now)
            moved = record.record(connection, self.shop.key, by, said, now)
            archive.finish_reading(connection, exchange_id, now, words)
            return moved

        return await self.database.run(work)

    async def tracking_in_use(self, number: str, slip_number: str, since: datetime) -> str | None:
        return await self.database.read(
            lambda c: shipments.tracking_in_use(c, self.shop.key, number, slip_number, since)
        )

    # --- what is due ---------------------------------------------------------------------------------

    async def orders_due(
        self, stage: str, takes: Sequence[State], now: datetime, limit: int
    ) -> list[Item[Order]]:
        return await self.database.read(
            lambda c: due.orders_due(c, self.shop.key, stage, takes, now, limit=limit)
        )

    async def orders_to_stop(self, stage: str, now: datetime) -> list[Item[Order]]:
        return await self.database.read(lambda c: due.orders_to_stop(c, self.shop.key, stage, now))

    async def slips_due(
        self,
        stage: str,
        takes: Sequence[State],
        now: datetime,
        *,
        gives: State | None,
        once: str,
        limit: int,
    ) -> list[Item[Slip]]:
        return await self.database.read(
            lambda c: due.slips_due(c, self.shop.key, stage, takes, now, gives=gives, once=once, limit=limit)
        )

    async def acted_on(self, stage: str, item_id: int) -> bool:
        """Whether an effect of this stage on the item happened or may have happened."""
        return await self.database.read(lambda c: effects.any_for(c, stage, item_id))

    async def next_sequence(self, kind: str) -> int:
        return await self.database.read(lambda c: effects.next_sequence(c, self.shop.key, kind))

    # --- acting on the outside -----------------------------------------------------------------------

    async def begin(
        self, by: By, planned: Sequence[Effect], items: dict[int, AnyItem], said: Said, now: datetime
    ) -> list[Begun]:
        """tx1: what was decided without acting, and the intents of what will be done. Commits before it."""

        def work(connection: Connection) -> list[Begun]:
            record.record(connection, self.shop.key, by, said, now)
            begun = []
            for effect in planned:
                try:
                    one = self._begin(connection, by, effect, now)
                except effects.KeyConflict as conflict:
                    held = [(items[i], Hold(Reason.KEY_CONFLICT, str(conflict))) for i in effect.items]
                    record.record(connection, self.shop.key, by, held, now)
                    continue
                if one is not None:
                    begun.append(one)
            return begun

        return await self.database.run(work)

    def _begin(self, connection: Connection, by: By, effect: Effect, now: datetime) -> Begun | None:
        kept = None
        if effect.body:
            kept = archive.keep(
                connection,
                self.shop.key,
                now,
                system=effect.kind,
                direction="out",
                name=effect.name,
                body=effect.body,
                key=effect.key,
            ).id
        return effects.begin(connection, self.shop.key, by.stage, effect, kept, now)

    async def to_look_at(self, stage: str, now: datetime) -> list[Begun]:
        return await self.database.read(lambda c: effects.to_look_at(c, self.shop.key, stage, now))

    async def items(self, noun: type, ids: Iterable[int]) -> dict[int, AnyItem]:
        table = orders if noun is Order else slips_table
        wanted = list(ids)
        return await self.database.read(lambda c: dict(due.items_by_id(c, table, wanted)))

    async def settle(self, by: By, settled: Sequence[Settled], now: datetime, spread: float) -> int:
        """tx2: outcomes of effects and what they mean for their items. A second settling is a no-op."""

        def work(connection: Connection) -> int:
            moved = 0
            for one in settled:
                if effects.settle(
                    connection,
                    one.begun,
                    one.state,
                    now,
                    evidence=one.evidence,
                    words=one.words,
                    look_after=one.look_after,
                ):
                    moved += record.record(connection, self.shop.key, by, one.outcomes, now, spread=spread)
            return moved

        return await self.database.run(work)

    async def record(self, by: By, said: Said, now: datetime) -> int:
        return await self.database.run(lambda c: record.record(c, self.shop.key, by, said, now))

    async def ship_orders(self, stage: str, now: datetime) -> int:
        return await self.database.run(lambda c: shipments.ship_orders(c, self.shop.key, stage, now))

    # --- windows and pulses --------------------------------------------------------------------------

    async def finished(self, kind: str, window: str) -> bool:
        return await self.database.read(lambda c: jobs.finished(c, self.shop.key, kind, window))

    async def start(self, kind: str, window: str, now: datetime) -> None:
        await self.database.run(lambda c: jobs.start(c, self.shop.key, kind, window, now))

    async def finish(self, kind: str, window: str, now: datetime, counts: Facts) -> None:
        await self.database.run(lambda c: jobs.finish(c, self.shop.key, kind, window, now, counts))

    async def wants_again(self, stage: str, window: str) -> bool:
        return await self.database.read(lambda c: jobs.wants_again(c, self.shop.key, stage, window))

    async def last_runs(self) -> dict[str, datetime]:
        return await self.database.read(lambda c: jobs.last_runs(c, self.shop.key))

    async def pulse(self, what: str, now: datetime, words: str = "") -> None:
        await self.database.run(lambda c: jobs.pulse(c, self.shop.key, what, now, words))


def _in(stray: Stray, exchange_id: int | None) -> Stray:
    return Stray(stray.system, stray.where, stray.words, exchange_id, stray.facts)
