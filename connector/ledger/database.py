"""Database (台帳の扉): the one door to the store.

`await database.run(fn)` gives `fn` a connection inside one transaction: all of it or nothing. In production
the function runs on the database's own worker thread, so a slow disk never stops the loop; `inline=True`
runs it where it is called, which makes a simulated week the same every time.
SQLite: WAL, `synchronous=FULL`, `BEGIN IMMEDIATE`, one writer, one process per file (a lock file says so).
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, create_engine, event, func, select
from sqlalchemy.exc import OperationalError

from connector.errors import NotDone, Occupied

Answer = TypeVar("Answer")
Value = TypeVar("Value")

PIECE = 1_000  # values in one IN list: SQLite takes 32,766 bound values at most, PostgreSQL 65,535

_BUSY_MS = 5_000
_PASSING = {"SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_BUSY_SNAPSHOT"}


class Database:
    """One store. Closing it is the owner's duty."""

    def __init__(self, url: str, *, inline: bool = False) -> None:
        self.url = url
        self.engine = _engine(url)
        self._lock: int | None = None
        self._worker = None if inline else ThreadPoolExecutor(1, thread_name_prefix="ledger")

    async def run(self, work: Callable[[Connection], Answer]) -> Answer:
        """`work(connection)` in one committed transaction. Raises NotDone where the store is only busy."""
        if self._worker is None:
            return self._transact(work)
        return await asyncio.get_running_loop().run_in_executor(self._worker, self._transact, work)

    def _transact(self, work: Callable[[Connection], Answer]) -> Answer:
        try:
            with self.engine.begin() as connection:
                return work(connection)
        except OperationalError as error:
            name = getattr(error.orig, "sqlite_errorname", "")
            if name in _PASSING:
                raise NotDone(f"the store is busy ({name})") from error
            raise

    async def read(self, work: Callable[[Connection], Answer]) -> Answer:
        """`work(connection)` on a picture of the store that stands still; must not write.

        Does not wait for the writer, so pages stay readable while a batch is stored.
        """
        if self._worker is None:
            return self._look(work)
        return await asyncio.to_thread(self._look, work)

    def _look(self, work: Callable[[Connection], Answer]) -> Answer:
        options: dict[str, Any] = {"reading": True}
        if self.engine.dialect.name == "postgresql":
            options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self.engine.connect().execution_options(**options) as connection:
            return work(connection)

    def claim(self) -> None:
        """Hold the data folder for this process. Raises Occupied when another one runs on it."""
        path = file_of(self.url)
        if path is not None:
            self._lock = claimed(path)

    def close(self) -> None:
        if self._worker is not None:
            self._worker.shutdown(wait=True)
        self.engine.dispose()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def claimed(path: Path) -> int:
    """The lock beside a ledger's file; the caller closes it. Raises Occupied when another process holds it."""
    lock = os.open(lock_of(path), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise Occupied(f"another connector runs on {path}: one process per data folder") from error
    return lock


def lock_of(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


def pieces(values: Iterable[Value], size: int = PIECE) -> Iterator[list[Value]]:
    """The values in lists that fit into one statement."""
    everything = list(values)
    for start in range(0, len(everything), size):
        yield everything[start : start + size]


def among(connection: Connection, column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """SQL: the column is one of these. On SQLite they travel as one JSON text: binding a thousand costs more than
    finding them. Texts and whole numbers only."""
    if connection.dialect.name != "sqlite":
        return column.in_(list(values))
    told = func.json_each(msgspec.json.encode(list(values)).decode()).table_valued("value")
    return column.in_(select(told.c.value))


def file_of(url: str) -> Path | None:
    """Where a SQLite database lies; None in memory, or on a server."""
    prefix = "sqlite:///"
    return Path(url.removeprefix(prefix)) if url.startswith(prefix) and url != prefix else None


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url)
    path = file_of(url)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": _BUSY_MS / 1000})
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(raw: sqlite3.Connection, _record: Any) -> None:
    raw.isolation_level = None  # the driver must not begin for us: a deferred begin can fail at once
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={_BUSY_MS}",
    ):
        raw.execute(f"PRAGMA {pragma}")


def _on_begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def migrate(database: Database) -> None:
    """Bring the schema up to date. Repeating is safe. Alembic is imported here only."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
