"""Subscriptions (定期受注の台帳): store what the cart showed, page by page; changed content is a new version.

Safe to repeat: equal content changes nothing. What a change means for the renewals is written with it, in one piece.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from connector.ledger import codec, renewals, rounds
from connector.ledger.database import pieces
from connector.ledger.schema_cart import subscription_versions, subscriptions
from connector.shop import Shop
from connector.subscription import Subscription, subscription_digest


@dataclass(slots=True)
class Followed:
    """What one page brought."""

    seen: int = 0
    new: int = 0
    changed: int = 0
    strays: int = 0


def brings_news(connection: Connection, shop: str, page: Sequence[Subscription]) -> bool:
    """Whether a page shows anything we do not have word for word."""
    known: dict[int, str] = {}
    for part in pieces(one.subscription_id for one in page):
        here = (subscriptions.c.shop == shop, subscriptions.c.subscription_id.in_(part))
        query = select(subscriptions.c.subscription_id, subscriptions.c.digest).where(*here)
        known |= {row.subscription_id: row.digest for row in connection.execute(query)}
    return any(known.get(one.subscription_id) != subscription_digest(one) for one in page)


def follow(
    connection: Connection, shop: Shop, page: Sequence[Subscription], exchange_id: int | None, now: datetime
) -> Followed:
    """Store one page. Where a page shows a subscription twice, the later one counts."""
    shown = {one.subscription_id: one for one in page}
    known = _known(connection, shop.key, list(shown))
    result = Followed(seen=len(page))
    digests = {id_: subscription_digest(one) for id_, one in shown.items()}
    news = {
        id_: _content(one, digests[id_], known[id_].version + 1 if id_ in known else 1, exchange_id, now)
        for id_, one in shown.items()
        if id_ not in known or known[id_].digest != digests[id_]
    }
    beyond = rounds.beyond(connection, shop.key, news)  # as the old pictures count
    _store(connection, shop.key, news, known)
    ids = _ids(connection, shop.key, news)
    keep = [
        {key: row[key] for key in ("version", "digest", "body", "seen_at", "exchange_id")}
        | {"subscription_id": ids[id_]}
        for id_, row in news.items()
    ]
    if keep:
        connection.execute(insert(subscription_versions), keep)
    renewals.foresee(
        connection,
        shop,
        [
            renewals.Shown(
                ids[id_],
                codec.subscription(known[id_].body) if id_ in known else None,
                shown[id_],
                beyond.get(id_, ()),
            )
            for id_ in news
        ],
        now,
    )
    result.new = sum(id_ not in known for id_ in news)
    result.changed = len(news) - result.new
    return result


def _store(
    connection: Connection, shop: str, news: dict[int, dict[str, Any]], known: dict[int, Row[Any]]
) -> None:
    fresh = [row | {"shop": shop} for id_, row in news.items() if id_ not in known]
    if fresh:
        connection.execute(insert(subscriptions), fresh)
    changed = [row | {"id_": known[id_].id} for id_, row in news.items() if id_ in known]
    if changed:
        connection.execute(update(subscriptions).where(subscriptions.c.id == bindparam("id_")), changed)


def _ids(connection: Connection, shop: str, ids: Iterable[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for part in pieces(ids):
        query = select(subscriptions.c.subscription_id, subscriptions.c.id).where(
            subscriptions.c.shop == shop, subscriptions.c.subscription_id.in_(part)
        )
        found |= {row.subscription_id: row.id for row in connection.execute(query)}
    return found


def _known(connection: Connection, shop: str, ids: Sequence[int]) -> dict[int, Row[Any]]:
    found: dict[int, Row[Any]] = {}
    for part in pieces(ids):
        query = select(subscriptions).where(
            subscriptions.c.shop == shop, subscriptions.c.subscription_id.in_(part)
        )
        found |= {row.subscription_id: row for row in connection.execute(query)}
    return found


def _content(
    one: Subscription, digest: str, version: int, exchange_id: int | None, now: datetime
) -> dict[str, Any]:
    return {
        "subscription_id": one.subscription_id,
        "number": one.number,
        "state": str(one.state),
        "next_ship_on": one.next_ship_on,
        "next_deliver_on": one.next_deliver_on,
        "times": one.times,
        "orders_count": one.orders_count,
        "version": version,
        "digest": digest,
        "body": codec.encode(one),
        "changed_at": one.updated_at,
        "seen_at": now,
        "exchange_id": exchange_id,
    }
