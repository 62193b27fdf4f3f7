"""Stock (在庫) by lot: what lies on the shelf and what is reserved (引当) for slips."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class StockItem:
    """A delivery into the warehouse: so many pieces of one lot."""

    sku: str
    quantity: int
    name: str = ""
    lot: str = ""
    expires_on: date | None = None


@dataclass(slots=True)
class Lot:
    """One lot on the shelf. Always 0 <= reserved <= good."""

    sku: str
    lot: str
    expires_on: date | None
    good: int = 0
    reserved: int = 0

    @property
    def free(self) -> int:
        return self.good - self.reserved


@dataclass(slots=True)
class Taken:
    """Pieces of one lot reserved for one line."""

    lot: Lot
    quantity: int


@dataclass(slots=True)
class Shelf:
    """All lots of one article, first expiring first, and the totals that must tie."""

    name: str = ""
    lots: list[Lot] = field(default_factory=list)
    arrived: int = 0
    shipped: int = 0


class Stock:
    """The shelves of the warehouse, by 商品コード."""

    def __init__(self) -> None:
        self._shelves: dict[str, Shelf] = {}

    def __contains__(self, sku: str) -> bool:
        return sku in self._shelves

    def __iter__(self) -> Iterator[Lot]:
        return (lot for shelf in self._shelves.values() for lot in shelf.lots)

    def put(self, items: Iterable[StockItem]) -> None:
        """Goods arrive (入荷). An article with quantity 0 is thereby known (商品登録)."""
        for item in items:
            shelf = self._shelves.setdefault(item.sku, Shelf())
            shelf.name = item.name or shelf.name
            lot = self._lot(shelf, item)
            lot.good += item.quantity
            shelf.arrived += item.quantity

    def _lot(self, shelf: Shelf, item: StockItem) -> Lot:
        for lot in shelf.lots:
            if (lot.lot, lot.expires_on) == (item.lot, item.expires_on):
                return lot
        lot = Lot(item.sku, item.lot, item.expires_on)
        shelf.lots.append(lot)
        shelf.lots.sort(key=lambda each: (each.expires_on or date.max, each.lot))
        return lot

    def set_free(self, sku: str, quantity: int) -> None:
        """Stock-taking: so many pieces are free now, in the last lot; reserved ones stay."""
        shelf = self._shelves.setdefault(sku, Shelf())
        for lot in shelf.lots:
            shelf.arrived -= lot.free
            lot.good = lot.reserved
        last = shelf.lots[-1] if shelf.lots else self._lot(shelf, StockItem(sku, 0))
        last.good += quantity
        shelf.arrived += quantity

    def free(self, sku: str) -> int:
        shelf = self._shelves.get(sku)
        return sum(lot.free for lot in shelf.lots) if shelf else 0

    def reserve(self, sku: str, quantity: int, lot_wish: str = "") -> list[Taken]:
        """Reserve up to `quantity`, first expiring first; fewer where the shelf holds fewer."""
        taken: list[Taken] = []
        for lot in self._shelves[sku].lots:
            if quantity == 0:
                break
            if lot_wish and lot.lot != lot_wish:
                continue
            pieces = min(lot.free, quantity)
            if pieces:
                lot.reserved += pieces
                quantity -= pieces
                taken.append(Taken(lot, pieces))
        return taken

    def release(self, taken: Iterable[Taken]) -> None:
        for each in taken:
            each.lot.reserved -= each.quantity

    def ship(self, taken: Iterable[Taken]) -> None:
        for each in taken:
            each.lot.reserved -= each.quantity
            each.lot.good -= each.quantity
            self._shelves[each.lot.sku].shipped += each.quantity

    def differences(self) -> list[str]:
        """What does not tie, one sentence each; empty when all is well."""
        found = [
            f"stock of {lot.sku} lot {lot.lot or '-'}: good {lot.good}, reserved {lot.reserved}"
            for lot in self
            if not 0 <= lot.reserved <= lot.good
        ]
        for sku, shelf in self._shelves.items():
            lying = sum(lot.good for lot in shelf.lots)
            if lying != shelf.arrived - shelf.shipped:
                found.append(f"stock of {sku}: {lying} lie there, {shelf.arrived} came, {shelf.shipped} left")
        return found
