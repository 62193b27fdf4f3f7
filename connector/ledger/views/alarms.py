"""Alarms (警報) as pages, reports and commands read them: what is open now, and what was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, or_, select

from connector.ledger.schema_hub import alarms
from connector.ledger.views.rows import filled

KEPT = 500  # the newest; a page needs no more


class AlarmRow(Struct, frozen=True, kw_only=True):
    kind: str
    opened_at: datetime
    seen_at: datetime
    closed_at: datetime | None
    evidence: Mapping[str, Any]
    note: str

    @property
    def open(self) -> bool:
        return self.closed_at is None


def alarms_list(connection: Connection, shop: str, since: datetime | None = None) -> list[AlarmRow]:
    """Newest first; with `since` those that stood at any moment from then on."""
    query = select(alarms).where(alarms.c.shop == shop)
    if since is not None:
        query = query.where(or_(alarms.c.closed_at.is_(None), alarms.c.closed_at >= since))
    newest = query.order_by(alarms.c.opened_at.desc(), alarms.c.id.desc()).limit(KEPT)
    return [filled(AlarmRow, row) for row in connection.execute(newest)]


def open_alarms(connection: Connection, shop: str) -> list[AlarmRow]:
    """What stands now, oldest first."""
    query = select(alarms).where(alarms.c.shop == shop, alarms.c.closed_at.is_(None))
    found = connection.execute(query.order_by(alarms.c.opened_at, alarms.c.id))
    return [filled(AlarmRow, row) for row in found]
