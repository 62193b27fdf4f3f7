"""The hub in full: alarms, call counts, incoming mail, checks before an import, why slips waited."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from connector.ledger.columns import Facts, Instant

revision = "0003"
down_revision = "0002"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for name in ("access_until", "refresh_until", "signed_in_at", "dead_at"):
        op.add_column("tokens", sa.Column(name, Instant(), nullable=True))
    for name in ("uid", "company_ne_id"):
        op.add_column("tokens", sa.Column(name, sa.String(length=80), nullable=True))
    op.add_column("tokens", sa.Column("company_name", sa.Text(), nullable=True))
    op.add_column("pulses", sa.Column("failing_since", Instant(), nullable=True))
    op.create_table(
        "alarms",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("evidence", Facts, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarms")),
    )
    op.create_index("ix_alarms_shop_kind", "alarms", ["shop", "kind", "closed_at"], unique=False)
    op.create_table(
        "call_counts",
        sa.Column("account", sa.String(length=80), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("sent_bytes", sa.BigInteger(), nullable=False),
        sa.Column("received_bytes", sa.BigInteger(), nullable=False),
        sa.Column("first_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("account", "month", name=op.f("pk_call_counts")),
    )
    op.create_table(
        "incoming_mails",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("uid_validity", sa.BigInteger(), nullable=False),
        sa.Column("uid", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("effect_id", ID, nullable=True),
        sa.Column("exchange_id", ID, nullable=True),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("moved_at", Instant(), nullable=True),
        sa.Column("settled_at", Instant(), nullable=True),
        sa.Column("settled_by", sa.String(length=80), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["effect_id"], ["effects.id"], name=op.f("fk_incoming_mails_effect_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incoming_mails")),
        sa.UniqueConstraint("shop", "digest", name=op.f("uq_incoming_mails_shop_digest")),
    )
    op.create_index("ix_effects_name", "effects", ["name"], unique=False)
    op.create_index("ix_incoming_mails_effect_id", "incoming_mails", ["effect_id"], unique=False)
    op.create_index("ix_incoming_mails_shop_seen_at", "incoming_mails", ["shop", "seen_at"], unique=False)
    op.create_table(
        "preflights",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("window", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("figures", Facts, nullable=False),
        sa.Column("oddities", Facts, nullable=False),
        sa.Column("checked_at", Instant(), nullable=False),
        sa.Column("deadline_at", Instant(), nullable=True),
        sa.Column("decided_at", Instant(), nullable=True),
        sa.Column("decided_by", sa.String(length=80), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preflights")),
        sa.UniqueConstraint("shop", "window", name=op.f("uq_preflights_shop_window")),
    )
    op.create_table(
        "slip_checks",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop", sa.String(length=40), nullable=False),
        sa.Column("slip_id", ID, nullable=False),
        sa.Column("tab", sa.String(length=20), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=True),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["slip_id"], ["slips.id"], name=op.f("fk_slip_checks_slip_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slip_checks")),
    )
    op.create_index("ix_slip_checks_slip_id", "slip_checks", ["slip_id"], unique=False)
    op.create_index("ix_slip_checks_shop_closed_at", "slip_checks", ["shop", "closed_at"], unique=False)
