"""Schema of the warehouse's side (倉庫): what was sent to whom, who answered a stop, what lies there, what came back.

One paragraph each on why a table exists, as in `schema.py`, whose metadata these share.
"""

from __future__ import annotations

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from connector.ledger.columns import Facts, Id, Instant, id_column, metadata, shop_column

# Sendings (出荷の控え): every slip that went to a warehouse, ours or before us, by whom it was for and what was in it.
# Name, phone and address stand here as digests only: enough to find the same ones again (`connector/doubles`).
sendings = Table(
    "sendings",
    metadata,
    id_column(),
    shop_column(),
    Column("slip_id", Id, ForeignKey("slips.id"), nullable=False),
    Column("slip_number", String(20), nullable=False),
    Column("order_number", String(64), nullable=False),
    Column("likeness", String(32), nullable=False),  # who and what, to find candidates by; "" where unknown
    Column("body", Facts, nullable=False),  # doubles.Sending: what the comparison needs
    Column("sent_at", Instant, nullable=False),
    UniqueConstraint("shop", "slip_id"),
    Index("ix_sendings_shop_likeness", "shop", "likeness", "sent_at"),
    Index("ix_sendings_shop_order_number", "shop", "order_number"),
)

# Stop answers (出荷止めの回答): of each party that was asked to stop an order, when and what it said. A request never
# ends as stopped without one of the warehouse's, where the warehouse had the slip.
stop_answers = Table(
    "stop_answers",
    metadata,
    id_column(),
    shop_column(),
    Column("order_id", Id, ForeignKey("orders.id"), nullable=False),
    Column("party", String(12), nullable=False),  # cart, next_engine, warehouse
    Column("slip_number", String(20), nullable=False),  # "" where it is about the order
    Column("answer", String(12), nullable=False),  # asked, agreed, refused, silent, not_asked, never_had
    Column("words", Text, nullable=False),
    Column("proof", String(200), nullable=False),  # the name of the file or receipt it stands in
    Column("by", String(80), nullable=False),  # who was told so by telephone; empty: the party itself said it
    Column("at", Instant, nullable=False),
    Index("ix_stop_answers_order_id", "order_id"),
)

# Stock as the warehouse told it last (在庫, spec/wms.md §7.5): for information.
stock_levels = Table(
    "stock_levels",
    metadata,
    id_column(),
    shop_column(),
    Column("warehouse", String(20), nullable=False),
    Column("sku", String(64), nullable=False),
    Column("lot", String(64), nullable=False),
    Column("good", Integer, nullable=False),
    Column("bad", Integer, nullable=False),
    Column("allocated", Integer, nullable=False),
    Column("told_at", Instant, nullable=False),
    Column("exchange_id", Id),
    UniqueConstraint("shop", "warehouse", "sku", "lot"),
)

# Goods that came back (返品, spec/wms.md §7.5): for information; nothing is refunded by it.
goods_returns = Table(
    "goods_returns",
    metadata,
    id_column(),
    shop_column(),
    Column("return_number", String(40), nullable=False),
    Column("slip_number", String(20), nullable=False),
    Column("tracking", String(40), nullable=False),
    Column("sku", String(64), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("condition", String(10), nullable=False),  # good, bad
    Column("reason", Text, nullable=False),
    Column("arrived_on", Date, nullable=False),
    Column("exchange_id", Id),
    Column("at", Instant, nullable=False),
    UniqueConstraint("shop", "return_number", "sku", "condition"),
)

# Stage stops (工程の一時停止): a pass whose picture was absurd, waiting for a click; as long as it is open the stage
# hands nothing over.
stage_stops = Table(
    "stage_stops",
    metadata,
    id_column(),
    shop_column(),
    Column("stage", String(24), nullable=False),
    Column("what", String(80), nullable=False),  # the day, or the file, it is about
    Column("figures", Facts, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("decided_at", Instant),
    Column("decided_by", String(80), nullable=False, default=""),
    Column("decision", String(12), nullable=False, default=""),  # released, refused
    Column("note", Text, nullable=False, default=""),
    UniqueConstraint("shop", "stage", "what"),
)
