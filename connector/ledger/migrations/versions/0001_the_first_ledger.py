"""The first ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from connector.ledger.columns import Instant
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FACTS = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "cursors",
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("shop", "name", name=op.f("pk_cursors")),
    )
    op.create_table(
        "effects",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("stage", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("facts", FACTS, nullable=False),
        sa.Column("exchange_id", ID, nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("look_at", Instant(), nullable=True),
        sa.Column("evidence", FACTS, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_effects")),
        sa.UniqueConstraint("key", name=op.f("uq_effects_key")),
    )
    op.create_index("ix_effects_shop_stage_state", "effects", ["shop", "stage", "state"], unique=False)
    op.create_table(
        "exchanges",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("system", sa.String(length=16), nullable=False),
        sa.Column("direction", sa.String(length=3), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("read_at", Instant(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchanges")),
        sa.UniqueConstraint(
            "shop", "system", "direction", "digest", name=op.f("uq_exchanges_shop_system_direction_digest")
        ),
    )
    op.create_index("ix_exchanges_shop_key", "exchanges", ["shop", "key"], unique=False)
    op.create_table(
        "history",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("item", sa.String(length=8), nullable=False),
        sa.Column("item_id", ID, nullable=True),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("event", sa.String(length=24), nullable=False),
        sa.Column("from_state", sa.String(length=20), nullable=False),
        sa.Column("to_state", sa.String(length=20), nullable=False),
        sa.Column("stage", sa.String(length=24), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("facts", FACTS, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history")),
    )
    op.create_index("ix_history_item", "history", ["item", "item_id"], unique=False)
    op.create_index("ix_history_shop_at", "history", ["shop", "at"], unique=False)
    op.create_index("ix_history_shop_id", "history", ["shop", "id"], unique=False)
    op.create_table(
        "holds",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("item", sa.String(length=6), nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("stage", sa.String(length=24), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("closed_by", sa.String(length=80), nullable=False),
        sa.Column("close_note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
    )
    op.create_index("ix_holds_shop_closed_at", "holds", ["shop", "closed_at"], unique=False)
    op.create_index(
        "uq_holds_open",
        "holds",
        ["item", "item_id", "reason"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "job_runs",
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("window", sa.String(length=40), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("counts", FACTS, nullable=False),
        sa.PrimaryKeyConstraint("shop", "kind", "window", name=op.f("pk_job_runs")),
    )
    op.create_table(
        "orders",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("cart_order_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("waiting_for", sa.Text(), nullable=False),
        sa.Column("next_at", Instant(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("redos", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("left_out", sa.String(length=40), nullable=False),
        sa.Column("origin", sa.String(length=12), nullable=False),
        sa.Column("subscription_id", sa.BigInteger(), nullable=True),
        sa.Column("subscription_round", sa.Integer(), nullable=True),
        sa.Column("placed_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("payable", sa.BigInteger(), nullable=False),
        sa.Column("payment_kind", sa.String(length=12), nullable=False),
        sa.Column("payment_state", sa.String(length=16), nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("exchange_id", ID, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("shop", "number", name=op.f("uq_orders_shop_number")),
    )
    op.create_index("ix_orders_shop_placed_at", "orders", ["shop", "placed_at"], unique=False)
    op.create_index("ix_orders_shop_state", "orders", ["shop", "state", "next_at"], unique=False)
    op.create_table(
        "pulses",
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("ok_at", Instant(), nullable=True),
        sa.Column("failed_at", Instant(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("shop", "what", name=op.f("pk_pulses")),
    )
    op.create_table(
        "reports",
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("shop", "day", name=op.f("pk_reports")),
    )
    op.create_table(
        "shipments",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("slip_number", sa.String(length=20), nullable=False),
        sa.Column("result_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("result", sa.String(length=12), nullable=False),
        sa.Column("shipped_on", sa.Date(), nullable=False),
        sa.Column("tracking", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("exchange_id", ID, nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipments")),
        sa.UniqueConstraint(
            "shop",
            "slip_number",
            "result_id",
            "version",
            name=op.f("uq_shipments_shop_slip_number_result_id_version"),
        ),
    )
    op.create_table(
        "slips",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("order_number", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("waiting_for", sa.Text(), nullable=False),
        sa.Column("next_at", Instant(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("redos", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("cancel_type", sa.String(length=4), nullable=False),
        sa.Column("merged_into", sa.String(length=20), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("lock", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slips")),
        sa.UniqueConstraint("shop", "number", name=op.f("uq_slips_shop_number")),
    )
    op.create_index("ix_slips_shop_merged_into", "slips", ["shop", "merged_into"], unique=False)
    op.create_index("ix_slips_shop_order_number", "slips", ["shop", "order_number"], unique=False)
    op.create_index("ix_slips_shop_state", "slips", ["shop", "state", "next_at"], unique=False)
    op.create_table(
        "strays",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("system", sa.String(length=16), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("exchange_id", ID, nullable=True),
        sa.Column("facts", FACTS, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("resolved_at", Instant(), nullable=True),
        sa.Column("resolved_by", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_strays")),
        sa.UniqueConstraint(
            "shop", "system", "place", "words", name=op.f("uq_strays_shop_system_place_words")
        ),
    )
    op.create_table(
        "tokens",
        sa.Column("account", sa.String(length=80), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=True),
        sa.Column("stored_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_tokens")),
    )
    op.create_table(
        "tracking_numbers",
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("slip_number", sa.String(length=20), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("shop", "number", "slip_number", name=op.f("pk_tracking_numbers")),
    )
    op.create_table(
        "attempts",
        sa.Column("id", ID, nullable=False),
        sa.Column("effect_id", ID, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("evidence", FACTS, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["effect_id"], ["effects.id"], name=op.f("fk_attempts_effect_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
        sa.UniqueConstraint("effect_id", "n", name=op.f("uq_attempts_effect_id_n")),
    )
    op.create_table(
        "effect_items",
        sa.Column("effect_id", ID, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["effect_id"], ["effects.id"], name=op.f("fk_effect_items_effect_id")),
        sa.PrimaryKeyConstraint("effect_id", "item_id", name=op.f("pk_effect_items")),
    )
    op.create_index("ix_effect_items_item_id", "effect_items", ["item_id"], unique=False)
    op.create_table(
        "order_slips",
        sa.Column("order_id", ID, nullable=False),
        sa.Column("slip_id", ID, nullable=False),
        sa.Column("how", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_slips_order_id")),
        sa.ForeignKeyConstraint(["slip_id"], ["slips.id"], name=op.f("fk_order_slips_slip_id")),
        sa.PrimaryKeyConstraint("order_id", "slip_id", name=op.f("pk_order_slips")),
    )
    op.create_index("ix_order_slips_slip_id", "order_slips", ["slip_id"], unique=False)
    op.create_table(
        "order_versions",
        sa.Column("order_id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("exchange_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_versions_order_id")),
        sa.PrimaryKeyConstraint("order_id", "version", name=op.f("pk_order_versions")),
    )
    op.create_table(
        "stop_requests",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("verdict_at", Instant(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_stop_requests_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stop_requests")),
        sa.UniqueConstraint("order_id", name=op.f("uq_stop_requests_order_id")),
    )


def downgrade() -> None:
    op.drop_table("stop_requests")
    op.drop_table("order_versions")
    op.drop_index("ix_order_slips_slip_id", table_name="order_slips")
    op.drop_table("order_slips")
    op.drop_index("ix_effect_items_item_id", table_name="effect_items")
    op.drop_table("effect_items")
    op.drop_table("attempts")
    op.drop_table("tracking_numbers")
    op.drop_table("tokens")
    op.drop_table("strays")
    op.drop_index("ix_slips_shop_state", table_name="slips")
    op.drop_index("ix_slips_shop_order_number", table_name="slips")
    op.drop_index("ix_slips_shop_merged_into", table_name="slips")
    op.drop_table("slips")
    op.drop_table("shipments")
    op.drop_table("reports")
    op.drop_table("pulses")
    op.drop_index("ix_orders_shop_state", table_name="orders")
    op.drop_index("ix_orders_shop_placed_at", table_name="orders")
    op.drop_table("orders")
    op.drop_table("job_runs")
    op.drop_index(
        "uq_holds_open",
        table_name="holds",
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.drop_index("ix_holds_shop_closed_at", table_name="holds")
    op.drop_table("holds")
    op.drop_index("ix_history_shop_id", table_name="history")
    op.drop_index("ix_history_shop_at", table_name="history")
    op.drop_index("ix_history_item", table_name="history")
    op.drop_table("history")
    op.drop_index("ix_exchanges_shop_key", table_name="exchanges")
    op.drop_table("exchanges")
    op.drop_index("ix_effects_shop_stage_state", table_name="effects")
    op.drop_table("effects")
    op.drop_table("cursors")
