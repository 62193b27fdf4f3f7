"""Orders over HTTP (受注 API): list, get, edit, bulk, items, free columns and mails.

spec/ecforce.md §2.7–2.9, §2.12. Dangerous: 200 is no proof; what is not permitted is dropped without a word.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from aiohttp import web

from connector.adapters.ecforce import wire
from connector.sandbox.cart.api_free_values import FreeValuesApi
from connector.sandbox.cart.back_office import BackOffice
from connector.sandbox.cart.bulk import BulkResult, rows_of
from connector.sandbox.cart.documents import Lister, answer
from connector.sandbox.cart.gate import Handler, read_object
from connector.sandbox.cart.kinds import Kinds
from connector.sandbox.cart.model import Order
from connector.sandbox.cart.refusal import invalid, missing, not_found, not_valid
from connector.sandbox.cart.resources import named
from connector.sandbox.cart.texts import read_int, read_switch

AOR: Final = wire.PREFIX_ORDER
MAILS_OF_ORDERS: Final = "order"
WORDS_NOT_VOIDED: Final = "仮売上状態の受注のため削除できません。"
WORDS_LINK_TAKEN: Final = "連携用受注番号はすでに存在します"

Row = dict[str, Any]
Route = tuple[str, str, Handler]


class OrdersApi:
    """Handlers of `/admin/orders…`."""

    def __init__(self, office: BackOffice, lister: Lister, kinds: Kinds) -> None:
        self._office, self._shop, self._lister = office, office.shop, lister
        self._kind = kinds.orders
        self._free = FreeValuesApi(office.order_free_values, wire.PREFIX_ORDER_FREE_VALUES, self._record)

    def routes(self) -> tuple[Route, ...]:
        at = wire.PATHS["orders"]
        one = at + r"/{id:\d+}"
        return (
            ("GET", at, self.page),
            ("PUT", f"{at}/bulk_update", self.bulk_update),
            ("DELETE", f"{at}/bulk_destroy", self.bulk_destroy),
            ("GET", one, self.one),
            ("PUT", one, self.put),
            ("POST", f"{one}/emails", self.email),
            ("POST", f"{one}/order_items/bulk_create", self.items_create),
            ("PUT", f"{one}/order_items/bulk_update", self.items_update),
            *self._free.routes(one),
        )

    async def page(self, request: web.Request) -> web.Response:
        return self._lister.page(request, self._kind, self._shop.orders.values())

    async def one(self, request: web.Request) -> web.Response:
        return self._document(request, self._order(request.match_info["id"]))

    def _document(self, request: web.Request, order: Order) -> web.Response:
        return self._lister.one(request, self._kind, order)

    def _order(self, id_: object) -> Order:
        order = self._shop.orders.get(read_int(id_) or 0)
        if order is None or order.deleted_at is not None:
            raise not_found(AOR, "order")
        return order

    def _record(self, id_: str) -> int:
        return self._order(id_).id

    # --- editing ---

    async def put(self, request: web.Request) -> web.Response:
        order = self._order(request.match_info["id"])
        body = await read_object(request)
        params = body.get("order")
        if not isinstance(params, dict):
            raise missing(AOR, "order")
        preview, recalculate = read_switch(body.get("preview")), read_switch(body.get("recalculate"))
        edited = self._office.edits.apply(order, params, preview=preview, recalculate=recalculate)
        if read_switch(body.get("update_subs_order_memo")) and not preview:
            self._copy_memos(order)
        return self._document(request, edited)

    async def bulk_update(self, request: web.Request) -> web.Response:
        body = await read_object(request)
        rows = rows_of(body, "orders", AOR, self._shop.settings.rows_per_bulk)
        unique_links = read_switch(body.get("check_duplicate_link_numbers"))
        with_memos = read_switch(body.get("update_subs_order_memo"))
        result = BulkResult(AOR)
        for row in rows:
            result.run(_id_of(row), self._edit_row, row, unique_links, with_memos)
        return answer(result.body())

    def _edit_row(self, row: object, unique_links: bool, with_memos: bool) -> None:
        if not isinstance(row, dict):
            raise not_found(AOR, "order")
        order = self._order(row.get("id"))
        link = row.get("link_number")
        if unique_links and link and any(each.link_number == link for each in self._others(order)):
            raise not_valid(AOR, WORDS_LINK_TAKEN)
        params = {key: value for key, value in row.items() if key != "id"}
        self._office.edits.apply(order, params, preview=False, recalculate=False, bulk=True)
        if with_memos:
            self._copy_memos(order)

    def _others(self, order: Order) -> Iterable[Order]:
        return (each for each in self._shop.orders.values() if each is not order)

    def _copy_memos(self, order: Order) -> None:
        parent = self._shop.parent(order)
        if parent is not None:
            parent.memo01, parent.memo02 = order.memo01, order.memo02
            self._shop.touch(parent)

    async def bulk_destroy(self, request: web.Request) -> web.Response:
        """Only after a void; through the API there is no way back."""
        body = await read_object(request)
        ids = rows_of(body, "order_ids", AOR, self._shop.settings.rows_per_bulk)
        result = BulkResult(AOR)
        for id_ in ids:
            result.run(read_int(id_), self._destroy, id_)
        return answer(result.body())

    def _destroy(self, id_: object) -> None:
        order = self._order(id_)
        if order.payment.state != wire.PAY_VOIDED:
            raise not_valid(AOR, WORDS_NOT_VOIDED)
        order.deleted_at = self._shop.now()
        self._shop.note(order, "api", "deleted")
        self._shop.history.add("order_deleted", order.number)

    # --- items ---

    async def items_create(self, request: web.Request) -> web.Response:
        """Numbers in the reply are 1-based positions of the request, not ids (§2.5)."""
        order, rows, refer = await self._item_rows(request)
        result = BulkResult(AOR)
        for place, row in enumerate(rows, start=1):
            result.run(place, partial(self._office.items.create, order, _row(row), refer_settings=refer))
        return answer(result.body())

    async def items_update(self, request: web.Request) -> web.Response:
        order, rows, refer = await self._item_rows(request)
        result = BulkResult(AOR)
        for row in rows:
            deed = partial(self._office.items.update, order, _row(row), refer_settings=refer)
            result.run(_id_of(row), deed)
        return answer(result.body())

    async def _item_rows(self, request: web.Request) -> tuple[Order, list[Any], bool]:
        order = self._order(request.match_info["id"])
        body = await read_object(request)
        rows = rows_of(body, "order_items", AOR, self._shop.settings.rows_per_bulk)
        return order, rows, read_switch(body.get("refer_settings"))

    # --- mails ---

    async def email(self, request: web.Request) -> web.Response:
        """受注メール送信 with a template of 受注管理; the order in reply."""
        order = self._order(request.match_info["id"])
        wanted = (await read_object(request)).get("email_template_id")
        if wanted is None:
            raise missing(AOR, "email_template_id")
        template = named(self._shop.settings.masters.email_templates, read_int(wanted))
        if template is None or template.category != MAILS_OF_ORDERS:
            raise invalid(AOR, "email_template_id")
        self._office.mail_order(order, template.subject, template.id)
        return self._document(request, order)


def _row(row: object) -> Row:
    return row if isinstance(row, dict) else {}


def _id_of(row: object) -> object:
    return read_int(row.get("id")) if isinstance(row, dict) else None
