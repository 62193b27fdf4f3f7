"""Manifest (送り状): what a file holds in counts and sums, and the control totals read back after its import (F21).

To the yen, order by order. Orders that were bundled over there are compared as one sum: nobody can tell them apart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from connector.order import Order, Yen
from connector.outcome import Facts
from connector.slip import NEStatus, Slip

NAMED = 50  # differing orders that are named one by one


def manifest_of(orders: Sequence[Order], body: bytes, revision: int) -> Facts:
    """Counts and sums of a file's orders, and the digest of its bytes."""
    payments: dict[str, dict[str, int]] = {}
    rates: dict[str, Yen] = {}
    for order in orders:
        one = payments.setdefault(order.payment.method or str(order.payment.kind), {"orders": 0, "yen": 0})
        one["orders"] += 1
        one["yen"] += order.amounts.payable
        for line in order.lines:
            rate = str(line.tax_rate)
            rates[rate] = rates.get(rate, 0) + line.unit_price * line.quantity
    return {
        "revision": revision,
        "orders": len(orders),
        "lines": sum(len(order.lines) for order in orders),
        "yen": sum(order.amounts.payable for order in orders),
        "payments": dict(sorted(payments.items())),
        "rates": dict(sorted(rates.items())),  # goods by tax rate
        "sha256": hashlib.sha256(body).hexdigest(),
    }


def control(totals: Mapping[str, Yen], slips: Mapping[str, Sequence[Slip]]) -> Facts:
    """What was read back against what the file said: orders, their sums, and every order that differs."""
    groups: dict[str, list[str]] = {}
    there: dict[str, Yen] = {}
    missing: list[str] = []
    owner = {slip.number: number for number in totals for slip in slips.get(number, ()) if slip.live}
    for number in totals:
        found = slips.get(number, ())
        home = _home(number, found, owner)
        if home is None:
            missing.append(number)
            continue
        groups.setdefault(home, []).append(number)
        live = [slip for slip in found if slip.live and slip.status >= NEStatus.OPEN]
        there[home] = there.get(home, 0) + sum(slip.total for slip in live)
    differing = [
        {"orders": numbers, "file": says, "slips": there[home]}
        for home, numbers in groups.items()
        if (says := sum(totals[number] for number in numbers)) != there[home]
    ]
    counted = [number for numbers in groups.values() for number in numbers]
    return {
        "orders": len(counted),
        "yen": sum(there.values()),
        "file_orders": len(totals),
        "file_yen": sum(totals.values()),
        "missing": missing[:NAMED],
        "differing": differing[:NAMED],
        "ties": not missing and not differing,
    }


def _home(number: str, found: Sequence[Slip], owner: Mapping[str, str]) -> str | None:
    """Under whose number its yen are found: its own, or the order's into whose slip it was bundled."""
    if any(slip.live and slip.status >= NEStatus.OPEN for slip in found):
        return number
    return next((owner.get(slip.merged_into) for slip in found if slip.merged), None)
