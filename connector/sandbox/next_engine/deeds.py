"""Deeds (伝票操作): what can be done to a slip, by a call of the API or by a person at the screen alike.

A deed does not ask whether it is allowed: `writes.py` (for the API) and `operator.py` (for people) do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from connector.adapters.next_engine import wire
from connector.sandbox.next_engine.books import Books
from connector.sandbox.next_engine.fields import money
from connector.sandbox.next_engine.letters import Letters
from connector.sandbox.next_engine.model import Row, Slip
from connector.sandbox.next_engine.parcels import PARENT, PARENT_FLAG, ROW_PARENT, Parcel
from connector.sandbox.next_engine.stock import Stock

_ADDED_UP = (wire.GOODS_AMOUNT, wire.TAX, wire.OTHER)  # 同梱 keeps one delivery fee and one charge
_EMPTIED = (*_ADDED_UP, wire.POINT, wire.DELIVERY_FEE, wire.CHARGE, wire.TOTAL, wire.DEPOSIT_AMOUNT)


class Deeds:
    """Everything that changes one slip or makes one out of another."""

    def __init__(self, books: Books, stock: Stock, letters: Letters) -> None:
        self._books, self._stock, self._letters = books, stock, letters

    def cancel(self, slip: Slip, cancel_type: str, by: str) -> None:
        """キャンセル. Promised stock goes to others, unless the slip has been shipped (§4.3)."""
        slip.fields[wire.CANCEL_TYPE] = cancel_type
        slip.fields[wire.CANCELLED_AT] = self._books.stamp()
        if slip.status != wire.STATUS_SHIPPED:
            self._stock.release(slip)
            for row in slip.rows:
                row.fields[wire.ROW_CANCELLED] = "1"
        self._books.touch(slip)
        self._books.history.add(
            "cancelled",
            slip.number,
            order=slip.order_number,
            cancel_type=cancel_type,
            by=by,
            status=slip.status,
        )

    def revive(self, slip: Slip, *, with_rows: bool) -> None:
        """Back to 有効な受注; the rows follow only when asked (§3.3)."""
        slip.fields[wire.CANCEL_TYPE] = wire.NOT_CANCELLED
        slip.fields[wire.CANCELLED_AT] = None
        if with_rows and slip.status != wire.STATUS_SHIPPED:
            for row in slip.rows:
                row.fields[wire.ROW_CANCELLED] = "0"
            self._stock.allocate(slip)
        self._books.touch(slip)
        self._books.history.add("revived", slip.number, order=slip.order_number)

    def ship(self, slip: Slip, by: str) -> None:
        """出荷確定."""
        self._stock.ship(slip)
        slip.fields[wire.SENT_AT] = self._books.stamp()
        self._books.move(slip, wire.STATUS_SHIPPED, "出荷確定")
        self._books.history.add(
            "shipped", slip.number, order=slip.order_number, tracking=slip.fields[wire.TRACKING], by=by
        )
        self._letters.write(slip, wire.MAIL_SHIPPED)
        self._close_parent(slip)

    def unship(self, slip: Slip) -> None:
        """出荷確定取消: 50 → 40."""
        self._stock.take_back(slip)
        slip.fields[wire.SENT_AT] = None
        self._books.move(slip, wire.STATUS_PRINTED, "出荷確定取消")
        self._books.history.add("unshipped", slip.number, order=slip.order_number)
        self._letters.recall(slip, wire.MAIL_SHIPPED)
        parent = self._parent(slip)
        if parent is not None and parent.status == wire.STATUS_SHIPPED:
            parent.fields[wire.SENT_AT] = None
            self._books.move(parent, wire.STATUS_PRINTED, "子伝票の出荷確定取消")

    def print(self, slip: Slip, by: str, label_flag: str | None = None) -> None:
        """納品書印刷済: → 40."""
        slip.fields[wire.PRINTED_AT] = self._books.stamp()
        if label_flag is not None:
            slip.fields[wire.LABEL_PRINT_FLAG] = label_flag
        self._books.move(slip, wire.STATUS_PRINTED, "納品書印刷済")
        self._books.history.add("printed", slip.number, order=slip.order_number, by=by)

    def label(self, slip: Slip, flag: str) -> None:
        slip.fields[wire.LABEL_PRINT_FLAG] = flag
        if flag == wire.LABEL_ISSUED:
            slip.fields[wire.LABEL_PRINTED_AT] = self._books.stamp()
        self._books.touch(slip)

    def bundle(self, into: Slip, absorbed: Slip) -> None:
        """同梱: the absorbed slip's rows and money go into the survivor; its rows keep where they came from."""
        for row in absorbed.live_rows:
            moved = Row({**row.fields, wire.ROW_NO: None})
            moved.fields[wire.ROW_BUNDLED_FROM_SLIP] = str(absorbed.number)
            moved.fields[wire.ROW_BUNDLED_FROM_ROW] = str(row.no)
            into.add_row(moved)
            self._stock.rehome(moved, (absorbed.number, row.no), into)
            row.fields[wire.ROW_CANCELLED], row.fields[wire.ROW_ALLOCATED] = "1", "0"
        for name in (*_ADDED_UP, wire.POINT):
            into.fields[name] = money(into.amount(name) + absorbed.amount(name))
        self._add_up(into)
        into.fields[wire.BUNDLE_CANDIDATE] = str(absorbed.number)
        for name in _EMPTIED:
            absorbed.fields[name] = money(0)
        absorbed.fields[wire.BUNDLED_INTO] = str(into.number)
        absorbed.fields[wire.PRINT_ON] = None
        self._books.touch(into)
        self.cancel(absorbed, wire.CANCELLED_BUNDLED, "同梱")
        self._books.history.add("bundled", absorbed.number, into=into.number, order=absorbed.order_number)

    def strike(self, slip: Slip, nos: Iterable[int]) -> None:
        """明細キャンセル: these rows stay visible, ship no more and cost nothing; their stock goes to others."""
        struck = [row for row in slip.live_rows if row.no in set(nos)]
        for row in struck:
            row.fields[wire.ROW_CANCELLED] = "1"
            self._stock.settle(slip, row)
        gone = sum((row.sub_total for row in struck), Decimal(0))
        slip.fields[wire.GOODS_AMOUNT] = money(slip.amount(wire.GOODS_AMOUNT) - gone)
        self._add_up(slip)
        self._books.touch(slip)
        rows = [row.no for row in struck]
        self._books.history.add("rows_struck", slip.number, rows=rows, order=slip.order_number)

    def split(self, slip: Slip, quantities: Mapping[int, int]) -> Slip:
        """分割: so many pieces of these rows go to a new slip of the same order, which starts at 起票済."""
        rows = [self._cut(slip, no, quantity) for no, quantity in quantities.items()]
        goods = sum((row.sub_total for row in rows), Decimal(0))
        texts = {**slip.fields, **dict.fromkeys(_EMPTIED, money(0)), wire.GOODS_AMOUNT: money(goods)}
        texts |= self._unprinted(wire.DIVIDED_FROM, slip)
        part = self._books.open(texts, rows)
        for row, no in zip(rows, quantities, strict=True):
            self._stock.rehome(row, (slip.number, no), part)
        slip.rows = [row for row in slip.rows if row.quantity]
        slip.fields[wire.GOODS_AMOUNT] = money(slip.amount(wire.GOODS_AMOUNT) - goods)
        self._add_up(slip)
        self._add_up(part)
        self._books.touch(slip)
        self._books.history.add(
            "slip_opened", part.order_number, slip=part.number, shop=part.shop_id, by="split"
        )
        self._books.history.add("divided", slip.number, part=part.number, order=slip.order_number)
        return part

    def part(self, slip: Slip, parcels: Iterable[Parcel]) -> list[Slip]:
        """複数配送先: a child for each address; the parent keeps the money and has no pieces any more."""
        children = []
        for parcel in parcels:
            rows = [self._cut(slip, no, quantity) for no, quantity in parcel.quantities.items()]
            goods = money(sum((row.sub_total for row in rows), Decimal(0)))
            for row in rows:
                row.fields[ROW_PARENT] = str(slip.number)
            texts = {**slip.fields, **self._unprinted(PARENT, slip), **dict.fromkeys(_EMPTIED, money(0))}
            texts |= {**parcel.consignee, wire.GOODS_AMOUNT: goods}
            texts[wire.IMPORT_TYPE] = slip.fields[wire.IMPORT_TYPE]
            child = self._books.open(texts, rows)
            for row, no in zip(rows, parcel.quantities, strict=True):
                self._stock.rehome(row, (slip.number, no), child)
            self._add_up(child)
            children.append(child)
            self._books.history.add(
                "slip_opened", child.order_number, slip=child.number, shop=child.shop_id, by="parcel"
            )
        slip.rows = [row for row in slip.rows if row.quantity]
        slip.fields[PARENT_FLAG] = "1"
        self._books.touch(slip)
        numbers = [child.number for child in children]
        self._books.history.add("parted", slip.number, children=numbers, order=slip.order_number)
        return children

    def _parent(self, slip: Slip) -> Slip | None:
        number = slip.fields[PARENT]
        return self._books.slips.get(int(number)) if number else None

    def _close_parent(self, slip: Slip) -> None:
        """The last child of several has left: so has the order."""
        parent = self._parent(slip)
        if parent is None or not parent.live or parent.status == wire.STATUS_SHIPPED:
            return
        children = [
            one
            for one in self._books.of_order(parent.shop_id, parent.order_number)
            if one.fields[PARENT] == str(parent.number) and one.live
        ]
        if all(child.status == wire.STATUS_SHIPPED for child in children):
            parent.fields[wire.SENT_AT] = self._books.stamp()
            self._books.move(parent, wire.STATUS_SHIPPED, "子伝票の出荷確定")

    def copy(self, slip: Slip) -> Slip:
        """複写: a new slip with the same order number, unpaid and unprinted, with stock of its own."""
        texts = {**slip.fields, **self._unprinted(wire.COPIED_FROM, slip)}
        texts |= {
            wire.DEPOSIT_TYPE: wire.DEPOSIT_NONE,
            wire.DEPOSIT_AMOUNT: money(0),
            wire.DEPOSITED_AT: None,
            wire.MAIL_STATUS: "",
            wire.CANCEL_TYPE: wire.NOT_CANCELLED,
            wire.CANCELLED_AT: None,
            PARENT: None,
            PARENT_FLAG: "0",
        }
        twin = self._books.open(texts, [self._twin_row(row) for row in slip.rows])
        self._stock.allocate(twin)
        self._books.history.add(
            "slip_opened", twin.order_number, slip=twin.number, shop=twin.shop_id, by="copy"
        )
        return twin

    def _cut(self, slip: Slip, no: int, quantity: int) -> Row:
        """The part of a row that leaves: the pieces not yet promised first."""
        row = slip.row(no)
        assert row is not None  # noqa: S101 - both callers have looked
        left = row.quantity - quantity
        kept = min(row.allocated, left)
        part = Row({**row.fields, wire.ROW_NO: None, wire.ROW_DIVIDED_FROM: str(no)})
        part.fields[wire.ROW_QUANTITY], part.fields[wire.ROW_ALLOCATED] = (
            str(quantity),
            str(row.allocated - kept),
        )
        row.fields[wire.ROW_QUANTITY], row.fields[wire.ROW_ALLOCATED] = str(left), str(kept)
        part.price()
        row.price()
        return part

    def _unprinted(self, link: str, slip: Slip) -> dict[str, str | None]:
        """What a slip made out of another one starts with."""
        now = self._books.stamp()
        return {
            link: str(slip.number),
            wire.STATUS: wire.STATUS_OPENED,
            wire.IMPORT_TYPE: wire.IMPORT_BY_HAND,
            wire.CREATED_AT: now,
            wire.IMPORTED_AT: now,
            **dict.fromkeys(
                (
                    *(wire.MODIFIED_AT, wire.PRINT_ON, wire.PRINTED_AT, wire.SENT_AT, wire.TRACKING),
                    *(wire.LABEL_PRINTED_AT, wire.TAGS, wire.BUNDLE_CANDIDATE, wire.BUNDLED_INTO),
                )
            ),
            wire.LABEL_PRINT_FLAG: "0",
        }

    def _twin_row(self, row: Row) -> Row:
        none = {wire.ROW_ALLOCATED: "0", wire.ROW_ALLOCATED_AT: None, wire.ROW_CANCELLED: "0"}
        return Row({**row.fields, **none, wire.ROW_COPIED_FROM: str(row.no)})

    def _add_up(self, slip: Slip) -> None:
        """合計 = 商品計 + 税金 + 手数料 + 発送料 + その他 − ポイント; a paid slip stays paid in full."""
        parts = (wire.GOODS_AMOUNT, wire.TAX, wire.CHARGE, wire.DELIVERY_FEE, wire.OTHER)
        slip.fields[wire.TOTAL] = money(sum(map(slip.amount, parts)) - slip.amount(wire.POINT))
        if slip.fields[wire.DEPOSIT_TYPE] == wire.DEPOSIT_PAID:
            slip.fields[wire.DEPOSIT_AMOUNT] = slip.fields[wire.TOTAL]
