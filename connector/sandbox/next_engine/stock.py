"""Stock (在庫・引当): what is free is promised to rows at intake, and to waiting rows in order of arrival.

A goods code that the master does not know is never allocated. spec/next_engine.md §4.3, §5.2.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from connector.adapters.next_engine import wire
from connector.sandbox.next_engine.books import Books
from connector.sandbox.next_engine.model import Goods, Row, Slip

_Place = tuple[int, int]


class Stock:
    """Shelves and promises."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self.goods: dict[str, Goods] = {}
        self._waiting: dict[str, dict[_Place, tuple[Slip, Row]]] = defaultdict(dict)

    def stock_goods(self, goods: Iterable[Goods]) -> None:
        """Put goods into the master; promises already made to slips stay."""
        for each in goods:
            known = self.goods.get(each.sku)
            each.allocated = known.allocated if known else 0
            self.goods[each.sku] = each
            self._share(each.sku)

    def allocate(self, slip: Slip) -> None:
        """引当: give each live row what is free, partly if need be; the rest waits."""
        for row in slip.live_rows:
            self._take(slip, row)

    def release(self, slip: Slip, *, share: bool = True) -> None:
        """引当解除: what the slip held goes to whoever waits longest."""
        held = {row.goods_id for row in slip.rows}
        for row in slip.rows:
            self.let_go(slip, row)
        if share:
            self.share(held)

    def settle(self, slip: Slip, row: Row) -> None:
        """The row's quantity, goods or cancel flag changed: promise again what it needs."""
        self.let_go(slip, row)
        if row.live:
            self._take(slip, row)
        self._share(row.goods_id)

    def share(self, skus: Iterable[str]) -> None:
        for sku in sorted(set(skus)):
            self._share(sku)

    def add(self, sku: str, quantity: int) -> Goods:
        """入荷."""
        goods = self.goods.get(sku)
        if goods is None:
            raise LookupError(f"no goods {sku}")
        goods.stock += quantity
        self._share(sku)
        return goods

    def ship(self, slip: Slip) -> None:
        """Promised pieces leave the shelf; the rows keep their 引当数 as a record."""
        for row in slip.rows:
            self._waiting[row.goods_id].pop((slip.number, row.no), None)
            goods = self.goods.get(row.goods_id)
            if goods is not None:
                goods.stock -= row.allocated
                goods.allocated -= row.allocated

    def take_back(self, slip: Slip) -> None:
        """出荷確定取消: the pieces are on the shelf again, still promised to this slip."""
        for row in slip.rows:
            goods = self.goods.get(row.goods_id)
            if goods is not None:
                goods.stock += row.allocated
                goods.allocated += row.allocated

    def adopt(self, slip: Slip) -> None:
        """A slip put into the books with promises of its own: free stock stays what it was."""
        for row in slip.rows:
            goods = self.goods.get(row.goods_id)
            if goods is not None:
                goods.stock += row.allocated
                goods.allocated += row.allocated
            if row.live and row.allocated < row.quantity and goods is not None:
                self._waiting[row.goods_id][slip.number, row.no] = (slip, row)

    def rehome(self, row: Row, came_from: _Place, slip: Slip) -> None:
        """The row now belongs to another slip (同梱, 分割); so does its place in the queue."""
        if self._waiting[row.goods_id].pop(came_from, None) is not None:
            self._waiting[row.goods_id][slip.number, row.no] = (slip, row)

    def _take(self, slip: Slip, row: Row) -> None:
        goods = self.goods.get(row.goods_id)
        if goods is None:
            return
        place = (slip.number, row.no)
        given = min(max(goods.free, 0), row.quantity - row.allocated)
        if given > 0:
            goods.allocated += given
            self._write(row, row.allocated + given)
            self._books.stirred(slip)
        if row.allocated < row.quantity:
            self._waiting[row.goods_id][place] = (slip, row)
        else:
            self._waiting[row.goods_id].pop(place, None)

    def let_go(self, slip: Slip, row: Row) -> None:
        """Before a row gets another goods code: take its promise back without giving it to anybody yet."""
        self._waiting[row.goods_id].pop((slip.number, row.no), None)
        goods = self.goods.get(row.goods_id)
        if goods is not None:
            goods.allocated -= row.allocated
        if row.allocated:
            self._write(row, 0)

    def _share(self, sku: str) -> None:
        goods = self.goods.get(sku)
        if goods is None:
            return
        waiting = self._waiting[sku]
        for place in sorted(waiting):
            if goods.free <= 0:
                return
            slip, row = waiting[place]
            self._take(slip, row)

    def _write(self, row: Row, allocated: int) -> None:
        now = self._books.stamp()
        row.fields[wire.ROW_ALLOCATED] = str(allocated)
        row.fields[wire.ROW_ALLOCATED_AT] = now if allocated else None
        row.fields[wire.ROW_MODIFIED_AT] = now
