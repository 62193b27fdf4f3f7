"""Flows (繰越): R1 from the history: opening + new = moved on + cancelled + held + open, per place and day.

What stands at a place at an instant is what came in before it less what went out before it, each with its yen of
then; what a total changed by while it stood there is its own figure. So the closing of one day is the opening of the
next by construction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, func, or_, select

from connector.journey import OrderState, SlipState
from connector.ledger.database import pieces
from connector.ledger.schema import history, holds, orders, slips
from connector.ledger.views.places import PLACES
from connector.ledger.views.rows import Flow

MOVES = ("received", "seen", "moved")
REVALUED = "revalued"
CANCELLED = {str(OrderState.CANCELLED), str(SlipState.CANCELLED)}
VALUED: tuple[tuple[str, Table, ColumnElement[int]], ...] = (
    ("order", orders, orders.c.payable),
    ("slip", slips, slips.c.total),
)


@dataclass(slots=True)
class Sum:
    """A count and its yen."""

    count: int = 0
    yen: int = 0

    def add(self, count: int, yen: int) -> None:
        self.count += count
        self.yen += yen


Key = tuple[str, str]  # item, state


def roll_forward(connection: Connection, shop: str, begins_at: datetime, ends_at: datetime) -> list[Flow]:
    """One row per place of the journey for the span from `begins_at` until before `ends_at`."""
    opening: dict[Key, Sum] = {}
    for item, before, to, number, yen in _moved(connection, shop, history.c.at < begins_at, begins_at):
        opening.setdefault((item, to), Sum()).add(number, yen)
        opening.setdefault((item, before), Sum()).add(-number, -yen)
    came: dict[Key, Sum] = {}
    went: dict[Key, Sum] = {}
    dropped: dict[Key, Sum] = {}
    today = and_(history.c.at >= begins_at, history.c.at < ends_at)
    for item, before, to, number, yen in _moved(connection, shop, today, begins_at):
        came.setdefault((item, to), Sum()).add(number, yen)
        out = dropped if to in CANCELLED else went
        out.setdefault((item, before), Sum()).add(number, yen)
    changed = _revalued(connection, shop, today)
    kept = _held_at(connection, shop, ends_at)
    none = Sum()
    return [
        _flow(
            key,
            opening.get(key, none),
            came.get(key, none),
            went.get(key, none),
            dropped.get(key, none),
            kept.get(key, none),
            changed.get(key, 0),
        )
        for place in PLACES
        for key in ((place.item, str(place.state)),)
    ]


def _flow(
    key: Key, opening: Sum, new: Sum, moved_on: Sum, cancelled: Sum, held: Sum, revalued_yen: int
) -> Flow:
    closing = opening.count + new.count - moved_on.count - cancelled.count
    closing_yen = opening.yen + new.yen + revalued_yen - moved_on.yen - cancelled.yen
    return Flow(
        item=key[0],
        state=key[1],
        opening=opening.count,
        new=new.count,
        moved_on=moved_on.count,
        cancelled=cancelled.count,
        held=held.count,
        open=closing - held.count,
        opening_yen=opening.yen,
        new_yen=new.yen,
        moved_on_yen=moved_on.yen,
        cancelled_yen=cancelled.yen,
        held_yen=held.yen,
        open_yen=closing_yen - held.yen,
        revalued_yen=revalued_yen,
    )


def _moved(
    connection: Connection, shop: str, when: ColumnElement[bool], since: datetime
) -> list[tuple[str, str, str, int, int]]:
    """Moves summed up: item, from, to, count, yen. Orders left out by rule never walk and do not count.

    The yen are of the instant of the move, for moves from `since` on; earlier ones are of `since`: the same for what
    stands, as what came to a place and what left it cancel out.
    """
    found: list[tuple[str, str, str, int, int]] = []
    for item, table, yen in VALUED:
        query: Select[Any] = (
            select(history.c.from_state, history.c.to_state, func.count(), func.coalesce(func.sum(yen), 0))
            .join(table, table.c.id == history.c.item_id)
            .where(*_moves(shop, item), when)
            .group_by(history.c.from_state, history.c.to_state)
        )
        rows = connection.execute(query)
        found += [(item, before, to, int(number), int(total)) for before, to, number, total in rows]
        found += _before_their_change(connection, shop, item, when, since)
    return found


def _before_their_change(
    connection: Connection, shop: str, item: str, when: ColumnElement[bool], since: datetime
) -> Iterator[tuple[str, str, str, int, int]]:
    """What the yen of now are too many for each move that came before a change of its item's total."""
    later = _changes(connection, shop, item, since)
    table = orders if item == "order" else slips
    for some in pieces(later):
        query = (
            select(history.c.id, history.c.item_id, history.c.from_state, history.c.to_state)
            .join(table, table.c.id == history.c.item_id)
            .where(*_moves(shop, item), when, history.c.item_id.in_(some))
        )
        for row in connection.execute(query):
            yen = sum(difference for id_, difference in later[row.item_id] if id_ > row.id)
            yield item, row.from_state, row.to_state, 0, -yen


def _changes(
    connection: Connection, shop: str, item: str, since: datetime
) -> dict[int, list[tuple[int, int]]]:
    """Item id → the changes of its total since then, as their line of the history and the difference in yen."""
    query = select(history.c.id, history.c.item_id, history.c.facts).where(
        history.c.shop == shop, history.c.item == item, history.c.event == REVALUED, history.c.at >= since
    )
    found: dict[int, list[tuple[int, int]]] = {}
    for id_, item_id, facts in connection.execute(query):
        found.setdefault(item_id, []).append((id_, facts["to"] - facts["from"]))
    return found


def _moves(shop: str, item: str) -> tuple[ColumnElement[bool], ...]:
    here = (
        history.c.shop == shop,
        history.c.item == item,
        history.c.event.in_(MOVES),
        history.c.from_state != history.c.to_state,
    )
    return (*here, orders.c.left_out == "") if item == "order" else here


def _revalued(connection: Connection, shop: str, when: ColumnElement[bool]) -> dict[Key, int]:
    """By how many yen the totals of those that stood at a place changed."""
    difference = history.c.facts["to"].as_integer() - history.c.facts["from"].as_integer()
    query = (
        select(history.c.item, history.c.to_state, func.sum(difference))
        .join(orders, and_(history.c.item == "order", orders.c.id == history.c.item_id), isouter=True)
        .where(history.c.shop == shop, history.c.event == REVALUED, when)
        .where(func.coalesce(orders.c.left_out, "") == "")
        .group_by(history.c.item, history.c.to_state)
    )
    return {(item, state): int(yen) for item, state, yen in connection.execute(query)}


def _held_at(connection: Connection, shop: str, at: datetime) -> dict[Key, Sum]:
    """Items with a hold open at that instant, where they stood then, with their yen of then."""
    found: dict[Key, Sum] = {}
    for item, table, yen in VALUED:
        pinned = (
            select(holds.c.item_id)
            .where(
                holds.c.shop == shop,
                holds.c.item == item,
                holds.c.opened_at < at,
                or_(holds.c.closed_at.is_(None), holds.c.closed_at >= at),
            )
            .distinct()
        )
        query = (
            select(history.c.item_id, history.c.to_state, yen)
            .join(table, table.c.id == history.c.item_id)
            .where(
                history.c.item == item,
                history.c.event.in_(MOVES),
                history.c.at < at,
                history.c.item_id.in_(pinned),
            )
            .order_by(history.c.id)
        )
        if item == "order":
            query = query.where(orders.c.left_out == "")
        later = _changes(connection, shop, item, at)
        last = {item_id: (state, amount) for item_id, state, amount in connection.execute(query)}
        for item_id, (state, amount) in last.items():
            since_then = sum(difference for _, difference in later.get(item_id, ()))
            found.setdefault((item, state), Sum()).add(1, int(amount) - since_then)
    return found
