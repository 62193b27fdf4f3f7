"""Receive (受注の取込): store what the cart showed, page by page, and say what is new about it.

Safe to repeat: the same content changes nothing, changed content is a new version, and an order is found
again by shop and number. The cursor moves after the pages it stands for are committed: it never passes an order (I6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection, Row, func, insert, select, update

from connector.journey import OrderState
from connector.ledger import cases, codec, consequences, parcels, slip_ties
from connector.ledger.history import Entry, append, revalued
from connector.ledger.left_out import rule_of
from connector.ledger.schema import order_slips, order_versions, orders, slips
from connector.ledger.storable import plain
from connector.order import Order, content_digest, late_changes
from connector.outcome import Stray
from connector.shop import Shop

LONGEST_NUMBER = 40  # characters; Next Engine takes 30


@dataclass(slots=True)
class Received:
    """What one page brought."""

    seen: int = 0
    new: int = 0
    changed: int = 0
    left_out: int = 0
    stops: int = 0
    strays: int = 0


def brings_news(connection: Connection, shop: str, page: Sequence[Order]) -> bool:
    """Whether a page shows anything we do not have word for word."""
    known = _known(connection, shop, [order.number for order in page])
    return any(
        order.number not in known or known[order.number].digest != content_digest(order) for order in page
    )


def storable(page: Sequence[Order]) -> tuple[list[Order], list[Stray]]:
    """Each order once, as it was shown last; one whose number cannot be a key is set aside alone."""
    fit: dict[str, Order] = {}
    strays: list[Stray] = []
    for order in page:
        if 0 < len(order.number) <= LONGEST_NUMBER and plain(order.number) == order.number:
            fit.pop(order.number, None)
            fit[order.number] = order
        else:
            where = f"受注ID {order.cart_order_id}"
            facts = {"cart_order_id": str(order.cart_order_id), "placed_at": order.placed_at.isoformat()}
            words = f"受注番号として使えません: {order.number!r:.80}"
            strays.append(Stray("cart", where, words, facts=facts))
    return list(fit.values()), strays


def receive(
    connection: Connection, shop: Shop, page: Sequence[Order], exchange_id: int | None, now: datetime
) -> Received:
    """Store one page. Where a page shows an order twice, the later one counts."""
    page, _ = storable(page)
    known = _known(connection, shop.key, [order.number for order in page])
    result = Received(seen=len(page))
    entries: list[Entry] = []
    fresh: list[Order] = []
    for order in page:
        row = known.get(order.number)
        if row is None:
            fresh.append(order)
        elif row.digest != content_digest(order):
            entries += _change(connection, shop, row, order, exchange_id, now, result)
    entries = _insert(connection, shop, fresh, exchange_id, now, result) + entries
    entries += parcels.seen(connection, shop, page, now)
    append(connection, shop.key, now, entries)
    return result


def changed_between(connection: Connection, shop: str, since: datetime, until: datetime) -> int:
    """How many orders stand here with `since` <= 更新日 < `until`."""
    here = (orders.c.shop == shop, orders.c.changed_at >= since, orders.c.changed_at < until)
    return connection.scalar(select(func.count()).select_from(orders).where(*here)) or 0


def _known(connection: Connection, shop: str, numbers: Sequence[str]) -> dict[str, Row[Any]]:
    query = select(orders).where(orders.c.shop == shop, orders.c.number.in_(numbers))
    return {row.number: row for row in connection.execute(query)}


def _insert(
    connection: Connection,
    shop: Shop,
    fresh: Sequence[Order],
    exchange_id: int | None,
    now: datetime,
    result: Received,
) -> list[Entry]:
    rows, entries = [], []
    for order in fresh:
        rule = rule_of(order, shop)
        # Cancelled before it was ever handed on: it leaves the journey where it enters it.
        state = OrderState.CANCELLED if order.cancelled and not rule else OrderState.RECEIVED
        rows.append(_row(shop, order, state, rule, exchange_id, now))
        result.new += 1
        result.left_out += bool(rule)
        note = "cancelled before hand-over" if state is OrderState.CANCELLED else rule
        entries.append(_entry(order, None, "received", "", state, note))
    if not rows:
        return entries
    connection.execute(insert(orders), rows)
    ids = _ids(connection, shop.key, [row["number"] for row in rows])
    versions = [
        {key: row[key] for key in ("digest", "body", "exchange_id", "seen_at")}
        | {"order_id": ids[row["number"]], "version": 1}
        for row in rows
    ]
    connection.execute(insert(order_versions), versions)
    _link(connection, shop.key, ids)
    entries = [replace(entry, item_id=ids[entry.number]) for entry in entries]
    walking = {row["number"] for row in rows if not row["left_out"]}
    begun = {ids[order.number]: order for order in fresh if order.number in walking}
    return entries + cases.begin(connection, shop.key, begun, now)


def _link(connection: Connection, shop: str, ids: dict[str, int]) -> None:
    """Slips that Next Engine showed before the cart showed their order."""
    query = select(slips.c.id, slips.c.order_number).where(
        slips.c.shop == shop, slips.c.order_number.in_(list(ids))
    )
    rows = [
        {"order_id": ids[number], "slip_id": slip_id, "how": "own"}
        for slip_id, number in connection.execute(query)
    ]
    if rows:
        connection.execute(insert(order_slips), rows)
        slip_ties.order_came(connection, shop, ids)


def _ids(connection: Connection, shop: str, numbers: Sequence[str]) -> dict[str, int]:
    query = select(orders.c.number, orders.c.id).where(orders.c.shop == shop, orders.c.number.in_(numbers))
    return {row.number: row.id for row in connection.execute(query)}


def _content(order: Order, exchange_id: int | None, now: datetime) -> dict[str, Any]:
    return {
        "changed_at": order.updated_at,
        "digest": content_digest(order),
        "payable": order.amounts.payable,
        "payment_kind": order.payment.kind,
        "payment_state": order.payment.state,
        "customer_id": order.buyer.customer_id,
        "cancelled": order.cancelled,
        "body": codec.encode(order),
        "seen_at": now,
        "exchange_id": exchange_id,
    }


def _row(
    shop: Shop, order: Order, state: OrderState, rule: str, exchange_id: int | None, now: datetime
) -> dict[str, Any]:
    parent = order.subscription
    return _content(order, exchange_id, now) | {
        "shop": shop.key,
        "number": order.number,
        "cart_order_id": order.cart_order_id,
        "state": state,
        "since": now,
        "next_at": None,
        "left_out": rule,
        "origin": order.origin,
        "subscription_id": parent.subscription_id if parent else None,
        "subscription_round": parent.round if parent else None,
        "placed_at": order.placed_at,
        "version": 1,
    }


def _change(
    connection: Connection,
    shop: Shop,
    row: Row[Any],
    order: Order,
    exchange_id: int | None,
    now: datetime,
    result: Received,
) -> list[Entry]:
    result.changed += 1
    version = row.version + 1
    content = _content(order, exchange_id, now) | {"version": version}
    # A change wakes the order: what it waited for may just have come.
    connection.execute(update(orders).where(orders.c.id == row.id), content | {"next_at": None})
    connection.execute(
        insert(order_versions),
        [
            {key: content[key] for key in ("digest", "body", "exchange_id", "seen_at")}
            | {"order_id": row.id, "version": version}
        ],
    )
    old = codec.order(row.body)
    entries = [
        Entry(
            item="order",
            item_id=row.id,
            number=order.number,
            event="version",
            stage="ingest",
            note=", ".join(late_changes(old, order)),
            facts={"version": version, "payment": order.payment.state_code, "state": order.state_code},
        )
    ]
    payable = order.amounts.payable
    entries += revalued("order", row.id, order.number, row.state, "ingest", row.payable, payable)
    meant = consequences.of(connection, shop, row, old, order, now)
    result.stops += sum(entry.event == "stop_asked" for entry in meant)
    entries += meant
    return entries if row.left_out else entries + cases.seen(connection, shop.key, row.id, old, order, now)


def _entry(order: Order, order_id: int | None, event: str, before: str, to: str, note: str) -> Entry:
    facts = {"payable": order.amounts.payable, "origin": order.origin}
    return Entry(
        item="order",
        item_id=order_id,
        number=order.number,
        event=event,
        from_state=before,
        to_state=to,
        stage="ingest",
        note=note,
        facts=facts,
    )
