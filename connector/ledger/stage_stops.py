"""Stage stops (工程の一時停止): a stage's absurd picture, kept with its figures until a person lets it pass or not.

One row for each stage and thing (a day, a file). Dangerous: while a row waits, or was refused, nothing of what it is
about may leave; released, all of it may. A newer day overtakes an older one that nobody decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from connector.ledger.history import Entry, append
from connector.ledger.schema_warehouse import stage_stops
from connector.ledger.storable import plain, plain_facts
from connector.outcome import Facts

RULE = "connector"  # who decides where nobody did
OVERTAKEN = "判断がないまま、次の日になりました"


class Decision(StrEnum):
    """What became of a stop."""

    NONE = "none"  # there is none
    WAITS = ""
    RELEASED = "released"
    REFUSED = "refused"
    OVERTAKEN = "overtaken"


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop as it stands."""

    id: int
    stage: str
    what: str
    figures: Facts
    opened_at: datetime
    decision: Decision
    decided_at: datetime | None = None
    decided_by: str = ""
    note: str = ""

    @property
    def waits(self) -> bool:
        return self.decision is Decision.WAITS


def open(connection: Connection, shop: str, stage: str, what: str, figures: Facts, now: datetime) -> bool:
    """Stop here: one row, however often it is said. An open one gets the newer figures; False where it was there."""
    row = _row(connection, shop, stage, what)
    if row is None:
        fresh = {"shop": shop, "stage": stage, "what": what, "figures": plain_facts(figures)}
        blank = {"decided_by": "", "decision": Decision.WAITS, "note": ""}
        connection.execute(insert(stage_stops), [fresh | blank | {"opened_at": now}])
        return True
    if row.decision == Decision.WAITS:
        _write(connection, row, {"figures": plain_facts(figures)})
    return False


def decided(connection: Connection, shop: str, stage: str, what: str) -> Decision:
    """NONE where nothing was stopped, WAITS while nobody decided."""
    row = _row(connection, shop, stage, what)
    return Decision.NONE if row is None else Decision(row.decision)


def decide(
    connection: Connection,
    shop: str,
    stage: str,
    what: str,
    release: bool,
    actor: str,
    why: str,
    now: datetime,
) -> str:
    """A person's word: the code of the answer. A second one changes nothing."""
    row = _row(connection, shop, stage, what)
    if row is None:
        return "stage_stop_unknown"
    if row.decision != Decision.WAITS:
        return "stage_stop_decided_already"
    decision = Decision.RELEASED if release else Decision.REFUSED
    _end(connection, row, decision, actor, why, now)
    entry = Entry(
        item="shop",
        item_id=None,
        number=what,
        event="stage_stop",
        to_state=decision,
        stage=stage,
        actor=actor,
        note=why,
    )
    append(connection, shop, now, [entry])
    return f"stage_stop_{decision}"


def overtake(connection: Connection, shop: str, stage: str, day: str, now: datetime) -> None:
    """A new day begins: what waits from an older one is not asked for any more. Only for stops that are days."""
    for stop in waiting(connection, shop, stage):
        if stop.what < day:
            row = _row(connection, shop, stage, stop.what)
            _end(connection, row, Decision.OVERTAKEN, RULE, OVERTAKEN, now)


def waiting(connection: Connection, shop: str, stage: str = "") -> list[Stop]:
    """Stops that nobody decided yet, oldest first; of every stage where none is named."""
    return [stop for stop in reversed(listed(connection, shop, stage)) if stop.waits]


def listed(connection: Connection, shop: str, stage: str = "", *, limit: int = 200) -> list[Stop]:
    """All stops, newest first."""
    here = [stage_stops.c.shop == shop] + ([stage_stops.c.stage == stage] if stage else [])
    query = select(stage_stops).where(*here).order_by(stage_stops.c.id.desc()).limit(limit)
    return [_stop(row) for row in _rows(connection, query)]


def one(connection: Connection, shop: str, row_id: int) -> Stop | None:
    """One stop by its id."""
    here = (stage_stops.c.shop == shop, stage_stops.c.id == row_id)
    row = connection.execute(select(stage_stops).where(*here)).first()
    return None if row is None else _stop(row)


def _rows(connection: Connection, query: Any) -> Sequence[Row[Any]]:
    return connection.execute(query).all()


def _row(connection: Connection, shop: str, stage: str, what: str) -> Row[Any] | None:
    here = (stage_stops.c.shop == shop, stage_stops.c.stage == stage, stage_stops.c.what == what)
    return connection.execute(select(stage_stops).where(*here)).first()


def _end(
    connection: Connection, row: Row[Any] | None, decision: Decision, actor: str, why: str, now: datetime
) -> None:
    if row is not None:
        ended = {"decision": decision, "decided_at": now, "decided_by": actor, "note": plain(why)}
        _write(connection, row, ended)


def _write(connection: Connection, row: Row[Any], values: dict[str, Any]) -> None:
    connection.execute(update(stage_stops).where(stage_stops.c.id == row.id).values(**values))


def _stop(row: Row[Any]) -> Stop:
    return Stop(
        id=row.id,
        stage=row.stage,
        what=row.what,
        figures=row.figures,
        opened_at=row.opened_at,
        decision=Decision(row.decision),
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        note=row.note,
    )
