"""Customers over HTTP (顧客 API): list, get, create, edit, bulk, points, mails, SMS and credit cards.

spec/ecforce.md §2.7, §2.14. Dangerous: a wrong id in bulk_update answers as done; bulk_create is a job.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from aiohttp import web

from connector.adapters.ecforce import wire
from connector.sandbox.cart.back_office import BackOffice
from connector.sandbox.cart.bulk import BulkResult, rows_of
from connector.sandbox.cart.customer_parts import Message
from connector.sandbox.cart.documents import Lister, answer
from connector.sandbox.cart.gate import Handler, read_object
from connector.sandbox.cart.kinds import Kinds
from connector.sandbox.cart.model import Customer
from connector.sandbox.cart.refusal import all_of, missing, not_found, not_valid
from connector.sandbox.cart.resources_customers import point_resource
from connector.sandbox.cart.texts import read_int, read_switch

ACU: Final = wire.PREFIX_CUSTOMER
ACC: Final = wire.PREFIX_CREDIT_CARD
WORDS_NO_TEL: Final = "電話番号が登録されていません"

Row = dict[str, Any]


class CustomersApi:
    """Handlers of `/admin/customers…`."""

    def __init__(self, office: BackOffice, lister: Lister, kinds: Kinds) -> None:
        self._office, self._shop, self._lister, self._kind = office, office.shop, lister, kinds.customers

    def routes(self) -> tuple[tuple[str, str, Handler], ...]:
        at = wire.PATHS["customers"]
        one = at + r"/{id:\d+}"
        cards = f"{one}/credit_cards"
        return (
            ("GET", at, self.page),
            ("POST", at, self.create),
            ("POST", f"{at}/bulk_create", self.bulk_create),
            ("PUT", f"{at}/bulk_update", self.bulk_update),
            ("DELETE", f"{at}/bulk_destroy", self.bulk_destroy),
            ("POST", f"{at}/points/bulk_create", self.bulk_points),
            ("GET", one, self.one),
            ("PUT", one, self.put),
            ("POST", f"{one}/points", self.points),
            ("POST", f"{one}/emails", self.email),
            ("POST", f"{one}/sms", self.sms),
            ("POST", f"{cards}/bulk_create", self.cards_create),
            ("PUT", f"{cards}/bulk_update", self.cards_update),
            ("DELETE", f"{cards}/bulk_destroy", self.cards_destroy),
        )

    # --- reading and editing ---

    async def page(self, request: web.Request) -> web.Response:
        return self._lister.page(request, self._kind, self._shop.customers.values())

    async def one(self, request: web.Request) -> web.Response:
        return self._document(request, self._customer(request.match_info["id"]))

    async def create(self, request: web.Request) -> web.Response:
        """201; everything that is wrong in one reply."""
        body = await read_object(request, ACU)
        unique_links = read_switch(body.get("check_duplicate_link_numbers"))
        customer = self._office.customer_edits.create(_form(body), unique_links=unique_links)
        return self._document(request, customer, status=201)

    async def put(self, request: web.Request) -> web.Response:
        customer = self._customer(request.match_info["id"])
        self._office.customer_edits.update(customer, _form(await read_object(request, ACU)))
        return self._document(request, customer)

    async def bulk_create(self, request: web.Request) -> web.Response:
        body = await read_object(request, ACU)
        rows = rows_of(body, "customers", ACU, self._shop.settings.rows_per_bulk)
        unique_links = read_switch(body.get("check_duplicate_link_numbers"))
        create = partial(self._office.customer_edits.create, unique_links=unique_links)

        def enter() -> Row:
            result = BulkResult(ACU)
            for place, row in enumerate(rows, start=1):
                result.run(place, create, _row(row))
            return result.body()

        return answer(self._office.jobs.enter("customers_bulk_create", enter).receipt)

    async def bulk_update(self, request: web.Request) -> web.Response:
        """A wrong id still answers as done (§2.14)."""
        body = await read_object(request, ACU)
        unique_links = read_switch(body.get("check_duplicate_link_numbers"))
        result = BulkResult(ACU)
        for row in rows_of(body, "customers", ACU, self._shop.settings.rows_per_bulk):
            result.run(read_int(_row(row).get("id")), self._edit_row, _row(row), unique_links)
        return answer(result.body())

    def _edit_row(self, row: Row, unique_links: bool) -> None:
        customer = self._shop.customers.get(read_int(row.get("id")) or 0)
        if customer is not None and customer.deleted_at is None:
            self._office.customer_edits.update(customer, row, unique_links=unique_links)

    async def bulk_destroy(self, request: web.Request) -> web.Response:
        body = await read_object(request, ACU)
        result = BulkResult(ACU)
        for id_ in rows_of(body, "customer_ids", ACU, self._shop.settings.rows_per_bulk):
            result.run(read_int(id_), self._destroy, id_)
        return answer(result.body())

    def _destroy(self, id_: object) -> None:
        self._office.customer_edits.destroy(self._customer(id_))

    # --- points ---

    async def points(self, request: web.Request) -> web.Response:
        """The new line of the point ledger."""
        customer = self._customer(request.match_info["id"])
        entry = self._office.customer_edits.move_points(customer, await read_object(request, ACU))
        return answer({"data": point_resource(customer, entry), "included": []})

    async def bulk_points(self, request: web.Request) -> web.Response:
        """Numbers in the reply are 1-based positions of the request."""
        body = await read_object(request, ACU)
        result = BulkResult(ACU)
        rows = rows_of(body, "customer_points", ACU, self._shop.settings.rows_per_bulk)
        for place, row in enumerate(rows, start=1):
            result.run(place, self._move_points, _row(row))
        return answer(result.body())

    def _move_points(self, row: Row) -> None:
        self._office.customer_edits.move_points(self._customer(row.get("customer_id")), row)

    # --- mails and SMS ---

    async def email(self, request: web.Request) -> web.Response:
        """Text needs `body`, HTML (`use_html:1`) needs `body_html`."""
        customer = self._customer(request.match_info["id"])
        form = await read_object(request, ACU)
        body_key = "body_html" if read_switch(form.get("use_html")) else "body"
        all_of([missing(ACU, key) for key in ("subject", body_key) if not form.get(key)])
        self._send(customer, "email", customer.email, str(form["subject"]), str(form[body_key]))
        return self._document(request, customer)

    async def sms(self, request: web.Request) -> web.Response:
        customer = self._customer(request.match_info["id"])
        body = (await read_object(request, ACU)).get("body")
        if not body:
            raise missing(ACU, "body")
        if not customer.billing.postal.tel:
            raise not_valid(ACU, WORDS_NO_TEL)
        self._send(customer, "sms", customer.billing.postal.tel, None, str(body))
        return self._document(request, customer)

    def _send(self, customer: Customer, kind: str, to: str, subject: str | None, body: str) -> None:
        now = self._shop.now()
        self._office.outbox.append(Message(now, kind, to, customer.number, None, subject, body))

    # --- credit cards ---

    async def cards_create(self, request: web.Request) -> web.Response:
        """Numbers in the reply are 1-based positions of the request."""
        customer, rows = await self._rows(request, "credit_cards")
        result = BulkResult(ACC)
        for place, row in enumerate(rows, start=1):
            result.run(place, self._office.cards.create, customer, _row(row))
        return self._done(customer, result)

    async def cards_update(self, request: web.Request) -> web.Response:
        customer, rows = await self._rows(request, "credit_cards")
        result = BulkResult(ACC)
        for row in rows:
            id_ = read_int(_row(row).get("id"))
            result.run(id_, self._office.cards.update, customer, _row(row))
        return self._done(customer, result)

    async def cards_destroy(self, request: web.Request) -> web.Response:
        customer, ids = await self._rows(request, "credit_card_ids")
        result = BulkResult(ACC)
        for id_ in ids:
            result.run(read_int(id_), self._office.cards.destroy, customer, id_)
        return self._done(customer, result)

    def _done(self, customer: Customer, result: BulkResult) -> web.Response:
        self._shop.touch(customer)
        return answer(result.body())

    async def _rows(self, request: web.Request, key: str) -> tuple[Customer, list[Any]]:
        customer = self._customer(request.match_info["id"])
        return customer, rows_of(await read_object(request, ACC), key, ACC)

    def _document(self, request: web.Request, customer: Customer, *, status: int = 200) -> web.Response:
        return self._lister.one(request, self._kind, customer, status=status)

    def _customer(self, id_: object) -> Customer:
        customer = self._shop.customers.get(read_int(id_) or 0)
        if customer is None or customer.deleted_at is not None:
            raise not_found(ACU, "customer")
        return customer


def _form(body: Row) -> Row:
    form = body.get("customer")
    if not isinstance(form, dict):
        raise missing(ACU, "customer")
    return form


def _row(row: object) -> Row:
    return row if isinstance(row, dict) else {}
