"""Receive (受注の取込): store what the cart showed, page by page, and say what is new about it.

Safe to repeat: the same content changes nothing, changed content is a new version, and an order is found
again by shop and number. The cursor moves in the same transaction as the orders: it never passes one (I6).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, insert, select, update

from connector.journey import OrderState, at_least
from connector.ledger import codec, effects, holds
from connector.ledger.history import Entry, append
from connector.ledger.schema import order_versions, orders, stop_requests
from connector.order import LATE_FIELDS, Order, content_digest, late_changes
from connector.outcome import Reason
from connector.shop import Shop


@dataclass(slots=True)
class Received:
    """What one page brought."""

    seen: int = 0
    new: int = 0
    changed: int = 0
    left_out: int = 0
    stops: int = 0


def left_out(order: Order, shop: Shop) -> str:
    """The named rule by which an order never walks; empty for one that does."""
    if order.placed_at < shop.start_at:
        return "before_start"
    if order.deleted:
        return "deleted"
    return ""


def brings_news(connection: Connection, shop: str, page: Sequence[Order]) -> bool:
    """Whether a page shows anything we do not have word for word."""
    known = _known(connection, shop, [order.number for order in page])
    return any(
        order.number not in known or known[order.number].digest != content_digest(order) for order in page
    )


def receive(
    connection: Connection, shop: Shop, page: Sequence[Order], exchange_id: int | None, now: datetime
) -> Received:
    """Store one page. Orders of one page are worked in the order of their change."""
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
    append(connection, shop.key, now, entries)
    return result


def _known(connection: Connection, shop: str, numbers: Sequence[str]) -> dict[str, Row[Any]]:
    query = select(orders).where(orders.c.shop == shop, orders.c.number.in_(numbers))
    return {row.number: row for row in connection.execute(query)}


def _insert(
    connection: Connection,
    shop: Shop,
    fresh: Iterable[Order],
    exchange_id: int | None,
    now: datetime,
    result: Received,
) -> list[Entry]:
    rows, entries = [], []
    for order in {order.number: order for order in fresh}.values():
        rule = left_out(order, shop)
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
    return [replace(entry, item_id=ids[entry.number]) for entry in entries]


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
    changed = late_changes(old, order)
    entries = [
        Entry(
            item="order",
            item_id=row.id,
            number=order.number,
            event="version",
            stage="ingest",
            note=", ".join(changed),
            facts={"version": version, "payment": order.payment.state_code, "state": order.state_code},
        )
    ]
    return entries + _consequences(connection, shop, row, order, changed, now, result)


def _consequences(
    connection: Connection,
    shop: Shop,
    row: Row[Any],
    order: Order,
    changed: tuple[str, ...],
    now: datetime,
    result: Received,
) -> list[Entry]:
    """What a change means at the place where the order stands. Never silence (reliability I3, W3)."""
    state = OrderState(row.state)
    if row.left_out:
        return []
    gone = order.cancelled or order.deleted
    handed_on = at_least(state, OrderState.NOTIFIED) or effects.any_for(connection, "notify", row.id)
    if gone and not handed_on and state is not OrderState.CANCELLED:
        return [_move(connection, row, OrderState.CANCELLED, "cancelled before hand-over", now)]
    if gone and state not in (OrderState.CANCELLED, OrderState.COMPLETED):
        result.stops += _ask_to_stop(connection, shop, row.id, order, now)
        return [_entry(order, row.id, "stop_asked", state, state, "cancelled in the cart")]
    if state is OrderState.CANCELLED and not gone:
        return _revive(connection, shop, row, order, now)
    if handed_on and changed and state is not OrderState.COMPLETED:
        words = "・".join(LATE_FIELDS.get(name, "支払方法") for name in changed)
        return _pin(connection, shop, row, order, f"引き渡し後にカートで変更されました: {words}", now)
    return []


def _revive(connection: Connection, shop: Shop, row: Row[Any], order: Order, now: datetime) -> list[Entry]:
    stopped = connection.scalar(select(exists().where(stop_requests.c.order_id == row.id)))
    if not stopped:
        return [_move(connection, row, OrderState.RECEIVED, "lives again in the cart", now)]
    note = "カートで復活しましたが、ネクストエンジンの伝票は取消済みです。"
    return _pin(connection, shop, row, order, note, now)


def _pin(
    connection: Connection, shop: Shop, row: Row[Any], order: Order, note: str, now: datetime
) -> list[Entry]:
    return holds.pin(
        connection,
        shop.key,
        now,
        item="order",
        item_id=row.id,
        number=order.number,
        reason=Reason.CHANGED_AFTER_HANDOVER,
        note=note,
        stage="ingest",
    )


def _ask_to_stop(connection: Connection, shop: Shop, order_id: int, order: Order, now: datetime) -> int:
    known = connection.scalar(select(stop_requests.c.id).where(stop_requests.c.order_id == order_id))
    if known is not None:
        return 0
    why = "deleted in the cart" if order.deleted else "cancelled in the cart"
    connection.execute(
        insert(stop_requests),
        [{"shop": shop.key, "order_id": order_id, "asked_at": now, "why": why}],
    )
    return 1


def _move(connection: Connection, row: Row[Any], to: OrderState, note: str, now: datetime) -> Entry:
    connection.execute(
        update(orders)
        .where(orders.c.id == row.id)
        .values(state=to, since=now, next_at=None, tries=0, waiting_for="")
    )
    return Entry(
        item="order",
        item_id=row.id,
        number=row.number,
        event="moved",
        from_state=row.state,
        to_state=to,
        stage="ingest",
        note=note,
    )


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
