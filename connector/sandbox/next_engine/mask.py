"""Mask (個人情報のマスク): people on old slips are answered as stars, where the account is set so (§3.1).

When NE begins to mask is not known. What is stored stays; a condition sees what the reply shows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from connector.adapters.next_engine import wire
from connector.sandbox.next_engine.books import Books
from connector.sandbox.next_engine.fields import SLIP_FIELDS, stamp
from connector.sandbox.next_engine.model import Slip

STARS: Final = "*****"
PERSONAL: Final = frozenset(
    name
    for name in SLIP_FIELDS
    if name.startswith(("receive_order_purchaser_", "receive_order_consignee_"))
    and not name.endswith("_zip_code")
)


def masked(books: Books, slip: Slip) -> bool:
    """Whether the slip's people are no longer shown."""
    if not books.settings.mask_personal_data:
        return False
    done_at = slip.fields[wire.SENT_AT] or slip.fields[wire.CANCELLED_AT]
    return done_at is not None and done_at <= stamp(books.now() - books.settings.mask_after)


def read(books: Books, name: str) -> Callable[[Slip], str | None]:
    """A personal field as it is answered."""

    def shown(slip: Slip) -> str | None:
        value = slip.fields[name]
        return STARS if value and masked(books, slip) else value

    return shown
