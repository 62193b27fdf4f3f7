"""Schema of the cart's side (定期・決済NG・変更): what is remembered beside the line an order walks.

One paragraph each on why a table exists, as in `schema.py`, whose metadata these share.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from connector.ledger.schema import Id, Instant, metadata


def _id() -> Column[int]:
    return Column("id", Id, primary_key=True)


def _shop() -> Column[str]:
    return Column("shop", String(40), nullable=False)


# Subscriptions (定期受注) as the cart last showed them; what we search by stands in real columns.
subscriptions = Table(
    "subscriptions",
    metadata,
    _id(),
    _shop(),
    Column("subscription_id", BigInteger, nullable=False),
    Column("number", String(40), nullable=False),
    Column("state", String(12), nullable=False),
    Column("next_ship_on", Date),
    Column("next_deliver_on", Date),
    Column("times", Integer, nullable=False),
    Column("orders_count", Integer, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("digest", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("exchange_id", Id),
    UniqueConstraint("shop", "subscription_id"),
    Index("ix_subscriptions_shop_state", "shop", "state"),
    Index("ix_subscriptions_shop_number", "shop", "number"),
)

# Every content a subscription ever had here (F07: its history is kept).
subscription_versions = Table(
    "subscription_versions",
    metadata,
    Column("subscription_id", Id, ForeignKey("subscriptions.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("exchange_id", Id),
)

# Renewals that must appear (定期の作成予定): an expectation, written before its day and never forgotten. It ends as
# met, withdrawn by a change that came in time, or stays open; an open one past its deadline is a missing renewal (B01).
renewals = Table(
    "renewals",
    metadata,
    _id(),
    _shop(),
    Column("subscription_id", Id, ForeignKey("subscriptions.id"), nullable=False),
    Column("orders_before", Integer, nullable=False),  # orders_count when it was foreseen
    Column("create_on", Date, nullable=False),
    Column("ship_on", Date, nullable=False),
    Column("deliver_on", Date, nullable=False),
    Column("yen", BigInteger, nullable=False, default=0),
    Column("verdict", String(12), nullable=False, default="open"),
    Column("verdict_at", Instant),
    Column("order_number", String(40), nullable=False, default=""),
    Column("words", Text, nullable=False, default=""),
    Column("foreseen_at", Instant, nullable=False),
    Index("ix_renewals_shop_verdict", "shop", "verdict", "create_on"),
    Index("ix_renewals_subscription_id", "subscription_id", "verdict"),
)

# Refused payments as cases (決済NGの案件): from the first failure until it healed, was replaced or given up (B10).
payment_cases = Table(
    "payment_cases",
    metadata,
    _id(),
    _shop(),
    Column("order_id", Id, ForeignKey("orders.id"), nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("failures", Integer, nullable=False, default=1),
    Column("state", String(12), nullable=False, default="open"),
    Column("closed_at", Instant),
    Column("words", Text, nullable=False, default=""),
    Column("replaced_by", String(40), nullable=False, default=""),
    Index("ix_payment_cases_order_id", "order_id"),
    Index("ix_payment_cases_shop_state", "shop", "state"),
)

# What happened in a case, in order: refused, tried again, method changed, card changed, healed, …
payment_steps = Table(
    "payment_steps",
    metadata,
    _id(),
    Column("case_id", Id, ForeignKey("payment_cases.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("what", String(24), nullable=False),
    Column("method", Text, nullable=False, default=""),
    Column("words", Text, nullable=False, default=""),
    Index("ix_payment_steps_case_id", "case_id"),
)

# An order that stands in for another one (出し直し): cancelled and ordered again, old -> new.
order_links = Table(
    "order_links",
    metadata,
    Column("old_id", Id, ForeignKey("orders.id"), primary_key=True),
    Column("new_id", Id, ForeignKey("orders.id"), primary_key=True),
    Column("why", String(24), nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_order_links_new_id", "new_id"),
)

# Changes after the hand-over (引き渡し後の変更) as work items: travels by itself, by hand, or too late (B09).
changes = Table(
    "changes",
    metadata,
    _id(),
    _shop(),
    Column("order_id", Id, ForeignKey("orders.id"), nullable=False),
    Column("version", Integer, nullable=False),  # the order's version that brought it
    Column("field", String(20), nullable=False),
    Column("place", String(20), nullable=False),  # where the order stood, with its slips
    Column("kind", String(12), nullable=False),  # by_itself, by_hand, too_late
    Column("before", Text, nullable=False, default=""),
    Column("after", Text, nullable=False, default=""),
    Column("at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("closed_by", String(80), nullable=False, default=""),
    Column("close_note", Text, nullable=False, default=""),
    Index("ix_changes_order_id", "order_id"),
    Index("ix_changes_shop_closed_at", "shop", "closed_at"),
)

__all__ = [
    "changes",
    "order_links",
    "payment_cases",
    "payment_steps",
    "renewals",
    "subscription_versions",
    "subscriptions",
]
