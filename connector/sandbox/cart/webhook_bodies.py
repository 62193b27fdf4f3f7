"""Webhook bodies (Webhookの本文): the default template of each category, and what a template may name (§4).

Every value of a default stands in quotes, so a number travels as text and nil as "". Dangerous: what a shopper typed
is not escaped; a quote or a line break in a name makes the body something that is no JSON.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from connector.sandbox.cart.jobs import Job
from connector.sandbox.cart.model import Address, Customer, Order, SubsOrder, Variant
from connector.sandbox.cart.resources import order_attributes
from connector.sandbox.cart.resources_customers import customer_resource
from connector.sandbox.cart.resources_goods import product_resource, variant_resource
from connector.sandbox.cart.resources_parts import address_resource, item_resource, payment_resource
from connector.sandbox.cart.resources_subs import subs_attributes
from connector.sandbox.cart.shop import Shop
from connector.sandbox.cart.texts import stamp

Record = Order | SubsOrder | Customer | Variant | Job
Fields = dict[str, Any]

PERSON: Final = (
    *((name, f"billing_address.{name}") for name in ("name01", "name02", "kana01", "kana02")),
    ("prefecture_id", "billing_address.prefecture_id"),
    *((name, f"billing_address.{name}") for name in ("zip01", "zip02", "addr01", "addr02", "addr03")),
    *((name, f"billing_address.{name}") for name in ("tel01", "tel02", "tel03")),
)


def _flat(root: str, pairs: Iterable[tuple[str, str]]) -> str:
    """A JSON object of quoted values, one per line."""
    lines = [f'  "{key}": "{{{{ {root}.{path} }}}}"' for key, path in pairs]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _same(*names: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, name) for name in names)


ORDER: Final = _flat(
    "order",
    (
        *_same("id", "number", "customer_id", "customer_number", "email"),
        *PERSON,
        *_same("times", "state"),
        ("human_state_name", "human_state"),
        *_same("payment_state"),
        ("payment_state_name", "payment_human_state"),
        *_same("payment_method_name"),
        ("base_url", "url"),
        *_same("total"),
    ),
)
SUBS_ORDER: Final = _flat(
    "subs_order",
    (
        *_same("id", "number", "customer_number"),
        ("email", "customer.email"),
        *((key, f"customer.{path}") for key, path in PERSON),
        *_same("times", "orders_count", "state"),
        ("human_state_name", "human_state"),
        *_same(
            "scheduled_to_be_shipped_at", "scheduled_to_be_delivered_at", "payment_method_name", "subtotal"
        ),
    ),
)
PAYMENT: Final = """{
  "payment": {
    "state": "{{ payment.state }}",
    "order": {
      "id": "{{ payment.order.id }}",
      "number": "{{ payment.order.number }}",
      "times": "{{ payment.order.times }}"
    }
  }
}
"""
CUSTOMER: Final = _flat("customer", (*_same("id", "number", "state", "email"), *PERSON))
PRODUCT: Final = _flat("product", _same("id", "number", "name", "state"))
JOB: Final = _flat("job", _same("id", "job_id", "kind", "state"))
DEFAULTS: Final = {
    "order": ORDER,
    "subs_order": SUBS_ORDER,
    "payment": PAYMENT,
    "customer": CUSTOMER,
    "product": PRODUCT,
    "job": JOB,
}


def scope_of(shop: Shop, category: str, record: Record) -> Fields:
    """What a template of this category sees of a record: one root, everything else hangs on it."""
    if isinstance(record, Order):
        order = _order(shop, record)
        return (
            {"payment": {**order["payment"], "order": order}} if category == "payment" else {"order": order}
        )
    if isinstance(record, SubsOrder):
        return {"subs_order": _subs(shop, record)}
    if isinstance(record, Customer):
        return {"customer": _customer(shop, record)}
    if isinstance(record, Variant):
        product = product_resource(shop, record)["attributes"]
        return {"product": {**product, "variant": variant_resource(record)["attributes"]}}
    return {"job": _job(record)}


def _order(shop: Shop, order: Order) -> Fields:
    return {
        **order_attributes(shop, order),
        "customer": _customer(shop, shop.customers[order.customer_id]),
        "billing_address": _address(order.billing),
        "shipping_address": _address(order.shipping[0]),
        "shipping_addresses": [_address(address) for address in order.shipping],
        "order_items": [item_resource(shop, item)["attributes"] for item in order.items],
        "payment": payment_resource(order.payment)["attributes"],
    }


def _subs(shop: Shop, subs: SubsOrder) -> Fields:
    return {
        **subs_attributes(shop, subs),
        "customer": _customer(shop, shop.customers[subs.customer_id]),
        "shipping_address": _address(subs.shipping),
        "order_items": [item_resource(shop, item)["attributes"] for item in subs.items],
    }


def _customer(shop: Shop, customer: Customer) -> Fields:
    return {
        **customer_resource(shop, customer)["attributes"],
        "billing_address": _address(customer.billing),
    }


def _address(address: Address) -> Fields:
    fields: Fields = address_resource(address)["attributes"]
    return fields


def _job(job: Job) -> Fields:
    return {
        "id": job.id,
        "job_id": job.job_id,
        "kind": job.kind,
        "state": job.state,
        "ended_at": stamp(job.ended_at),
    }
