"""Work (処理の記録): effects with their attempts, kept exchanges, set times, and when each source last answered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from connector.ledger.archive import body_of
from connector.ledger.database import pieces
from connector.ledger.effects import OPEN
from connector.ledger.schema import (
    attempts,
    cursors,
    effect_items,
    effects,
    exchanges,
    history,
    job_runs,
    pulses,
)
from connector.ledger.views.rows import (
    AttemptRow,
    EffectRow,
    ExchangeRow,
    HistoryRow,
    JobRow,
    PulseRow,
    filled,
)
from connector.shop import Mode, Shop


def pulses_list(connection: Connection, shop: str) -> list[PulseRow]:
    """When each source was last read or written well, its last trouble, and how far it was read."""
    read = {row.name: row.at for row in connection.execute(select(cursors).where(cursors.c.shop == shop))}
    query = select(pulses).where(pulses.c.shop == shop).order_by(pulses.c.what)
    return [filled(PulseRow, row, cursor_at=read.get(row.what)) for row in connection.execute(query)]


def pulses_running(connection: Connection, shop: Shop) -> list[PulseRow]:
    """The same without the stages that are switched off: what they once did is no news of a connection."""
    return [row for row in pulses_list(connection, shop.key) if shop.mode(row.what) is not Mode.OFF]


def jobs(connection: Connection, shop: str, since: datetime, until: datetime) -> list[JobRow]:
    """Runs at set times that began in this span."""
    query = (
        select(job_runs)
        .where(job_runs.c.shop == shop, job_runs.c.started_at >= since, job_runs.c.started_at < until)
        .order_by(job_runs.c.started_at)
    )
    return [filled(JobRow, row) for row in connection.execute(query)]


def effects_between(
    connection: Connection, shop: str, since: datetime, until: datetime, kinds: Sequence[str]
) -> list[EffectRow]:
    """Acts of these kinds that were begun in this span, oldest first."""
    query = (
        select(effects)
        .where(
            effects.c.shop == shop,
            effects.c.kind.in_(list(kinds)),
            effects.c.started_at >= since,
            effects.c.started_at < until,
        )
        .order_by(effects.c.id)
    )
    return effect_rows(connection, list(connection.execute(query)))


def open_effects(connection: Connection, shop: str, *, limit: int = 500) -> list[EffectRow]:
    """Acts without a certain outcome, oldest first."""
    query = select(effects).where(effects.c.shop == shop, effects.c.state.in_(OPEN))
    return effect_rows(connection, list(connection.execute(query.order_by(effects.c.id).limit(limit))))


def effects_on(
    connection: Connection, shop: str, stages: Sequence[str], item_ids: Iterable[int]
) -> list[EffectRow]:
    """Every act of these stages on these items."""
    inside = select(effect_items.c.effect_id).where(effect_items.c.item_id.in_(list(item_ids)))
    query = (
        select(effects)
        .where(effects.c.shop == shop, effects.c.stage.in_(list(stages)), effects.c.id.in_(inside))
        .order_by(effects.c.id)
    )
    return effect_rows(connection, list(connection.execute(query)))


def effect_totals(connection: Connection, shop: str) -> list[tuple[str, str, int]]:
    """How many acts of each kind stand in each state."""
    query = (
        select(effects.c.kind, effects.c.state, func.count())
        .where(effects.c.shop == shop)
        .group_by(effects.c.kind, effects.c.state)
        .order_by(effects.c.kind, effects.c.state)
    )
    return [(kind, state, number) for kind, state, number in connection.execute(query)]


def exchanges_of(connection: Connection, ids: Iterable[int | None]) -> list[ExchangeRow]:
    """Kept exchanges by id, without their bytes."""
    columns = [column for column in exchanges.c if column.name != "body"]
    wanted = [id_ for id_ in ids if id_ is not None]
    query = select(*columns).where(exchanges.c.id.in_(wanted)).order_by(exchanges.c.id)
    return [filled(ExchangeRow, row) for row in connection.execute(query)]


def exchange_bytes(connection: Connection, shop: str, exchange_id: int) -> tuple[str, bytes] | None:
    """Name and bytes of one kept exchange; None where this shop has none of that id."""
    name = connection.scalar(
        select(exchanges.c.name).where(exchanges.c.id == exchange_id, exchanges.c.shop == shop)
    )
    return None if name is None else (name, body_of(connection, exchange_id))


def history_of(connection: Connection, item: str, ids: Sequence[int]) -> list[tuple[int, HistoryRow]]:
    """History rows of these items with their place in the chain."""
    query = select(history).where(history.c.item == item, history.c.item_id.in_(list(ids)))
    return [(row.id, filled(HistoryRow, row)) for row in connection.execute(query.order_by(history.c.id))]


def effect_rows(connection: Connection, rows: Sequence[Row[Any]]) -> list[EffectRow]:
    tried: dict[int, tuple[AttemptRow, ...]] = {}
    sizes: dict[int, int] = {}
    for some in pieces(row.id for row in rows):
        query = select(attempts).where(attempts.c.effect_id.in_(some)).order_by(attempts.c.n)
        for attempt in connection.execute(query):
            tried[attempt.effect_id] = (*tried.get(attempt.effect_id, ()), filled(AttemptRow, attempt))
        counted = (
            select(effect_items.c.effect_id, func.count().label("size"))
            .where(effect_items.c.effect_id.in_(some))
            .group_by(effect_items.c.effect_id)
        )
        sizes |= {row.effect_id: row.size for row in connection.execute(counted)}
    return [
        filled(EffectRow, row, items=sizes.get(row.id, 0), attempts=tried.get(row.id, ())) for row in rows
    ]
