"""Fitting (割り付け): one delivery into one receiver's slots, whole or held with the proposed split.

Never cut, never a run of digits, katakana or latin letters broken over two slots (spec/wms.md §5.1, Resolutions 9).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connector.addresses.receivers import Receiver
from connector.mapping.address import Placed, full, name_in_slots, pieces_of, place, proposal, split
from connector.mapping.text import width
from connector.mapping.unfit import Unfit
from connector.outcome import Reason


@dataclass(frozen=True, slots=True)
class Fitted:
    """What stands in each slot, in the receiver's order."""

    address: tuple[str, ...]
    name: tuple[str, ...]


def fit(receiver: Receiver, lines: Sequence[str], name: str) -> Fitted:
    """Raises Unfit, once for the address or once for the name."""
    parts = split(*lines)
    if not parts.prefecture or not parts.city:
        raise Unfit(Reason.ADDRESS_DOUBTFUL, f"住所から都道府県・市区町村を読み取れません: {parts}")
    return Fitted(fit_address(receiver, parts), fit_name(receiver, name))


def fit_address(receiver: Receiver, parts: Placed) -> tuple[str, ...]:
    """Raises Unfit with every part that is too long, its size and its limit."""
    placed = place(pieces_of(parts, len(receiver.widths)), receiver.widths)
    joined = sum(map(width, (parts.street, parts.building)))
    letters = sum(map(len, (parts.prefecture, parts.city, parts.street, parts.building)))
    if placed is None:
        raise Unfit(
            Reason.TEXT_TOO_LONG,
            f"{receiver.title}に住所が入りきりません。{proposal(parts, receiver.widths)}",
        )
    if receiver.total and joined > receiver.total:
        words = f"市区町村より後が全角{full(joined)}文字です (上限{full(receiver.total)}文字)"
        raise Unfit(Reason.TEXT_TOO_LONG, f"{receiver.title}に住所が入りきりません。{words}")
    if receiver.whole and letters > receiver.whole:
        words = f"住所が{letters}文字です (上限{receiver.whole}文字)"
        raise Unfit(Reason.TEXT_TOO_LONG, f"{receiver.title}に住所が入りきりません。{words}")
    return placed


def fit_name(receiver: Receiver, name: str) -> tuple[str, ...]:
    """The name in its slots; a second slot takes what the first cannot, no run broken."""
    limits = receiver.names
    if receiver.by_characters:
        if len(name) <= limits[0]:
            return (name,)
        words = f"お届け先の名前が{len(name)}文字です ({receiver.title}の上限{limits[0]}文字)"
        raise Unfit(Reason.TEXT_TOO_LONG, words)
    placed = name_in_slots(name, limits)
    if placed is not None:
        return placed
    most = "＋".join(map(full, limits))
    words = f"お届け先の名前が全角{full(width(name))}文字です ({receiver.title}の上限{most}文字)"
    raise Unfit(Reason.TEXT_TOO_LONG, words)
