"""Tables (検索できる表): slips, joined rows, options and the queue as columns that a query can read (§3.1, §3.2, §3.8).

The row search joins: every slip, option and goods field may be asked for and be a condition there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from connector.adapters.next_engine import wire
from connector.sandbox.next_engine import fields, mask, masters
from connector.sandbox.next_engine.books import Books
from connector.sandbox.next_engine.fields import Kind, stamp
from connector.sandbox.next_engine.model import Goods, Row, Slip, Upload
from connector.sandbox.next_engine.query import Column, Condition, Table, Value

Item = TypeVar("Item")


class Line(NamedTuple):
    """A row with the slip it stands on."""

    slip: Slip
    row: Row


class Tables:
    """All searchable tables of one account."""

    def __init__(self, books: Books, goods: Mapping[str, Goods]) -> None:
        self._books, self._goods = books, goods
        self.slips: Table[Slip] = _slip_columns(books)
        self.options: Table[Slip] = {name: self.slips[name] for name in self.slips if "_option_" in name}
        self.lines: Table[Line] = {
            **{name: Column(one.kind, _of_slip(one.read)) for name, one in self.slips.items()},
            **_row_columns(),
            **{name: Column(one.kind, self._of_goods(one.read)) for name, one in GOODS_COLUMNS.items()},
        }
        self.uploads: Table[Upload] = _upload_columns(books)

    def slips_for(self, asked: Iterable[Condition], slip_id: str = wire.SLIP_ID) -> list[Slip]:
        """The slips worth testing, by the narrowest index; in slip-number order, as NE sorts them."""
        exact = {
            one.field: one.value.split(",") if one.operator == "in" else [one.value]
            for one in asked
            if one.operator in ("eq", "in")
        }
        for name, look in (
            (slip_id, self._books.with_numbers),
            (wire.SLIP_ID, self._books.with_numbers),
            (wire.ORDER_NUMBER, self._books.with_orders),
            (wire.ROW_ORDER_NUMBER, self._books.with_orders),
            (wire.STATUS, self._books.with_statuses),
        ):
            if name in exact:
                return look(text.strip() for text in exact[name])
        return [self._books.slips[number] for number in sorted(self._books.slips)]

    def lines_for(self, asked: Iterable[Condition]) -> Iterator[Line]:
        for slip in self.slips_for(asked, wire.ROW_SLIP_ID):
            for row in sorted(slip.rows, key=lambda row: row.no):
                yield Line(slip, row)

    def visible_uploads(self) -> list[Upload]:
        """A just created queue row may not be visible yet, §3.8."""
        hidden, now = self._books.settings.que_hidden, self._books.now()
        return [upload for upload in self._books.uploads.values() if upload.created_at + hidden <= now]

    def _of_goods(self, read: Callable[[Goods], Value]) -> Callable[[Line], Value]:
        def of_line(line: Line) -> Value:
            goods = self._goods.get(line.row.goods_id)
            return None if goods is None else read(goods)

        return of_line


def _of_slip(read: Callable[[Slip], Value]) -> Callable[[Line], Value]:
    return lambda line: read(line.slip)


def _stored(name: str) -> Callable[[Slip | Row], Value]:
    return lambda record: record.fields[name]


def _named(name: str, names: Mapping[str, str]) -> Callable[[Slip], Value]:
    """The name that belongs to an id."""

    def read(slip: Slip) -> Value:
        value = slip.fields[name]
        return None if value is None else names.get(value, "")

    return read


def _slip_columns(books: Books) -> dict[str, Column[Slip]]:
    pics = {user.pic_id: user.name for user in books.settings.users}
    by = "receive_order_last_modified_by"
    columns: dict[str, Column[Slip]] = {
        name: Column(kind, mask.read(books, name) if name in mask.PERSONAL else _stored(name))
        for name, kind in fields.SLIP_FIELDS.items()
    }
    names = {
        wire.CONFIRM_CHECK: wire.CONFIRM_NAMES,
        wire.IMPORT_TYPE: wire.IMPORT_NAMES,
        wire.CANCEL_TYPE: wire.CANCEL_NAMES,
        wire.STATUS: wire.STATUS_NAMES,
        wire.DELIVERY: masters.DELIVERY_NAMES,
        wire.PAYMENT_METHOD: masters.PAYMENT_NAMES,
        wire.DEPOSIT_TYPE: wire.DEPOSIT_NAMES,
        wire.CUSTOMER_TYPE: wire.CUSTOMER_NAMES,
        "receive_order_credit_approval_type_id": wire.CREDIT_APPROVAL_NAMES,
        "receive_order_creator_id": pics,
        f"{by}_id": pics,
    }
    for id_name, known in names.items():
        columns[id_name.removesuffix("_id") + "_name"] = Column(Kind.TEXT, _named(id_name, known))
    creator = _stored("receive_order_creator_id")
    columns[wire.LOCK] = Column(Kind.INSTANT, lambda slip: slip.lock)
    columns[f"{by}_null_safe_id"] = Column(Kind.TEXT, lambda slip: slip.fields[f"{by}_id"] or creator(slip))
    columns[f"{by}_null_safe_name"] = Column(
        Kind.TEXT, lambda slip: pics.get(slip.fields[f"{by}_id"] or creator(slip) or "")
    )
    columns["receive_order_option_receive_order_id"] = Column(Kind.NUMBER, lambda slip: str(slip.number))
    return columns


def _row_columns() -> dict[str, Column[Line]]:
    def stored(name: str) -> Callable[[Line], Value]:
        return lambda line: line.row.fields[name]

    def modified(line: Line) -> str:
        return line.row.fields[wire.ROW_MODIFIED_AT] or line.row.fields[wire.ROW_CREATED_AT] or line.slip.lock

    prefix = "receive_order_row_last_modified"
    columns = {name: Column(kind, stored(name)) for name, kind in fields.ROW_FIELDS.items()}
    columns[f"{prefix}_null_safe_date"] = Column(Kind.INSTANT, modified)
    columns[f"{prefix}_newest_date"] = Column(Kind.INSTANT, lambda line: max(modified(line), line.slip.lock))
    return columns


def _upload_columns(books: Books) -> dict[str, Column[Upload]]:
    user = books.settings.users[0]
    readers: dict[str, Callable[[Upload], Any]] = {
        "que_id": lambda upload: str(upload.id),
        "que_method_name": lambda _: books.settings.que_method_name,
        "que_shop_id": lambda upload: upload.shop_id,
        "que_upload_name": lambda _: "NE_API",
        "que_client_file_name": lambda _: "",
        "que_file_name": lambda upload: f"sample_{upload.id}.csv",
        "que_status_id": lambda upload: upload.status,
        "que_message": lambda upload: upload.message,
        "que_deleted_flag": lambda _: "0",
        "que_creation_date": lambda upload: stamp(upload.created_at),
        "que_last_modified_date": lambda upload: upload.modified_at and stamp(upload.modified_at),
        "que_last_modified_null_safe_date": lambda upload: stamp(upload.modified_at or upload.created_at),
        "que_creator_id": lambda _: user.pic_id,
        "que_creator_name": lambda _: user.name,
        "que_last_modified_by_id": lambda _: None,
        "que_last_modified_by_name": lambda _: None,
    }
    return {name: Column(fields.QUE_FIELDS[name], read) for name, read in readers.items()}


GOODS_COLUMNS: Table[Goods] = {
    wire.GOODS_ID: Column(Kind.TEXT, lambda goods: goods.sku),
    wire.GOODS_NAME: Column(Kind.TEXT, lambda goods: goods.name),
    "goods_jan_code": Column(Kind.TEXT, lambda goods: goods.jan_code),
    wire.GOODS_RELEASE: Column(
        Kind.INSTANT, lambda goods: None if goods.release_at is None else stamp(goods.release_at)
    ),
    "goods_selling_price": Column(Kind.NUMBER, lambda goods: fields.money(goods.price)),
    "goods_deleted_flag": Column(Kind.TEXT, lambda _: "0"),
}
STOCK_COLUMNS: Table[Goods] = {
    "stock_goods_id": Column(Kind.TEXT, lambda goods: goods.sku),
    "stock_quantity": Column(Kind.NUMBER, lambda goods: str(goods.stock)),
    "stock_allocation_quantity": Column(Kind.NUMBER, lambda goods: str(goods.allocated)),
    "stock_free_quantity": Column(Kind.NUMBER, lambda goods: str(goods.free)),
    "stock_defective_quantity": Column(Kind.NUMBER, lambda _: "0"),
    "stock_deleted_flag": Column(Kind.TEXT, lambda _: "0"),
}
WAREHOUSE_STOCK_COLUMNS: Table[Goods] = {
    "warehouse_stock_goods_id": Column(Kind.TEXT, lambda goods: goods.sku),
    "warehouse_stock_warehouse_id": Column(Kind.NUMBER, lambda _: "1"),
    "warehouse_stock_quantity": Column(Kind.NUMBER, lambda goods: str(goods.stock)),
}
