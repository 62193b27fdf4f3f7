"""Schema of the cart's side (定期・決済NG・変更): what is remembered beside the line an order walks.

One paragraph each on why a table exists, as in `schema.py`, whose metadata these share.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from connector.ledger.columns import Id, Instant, id_column, metadata, shop_column

# Subscriptions (定期受注) as the cart last showed them; what we search by stands in real columns.
subscriptions = Table(
    "subscriptions",
    metadata,
    id_column(),
    shop_column(),
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
# met, withdrawn by a change that came in time, or lost; open past its deadline it is a missing renewal (B01).
renewals = Table(
    "renewals",
    metadata,
    id_column(),
    shop_column(),
    Column("subscription_id", Id, ForeignKey("subscriptions.id"), nullable=False),
    Column("orders_before", Integer, nullable=False),  # orders_count when it was foreseen
    Column("create_on", Date, nullable=False),  # by the shop's rules
    Column("due_on", Date, nullable=False),  # the run that will create it: none before the last change
    Column("ship_on", Date, nullable=False),
    Column("deliver_on", Date, nullable=False),
    Column("after_on", Date),  # when the round after it is created
    Column("trap_on", Date),  # the ship day of the first coming round that is created too late for it
    Column("yen", BigInteger, nullable=False, default=0),
    Column("rules", String(12), nullable=False, default=""),  # mark of the rules it was foreseen by
    Column("verdict", String(12), nullable=False, default="open"),
    Column("verdict_at", Instant),
    Column("order_number", String(40), nullable=False, default=""),
    Column("words", Text, nullable=False, default=""),  # why it ended: a key of words.RENEWAL_ENDS
    Column("foreseen_at", Instant, nullable=False),
    Index("ix_renewals_shop_verdict", "shop", "verdict", "due_on"),
    Index("ix_renewals_shop_trap_on", "shop", "trap_on"),
    Index("ix_renewals_shop_rules", "shop", "verdict", "rules"),
    Index("ix_renewals_subscription_id", "subscription_id", "verdict"),
)

# Which order is which round of which subscription (定期の各回), one row per order of the cart, parcels together. Beside
# `orders`, because every new renewal is compared with its neighbours and what it is compared by lies in their bodies.
rounds = Table(
    "rounds",
    metadata,
    shop_column(),
    Column("cart_order_id", BigInteger, nullable=False),
    Column("number", String(40), nullable=False),
    Column("subscription_id", BigInteger, nullable=False),  # the cart's: an order may come before its parent
    Column("subscription_number", String(40), nullable=False, default=""),
    Column("nth", Integer),
    Column("round", Integer, nullable=False),
    Column("placed_at", Instant, nullable=False),
    Column("placed_on", Date, nullable=False),
    Column("ship_on", Date),
    Column("deliver_on", Date),
    Column("yen", BigInteger, nullable=False, default=0),
    Column("generated", Boolean, nullable=False, default=False),
    Column("living", Boolean, nullable=False, default=True),
    PrimaryKeyConstraint("shop", "cart_order_id"),
    Index("ix_rounds_shop_subscription_id", "shop", "subscription_id"),
    Index("ix_rounds_shop_placed_on", "shop", "placed_on"),
)

# Renewals that came wrong (作成日の異常): early, late or doubled. Closed by facts: one of two is cancelled, the right
# day has come. A late one is closed as it is noted: it only tells what happened.
odd_renewals = Table(
    "odd_renewals",
    metadata,
    id_column(),
    shop_column(),
    Column("kind", String(12), nullable=False),
    Column("cart_order_id", BigInteger, nullable=False),
    Column("other_order_id", BigInteger),  # the order that a doubled one stands beside
    Column("right_on", Date, nullable=False),  # the day it should have been created on
    Column("rules", String(12), nullable=False),
    Column("at", Instant, nullable=False),
    Column("closed_at", Instant),
    Index("ix_odd_renewals_shop_at", "shop", "at"),
    Index("ix_odd_renewals_shop_closed_at", "shop", "closed_at"),
    Index("ix_odd_renewals_cart_order_id", "cart_order_id"),
)

# Refused payments as cases (決済NGの案件): from the first failure until it healed, was cancelled or replaced (B10). One
# per order: it closes by a fact only, `version` is the order's version that was it, and opens again if that vanishes.
payment_cases = Table(
    "payment_cases",
    metadata,
    id_column(),
    shop_column(),
    Column("order_id", Id, ForeignKey("orders.id"), nullable=False, unique=True),
    Column("opened_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),  # of its newest step
    Column("failures", Integer, nullable=False, default=1),
    Column("state", String(12), nullable=False, default="open"),  # open, healed, cancelled, replaced
    Column("closed_at", Instant),
    Column("version", Integer, nullable=False, default=1),
    Column("words", Text, nullable=False, default=""),
    Column("replaced_by", String(40), nullable=False, default=""),
    Index("ix_payment_cases_shop_state", "shop", "state"),
)

# What happened in a case, in order: refused, tried again, method changed, card changed, healed, …
payment_steps = Table(
    "payment_steps",
    metadata,
    id_column(),
    Column("case_id", Id, ForeignKey("payment_cases.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("version", Integer, nullable=False),  # the order's version that showed it
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
    id_column(),
    shop_column(),
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
    "odd_renewals",
    "order_links",
    "payment_cases",
    "payment_steps",
    "renewals",
    "rounds",
    "subscription_versions",
    "subscriptions",
]
