"""Shown (ネクストエンジンでの反映): whether an order's slips show its newest content, field by field.

Compared as a person would: width, blanks and dashes aside. Dangerous: a wrong yes lets an old content ship, so what
cannot be compared with certainty (a bundled slip's goods, a wrapping that no slip carries) is never a yes.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

from connector.clock import jst
from connector.order import Order
from connector.slip import Slip

_DASHES = re.compile("[‐‑‒–—―−－ー-]")
_BLANKS = re.compile(r"(?<![0-9])\s+|\s+(?![0-9])")  # a blank between two digits tells two numbers apart
_SLOT = re.compile(r"時間帯指定\[(.*)\]")
_NO_SLOT = ("", "指定なし")


def shows(field: str, order: Order, slips: Sequence[Slip], *, shared: bool) -> bool:
    """Whether all these live slips show what the order says now. `shared`: other orders' goods are in one of them."""
    compare = COMPARED.get(field)
    if compare is None or not slips:
        return False
    if field in WHOLE and (shared or len(slips) > 1):
        return False
    return all(compare(order, slip) for slip in slips)


def _recipients(order: Order, slip: Slip) -> bool:
    if len(order.recipients) != 1:
        return False
    one = order.recipient.address
    first = one.prefecture + one.city
    second = " ".join(filter(None, (one.street, one.building, one.company)))
    return (
        _fold(one.name) == _fold(slip.name)
        and _fold(f"{first} {second}") == _fold(f"{slip.address1} {slip.address2}")
        and _digits(one.zip_code) == _digits(slip.zip_code)
        and _digits(one.phone) == _digits(slip.phone)
    )


def _lines(order: Order, slip: Slip) -> bool:
    asked: Counter[str] = Counter()
    for line in order.lines:
        asked[line.sku.upper()] += line.quantity
    there: Counter[str] = Counter()
    for row in slip.rows:
        if not row.cancelled:
            there[row.sku.upper()] += row.quantity
    return asked == there


def _amounts(order: Order, slip: Slip) -> bool:
    one = order.amounts
    return (one.payable, one.subtotal, one.points, one.tax) == (
        slip.total,
        slip.goods_total,
        slip.points,
        slip.tax,
    )


def _ship_on(order: Order, slip: Slip) -> bool:
    """Next Engine has no 発送予定日 of the cart's: its own is the day from which it may be printed."""
    at = slip.instruct_at
    return order.ship_on is None or (at is not None and jst(at).date() == order.ship_on)


def _time_slot(order: Order, slip: Slip) -> bool:
    wanted = _SLOT.sub(r"\1", order.time_slot_label)
    if not wanted and order.time_slot and any(value.startswith("time_slot") for value in order.unknown):
        return False
    there = slip.time_slot
    return _fold(wanted) == _fold("" if there in _NO_SLOT else there)


def _payment(order: Order, slip: Slip) -> bool:
    return bool(order.payment.label) and _fold(order.payment.label) == _fold(slip.payment_method)


def _carrier(order: Order, slip: Slip) -> bool:
    return bool(order.carrier_label) and _fold(order.carrier_label) == _fold(slip.delivery_method)


def _remark(order: Order, slip: Slip) -> bool:
    return _fold(order.remark) == _fold(slip.note)


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _BLANKS.sub("", _DASHES.sub("-", plain)).strip()


def _digits(text: str) -> str:
    return re.sub(r"\D", "", unicodedata.normalize("NFKC", text))


COMPARED: dict[str, Callable[[Order, Slip], bool]] = {
    "recipients": _recipients,
    "lines": _lines,
    "amounts": _amounts,
    "deliver_on": lambda order, slip: order.deliver_on == slip.deliver_on,
    "ship_on": _ship_on,
    "time_slot": _time_slot,
    "payment": _payment,
    "carrier": _carrier,
    "remark": _remark,
}
"""What a slip tells; of all other fields a person must say that it is done."""
WHOLE = frozenset({"lines", "amounts"})  # told by one whole slip only
