"""Unreadable (読めない受注): what of the cart could not be read, one open stray for each, until it is read well.

A stray closes by a fact only: the same order (or 定期受注) was read well later. Closed that way it opens again when
the cart breaks it again; one that a person closed stays closed for the same words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from connector.clock import jst
from connector.ledger import shipments
from connector.ledger.history import Entry, append
from connector.ledger.schema import strays
from connector.ledger.storable import plain
from connector.order import Order
from connector.outcome import Stray
from connector.subscription import Subscription

CONNECTOR = "connector"
CART = ("cart", "ecforce")  # an order without a usable number, and one that breaks the contract
ORDER, SUBSCRIPTION = "受注", "定期受注"


def set_aside(connection: Connection, shop: str, found: Iterable[Stray], now: datetime) -> None:
    """Keep what cannot be read: one line for each order, wherever in a page it stood."""
    for stray in found:
        id_ = stray.facts.get("cart_order_id", "")
        noun = stray.facts.get("noun", ORDER)
        before = [row for row in _open(connection, shop, noun) if row.facts.get("cart_order_id") == id_ != ""]
        words = plain(stray.words)[: shipments.WORDS]
        if any(row.words == words for row in before):
            continue
        if not shipments.set_aside(connection, shop, stray, now):
            _reopen(connection, shop, stray, now)
        for row in before:
            _close(connection, shop, row, f"いまは別のところで読み取れません: {words}", now)


def orders_read(connection: Connection, shop: str, page: Iterable[Order], now: datetime) -> None:
    """These orders were read well: their strays are over."""
    said = {str(one.cart_order_id): _fact(ORDER, one.number, one.updated_at) for one in page}
    _read_well(connection, shop, ORDER, said, now)


def subscriptions_read(
    connection: Connection, shop: str, page: Iterable[Subscription], now: datetime
) -> None:
    """The same for 定期受注."""
    said = {str(one.subscription_id): _fact(SUBSCRIPTION, one.number, one.updated_at) for one in page}
    _read_well(connection, shop, SUBSCRIPTION, said, now)


def open_orders(connection: Connection, shop: str) -> list[Row[Any]]:
    """Strays of orders that nobody could read yet."""
    return _open(connection, shop, ORDER)


def _open(connection: Connection, shop: str, noun: str) -> list[Row[Any]]:
    query = select(strays).where(
        strays.c.shop == shop, strays.c.system.in_(CART), strays.c.resolved_at.is_(None)
    )
    found = connection.execute(query.order_by(strays.c.id))
    return [row for row in found if row.facts.get("noun", ORDER) == noun]


def _fact(noun: str, number: str, updated_at: datetime) -> str:
    return f"{noun} {number}（更新日 {jst(updated_at):%Y-%m-%d %H:%M:%S}）を読み取れました。"


def _read_well(connection: Connection, shop: str, noun: str, said: Mapping[str, str], now: datetime) -> None:
    for row in _open(connection, shop, noun):
        fact = said.get(row.facts.get("cart_order_id", ""))
        if fact is not None:
            _close(connection, shop, row, fact, now)


def _close(connection: Connection, shop: str, row: Row[Any], fact: str, now: datetime) -> None:
    connection.execute(
        update(strays).where(strays.c.id == row.id).values(resolved_at=now, resolved_by=CONNECTOR)
    )
    entry = Entry(item="stray", item_id=row.id, number="", event="resolved", actor=CONNECTOR, note=fact)
    append(connection, shop, now, [entry])


def _reopen(connection: Connection, shop: str, stray: Stray, now: datetime) -> None:
    """The very words were set aside before; what we closed ourselves is open again."""
    again = (
        strays.c.shop == shop,
        strays.c.system == stray.system,
        strays.c.place == plain(stray.where)[: shipments.PLACE],
        strays.c.words == plain(stray.words)[: shipments.WORDS],
        strays.c.resolved_by == CONNECTOR,
    )
    row = connection.execute(select(strays).where(*again)).first()
    if row is None:
        return
    fresh = {"resolved_at": None, "resolved_by": "", "at": now, "exchange_id": stray.exchange_id}
    connection.execute(update(strays).where(strays.c.id == row.id).values(fresh))
    entry = Entry(
        item="stray", item_id=row.id, number="", event="set_aside", note=f"{row.place}: {row.words}"
    )
    append(connection, shop, now, [entry])
