"""Subscriptions (定期受注の台帳): store what the cart showed, page by page; changed content is a new version.

Safe to repeat: equal content changes nothing but the time it was seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from connector.ledger import codec
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
    known = _known(connection, shop, [one.subscription_id for one in page])
    return any(
        one.subscription_id not in known or known[one.subscription_id].digest != subscription_digest(one)
        for one in page
    )


def follow(
    connection: Connection, shop: Shop, page: Sequence[Subscription], exchange_id: int | None, now: datetime
) -> Followed:
    """Store one page. Where a page shows a subscription twice, the later one counts."""
    shown = {one.subscription_id: one for one in page}
    known = _known(connection, shop.key, list(shown))
    result = Followed(seen=len(page))
    fresh = [one for id_, one in shown.items() if id_ not in known]
    changed = [
        (known[id_], one)
        for id_, one in shown.items()
        if id_ in known and known[id_].digest != subscription_digest(one)
    ]
    if fresh:
        rows = [_content(one, 1, exchange_id, now) | {"shop": shop.key} for one in fresh]
        connection.execute(insert(subscriptions), rows)
    for row, one in changed:
        content = _content(one, row.version + 1, exchange_id, now)
        connection.execute(update(subscriptions).where(subscriptions.c.id == row.id), content)
    touched = fresh + [one for _, one in changed]
    now_known = _known(connection, shop.key, [one.subscription_id for one in touched])
    versions = [
        {
            "subscription_id": row.id,
            "version": row.version,
            "digest": row.digest,
            "body": row.body,
            "seen_at": now,
            "exchange_id": exchange_id,
        }
        for row in now_known.values()
    ]
    if versions:
        connection.execute(insert(subscription_versions), versions)
    result.new, result.changed = len(fresh), len(changed)
    return result


def _known(connection: Connection, shop: str, ids: Sequence[int]) -> dict[int, Row[Any]]:
    found: dict[int, Row[Any]] = {}
    for part in pieces(ids):
        query = select(subscriptions).where(
            subscriptions.c.shop == shop, subscriptions.c.subscription_id.in_(part)
        )
        found |= {row.subscription_id: row for row in connection.execute(query)}
    return found


def _content(one: Subscription, version: int, exchange_id: int | None, now: datetime) -> dict[str, Any]:
    return {
        "subscription_id": one.subscription_id,
        "number": one.number,
        "state": str(one.state),
        "next_ship_on": one.next_ship_on,
        "next_deliver_on": one.next_deliver_on,
        "times": one.times,
        "orders_count": one.orders_count,
        "version": version,
        "digest": subscription_digest(one),
        "body": codec.encode(one),
        "changed_at": one.updated_at,
        "seen_at": now,
        "exchange_id": exchange_id,
    }
