"""From the warehouse (倉庫からの知らせ): the ledger's verbs about results that came too early, or again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from sqlalchemy import Connection

from connector.doubles import Alike, Sending
from connector.ledger import (
    archive,
    bookings,
    corrections,
    early,
    leaving,
    record,
    returns,
    sendings,
    shelves,
    stage_stops,
    stock,
    stop_answers,
)
from connector.ledger.record import By
from connector.ledger.windows import Windows
from connector.outcome import Facts, Outcome, Stray
from connector.ports import ReadResults
from connector.slip import Shipment, Slip

Early = Sequence[tuple[int, int | None, Shipment]]


class FromWarehouse(Windows):
    """What the runner asks about results besides booking a file."""

    async def sent_like(self, fresh: Sequence[Slip], now: datetime) -> dict[str, tuple[Sending, ...]]:
        """`ports.Known`."""
        return await self.database.read(lambda c: sendings.like(c, self.shop, fresh, now))

    async def kept_back(self, slip_ids: Sequence[int]) -> bool:
        """`ports.Known`."""
        return await self.database.read(lambda c: leaving.any_kept_back(c, self.shop.key, slip_ids))

    async def sent_instead(self, lost: Sequence[Slip], now: datetime) -> dict[str, tuple[Alike, ...]]:
        """By slip that left after all: what went out in its place meanwhile."""
        return await self.database.read(lambda c: sendings.instead_of(c, self.shop, lost, now))

    async def agreed_to_stop(self) -> set[str]:
        """Slips that the warehouse agreed to stop at some time, whatever it said of them later."""
        return await self.database.read(lambda c: stop_answers.agreed_slips(c, self.shop.key))

    async def take_note(self, exchange_id: int, piece: ReadResults, now: datetime) -> None:
        """在庫 and 返品 of a file: kept for people to see. Telling it again changes nothing."""

        def work(connection: Connection) -> None:
            stock.tell(connection, self.shop.key, piece.stock, exchange_id)
            returns.tell(connection, self.shop.key, piece.returns, exchange_id, piece.told_at or now)

        if piece.stock or piece.returns:
            await self.database.run(work)

    async def items_to_compare(self) -> list[str]:
        """The items of a stock that came since Next Engine was last asked for its own."""
        return await self.database.read(lambda c: shelves.to_compare(c, self.shop.key))

    async def keep_comparison(
        self, asked: Sequence[str], found: Mapping[str, int], now: datetime, words: str
    ) -> None:
        """What Next Engine has of these items, or why it did not say."""
        await self.database.run(lambda c: shelves.keep(c, self.shop.key, asked, found, now, words))

    async def early_results(self) -> Early:
        """Events that were set aside because they came too early, and of which something else is true by now."""
        return await self.database.read(lambda c: early.early_results(c, self.shop.key))

    async def book_early(
        self,
        by: By,
        fitting: Early,
        said: Sequence[tuple[record.AnyItem, Outcome]],
        now: datetime,
        others: Sequence[tuple[int, Stray]] = (),
    ) -> int:
        """As `book`, for events whose file was read long ago; their strays close with them.

        `others`: strays that stay, by id, and what is true of each by now.
        """

        def work(connection: Connection) -> int:
            for exchange_id, of_file in groupby(fitting, itemgetter(1)):
                events = [shipment for *_, shipment in of_file]
                bookings.book_all(connection, self.shop.key, events, exchange_id, now)
            moved = record.record(connection, self.shop.key, by, said, now)
            early.fitted(connection, self.shop.key, [stray_id for stray_id, *_ in fitting], now)
            early.judged_again(connection, self.shop.key, others, now)
            return moved

        return await self.database.run(work) if fitting or others else 0

    async def body_of(self, exchange_id: int) -> bytes:
        return await self.database.read(lambda c: archive.body_of(c, exchange_id))

    async def slips_of_numbers(self, numbers: Iterable[str], since: datetime) -> dict[str, list[str]]:
        """Which slips got these tracking numbers since then (S3)."""
        return await self.database.read(lambda c: bookings.slips_of_numbers(c, self.shop.key, numbers, since))

    async def slips_on_the_line(self, numbers: Iterable[str]) -> set[str]:
        """Those of these slips that we know and that came as far as to be printed."""
        return await self.database.read(lambda c: bookings.on_the_line(c, self.shop.key, numbers))

    async def stopped(self, stage: str, what: str) -> stage_stops.Decision:
        return await self.database.read(lambda c: stage_stops.decided(c, self.shop.key, stage, what))

    async def stop_stage(self, stage: str, what: str, figures: Facts, now: datetime) -> bool:
        """Something of this stage waits for a person; False where it waited before."""
        return await self.database.run(
            lambda c: stage_stops.open(c, self.shop.key, stage, what, figures, now)
        )

    async def told_complete(self, slip_id: int) -> bool:
        """Whether the cart was told that an order of this slip is complete, or may have been."""
        return await self.database.read(lambda c: corrections.written(c, slip_id))
