"""Credit cards of customers (クレジットカード): their faces, and registering, changing and removing them.

spec/ecforce.md §2.7, §6. The gateway keeps how a card behaves; here is what the shop sees of it. A card
registered with an expiry declines after it. Dangerous: a removed card goes on paying for what already uses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from connector.adapters.ecforce import wire
from connector.sandbox.cart.customer_parts import CardFace
from connector.sandbox.cart.gateway import Card, Gateway, Script
from connector.sandbox.cart.model import Customer
from connector.sandbox.cart.refusal import all_of, invalid, missing, not_found
from connector.sandbox.cart.texts import read_int, read_switch

ACC: Final = wire.PREFIX_CREDIT_CARD
REQUIRED: Final = ("month", "year", "last_digits", "name")
USUAL_EXPIRY: Final = (2030, 12)
HOLDER: Final = "MIHON HANAKO"

Row = Mapping[str, Any]


class CreditCards:
    """What a shop may do with the cards of its customers."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._faces: dict[int, CardFace] = {}

    def clear(self) -> None:
        self._faces.clear()

    def of(self, customer: Customer) -> list[tuple[int, CardFace]]:
        """Ids and faces of the cards a customer has now."""
        all_ = self._gateway.cards.values()
        cards = (card for card in all_ if card.customer_id == customer.id and card.is_card)
        faces = ((card.id, self.face(card)) for card in cards)
        return [(id_, face) for id_, face in faces if not face.deleted]

    def face(self, card: Card) -> CardFace:
        """The face of a card; one that came in by a checkout is given one."""
        if card.id in self._faces:
            return self._faces[card.id]
        expires = card.script.expires_after
        year, month = USUAL_EXPIRY if expires is None else _month_before(expires.year, expires.month)
        return CardFace(year, month, f"{card.id % 10000:04}", HOLDER)

    def by_id(self, card_id: int | None) -> tuple[int, CardFace] | None:
        card = self._gateway.cards.get(card_id or 0)
        return None if card is None else (card.id, self.face(card))

    def create(self, customer: Customer, row: Row) -> None:
        """登録. Raises Refusal with everything that is missing or wrong."""
        all_of([missing(ACC, key) for key in REQUIRED if not row.get(key)])
        year, month = _expiry(row)
        card = self._gateway.register(customer.id, f"expire {year}-{month:02}")
        face = CardFace(year, month, str(row["last_digits"]), str(row["name"]))
        self._faces[card.id] = face
        self._describe(customer, card.id, face, row)

    def update(self, customer: Customer, row: Row) -> None:
        """変更; a new expiry also changes until when it pays."""
        card = self._card(customer, row.get("id"))
        face = replace(self.face(card))
        if "year" in row or "month" in row:
            face.year, face.month = _expiry({"year": face.year, "month": face.month} | dict(row))
            card.script = Script.parse(f"expire {face.year}-{face.month:02}")
        face.last_digits = str(row.get("last_digits", face.last_digits))
        face.name = str(row.get("name", face.name))
        self._faces[card.id] = face
        self._describe(customer, card.id, face, row)

    def destroy(self, customer: Customer, id_: object) -> None:
        card = self._card(customer, id_)
        self._faces[card.id] = replace(self.face(card), deleted=True)

    def _describe(self, customer: Customer, id_: int, face: CardFace, row: Row) -> None:
        for key, name in (
            ("gateway_customer_profile_id", "profile_id"),
            ("gateway_payment_profile_id", "payment_profile_id"),
            ("gateway_card_seq", "card_seq"),
        ):
            if key in row:
                setattr(face, name, None if row[key] is None else str(row[key]))
        if read_switch(row.get("default")):
            for other_id, other in self.of(customer):
                self._faces[other_id] = replace(other, default=other_id == id_)

    def _card(self, customer: Customer, id_: object) -> Card:
        wanted = read_int(id_)
        if all(known != wanted for known, _ in self.of(customer)):
            raise not_found(ACC, "credit_card")
        return self._gateway.cards[wanted or 0]


def _expiry(row: Row) -> tuple[int, int]:
    year, month = read_int(row.get("year")), read_int(row.get("month"))
    if year is None or not 2000 <= year <= 2099:
        raise invalid(ACC, "year")
    if month is None or not 1 <= month <= 12:
        raise invalid(ACC, "month")
    return year, month


def _month_before(year: int, month: int) -> tuple[int, int]:
    """A card that is no longer valid on the first of a month expired in the month before."""
    return (year - 1, 12) if month == 1 else (year, month - 1)
