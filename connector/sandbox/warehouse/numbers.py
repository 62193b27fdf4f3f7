"""Tracking numbers (送り状番号) that look right and cannot be taken for real ones (spec/wms.md §4.4, §8)."""

from __future__ import annotations

from collections import Counter

from connector.adapters.wms import wire

# Ranges no carrier hands out, §8. Carriers without a range of their own share the last one.
RANGES = (("YAMATO", "9999"), ("SAGAWA", "8888"), ("JP_", "7777"), ("", "6666"))


def range_of(carrier: str) -> str:
    """The four digits every number of this carrier begins with."""
    return next(digits for name, digits in RANGES if carrier.startswith(name))


def with_check_digit(eleven: str) -> str:
    """The eleven digits and their remainder modulo seven."""
    return f"{eleven}{int(eleven) % wire.TRACKING_MODULUS}"


def is_sound(number: str) -> bool:
    """Twelve digits whose last one is the check digit of the others."""
    return (
        len(number) == wire.TRACKING_DIGITS
        and number.isascii()
        and number.isdigit()
        and with_check_digit(number[:-1]) == number
    )


class LabelRoll:
    """The labels (送り状) on the packing table: each number is given once."""

    def __init__(self, first: int = 10_000) -> None:
        self._first = first
        self._used: Counter[str] = Counter()

    def next(self, carrier: str) -> str:
        """A fresh number; empty for services without tracking."""
        if carrier in wire.UNTRACKED:
            return ""
        digits = range_of(carrier)
        serial = self._first + self._used[digits]
        self._used[digits] += 1
        return with_check_digit(f"{digits}{serial % 10_000_000:07d}")
