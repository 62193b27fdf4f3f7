"""One writer (一人ずつ): the door to one account's tokens, which one task of one process at a time may pass.

SQLite: two files beside the database, held by `flock`; PostgreSQL: two advisory locks on a connection of their own.
Both are let go when a process dies. There are two, because one is a turnstile: who waits stands in it, so that a
busy neighbour cannot pass again before him. Waiting asks again and again instead of blocking a thread, so that a
cancelled wait leaves nothing behind that could still take the lock.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from connector.errors import NotDone
from connector.ledger.database import Database, file_of

T = TypeVar("T")

PATIENCE = 330.0  # seconds of the machine: the longest call takes 300 (session.ROTATING_SECONDS)
ASK_AGAIN = 0.02
TURNSTILE, LOCK = 0, 1
KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}  # reliability §3


class Doors(Protocol):
    """The two locks of one account, tried without waiting. Closing frees both."""

    async def take(self, which: int) -> bool: ...
    async def free(self, which: int) -> None: ...
    async def close(self) -> None: ...


class OneWriter:
    """The locks of one database by account. One of these per process, so that its tasks queue in order."""

    def __init__(self, database: Database, *, patience: float = PATIENCE) -> None:
        self._doors = _kind_of(database)
        self._patience = patience
        self._queues: dict[str, asyncio.Lock] = {}

    @asynccontextmanager
    async def hold(self, account: str) -> AsyncIterator[None]:
        """Raises NotDone where another process does not let go in time."""
        async with self._queues.setdefault(account, asyncio.Lock()):
            doors = self._doors(account)
            try:
                await self._pass(doors, account)
                yield
            finally:
                await doors.close()

    async def _pass(self, doors: Doors, account: str) -> None:
        try:
            async with asyncio.timeout(self._patience):
                for which in (TURNSTILE, LOCK):
                    while not await doors.take(which):  # noqa: ASYNC110 - the other process sets no event of ours
                        await asyncio.sleep(ASK_AGAIN)
        except TimeoutError:
            words = f"another process has held the tokens of {account} for {self._patience:g} s"
            raise NotDone(words) from None
        await doors.free(TURNSTILE)


class _Alone:
    """A database in memory has no neighbours."""

    async def take(self, which: int) -> bool:
        return True

    async def free(self, which: int) -> None:
        return

    async def close(self) -> None:
        return


class _Files:
    """A lock belongs to the open file: two of these exclude each other within one process, too."""

    def __init__(self, paths: tuple[Path, Path]) -> None:
        self._files = [os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600) for path in paths]

    async def take(self, which: int) -> bool:
        try:
            fcntl.flock(self._files[which], fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    async def free(self, which: int) -> None:
        fcntl.flock(self._files[which], fcntl.LOCK_UN)

    async def close(self) -> None:
        for file in self._files:
            os.close(file)


class _Advisory:
    """Everything runs in order on one thread: what a cancelled wait had begun is over before the closing begins."""

    def __init__(self, url: str, keys: tuple[int, int]) -> None:
        self._engine = create_engine(
            url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=KEEPALIVE
        )
        self._keys = keys
        self._connection: Connection | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="one-writer")

    async def take(self, which: int) -> bool:
        return await self._run(lambda: self._ask("pg_try_advisory_lock", which))

    async def free(self, which: int) -> None:
        await self._run(lambda: self._ask("pg_advisory_unlock", which))

    async def close(self) -> None:
        closing = self._run(self._close)
        self._thread.shutdown(wait=False)
        await closing

    def _run(self, work: Callable[[], T]) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _ask(self, function: str, which: int) -> bool:
        self._connection = self._connection or self._engine.connect()
        return bool(self._connection.exec_driver_sql(f"SELECT {function}({self._keys[which]})").scalar())

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()


def _kind_of(database: Database) -> Callable[[str], Doors]:
    if database.engine.dialect.name == "postgresql":
        return lambda account: _Advisory(database.url, _keys(account))
    path = file_of(database.url)
    if path is None:
        return lambda account: _Alone()
    return lambda account: _Files(_paths(path, account))


def _paths(path: Path, account: str) -> tuple[Path, Path]:
    """An account's name may hold anything; its digest is a file name."""
    begin = f"{path.name}.tokens-{hashlib.sha256(account.encode()).hexdigest()[:12]}"
    return path.with_name(f"{begin}.next"), path.with_name(f"{begin}.lock")


def _keys(account: str) -> tuple[int, int]:
    digest = hashlib.sha256(f"connector/tokens/{account}".encode()).digest()
    first, second = (int.from_bytes(digest[at : at + 8], signed=True) for at in (0, 8))
    return first, second
