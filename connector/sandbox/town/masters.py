"""Masters of the town (マスタ): the settings that make four systems talk about the same goods, names and days."""

from __future__ import annotations

from datetime import date
from typing import Final

from connector.adapters.next_engine import wire
from connector.sandbox.cart.holidays import NATIONAL_HOLIDAYS
from connector.sandbox.next_engine.masters import DELIVERY_NAMES, PAYMENT_NAMES
from connector.sandbox.next_engine.settings import NextEngineSettings
from connector.sandbox.people import GOODS, STOCK
from connector.sandbox.warehouse import StockItem, WarehouseSettings

SHOP_ID: Final = "1"
PATTERN_ID: Final = "12"
SENDER: Final = "shop@example.jp"

# 支払発送変換: NE's own names and the cart's are both understood.
PAYMENT_CONVERT: Final = {
    **{name: number for number, name in PAYMENT_NAMES.items()},
    "銀行振込": "15",
    "後払い": "50",
    "Amazon Pay": "48",
}
DELIVERY_CONVERT: Final = {
    **{name: number for number, name in DELIVERY_NAMES.items()},
    "ヤマト運輸": "10",
    "佐川急便": "20",
}
TENANT: Final = "demo"  # as which the warehouse knows the shop
FIRST_LOT: Final = 400  # pieces of a tea's older lot; an early order then ships from two lots


def next_engine_settings() -> NextEngineSettings:
    """受注確認 is switched off: the cart thanks for an order, at once and not a day later (spec §9)."""
    return NextEngineSettings(
        payment_convert=dict(PAYMENT_CONVERT),
        delivery_convert=dict(DELIVERY_CONVERT),
        letters=frozenset({wire.MAIL_SHIPPED}),
    )


def warehouse_settings(*, news: bool = False) -> WarehouseSettings:
    """The same holidays as the shop; a few parcels are reported in a file of their own.

    With `news` it tells of its stock each morning, and one parcel of every day comes back.
    """
    return WarehouseSettings(
        holidays=NATIONAL_HOLIDAYS,
        units_per_parcel=4,
        late_parcel_chance=0.2,
        tells=TENANT if news else "",
        comes_back=1 if news else 0,
    )


def warehouse_stock(year: int) -> list[StockItem]:
    """What lies in the warehouse at the opening; teas and supplements by lot."""
    items: list[StockItem] = []
    for goods in GOODS:
        if goods.tax_rate == 10:
            items.append(StockItem(goods.sku, STOCK, goods.name))
            continue
        items.append(StockItem(goods.sku, FIRST_LOT, goods.name, "L01A", date(year + 1, 9, 30)))
        items.append(StockItem(goods.sku, STOCK - FIRST_LOT, goods.name, "L02B", date(year + 1, 10, 31)))
    return items
