"""Orders over HTTP (受注 API): list, get, edit, bulk, shipping results and payment status.

spec/ecforce.md §2.7–2.12. Every write answers per row; what was asked with `with_async` or in payment bulk is
done a little later as a job, and the reply says nothing about its end.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from aiohttp import web

from connector.adapters.ecforce import wire
from connector.sandbox.cart.back_office import LAST_JOB_BEFORE, BackOffice
from connector.sandbox.cart.bulk import BulkResult, rows_of
from connector.sandbox.cart.documents import Lister, answer, single, wanted_includes
from connector.sandbox.cart.gate import Handler, read_object
from connector.sandbox.cart.model import Address, Order, Parcel
from connector.sandbox.cart.refusal import Refusal, all_of, invalid, missing, not_found, not_valid
from connector.sandbox.cart.resources import (
    Resource,
    order_resource,
)
from connector.sandbox.cart.resources_parts import (
    address_resource,
    customer_resource,
    item_resource,
    payment_resource,
)
from connector.sandbox.cart.resources_subs import subs_resource
from connector.sandbox.cart.searches import order_getters
from connector.sandbox.cart.shipping import Result
from connector.sandbox.cart.texts import read_datetime, read_int, read_switch

AOR: Final = wire.PREFIX_ORDER
BULK_METHODS: Final = (wire.METHOD_SALES, wire.METHOD_VOID, wire.METHOD_REAUTH, wire.METHOD_FORCE_VOID)
SINGLE_METHODS: Final = (wire.METHOD_VOID, wire.METHOD_REAUTH)
WORDS_NOT_VOIDED: Final = "仮売上状態の受注のため削除できません。"
WORDS_LINK_TAKEN: Final = "連携用受注番号はすでに存在します"

Row = dict[str, Any]
Route = tuple[str, str, Handler]


class OrdersApi:
    """Handlers of `/admin/orders…`."""

    def __init__(self, office: BackOffice, lister: Lister) -> None:
        self._office, self._shop, self._lister = office, office.shop, lister
        self._getters = order_getters(office.shop)

    def routes(self) -> tuple[Route, ...]:
        at = wire.PATHS["orders"]
        return (
            ("GET", at, self.page),
            ("PUT", f"{at}/bulk_update", self.bulk_update),
            ("DELETE", f"{at}/bulk_destroy", self.bulk_destroy),
            ("PUT", f"{at}/shipping", self.shipping),
            ("POST", f"{at}/payment_status/bulk_update", self.payment_bulk),
            ("GET", at + r"/{id:\d+}", self.one),
            ("PUT", at + r"/{id:\d+}", self.put),
            ("POST", at + r"/{id:\d+}/payment_status", self.payment),
            ("POST", at + r"/{id:\d+}/order_items/bulk_create", self.items_create),
        )

    def routes_v1(self) -> tuple[Route, ...]:
        """v1 paths lack `/admin`; shipping comes by PUT and POST (§2.18)."""
        return (
            ("GET", "/orders", self.page),
            ("GET", r"/orders/{id:\d+}", self.one),
            ("PUT", "/orders/shipping", self.shipping),
            ("POST", "/orders/shipping", self.shipping),
        )

    # --- reading ---

    async def page(self, request: web.Request) -> web.Response:
        lighter, includes = self._lighter(request), wanted_includes(request)
        return self._lister.answer(
            request,
            self._shop.orders.values(),
            self._getters,
            lambda order: order_resource(self._shop, order, lighter=lighter),
            lambda order: self._included(order, includes),
            lambda order: order.deleted_at is not None,
        )

    async def one(self, request: web.Request) -> web.Response:
        return self._document(request, self._order(request.match_info["id"]))

    def _document(self, request: web.Request, order: Order) -> web.Response:
        data = order_resource(self._shop, order, lighter=self._lighter(request))
        return single(self._lister.quirks, data, self._included(order, wanted_includes(request)))

    def _lighter(self, request: web.Request) -> bool:
        return read_switch(request.query.get("lighter"), default=self._shop.settings.lighter_default)

    def _order(self, id_: object) -> Order:
        order = self._shop.orders.get(read_int(id_) or 0)
        if order is None or order.deleted_at is not None:
            raise not_found(AOR, "order")
        return order

    def _included(self, order: Order, names: frozenset[str]) -> Iterable[Resource]:
        shop = self._shop
        customer, parent = shop.customers[order.customer_id], shop.parent(order)
        if "customer" in names:
            yield customer_resource(customer)
        if names & {"customer.billing_address", "customer.shipping_addresses"}:
            yield address_resource(customer.billing)
        if "billing_address" in names:
            yield address_resource(order.billing)
        if "shipping_address" in names:
            yield address_resource(order.shipping[0])
        if "shipping_addresses" in names:
            yield from (address_resource(address) for address in order.shipping)
        if "order_items" in names:
            yield from (item_resource(item) for item in order.items)
        if "payment" in names:
            yield payment_resource(order.payment)
        if "subs_order" in names and parent is not None:
            yield subs_resource(shop, parent)

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

    async def items_create(self, request: web.Request) -> web.Response:
        """Numbers in the reply are 1-based positions of the request, not ids (§2.5)."""
        order = self._order(request.match_info["id"])
        rows = rows_of(await read_object(request), "order_items", AOR, self._shop.settings.rows_per_bulk)
        result = BulkResult(AOR)
        for place, row in enumerate(rows, start=1):
            result.run(place, self._add_item, order, row)
        return answer(result.body())

    def _add_item(self, order: Order, row: object) -> None:
        if (
            not isinstance(row, dict)
            or self._shop.variant_by_id(read_int(row.get("variant_id")) or 0) is None
        ):
            raise not_found(AOR, "variant")
        self._office.edits.add_item(order, row)

    # --- shipping results, §2.10 ---

    async def shipping(self, request: web.Request) -> web.Response:
        body = await read_object(request)
        rows = rows_of(body, "orders", AOR, self._shop.settings.rows_per_bulk)
        with_sale = read_switch(body.get("with_sale"))
        if read_switch(body.get("with_async")):
            job = self._office.enter_job(partial(self._ship, rows, with_sale))
            return answer({"job_id": str(LAST_JOB_BEFORE + job)})
        return answer(self._ship(rows, with_sale).body())

    def _ship(self, rows: list[Any], with_sale: bool) -> BulkResult:
        """Rows first, then one 売上処理 per order; a failed sale shows in the payment, not in the reply."""
        result, shipped = BulkResult(AOR), []

        def take(row: Row) -> None:
            found = self._shipping_row(row)
            self._office.shipping.record(found, via="api")
            shipped.append(found.order)

        for row in rows:
            if isinstance(row, dict):
                result.run(self._shipping_key(row), take, row)
            else:
                result.fail(None, not_found(AOR, "order"))
        if with_sale:
            self._office.shipping.sell(shipped)
        return result

    def _shipping_key(self, row: Row) -> int | str | None:
        """A number, or `<order id>-<address id>` for an order to several addresses."""
        id_, address_id = read_int(row.get("id")), read_int(row.get("shipping_address_id"))
        order = self._shop.orders.get(id_ or 0)
        if order is not None and order.several_addresses and address_id is not None:
            return f"{id_}-{address_id}"
        return id_

    def _shipping_row(self, row: Row) -> Result:
        order = self._order(row.get("id"))
        address = self._address(order, row.get("shipping_address_id"))
        wrong: list[Refusal] = []
        slip, carrier_id, shipped = (
            row.get(key) for key in ("shipping_slip", "shipping_carrier_id", "shipped_at")
        )
        carrier = None if carrier_id is None else self._shop.carrier(read_int(carrier_id) or 0)
        if not slip and not order.parcels.get(address.id, Parcel()).slip:
            wrong.append(missing(AOR, "shipping_slip"))
        if carrier_id is not None and carrier is None:
            wrong.append(invalid(AOR, "shipping_carrier_id"))
        shipped_at = read_datetime(str(shipped)) if shipped else None
        if shipped and shipped_at is None:
            wrong.append(invalid(AOR, "shipped_at"))
        all_of(wrong)
        return Result(order, address, str(slip) if slip else None, shipped_at, carrier)

    def _address(self, order: Order, wanted: object) -> Address:
        if not order.several_addresses:
            return order.shipping[0]
        if wanted is None:
            raise missing(AOR, "shipping_address_id")
        id_ = read_int(wanted)
        found = next((address for address in order.shipping if address.id == id_), None)
        if found is None:
            raise not_found(AOR, "shipping_address")
        return found

    # --- payment status, §2.11 ---

    async def payment(self, request: web.Request) -> web.Response:
        order = self._order(request.match_info["id"])
        body = await read_object(request)
        method = body.get("method")
        if method is None:
            raise missing(AOR, "method")
        if method not in SINGLE_METHODS:
            raise invalid(AOR, "method")
        self._office.payment_deed(order, str(method), **_flags(body))
        return self._document(request, order)

    async def payment_bulk(self, request: web.Request) -> web.Response:
        body = await read_object(request)
        method, ids = body.get("method"), rows_of(body, "order_ids", AOR, self._shop.settings.rows_per_bulk)
        if method is None:
            raise missing(AOR, "method")
        if method not in BULK_METHODS:
            raise invalid(AOR, "method")
        orders = [order for id_ in ids if (order := self._shop.orders.get(read_int(id_) or 0)) is not None]
        job = self._office.enter_job(
            lambda: self._office.payment_deeds(orders, str(method), **_flags(body)),
        )
        return answer({"id": job, "job_id": str(LAST_JOB_BEFORE + job)})


def _flags(body: Row) -> dict[str, bool]:
    """Both default to 1 when left out: that lowers the subscription's count (§0)."""
    return {
        "decrement": read_switch(body.get("decrement_subs_order_times"), default=True),
        "recalculate": read_switch(body.get("recalculate_subs_order"), default=True),
    }


def _id_of(row: object) -> object:
    return read_int(row.get("id")) if isinstance(row, dict) else None
