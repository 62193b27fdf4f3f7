"""Budget (API利用量): the month's calls to Next Engine near the end of the contract, and beyond it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from connector.ledger.views.next_engine import NEAR, next_engine_budget
from connector.outcome import Facts
from connector.shop import Shop

NEAR_KIND, OVER_KIND = "budget_near", "budget_over"


def near(connection: Connection, shop: Shop, now: datetime) -> Facts | None:
    """Ends when the month is over, or with the alarm that says more."""
    return None if over(connection, shop, now) else _from(NEAR, connection, shop, now)


def over(connection: Connection, shop: Shop, now: datetime) -> Facts | None:
    return _from(100, connection, shop, now)


def _from(percent: int, connection: Connection, shop: Shop, now: datetime) -> Facts | None:
    found = next_engine_budget(connection, shop, now)
    return found.facts if shop.ne_account and found.percent >= percent else None
