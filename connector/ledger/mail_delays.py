"""Mail delays (メールの遅延): which notification mails a mail server still tries to deliver, by its own word.

Whoever sends again meanwhile only makes two mails wait in the same queue.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, and_, select

from connector.ledger.database import pieces
from connector.ledger.schema import attempts, effect_items, effects
from connector.ledger.schema_hub import incoming_mails
from connector.outcome import EffectState

DELAYED, DELIVERED = "delayed", "delivered"


def delays_of(connection: Connection, order_ids: Iterable[int]) -> dict[int, datetime]:
    """Since when a mail server says that it goes on trying to deliver the newest mail of these orders."""
    found: dict[int, tuple[str, datetime]] = {}
    for part in pieces(order_ids):
        query = (
            select(effect_items.c.item_id, incoming_mails.c.verdict, incoming_mails.c.seen_at)
            .join(effects, effects.c.id == effect_items.c.effect_id)
            .join(incoming_mails, incoming_mails.c.effect_id == effects.c.id)
            .join(attempts, and_(attempts.c.effect_id == effects.c.id, attempts.c.n == effects.c.attempts))
            .where(effect_items.c.item_id.in_(part), effects.c.stage == "notify")
            .where(incoming_mails.c.verdict.in_([DELAYED, DELIVERED]))
            .where(incoming_mails.c.seen_at >= attempts.c.started_at, effects.c.state == EffectState.DONE)
            .order_by(incoming_mails.c.id)
        )
        for item_id, verdict, seen_at in connection.execute(query):
            found[item_id] = (verdict, seen_at)
    return {item_id: at for item_id, (verdict, at) in found.items() if verdict == DELAYED}
