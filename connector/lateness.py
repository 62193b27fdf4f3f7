"""Lateness (引き渡し後の変更の扱い): which change still travels by itself, which needs a hand, and which is too late.

Fields down, places across. Dangerous: `I` where nothing of ours carries the new value ships the old one in silence;
`L` where a person could still act gives the parcel away.
"""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    BY_ITSELF = "by_itself"
    BY_HAND = "by_hand"
    TOO_LATE = "too_late"


class Place(StrEnum):
    """Where an order stands with its slips; the furthest slip counts."""

    RECEIVED = "received"
    NOTIFIED = "notified"  # or its mail is in doubt
    IN_INTAKE = "in_intake"
    IMPORTING = "importing"  # its row is in a file that Next Engine works on, or that somebody else builds
    OPEN = "open"  # Next Engine has its own copy from here on
    PRINT_READY = "print_ready"
    RELAYED = "relayed"  # or its instruction file is in doubt
    DISPATCHED = "dispatched"
    CONFIRMED = "confirmed"
    SHIPPED = "shipped"
    COMPLETED = "completed"
    LEFT = "left"  # it left after a stop: cancelled on every side


# I by itself, H by hand, L too late. A cancel or a refused payment travels by our stop request until the parcel has
# left (before the relay the payment gate is enough); the order CSV carries the newest version of all others.
# fmt: off
_GRID = {
    #                rec not int imp ope pri rel dis con shi com left
    "cancelled":     "I   I   I   I   I   I   I   L   L   L   L   I",
    "deleted":       "I   I   I   I   I   I   I   L   L   L   L   I",
    "revived":       "I   I   I   I   I   I   H   H   H   H   H   H",
    "recipients":    "I   I   I   H   H   H   H   L   L   L   L   I",
    "lines":         "I   I   I   H   H   H   H   L   L   L   L   I",
    "amounts":       "I   I   I   H   H   H   H   L   L   L   L   I",
    "deliver_on":    "I   I   I   H   H   H   H   L   L   L   L   I",
    "ship_on":       "I   I   I   H   H   H   H   L   L   L   L   I",
    "time_slot":     "I   I   I   H   H   H   H   L   L   L   L   I",
    "payment":       "I   I   I   H   H   H   H   L   L   L   L   I",
    "payment_state": "I   I   I   I   I   I   I   L   L   L   L   I",
    "carrier":       "I   I   I   H   H   H   H   L   L   I   I   I",  # our completion writes who took it
    "remark":        "I   I   I   H   H   H   H   L   L   L   L   I",
    "wrapping":      "I   I   I   H   H   H   H   L   L   L   L   I",
    "buyer":         "I   I   I   H   H   H   H   L   L   I   I   I",  # after 出荷確定 no mail goes out
}
# fmt: on

_LETTERS = {"I": Kind.BY_ITSELF, "H": Kind.BY_HAND, "L": Kind.TOO_LATE}
LATENESS = {
    (field, place): _LETTERS[letter]
    for field, letters in _GRID.items()
    for place, letter in zip(Place, letters.split(), strict=True)
}
QUIET = frozenset({"buyer"})  # by hand, but no reason to keep the parcel back
