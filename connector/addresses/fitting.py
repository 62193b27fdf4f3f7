"""Fitting (割り付け): one delivery into one receiver's slots, whole or held with the proposed split.

Never cut, never a run of digits, katakana or latin letters broken over two slots (spec/wms.md §5.1, Resolutions 9).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connector.addresses.receivers import THREE, Receiver
from connector.mapping.address import Placed, place, split
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
        raise Unfit(Reason.MALFORMED, f"住所から都道府県・市区町村を読み取れません: {parts}")
    return Fitted(fit_address(receiver, parts), fit_name(receiver, name))


def fit_address(receiver: Receiver, parts: Placed) -> tuple[str, ...]:
    """Raises Unfit with every part that is too long, its size and its limit."""
    pieces = _pieces(receiver, parts)
    placed = place(pieces, receiver.widths)
    joined = sum(map(width, (parts.street, parts.building)))
    letters = sum(map(len, (parts.prefecture, parts.city, parts.street, parts.building)))
    if placed is None:
        raise Unfit(
            Reason.TEXT_TOO_LONG, f"{receiver.title}に住所が入りきりません。{proposal(receiver, parts)}"
        )
    if receiver.total and joined > receiver.total:
        words = f"市区町村より後が全角{_full(joined)}文字です (上限{_full(receiver.total)}文字)"
        raise Unfit(Reason.TEXT_TOO_LONG, f"{receiver.title}に住所が入りきりません。{words}")
    if receiver.whole and letters > receiver.whole:
        words = f"住所が{letters}文字です (上限{receiver.whole}文字)"
        raise Unfit(Reason.TEXT_TOO_LONG, f"{receiver.title}に住所が入りきりません。{words}")
    return placed


def proposal(receiver: Receiver, parts: Placed) -> str:
    """分け方の案: each slot's text, and by how much it is too long."""
    shown = []
    for piece, limit in zip(_pieces(receiver, parts), receiver.widths, strict=True):
        over = width(piece) - limit
        mark = f" (全角{_full(width(piece))}文字、上限{_full(limit)}文字)" if over > 0 else ""
        shown.append(f"{piece}{mark}")
    return f"分け方の案: {' | '.join(shown)}"


def _full(halves: int) -> str:
    return f"{halves / 2:g}"


def _pieces(receiver: Receiver, parts: Placed) -> tuple[str, ...]:
    if tuple(name for name, _ in receiver.slots) == THREE:
        return (parts.prefecture + parts.city, parts.street, parts.building)
    return (parts.prefecture, parts.city, parts.street, parts.building)


def fit_name(receiver: Receiver, name: str) -> tuple[str, ...]:
    """The name in its slots; a second slot takes what the first cannot, no run broken."""
    limits = receiver.names
    if receiver.by_characters:
        if len(name) <= limits[0]:
            return (name,)
        words = f"お届け先の名前が{len(name)}文字です ({receiver.title}の上限{limits[0]}文字)"
        raise Unfit(Reason.TEXT_TOO_LONG, words)
    placed = place((name, *[""] * (len(limits) - 1)), limits) if len(limits) > 1 else None
    if placed is not None:
        return placed
    if len(limits) == 1 and width(name) <= limits[0]:
        return (name,)
    most = "＋".join(_full(limit) for limit in limits)
    words = f"お届け先の名前が全角{_full(width(name))}文字です ({receiver.title}の上限{most}文字)"
    raise Unfit(Reason.TEXT_TOO_LONG, words)
