"""Resources (JSON:API の形): the attributes of ECFORCE documents that we need, typed as they travel.

Only what an order of ours is made of; everything else in a document is skipped unread. A wrong JSON type
fails here, with its path; null is fine everywhere except where an order could not be trusted without it.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

from connector.adapters.ecforce import wire

T = TypeVar("T")


class Ref(Struct, frozen=True):
    """A resource named in a relationship."""

    id: str | int
    type: str


class Relation(Struct, frozen=True):
    data: Ref | list[Ref] | None = None

    def one(self) -> Ref | None:
        return self.data if isinstance(self.data, Ref) else None

    def many(self) -> list[Ref]:
        return self.data if isinstance(self.data, list) else []


_NOTHING = Relation()


class OrderRelations(Struct, frozen=True):
    customer: Relation = _NOTHING
    billing_address: Relation = _NOTHING
    shipping_address: Relation = _NOTHING
    shipping_addresses: Relation = _NOTHING
    order_items: Relation = _NOTHING
    payment: Relation = _NOTHING


class OrderAttributes(Struct, gc=False):
    """spec/ecforce.md §2.8. `number` stays raw: unquoted it would be read as 4.12e+23."""

    id: int
    number: Raw
    subtotal: int
    payment_total: int
    updated_at: str
    customer_id: int | None = None
    subs_order_id: int | None = None
    subs_order_number: Raw = Raw(b"null")
    times: int | None = None
    nth: int | None = None
    state: str | None = None
    email: str | None = None
    subtotal8: int | None = None
    subtotal10: int | None = None
    discount: int | None = None
    discount8: int | None = None
    discount10: int | None = None
    discount_with_point: int | None = None
    point: int | None = None
    point8: int | None = None
    point10: int | None = None
    misc_fee: int | None = None
    deliv_fee: int | None = None
    charge: int | None = None
    adjustment: int | None = None
    tax: int | None = None
    tax8: int | None = None
    tax10: int | None = None
    total: int | None = None
    total8: int | None = None
    total10: int | None = None
    payment_method_id: int | None = None
    payment_method_name: str | None = None
    payment_state: str | None = None
    payment_last_error_message: str | None = None
    payment_authed_at: str | None = None
    shipping_carrier_id: int | None = None
    shipping_carrier_name: str | None = None
    shipping_slip: Raw = Raw(b"null")
    scheduled_to_be_shipped_at: str | None = None
    scheduled_to_be_delivered_at: str | None = None
    scheduled_delivery_time: str | None = None
    wrapping: str | None = None
    remark: str | None = None
    memo01: str | None = None
    memo02: str | None = None
    tbc: bool | int | str | None = None  # §10.4
    tbc_order_reasons: str | None = None
    created_at: str | None = None
    completed_at: str | None = None
    shipped_at: str | None = None
    deleted_at: str | None = None  # §15.1


class OrderResource(Struct, frozen=True):
    attributes: OrderAttributes
    relationships: OrderRelations = OrderRelations()


class ItemAttributes(Struct, gc=False):
    """§2.12. `price` is the unit price that is charged."""

    id: int
    price: int
    quantity: int
    product_bundled_item_id: int | None = None
    product_number: str | None = None
    product_name: str | None = None
    variant_sku: str | None = None
    tax_rate: int | None = None
    shipping_address_id: int | None = None  # §15.2: real shops may not send it


class AddressAttributes(Struct, gc=False):
    """§2.12. `full_*` is what the cart itself shows; the parts are used where it is missing."""

    id: int | None = None
    full_name: str | None = None
    full_kana: str | None = None
    full_zip: str | None = None
    full_tel: str | None = None
    name01: str | None = None
    name02: str | None = None
    kana01: str | None = None
    kana02: str | None = None
    company_name: str | None = None
    zip01: str | None = None
    zip02: str | None = None
    prefecture_id: int | None = None
    prefecture_name: str | None = None
    addr01: str | None = None
    addr02: str | None = None
    addr03: str | None = None
    tel01: str | None = None
    tel02: str | None = None
    tel03: str | None = None


class PaymentAttributes(Struct, gc=False):
    payment_method_id: int | None = None
    payment_method_name: str | None = None
    source_id: int | None = None  # the registered card; null for every other method


class CustomerAttributes(Struct, gc=False):
    email: str | None = None


class Resource(Struct, gc=False):
    """Something included; its attributes are decoded when an order asks for it."""

    id: str | int
    type: str
    attributes: Raw = Raw(b"{}")


class Meta(Struct, frozen=True):
    total_count: int | None = None
    total_pages: int | None = None  # missing or 0 at times: §2.2
    per: int | None = None


class Document(Struct):
    data: Raw
    included: list[Resource] = []
    meta: Meta | None = None


class Loose(Struct):
    """The little that is tried of an order that could not be read."""

    id: Raw = Raw(b"null")
    attributes: dict[str, Raw] = {}


CANONICAL = {
    spelling: canonical for canonical, spellings in wire.TYPE_SPELLINGS.items() for spelling in spellings
}

ITEM = msgspec.json.Decoder(ItemAttributes)
ADDRESS = msgspec.json.Decoder(AddressAttributes)
PAYMENT = msgspec.json.Decoder(PaymentAttributes)
CUSTOMER = msgspec.json.Decoder(CustomerAttributes)


class Included:
    """The included resources of one document, found by type and id, each decoded once."""

    def __init__(self, resources: list[Resource]) -> None:
        self._raw = {(_kind(each.type), str(each.id)): each.attributes for each in resources}
        self._read: dict[tuple[str, str], object] = {}

    def find(self, ref: Ref, decoder: msgspec.json.Decoder[T]) -> T | None:
        """None where the document does not carry it; msgspec.ValidationError where it breaks its type."""
        key = (_kind(ref.type), str(ref.id))
        if key not in self._raw:
            return None
        found = self._read.get(key)
        if found is None:
            found = self._read[key] = decoder.decode(self._raw[key])
        return found  # type: ignore[return-value]  # one decoder per resource type


def _kind(name: str) -> str:
    return CANONICAL.get(name) or name.replace("-", "_")
