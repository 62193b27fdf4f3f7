"""Items of an order (受注商品): added, changed and taken out after the order was placed.

spec/ecforce.md §2.7, §2.12. With `refer_settings` price and inserts come from the subscription's 定期詳細設定, else
from the SKU alone. Every change moves the stock, reckons the amounts anew and asks the payment company for them.
"""

from __future__ import annotations

from connector.adapters.ecforce import wire
from connector.sandbox.cart.model import Item, Order, Variant
from connector.sandbox.cart.order_desk import FIRST_BUNDLED, OrderDesk
from connector.sandbox.cart.order_edits import Params, changed_item, move_stock
from connector.sandbox.cart.payments import Payments
from connector.sandbox.cart.refusal import invalid, not_found
from connector.sandbox.cart.shop import Shop
from connector.sandbox.cart.texts import read_int, read_switch

AOR = wire.PREFIX_ORDER


class OrderItems:
    """Rows of `order_items/bulk_create` and `bulk_update`."""

    def __init__(self, shop: Shop, desk: OrderDesk, payments: Payments) -> None:
        self._shop, self._desk, self._payments = shop, desk, payments

    def create(self, order: Order, row: Params, *, refer_settings: bool) -> None:
        """Raises Refusal for an unknown variant or a quantity below 1."""
        variant = self._shop.variant_by_id(read_int(row.get("variant_id")) or 0)
        if variant is None:
            raise not_found(AOR, "variant")
        quantity = read_int(row.get("quantity", 1))
        if quantity is None or quantity < 1:
            raise invalid(AOR, "quantity")
        before = list(order.items)
        price = self._price(order, variant) if refer_settings else variant.goods.price
        order.items.append(self._item(variant, quantity, price))
        if refer_settings:
            inserts = (self._shop.variants[sku] for sku in self._inserts(order, variant))
            order.items += [self._item(insert, 1, 0, insert=True) for insert in inserts]
        self._settle(order, before, "item_added", variant.goods.sku)

    def update(self, order: Order, row: Params, *, refer_settings: bool) -> None:
        """Raises Refusal for an item that is not of this order."""
        before = list(order.items)
        place = next((k for k, item in enumerate(order.items) if item.id == read_int(row.get("id"))), None)
        if place is None:
            raise not_found(AOR, "order_item")
        item = order.items[place]
        if read_switch(row.get("delete")):
            order.items.pop(place)
        else:
            changed = changed_item(self._shop, item, row)
            if refer_settings and "variant_id" in row:
                changed.price = self._price(order, changed.variant)
            order.items[place] = changed
        self._settle(order, before, "item_changed", item.variant.goods.sku)

    def _price(self, order: Order, variant: Variant) -> int:
        """Of this round, or of the SKU where the settings say nothing."""
        parent = self._shop.parent(order)
        row = parent.rows.get(order.times) if parent else None
        return row.prices.get(variant.goods.sku, variant.goods.price) if row else variant.goods.price

    def _inserts(self, order: Order, variant: Variant) -> list[str]:
        """同梱物 of this round, or of the product; none that lies in the parcel already."""
        parent = self._shop.parent(order)
        row = parent.rows.get(order.times) if parent else None
        wanted = row.inserts if row and row.inserts else variant.bundled
        there = {item.variant.goods.sku for item in order.items if item.bundled_id is not None}
        return [sku for sku in wanted if sku not in there and sku in self._shop.variants]

    def _item(self, variant: Variant, quantity: int, price: int, *, insert: bool = False) -> Item:
        now, id_ = self._shop.now(), self._shop.draw("item")
        bundled_id = FIRST_BUNDLED + variant.id if insert else None
        return Item(id_, variant, quantity, price, now, now, bundled_id=bundled_id)

    def _settle(self, order: Order, before: list[Item], kind: str, sku: str) -> None:
        shop, paid_before = self._shop, order.amounts.payment_total
        move_stock(before, order.items)
        self._desk.recalculate(order)
        shop.note(order, "api", kind, after=sku)
        shop.history.add("order_changed", order.number, keys=["order_items"])
        if order.amounts.payment_total != paid_before:
            self._payments.change_amount(order)
