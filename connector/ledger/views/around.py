"""Around (周りの状況): what keeps many orders at once: open alarms, a file that waits for a click."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, select

from connector.ledger.schema import pulses
from connector.ledger.schema_hub import preflights
from connector.ledger.views.alarms import open_alarms
from connector.shop import Shop


class Waiting(Struct, frozen=True):
    """A day's file that waits for a click (取込前確認)."""

    window: str
    deadline_at: datetime | None


class Failing(Struct, frozen=True):
    """A stage whose last passes all failed."""

    since: datetime
    words: str


class Around(Struct, frozen=True):
    """Evidence of each open alarm by kind; the waiting file; stages that fail, by name."""

    alarms: Mapping[str, Mapping[str, Any]] = {}
    preflight: Waiting | None = None
    failing: Mapping[str, Failing] = {}

    def since(self, *kinds: str) -> tuple[str, datetime] | None:
        """The first of these alarms that is open, and since when what it tells of has lasted."""
        for kind in kinds:
            if kind in self.alarms:
                return kind, datetime.fromisoformat(str(self.alarms[kind]["since"]))
        return None


CALM = Around()


def around(connection: Connection, shop: Shop) -> Around:
    open_now = {
        row.kind: {"since": row.opened_at.isoformat(), **row.evidence}
        for row in open_alarms(connection, shop.key)
    }
    query = select(preflights.c.window, preflights.c.deadline_at).where(
        preflights.c.shop == shop.key, preflights.c.state == "waits"
    )
    row = connection.execute(query.order_by(preflights.c.id.desc()).limit(1)).first()
    waiting = Waiting(row.window, row.deadline_at) if row is not None else None
    broken = select(pulses).where(pulses.c.shop == shop.key, pulses.c.failing_since.is_not(None))
    failing = {
        pulse.what: Failing(pulse.failing_since, pulse.words.partition("\n")[0])
        for pulse in connection.execute(broken)
    }
    return Around(open_now, waiting, failing)
