"""Facts (照合の材料): what the ledger knows of each order, in the shape reconciliation compares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Row, func, or_, select

from connector.journey import OrderState
from connector.ledger import codec
from connector.ledger.database import pieces
from connector.ledger.schema import effect_items, effects, history, holds, order_slips, orders, slips
from connector.ledger.schema import stop_requests as stops
from connector.ledger.views.rows import HoldRow, StopRow, filled
from connector.outcome import EffectState, Reason

ENDED = (str(OrderState.COMPLETED), str(OrderState.CANCELLED))
HAPPENED = (EffectState.INTENT, EffectState.SENT, EffectState.UNKNOWN, EffectState.DONE)


class SlipFacts(Struct, frozen=True, kw_only=True):
    """A slip as the ledger has it. `handed` counts instruction files with it that were not refused."""

    number: str
    state: str
    since: datetime
    yen: int
    how: str
    orders: int
    handed: int = 0
    holds: tuple[HoldRow, ...] = ()


class OrderFacts(Struct, frozen=True, kw_only=True):
    """An order as the ledger has it, with its slips, holds and stop request."""

    number: str
    cart_order_id: int
    state: str
    since: datetime
    left_out: str
    digest: str
    changed_at: datetime
    placed_at: datetime
    seen_at: datetime
    waiting_for: str
    next_at: datetime | None
    yen: int
    payment_kind: str
    payment_state: str
    linked: bool
    prepayment: bool
    cancelled: bool
    subscription_id: int | None
    subscription_round: int | None
    slips: tuple[SlipFacts, ...] = ()
    holds: tuple[HoldRow, ...] = ()
    stop: StopRow | None = None
    sales: int = 0  # completions that asked for sales and were not undone


def order_facts(
    connection: Connection, shop: str, *, since: datetime, numbers: Sequence[str] = ()
) -> dict[str, OrderFacts]:
    """Orders changed or moved since then, every one still under way, and these numbers."""
    active = or_(orders.c.changed_at >= since, orders.c.since >= since, orders.c.state.not_in(ENDED))
    found = _facts(connection, shop, active)
    missing = [number for number in numbers if number not in found]
    for some in pieces(missing):
        found |= _facts(connection, shop, orders.c.number.in_(some))
    return found


def standing(connection: Connection, shop: str) -> dict[tuple[str, str], int]:
    """How many items the tables hold at each place, whatever the history says (books_differ)."""
    found: dict[tuple[str, str], int] = {}
    for item, table in (("order", orders), ("slip", slips)):
        query = select(table.c.state, func.count()).where(table.c.shop == shop).group_by(table.c.state)
        if item == "order":
            query = query.where(orders.c.left_out == "")
        found |= {(item, state): number for state, number in connection.execute(query)}
    return found


def _facts(connection: Connection, shop: str, where: ColumnElement[bool]) -> dict[str, OrderFacts]:
    rows = list(connection.execute(select(orders).where(orders.c.shop == shop, where)))
    chosen = select(orders.c.id).where(orders.c.shop == shop, where)
    tied = _slips(connection, chosen)
    held = _holds(connection, "order", chosen)
    stopped = _stops(connection, chosen)
    sold = _sales(connection, shop)
    return {row.number: _fact(row, tied, held, stopped, sold) for row in rows}


def _fact(
    row: Row[Any],
    tied: dict[int, list[SlipFacts]],
    held: dict[int, tuple[HoldRow, ...]],
    stopped: dict[int, StopRow],
    sold: dict[str, int],
) -> OrderFacts:
    payment = codec.order(row.body).payment
    return filled(
        OrderFacts,
        row,
        yen=row.payable,
        linked=payment.linked,
        prepayment=payment.prepayment,
        slips=tuple(tied.get(row.id, ())),
        holds=held.get(row.id, ()),
        stop=stopped.get(row.id),
        sales=sold.get(row.number, 0),
    )


def _slips(connection: Connection, chosen: Any) -> dict[int, list[SlipFacts]]:
    query = (
        select(slips, order_slips.c.order_id, order_slips.c.how)
        .join(order_slips, order_slips.c.slip_id == slips.c.id)
        .where(order_slips.c.order_id.in_(chosen))
        .order_by(slips.c.id)
    )
    rows = list(connection.execute(query))
    ids = select(order_slips.c.slip_id).where(order_slips.c.order_id.in_(chosen))
    held = _holds(connection, "slip", ids)
    handed = _handed(connection, ids)
    behind: dict[int, int] = dict(
        _pairs(
            connection.execute(
                select(order_slips.c.slip_id, func.count())
                .where(order_slips.c.slip_id.in_(ids))
                .group_by(order_slips.c.slip_id)
            )
        )
    )
    found: dict[int, list[SlipFacts]] = {}
    for row in rows:
        one = filled(
            SlipFacts,
            row,
            yen=row.total,
            orders=behind.get(row.id, 1),
            handed=handed.get(row.id, 0),
            holds=held.get(row.id, ()),
        )
        found.setdefault(row.order_id, []).append(one)
    return found


def _handed(connection: Connection, ids: Any) -> dict[int, int]:
    """Instruction files that carried a slip, less the times the warehouse refused it."""
    files = dict(
        _pairs(
            connection.execute(
                select(effect_items.c.item_id, func.count())
                .join(effects, effects.c.id == effect_items.c.effect_id)
                .where(
                    effects.c.kind == "wms_file",
                    effects.c.state.in_([str(state) for state in HAPPENED]),
                    effect_items.c.item_id.in_(ids),
                )
                .group_by(effect_items.c.item_id)
            )
        )
    )
    refused = dict(
        _pairs(
            connection.execute(
                select(history.c.item_id, func.count())
                .where(
                    history.c.item == "slip",
                    history.c.event == "held",
                    history.c.stage == "relay",
                    history.c.facts["reason"].as_string() == str(Reason.REFUSED),
                    history.c.item_id.in_(ids),
                )
                .group_by(history.c.item_id)
            )
        )
    )
    return {item_id: number - refused.get(item_id, 0) for item_id, number in files.items()}


def _holds(connection: Connection, item: str, ids: Any) -> dict[int, tuple[HoldRow, ...]]:
    query = select(holds).where(holds.c.item == item, holds.c.item_id.in_(ids), holds.c.closed_at.is_(None))
    found: dict[int, tuple[HoldRow, ...]] = {}
    for row in connection.execute(query.order_by(holds.c.id)):
        found[row.item_id] = (*found.get(row.item_id, ()), filled(HoldRow, row))
    return found


def _stops(connection: Connection, chosen: Any) -> dict[int, StopRow]:
    query = (
        select(stops, orders.c.number, orders.c.state)
        .join(orders, orders.c.id == stops.c.order_id)
        .where(stops.c.order_id.in_(chosen))
    )
    return {row.order_id: filled(StopRow, row) for row in connection.execute(query)}


def _sales(connection: Connection, shop: str) -> dict[str, int]:
    query = select(effects.c.facts).where(
        effects.c.shop == shop,
        effects.c.kind == "completion",
        effects.c.state.in_([str(state) for state in HAPPENED]),
    )
    found: dict[str, int] = {}
    for facts in connection.scalars(query):
        for number in facts.get("sales", ()):
            found[number] = found.get(number, 0) + 1
    return found


def _pairs(rows: Iterable[Any]) -> list[tuple[int, int]]:
    return [(row[0], row[1]) for row in rows]
