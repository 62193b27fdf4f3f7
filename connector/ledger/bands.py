"""Bands (いつもの範囲): a file's figures, and which of them lie far outside what the same weekday's files were.

A band is the least and the most of the earlier files, widened by the shop's tolerance. Shares (payment mix, held
orders) must also differ by ten points, and enough orders must stand behind it: a band of few orders says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connector.order import Order
from connector.outcome import Facts
from connector.shop import Preflight

SHARE_SLACK = 100  # permille: shares of few orders wander
NEW_GOODS_FROM = 3  # one or two new goods are a launch, not a wrong file

Figures = dict[str, Any]
"""orders, lines, yen, payments (name → orders), skus, new_skus and held, as they stand in the ledger."""


def figures_of(manifest: Facts, orders: Sequence[Order], held: int) -> Figures:
    """What a file is judged by."""
    return {
        "orders": manifest.get("orders", 0),
        "lines": manifest.get("lines", 0),
        "yen": manifest.get("yen", 0),
        "payments": {name: one["orders"] for name, one in manifest.get("payments", {}).items()},
        "skus": sorted({line.sku for order in orders for line in order.lines}),
        "new_skus": [],
        "held": held,
    }


def merged(files: Sequence[Figures]) -> Figures:
    """Several files of one set time as one."""
    payments: dict[str, int] = {}
    for one in files:
        for name, orders in one["payments"].items():
            payments[name] = payments.get(name, 0) + orders
    return {
        **{name: sum(one[name] for one in files) for name in ("orders", "lines", "yen")},
        "payments": payments,
        "skus": sorted({sku for one in files for sku in one["skus"]}),
        "new_skus": sorted({sku for one in files for sku in one["new_skus"]}),
        "held": max((one["held"] for one in files), default=0),
    }


def oddities(now: Figures, band: Sequence[Figures], rules: Preflight) -> Facts:
    """What is out of its band, each with value, low and high; nothing where too few earlier files make a band."""
    if len(band) < rules.days or max(one["orders"] for one in band) < rules.smallest:
        return {}
    found: Facts = {}
    for name in ("orders", "yen"):
        _outside(found, name, now[name], [one[name] for one in band], rules.tolerance)
    methods = sorted({*now["payments"], *(name for one in band for name in one["payments"])})
    for method in methods:
        _share(found, f"payment:{method}", now, [_mix(one, method) for one in band], _mix(now, method), rules)
    _share(found, "held", now, [_held(one) for one in band], _held(now), rules)
    _new_goods(found, now, [len(one["new_skus"]) for one in band], rules)
    return found


def _outside(found: Facts, name: str, value: int, band: Sequence[int], tolerance: float) -> None:
    low, high = round(min(band) * (1 - tolerance)), round(max(band) * (1 + tolerance))
    if not low <= value <= high:
        found[name] = {"value": value, "low": max(low, 0), "high": high}


def _share(found: Facts, name: str, now: Figures, band: Sequence[int], value: int, rules: Preflight) -> None:
    """Shares in permille. The orders that make the difference must be as many as make a file worth a look."""
    low = min(round(min(band) * (1 - rules.tolerance)), min(band) - SHARE_SLACK)
    high = max(round(max(band) * (1 + rules.tolerance)), max(band) + SHARE_SLACK)
    beyond = min(band) - value if value < low else value - max(band)
    if not low <= value <= high and beyond * now["orders"] >= 1000 * rules.smallest:
        found[name] = {"value": value, "low": max(low, 0), "high": min(high, 1000)}


def _new_goods(found: Facts, now: Figures, band: Sequence[int], rules: Preflight) -> None:
    value, high = len(now["new_skus"]), round(max(band) * (1 + rules.tolerance))
    if value >= NEW_GOODS_FROM and value > high:
        found["new_skus"] = {"value": value, "low": 0, "high": high, "skus": now["new_skus"][:20]}


def _mix(one: Figures, method: str) -> int:
    return round(1000 * one["payments"].get(method, 0) / one["orders"]) if one["orders"] else 0


def _held(one: Figures) -> int:
    total = one["orders"] + one["held"]
    return round(1000 * one["held"] / total) if total else 0
