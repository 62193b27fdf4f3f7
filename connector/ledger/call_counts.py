"""Call counts (API利用量): requests and bytes to Next Engine by account and month, as its contract meters them (§2.5).

Counted in memory and added to the ledger at the latest every 30 seconds and at the end; a process that is killed loses
what it counted since. Every process adds its own, so two beside each other are one sum. Never enforced: an order is
worth more than a request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, insert, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from connector.clock import Clock, jst
from connector.errors import ConnectorError
from connector.ledger.database import Database
from connector.ledger.schema_hub import call_counts

log = structlog.get_logger("call_counts")

EVERY = timedelta(seconds=30)


@dataclass(slots=True)
class _Sum:
    first_at: datetime
    requests: int = 0
    sent_bytes: int = 0
    received_bytes: int = 0

    def add(self, other: _Sum) -> None:
        self.first_at = min(self.first_at, other.first_at)
        self.requests += other.requests
        self.sent_bytes += other.sent_bytes
        self.received_bytes += other.received_bytes


Key = tuple[str, str]  # account, month


class CallCounts:
    """The counts of one process, all accounts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._new: dict[Key, _Sum] = {}
        self._stored_at = clock.now()
        self._storing = asyncio.Lock()

    def of(self, account: str) -> AccountMeter:
        return AccountMeter(self, account)

    def count(self, account: str, sent_bytes: int, received_bytes: int) -> None:
        now = self._clock.now()
        self._add((account, month_of(now)), _Sum(now, 1, sent_bytes, received_bytes))

    async def settle(self) -> None:
        """Store where 30 seconds have passed."""
        if self._new and self._clock.now() - self._stored_at >= EVERY:
            await self.store()

    async def store(self) -> None:
        """Add what is new to the ledger. What cannot be stored now is kept for the next time, and never raised."""
        async with self._storing:
            new, self._new = self._new, {}
            self._stored_at = self._clock.now()
            if new:  # a cancelled caller takes no count with it
                await asyncio.shield(self._try(new))

    async def _try(self, new: Mapping[Key, _Sum]) -> None:
        try:
            await self._database.run(lambda connection: _store(connection, new))
        except (ConnectorError, SQLAlchemyError) as error:
            log.warning("call counts wait for the store", error=type(error).__name__)
            for key, one in new.items():
                self._add(key, one)

    async def keep(self) -> None:
        """Store for ever, also while nobody calls."""
        while True:
            await self._clock.sleep(EVERY.total_seconds())
            await self.store()

    def _add(self, key: Key, one: _Sum) -> None:
        self._new.setdefault(key, _Sum(one.first_at)).add(one)


@dataclass(frozen=True, slots=True)
class AccountMeter:
    """`ports.CallMeter` for one account."""

    counts: CallCounts
    account: str

    def count(self, sent_bytes: int, received_bytes: int) -> None:
        self.counts.count(self.account, sent_bytes, received_bytes)

    async def settle(self) -> None:
        await self.counts.settle()


def month_of(at: datetime) -> str:
    """2026-11, in Japan."""
    return f"{jst(at):%Y-%m}"


def _store(connection: Connection, new: Mapping[Key, _Sum]) -> None:
    for key, one in new.items():
        if _added(connection, key, one):
            continue
        try:
            with connection.begin_nested():
                connection.execute(insert(call_counts), [_row(key, one)])
        except IntegrityError:  # a neighbour's first call of the month came in between
            _added(connection, key, one)


def _added(connection: Connection, key: Key, one: _Sum) -> bool:
    here = update(call_counts).where(call_counts.c.account == key[0], call_counts.c.month == key[1])
    more = {
        "requests": call_counts.c.requests + one.requests,
        "sent_bytes": call_counts.c.sent_bytes + one.sent_bytes,
        "received_bytes": call_counts.c.received_bytes + one.received_bytes,
    }
    return connection.execute(here.values(**more)).rowcount == 1


def _row(key: Key, one: _Sum) -> dict[str, object]:
    account, month = key
    return {
        "account": account,
        "month": month,
        "requests": one.requests,
        "sent_bytes": one.sent_bytes,
        "received_bytes": one.received_bytes,
        "first_at": one.first_at,
    }
