"""Receive (受注の取込): store what the cart showed, page by page, and say what is new about it.

Safe to repeat: the same content changes nothing, changed content is a new version, and an order is found
again by shop and number. The cursor moves after the pages it stands for are committed: it never passes an order (I6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from connector.journey import OrderState, SlipState, at_least
from connector.ledger import cases, changes, codec, holds, stops, under_way
from connector.ledger.history import Entry, append
from connector.ledger.left_out import rule_of
from connector.ledger.schema import order_slips, order_versions, orders, slips
from connector.ledger.storable import plain
from connector.order import Order, content_digest, late_changes
from connector.outcome import Reason, Stray
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
            strays.append(Stray("cart", where, f"受注番号として使えません: {order.number!r:.80}"))
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
    append(connection, shop.key, now, entries)
    return result


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
    for order in fresh:
        if order.number in walking:
            entries += cases.seen(connection, shop.key, ids[order.number], None, order, now)
    return entries


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
    entries += _consequences(connection, shop, row, old, order, changed, now, result)
    return entries if row.left_out else entries + cases.seen(connection, shop.key, row.id, old, order, now)


def _consequences(
    connection: Connection,
    shop: Shop,
    row: Row[Any],
    old: Order,
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
    handed_on = _handed_on(connection, row)
    if gone and not handed_on and state is not OrderState.CANCELLED:
        return _leave(connection, row, now)
    if gone and state not in (OrderState.CANCELLED, OrderState.COMPLETED):
        why = "deleted in the cart" if order.deleted else "cancelled in the cart"
        if not stops.ask(connection, shop.key, row.id, why, now):
            return []
        result.stops += 1
        return [_entry(order, row.id, "stop_asked", state, state, why)]
    if state is OrderState.CANCELLED and not gone:
        return _revive(connection, shop, row, order, now)
    if not handed_on or state is OrderState.COMPLETED:
        return []
    entries = _withdraw(connection, row, order, now)
    return entries + changes.seen(connection, shop.key, row, old, order, changed, now)


def _handed_on(connection: Connection, row: Row[Any]) -> bool:
    """Next Engine knows of it, or may know: by us, or by whoever else announces this shop's orders."""
    if at_least(OrderState(row.state), OrderState.NOTIFIED) or under_way.any_for(
        connection, "notify", row.id
    ):
        return True
    live = (
        select(slips.c.id)
        .join(order_slips, order_slips.c.slip_id == slips.c.id)
        .where(order_slips.c.order_id == row.id, slips.c.state != SlipState.CANCELLED)
    )
    return connection.scalar(live.limit(1)) is not None


def _leave(connection: Connection, row: Row[Any], now: datetime) -> list[Entry]:
    why = "cancelled before hand-over"
    freed = holds.take_off(
        connection,
        now,
        item="order",
        item_id=row.id,
        number=row.number,
        by="connector",
        why=why,
        stage="ingest",
    )
    return [*freed, _move(connection, row, OrderState.CANCELLED, why, now)]


def _withdraw(connection: Connection, row: Row[Any], order: Order, now: datetime) -> list[Entry]:
    """The cart took its cancel back while the stop was still under way."""
    why = "the cart took its cancel back"
    if order.cancelled or order.deleted or not stops.end(connection, row.id, stops.WITHDRAWN, why, now):
        return []
    return [_entry(order, row.id, "stop_withdrawn", row.state, row.state, why)]


def _revive(connection: Connection, shop: Shop, row: Row[Any], order: Order, now: datetime) -> list[Entry]:
    if not stops.asked(connection, row.id):
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
