"""Relay (出荷指示の警報): a stage that stopped itself waits for a word, or the warehouse does not answer."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from connector.clock import jst
from connector.ledger import stage_stops
from connector.ledger.effects import OPEN
from connector.ledger.schema import effects
from connector.outcome import Facts
from connector.shop import Shop

STOPPED_KIND = "stage_stopped"
SILENT_KIND = "receipt_silent"
SHOWN = 5  # stops or files in the evidence
BY_DAY = ("relay",)  # whose stops are about one day, and over with it


def stopped(connection: Connection, shop: Shop, now: datetime) -> Facts | None:
    """Every stop that waits, with its figures."""
    today = str(jst(now).date())
    waiting = [
        stop
        for stop in stage_stops.waiting(connection, shop.key)
        if stop.stage not in BY_DAY or stop.what >= today
    ]
    if not waiting:
        return None
    shown = [{"stage": stop.stage, "what": stop.what, "figures": stop.figures} for stop in waiting[:SHOWN]]
    return {"count": len(waiting), "stops": shown}


def silent(connection: Connection, shop: Shop, now: datetime) -> Facts | None:
    """Instructions that left longer ago than the warehouse takes to answer."""
    query = (
        select(effects.c.name, effects.c.state, effects.c.started_at)
        .where(effects.c.shop == shop.key, effects.c.stage == "relay", effects.c.state.in_(OPEN))
        .where(effects.c.kind == "wms_file", effects.c.started_at < now - shop.receipt_within)
        .order_by(effects.c.id)
    )
    found = connection.execute(query).all()
    if not found:
        return None
    return {
        "count": len(found),
        "files": [row.name for row in found[:SHOWN]],
        "since": min(row.started_at for row in found).isoformat(),
    }
