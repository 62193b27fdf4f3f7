"""Resources of a customer (顧客, メモ, ポイント, クレジットカード) as JSON:API (spec/ecforce.md §2.14)."""

from __future__ import annotations

from collections.abc import Iterable

from connector.adapters.ecforce import wire
from connector.sandbox.cart.customer_parts import CardFace, Note, PointEntry
from connector.sandbox.cart.masters import Named
from connector.sandbox.cart.model import Customer
from connector.sandbox.cart.resources import (
    Attributes,
    Resource,
    joined,
    named,
    relation,
    relations,
    resource,
)
from connector.sandbox.cart.settings import BLACKLIST_REASON
from connector.sandbox.cart.shop import Shop
from connector.sandbox.cart.texts import stamp


def customer_resource(shop: Shop, customer: Customer) -> Resource:
    profile = customer.profile
    return resource(
        wire.TYPE_CUSTOMER,
        {
            "id": customer.id,
            "number": customer.number,
            "state": profile.state,
            "human_state_name": wire.CUSTOMER_STATES.get(profile.state),
            "email": customer.email,
            **_masters(shop, customer),
            "mobile_email": profile.mobile_email,
            "birth": profile.birth_on.strftime("%Y/%m/%d") if profile.birth_on else None,
            "point_expired_at": None,
            "line_id": profile.line_id,
            "line_id_linked_at": None,
            "labels": joined(profile.labels),
            "coupon_codes": None,
            "buy_times": customer.buy_times,
            "buy_total": customer.buy_total,
            "first_order_completed_at": stamp(customer.first_completed_at),
            "last_order_completed_at": stamp(customer.last_completed_at),
            "point": customer.point,
            "optin": profile.optin,
            "mail_delivery_stop": profile.mail_delivery_stop,
            "np_royal_customer": profile.np_royal_customer,
            "blacklist": customer.blacklist,
            "blacklist_reasons": _blacklist_reasons(shop, customer),
            "link_number": customer.link_number,
            **profile.options,
            "created_at": stamp(customer.created_at),
            "updated_at": stamp(customer.updated_at),
            "deleted_at": stamp(customer.deleted_at),
        },
        {
            "billing_address": relation(wire.TYPE_ADDRESS, customer.billing.id),
            "shipping_addresses": relations(wire.TYPE_ADDRESS, shipping_ids(customer)),
            "notes": relations(wire.TYPE_NOTE, [note.id for note in customer.notes]),
        },
    )


def shipping_ids(customer: Customer) -> list[int]:
    """お届け先; without one of its own it is the billing address."""
    return [address.id for address in customer.shipping] or [customer.billing.id]


def _masters(shop: Shop, customer: Customer) -> Attributes:
    masters, numbers = shop.settings.masters, customer.profile.numbers
    return {
        "customer_rank_id": numbers["customer_rank_id"],
        "customer_rank_name": _name(masters.ranks, numbers["customer_rank_id"]),
        "sex_id": numbers["sex_id"],
        "sex": _name(masters.sexes, numbers["sex_id"]),
        "job_id": numbers["job_id"],
        "job": _name(masters.jobs, numbers["job_id"]),
        "customer_type_id": numbers["customer_type_id"],
        "customer_type_name": _name(masters.types, numbers["customer_type_id"]),
    }


def _name(masters: Iterable[Named], id_: int | None) -> str | None:
    found = named(masters, id_)
    return found.name if found else None


def _blacklist_reasons(shop: Shop, customer: Customer) -> str | None:
    if not customer.blacklist:
        return None
    wanted = customer.profile.blacklist_reason_ids
    names = (each.name for each in shop.settings.masters.blacklist_reasons if each.id in wanted)
    return joined(names) or BLACKLIST_REASON


def note_resource(note: Note) -> Resource:
    return resource(
        wire.TYPE_NOTE,
        {
            "id": note.id,
            "content": note.content,
            "operated_at": stamp(note.operated_at),
            "operated_by": note.operated_by,
            "created_at": stamp(note.created_at),
            "updated_at": stamp(note.updated_at),
        },
    )


def point_resource(customer: Customer, entry: PointEntry) -> Resource:
    return resource(
        wire.TYPE_POINT,
        {
            "id": entry.id,
            "customer_id": customer.id,
            "point_event_id": entry.event_id,
            "point_event_type": None,
            "point_event_name": entry.name,
            "point_event_description": entry.description,
            "point": entry.point,
            "point_total": entry.total,
            "first_expired_point_total": None,
            "first_expired_point_expired_at": None,
            "first_limited_point_total": None,
            "first_limited_point_expired_at": None,
            "created_at": stamp(entry.created_at),
            "updated_at": stamp(entry.created_at),
            "deleted_at": None,
        },
    )


def card_resource(id_: int, face: CardFace) -> Resource:
    return resource(
        wire.TYPE_CREDIT_CARD,
        {
            "id": id_,
            "month": face.month,
            "year": face.year,
            "last_digits": face.last_digits,
            "name": face.name,
            "gateway_customer_profile_id": face.profile_id,
            "gateway_payment_profile_id": face.payment_profile_id,
            "gateway_card_seq": face.card_seq,
            "access_token": None,
            "client_ip": None,
            "default": face.default,
        },
    )
