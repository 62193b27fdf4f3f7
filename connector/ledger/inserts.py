"""Inserts (まとめて書く): many rows of one table by the driver's own `executemany`.

Building the parameters of each row anew costs more than SQLite takes to store them; here a statement and the
conversions of its columns are made once for each table. Every row must name the same columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Table, insert

_UNSEEN = object()
_made: dict[tuple[str, tuple[str, ...]], tuple[str, list[Callable[[Any], Any]]]] = {}


def insert_all(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Store these rows, in this order."""
    if not rows:
        return
    if connection.dialect.name != "sqlite":
        connection.execute(insert(table), list(rows))
        return
    key = (table.name, tuple(rows[0]))
    if key not in _made:
        _made[key] = _statement(connection, table, key[1])
    text, conversions = _made[key]
    columns = (_column(rows, *one) for one in zip(key[1], conversions, strict=True))
    connection.exec_driver_sql(text, list(zip(*columns, strict=True)))


def _column(rows: Sequence[dict[str, Any]], name: str, convert: Callable[[Any], Any]) -> list[Any]:
    """The values of one column; one that is the very same as in the row before is converted once."""
    if convert is _as_it_is:
        return [row[name] for row in rows]
    before: Any = _UNSEEN
    stored: Any = None
    found = []
    for row in rows:
        if (value := row[name]) is not before:
            before, stored = value, convert(value)
        found.append(stored)
    return found


def _statement(
    connection: Connection, table: Table, names: tuple[str, ...]
) -> tuple[str, list[Callable[[Any], Any]]]:
    left_out = [column for column in table.columns if column.default is not None and column.name not in names]
    if left_out:
        raise ValueError(f"{table.name}: {', '.join(column.name for column in left_out)} must be given")
    marks = ", ".join("?" * len(names))
    columns = ", ".join(f'"{name}"' for name in names)
    text = f"INSERT INTO {table.name} ({columns}) VALUES ({marks})"  # noqa: S608 - names of our own schema
    made = (table.c[name].type.dialect_impl(connection.dialect) for name in names)
    return text, [kind.bind_processor(connection.dialect) or _as_it_is for kind in made]


def _as_it_is(value: Any) -> Any:
    return value
