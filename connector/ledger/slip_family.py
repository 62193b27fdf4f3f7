"""Slip families (伝票の家系): which orders a slip stands for, through every split, copy and bundle (分割・複写・同梱).

Pictures come in any order, a chain of bundles at once or link by link, and both must end in the same ties. Dangerous:
a tie too few completes an order whose goods still lie here; one too many only lets it wait. In doubt there is a tie.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from connector.ledger import codec
from connector.ledger.database import pieces
from connector.ledger.schema import order_slips, slips
from connector.slip import Slip

Tie = tuple[int, str]  # an order's id, a slip's number
ALWAYS = datetime(1, 1, 1, tzinfo=UTC)
MERGED = "merged"


def how(slip: Slip) -> str:
    """How a slip came to the orders of its parent."""
    return "split" if slip.split_from else "copied" if slip.copied_from else "own"


def parents(slip: Slip) -> tuple[str, ...]:
    return tuple(filter(None, (slip.split_from, slip.copied_from, slip.parcel_parent)))


def reach(slips_by_number: Mapping[str, Slip], known: Mapping[Tie, str]) -> dict[Tie, str]:
    """Every tie of this family, with how it came about; `known` are those that stand already.

    What was bundled into a slip after a part had left it is not in that part (spec/next_engine.md §4.3): NE dates
    both, to the second.
    """
    since = {tie: ALWAYS for tie, came in known.items() if came != MERGED}
    found = dict(known)
    _flow(slips_by_number, since, found)
    late = [tie for tie in known if tie not in since]  # by a bundle that no picture explains any more
    since |= dict.fromkeys(late, ALWAYS)
    if late:
        _flow(slips_by_number, since, found)
    return found


def _flow(family: Mapping[str, Slip], since: dict[Tie, datetime], found: dict[Tie, str]) -> None:
    children: dict[str, list[Slip]] = {}
    for child in family.values():
        for parent in parents(child):
            children.setdefault(parent, []).append(child)
    waiting = list(since)
    while waiting:
        order_id, number = waiting.pop()
        slip, at = family.get(number), since[order_id, number]
        further: list[tuple[str, datetime, str]] = []
        if slip is not None and slip.merged:
            further.append((slip.merged_into, slip.cancelled_at or ALWAYS, MERGED))
        further += [
            (child.number, ALWAYS, how(child))
            for child in children.get(number, ())
            if child.created_at is None or at <= child.created_at
        ]
        for there, then, came in further:
            tie = (order_id, there)
            if there in family and (tie not in since or then < since[tie]):
                since[tie] = then
                found.setdefault(tie, came)
                waiting.append(tie)


def family(connection: Connection, shop: str, numbers: Iterable[str]) -> dict[str, tuple[int, Slip]]:
    """All slips that hang together with these by links or by orders, with their ledger ids."""
    found: dict[str, tuple[int, Slip]] = {}
    asked: set[str] = set()
    frontier = set(numbers)
    while frontier:
        asked |= frontier
        rows = _near(connection, shop, sorted(frontier))
        fresh = {row.number: (row.id, codec.slip(row.body)) for row in rows if row.number not in found}
        found |= fresh
        linked = {number for _, slip in fresh.values() for number in (*parents(slip), slip.merged_into)}
        frontier = {number for number in (linked | fresh.keys()) if number} - asked
    return found


def ties(connection: Connection, slip_ids: Mapping[int, str]) -> dict[Tie, str]:
    """The ties that stand, of these slips by ledger id and number."""
    found: dict[Tie, str] = {}
    for part in pieces(slip_ids):
        query = select(order_slips).where(order_slips.c.slip_id.in_(part))
        for row in connection.execute(query):
            found[row.order_id, slip_ids[row.slip_id]] = row.how
    return found


def _near(connection: Connection, shop: str, numbers: Iterable[str]) -> list[Row[Any]]:
    """These slips, what was bundled into them, and what shares an order with them."""
    light = (slips.c.id, slips.c.number, slips.c.body)
    asked, mine, theirs = slips.alias("asked"), order_slips.alias("mine"), order_slips.alias("theirs")
    found: list[Row[Any]] = []
    for part in pieces(numbers):
        here = or_(slips.c.number.in_(part), slips.c.merged_into.in_(part))
        found += connection.execute(select(*light).where(slips.c.shop == shop, here))
        shared = (
            select(*light)
            .join(theirs, theirs.c.slip_id == slips.c.id)
            .join(mine, mine.c.order_id == theirs.c.order_id)
            .join(asked, asked.c.id == mine.c.slip_id)
            .where(asked.c.shop == shop, asked.c.number.in_(part))
        )
        found += connection.execute(shared)
    return found
