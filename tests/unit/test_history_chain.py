"""The history is a chain: change, drop, insert or swap a row, and everything after it no longer fits (T2)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from connector.ledger.database import Database
from connector.ledger.history import Entry, append, verify
from connector.ledger.schema import history, metadata
from sqlalchemy import Connection, delete, insert, select, text, update

AT = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    database = Database(f"sqlite:///{tmp_path}/chain.sqlite3", inline=True)
    metadata.create_all(database.engine)
    with database.engine.begin() as connection:
        for n in range(10):
            append(connection, "mihon", AT + timedelta(minutes=n), [entry(n), entry(100 + n)])
            append(connection, "other", AT + timedelta(minutes=n), [entry(n)])
        yield connection
    database.close()


def entry(n: int) -> Entry:
    facts = {"n": n, "deep": {"b": [1, 2.5, None, True], "a": "髙"}, "on": AT.date(), "pair": (1, 2)}
    return Entry(item="order", item_id=n, number=f"T-{n}", event="note", note="見本", facts=facts)


def ids(connection: Connection) -> list[int]:
    query = select(history.c.id).where(history.c.shop == "mihon").order_by(history.c.id)
    return list(connection.scalars(query))


def test_an_untouched_chain_is_whole(connection: Connection) -> None:
    assert verify(connection, "mihon") is None
    assert verify(connection, "other") is None
    assert verify(connection, "nobody") is None


def test_nothing_to_say_writes_nothing(connection: Connection) -> None:
    before = len(ids(connection))
    append(connection, "mihon", AT, [])
    assert len(ids(connection)) == before


CHANGES = {
    "at": AT,
    "item": "slip",
    "item_id": 4711,
    "number": "T-9",
    "event": "moved",
    "from_state": "x",
    "to_state": "x",
    "stage": "x",
    "actor": "x",
    "note": "x",
    "facts": {"n": 4711},
}


@pytest.mark.parametrize("column", CHANGES)
def test_a_changed_column_is_found_where_it_is(connection: Connection, column: str) -> None:
    victim = ids(connection)[7]
    connection.execute(update(history).where(history.c.id == victim).values({column: CHANGES[column]}))
    assert verify(connection, "mihon") == victim
    assert verify(connection, "other") is None, "each shop has a chain of its own"


def test_a_dropped_row(connection: Connection) -> None:
    rows = ids(connection)
    connection.execute(delete(history).where(history.c.id == rows[5]))
    assert verify(connection, "mihon") == rows[6]


def test_an_inserted_row(connection: Connection) -> None:
    rows = ids(connection)
    connection.execute(text("UPDATE history SET id = id + 1000 WHERE id >= :id"), {"id": rows[5]})
    copy = dict(connection.execute(select(history).where(history.c.id == rows[4])).mappings().one())
    connection.execute(insert(history), [copy | {"id": rows[5]}])
    assert verify(connection, "mihon") == rows[5]


def test_a_row_moved_to_another_shop(connection: Connection) -> None:
    rows = ids(connection)
    connection.execute(update(history).where(history.c.id == rows[-1]).values(shop="other"))
    assert verify(connection, "mihon") is None, "the end of a chain alone cannot be missed by it"
    assert verify(connection, "other") is not None


def test_swapped_rows(connection: Connection) -> None:
    rows = ids(connection)
    swap = {rows[3]: -1, rows[4]: rows[3], -1: rows[4]}
    for old, new in swap.items():
        connection.execute(update(history).where(history.c.id == old).values(id=new))
    assert verify(connection, "mihon") == rows[3]
