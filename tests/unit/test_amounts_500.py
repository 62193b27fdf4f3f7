"""500 constructed orders, counted by a calculator of its own: clean ones tie, every seeded yen is found and named.

The calculator here shares nothing with the product: it counts in fractions and rounds with `decimal`.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from connector.amounts import Difference, differences
from connector.order import Amounts, Order, OrderLine
from connector.shop import Rounding
from msgspec.structs import asdict, replace

from tests.unit.world import an_order

pytestmark = pytest.mark.timeout(300)  # 15,000 judgements, and as many searches for another culprit
SEED = 20261126
CASES = 500
HOW = {Rounding.FLOOR: ROUND_FLOOR, Rounding.CEIL: ROUND_CEILING, Rounding.HALF_UP: ROUND_HALF_UP}
FAMILIES = {
    "discount": ("discount8", "discount10"),
    "points": ("points8", "points10"),
    "total": ("total8", "total10"),
}
DERIVED = {
    "subtotal8", "subtotal10", "subtotal", "discount", "points",
    "tax8", "tax10", "tax", "total8", "total10", "total", "payable",
}  # fmt: skip


@dataclass
class Case:
    """An order, the shop's rounding, and what the cart leaves unsaid."""

    order: Order
    rounding: Rounding
    exclusive: bool
    unsaid: frozenset[str] = field(default_factory=frozenset)

    @property
    def figures(self) -> dict[str, int]:
        return {name: yen for name, yen in asdict(self.order.amounts).items() if yen is not None}

    def with_figure(self, name: str, yen: int) -> Order:
        return replace(self.order, amounts=replace(self.order.amounts, **{name: yen}))

    def judge(self, order: Order) -> tuple[Difference, ...]:
        return differences(order, self.rounding)


def a_case(rng: random.Random) -> Case:
    exclusive, rounding = rng.random() < 0.5, rng.choice(list(Rounding))
    goods = [
        (rng.randint(11, 9_800), rng.choice((1, 1, 1, 2, 3, 7, 12)), rng.choice((8, 10)))
        for _ in range(rng.randint(1, 5))
    ]
    figures = counted(goods, rng, exclusive=exclusive, how=HOW[rounding])
    inserts = [(0, rng.randint(1, 2), rng.choice((0, 8, 10))) for _ in range(rng.choice((0, 0, 1, 2)))]
    unsaid = {name for name in FAMILIES if rng.random() < 0.15}
    if rng.random() < 0.25:
        unsaid.add("rates")
        silent = rng.randint(1, len(goods))
        goods = [(price, n, 0 if place < silent else rate) for place, (price, n, rate) in enumerate(goods)]
    lines = [
        OrderLine(
            line_id=place,
            sku=f"S-{place}",
            product_number="P",
            name="見本",
            unit_price=price,
            quantity=n,
            tax_rate=rate,
            insert=price == 0,
        )
        for place, (price, n, rate) in enumerate(goods + inserts)
    ]
    rng.shuffle(lines)
    for name in unsaid & set(FAMILIES):
        figures |= dict.fromkeys(FAMILIES[name], None)
    order = replace(an_order(), lines=tuple(lines), amounts=Amounts(**figures))
    return Case(order, rounding, exclusive, frozenset(unsaid))


def counted(goods: list[tuple[int, int, int]], rng: random.Random, *, exclusive: bool, how: str) -> Any:
    """All figures by spec/ecforce.md §15.4, in fractions of a yen until the one rounding per rate."""
    sub = {rate: sum(price * n for price, n, of in goods if of == rate) for rate in (8, 10)}
    whole = sub[8] + sub[10]
    coupon = rng.choice((0, 0, 0, whole // 10, min(whole, 500), rng.randint(2, max(2, whole // 3))))
    off = dealt(coupon, sub, rng.choice(("pro rata", "high first", "low first")))
    fees = {
        "delivery_fee": rng.choice((0, 0, 480, 550, 1650)),
        "charge": rng.choice((0, 0, 250, 330)),
        "misc_fee": rng.choice((0, 0, 0, 200, 77)),
    }
    base = {8: Decimal(sub[8] - off[8]), 10: Decimal(sub[10] - off[10] + sum(fees.values()))}
    tax = {
        rate: int((base[rate] * rate / 100).quantize(Decimal(1), rounding=how)) if exclusive else 0
        for rate in (8, 10)
    }
    adjustment = rng.choice((0, 0, 0, -38, -3, 40, 100))
    total = {rate: int(base[rate]) + tax[rate] for rate in (8, 10)}
    all_in = max(0, total[8] + total[10] + adjustment)
    adjustment = all_in - total[8] - total[10]
    point = rng.choice((0, 0, min(all_in, 300), rng.randint(0, all_in // 2), all_in))
    point = 0 if point < 10 else point
    points = dealt(point, total, "pro rata")
    return {
        "subtotal": whole, "subtotal8": sub[8], "subtotal10": sub[10],
        "discount": coupon, "discount8": off[8], "discount10": off[10],
        "points": point, "points8": points[8], "points10": points[10],
        **fees, "adjustment": adjustment,
        "tax": tax[8] + tax[10], "tax8": tax[8], "tax10": tax[10],
        "total": all_in, "total8": total[8], "total10": total[10],
        "payable": all_in - point,
    }  # fmt: skip


def dealt(yen: int, over: dict[int, int], way: str) -> dict[int, int]:
    """割引減算ロジック: 按分, high rate first, low rate first; never more on a rate than it has."""
    whole = over[8] + over[10]
    if not whole:
        return {8: 0, 10: 0}
    match way:
        case "pro rata":
            reduced = yen * over[8] // whole
        case "high first":
            reduced = max(0, yen - over[10])
        case _:
            reduced = min(yen, over[8])
    reduced = max(min(reduced, over[8]), yen - over[10])
    return {8: reduced, 10: yen - reduced}


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    rng = random.Random(SEED)
    return [a_case(rng) for _ in range(CASES)]


def test_the_cases_are_of_every_kind(cases: list[Case]) -> None:
    def share(wish: Any) -> int:
        return sum(bool(wish(case)) for case in cases)

    kinds = {
        "exclusive": share(lambda case: case.exclusive),
        "inclusive": share(lambda case: not case.exclusive),
        "both rates": share(lambda case: case.order.amounts.subtotal8 and case.order.amounts.subtotal10),
        "coupon": share(lambda case: case.order.amounts.discount),
        "points": share(lambda case: case.order.amounts.points),
        "paid by points alone": share(lambda case: not case.order.amounts.payable),
        "adjustment": share(lambda case: case.order.amounts.adjustment),
        "fees": share(lambda case: case.order.amounts.delivery_fee or case.order.amounts.charge),
        "inserts": share(lambda case: any(line.insert for line in case.order.lines)),
        "rates unsaid": share(lambda case: "rates" in case.unsaid),
        "figures unsaid": share(lambda case: case.unsaid - {"rates"}),
    }
    print(f"\n{CASES} cases, seed {SEED}: " + ", ".join(f"{name} {count}" for name, count in kinds.items()))
    assert all(count >= 10 for count in kinds.values()), kinds


def test_none_is_invented(cases: list[Case]) -> None:
    invented = [(n, case.judge(case.order)) for n, case in enumerate(cases)]
    invented += [(n, differences(case.order)) for n, case in enumerate(cases)]
    print(f"\nclean: {CASES} cases, {sum(bool(found) for _, found in invented)} differences")
    assert [(n, found) for n, found in invented if found] == []


def test_every_seeded_yen_is_found_and_its_figure_named(cases: list[Case]) -> None:
    """A derived figure is named itself. A given one (a fee) may hide behind the figure that was counted from it."""
    seeded, first, beside = Counter[str](), Counter[str](), Counter[str]()
    wrong = []
    for n, case in enumerate(cases):
        for name, yen in case.figures.items():
            for off in (1, -1):
                if yen + off < 0 and name != "adjustment":
                    continue
                seeded[name] += 1
                found = case.judge(case.with_figure(name, yen + off))
                one = found[0] if len(found) == 1 else None
                first[name] += one is not None and one.field == name
                beside[name] += one is not None and name in one.or_else
                exact = name in DERIVED and not case.unsaid
                if one is None or name not in (one.field, *(() if exact else one.or_else)):
                    wrong.append((n, name, off, found))
    told = first + beside
    print(f"\nseeded ±1 yen: {sum(seeded.values())}, found and named: {sum(told.values())},", end=" ")
    print(f"of them in the first place: {sum(first.values())}")
    print("in the first place: " + ", ".join(f"{name} {first[name]}/{seeded[name]}" for name in seeded))
    assert wrong == []


def test_every_seeded_yen_in_a_line_is_found(cases: list[Case]) -> None:
    seeded, unseen = 0, []
    for n, case in enumerate(cases):
        for place, line in enumerate(case.order.lines):
            for off in (1, -1):
                if line.insert:
                    continue
                seeded += 1
                changed = replace(line, unit_price=line.unit_price + off)
                lines = (*case.order.lines[:place], changed, *case.order.lines[place + 1 :])
                found = case.judge(replace(case.order, lines=lines))
                if len(found) != 1 or not found[0].field.startswith("subtotal"):
                    unseen.append((n, line, off, found))
    print(f"\nseeded ±1 yen in a unit price: {seeded}, found {seeded - len(unseen)}")
    assert unseen == []
