"""Preflights (取込前確認): what each import file was compared with, what was odd about it, and who decided."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, select

from connector.ledger.preflight_rows import Verdict, picture
from connector.ledger.schema_hub import preflights


class PreflightRow(Struct, frozen=True, kw_only=True):
    """One file's check. `seen` is the name of exactly this picture: a click carries it back."""

    id: int
    window: str
    state: str
    orders: int
    lines: int
    yen: int
    payments: dict[str, int]
    new_skus: tuple[str, ...]
    held: int
    oddities: dict[str, dict[str, Any]]
    checked_at: datetime
    deadline_at: datetime | None
    decided_at: datetime | None
    decided_by: str
    note: str
    seen: str

    @property
    def waits(self) -> bool:
        return self.state == Verdict.WAITS


def preflights_list(connection: Connection, shop: str, *, limit: int = 60) -> list[PreflightRow]:
    """The newest checks first."""
    query = select(preflights).where(preflights.c.shop == shop)
    rows = connection.execute(query.order_by(preflights.c.window.desc()).limit(limit))
    return [_told(row) for row in rows]


def preflights_waiting(connection: Connection, shop: str) -> list[PreflightRow]:
    """Files that wait for a click, oldest first."""
    query = select(preflights).where(preflights.c.shop == shop, preflights.c.state == Verdict.WAITS)
    return [_told(row) for row in connection.execute(query.order_by(preflights.c.window))]


def preflight(connection: Connection, shop: str, row_id: int) -> PreflightRow | None:
    query = select(preflights).where(preflights.c.shop == shop, preflights.c.id == row_id)
    row = connection.execute(query).first()
    return _told(row) if row is not None else None


def _told(row: Row[Any]) -> PreflightRow:
    figures = row.figures
    return PreflightRow(
        id=row.id,
        window=row.window,
        state=row.state,
        orders=figures["orders"],
        lines=figures["lines"],
        yen=figures["yen"],
        payments=figures["payments"],
        new_skus=tuple(figures["new_skus"]),
        held=figures["held"],
        oddities=row.oddities,
        checked_at=row.checked_at,
        deadline_at=row.deadline_at,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        note=row.note,
        seen=picture(figures),
    )
