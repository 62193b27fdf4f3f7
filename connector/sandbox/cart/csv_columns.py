"""Columns of the CSV exports (CSV項目): for every name of the dictionary, where its value comes from (§5.1).

The sandbox has no value for some of them; those are written and stay empty. Dangerous: a name may
stand in wide or narrow parentheses, so names are compared after NFKC.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from connector.sandbox.cart.csv_dictionary import (
    ADDRESS,
    ALSO_OF_SUBS,
    CUSTOMER,
    ITEM,
    ORDER,
    PEOPLE,
    SUBS,
    UNKNOWN,
)
from connector.sandbox.cart.model import Address, Customer, Item, Order, SubsOrder
from connector.sandbox.cart.resources import order_attributes
from connector.sandbox.cart.resources_customers import customer_resource
from connector.sandbox.cart.resources_parts import address_resource, item_resource
from connector.sandbox.cart.resources_subs import subs_attributes
from connector.sandbox.cart.shop import Shop

Fields = Mapping[str, Any]
NOTHING: Final[Fields] = {}
FREE_COLUMN: Final = "自由項目"
PICKED: Final = ("未出力", "出力済み")
YES_NO: Final = ("いいえ", "はい")


@dataclass(frozen=True, slots=True)
class Line:
    """What one row of a file is written from, read once: documents as the API shows them."""

    order: Fields
    subs: Fields
    customer: Fields
    billing: Fields
    shipping: Fields
    items: tuple[Fields, ...]

    @classmethod
    def of_order(cls, shop: Shop, order: Order, item: Item | None = None) -> Line:
        parent = shop.parent(order)
        return cls(
            order=order_attributes(shop, order),
            subs=subs_attributes(shop, parent) if parent else NOTHING,
            customer=_customer(shop, shop.customers[order.customer_id]),
            billing=_address(order.billing),
            shipping=_address(order.shipping[0]),
            items=tuple(_item(shop, each) for each in (order.items if item is None else [item])),
        )

    @classmethod
    def of_subs(cls, shop: Shop, subs: SubsOrder) -> Line:
        customer = shop.customers[subs.customer_id]
        return cls(
            order=NOTHING,
            subs=subs_attributes(shop, subs),
            customer=_customer(shop, customer),
            billing=_address(customer.billing),
            shipping=_address(subs.shipping),
            items=tuple(_item(shop, each) for each in subs.items),
        )


Cell = Callable[[Line], Any]


def _customer(shop: Shop, customer: Customer) -> Fields:
    fields: Fields = customer_resource(shop, customer)["attributes"]
    return fields


def _address(address: Address) -> Fields:
    fields: Fields = address_resource(address)["attributes"]
    return fields


def _item(shop: Shop, item: Item) -> Fields:
    fields: Fields = item_resource(shop, item)["attributes"]
    return fields


def key_of(name: str) -> str:
    """How names are compared: 購入商品（個数） and 購入商品(個数) are one column."""
    return unicodedata.normalize("NFKC", name).strip()


def cell_of(name: str) -> Cell | None:
    """Where a column's value comes from; None for a name no export knows."""
    key = key_of(name)
    if key.startswith(FREE_COLUMN) and key.removeprefix(FREE_COLUMN).isdigit():
        return _free_column(int(key.removeprefix(FREE_COLUMN)))
    return COLUMNS.get(key)


def _of(part: str, name: str) -> Cell:
    return lambda line: getattr(line, part).get(name)


def _of_order(column: str, name: str) -> Cell:
    """Of the order; in a 定期受注CSV the same name means the subscription's own, where it has one."""
    own = ALSO_OF_SUBS.get(column, "")
    return lambda line: line.order.get(name) if line.order else line.subs.get(own)


def _choice(part: str, name: str, words: tuple[str, str]) -> Cell:
    def cell(line: Line) -> str | None:
        value = getattr(line, part).get(name)
        return None if value is None else words[bool(value)]

    return cell


def _free_column(id_: int) -> Cell:
    def cell(line: Line) -> str | None:
        answers = (line.order or line.subs)["order_free_columns"]
        return next((",".join(answer["values"]) for answer in answers if answer["id"] == id_), None)

    return cell


def _item_cell(name: str) -> Cell:
    """In a file with one row per order the items stand in one cell."""
    return lambda line: ",".join("" if item[name] is None else str(item[name]) for item in line.items)


def _digits(name: str) -> Cell:
    def cell(line: Line) -> str:
        part, field = name.split(".")
        return str(getattr(line, part)[field] or "").replace("-", "")

    return cell


def _only_of_a_subscription(name: str) -> Cell:
    def cell(line: Line) -> Any:
        if not line.order:
            return line.subs.get(name)
        return line.order[name] if line.order["subs_order_id"] else None

    return cell


def _without_tax(rate: int) -> Cell:
    """対象小計(税抜): with tax in the prices it is taken out of them, cut off as the shop usually does."""

    def cell(line: Line) -> int | None:
        if not line.order:
            return None
        goods = line.order[f"subtotal{rate}"] - line.order[f"discount{rate}"]
        return int(goods if line.order["tax"] else goods * 100 // (100 + rate))

    return cell


def _tax_in(rate: int) -> Cell:
    def cell(line: Line) -> int | None:
        if not line.order:
            return None
        goods = line.order[f"subtotal{rate}"] - line.order[f"discount{rate}"]
        return int(line.order[f"tax{rate}"] if line.order["tax"] else goods - goods * 100 // (100 + rate))

    return cell


def _days(name: str) -> Cell:
    def cell(line: Line) -> Any:
        day = line.subs.get(name)
        return "末日" if day == 99 else day

    return cell


OWN: Final[dict[str, Cell]] = {
    "定期回数": _only_of_a_subscription("times"),
    "出荷リスト": _choice("order", "picked_list", PICKED),
    "要対応受注": _choice("order", "tbc", YES_NO),
    "要対応定期受注": _choice("subs", "tbc", YES_NO),
    "定期最新受注フラグ": _choice("order", "last_order", YES_NO),
    "配送サイクルの固定": _choice("subs", "payment_schedule_locked", YES_NO),
    "チャイム": _choice("order", "doorbell", YES_NO),
    "何日に": _days("scheduled_to_be_delivered_on_xth_day"),
    **{f"【ポイント適応箇所課税後】{rate}%対象小計(税抜)": _without_tax(rate) for rate in (8, 10)},
    **{f"【ポイント適応箇所課税後】{rate}%対象小計にかかる消費税": _tax_in(rate) for rate in (8, 10)},
}
COLUMNS: Final[dict[str, Cell]] = {
    **{key_of(name): lambda line: None for name in UNKNOWN},
    **{key_of(name): _of("subs", field) for name, field in SUBS.items()},
    **{key_of(name): _of("customer", field) for name, field in CUSTOMER.items()},
    **{key_of(name): _of_order(name, field) for name, field in ORDER.items()},
    **{
        key_of(f"{who}({name})"): _of(part, field)
        for who, part in PEOPLE.items()
        for name, field in ADDRESS.items()
    },
    **{key_of(f"{who}(郵便番号フル)"): _digits(f"{part}.full_zip") for who, part in PEOPLE.items()},
    **{key_of(f"{who}(電話番号フル)"): _digits(f"{part}.full_tel") for who, part in PEOPLE.items()},
    **{key_of(f"購入商品({name})"): _item_cell(field) for name, field in ITEM.items()},
    **{key_of(name): cell for name, cell in OWN.items()},
}
