"""Edits of an order (受注の更新): the keys the cart accepts, and the silence about all others.

spec/ecforce.md §2.9. Dangerous: `tbc`, `label_ids`, `payment_state`, `shipping_slip`, `shipped_at` and every
unknown key answer 200 and change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from connector.adapters.ecforce import wire
from connector.sandbox.cart.free_columns import changed_answers
from connector.sandbox.cart.gateway import Gateway
from connector.sandbox.cart.model import Address, Item, Order, PostalAddress, SubsOrder
from connector.sandbox.cart.order_desk import OrderDesk
from connector.sandbox.cart.payments import Payments
from connector.sandbox.cart.refusal import Refusal, all_of, invalid
from connector.sandbox.cart.resources import Numbered, named
from connector.sandbox.cart.settings import MethodKind
from connector.sandbox.cart.shop import Shop
from connector.sandbox.cart.texts import read_datetime, read_int, read_switch

AOR: Final = wire.PREFIX_ORDER
TEXTS: Final = {
    "remark": "remark",
    "memo01": "memo01",
    "memo02": "memo02",
    "linked_memo": "linked_memo",
}
NUMBERS: Final = {"assigned_admin_id": "assigned_admin_id", "registrant_admin_id": "registrant_admin_id"}
INSTANTS: Final = {
    "scheduled_to_be_shipped_at": "ship_planned_at",
    "scheduled_to_be_delivered_at": "delivery_planned_at",
    "delivered_at": "delivered_at",
}
POSTAL_KEYS: Final = ("name01", "name02", "kana01", "kana02", "addr01", "addr02", "addr03")

Params = Mapping[str, Any]


class OrderEdits:
    """Applies the `order` object of a PUT."""

    def __init__(self, shop: Shop, desk: OrderDesk, payments: Payments, gateway: Gateway) -> None:
        self._shop, self._desk, self._payments, self._gateway = shop, desk, payments, gateway

    def apply(
        self, order: Order, params: Params, *, preview: bool, recalculate: bool, bulk: bool = False
    ) -> Order:
        """The order after the edit; with `preview` a changed copy and nothing is saved."""
        draft = _copy(order)
        self._change(draft, params, bulk=bulk)
        if recalculate or "adjustment" in params:
            self._desk.recalculate(draft)
        if preview:
            return draft
        return self._save(order, draft, params)

    def _save(self, order: Order, draft: Order, params: Params) -> Order:
        before, after = order.state, draft.state
        paid_before = order.amounts.payment_total
        move_stock(order.items, draft.items)
        for name in Order.__slots__:
            if name not in ("state", "timeline", "payment"):
                setattr(order, name, getattr(draft, name))
        order.payment.method, order.payment.card_id = draft.payment.method, draft.payment.card_id
        order.payment.times = draft.payment.times
        self._shop.note(order, "api", "edited", after=",".join(sorted(params)))
        self._shop.history.add("order_changed", order.number, keys=sorted(params))
        if before != after:
            self._shop.set_state(order, after, "api")
        if order.amounts.payment_total != paid_before:
            self._payments.change_amount(order)
        return order

    def _change(self, order: Order, params: Params, *, bulk: bool) -> None:
        wrong: list[Refusal] = []
        for change in (
            self._state,
            self._plain,
            self._masters,
            self._source,
            self._answers,
            self._addresses,
            self._items,
            self._method,
        ):
            try:
                change(order, params)
            except Refusal as refusal:
                wrong.append(refusal)
        if bulk and "link_number" in params:
            order.link_number = _text(params["link_number"])
        all_of(wrong)

    def _state(self, order: Order, params: Params) -> None:
        if "state" not in params:
            return
        code = str(params["state"])
        if code not in self._shop.settings.order_states:
            raise invalid(AOR, "state")
        order.state = code

    def _plain(self, order: Order, params: Params) -> None:
        for key, name in TEXTS.items():
            if key in params:
                setattr(order, name, _text(params[key]))
        for key, name in NUMBERS.items():
            if key in params:
                setattr(order, name, read_int(params[key]))
        for key, name in INSTANTS.items():
            if key in params:
                self._instant(order, key, name, params[key])
        if "adjustment" in params:
            adjustment = read_int(params["adjustment"])
            if adjustment is None:
                raise invalid(AOR, "adjustment")
            order.extras = replace(order.extras, adjustment=adjustment)

    def _instant(self, order: Order, key: str, name: str, value: object) -> None:
        at = read_datetime(str(value)) if value not in (None, "") else None
        if value not in (None, "") and at is None:
            raise invalid(AOR, key)
        if key == "scheduled_to_be_shipped_at":
            order.previous_ship_planned_at = order.ship_planned_at
        if key == "scheduled_to_be_delivered_at":
            order.previous_delivery_planned_at = order.delivery_planned_at
        setattr(order, name, at)

    def _masters(self, order: Order, params: Params) -> None:
        if "shipping_carrier_id" in params:
            carrier = self._shop.carrier(read_int(params["shipping_carrier_id"]) or 0)
            if carrier is None:
                raise invalid(AOR, "shipping_carrier_id")
            order.carrier = carrier
        if "scheduled_delivery_time_id" in params:
            wish = params["scheduled_delivery_time_id"]
            slot = self._shop.delivery_time(read_int(wish) or 0)
            if slot is None and wish is not None:
                raise invalid(AOR, "scheduled_delivery_time_id")
            order.delivery_time = slot

    def _source(self, order: Order, params: Params) -> None:
        """媒体, 広告URL and 受取場所."""
        masters = self._shop.settings.masters
        if "store_id" in params:
            order.store_id = known_id(params["store_id"], masters.stores, AOR, "store_id")
        if "url" in params:
            order.url_id = None
            if params["url"]:
                url = next((each for each in masters.urls if each.token == params["url"]), None)
                if url is None:
                    raise invalid(AOR, "url")
                order.url_id = url.id
        write_pickup(self._shop, order, params, AOR)

    def _answers(self, order: Order, params: Params) -> None:
        if "order_free_columns" in params:
            order.free_columns = changed_answers(
                self._shop, order.free_columns, params["order_free_columns"], AOR
            )

    def _addresses(self, order: Order, params: Params) -> None:
        billing, shipping = (params.get(f"{kind}_address_attributes") for kind in ("billing", "shipping"))
        if isinstance(billing, Mapping):
            order.billing = self._rewritten(
                order, order.billing, changed_postal(order.billing.postal, billing)
            )
        if isinstance(shipping, Mapping):
            wanted = read_int(shipping.get("id"))
            place = next((k for k, each in enumerate(order.shipping) if each.id == wanted), 0)
            self._readdress(order, place, changed_postal(order.shipping[place].postal, shipping))

    def readdress(self, order: Order, postal: PostalAddress, place: int = 0) -> None:
        """お届け先の変更 as a person does it on the screen or on マイページ."""
        self._readdress(order, place, postal)
        self._shop.note(order, "shopper", "shipping_address")
        self._shop.history.add("order_changed", order.number, keys=["shipping_address_attributes"])

    def _readdress(self, order: Order, place: int, postal: PostalAddress) -> None:
        old = order.shipping[place]
        order.shipping[place] = self._rewritten(order, old, postal)
        if old.id in order.parcels:
            order.parcels[order.shipping[place].id] = order.parcels.pop(old.id)

    def _rewritten(self, order: Order, address: Address, postal: PostalAddress) -> Address:
        """The record with other text, or a record of its own when billing and shipping shared one."""
        shared = any(each.id == order.billing.id for each in order.shipping)
        if shared and postal != address.postal:
            return self._shop.address(postal)
        return Address(address.id, postal, address.created_at, self._shop.now())

    def _items(self, order: Order, params: Params) -> None:
        rows = params.get("order_items_attributes")
        if not isinstance(rows, list):
            return
        for row in rows:
            self._item(order, row)

    def _item(self, order: Order, row: object) -> None:
        if not isinstance(row, Mapping):
            raise invalid(AOR, "order_items_attributes")
        id_ = read_int(row.get("id"))
        item = next((each for each in order.items if each.id == id_), None)
        if item is None:
            raise invalid(AOR, "order_items_attributes")
        if read_switch(row.get("delete")):
            order.items.remove(item)
            return
        order.items[order.items.index(item)] = changed_item(self._shop, item, row)

    def _method(self, order: Order, params: Params) -> None:
        wish = params.get("payment_attributes")
        if not isinstance(wish, Mapping):
            return
        method = self._shop.method(read_int(wish.get("payment_method_id")) or order.payment.method.id)
        if method is None:
            raise invalid(AOR, "payment_method_id")
        source = read_int(wish.get("source_id"))
        is_card = method.kind is MethodKind.CARD
        card = self._gateway.cards.get(source or 0)
        theirs = card is not None and card.customer_id == order.customer_id and card.is_card
        if is_card and not (theirs and wish.get("source_type") == wire.SOURCE_CREDIT_CARD):
            raise invalid(AOR, "source_id")
        if not is_card and source is not None:
            raise invalid(AOR, "source_id")
        order.payment.method = method
        order.payment.card_id = source if is_card else None
        order.payment.times = read_int(wish.get("payment_times", 1 if is_card else None))


def changed_item(shop: Shop, item: Item, row: Params) -> Item:
    """A copy with the row written over it; another variant brings its own price. Raises Refusal."""
    draft = replace(item, updated_at=shop.now())
    if "variant_id" in row:
        variant = shop.variant_by_id(read_int(row["variant_id"]) or 0)
        if variant is None:
            raise invalid(AOR, "variant_id")
        draft.variant, draft.price = variant, variant.goods.price
    quantity = read_int(row.get("quantity", item.quantity))
    if quantity is None or quantity < 1:
        raise invalid(AOR, "quantity")
    points = read_int(row.get("point_exchange_quantity", item.point_exchange_quantity))
    if points is None or not 0 <= points <= quantity:
        raise invalid(AOR, "point_exchange_quantity")
    draft.quantity, draft.point_exchange_quantity = quantity, points
    return draft


def move_stock(before: Iterable[Item], after: Iterable[Item]) -> None:
    """What is no longer sold goes back, what is now sold is taken."""
    for item in before:
        item.variant.take(-item.quantity)
    for item in after:
        item.variant.take(item.quantity)


def known_id(value: object, masters: Iterable[Numbered], prefix: str, key: str) -> int:
    """The id if a master carries it. Raises Refusal otherwise."""
    id_ = read_int(value)
    if id_ is None or named(masters, id_) is None:
        raise invalid(prefix, key)
    return id_


def write_pickup(shop: Shop, record: Order | SubsOrder, params: Params, prefix: str) -> None:
    """`pickup_locations_attributes`: two wishes and the bell."""
    wish = params.get("pickup_locations_attributes")
    if not isinstance(wish, Mapping):
        return
    places, ids = shop.settings.masters.pickup_locations, list(record.pickup_ids)
    for place, key in enumerate(("pickup_location_id_1", "pickup_location_id_2")):
        if key in wish:
            ids[place] = None if wish[key] is None else known_id(wish[key], places, prefix, key)
    record.pickup_ids = (ids[0], ids[1])
    if "doorbell" in wish:
        record.doorbell = read_switch(wish["doorbell"])


def changed_postal(postal: PostalAddress, params: Params, prefix: str = AOR) -> PostalAddress:
    """An address form with the keys of `…_address_attributes` written over it."""
    changes: dict[str, Any] = {key: _text(params[key]) or "" for key in POSTAL_KEYS if key in params}
    if "company_name" in params:
        changes["company_name"] = _text(params["company_name"])
    if "prefecture_id" in params:
        prefecture = read_int(params["prefecture_id"])
        if prefecture is None or not 1 <= prefecture <= len(wire.PREFECTURES):
            raise invalid(prefix, "prefecture_id")
        changes["prefecture_id"] = prefecture
    if "zip01" in params or "zip02" in params:
        first, _, last = postal.zip.partition("-")
        changes["zip"] = f"{params.get('zip01', first)}-{params.get('zip02', last)}"
    tel = [*postal.tel.split("-", 2), "", ""][:3]
    if any(f"tel0{k}" in params for k in (1, 2, 3)):
        changes["tel"] = "-".join(str(params.get(f"tel0{k}", tel[k - 1])) for k in (1, 2, 3))
    if "shipping_address_note" in params:
        changes["note"] = _text(params["shipping_address_note"])
    return msgspec.structs.replace(postal, **changes)


def _copy(order: Order) -> Order:
    """The order and all an edit may write to; goods, methods and carriers stay the shop's own."""
    return replace(
        order,
        items=[replace(item) for item in order.items],
        shipping=list(order.shipping),
        parcels=dict(order.parcels),
        payment=replace(order.payment),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
