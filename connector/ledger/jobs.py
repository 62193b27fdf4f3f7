"""Jobs, cursors and pulses (いつ何をしたか): which window is done, how far each source was read, and when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from connector.ledger.effects import AGAIN
from connector.ledger.schema import cursors, effects, job_runs, pulses
from connector.outcome import Facts


def cursor(connection: Connection, shop: str, name: str) -> datetime | None:
    """How far a source was read; None before the first time."""
    return connection.scalar(select(cursors.c.at).where(cursors.c.shop == shop, cursors.c.name == name))


def move_cursor(connection: Connection, shop: str, name: str, to: datetime) -> None:
    """Forward only: a late or repeated read never takes it back."""
    here = (cursors.c.shop == shop, cursors.c.name == name)
    known = cursor(connection, shop, name)
    if known is None:
        connection.execute(insert(cursors), [{"shop": shop, "name": name, "at": to}])
    elif to > known:
        connection.execute(update(cursors).where(*here).values(at=to))


def finished(connection: Connection, shop: str, kind: str, window: str) -> bool:
    """Whether this window of a job was done."""
    return (
        connection.scalar(
            select(job_runs.c.finished_at).where(
                job_runs.c.shop == shop, job_runs.c.kind == kind, job_runs.c.window == window
            )
        )
        is not None
    )


def start(connection: Connection, shop: str, kind: str, window: str, now: datetime) -> None:
    """Note that a window was begun; the first start counts."""
    here = (job_runs.c.shop == shop, job_runs.c.kind == kind, job_runs.c.window == window)
    if connection.scalar(select(job_runs.c.started_at).where(*here)) is None:
        row = {"shop": shop, "kind": kind, "window": window, "started_at": now, "counts": {}}
        connection.execute(insert(job_runs), [row])


def finish(connection: Connection, shop: str, kind: str, window: str, now: datetime, counts: Facts) -> None:
    """Note that a window is done; what is due is computed from this."""
    here = (job_runs.c.shop == shop, job_runs.c.kind == kind, job_runs.c.window == window)
    connection.execute(update(job_runs).where(*here).values(finished_at=now, counts=counts))


def wants_again(connection: Connection, shop: str, stage: str, window: str) -> bool:
    """Whether an act of this window provably did not happen, so that the window is open again."""
    key = effects.c.key.contains(f"/{window}", autoescape=True)
    again = (effects.c.shop == shop, effects.c.stage == stage, effects.c.state.in_(AGAIN), key)
    return connection.scalar(select(effects.c.id).where(*again).limit(1)) is not None


def last_runs(connection: Connection, shop: str) -> dict[str, datetime]:
    """When each stage last ran, well or not."""
    query = select(pulses.c.what, pulses.c.ok_at, pulses.c.failed_at).where(pulses.c.shop == shop)
    return {
        what: max(filter(None, (ok_at, failed_at)))
        for what, ok_at, failed_at in connection.execute(query)
        if ok_at or failed_at
    }


def pulse(connection: Connection, shop: str, what: str, now: datetime, words: str = "") -> None:
    """A source answered well (no words) or failed with these words."""
    here = (pulses.c.shop == shop, pulses.c.what == what)
    well: dict[str, Any] = {"ok_at": now, "failing_since": None, "words": ""}
    failed = {"failed_at": now, "failing_since": func.coalesce(pulses.c.failing_since, now), "words": words}
    if connection.execute(update(pulses).where(*here).values(**failed if words else well)).rowcount == 0:
        first = {"failed_at": now, "failing_since": now, "words": words} if words else well
        connection.execute(insert(pulses), [{"shop": shop, "what": what} | first])
