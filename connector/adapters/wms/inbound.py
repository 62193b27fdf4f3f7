"""Inbound (倉庫から届くファイル): what a file of a known kind says, read by the profile. Pure, no outside.

The daemon books by it and `connector wms try` shows by it, so that the two cannot differ.
"""

from __future__ import annotations

from datetime import datetime

from connector.adapters.wms import news
from connector.adapters.wms.mappings import Mappings
from connector.adapters.wms.pieces import in_pieces
from connector.adapters.wms.shipments import Rules, gather_numbers
from connector.clock import jst
from connector.ports import ReadResults

BOOKED = ("result", "parcels", "stock", "return")
"""Kinds of files that tell of goods; a receipt (受付結果) answers ours and is read beside it."""


def read_inbound(mappings: Mappings, kind: str, name: str, body: bytes, now: datetime) -> ReadResults:
    """`now`: UTC; no date after it is believed, except by the profile's `future_days`. Raises Malformed.

    A kind that the profile does not speak is read as results (spec/wms.md §7.3 to §7.5).
    """
    profile = mappings.profile
    told = news.Told.by(profile, kind, name, now)
    if kind == "stock" and mappings.stock is not None:
        return news.stock(name, mappings.stock.read(name, body), told)
    if kind == "return" and mappings.returns is not None:
        return news.returns(name, mappings.returns.read(name, body), told)
    rules = Rules(
        today=jst(now).date(),
        future_days=profile.future_days,
        past_days=profile.past_days,
        lines_optional=profile.lines_optional,
        plain=mappings.plain,
    )
    if kind == "parcels" and mappings.parcels is not None:
        return gather_numbers(name, mappings.parcels.read(name, body), rules)
    return in_pieces(name, mappings.result.open(name, body), rules)
