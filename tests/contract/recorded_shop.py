"""The recorded orders (fixtures/ecforce/orders_page*.json) put into a sandbox cart, for it to write them itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connector.adapters.ecforce import wire
from connector.sandbox.cart import CartSandbox
from connector.sandbox.cart.model import (
    Address,
    Customer,
    Goods,
    Item,
    Order,
    Payment,
    PostalAddress,
    SubsOrder,
    Variant,
)
from connector.sandbox.cart.money import Amounts, Extras
from connector.sandbox.cart.settings import Carrier, DeliveryTime, MethodKind, PaymentMethod
from connector.sandbox.cart.texts import read_datetime
from connector.subscriptions.cycle import Cycle

from tests.contract.cart_shapes import recorded

PAGES = ("orders_page1.json", "orders_page2.json")
Fields = dict[str, Any]


def enter_recorded_orders(cart: CartSandbox, pages: tuple[str, ...] = PAGES) -> list[Order]:
    """Every order of the pages, with its people, lines, amounts and dates as recorded."""
    found: dict[int, Order] = {}
    for name in pages:
        document = recorded(name)
        known = {(each["type"], each["id"]): each["attributes"] for each in document["included"]}
        for row in document["data"]:
            order = _order(cart, row["attributes"], _related(row, known))
            found[order.id] = order
    for order in found.values():
        cart.shop.orders[order.id] = cart.shop.order_by_number[order.number] = order
    return list(found.values())


def _related(row: Fields, known: dict[tuple[str, str], Fields]) -> dict[str, list[Fields]]:
    related = {}
    for name, relation in row["relationships"].items():
        ends = relation["data"]
        ends = ends if isinstance(ends, list) else [ends] if ends else []
        related[name] = [known[end["type"], end["id"]] for end in ends if (end["type"], end["id"]) in known]
    return related


def _order(cart: CartSandbox, said: Fields, related: dict[str, list[Fields]]) -> Order:
    at = _at(said["completed_at"])
    order = Order(
        id=said["id"],
        number=said["number"],
        customer_id=_customer(cart, said, related).id,
        email=said["email"],
        state=said["state"],
        billing=_address(related["billing_address"][0], at),
        shipping=[_address(each, at) for each in related["shipping_addresses"]],
        items=[_item(each, at) for each in related["order_items"]],
        payment=_payment(said),
        created_at=_at(said["created_at"]),
        updated_at=_at(said["updated_at"]),
        completed_at=at,
        amounts=_amounts(said),
        remark=said["remark"],
        wrapping=said["wrapping"],
        memo01=said["memo01"],
        memo02=said["memo02"],
        times=said["times"],
        nth=said["nth"],
        deleted_at=read_datetime(said.get("deleted_at") or ""),
        ship_planned_at=read_datetime(said["scheduled_to_be_shipped_at"] or ""),
        delivery_planned_at=read_datetime(said["scheduled_to_be_delivered_at"] or ""),
    )
    if said["shipping_carrier_id"]:
        order.carrier = Carrier(said["shipping_carrier_id"], said["shipping_carrier_name"], "01")
    if said["scheduled_delivery_time_id"]:
        names = ("scheduled_delivery_time_id", "scheduled_delivery_time", "scheduled_delivery_time_code")
        order.delivery_time = DeliveryTime(*(said[name] for name in names))
    if said["subs_order_id"]:
        order.subs_id = _subscription(cart, said, order)
    return order


def _customer(cart: CartSandbox, said: Fields, related: dict[str, list[Fields]]) -> Customer:
    known = cart.shop.customers.get(said["customer_id"])
    if known is not None:
        return known
    at = _at(said["completed_at"])
    customer = Customer(
        id=said["customer_id"],
        number=said["customer_number"],
        email=said["email"],
        point=0,
        blacklist=False,
        billing=_address(related["billing_address"][0], at),
        created_at=at,
        updated_at=at,
    )
    cart.shop.customers[customer.id] = customer
    return customer


def _subscription(cart: CartSandbox, said: Fields, order: Order) -> int:
    """A parent of that number; only what an order shows of it."""
    cart.shop.subs[said["subs_order_id"]] = SubsOrder(
        id=said["subs_order_id"],
        number=said["subs_order_number"],
        customer_id=order.customer_id,
        state=wire.SUBS_ACTIVE,
        cycle=Cycle.every(30),
        items=[],
        payment=order.payment,
        shipping=order.shipping[0],
        carrier=order.carrier or cart.shop.default_carrier(),
        created_at=order.created_at,
        updated_at=order.updated_at,
        next_delivery_at=order.delivery_planned_at or order.completed_at,
        next_ship_at=order.ship_planned_at or order.completed_at,
        times=said["times"],
        orders_count=said["nth"],
    )
    return int(said["subs_order_id"])


def _address(said: Fields, at: datetime) -> Address:
    form = PostalAddress(
        name01=said["name01"],
        name02=said["name02"],
        kana01=said["kana01"] or "",
        kana02=said["kana02"] or "",
        company_name=said["company_name"],
        zip=f"{said['zip01']}-{said['zip02']}",
        prefecture_id=said["prefecture_id"],
        addr01=said["addr01"],
        addr02=said["addr02"] or "",
        addr03=said["addr03"] or "",
        tel="-".join(said[f"tel0{k}"] for k in (1, 2, 3)),
    )
    return Address(said["id"], form, at, at)


def _item(said: Fields, at: datetime) -> Item:
    goods = Goods(
        sku=said["variant_sku"],
        product_number=said["product_number"],
        name=said["product_name"],
        price=said["list_price"],
        tax_rate=said["tax_rate"],
    )
    variant = Variant(said["variant_id"], said["variant_id"], goods, 100, at, at)
    bundled = said["product_bundled_item_id"]
    return Item(said["id"], variant, said["quantity"], said["price"], at, at, bundled_id=bundled)


def _payment(said: Fields) -> Payment:
    method = PaymentMethod(said["payment_method_id"], said["payment_method_name"], MethodKind.CARD)
    return Payment(
        id=1, method=method, state=said["payment_state"], last_error=said["payment_last_error_message"]
    )


def _amounts(said: Fields) -> Amounts:
    extras = Extras(
        deliv_fee=said["deliv_fee"],
        charge=said["charge"],
        misc_fee=said["misc_fee"],
        discount8=said["discount8"],
        discount10=said["discount10"],
        point=said["point"],
        adjustment=said["adjustment"],
    )
    return Amounts(
        subtotal8=said["subtotal8"],
        subtotal10=said["subtotal10"],
        tax8=said["tax8"],
        tax10=said["tax10"],
        point8=said["point8"],
        point10=said["point10"],
        extras=extras,
    )


def _at(text: str) -> datetime:
    at = read_datetime(text)
    assert at is not None
    return at
