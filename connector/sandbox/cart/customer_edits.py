"""Customers entered, changed and removed (顧客の登録・更新・削除), with notes, addresses, points and blacklist.

spec/ecforce.md §2.14. Dangerous: notes travel in `notes_attributes` alone; any other spelling, like every unknown
key, is dropped without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from connector.adapters.ecforce import wire
from connector.clock import jst
from connector.sandbox.cart.customer_parts import NUMBERS, OPTIONS, Note, PointEntry, Profile
from connector.sandbox.cart.model import Address, Customer, NewCustomer, PostalAddress
from connector.sandbox.cart.order_edits import changed_postal, known_id
from connector.sandbox.cart.refusal import Refusal, all_of, invalid, missing, not_found, not_valid
from connector.sandbox.cart.resources import Numbered, named
from connector.sandbox.cart.shop import Shop
from connector.sandbox.cart.texts import read_datetime, read_int, read_switch

ACU: Final = wire.PREFIX_CUSTOMER
TEXTS: Final = {"line_id": "line_id", "mobile_email": "mobile_email", "password": "password"}
SWITCHES: Final = {"optin": "optin", "mail_delivery_stop": "mail_delivery_stop"}
WORDS_LINK_TAKEN: Final = "連携用顧客番号はすでに存在します"
WORDS_POINTS_SHORT: Final = "ポイントが不足しています。"

Params = Mapping[str, Any]
SetBlacklist = Callable[..., None]


class CustomerEdits:
    """Applies the `customer` object of a POST or PUT."""

    def __init__(self, shop: Shop, set_blacklist: SetBlacklist) -> None:
        self._shop, self._set_blacklist = shop, set_blacklist

    # --- entering and removing ---

    def create(self, params: Params, *, unique_links: bool = False) -> Customer:
        """Everything that is wrong in one refusal; then nothing was entered."""
        form = params.get("billing_address_attributes")
        form = form if isinstance(form, Mapping) else params
        email = str(params.get("email") or "")
        wrong = [not_valid(ACU, wire.WORDS_MAIL_TAKEN)] if email in self._shop.customer_by_email else []
        if not email:
            wrong.append(missing(ACU, "email"))
        elif "@" not in email:
            wrong.append(invalid(ACU, "email"))
        if not form.get("name01"):
            wrong.append(missing(ACU, "name01"))
        link = params.get("link_number")
        if unique_links and link and self._is_taken(str(link)):
            wrong.append(not_valid(ACU, WORDS_LINK_TAKEN))
        all_of(wrong)
        postal = changed_postal(PostalAddress(name01=str(form["name01"]), name02=""), form, ACU)
        profile = self._profile(Profile(), params)
        customer = self._shop.customer(NewCustomer(email=email), postal)
        customer.profile = profile
        self._write(customer, params)
        self._grant(customer, params.get("point_attributes"))
        return customer

    def _is_taken(self, link: str, *, but: Customer | None = None) -> bool:
        return any(each.link_number == link for each in self._shop.customers.values() if each is not but)

    def destroy(self, customer: Customer) -> None:
        """Raises Refusal while authorised orders or active subscriptions exist."""
        orders = (self._shop.orders[id_] for id_ in customer.order_ids)
        subs = (self._shop.subs[id_] for id_ in customer.subs_ids)
        wrong = []
        if any(order.payment.state == wire.PAY_AUTHED and order.deleted_at is None for order in orders):
            wrong.append(not_valid(ACU, wire.WORDS_HAS_AUTHED_ORDERS))
        if any(each.state == wire.SUBS_ACTIVE and each.deleted_at is None for each in subs):
            wrong.append(not_valid(ACU, wire.WORDS_HAS_ACTIVE_SUBS))
        all_of(wrong)
        customer.deleted_at = self._shop.now()
        self._shop.customer_by_email.pop(customer.email, None)
        self._shop.touch(customer)

    # --- changing ---

    def update(self, customer: Customer, params: Params, *, unique_links: bool = False) -> None:
        """All keys or none."""
        wrong: list[Refusal] = []
        email = str(params.get("email", customer.email))
        if self._shop.customer_by_email.get(email, customer) is not customer:
            wrong.append(not_valid(ACU, wire.WORDS_MAIL_TAKEN))
        if "@" not in email:
            wrong.append(invalid(ACU, "email"))
        link = params.get("link_number")
        if unique_links and link and self._is_taken(str(link), but=customer):
            wrong.append(not_valid(ACU, WORDS_LINK_TAKEN))
        all_of(wrong)
        profile = self._profile(customer.profile, params)
        billing = self._billing(customer, params)
        customer.profile, customer.billing = profile, billing
        self._shop.customer_by_email.pop(customer.email, None)
        customer.email = email
        self._shop.customer_by_email[email] = customer
        self._write(customer, params)

    def _billing(self, customer: Customer, params: Params) -> Address:
        form, old = params.get("billing_address_attributes"), customer.billing
        if not isinstance(form, Mapping):
            return old
        return Address(old.id, changed_postal(old.postal, form, ACU), old.created_at, self._shop.now())

    def _write(self, customer: Customer, params: Params) -> None:
        if "link_number" in params:
            customer.link_number = None if params["link_number"] is None else str(params["link_number"])
        one, several = params.get("shipping_address_attributes"), params.get("shipping_addresses_attributes")
        rows = several if isinstance(several, list) else [one]
        for row in rows:
            if isinstance(row, Mapping):
                self._ship_to(customer, row)
        notes = params.get("notes_attributes")
        for row in notes if isinstance(notes, list) else ():
            if isinstance(row, Mapping):
                self._note(customer, row)
        if "is_blacklist" in params:
            self._blacklist(customer, params)
        self._shop.touch(customer)

    def _profile(self, profile: Profile, params: Params) -> Profile:
        """A copy with the plain keys written over it."""
        draft = replace(profile, numbers=dict(profile.numbers), options=dict(profile.options))
        if "state" in params:
            draft.state = str(params["state"])
            if draft.state not in wire.CUSTOMER_STATES:
                raise invalid(ACU, "state")
        for key, name in TEXTS.items():
            if key in params:
                setattr(draft, name, None if params[key] is None else str(params[key]))
        for key, name in SWITCHES.items():
            if key in params:
                setattr(draft, name, read_switch(params[key]))
        for key in OPTIONS:
            if key in params:
                draft.options[key] = None if params[key] is None else str(params[key])
        self._write_masters(draft, params)
        if "birth" in params:
            at = read_datetime(str(params["birth"])) if params["birth"] else None
            if params["birth"] and at is None:
                raise invalid(ACU, "birth")
            draft.birth_on = jst(at).date() if at else None
        return draft

    def _write_masters(self, draft: Profile, params: Params) -> None:
        masters = self._shop.settings.masters
        lists: tuple[tuple[Numbered, ...], ...] = (masters.ranks, masters.types, masters.sexes, masters.jobs)
        for key, known in zip(NUMBERS, lists, strict=True):
            if key in params:
                wish = params[key]
                draft.numbers[key] = None if wish is None else known_id(wish, known, ACU, key)

    def _ship_to(self, customer: Customer, row: Params) -> None:
        """A row with an id changes that address, one without adds one."""
        now, id_ = self._shop.now(), read_int(row.get("id"))
        place = next((k for k, each in enumerate(customer.shipping) if each.id == id_), None)
        if id_ is None or (place is None and id_ == customer.billing.id):
            customer.shipping.append(self._shop.address(changed_postal(customer.billing.postal, row, ACU)))
        elif place is None:
            raise not_found(ACU, "shipping_address")
        else:
            old = customer.shipping[place]
            postal = changed_postal(old.postal, row, ACU)
            customer.shipping[place] = Address(old.id, postal, old.created_at, now)

    # --- notes, blacklist, points ---

    def _note(self, customer: Customer, row: Params) -> None:
        now, id_ = self._shop.now(), read_int(row.get("id"))
        note = next((each for each in customer.notes if each.id == id_), None)
        if note is not None and read_switch(row.get("delete")):
            customer.notes.remove(note)
            return
        if note is None:
            if not row.get("content"):
                return
            note = Note(self._shop.draw("note"), "", None, None, now, now)
            customer.notes.append(note)
        note.content = str(row.get("content", note.content))
        note.operated_at = read_datetime(str(row.get("operated_at", ""))) or note.operated_at
        note.operated_by = read_int(row.get("operated_by")) or note.operated_by
        note.updated_at = now

    def _blacklist(self, customer: Customer, params: Params) -> None:
        """Reasons count only together with `is_blacklist:1`."""
        on, ids = read_switch(params["is_blacklist"]), params.get("blacklist_reason_ids")
        known = self._shop.settings.masters.blacklist_reasons
        reasons = ids if on and isinstance(ids, list) else []
        customer.profile.blacklist_reason_ids = [
            known_id(id_, known, ACU, "blacklist_reason_ids") for id_ in reasons
        ]
        self._set_blacklist(customer, on=on)

    def _grant(self, customer: Customer, row: object) -> None:
        if isinstance(row, Mapping):
            self.move_points(customer, dict(row) | {"addition_and_subtraction": 1})

    def move_points(self, customer: Customer, row: Params) -> PointEntry:
        """ポイント付与 or 減算: `point` is absolute, `addition_and_subtraction` says which way."""
        point = read_int(row.get("point"))
        if row.get("point") is None:
            raise missing(ACU, "point")
        if point is None or point < 0:
            raise invalid(ACU, "point")
        event_id = row.get("point_event_id")
        event = named(self._shop.settings.masters.point_events, read_int(event_id))
        if event is None and not read_switch(row.get("with_create")):
            raise missing(ACU, "point_event_id") if event_id is None else invalid(ACU, "point_event_id")
        signed = point if read_switch(row.get("addition_and_subtraction"), default=True) else -point
        if customer.point + signed < 0:
            raise not_valid(ACU, WORDS_POINTS_SHORT)
        customer.point += signed
        name = event.name if event else str(row.get("name") or "")
        words = None if row.get("description") is None else str(row["description"])
        entry = PointEntry(
            self._shop.draw("point"),
            event.id if event else None,
            name or None,
            words,
            signed,
            customer.point,
            self._shop.now(),
        )
        customer.points.append(entry)
        self._shop.touch(customer)
        return entry
