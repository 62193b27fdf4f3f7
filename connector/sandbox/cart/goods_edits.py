"""Goods entered, changed and taken out, and their stock (商品の登録・更新・削除, 在庫).

spec/ecforce.md §2.15, §2.17. A new price holds for what is sold later; items already sold keep theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from connector.adapters.ecforce import wire
from connector.sandbox.cart.model import Goods, Variant
from connector.sandbox.cart.refusal import Refusal, Sentence, all_of, invalid, missing, not_found, not_valid
from connector.sandbox.cart.resources_goods import DEFAULT_LOCATION, OPTIONS
from connector.sandbox.cart.shop import Shop
from connector.sandbox.cart.subs_edits import cycle_of
from connector.sandbox.cart.texts import read_int, read_switch

APR: Final = wire.PREFIX_PRODUCT
ASI: Final = wire.PREFIX_STOCK
TAX_RATES: Final = (8, 10)
STATES: Final = {"active": True, "inactive": False}
WORDS_NUMBER_TAKEN: Final = "商品コードはすでに存在します"
WORDS_SKU_TAKEN: Final = "SKUコードはすでに存在します"
WORDS_LINK_TAKEN: Final = "連携用商品番号はすでに存在します"

Params = Mapping[str, Any]


class GoodsEdits:
    """Rows of the products' and stock items' bulk endpoints."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def create(self, row: Params, *, unique_links: bool) -> None:
        """One product with one SKU. Raises Refusal with everything that is wrong."""
        master = _part(row, "variant_attributes")
        sku, number = str(master.get("sku") or ""), str(row.get("number") or "")
        wrong = [missing(APR, key) for key in ("name", "number") if not row.get(key)]
        if not sku:
            wrong.append(missing(APR, "sku"))
        if number and any(each.goods.product_number == number for each in self._shop.variants.values()):
            wrong.append(not_valid(APR, WORDS_NUMBER_TAKEN))
        if sku in self._shop.variants:
            wrong.append(not_valid(APR, WORDS_SKU_TAKEN))
        wrong += self._wrong_link(row, None, unique_links)
        all_of(wrong)
        blank = Goods(sku=sku, product_number=number, name=str(row["name"]), price=0, stock=0)
        goods = _changed(blank, row, master)
        bundled = _bundled(row)
        self._shop.seed_goods([goods])
        self._describe(self._shop.variants[sku], row, master)
        self._shop.variants[sku].bundled = bundled

    def update(self, row: Params, *, unique_links: bool) -> None:
        """Raises Refusal for an unknown id or a wrong value; then nothing was changed."""
        variant, master = self.product(row.get("id")), _part(row, "master_attributes")
        all_of(self._wrong_link(row, variant, unique_links))
        goods = _changed(variant.goods, row, master)
        self._describe(variant, row, master)
        variant.goods = goods
        self._shop.touch(variant)

    def destroy(self, id_: object) -> None:
        """Raises Refusal while an active subscription carries it."""
        variant = self.product(id_)
        for subs in self._shop.subs.values():
            if subs.state == wire.SUBS_ACTIVE and any(item.variant is variant for item in subs.items):
                raise not_valid(APR, wire.WORDS_HAS_ACTIVE_SUBS)
        variant.deleted_at = self._shop.now()
        self._shop.touch(variant)

    def product(self, id_: object) -> Variant:
        wanted = read_int(id_)
        for variant in self._shop.variants.values():
            if variant.product_id == wanted and variant.deleted_at is None:
                return variant
        raise not_found(APR, "product")

    def set_stock(self, row: Params) -> None:
        """在庫数, absolute, by SKU and location code."""
        variant, stock = self._shop.variants.get(str(row.get("variant_sku"))), read_int(row.get("stock"))
        all_of([missing(ASI, key) for key in ("variant_sku", "stock_location_code") if not row.get(key)])
        if variant is None or variant.deleted_at is not None:
            raise not_found(ASI, "variant")
        if row["stock_location_code"] != DEFAULT_LOCATION:
            raise Refusal(404, Sentence(ASI + wire.DEPENDENT_NOT_FOUND, wire.WORDS_NO_STOCK_HERE))
        if stock is None:
            raise missing(ASI, "stock") if row.get("stock") is None else invalid(ASI, "stock")
        variant.stock = stock
        self._shop.touch(variant)
        self._shop.history.add("stock_set", variant.goods.sku, stock=stock)

    def _wrong_link(self, row: Params, variant: Variant | None, unique_links: bool) -> list[Refusal]:
        link = row.get("link_number")
        others = (each for each in self._shop.variants.values() if each is not variant)
        taken = unique_links and link and any(each.link_number == link for each in others)
        return [not_valid(APR, WORDS_LINK_TAKEN)] if taken else []

    def _describe(self, variant: Variant, row: Params, master: Params) -> None:
        state = row.get("state", master.get("state"))
        if state is not None:
            variant.active = STATES[str(state)]
        if "for_sale" in master:
            variant.for_sale = read_switch(master["for_sale"])
        if "link_number" in row:
            variant.link_number = None if row["link_number"] is None else str(row["link_number"])
        variant.category_ids = _ids(row, "product_category_ids", variant.category_ids)
        variant.label_ids = _ids(row, "label_ids", variant.label_ids)
        for key in OPTIONS:
            if key in row:
                variant.options[key] = None if row[key] is None else str(row[key])


def _part(row: Params, key: str) -> Params:
    part = row.get(key)
    return part if isinstance(part, Mapping) else {}


def _bundled(row: Params) -> list[str]:
    skus = _part(row, "bundled_items_attributes").get("variant_sku")
    return [str(sku) for sku in skus] if isinstance(skus, list) else []


def _changed(goods: Goods, row: Params, master: Params) -> Goods:
    """The article with name, price, tax and way of selling written over it; the cycle is proved, too."""
    changes: dict[str, Any] = {}
    if "name" in row:
        changes["name"] = str(row["name"])
    for key in ("list_price", "sales_price"):
        if key in master:
            price = read_int(master[key])
            if price is None or price < 0:
                raise invalid(APR, key)
            changes["price"] = price
    if "tax_id" in row:
        rate = read_int(row["tax_id"])
        if rate not in TAX_RATES:
            raise invalid(APR, "tax_id")
        changes["tax_rate"] = rate
    if "is_recurring" in row:
        changes["recurring"] = read_switch(row["is_recurring"])
    state = row.get("state", master.get("state"))
    if state is not None and str(state) not in STATES:
        raise invalid(APR, "state")
    changed = msgspec.structs.replace(goods, **changes)
    _prove_cycle(changed, row)
    return changed


def _prove_cycle(goods: Goods, row: Params) -> None:
    if row.get("payment_schedule") is None:
        return
    if not goods.recurring:
        raise Refusal(422, Sentence(APR + wire.CYCLE_OF_ONE_OFF, wire.WORDS_CYCLE_OF_ONE_OFF))
    try:
        cycle_of(row)
    except Refusal as refusal:
        raise Refusal(422, Sentence(APR + wire.CYCLE_INVALID, wire.WORDS_CYCLE_INVALID)) from refusal


def _ids(row: Params, key: str, before: list[int]) -> list[int]:
    if not isinstance(row.get(key), list):
        return before
    return [id_ for each in row[key] if (id_ := read_int(each)) is not None]
