"""Schema: every table of the ledger, one paragraph each on why it exists.

One schema for SQLite and PostgreSQL (SQLAlchemy Core). Instants are stored as UTC and come back aware; naive
ones are refused. Nouns are stored as the JSON of their struct, and what we search by stands in real columns.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
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
    text,
)

from connector.ledger.columns import Facts, Id, Instant, id_column, shop_column
from connector.ledger.columns import metadata as metadata  # whoever takes it from here has these tables in it


def _facts(name: str) -> Column[Any]:
    return Column(name, Facts, nullable=False, default=dict)


def _walking() -> list[Column[Any]]:
    """What an order and a slip have in common: the place, since when, and what is next."""
    return [
        Column("state", String(20), nullable=False),
        Column("since", Instant, nullable=False),
        Column("waiting_for", Text, nullable=False, default=""),
        Column("next_at", Instant),  # not before this; NULL: at once
        Column("tries", Integer, nullable=False, default=0),
        Column("redos", Integer, nullable=False, default=0),
        Column("body", LargeBinary, nullable=False),
        Column("seen_at", Instant, nullable=False),
    ]


# Orders (受注). One row per shop and number; `left_out` names the rule by which one never walks.
orders = Table(
    "orders",
    metadata,
    id_column(),
    shop_column(),
    Column("number", String(40), nullable=False),
    Column("cart_order_id", BigInteger, nullable=False),
    *_walking(),
    Column("left_out", String(40), nullable=False, default=""),
    Column("origin", String(12), nullable=False),
    Column("subscription_id", BigInteger),
    Column("subscription_round", Integer),
    Column("customer_id", BigInteger),  # 会員, where the cart names one: finds orders made again
    Column("placed_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("digest", String(64), nullable=False),
    Column("payable", BigInteger, nullable=False),
    Column("payment_kind", String(12), nullable=False),
    Column("payment_state", String(16), nullable=False),
    Column("cancelled", Boolean, nullable=False, default=False),
    Column("exchange_id", Id),
    UniqueConstraint("shop", "number"),
    Index("ix_orders_shop_state", "shop", "state", "next_at"),
    Index("ix_orders_shop_placed_at", "shop", "placed_at"),
    Index("ix_orders_shop_changed_at", "shop", "changed_at"),
    Index("ix_orders_shop_cart_order_id", "shop", "cart_order_id"),
    Index("ix_orders_shop_subscription_id", "shop", "subscription_id", "subscription_round"),
    Index("ix_orders_shop_customer_id", "shop", "customer_id"),
)

# Every content an order ever had here. Changed content is a new version, never an overwrite (I3).
order_versions = Table(
    "order_versions",
    metadata,
    Column("order_id", Id, ForeignKey("orders.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("exchange_id", Id),
)

# Slips (受注伝票) as Next Engine last showed them.
slips = Table(
    "slips",
    metadata,
    id_column(),
    shop_column(),
    Column("number", String(20), nullable=False),
    Column("order_number", String(40), nullable=False),
    *_walking(),
    Column("status", Integer, nullable=False),
    Column("cancel_type", String(4), nullable=False),
    Column("merged_into", String(20), nullable=False, default=""),
    Column("total", BigInteger, nullable=False),
    Column("lock", String(32), nullable=False, default=""),
    UniqueConstraint("shop", "number"),
    Index("ix_slips_shop_state", "shop", "state", "next_at"),
    Index("ix_slips_shop_order_number", "shop", "order_number"),
    Index("ix_slips_shop_merged_into", "shop", "merged_into"),
)

# Order and slip are many-to-many: NE splits, bundles and copies. `how` says why they belong together.
order_slips = Table(
    "order_slips",
    metadata,
    Column("order_id", Id, ForeignKey("orders.id"), primary_key=True),
    Column("slip_id", Id, ForeignKey("slips.id"), primary_key=True),
    Column("how", String(12), nullable=False),
    Index("ix_order_slips_slip_id", "slip_id"),
)

# Holds (保留): trouble pinned on an item at its place. Open while `closed_at` is NULL.
holds = Table(
    "holds",
    metadata,
    id_column(),
    shop_column(),
    Column("item", String(6), nullable=False),
    Column("item_id", Id, nullable=False),
    Column("number", String(40), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("note", Text, nullable=False, default=""),
    Column("stage", String(24), nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("closed_by", String(80), nullable=False, default=""),
    Column("close_note", Text, nullable=False, default=""),
    Index(
        "uq_holds_open",
        "item",
        "item_id",
        "reason",
        unique=True,
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    ),
    Index("ix_holds_shop_closed_at", "shop", "closed_at"),
)

# Effects: one row per act on the outside, written before it happens (reliability §2).
effects = Table(
    "effects",
    metadata,
    id_column(),
    shop_column(),
    Column("stage", String(24), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("key", String(200), nullable=False, unique=True),
    Column("fingerprint", String(64), nullable=False),
    Column("state", String(10), nullable=False),
    Column("name", Text, nullable=False, default=""),
    _facts("facts"),
    Column("exchange_id", Id),
    Column("sequence", Integer),
    Column("attempts", Integer, nullable=False, default=0),
    Column("started_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("look_at", Instant),
    _facts("evidence"),
    Column("words", Text, nullable=False, default=""),
    Index("ix_effects_shop_stage_state", "shop", "stage", "state"),
    Index("ix_effects_name", "name"),  # a bounce knows nothing but our Message-ID
)

# Which items an effect moves; an item with an open effect of a stage is not planned again by it.
effect_items = Table(
    "effect_items",
    metadata,
    Column("effect_id", Id, ForeignKey("effects.id"), primary_key=True),
    Column("item_id", Id, primary_key=True),
    Index("ix_effect_items_item_id", "item_id"),
)

# One try each, kept for ever: the proof that an intent was committed before the act (T3).
attempts = Table(
    "attempts",
    metadata,
    id_column(),
    Column("effect_id", Id, ForeignKey("effects.id"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("outcome", String(10), nullable=False, default="intent"),
    _facts("evidence"),
    Column("words", Text, nullable=False, default=""),
    UniqueConstraint("effect_id", "n"),
)

# Exchanges (やり取り): bytes that crossed the border, compressed, found by digest.
exchanges = Table(
    "exchanges",
    metadata,
    id_column(),
    shop_column(),
    Column("system", String(16), nullable=False),
    Column("direction", String(3), nullable=False),
    Column("name", Text, nullable=False),
    Column("key", String(200), nullable=False, default=""),
    Column("digest", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("at", Instant, nullable=False),
    Column("read_at", Instant),  # inbound files: when a reader finished with it
    Column("words", Text, nullable=False, default=""),
    UniqueConstraint("shop", "system", "direction", "digest"),
    Index("ix_exchanges_shop_key", "shop", "key"),
)

# History (履歴): append-only, chained by digest. Cause and actor of every move.
history = Table(
    "history",
    metadata,
    id_column(),
    shop_column(),
    Column("at", Instant, nullable=False),
    Column("item", String(8), nullable=False),
    Column("item_id", Id),
    Column("number", String(40), nullable=False, default=""),
    Column("event", String(24), nullable=False),
    Column("from_state", String(20), nullable=False, default=""),
    Column("to_state", String(20), nullable=False, default=""),
    Column("stage", String(24), nullable=False, default=""),
    Column("actor", String(80), nullable=False),
    Column("note", Text, nullable=False, default=""),
    _facts("facts"),
    Column("digest", String(64), nullable=False),
    Index("ix_history_item", "item", "item_id"),
    Index("ix_history_shop_at", "shop", "at"),
    Index("ix_history_shop_id", "shop", "id"),  # the end of a shop's chain, without reading all of it
)

# Strays (迷子): came in, fits nothing, moves nothing, is shown.
strays = Table(
    "strays",
    metadata,
    id_column(),
    shop_column(),
    Column("system", String(16), nullable=False),
    Column("place", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("exchange_id", Id),
    _facts("facts"),
    Column("at", Instant, nullable=False),
    Column("resolved_at", Instant),
    Column("resolved_by", String(80), nullable=False, default=""),
    UniqueConstraint("shop", "system", "place", "words"),
)

# Shipments (出荷実績): what the warehouse said, one row per event and version.
shipments = Table(
    "shipments",
    metadata,
    id_column(),
    shop_column(),
    Column("slip_number", String(20), nullable=False),
    Column("result_id", String(64), nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("result", String(12), nullable=False),
    Column("shipped_on", Date, nullable=False),
    Column("tracking", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("exchange_id", Id),
    Column("at", Instant, nullable=False),
    UniqueConstraint("shop", "slip_number", "result_id", "version"),
)

# Tracking numbers (送り状番号) with the slip they were given to: one number belongs to one slip (S3). A table of its
# own, because a parcel's number must be found whole and at once among months of shipments.
tracking_numbers = Table(
    "tracking_numbers",
    metadata,
    Column("shop", String(40), primary_key=True),
    Column("number", String(40), primary_key=True),
    Column("slip_number", String(20), primary_key=True),
    Column("at", Instant, nullable=False),
)

# Stop requests (出荷止め): a cancel after the hand-over, or a person's wish, until its end is known.
stop_requests = Table(
    "stop_requests",
    metadata,
    id_column(),
    shop_column(),
    Column("order_id", Id, ForeignKey("orders.id"), nullable=False, unique=True),
    Column("asked_at", Instant, nullable=False),
    Column("why", Text, nullable=False),
    # open, stopped, too_late, unknown, by_hand (a person was told so), withdrawn
    Column("verdict", String(10), nullable=False, default="open"),
    Column("verdict_at", Instant),
    Column("words", Text, nullable=False, default=""),
    Column("asked_by", String(80)),  # the person who asked; none: the cart did
)

# How far each source was read. A cursor never passes an order that was not stored (I6).
cursors = Table(
    "cursors",
    metadata,
    Column("shop", String(40), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("at", Instant, nullable=False),
)

# Which window of which job was done. A tick is only a wake-up: this table says what is due.
job_runs = Table(
    "job_runs",
    metadata,
    Column("shop", String(40), primary_key=True),
    Column("kind", String(24), primary_key=True),
    Column("window", String(40), primary_key=True),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    _facts("counts"),
)

# When each source was last read or written well, and its last trouble: the time of our data.
pulses = Table(
    "pulses",
    metadata,
    Column("shop", String(40), primary_key=True),
    Column("what", String(40), primary_key=True),
    Column("ok_at", Instant),
    Column("failed_at", Instant),
    Column("failing_since", Instant),  # the first failure after the last time it went well
    Column("words", Text, nullable=False, default=""),
)

# Next Engine's rotating pair, sealed; the previous pair stays beside it (reliability §5.2).
tokens = Table(
    "tokens",
    metadata,
    Column("account", String(80), primary_key=True),
    Column("generation", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("previous", LargeBinary),
    Column("stored_at", Instant, nullable=False),
    # No secrets, so that a page can tell how the sign-in stands without the key.
    Column("access_until", Instant),
    Column("refresh_until", Instant),
    Column("uid", String(80)),  # who signed in last
    Column("company_ne_id", String(80)),
    Column("company_name", Text),
    Column("signed_in_at", Instant),
    Column("dead_at", Instant),  # NE will never take this generation again: a person must sign in
)

# A closed day's report, as it was: a past day gives the same bytes again (R3).
reports = Table(
    "reports",
    metadata,
    Column("shop", String(40), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("made_at", Instant, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
