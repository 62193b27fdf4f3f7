"""Open changes (未処理の変更): the SQL that others ask by: which orders' slips a person's hand still has to reach."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, exists

from connector.lateness import QUIET, Kind
from connector.ledger.schema_cart import changes


def open_by_hand() -> ColumnElement[bool]:
    """A row that a person, or a fact in Next Engine, has to end."""
    return and_(changes.c.kind == Kind.BY_HAND, changes.c.closed_at.is_(None))


def waits_for_a_hand(order_id: Any) -> ColumnElement[bool]:
    """SQL: something of this order would ship with an old content."""
    return exists().where(
        changes.c.order_id == order_id, open_by_hand(), changes.c.field.not_in(sorted(QUIET))
    )
