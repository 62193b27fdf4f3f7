"""Samples (見本): invented orders, slips and the shipped mappings, for the tests of the mapping room."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from connector.mapping import (
    CsvReader,
    CsvWriter,
    Instruction,
    Tables,
    WarehouseProfile,
    load_csv_reader,
    load_csv_writer,
    load_profile,
    load_tables,
)
from connector.mapping.reader_columns import ReadColumn
from connector.order import (
    Address,
    Amounts,
    Buyer,
    Order,
    OrderLine,
    Origin,
    Payment,
    PaymentKind,
    PaymentState,
    Recipient,
)
from connector.slip import Slip, SlipRow
from msgspec.structs import replace

ROOT = Path(__file__).parents[2]
MAPPINGS = ROOT / "mappings"
FIXTURES = ROOT / "fixtures"
AT = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)


@cache
def tables() -> Tables:
    return load_tables(MAPPINGS / "tables")


@cache
def writer(path: str) -> CsvWriter:
    return load_csv_writer(MAPPINGS / path, tables())


@cache
def reader(path: str) -> CsvReader:
    return load_csv_reader(MAPPINGS / path, tables())


@cache
def profile() -> WarehouseProfile:
    return load_profile(MAPPINGS / "wms/generic/profile.yaml")


def copy_of_mappings(folder: Path) -> Path:
    """A mapping folder that a test may edit."""
    return Path(shutil.copytree(MAPPINGS, folder / "mappings"))


def address(**changes: Any) -> Address:
    whole = Address(
        name="見本 太郎",
        kana="ミホン タロウ",
        zip_code="100-0000",
        prefecture="東京都",
        city="見本区",
        street="1-2-3",
        phone="03-0000-0001",
    )
    return replace(whole, **changes)


def line(number: int = 1, **changes: Any) -> OrderLine:
    whole = OrderLine(
        line_id=number,
        sku="MIHON-TEA-30",
        product_number="tea30",
        name="見本ほうじ茶 30包",
        unit_price=1000,
        quantity=2,
        tax_rate=8,
    )
    return replace(whole, **changes)


def amounts(subtotal: int, **changes: int) -> Amounts:
    """Amounts that tie."""
    parts = dict.fromkeys(
        ("discount", "points", "delivery_fee", "charge", "misc_fee", "adjustment", "tax"), 0
    )
    parts |= changes
    before_points = (
        subtotal
        - parts["discount"]
        + sum(parts[name] for name in ("tax", "delivery_fee", "charge", "misc_fee", "adjustment"))
    )
    return Amounts(
        subtotal=subtotal,
        subtotal8=subtotal,
        subtotal10=0,
        tax8=0,
        tax10=0,
        total=before_points,
        payable=before_points - parts["points"],
        **parts,
    )


def order(number: str = "a1b2c3d4e5", **changes: Any) -> Order:
    lines = changes.pop("lines", (line(),))
    whole = Order(
        number=number,
        cart_order_id=1,
        origin=Origin.PLACED,
        subscription=None,
        placed_at=AT,
        updated_at=AT,
        state_code="complete",
        cancelled=False,
        deleted=False,
        payment=Payment(
            method_id=1,
            method="クレジットカード",
            kind=PaymentKind.CARD,
            state=PaymentState.AUTHORIZED,
            state_code="authed",
            linked=True,
            prepayment=False,
        ),
        buyer=Buyer(customer_id=1, email="taro@example.jp", address=address()),
        recipients=(Recipient(address_id=1, address=address()),),
        lines=lines,
        amounts=amounts(sum(each.unit_price * each.quantity for each in lines)),
        carrier="ヤマト運輸",
    )
    return replace(whole, **changes)


def to(name: str, **changes: Any) -> tuple[Recipient, ...]:
    return (Recipient(address_id=1, address=address(name=name, **changes)),)


def slip(number: str = "200901", **changes: Any) -> Slip:
    whole = Slip(
        number=number,
        order_number="a1b2c3d4e5",
        ne_shop_id="1",
        status=20,
        delivery_id="10",
        delivery_method="ヤマト(発払い)",
        total=2000,
        name="見本 太郎",
        kana="ミホン タロウ",
        zip_code="1000000",
        address1="東京都千代田区",
        address2="見本町9-99 見本ビル2F",
        phone="0300000001",
        rows=(SlipRow(no=1, sku="TEA", name="見本ほうじ茶", quantity=2, unit_price=1000, tax_rate=8),),
    )
    return replace(whole, **changes)


def instruction(number: str = "200901", **changes: Any) -> Instruction:
    return Instruction(slip=slip(number, **changes), profile=profile(), ship_on=date(2026, 11, 24))


def text_reader(columns: list[dict[str, str]]) -> CsvReader:
    """A reader of plain optional texts."""
    return CsvReader(
        columns=tuple(
            ReadColumn(
                header=column["name"],
                key=column["key"],
                names=(column["name"],),
                parse=lambda text, carrier: text,
                needed=True,
                blank=True,
                carrier="",
                most=0,
                wrapped=False,
            )
            for column in columns
        )
    )
