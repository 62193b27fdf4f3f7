"""The cart in full: subscriptions, foreseen renewals, payment cases, replaced orders, late changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from connector.ledger.columns import Instant

revision = "0002"
down_revision = "0001"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("subscription_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("next_ship_on", sa.Date(), nullable=True),
        sa.Column("next_deliver_on", sa.Date(), nullable=True),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("orders_count", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("exchange_id", ID, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint("shop", "subscription_id", name=op.f("uq_subscriptions_shop_subscription_id")),
    )
    op.create_index("ix_subscriptions_shop_number", "subscriptions", ["shop", "number"], unique=False)
    op.create_index("ix_subscriptions_shop_state", "subscriptions", ["shop", "state"], unique=False)
    op.create_table(
        "changes",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=20), nullable=False),
        sa.Column("place", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("closed_by", sa.String(length=80), nullable=False),
        sa.Column("close_note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_changes_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
    )
    op.create_index("ix_changes_order_id", "changes", ["order_id"], unique=False)
    op.create_index("ix_changes_shop_closed_at", "changes", ["shop", "closed_at"], unique=False)
    op.create_table(
        "order_links",
        sa.Column("old_id", ID, nullable=False),
        sa.Column("new_id", ID, nullable=False),
        sa.Column("why", sa.String(length=24), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["new_id"], ["orders.id"], name=op.f("fk_order_links_new_id")),
        sa.ForeignKeyConstraint(["old_id"], ["orders.id"], name=op.f("fk_order_links_old_id")),
        sa.PrimaryKeyConstraint("old_id", "new_id", name=op.f("pk_order_links")),
    )
    op.create_index("ix_order_links_new_id", "order_links", ["new_id"], unique=False)
    op.create_table(
        "payment_cases",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("replaced_by", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_payment_cases_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_cases")),
        sa.UniqueConstraint("order_id", name=op.f("uq_payment_cases_order_id")),
    )
    op.create_index("ix_payment_cases_shop_state", "payment_cases", ["shop", "state"], unique=False)
    op.create_table(
        "renewals",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("subscription_id", ID, nullable=False),
        sa.Column("orders_before", sa.Integer(), nullable=False),
        sa.Column("create_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("ship_on", sa.Date(), nullable=False),
        sa.Column("deliver_on", sa.Date(), nullable=False),
        sa.Column("after_on", sa.Date(), nullable=True),
        sa.Column("trap_on", sa.Date(), nullable=True),
        sa.Column("yen", sa.BigInteger(), nullable=False),
        sa.Column("rules", sa.String(length=12), nullable=False),
        sa.Column("verdict", sa.String(length=12), nullable=False),
        sa.Column("verdict_at", Instant(), nullable=True),
        sa.Column("order_number", sa.String(length=40), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("foreseen_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.id"], name=op.f("fk_renewals_subscription_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_renewals")),
    )
    op.create_index("ix_renewals_shop_rules", "renewals", ["shop", "verdict", "rules"], unique=False)
    op.create_index("ix_renewals_shop_trap_on", "renewals", ["shop", "trap_on"], unique=False)
    op.create_index("ix_renewals_shop_verdict", "renewals", ["shop", "verdict", "due_on"], unique=False)
    op.create_index("ix_renewals_subscription_id", "renewals", ["subscription_id", "verdict"], unique=False)
    op.create_table(
        "rounds",
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("cart_order_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("subscription_id", sa.BigInteger(), nullable=False),
        sa.Column("subscription_number", sa.String(length=40), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("placed_at", Instant(), nullable=False),
        sa.Column("placed_on", sa.Date(), nullable=False),
        sa.Column("ship_on", sa.Date(), nullable=True),
        sa.Column("deliver_on", sa.Date(), nullable=True),
        sa.Column("yen", sa.BigInteger(), nullable=False),
        sa.Column("generated", sa.Boolean(), nullable=False),
        sa.Column("living", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("shop", "cart_order_id", name=op.f("pk_rounds")),
    )
    op.create_index("ix_rounds_shop_placed_on", "rounds", ["shop", "placed_on"], unique=False)
    op.create_index("ix_rounds_shop_subscription_id", "rounds", ["shop", "subscription_id"], unique=False)
    op.create_table(
        "odd_renewals",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("cart_order_id", sa.BigInteger(), nullable=False),
        sa.Column("other_order_id", sa.BigInteger(), nullable=True),
        sa.Column("right_on", sa.Date(), nullable=False),
        sa.Column("rules", sa.String(length=12), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_odd_renewals")),
    )
    op.create_index("ix_odd_renewals_cart_order_id", "odd_renewals", ["cart_order_id"], unique=False)
    op.create_index("ix_odd_renewals_shop_at", "odd_renewals", ["shop", "at"], unique=False)
    op.create_index("ix_odd_renewals_shop_closed_at", "odd_renewals", ["shop", "closed_at"], unique=False)
    op.create_table(
        "subscription_versions",
        sa.Column("subscription_id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("exchange_id", ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.id"], name=op.f("fk_subscription_versions_subscription_id")
        ),
        sa.PrimaryKeyConstraint("subscription_id", "version", name=op.f("pk_subscription_versions")),
    )
    op.create_table(
        "payment_steps",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(length=24), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["payment_cases.id"], name=op.f("fk_payment_steps_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_steps")),
    )
    op.create_index("ix_payment_steps_case_id", "payment_steps", ["case_id"], unique=False)
    op.add_column("orders", sa.Column("customer_id", sa.BigInteger(), nullable=True))
    op.create_index("ix_orders_shop_customer_id", "orders", ["shop", "customer_id"], unique=False)
    op.create_index("ix_orders_shop_changed_at", "orders", ["shop", "changed_at"], unique=False)
    op.create_index("ix_orders_shop_cart_order_id", "orders", ["shop", "cart_order_id"], unique=False)
    op.create_index(
        "ix_orders_shop_subscription_id",
        "orders",
        ["shop", "subscription_id", "subscription_round"],
        unique=False,
    )
