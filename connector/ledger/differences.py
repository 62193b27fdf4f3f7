"""Differences (変更点): what two versions of an order differ in, field by field, fit to be kept and shown.

Of people only which parts changed, and each part's first letters (security.md §5); of free text only its length.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec

from connector.clock import jst
from connector.order import Address, Amounts, Order, late_changes

Parts = Mapping[str, Any]
_BESIDE = ("state_code", "tracking", "shipped_at", "memo", "needs_attention")
"""What a version may differ in without being a late change: our own acts and the cart's bookkeeping."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field; `before` and `after` are plain words, or the changed parts as a JSON object."""

    field: str
    before: str
    after: str


def late_differences(old: Order, new: Order) -> tuple[Difference, ...]:
    """In the fields whose change may come too late."""
    return tuple(_difference(name, old, new) for name in late_changes(old, new))


def all_differences(old: Order, new: Order) -> tuple[Difference, ...]:
    """In everything that a person may want to know of a new version."""
    beside = [name for name in _BESIDE if getattr(old, name) != getattr(new, name)]
    if old.payment.state_code != new.payment.state_code:
        beside.append("payment_code")
    found = late_differences(old, new)
    return found + tuple(_difference(name, old, new) for name in beside)


def _difference(name: str, old: Order, new: Order) -> Difference:
    before, after = _TOLD[name](old), _TOLD[name](new)
    if isinstance(before, str) and isinstance(after, str):
        return Difference(name, before, after)
    return Difference(name, *(_changed_parts(before, after)))


def _changed_parts(before: Any, after: Any) -> tuple[str, str]:
    """Only the parts that differ; what one side lacks is absent there."""
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]

    def told(side: Any) -> str:
        return msgspec.json.encode({key: _shown(key, side[key]) for key in keys if key in side}).decode()

    return told(before), told(after)


def _shown(key: str, value: Any) -> Any:
    return (
        value if isinstance(value, int) else _MASKS.get(key.partition(".")[2] or key, _first_letters)(value)
    )


# --- masks ----------------------------------------------------------------------------------------------------


def _first_letters(text: str) -> str:
    return " ".join(word[:1] + "*" for word in text.split())


def _last_four(text: str) -> str:
    digits = re.sub(r"\D", "", text)
    return f"****{digits[-4:]}" if len(digits) >= 9 else "****" if text else ""


def _first_three(text: str) -> str:
    digits = re.sub(r"\D", "", text)
    return f"{digits[:3]}-****" if digits else ""


def _mail(text: str) -> str:
    local, at, domain = text.partition("@")
    return f"{local[:1]}***{at}{domain}" if text else ""


_MASKS: dict[str, Callable[[str], str]] = {
    "phone": _last_four,
    "zip_code": _first_three,
    "prefecture": str,
    "email": _mail,
}

# --- what a field is made of ------------------------------------------------------------------------------------


def _recipients(order: Order) -> Parts:
    """With several addresses each part carries the number of its address: `2.street`."""
    several = len(order.recipients) > 1
    return {
        f"{n}.{part}" if several else part: text
        for n, one in enumerate(order.recipients, 1)
        for part, text in _address(one.address).items()
    }


def _address(address: Address) -> dict[str, str]:
    return {name: getattr(address, name) for name in address.__struct_fields__}


def _buyer(order: Order) -> Parts:
    return {**_address(order.buyer.address), "email": order.buyer.email}


def _lines(order: Order) -> Parts:
    """How many of each article; prices are told by the amounts."""
    counted: Counter[str] = Counter()
    for line in order.lines:
        counted[line.sku] += line.quantity
    return dict(counted)


def _amounts(order: Order) -> Parts:
    said = {name: getattr(order.amounts, name) for name in Amounts.__struct_fields__}
    return {name: yen for name, yen in said.items() if yen is not None}


def _length(text: str) -> str:
    return str(len(text)) if text else ""


def _day(value: date | datetime | None) -> str:
    """Of an instant the Japanese day."""
    if isinstance(value, datetime):
        return jst(value).date().isoformat()
    return value.isoformat() if value else ""


_TOLD: dict[str, Callable[[Order], str | Parts]] = {
    "cancelled": lambda order: "yes" if order.cancelled else "no",
    "deleted": lambda order: "yes" if order.deleted else "no",
    "recipients": _recipients,
    "lines": _lines,
    "amounts": _amounts,
    "deliver_on": lambda order: _day(order.deliver_on),
    "ship_on": lambda order: _day(order.ship_on),
    "time_slot": lambda order: order.time_slot,
    "payment": lambda order: order.payment.method,
    "payment_state": lambda order: order.payment.state,
    "carrier": lambda order: order.carrier,
    "remark": lambda order: _length(order.remark),
    "wrapping": lambda order: order.wrapping,
    "buyer": _buyer,
    "state_code": lambda order: order.state_code,
    "payment_code": lambda order: order.payment.state_code,
    "tracking": lambda order: order.tracking,
    "shipped_at": lambda order: _day(order.shipped_at),
    "memo": lambda order: _length(order.memo),
    "needs_attention": lambda order: "、".join(order.needs_attention),
}
