"""Waiting (未取込・印刷待ち前の理由): every order that stands before some place, each with the sentence why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, select

from connector.journey import OrderState, SlipState
from connector.ledger.database import pieces
from connector.ledger.effects import OPEN
from connector.ledger.schema import effect_items, effects, order_slips, orders, slips
from connector.ledger.schema import stop_requests as stop_rows
from connector.ledger.views.around import around
from connector.ledger.views.because import Because, because
from connector.ledger.views.lists import held, order_rows, slip_rows
from connector.ledger.views.places import STAGES_OF
from connector.ledger.views.rows import EffectRow, HoldRow, OrderRow, SlipRow, StopRow, filled
from connector.ledger.views.times import BEFORE_IMPORT
from connector.ledger.views.work import effect_rows
from connector.shop import Shop

BEFORE_PRINT = (*BEFORE_IMPORT, str(OrderState.IMPORTED))
_NOT_PRINT_READY = (SlipState.INTAKE, SlipState.OPEN)


class WaitingOrder(Struct, frozen=True, kw_only=True):
    number: str
    state: str
    since: datetime
    yen: int
    sentence: str
    moves: str


class WaitingGroup(Struct, frozen=True, kw_only=True):
    """Orders that wait for the same kind of reason: how many, and each with its own sentence."""

    name: str
    count: int
    yen: int
    since: datetime
    orders: tuple[WaitingOrder, ...]


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
    tied = _slips(connection, shop, [row.id for row in rows if row.state == OrderState.IMPORTED], now)
    holds: dict[str, list[HoldRow]] = {}
    for hold in held(connection, shop.key):
        holds.setdefault(hold.number, []).append(hold)
    here = around(connection, shop)
    return [
        (
            one,
            because(
                one,
                shop,
                now,
                effects=acts.get(row.id, ()),
                holds=_holds_of(one, tied.get(row.id, ()), holds),
                slips=tied.get(row.id, ()),
                stop=stops.get(row.id),
                around=here,
            ),
        )
        for row, one in zip(rows, order_rows(connection, shop, rows, now), strict=True)
        if row.state != OrderState.IMPORTED or _not_print_ready(tied.get(row.id, ()))
    ]


def waiting_groups(connection: Connection, shop: Shop, now: datetime, lang: str = "ja") -> list[WaitingGroup]:
    """All that is not in the CSV or not in 印刷待ち yet, by kind of reason, the largest group first."""
    found: dict[str, list[tuple[OrderRow, Because]]] = {}
    for row, answer in waiting(connection, shop, BEFORE_PRINT, now):
        found.setdefault(answer.group.say(lang) or answer.why.say(lang), []).append((row, answer))
    groups = [
        WaitingGroup(
            name=name,
            count=len(members),
            yen=sum(row.yen for row, _ in members),
            since=min(row.since for row, _ in members),
            orders=tuple(
                WaitingOrder(
                    number=row.number,
                    state=row.state,
                    since=row.since,
                    yen=row.yen,
                    sentence=answer.why.say(lang),
                    moves=answer.moves.say(lang),
                )
                for row, answer in members
            ),
        )
        for name, members in found.items()
    ]
    return sorted(groups, key=lambda group: (-group.count, group.name))


def _not_print_ready(tied: Sequence[SlipRow]) -> bool:
    """A slip waits in Next Engine, or none is known yet."""
    return not tied or any(slip.state in _NOT_PRINT_READY for slip in tied)


def _holds_of(one: OrderRow, tied: Sequence[SlipRow], holds: dict[str, list[HoldRow]]) -> tuple[HoldRow, ...]:
    numbers = dict.fromkeys([one.number, *(slip.number for slip in tied)])
    return tuple(hold for number in numbers for hold in holds.get(number, ()))


def _slips(
    connection: Connection, shop: Shop, order_ids: Iterable[int], now: datetime
) -> dict[int, list[SlipRow]]:
    """Slips by the order they belong to."""
    rows: list[Row[Any]] = []
    for some in pieces(order_ids):
        query = select(slips, order_slips.c.how, order_slips.c.order_id).join(
            order_slips, order_slips.c.slip_id == slips.c.id
        )
        rows += connection.execute(query.where(order_slips.c.order_id.in_(some)).order_by(slips.c.id))
    found: dict[int, list[SlipRow]] = {}
    for row, one in zip(rows, slip_rows(connection, shop, rows, now), strict=True):
        found.setdefault(row.order_id, []).append(one)
    return found


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
