"""Customers, goods, stock and masters over HTTP (顧客, 商品, 在庫, マスタ), spec/ecforce.md §2.14–2.17."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from aiohttp import web

from connector.adapters.ecforce import wire
from connector.sandbox.cart.back_office import BackOffice
from connector.sandbox.cart.bulk import BulkResult, rows_of
from connector.sandbox.cart.documents import Lister, answer, single, wanted_includes
from connector.sandbox.cart.gate import Handler, read_object
from connector.sandbox.cart.model import Customer, NewCustomer, PostalAddress, Variant
from connector.sandbox.cart.order_edits import changed_postal
from connector.sandbox.cart.ransack import Getter
from connector.sandbox.cart.refusal import Refusal, all_of, invalid, missing, not_found, not_valid
from connector.sandbox.cart.resources import (
    Resource,
)
from connector.sandbox.cart.resources_parts import (
    address_resource,
    customer_resource,
)
from connector.sandbox.cart.resources_subs import (
    carrier_resource,
    delivery_time_resource,
    method_resource,
    product_resource,
    reason_resource,
    stock_resource,
    store_resource,
    variant_resource,
)
from connector.sandbox.cart.searches import CUSTOMERS, METHODS, PRODUCTS, STOCK
from connector.sandbox.cart.settings import BLACKLIST_REASON, Carrier, Reason
from connector.sandbox.cart.texts import read_int, read_switch

ACU: Final = wire.PREFIX_CUSTOMER
ASI: Final = wire.PREFIX_STOCK
DEFAULT_LOCATION: Final = "default"
WORDS_MAIL_TAKEN: Final = "Eメールはすでに存在します"

Route = tuple[str, str, Handler]


class MastersApi:
    """Handlers of everything that is neither order nor subscription."""

    def __init__(self, office: BackOffice, lister: Lister) -> None:
        self._office, self._shop, self._lister = office, office.shop, lister

    def routes(self) -> tuple[Route, ...]:
        paths, wish = wire.PATHS, self._shop.settings
        return (
            ("GET", paths["customers"], self.customers),
            ("POST", paths["customers"], self.customer_create),
            ("PUT", paths["customers"] + "/bulk_update", self.customers_update),
            ("GET", paths["customers"] + r"/{id:\d+}", self.customer),
            ("GET", paths["products"], self.products),
            ("GET", paths["products"] + r"/{id:\d+}", self.product),
            ("GET", paths["stock_items"], self.stock),
            ("PUT", paths["stock_items"], self.put_stock),
            ("GET", paths["payment_methods"], self.methods),
            ("GET", paths["shipping_carriers"], self.carriers),
            ("GET", paths["shipping_carriers"] + r"/{id:\d+}", self.carrier),
            ("GET", paths["stores"], self.stores),
            ("GET", paths["cancel_reasons"], self._reasons(wire.TYPE_CANCEL_REASON, wish.cancel_reasons)),
            ("GET", paths["suspend_reasons"], self._reasons(wire.TYPE_SUSPEND_REASON, wish.suspend_reasons)),
        )

    def routes_v1(self) -> tuple[Route, ...]:
        return (
            ("GET", "/products", self.products),
            ("GET", "/stock_items", self.stock),
            ("PUT", "/stock_items", self.put_stock),
        )

    # --- customers ---

    async def customers(self, request: web.Request) -> web.Response:
        includes = wanted_includes(request)
        return self._lister.answer(
            request,
            self._shop.customers.values(),
            CUSTOMERS,
            customer_resource,
            lambda customer: _customer_included(customer, includes),
        )

    async def customer(self, request: web.Request) -> web.Response:
        customer = self._customer(request.match_info["id"])
        included = _customer_included(customer, wanted_includes(request))
        return single(self._lister.quirks, customer_resource(customer), included)

    async def customer_create(self, request: web.Request) -> web.Response:
        """201; everything that is wrong in one reply."""
        form = (await read_object(request, ACU)).get("customer")
        if not isinstance(form, dict):
            raise missing(ACU, "customer")
        wrong = []
        if str(form.get("email", "")) in self._shop.customer_by_email:
            wrong.append(not_valid(ACU, WORDS_MAIL_TAKEN))
        wrong += [missing(ACU, key) for key in ("email", "name01") if not form.get(key)]
        all_of(wrong)
        postal = changed_postal(PostalAddress(name01=str(form["name01"]), name02=""), form)
        customer = self._shop.customer(NewCustomer(email=str(form["email"])), postal)
        return single(self._lister.quirks, customer_resource(customer), (), status=201)

    async def customers_update(self, request: web.Request) -> web.Response:
        """A wrong id still answers as done (§2.14)."""
        body = await read_object(request, ACU)
        result = BulkResult(ACU)
        for row in rows_of(body, "customers", ACU, self._shop.settings.rows_per_bulk):
            if isinstance(row, dict):
                result.run(read_int(row.get("id")), self._edit_customer, row)
        return answer(result.body())

    def _edit_customer(self, row: dict[str, Any]) -> None:
        customer = self._shop.customers.get(read_int(row.get("id")) or 0)
        if customer is None:
            return
        if "link_number" in row:
            customer.link_number = None if row["link_number"] is None else str(row["link_number"])
        if "is_blacklist" in row:
            self._set_blacklist(customer, on=read_switch(row["is_blacklist"]))
        self._shop.touch(customer)

    def _set_blacklist(self, customer: Customer, *, on: bool) -> None:
        """Marks the customer's subscriptions 要対応; clearing is done in the admin screen only (§7.10)."""
        customer.blacklist = on
        for id_ in customer.subs_ids if on else ():
            subs = self._shop.subs[id_]
            if BLACKLIST_REASON not in subs.tbc_reasons:
                subs.tbc_reasons.append(BLACKLIST_REASON)
                self._shop.note(subs, "api", "tbc", after=BLACKLIST_REASON)

    def _customer(self, id_: object) -> Customer:
        customer = self._shop.customers.get(read_int(id_) or 0)
        if customer is None:
            raise not_found(ACU, "customer")
        return customer

    # --- goods and stock ---

    async def products(self, request: web.Request) -> web.Response:
        includes = wanted_includes(request)
        variants = self._shop.variants.values()
        return self._lister.answer(
            request, variants, PRODUCTS, product_resource, lambda each: _product_included(each, includes)
        )

    async def product(self, request: web.Request) -> web.Response:
        wanted = int(request.match_info["id"])
        for variant in self._shop.variants.values():
            if variant.product_id == wanted:
                included = _product_included(variant, wanted_includes(request))
                return single(self._lister.quirks, product_resource(variant), included)
        raise not_found(wire.PREFIX_PRODUCT, "product")

    async def stock(self, request: web.Request) -> web.Response:
        return self._lister.answer(request, self._shop.variants.values(), STOCK, stock_resource)

    async def put_stock(self, request: web.Request) -> web.Response:
        """Absolute quantities; `stock` comes back as text in success and as a number in failure (§2.17)."""
        rows = rows_of(await read_object(request, ASI), "stock_items", ASI, self._shop.settings.rows_per_bulk)
        result = BulkResult(ASI)
        for row in rows:
            if isinstance(row, dict):
                result.run(row, self._set_stock, row, error_id=row.get("variant_sku"))
        return answer(result.body())

    def _set_stock(self, row: dict[str, Any]) -> dict[str, Any]:
        variant, stock = self._shop.variants.get(str(row.get("variant_sku"))), read_int(row.get("stock"))
        if variant is None:
            raise not_found(ASI, "variant")
        if row.get("stock_location_code") != DEFAULT_LOCATION:
            raise Refusal(404, *not_found(ASI, "stock_location").sentences)
        if stock is None:
            raise invalid(ASI, "stock")
        variant.stock = stock
        self._shop.touch(variant)
        return row | {"stock": str(stock)}

    # --- masters ---

    async def methods(self, request: web.Request) -> web.Response:
        return self._lister.answer(request, self._shop.settings.payment_methods, METHODS, method_resource)

    async def carriers(self, request: web.Request) -> web.Response:
        includes = wanted_includes(request)
        getters: dict[str, Getter[Carrier]] = {"id": lambda each: each.id, "name": lambda each: each.name}
        return self._lister.answer(
            request,
            self._shop.settings.carriers,
            getters,
            carrier_resource,
            lambda each: _carrier_included(each, includes),
        )

    async def carrier(self, request: web.Request) -> web.Response:
        carrier = self._shop.carrier(int(request.match_info["id"]))
        if carrier is None:
            raise not_found(wire.PREFIX_ORDER, "shipping_carrier")
        included = _carrier_included(carrier, wanted_includes(request))
        return single(self._lister.quirks, carrier_resource(carrier), included)

    async def stores(self, request: web.Request) -> web.Response:
        getters: dict[str, Getter[str]] = {"id": lambda store: 1, "name": lambda store: store}
        return self._lister.answer(
            request, [self._shop.settings.store], getters, lambda store: store_resource(self._shop)
        )

    def _reasons(self, type_: str, reasons: Iterable[Reason]) -> Handler:
        getters: dict[str, Getter[Reason]] = {"id": lambda reason: reason.id}
        render: Callable[[Reason], Resource] = lambda reason: reason_resource(type_, reason)  # noqa: E731

        async def handler(request: web.Request) -> web.Response:
            return self._lister.answer(request, reasons, getters, render)

        return handler


def _customer_included(customer: Customer, names: frozenset[str]) -> Iterable[Resource]:
    if names & {"billing_address", "shipping_addresses"}:
        yield address_resource(customer.billing)


def _product_included(variant: Variant, names: frozenset[str]) -> Iterable[Resource]:
    if names & {"variants", "variants.thumbnails"}:
        yield variant_resource(variant)


def _carrier_included(carrier: Carrier, names: frozenset[str]) -> Iterable[Resource]:
    if "delivery_times" in names:
        yield from (delivery_time_resource(slot) for slot in carrier.delivery_times)
