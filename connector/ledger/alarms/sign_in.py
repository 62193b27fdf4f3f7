"""Sign-in (再サインイン): Next Engine wants a person; everything that does not need it goes on (F-NE-7)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from connector.ledger.views.next_engine import next_engine_accounts
from connector.outcome import Facts
from connector.shop import Shop

KIND = "sign_in"


def watch(connection: Connection, shop: Shop, now: datetime) -> Facts | None:
    found = next_engine_accounts(connection, [shop], now)
    if not found or not found[0].needs_sign_in:
        return None
    since = found[0].since
    return {
        "account": found[0].account,
        "state": found[0].state,
        "since": since.isoformat() if since else "",
    }
