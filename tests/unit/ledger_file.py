"""Ledger file (台帳の写し): what many tests begin with is written once per process; everybody else gets a copy."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing

from connector.ledger.database import Database, file_of
from connector.ledger.schema import metadata
from sqlalchemy import Connection

Writes = Callable[[Connection], None]

_WRITTEN: dict[Writes, bytes] = {}


def nothing(_connection: Connection) -> None:
    """The tables alone."""


def begin(database: Database, writes: Writes = nothing) -> None:
    """The tables, and what `writes` puts in: the same each time. A store that is there already keeps what it has.

    To be called before anybody asks the database anything: a connection would not see the copy.
    """
    path = file_of(database.url)
    is_new = path is not None and not path.exists()
    if path is not None and is_new and writes in _WRITTEN:
        path.write_bytes(_WRITTEN[writes])
        return
    metadata.create_all(database.engine)
    with database.engine.begin() as connection:
        writes(connection)
    if path is not None and is_new:
        with closing(sqlite3.connect(path)) as file:
            _WRITTEN[writes] = file.serialize()
