"""Sheet (計算書): the figures of one order, and for each the values it may have, given the others.

spec/ecforce.md §15.3–15.4. `RULES` is the whole arithmetic, read from top to bottom: each figure from those above it.
Dangerous: a figure that the cart did not say is computed where it can be, and judged never.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import msgspec

from connector.order import Order, OrderLine, Yen
from connector.shop import Rounding

REDUCED, STANDARD = 8, 10  # percent
MOST_DEALS = 4096  # ways to deal unrated lines to the two rates; beyond that any deal is believed
FEES: Final = ("delivery_fee", "charge", "misc_fee")
BY_RATE: Final = {  # a whole and its parts per rate
    "subtotal": ("subtotal8", "subtotal10"),
    "discount": ("discount8", "discount10"),
    "points": ("points8", "points10"),
    "tax": ("tax8", "tax10"),
    "total": ("total8", "total10"),
}

Figures = dict[str, Yen]
Fits = Sequence[Yen]  # the values that are right, the likeliest first; none: it cannot be told


@dataclass(frozen=True, slots=True)
class Goods:
    """What the lines come to: per rate, and those whose rate is not said (tax_rate 0, §15.3)."""

    reduced: tuple[Yen, ...]
    standard: tuple[Yen, ...]
    unrated: tuple[Yen, ...]

    @classmethod
    def of(cls, lines: Iterable[OrderLine]) -> Goods:
        found: dict[int, list[Yen]] = {REDUCED: [], STANDARD: [], 0: []}
        for line in lines:
            if yen := line.unit_price * line.quantity:
                found.get(line.tax_rate, found[0]).append(yen)
        return cls(tuple(found[REDUCED]), tuple(found[STANDARD]), tuple(found[0]))

    @property
    def total(self) -> Yen:
        return sum(self.reduced) + sum(self.standard) + sum(self.unrated)

    def reduced_sums(self) -> set[Yen] | None:
        """Every sum that 8 % may have, by where the unrated lines go; None where there are too many to tell."""
        sums = {sum(self.reduced)}
        for yen in self.unrated:
            sums |= {known + yen for known in sums}
            if len(sums) > MOST_DEALS:
                return None
        return sums


@dataclass(frozen=True)
class Sheet:
    """One reading of an order: what is said, and whether its prices are without tax."""

    said: Figures
    goods: Goods
    exclusive: bool
    roundings: tuple[Rounding, ...]
    whole: bool = True  # an order, no single parcel of one

    @classmethod
    def readings(cls, order: Order, rounding: Rounding | None) -> list[Sheet]:
        """What the order may mean, the literal reading first.

        0 in both rates of a whole that is not 0 may mean "not split"; one wrong tax figure makes an order look
        tax-exclusive, or inclusive. Whoever judges believes the reading that leaves least unexplained.
        """
        amounts, whole = order.amounts, not order.parcel_of
        said = {name: yen for name, yen in msgspec.structs.asdict(amounts).items() if yen is not None}
        roundings = (rounding,) if rounding is not None and whole else tuple(Rounding)
        literal = cls(said, Goods.of(order.lines), amounts.tax > 0, roundings, whole)
        found = [literal]
        if unsplit := {part for whole, parts in BY_RATE.items() for part in parts if literal.unsplit(whole)}:
            rest = {name: yen for name, yen in said.items() if name not in unsplit}
            found.append(replace(literal, said=rest))
        if any(said[name] for name in ("tax", "tax8", "tax10")):
            found += [replace(sheet, exclusive=not sheet.exclusive) for sheet in found]
        return found

    def unsplit(self, whole: str) -> bool:
        return self.said[whole] != 0 and not any(self.said.get(part) for part in BY_RATE[whole])

    def with_figure(self, name: str, yen: Yen) -> Sheet:
        return replace(self, said=self.said | {name: yen})

    @cached_property
    def deals(self) -> set[Yen] | None:
        """What the goods at 8 % may come to, by where lines without a rate go; None where that cannot be told."""
        return self.goods.reduced_sums() if self.whole or not self.goods.unrated else None

    @cached_property
    def deal(self) -> tuple[Yen, Yen] | None:
        """Goods at 8 % and at 10 %, as the lines say; where they say no rate, as one of the two sums proves."""
        whole = self.goods.total
        if not self.goods.unrated:
            return sum(self.goods.reduced), sum(self.goods.standard)
        if "subtotal8" not in self.said or self.deals is None:
            return None
        proved = (self.said["subtotal8"], whole - self.said["subtotal10"])
        right = [yen for yen in dict.fromkeys(proved) if yen in self.deals]
        return (right[0], whole - right[0]) if len(right) == 1 else None

    def judge(self) -> tuple[Figures, tuple[tuple[str, Yen], ...]]:
        """All figures as they should be, and those among them that were said otherwise, roots only."""
        right = dict(self.said)
        return right, tuple(self._roots(right))

    def ties(self) -> bool:
        return next(self._roots(dict(self.said)), None) is None

    def _roots(self, right: Figures) -> Iterator[tuple[str, Yen]]:
        """What follows from another figure as that one was said is no root: it is wrong only by what is wrong there."""
        for name, rule in RULES.items():
            fits = rule(self, right)
            says = self.said.get(name)
            if not fits or says in fits:
                continue
            right[name] = fits[0] if says is None else min(fits, key=lambda yen: abs(yen - says))
            if says is not None and says not in rule(self, self.said):
                yield name, right[name]

    def tax(self, base: Yen, rate: int) -> Fits:
        """Once per rate and order, never per line (§15.4)."""
        return tuple(dict.fromkeys(rounded(base * rate, how) for how in self.roundings))


def rounded(hundredths: int, how: Rounding) -> Yen:
    match how:
        case Rounding.FLOOR:
            return hundredths // 100
        case Rounding.CEIL:
            return -(-hundredths // 100)
        case Rounding.HALF_UP:
            return (hundredths + 50) // 100


def fees(f: Figures) -> Yen:
    return sum(f[name] for name in FEES)


def discount_at(f: Figures, rate: int) -> Yen | None:
    """The discount on one rate's goods; None where the cart does not say and both rates have goods."""
    own, other = (f"discount{rate}", f"subtotal{REDUCED + STANDARD - rate}")
    if own in f:
        return f[own]
    if not f["discount"]:
        return 0
    if f.get(other) == 0:
        return f["discount"]
    return 0 if f.get(f"subtotal{rate}") == 0 else None


# --- the arithmetic -----------------------------------------------------------------------------------------


def _subtotal8(sheet: Sheet, f: Figures) -> Fits:
    if sheet.deal is not None:
        return (sheet.deal[0],)
    if "subtotal10" not in f:
        return ()
    rest = (sheet.goods.total - f["subtotal10"], f["subtotal"] - f["subtotal10"])
    if sheet.deals is None or rest[0] in sheet.deals:
        return rest
    return sorted(sheet.deals)  # no line proves either sum: whatever the lines can come to


def _subtotal10(sheet: Sheet, f: Figures) -> Fits:
    return () if sheet.deal is None else (sheet.deal[1],)


def _subtotal(sheet: Sheet, f: Figures) -> Fits:
    if sheet.deal is None or "subtotal8" not in f:
        return (sheet.goods.total,)
    return (f["subtotal8"] + f["subtotal10"],)


def _discount(sheet: Sheet, f: Figures) -> Fits:
    return _whole("discount", f)


def _points(sheet: Sheet, f: Figures) -> Fits:
    return _whole("points", f)


def _whole(name: str, f: Figures) -> Fits:
    reduced, standard = BY_RATE[name]
    return (f[reduced] + f[standard],) if reduced in f and standard in f else ()


def _tax8(sheet: Sheet, f: Figures) -> Fits:
    return _tax_of(sheet, f, REDUCED, 0)


def _tax10(sheet: Sheet, f: Figures) -> Fits:
    return _tax_of(sheet, f, STANDARD, fees(f))


def _tax_of(sheet: Sheet, f: Figures, rate: int, more: Yen) -> Fits:
    if not sheet.exclusive:
        return (0,)
    goods, discount = f.get(f"subtotal{rate}"), discount_at(f, rate)
    if goods is None:
        return ()
    if discount is not None:
        return sheet.tax(goods - discount + more, rate)
    # The discount lies somewhere between wholly here and wholly on the other rate.
    least, most = sheet.tax(goods - f["discount"] + more, rate), sheet.tax(goods + more, rate)
    return range(min(least), max(most) + 1)


def _tax(sheet: Sheet, f: Figures) -> Fits:
    if not sheet.exclusive:
        return (0,) if "tax8" not in f else (f["tax8"] + f["tax10"],)
    if "tax8" in sheet.said:
        return (f["tax8"] + f["tax10"],)
    if reduced := _tax8(sheet, f):
        standard = _tax10(sheet, f)
        return [one + other for one in reduced for other in standard]
    base = f["subtotal"] - f["discount"] + fees(f)
    return range(min(sheet.tax(base, REDUCED)), max(sheet.tax(base, STANDARD)) + 1)


def _total8(sheet: Sheet, f: Figures) -> Fits:
    return _total_of(sheet, f, REDUCED, 0) or _rest_of_total(f, "total10")


def _total10(sheet: Sheet, f: Figures) -> Fits:
    return _total_of(sheet, f, STANDARD, fees(f))


def _total_of(sheet: Sheet, f: Figures, rate: int, more: Yen) -> Fits:
    goods, tax, discount = f.get(f"subtotal{rate}"), f.get(f"tax{rate}"), discount_at(f, rate)
    return () if goods is None or tax is None or discount is None else (goods - discount + tax + more,)


def _rest_of_total(f: Figures, other: str) -> Fits:
    return (gross(f) - f["adjustment"] - f[other],) if other in f else ()


def gross(f: Figures) -> Yen:
    """合計 before points, from the order's parts."""
    return f["subtotal"] - f["discount"] + f["tax"] + fees(f) + f["adjustment"]


def _total(sheet: Sheet, f: Figures) -> Fits:
    fits = [gross(f)]
    if "total8" in f and "total10" in f:
        fits.append(f["total8"] + f["total10"] + f["adjustment"])
    # Whether 合計 stands before or after points is not public (§12): after them is right, too, where they are then
    # taken off no second time.
    net = [yen - f["points"] for yen in fits if f["payable"] == yen - f["points"]]
    return fits + net


def _payable(sheet: Sheet, f: Figures) -> Fits:
    once = f["total"] - f["points"]
    is_net = f["total"] == gross(f) - f["points"]
    return (f["total"], once) if is_net else (once,)


Rule = Callable[[Sheet, Figures], Fits]
RULES: Final[dict[str, Rule]] = {
    "subtotal8": _subtotal8,
    "subtotal10": _subtotal10,
    "subtotal": _subtotal,
    "discount": _discount,
    "points": _points,
    "tax8": _tax8,
    "tax10": _tax10,
    "tax": _tax,
    "total8": _total8,
    "total10": _total10,
    "total": _total,
    "payable": _payable,
}
