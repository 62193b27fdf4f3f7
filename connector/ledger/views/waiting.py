"""Waiting (未取込の理由): every order that stands before some place, each with the sentence why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from connector.ledger.database import pieces
from connector.ledger.effects import OPEN
from connector.ledger.schema import effect_items, effects, orders
from connector.ledger.schema import stop_requests as stop_rows
from connector.ledger.views.because import Because, because
from connector.ledger.views.lists import held, order_rows
from connector.ledger.views.places import STAGES_OF
from connector.ledger.views.rows import EffectRow, HoldRow, OrderRow, StopRow, filled
from connector.ledger.views.work import effect_rows
from connector.shop import Shop


def waiting(
    connection: Connection, shop: Shop, states: Sequence[str], now: datetime, *, limit: int = 5000
) -> list[tuple[OrderRow, Because]]:
    """Orders at these places, longest first, with why each is not further and what would move it."""
    query = (
        select(orders)
        .where(orders.c.shop == shop.key, orders.c.left_out == "", orders.c.state.in_(list(states)))
        .order_by(orders.c.since, orders.c.id)
        .limit(limit)
    )
    rows = list(connection.execute(query))
    acts = _open_acts(connection, shop.key)
    stops = _open_stops(connection, shop.key)
    holds: dict[str, list[HoldRow]] = {}
    for hold in held(connection, shop.key):
        holds.setdefault(hold.number, []).append(hold)
    return [
        (
            one,
            because(
                one,
                shop,
                now,
                effects=acts.get(row.id, ()),
                holds=holds.get(row.number, ()),
                stop=stops.get(row.id),
            ),
        )
        for row, one in zip(rows, order_rows(connection, shop, rows, now), strict=True)
    ]


def _open_acts(connection: Connection, shop: str) -> dict[int, list[EffectRow]]:
    """Acts without a certain outcome by the order they move."""
    query = select(effects).where(
        effects.c.shop == shop, effects.c.stage.in_(STAGES_OF["order"]), effects.c.state.in_(OPEN)
    )
    acts = {act.id: act for act in effect_rows(connection, list(connection.execute(query)))}
    found: dict[int, list[EffectRow]] = {}
    for some in pieces(acts):
        inside = select(effect_items).where(effect_items.c.effect_id.in_(some))
        for effect_id, item_id in connection.execute(inside):
            found.setdefault(item_id, []).append(acts[effect_id])
    return found


def _open_stops(connection: Connection, shop: str) -> dict[int, StopRow]:
    query = (
        select(stop_rows, orders.c.number)
        .join(orders, orders.c.id == stop_rows.c.order_id)
        .where(stop_rows.c.shop == shop, stop_rows.c.verdict == "open")
    )
    return {row.order_id: filled(StopRow, row) for row in connection.execute(query)}
