"""Subscriptions over HTTP (定期受注 API): list, get, edit, bulk, the next child by hand (§2.13)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from aiohttp import web

from connector.adapters.ecforce import wire
from connector.sandbox.cart.back_office import BackOffice
from connector.sandbox.cart.bulk import BulkResult, rows_of
from connector.sandbox.cart.documents import Lister, answer, single, wanted_includes
from connector.sandbox.cart.gate import Handler, read_object
from connector.sandbox.cart.model import SubsOrder
from connector.sandbox.cart.refusal import missing, not_found, not_valid
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
from connector.sandbox.cart.searches import subs_getters
from connector.sandbox.cart.texts import read_int, read_switch

ASO: Final = wire.PREFIX_SUBS_ORDER
AVOID_HOLIDAYS: Final = "avoid_holidays_for_scheduled_to_be_shipped_at"
WORDS_LINK_TAKEN: Final = "連携用定期受注番号はすでに存在します"


class SubsApi:
    """Handlers of `/admin/subs_orders…`."""

    def __init__(self, office: BackOffice, lister: Lister) -> None:
        self._office, self._shop, self._lister = office, office.shop, lister
        self._getters = subs_getters(office.shop)

    def routes(self) -> tuple[tuple[str, str, Handler], ...]:
        at = wire.PATHS["subs_orders"]
        return (
            ("GET", at, self.page),
            ("PUT", f"{at}/bulk_update", self.bulk_update),
            ("DELETE", f"{at}/bulk_destroy", self.bulk_destroy),
            ("GET", at + r"/{id:\d+}", self.one),
            ("PUT", at + r"/{id:\d+}", self.put),
            ("POST", at + r"/{id:\d+}/orders", self.create_order),
            ("POST", at + r"/{id:\d+}/order_items", self.add_item),
            ("PUT", at + r"/{id:\d+}/order_items/{item_id:\d+}", self.put_item),
        )

    async def page(self, request: web.Request) -> web.Response:
        includes = wanted_includes(request)
        return self._lister.answer(
            request,
            self._shop.subs.values(),
            self._getters,
            lambda subs: subs_resource(self._shop, subs),
            lambda subs: self._included(subs, includes),
            lambda subs: subs.deleted_at is not None,
        )

    async def one(self, request: web.Request) -> web.Response:
        return self._document(request, self._subs(request.match_info["id"]))

    async def put(self, request: web.Request) -> web.Response:
        subs = self._subs(request.match_info["id"])
        body = await read_object(request, ASO)
        params = body.get("subs_order")
        if not isinstance(params, dict):
            raise missing(ASO, "subs_order")
        self._office.subs_edits.apply(subs, params, avoid_holidays=read_switch(body.get(AVOID_HOLIDAYS)))
        return self._document(request, subs)

    async def bulk_update(self, request: web.Request) -> web.Response:
        body = await read_object(request, ASO)
        rows = rows_of(body, "subs_orders", ASO, self._shop.settings.rows_per_bulk)
        unique_links = read_switch(body.get("check_duplicate_link_numbers"))
        result = BulkResult(ASO)
        for row in rows:
            id_ = read_int(row.get("id")) if isinstance(row, dict) else None
            result.run(id_, self._edit_row, row, unique_links)
        return answer(result.body())

    def _edit_row(self, row: object, unique_links: bool) -> None:
        if not isinstance(row, dict):
            raise not_found(ASO, "subs_order")
        subs = self._subs(row.get("id"))
        link = row.get("link_number")
        others = (each for each in self._shop.subs.values() if each is not subs)
        if unique_links and link and any(each.link_number == link for each in others):
            raise not_valid(ASO, WORDS_LINK_TAKEN)
        self._office.subs_edits.apply(subs, {key: value for key, value in row.items() if key != "id"})

    async def bulk_destroy(self, request: web.Request) -> web.Response:
        body = await read_object(request, ASO)
        result = BulkResult(ASO)
        for id_ in rows_of(body, "subs_order_ids", ASO, self._shop.settings.rows_per_bulk):
            result.run(read_int(id_), self._destroy, id_)
        return answer(result.body())

    def _destroy(self, id_: object) -> None:
        subs = self._subs(id_)
        if subs.state == wire.SUBS_ACTIVE:
            raise not_valid(ASO, wire.WORDS_ACTIVE_NOT_DELETED)
        subs.deleted_at = self._shop.now()
        self._shop.note(subs, "api", "deleted")

    async def create_order(self, request: web.Request) -> web.Response:
        self._office.renewals.create_by_hand(self._subs(request.match_info["id"]))
        return web.Response(status=204)

    async def add_item(self, request: web.Request) -> web.Response:
        subs = self._subs(request.match_info["id"])
        body = await read_object(request, "ASOI")
        row = body.get("order_item", body)
        item = self._office.subs_edits.change_item(subs, row if isinstance(row, dict) else {})
        return single(self._lister.quirks, item_resource(item), ()) if item else web.Response(status=204)

    async def put_item(self, request: web.Request) -> web.Response:
        """204 when `delete:1` took the item out."""
        subs = self._subs(request.match_info["id"])
        item_id = int(request.match_info["item_id"])
        if all(item.id != item_id for item in subs.items):
            raise not_found("ASOI", "order_item")
        body = await read_object(request, "ASOI")
        row = body.get("order_item", body)
        changes = row if isinstance(row, dict) else {}
        item = self._office.subs_edits.change_item(subs, changes | {"id": item_id})
        return single(self._lister.quirks, item_resource(item), ()) if item else web.Response(status=204)

    def _subs(self, id_: object) -> SubsOrder:
        subs = self._shop.subs.get(read_int(id_) or 0)
        if subs is None or subs.deleted_at is not None:
            raise not_found(ASO, "subs_order")
        return subs

    def _document(self, request: web.Request, subs: SubsOrder) -> web.Response:
        included = self._included(subs, wanted_includes(request))
        return single(self._lister.quirks, subs_resource(self._shop, subs), included)

    def _included(self, subs: SubsOrder, names: frozenset[str]) -> Iterable[Resource]:
        shop = self._shop
        customer = shop.customers[subs.customer_id]
        if "customer" in names:
            yield customer_resource(customer)
        if names & {"customer.billing_address", "customer.shipping_addresses"}:
            yield address_resource(customer.billing)
        if names & {"payment", "payment.source"}:
            yield payment_resource(subs.payment, of_subscription=True)
        if "orders" in names:
            yield from (order_resource(shop, shop.orders[id_]) for id_ in subs.order_ids)
        if "order_items" in names:
            yield from (item_resource(item) for item in subs.items)
        if "shipping_address" in names:
            yield address_resource(subs.shipping)
