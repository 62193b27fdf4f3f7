"""Schema of the hub's side (ネクストエンジンとメール): alarms, budgets, mail, checks before an import.

One paragraph each on why a table exists, as in `schema.py`, whose metadata these share.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from connector.ledger.columns import Facts, Id, Instant, id_column, metadata, shop_column

# Alarms (警報): what is wrong with a connection or a flow rather than with one order: told once when it begins, once
# when it ends, and never again in between.
alarms = Table(
    "alarms",
    metadata,
    id_column(),
    shop_column(),
    Column("kind", String(40), nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),  # when it was last found to hold
    Column("closed_at", Instant),
    Column("evidence", Facts, nullable=False),
    Column("note", Text, nullable=False),
    Index("ix_alarms_shop_kind", "shop", "kind", "closed_at"),
)

# Calls to Next Engine by account and month (spec/next_engine.md §2.5): the contract meters them for the whole account,
# whichever shop or command made them.
call_counts = Table(
    "call_counts",
    metadata,
    Column("account", String(80), nullable=False),
    Column("month", String(7), nullable=False),  # 2026-11, in Japan
    Column("requests", BigInteger, nullable=False),
    Column("sent_bytes", BigInteger, nullable=False),
    Column("received_bytes", BigInteger, nullable=False),
    Column("first_at", Instant, nullable=False),  # when counting began: the pace is taken from there
    PrimaryKeyConstraint("account", "month"),
)

# Incoming mail (受信メール): what lay in our mailbox, what it was taken for and what came of it. Mail is fetched, kept,
# committed here, and only then moved over there; the digest makes a second delivery a no-op (reliability §9.3).
incoming_mails = Table(
    "incoming_mails",
    metadata,
    id_column(),
    shop_column(),
    Column("uid_validity", BigInteger, nullable=False),
    Column("uid", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("message_id", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("verdict", String(20), nullable=False),
    Column("words", Text, nullable=False),
    Column("about", Text, nullable=False),  # the Message-ID it speaks of
    Column("effect_id", Id, ForeignKey("effects.id")),  # the mail of ours that it speaks of
    Column("exchange_id", Id),
    Column("seen_at", Instant, nullable=False),
    Column("moved_at", Instant),  # when it left the inbox; until then it is met again
    Column("settled_at", Instant),  # a person dealt with it
    Column("settled_by", String(80), nullable=False),
    Column("note", Text, nullable=False),
    UniqueConstraint("shop", "digest"),  # a UID means another mail after the server lost its mailbox
    Index("ix_incoming_mails_shop_seen_at", "shop", "seen_at"),
    Index("ix_incoming_mails_effect_id", "effect_id"),
)

# Checks before an import (取込前確認): a day's file that is far outside its weekday's band waits here for a click until
# its deadline. Every window leaves a row, so that the bands are counted from what was really released.
preflights = Table(
    "preflights",
    metadata,
    id_column(),
    shop_column(),
    Column("window", String(24), nullable=False),  # 2026-11-24 14:00, and r2 behind it for its second file
    Column("state", String(12), nullable=False),  # passed, waits, released, refused or expired
    Column("figures", Facts, nullable=False),
    Column("oddities", Facts, nullable=False),  # what is out of its band, each with its band
    Column("checked_at", Instant, nullable=False),
    Column("deadline_at", Instant),
    Column("decided_at", Instant),
    Column("decided_by", String(80), nullable=False),
    Column("note", Text, nullable=False),
    UniqueConstraint("shop", "window"),
)

# Why a slip waited in Next Engine (確認待ちの理由): one row for each time it stood under a reason, closed when it went.
slip_checks = Table(
    "slip_checks",
    metadata,
    id_column(),
    shop_column(),
    Column("slip_id", Id, ForeignKey("slips.id"), nullable=False),
    Column("tab", String(20), nullable=False),  # 確認待ち, 入金待ち, 引当待ち, 発売日待ち, 印刷日待ち
    Column("code", String(20), nullable=False),  # for 確認待ち the confirm id: AO, AA#2; else empty
    Column("row_no", Integer),  # which row of the slip, where the reason names one
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Index("ix_slip_checks_slip_id", "slip_id"),
    Index("ix_slip_checks_shop_closed_at", "shop", "closed_at"),
)
