"""The ledger on SQLite: the contract, and what is SQLite's own: one writer, one process, durable by its pragmas."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from connector.errors import NotDone, Occupied
from connector.ledger import jobs
from connector.ledger.database import Database, migrate

from tests.contract.ledger_contract import NOW, SHOP, LedgerContract


class TestSQLite(LedgerContract):
    @pytest.fixture
    def new_url(self, tmp_path: Path) -> Callable[[], str]:
        numbers = itertools.count()
        return lambda: f"sqlite:///{tmp_path}/contract{next(numbers)}.sqlite3"

    @pytest.mark.usefixtures("a_real_disk")
    def test_its_pragmas(self, url: str) -> None:
        database = Database(url, inline=True)
        try:
            with database.engine.connect() as connection:
                ask = connection.exec_driver_sql
                assert ask("PRAGMA journal_mode").scalar() == "wal"
                assert ask("PRAGMA synchronous").scalar() == 2  # FULL
                assert ask("PRAGMA foreign_keys").scalar() == 1
        finally:
            database.close()

    async def test_a_busy_store_is_a_passing_fault(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("connector.ledger.database._BUSY_MS", 50)
        first, second = Database(url, inline=True), Database(url, inline=True)
        try:
            migrate(first)
            with first.engine.begin(), pytest.raises(NotDone, match="SQLITE_BUSY"):
                await second.run(lambda c: jobs.move_cursor(c, SHOP, "x", NOW))
            await second.run(lambda c: jobs.move_cursor(c, SHOP, "x", NOW))
        finally:
            first.close()
            second.close()

    def test_one_process_per_data_folder(self, url: str) -> None:
        first, second = Database(url, inline=True), Database(url, inline=True)
        try:
            first.claim()
            with pytest.raises(Occupied):
                second.claim()
            first.close()
            second.claim()
        finally:
            second.close()

    async def test_the_worker_thread_does_the_same(self, url: str) -> None:
        database = Database(url)
        try:
            migrate(database)
            await database.run(lambda c: jobs.move_cursor(c, SHOP, "x", NOW))
            assert await database.read(lambda c: jobs.cursor(c, SHOP, "x")) == NOW
        finally:
            database.close()
