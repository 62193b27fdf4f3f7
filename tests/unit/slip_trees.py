"""Slip trees (伝票の分割・同梱の全て): every way goods of a few orders can end in parcels, and how a person gets there.

A tree is the list of its parcels; a parcel says how many parts of each order lie in it: `((1, 0), (1, 2))` are two
orders of which the first was split, and one part of it bundled with all of the second.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Protocol

from connector.order import Order, OrderLine
from connector.slip import MERGED, NEStatus, Slip, SlipRow
from msgspec.structs import replace

from tests.unit.fakes import FakeNextEngine
from tests.unit.world import HandClock, World

Tree = tuple[tuple[int, ...], ...]
Part = tuple[str, int]  # an order's number, which of its parts

WAYS = ("splits first", "bundles first", "parcel by parcel")
SHAPES = ("into the first", "into the last", "hand to hand")  # A→C, B→C; C→A, B→A; A→B→C


@cache
def all_trees(orders: int, parcels: int) -> tuple[Tree, ...]:
    """Up to so many orders of up to so many parcels each; trees that only swap orders count once."""
    found: list[Tree] = []
    for count in range(1, orders + 1):
        for parts in itertools.combinations_with_replacement(range(1, parcels + 1), count):
            found += sorted(_different(_dealt(parts, parts), parts))
    return tuple(found)


def _dealt(left: tuple[int, ...], most: tuple[int, ...]) -> Iterator[Tree]:
    if not any(left):
        yield ()
        return
    for parcel in itertools.product(*(range(n + 1) for n in left)):
        if any(parcel) and parcel <= most:
            rest = tuple(n - taken for n, taken in zip(left, parcel, strict=True))
            for others in _dealt(rest, parcel):
                yield (parcel, *others)


def _different(trees: Iterable[Tree], parts: tuple[int, ...]) -> Iterator[Tree]:
    """Of trees that become each other by swapping orders of as many parts, the least."""
    swaps = [
        swap for swap in itertools.permutations(range(len(parts))) if tuple(parts[n] for n in swap) == parts
    ]
    met: set[Tree] = set()
    for tree in trees:
        if tree not in met:
            kin = {
                tuple(sorted((tuple([one[n] for n in swap]) for one in tree), reverse=True)) for swap in swaps
            }
            met |= kin
            yield min(kin)


def parts_of(tree: Tree) -> list[int]:
    """How many parts each order has."""
    return [sum(column) for column in zip(*tree, strict=True)]


def lines_of(order: Order, parts: int) -> Order:
    """The order with so many lines of one piece each: a part is a line."""
    lines = tuple(
        OrderLine(
            line_id=n,
            sku=sku_of((order.number, n)),
            product_number=f"P-{n}",
            name="見本",
            unit_price=1100,
            quantity=1,
            tax_rate=10,
        )
        for n in range(parts)
    )
    yen = 1100 * parts
    amounts = replace(order.amounts, subtotal=yen, subtotal10=yen, total=yen, payable=yen)
    return replace(order, lines=lines, amounts=amounts)


def sku_of(part: Part) -> str:
    return f"{part[0]}/{part[1]}"


def part_of(row: SlipRow) -> Part:
    number, _, n = row.sku.partition("/")
    return number, int(n)


class Hands(Protocol):
    """What a tree asks of whoever grows it: these screens, or the town's."""

    def slip(self, number: str) -> Any: ...
    def take(self, number: str) -> str: ...
    def parts(self, number: str) -> set[Part]: ...
    def split(self, number: str, parts: set[Part]) -> str: ...
    def bundle(self, into: str, absorbed: str) -> None: ...


@dataclass
class Desk:
    """A person at Next Engine's screens: what the screens allow, with the links and rows that NE leaves behind."""

    ne: FakeNextEngine
    clock: HandClock
    may_hold: dict[str, set[str]] = field(default_factory=dict)  # slip -> orders that could be in it
    acts: list[str] = field(default_factory=list)
    pages: list[list[Slip]] = field(default_factory=list)  # what each act changed, as it was then

    def slip(self, number: str) -> Slip:
        return self.ne.slips_held[number]

    def parts(self, number: str) -> set[Part]:
        return {part_of(row) for row in self.slip(number).rows if not row.cancelled}

    def take(self, number: str) -> str:
        """A slip as it is, before anybody touched it."""
        self.may_hold[number] = {self.slip(number).order_number}
        self.pages.append([self.slip(number)])
        return number

    def split(self, number: str, parts: set[Part]) -> str:
        """分割: these parts leave for a new slip of the same order number."""
        slip = self.slip(number)
        leaving = tuple(row for row in slip.rows if part_of(row) in parts)
        staying = tuple(row for row in slip.rows if part_of(row) not in parts)
        assert leaving and staying and slip.live and slip.status in (NEStatus.OPEN, NEStatus.PRINT_WAIT)
        rows = tuple(replace(row, no=n) for n, row in enumerate(leaving, 1))
        new = self.ne.open(
            slip.order_number,
            slip.status,
            rows=rows,
            split_from=number,
            name=slip.name,
            address1=slip.address1,
            prepayment=slip.prepayment,
            instruct_at=slip.instruct_at,
            created_at=self._tick(),
        )
        self.ne.edit(number, rows=staying)
        self.may_hold[new.number] = set(self.may_hold[number])
        self._note(f"split {number} -> {new.number}", number, new.number)
        return new.number

    def bundle(self, into: str, absorbed: str) -> None:
        """同梱: all rows of one slip go into the other, and say where they came from."""
        target, source = self.slip(into), self.slip(absorbed)
        assert target.live and source.live and into != absorbed
        highest = max((row.no for row in target.rows), default=0)
        coming = tuple(
            replace(row, no=highest + n, from_slip=absorbed, from_row=row.no)
            for n, row in enumerate((row for row in source.rows if not row.cancelled), 1)
        )
        self.ne.edit(into, rows=(*target.rows, *coming))
        gone = tuple(replace(row, cancelled=True) for row in source.rows)
        self.ne.edit(absorbed, rows=gone, cancel_type=MERGED, merged_into=into, cancelled_at=self._tick())
        self.may_hold[into] |= self.may_hold[absorbed]
        self._note(f"bundle {absorbed} into {into}", into, absorbed)

    def copy(self, number: str, order_number: str = "") -> str:
        """複写: a second slip with the same rows, unpaid and not yet printed."""
        slip = self.slip(number)
        new = self.ne.open(
            order_number or slip.order_number,
            NEStatus.OPEN,
            rows=slip.rows,
            copied_from=number,
            created_at=self._tick(),
        )
        self.may_hold[new.number] = set(self.may_hold[number])
        self._note(f"copy {number} -> {new.number}", new.number)
        return new.number

    def cancel(self, number: str, cancel_type: str = "1") -> None:
        self.ne.edit(number, cancel_type=cancel_type, cancelled_at=self._tick())
        self._note(f"cancel {number}", number)

    def unship(self, number: str) -> None:
        assert self.slip(number).status == NEStatus.SHIPPED
        self.ne.edit(number, status=NEStatus.PRINTED, shipped_at=None)
        self._tick()
        self._note(f"unship {number}", number)

    def ship(self, number: str, tracking: str) -> None:
        self.ne.edit(number, status=NEStatus.SHIPPED, shipped_at=self._tick(), tracking=tracking)
        self._note(f"ship {number}", number)

    def _note(self, act: str, *touched: str) -> None:
        self.acts.append(act)
        self.pages.append([self.slip(number) for number in touched])

    def _tick(self) -> datetime:
        self.clock.set_to(self.clock.now() + timedelta(seconds=1))
        return self.clock.now()


@dataclass
class Grower:
    """Makes one tree out of one slip per order, the way a person could."""

    desk: Hands
    tree: Tree
    slips: list[str]  # of each order, its slip
    shape: str

    def __post_init__(self) -> None:
        self.numbers = [self.desk.slip(self.desk.take(number)).order_number for number in self.slips]
        taken = [0] * len(self.slips)
        self.parcels: list[set[Part]] = []  # what shall lie in each
        for parcel in self.tree:
            inside: set[Part] = set()
            for n, count in enumerate(parcel):
                inside |= {(self.numbers[n], taken[n] + k) for k in range(count)}
                taken[n] += count
            self.parcels.append(inside)

    def grow(self, way: str) -> list[str]:
        """The slips of the parcels, in the order of the tree."""
        made = {WAYS[0]: self._splits_first, WAYS[1]: self._bundles_first, WAYS[2]: self._one_by_one}[way]()
        for number, inside in zip(made, self.parcels, strict=True):
            assert self.desk.parts(number) == inside, (self.tree, way, self.shape)
        return made

    def _splits_first(self) -> list[str]:
        pieces: list[list[str]] = [[] for _ in self.tree]
        for n, slip in enumerate(self.slips):
            concerned = [place for place, parcel in enumerate(self.tree) if parcel[n]]
            for place in concerned[1:]:
                pieces[place].append(self.desk.split(slip, self._mine(place, n)))
            pieces[concerned[0]].append(slip)
        return [self._together(slips) for slips in pieces]

    def _bundles_first(self) -> list[str]:
        made: dict[int, str] = {}
        for members in self._components():
            whole = self._together([self.slips[n] for n in sorted(members)])
            places = [place for place, parcel in enumerate(self.tree) if any(parcel[n] for n in members)]
            for place in places[1:]:
                made[place] = self.desk.split(whole, self.parcels[place])
            made[places[0]] = whole
        return [made[place] for place in range(len(self.tree))]

    def _one_by_one(self) -> list[str]:
        made = []
        for place, parcel in enumerate(self.tree):
            pieces = []
            for n in (n for n, count in enumerate(parcel) if count):
                wanted = self._mine(place, n)
                whole = self.desk.parts(self.slips[n]) == wanted
                pieces.append(self.slips[n] if whole else self.desk.split(self.slips[n], wanted))
            made.append(self._together(pieces))
        return made

    def _mine(self, place: int, n: int) -> set[Part]:
        return {part for part in self.parcels[place] if part[0] == self.numbers[n]}

    def _together(self, slips: list[str]) -> str:
        first, last = slips[0], slips[-1]
        if self.shape == SHAPES[0]:
            for other in slips[1:]:
                self.desk.bundle(first, other)
            return first
        if self.shape == SHAPES[1]:
            for other in slips[:-1]:
                self.desk.bundle(last, other)
            return last
        for one, following in itertools.pairwise(slips):
            self.desk.bundle(following, one)
        return last

    def _components(self) -> list[set[int]]:
        """Orders that share a parcel, directly or through others."""
        groups: list[set[int]] = []
        for parcel in self.tree:
            here = {n for n, count in enumerate(parcel) if count}
            touching = [group for group in groups if group & here]
            groups = [group for group in groups if not group & here] + [here.union(*touching)]
        return groups


def touched(w: World, *slips: str) -> Desk:
    """A desk at this world's Next Engine, with these slips in hand."""
    desk = Desk(w.ne, w.clock)
    for slip in slips:
        desk.take(slip)
    return desk
