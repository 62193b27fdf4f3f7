"""Cases (決済NGの案件): a refused payment from its first failure until it healed, was cancelled or replaced (B10).

One case per order, for ever: it closes by a fact the cart showed, never by age, and opens again where that fact
vanishes. That nobody works on it any more is for whoever reads it to say (`given_up_after`), not for the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from connector import words
from connector.ledger import links
from connector.ledger.case_steps import (
    CANCELLED,
    HEALED,
    OPEN,
    REFUSED_STEP,
    REPLACED,
    between,
    gone,
    opens,
    verdict,
)
from connector.ledger.database import pieces
from connector.ledger.history import Entry
from connector.ledger.schema import orders
from connector.ledger.schema_cart import payment_cases, payment_steps
from connector.ledger.storable import plain
from connector.order import Order


def begin(connection: Connection, shop: str, fresh: Mapping[int, Order], now: datetime) -> list[Entry]:
    """Walking orders that were seen for the first time, by their ledger id."""
    entries = [
        entry
        for id_, order in fresh.items()
        if opens(order)
        for entry in _open(connection, shop, id_, order, 1, now)
    ]
    return entries + _link(connection, shop, list(fresh), now)


def seen(
    connection: Connection, shop: str, order_id: int, old: Order, order: Order, now: datetime
) -> list[Entry]:
    """A walking order was seen in a new version, which is stored already."""
    version = connection.scalar(select(orders.c.version).where(orders.c.id == order_id)) or 1
    case = connection.execute(select(payment_cases).where(payment_cases.c.order_id == order_id)).first()
    entries: list[Entry] = []
    if case is not None:
        entries += _go_on(connection, case, old, order, version, now)
    elif opens(order):
        entries += _open(connection, shop, order_id, order, version, now)
    if _out(old) != _out(order):
        entries += _link(connection, shop, [order_id], now)
        entries += _replace(connection, {order_id, *links.olds_of(connection, order_id)}, now)
    return entries


def _out(order: Order) -> tuple[bool, bool]:
    return gone(order), order.payment.refused


def _open(
    connection: Connection, shop: str, order_id: int, order: Order, version: int, now: datetime
) -> list[Entry]:
    row = {"shop": shop, "order_id": order_id, "opened_at": now, "last_at": now, "version": version}
    made = connection.execute(insert(payment_cases).values(**row, words=plain(order.payment.words)))
    case_id = made.inserted_primary_key[0] if made.inserted_primary_key else None
    _write_steps(connection, case_id, [REFUSED_STEP], order, version, now)
    return [_entry(order_id, order.number, "opened", version, order.payment.words)]


def _go_on(
    connection: Connection, case: Row[Any], old: Order, order: Order, version: int, now: datetime
) -> list[Entry]:
    steps = list(between(old, order))
    before = CANCELLED if case.state == REPLACED else case.state
    after = verdict(before, order)
    moved = after != before
    if not moved and (not steps or before == HEALED):  # what becomes of a paid order is no part of the case
        return []
    if moved:
        steps.append("opened_again" if after == OPEN else after)
    fresh: dict[str, Any] = {
        "last_at": now,
        "failures": case.failures + steps.count(REFUSED_STEP),
        "words": plain(order.payment.words) or case.words,
    }
    if moved:
        closed_at = None if after == OPEN else now
        fresh |= {"state": after, "closed_at": closed_at, "version": version, "replaced_by": ""}
    connection.execute(update(payment_cases).where(payment_cases.c.id == case.id).values(**fresh))
    _write_steps(connection, case.id, steps, order, version, now)
    return [_entry(case.order_id, order.number, steps[-1], version, "")] if moved else []


def _write_steps(
    connection: Connection,
    case_id: int | None,
    steps: Sequence[str],
    order: Order,
    version: int,
    now: datetime,
) -> None:
    said = plain(order.payment.words)
    rows = [
        {
            "case_id": case_id,
            "at": now,
            "version": version,
            "what": what,
            "method": plain(order.payment.method),
            "words": said if what == REFUSED_STEP else "",
        }
        for what in steps
    ]
    if rows:
        connection.execute(insert(payment_steps), rows)


# --- cancelled and ordered again ------------------------------------------------------------------------------


def _link(connection: Connection, shop: str, ids: Sequence[int], now: datetime) -> list[Entry]:
    """Whatever these orders stand in for, or what stands in for them, is tied; their cases know it."""
    made = links.find(connection, shop, ids, now)
    entries = []
    for one in made:
        entries.append(_linked(one.new_id, one.new_number, "stands_in_for", one.old_number, one.why))
        entries.append(_linked(one.old_id, one.old_number, "stood_in_by", one.new_number, one.why))
    return entries + _replace(connection, {one.old_id for one in made}, now)


def _replace(connection: Connection, order_ids: Iterable[int], now: datetime) -> list[Entry]:
    """A cancelled order that another one stands in for was replaced, for as long as that one lives."""
    known = [
        row
        for part in pieces(order_ids)
        for row in connection.execute(
            select(payment_cases, orders.c.number)
            .join(orders, orders.c.id == payment_cases.c.order_id)
            .where(payment_cases.c.order_id.in_(part), payment_cases.c.state.in_([CANCELLED, REPLACED]))
        )
    ]
    stands_in = links.replacements(connection, [row.order_id for row in known])
    entries = []
    for row in known:
        by = stands_in.get(row.order_id, "")
        if by == row.replaced_by:
            continue
        state = REPLACED if by else CANCELLED
        fresh = {"state": state, "replaced_by": by, "last_at": now}
        connection.execute(update(payment_cases).where(payment_cases.c.id == row.id).values(**fresh))
        step = {"case_id": row.id, "at": now, "version": row.version, "what": state, "words": by}
        connection.execute(insert(payment_steps), [step])
        entries.append(_entry(row.order_id, row.number, state, row.version, by))
    return entries


def _linked(order_id: int, number: str, way: str, other: str, why: str) -> Entry:
    said = words.LINKS[way].ja.format(number=other)
    return Entry(
        item="order",
        item_id=order_id,
        number=number,
        event="linked",
        stage="ingest",
        note=f"{said}（{words.LINK_RULES[why].name.ja}）",
        facts={"other": other, "why": why},
    )


def _entry(order_id: int, number: str, what: str, version: int, said: str) -> Entry:
    name = words.CASE_STEPS[what].ja
    return Entry(
        item="order",
        item_id=order_id,
        number=number,
        event="payment_case",
        stage="ingest",
        note=f"{name}: {said}" if said else name,
        facts={"what": what, "version": version},
    )
