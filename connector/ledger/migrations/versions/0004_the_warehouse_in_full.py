"""The warehouse in full: what was sent, who answered a stop, stock, returns, passes that wait for a click."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from connector.ledger.columns import Facts, Instant

revision = "0004"
down_revision = "0003"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("stop_requests", sa.Column("asked_by", sa.String(length=80), nullable=True))
    op.create_table(
        "sendings",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("slip_id", ID, nullable=False),
        sa.Column("slip_number", sa.String(length=20), nullable=False),
        sa.Column("order_number", sa.String(length=64), nullable=False),
        sa.Column("likeness", sa.String(length=32), nullable=False),
        sa.Column("body", Facts, nullable=False),
        sa.Column("sent_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["slip_id"], ["slips.id"], name=op.f("fk_sendings_slip_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sendings")),
        sa.UniqueConstraint("shop", "slip_id", name=op.f("uq_sendings_shop_slip_id")),
    )
    op.create_index("ix_sendings_shop_order_number", "sendings", ["shop", "order_number"], unique=False)
    op.create_index("ix_sendings_shop_likeness", "sendings", ["shop", "likeness", "sent_at"], unique=False)
    op.create_table(
        "stop_answers",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("party", sa.String(length=12), nullable=False),
        sa.Column("slip_number", sa.String(length=20), nullable=False),
        sa.Column("answer", sa.String(length=12), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("proof", sa.String(length=200), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_stop_answers_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stop_answers")),
    )
    op.create_index("ix_stop_answers_order_id", "stop_answers", ["order_id"], unique=False)
    op.create_table(
        "stock_levels",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("warehouse", sa.String(length=20), nullable=False),
        sa.Column("sku", sa.String(length=64), nullable=False),
        sa.Column("lot", sa.String(length=64), nullable=False),
        sa.Column("good", sa.Integer(), nullable=False),
        sa.Column("bad", sa.Integer(), nullable=False),
        sa.Column("allocated", sa.Integer(), nullable=False),
        sa.Column("told_at", Instant(), nullable=False),
        sa.Column("exchange_id", ID, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_levels")),
        sa.UniqueConstraint(
            "shop", "warehouse", "sku", "lot", name=op.f("uq_stock_levels_shop_warehouse_sku_lot")
        ),
    )
    op.create_table(
        "goods_returns",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("return_number", sa.String(length=40), nullable=False),
        sa.Column("slip_number", sa.String(length=20), nullable=False),
        sa.Column("tracking", sa.String(length=40), nullable=False),
        sa.Column("sku", sa.String(length=64), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("condition", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("arrived_on", sa.Date(), nullable=False),
        sa.Column("exchange_id", ID, nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_goods_returns")),
        sa.UniqueConstraint(
            "shop",
            "return_number",
            "sku",
            "condition",
            name=op.f("uq_goods_returns_shop_return_number_sku_condition"),
        ),
    )
    op.create_table(
        "stage_stops",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("stage", sa.String(length=24), nullable=False),
        sa.Column("what", sa.String(length=80), nullable=False),
        sa.Column("figures", Facts, nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("decided_at", Instant(), nullable=True),
        sa.Column("decided_by", sa.String(length=80), nullable=False),
        sa.Column("decision", sa.String(length=12), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stage_stops")),
        sa.UniqueConstraint("shop", "stage", "what", name=op.f("uq_stage_stops_shop_stage_what")),
    )
