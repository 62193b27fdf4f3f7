"""Moves (まとめて進める): many items that take the same step are written with one statement.

Only what is plain: an Advance along a move of the journey, of an item that nobody holds and that is spoken of once.
Everything else goes the careful way of `record.py`, one by one. As there, an item that moved in between is not written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, update

from connector.journey import MOVES, State
from connector.ledger.database import among, pieces
from connector.ledger.history import Entry
from connector.ledger.schema import orders, slips
from connector.order import Order
from connector.outcome import Advance, Item, Outcome

if TYPE_CHECKING:
    from connector.ledger.record import By

AnyItem = Item[Any]
FEW = 20  # fewer are not worth a way of their own
Step = tuple[bool, State, State]  # an order?, from, to


def together(
    connection: Connection, by: By, said: Sequence[tuple[AnyItem, Outcome]], now: datetime
) -> dict[int, list[Entry]]:
    """What was written, by its place in `said`; empty where the item moved in between."""
    if len(said) < FEW:
        return {}
    spoken_of = Counter((type(item.noun), item.id) for item, _ in said)
    steps: dict[Step, dict[int, int]] = {}  # id -> place in `said`
    for place, (item, outcome) in enumerate(said):
        if spoken_of[type(item.noun), item.id] == 1 and (to := _plainly(by, item, outcome)):
            steps.setdefault((isinstance(item.noun, Order), item.state, to), {})[item.id] = place
    written: dict[int, list[Entry]] = {}
    for (is_order, seen, to), places in steps.items():
        moved = _move(connection, is_order, seen, to, list(places), now)
        for id_, place in places.items():
            written[place] = [_entry(by, *said[place], seen, to)] if id_ in moved else []
    return written


def _plainly(by: By, item: AnyItem, outcome: Outcome) -> State | None:
    """Where it goes, if there is nothing else to write about it."""
    if not isinstance(outcome, Advance) or item.held or outcome.words or outcome.settles:
        return None
    if by.takes and item.state not in by.takes:
        return None
    to = outcome.to or by.gives
    return to if to is not None and to != item.state and (item.state, to) in MOVES else None


def _move(
    connection: Connection, is_order: bool, seen: State, to: State, ids: Sequence[int], now: datetime
) -> set[int]:
    table = orders if is_order else slips
    fresh = {"state": to, "since": now, "next_at": None, "tries": 0, "waiting_for": ""}
    moved: set[int] = set()
    for part in pieces(ids):
        here = (among(connection, table.c.id, part), table.c.state == seen)
        moved.update(connection.scalars(update(table).where(*here).values(fresh).returning(table.c.id)).all())
    return moved


def _entry(by: By, item: AnyItem, outcome: Outcome, seen: State, to: State) -> Entry:
    facts = dict(outcome.evidence) if isinstance(outcome, Advance) else {}
    return Entry(
        item="order" if isinstance(item.noun, Order) else "slip",
        item_id=item.id,
        number=item.noun.number,
        event="moved",
        from_state=seen,
        to_state=to,
        stage=by.stage,
        actor=by.actor,
        facts=facts,
    )
