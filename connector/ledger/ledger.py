"""Ledger (台帳) of one shop: the verbs the runner needs, each one transaction through the one door."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from connector.journey import State
from connector.ledger import (
    archive,
    bookings,
    by_number,
    change_endings,
    claims,
    due,
    effects,
    item_rows,
    jobs,
    leaving,
    receive,
    record,
    rounds,
    sendings,
    shipments,
    slips,
    stops,
    subscriptions,
    under_way,
    unreadable,
)
from connector.ledger.alarms import intake_silent
from connector.ledger.database import Database
from connector.ledger.from_warehouse import FromWarehouse
from connector.ledger.record import By
from connector.ledger.schema import orders
from connector.ledger.schema import slips as slips_table
from connector.ledger.windows import Gate
from connector.order import Order
from connector.outcome import (
    Begun,
    Effect,
    EffectState,
    Facts,
    Hold,
    Item,
    Outcome,
    Reason,
    Stray,
    Wait,
)
from connector.ports import CartPage, Silence, SubscriptionPage
from connector.shop import Mode, Shop
from connector.slip import Shipment, Slip

AnyItem = record.AnyItem
Said = Sequence[tuple[AnyItem, Outcome]]
NEXT_WINDOW = "今回の分はすでに実行中です。次の時刻に行います"


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of one effect, and what that means for its items: `per_item`, and `rest` for all others."""

    begun: Begun
    state: EffectState
    evidence: Facts = field(default_factory=dict)
    words: str = ""
    look_after: float | None = None
    per_item: dict[int, Outcome] = field(default_factory=dict)
    rest: Outcome | None = None

    def said(self) -> dict[int, Outcome]:
        """The outcome of each item that has one."""
        outcomes = {id_: self.per_item.get(id_, self.rest) for id_ in self.begun.effect.items}
        return {id_: outcome for id_, outcome in outcomes.items() if outcome is not None}


@dataclass(frozen=True, slots=True)
class Begins:
    """Intents that are committed now, and how many acts were not begun, because somebody was faster."""

    begun: list[Begun]
    stale: int = 0


class Ledger(FromWarehouse):
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
        orders_shown, unfit = receive.storable(page.orders)
        strays = [*page.malformed, *unfit]

        def work(connection: Connection) -> receive.Received:
            kept = None
            if strays or receive.brings_news(connection, self.shop.key, orders_shown):
                kept = self._keep_page(connection, "orders", page.body, now)
            unreadable.set_aside(connection, self.shop.key, [_in(stray, kept) for stray in strays], now)
            unreadable.orders_read(connection, self.shop.key, orders_shown, now)
            received = receive.receive(connection, self.shop, orders_shown, kept, now)
            if kept is not None:
                rounds.arrived(connection, self.shop, orders_shown, now)
            received.strays = len(strays)
            return received

        return await self.database.run(work)

    async def changed_between(self, since: datetime, until: datetime) -> int:
        """`ports.Known`."""
        return await self.database.read(lambda c: receive.changed_between(c, self.shop.key, since, until))

    async def silence(self, now: datetime) -> Silence | None:
        return await self.database.read(lambda c: intake_silent.silence(c, self.shop))

    async def follow(self, page: SubscriptionPage, now: datetime) -> subscriptions.Followed:
        """One page of subscriptions; its bytes are kept only where they brought news."""

        def work(connection: Connection) -> subscriptions.Followed:
            kept = None
            if page.malformed or subscriptions.brings_news(connection, self.shop.key, page.subscriptions):
                kept = self._keep_page(connection, "subscriptions", page.body, now)
            unreadable.set_aside(connection, self.shop.key, [_in(one, kept) for one in page.malformed], now)
            unreadable.subscriptions_read(connection, self.shop.key, page.subscriptions, now)
            followed = subscriptions.follow(connection, self.shop, page.subscriptions, kept, now)
            followed.strays = len(page.malformed)
            return followed

        return await self.database.run(work)

    def _keep_page(self, connection: Connection, what: str, body: bytes, now: datetime) -> int:
        name = f"{what} {now:%FT%TZ}"
        return archive.keep(
            connection, self.shop.key, now, system="cart", direction="in", name=name, body=body
        ).id

    async def see_slips(self, stage: str, seen: Sequence[Slip], now: datetime) -> int:
        def work(connection: Connection) -> int:
            news = slips.see(connection, self.shop.key, stage, seen, now)
            claims.taken_back(connection, self.shop, seen, now)
            claims.resend(connection, self.shop, seen, now)
            return news

        return await self.database.run(work)

    async def ripen_slips(self, stage: str, now: datetime) -> int:
        return await self.database.run(lambda c: slips.ripen(c, self.shop.key, stage, now))

    async def judge_changes(self, now: datetime) -> list[str]:
        """Late changes by where their orders stand now; returns the slips that must be read for an answer.

        Also those of bundled slips that an order keeps back as long as its goods lie in them.
        """

        def work(connection: Connection) -> list[str]:
            changed = change_endings.judge(connection, self.shop, now)
            return list(dict.fromkeys((*changed, *leaving.to_read_again(connection, self.shop.key))))

        return await self.database.run(work)

    async def keep_file(self, system: str, name: str, body: bytes, now: datetime) -> archive.Kept:
        """An inbound file, committed before anybody acknowledges or reads it."""
        return await self.database.run(
            lambda c: archive.keep(c, self.shop.key, now, system=system, direction="in", name=name, body=body)
        )

    async def set_aside(self, stray: Stray, now: datetime) -> bool:
        """Keep what fits nothing; False where it was kept before."""
        return await self.database.run(lambda c: shipments.set_aside(c, self.shop.key, stray, now))

    async def unread(self, system: str) -> list[tuple[int, str]]:
        return await self.database.read(lambda c: archive.unread(c, self.shop.key, system))

    async def slips_by_number(self, numbers: Iterable[str]) -> dict[str, Item[Slip]]:
        return await self.database.read(lambda c: by_number.slips_by_number(c, self.shop.key, list(numbers)))

    async def book(
        self,
        by: By,
        exchange_id: int,
        booked: Sequence[Shipment],
        strays: Sequence[Stray],
        said: Said,
        now: datetime,
        words: str,
        *,
        last: bool = True,
    ) -> int:
        """Everything a piece of a result file means, in one transaction: shipments, strays, moves; the last: "read"."""

        def work(connection: Connection) -> int:
            bookings.book_all(connection, self.shop.key, booked, exchange_id, now)
            for stray in strays:
                shipments.set_aside(connection, self.shop.key, _in(stray, exchange_id), now)
            moved = record.record(connection, self.shop.key, by, said, now)
            if last:
                archive.finish_reading(connection, exchange_id, now, words)
            return moved

        return await self.database.run(work)

    # --- what is due ---------------------------------------------------------------------------------

    async def orders_due(
        self, stage: str, takes: Sequence[State], now: datetime, limit: int
    ) -> list[Item[Order]]:
        return await self.database.read(
            lambda c: due.orders_due(c, self.shop.key, stage, takes, now, limit=limit)
        )

    async def orders_to_stop(self, stage: str, now: datetime) -> list[Item[Order]]:
        acts = self.shop.cancels_in_cart and self.shop.mode(stage) is Mode.ACT
        return await self.database.read(
            lambda c: stops.orders_to_stop(c, self.shop.key, stage, now, cart_too=acts)
        )

    async def slips_due(
        self,
        stage: str,
        takes: Sequence[State],
        now: datetime,
        *,
        gives: State | None,
        once: str = "",
        refused: str = "",
        watch: bool = False,
        limit: int,
    ) -> list[Item[Slip]]:
        def work(connection: Connection) -> list[Item[Slip]]:
            return due.slips_due(
                connection,
                self.shop.key,
                stage,
                takes,
                now,
                gives=gives,
                once=once,
                refused=refused,
                watch=watch,
                limit=limit,
            )

        return await self.database.read(work)

    async def slips_with_results(self, takes: Sequence[State], now: datetime) -> list[Item[Slip]]:
        return await self.database.read(lambda c: due.slips_with_results(c, self.shop.key, takes, now))

    async def acted_on(self, stage: str, item_id: int) -> bool:
        """Whether a hand-over of this stage with the item in it happened or may have: a claim alone is none."""
        return await self.database.read(lambda c: under_way.any_for(c, stage, item_id, "wms_file"))

    async def next_sequence(self, kind: str) -> int:
        return await self.database.read(lambda c: under_way.next_sequence(c, self.shop.key, kind))

    # --- acting on the outside -----------------------------------------------------------------------

    async def begin(
        self,
        by: By,
        planned: Sequence[Effect],
        items: dict[int, AnyItem],
        said: Said,
        now: datetime,
        *,
        windowed: bool = False,
        gate: Gate | None = None,
    ) -> Begins:
        """tx1: what was decided without acting, and the intents of what will be done. Commits before it.

        An act on an item that moved, or that somebody holds since it was planned, is not begun. `windowed`: the key is
        a time of day, and whoever comes when its act is under way waits for the next one. `gate` may keep acts back.
        """

        def work(connection: Connection) -> Begins:
            table = orders if any(isinstance(item.noun, Order) for item in items.values()) else slips_table
            acted = {id_: items[id_] for effect in planned for id_ in effect.items}
            unfit = due.no_longer_fit(connection, self.shop.key, acted.values(), table, by.stage)
            record.record(connection, self.shop.key, by, said, now)
            fit = [effect for effect in planned if unfit.isdisjoint(effect.items)]
            stale = len(planned) - len(fit)
            if gate is not None:
                fit, kept_back = gate(connection, fit, items)
                record.record(connection, self.shop.key, by, kept_back, now)
            intents = effects.begin_all(connection, self.shop.key, by.stage, fit, now)
            sendings.begun(connection, self.shop.key, intents.begun, now)
            late = [*intents.known, *(effect for effect, _ in intents.conflicts)] if windowed else []
            beside: list[tuple[AnyItem, Outcome]] = [
                (items[id_], Wait(NEXT_WINDOW)) for effect in late for id_ in effect.items
            ]
            for effect, words in () if windowed else intents.conflicts:
                beside += [(items[id_], Hold(Reason.KEY_CONFLICT, words)) for id_ in effect.items]
            record.record(connection, self.shop.key, by, beside, now)
            return Begins(intents.begun, stale)

        return await self.database.run(work)

    async def to_look_at(self, stage: str, now: datetime) -> list[Begun]:
        return await self.database.read(lambda c: effects.to_look_at(c, self.shop.key, stage, now))

    async def settle(
        self,
        by: By,
        noun: type,
        settled: Sequence[Settled],
        now: datetime,
        spread: Callable[[], float] = record.no_spread,
    ) -> int:
        """tx2: outcomes of effects and what they mean for their items. A second settling is a no-op."""
        table = orders if noun is Order else slips_table

        def work(connection: Connection) -> int:
            items = item_rows.items_by_id(connection, table, {id_ for one in settled for id_ in one.said()})
            endings = [
                effects.Ending(one.begun, one.state, one.evidence, one.words, one.look_after)
                for one in settled
            ]
            ended = effects.settle_all(connection, endings, now)
            claims.in_turn(
                connection,
                [one.begun for one in settled if one.begun.id in ended and one.state is EffectState.DONE],
                now,
            )
            said: list[tuple[AnyItem, Outcome]] = [
                (items[id_], outcome)
                for one in settled
                if one.begun.id in ended
                for id_, outcome in one.said().items()
                if id_ in items
            ]
            return record.record(connection, self.shop.key, by, said, now, spread=spread)

        return await self.database.run(work)

    async def record(self, by: By, said: Said, now: datetime) -> int:
        return await self.database.run(lambda c: record.record(c, self.shop.key, by, said, now))

    async def ship_orders(self, stage: str, now: datetime) -> int:
        return await self.database.run(lambda c: shipments.ship_orders(c, self.shop.key, stage, now))

    # --- pulses --------------------------------------------------------------------------------------

    async def last_runs(self) -> dict[str, datetime]:
        return await self.database.read(lambda c: jobs.last_runs(c, self.shop.key))

    async def pulse(self, what: str, now: datetime, words: str = "") -> None:
        await self.database.run(lambda c: jobs.pulse(c, self.shop.key, what, now, words))


def _in(stray: Stray, exchange_id: int | None) -> Stray:
    return Stray(stray.system, stray.where, stray.words, exchange_id, stray.facts)
