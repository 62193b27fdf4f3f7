"""Table (報告の表一枚): what every table of the report is made of; plain values, written by each format."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from connector.words import label

Cell: TypeAlias = str | int | datetime | timedelta | None


@dataclass(frozen=True, slots=True)
class Column:
    """`kind` says how the cell is written: text, number (an identifier: always text), yen, count, at, age."""

    key: str
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Table:
    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def titles(self, lang: str) -> tuple[str, ...]:
        return tuple(label(column.key, lang) for column in self.columns)
