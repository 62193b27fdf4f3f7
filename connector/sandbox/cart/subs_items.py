"""Items of a subscription (定期受注商品): what later children carry, at which price; sets as a whole.

spec/ecforce.md §2.13. Children that exist are never touched. `recalculate_price` reckons every item as if the next
order were the `times`-th, and `sync` also makes it so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from connector.adapters.ecforce import wire
from connector.sandbox.cart.model import Item, SubsOrder, Variant
from connector.sandbox.cart.order_edits import Params
from connector.sandbox.cart.refusal import invalid, missing, not_found
from connector.sandbox.cart.schedule import Schedule
from connector.sandbox.cart.shop import Shop
from connector.sandbox.cart.texts import read_int, read_switch

ASOI: Final = wire.PREFIX_SUBS_ITEM


@dataclass(frozen=True, slots=True)
class Recalculation:
    """What a request wants reckoned anew after its changes."""

    price: bool = False
    schedule: bool = False
    times: int | None = None
    sync: bool = False

    @classmethod
    def of(cls, body: Params) -> Recalculation:
        """Raises Refusal when prices are to be reckoned without saying for which 回目."""
        price, times = read_switch(body.get("recalculate_price")), read_int(body.get("times"))
        for key in ("times", "sync") if price else ():
            if body.get(key) is None:
                raise missing(ASOI, key)
        if price and (times is None or times < 1):
            raise invalid(ASOI, "times")
        schedule = read_switch(body.get("recalculate_payment_schedule"))
        return cls(price, schedule, times, read_switch(body.get("sync")))


NOTHING: Final = Recalculation()


class SubsItems:
    """Adds, changes and takes out."""

    def __init__(self, shop: Shop, schedule: Schedule) -> None:
        self._shop, self._schedule = shop, schedule

    def add(self, subs: SubsOrder, row: Params, wish: Recalculation = NOTHING, *, actor: str = "api") -> Item:
        """商品の追加. Raises Refusal for an unknown variant, or a price beside `recalculate_price`."""
        item = self.drafted(row, wish)
        subs.items.append(item)
        self._settle(subs, wish, actor, item.variant.goods.sku)
        return item

    def drafted(self, row: Params, wish: Recalculation = NOTHING) -> Item:
        """The item of a row, on no subscription yet."""
        variant, now = self._variant(row), self._shop.now()
        item = Item(self._shop.draw("item"), variant, 1, variant.goods.price, now, now)
        return self._written(item, row, wish)

    def change(
        self, subs: SubsOrder, id_: object, row: Params, wish: Recalculation = NOTHING, *, actor: str = "api"
    ) -> Item | None:
        """商品の変更; None when the row took it out. Another variant brings its own price."""
        place = self._place(subs, id_)
        item = subs.items[place]
        if read_switch(row.get("delete")):
            subs.items.pop(place)
            self._settle(subs, wish, actor, item.variant.goods.sku)
            return None
        if "variant_id" in row and self._variant(row) is not item.variant:
            variant = self._variant(row)
            item = replace(item, variant=variant, price=variant.goods.price)
        subs.items[place] = self._written(item, row, wish)
        self._settle(subs, wish, actor, item.variant.goods.sku)
        return subs.items[place]

    def replace_sets(self, subs: SubsOrder, variants: list[tuple[Variant, int]]) -> None:
        """All parts of the set at once; they cost nothing by themselves (SANDBOX)."""
        now = self._shop.now()
        kept = [item for item in subs.items if item.set_quantity is None]
        subs.items = kept + [
            Item(self._shop.draw("item"), variant, quantity, 0, now, now, set_quantity=quantity)
            for variant, quantity in variants
        ]
        self._settle(subs, NOTHING, "api", "sets")

    def reprice(self, subs: SubsOrder, times: int) -> None:
        """販売価格 of the `times`-th order for all items: its 定期詳細設定, else the SKU's."""
        row = subs.rows.get(times)
        prices = row.prices if row else {}
        for item in subs.items:
            if item.set_quantity is None:
                item.price = prices.get(item.variant.goods.sku, item.variant.goods.price)

    def _place(self, subs: SubsOrder, id_: object) -> int:
        wanted = read_int(id_)
        place = next((k for k, item in enumerate(subs.items) if item.id == wanted), None)
        if place is None:
            raise not_found(ASOI, "order_item")
        return place

    def _variant(self, row: Params) -> Variant:
        variant = self._shop.variant_by_id(read_int(row.get("variant_id")) or 0)
        if variant is None or variant.deleted_at is not None:
            raise not_found(ASOI, "variant")
        return variant

    def _written(self, item: Item, row: Params, wish: Recalculation) -> Item:
        draft = replace(item, updated_at=self._shop.now())
        if "price" in row:
            price = read_int(row["price"])
            if price is None or price < 0 or wish.price:
                raise invalid(ASOI, "price")
            draft.price = price
        quantity = read_int(row.get("quantity", item.quantity))
        if quantity is None or quantity < 1:
            raise invalid(ASOI, "quantity")
        draft.quantity = quantity
        draft.onetime = read_switch(row.get("onetime"), default=item.onetime)
        draft.skip = read_switch(row.get("skip"), default=item.skip)
        return draft

    def _settle(self, subs: SubsOrder, wish: Recalculation, actor: str, what: str) -> None:
        if wish.price and wish.times is not None:
            self.reprice(subs, wish.times)
            if wish.sync:
                subs.times = wish.times - 1
        self._shop.note(subs, actor, "item", after=what)
        if wish.schedule:
            self._schedule.plan_from_last(subs)
        self._shop.history.add("subs_changed", subs.number, keys=["order_items"])
