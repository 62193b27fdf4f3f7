"""Goods and stock over HTTP (商品, 在庫), spec/ecforce.md §2.7, §2.15, §2.17.

Dangerous: a stock row comes back with its quantity as text when it was written and as a number when it was not.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from aiohttp import web

from connector.adapters.ecforce import wire
from connector.sandbox.cart.back_office import BackOffice
from connector.sandbox.cart.bulk import BulkResult, rows_of
from connector.sandbox.cart.documents import Lister, answer
from connector.sandbox.cart.gate import Handler, read_object
from connector.sandbox.cart.kinds import Kinds
from connector.sandbox.cart.texts import read_int, read_switch

APR: Final = wire.PREFIX_PRODUCT
ASI: Final = wire.PREFIX_STOCK

Row = dict[str, Any]


class ItemsApi:
    """Handlers of `/admin/products…` and `/admin/stock_items`."""

    def __init__(self, office: BackOffice, lister: Lister, kinds: Kinds) -> None:
        self._office, self._shop, self._lister, self._kinds = office, office.shop, lister, kinds

    def routes(self) -> tuple[tuple[str, str, Handler], ...]:
        at, stock = wire.PATHS["products"], wire.PATHS["stock_items"]
        return (
            ("GET", at, self.products),
            ("POST", f"{at}/bulk_create", self.bulk_create),
            ("PUT", f"{at}/bulk_update", self.bulk_update),
            ("DELETE", f"{at}/bulk_destroy", self.bulk_destroy),
            ("GET", at + r"/{id:\d+}", self.product),
            ("GET", stock, self.stock),
            ("PUT", stock, self.put_stock),
        )

    async def products(self, request: web.Request) -> web.Response:
        return self._lister.page(request, self._kinds.products, self._shop.variants.values())

    async def product(self, request: web.Request) -> web.Response:
        variant = self._office.goods_edits.product(request.match_info["id"])
        return self._lister.one(request, self._kinds.products, variant)

    async def bulk_create(self, request: web.Request) -> web.Response:
        """A job."""
        body = await read_object(request, APR)
        rows = rows_of(body, "products", APR, self._shop.settings.rows_per_bulk)
        unique_links = read_switch(body.get("check_duplicate_link_numbers"))
        create = partial(self._office.goods_edits.create, unique_links=unique_links)

        def enter() -> Row:
            result = BulkResult(APR)
            for place, row in enumerate(rows, start=1):
                result.run(place, create, _row(row))
            return result.body()

        return answer(self._office.jobs.enter("products_bulk_create", enter).receipt)

    async def bulk_update(self, request: web.Request) -> web.Response:
        body = await read_object(request, APR)
        unique_links = read_switch(body.get("check_duplicate_link_numbers"))
        update = partial(self._office.goods_edits.update, unique_links=unique_links)
        result = BulkResult(APR)
        for row in rows_of(body, "products", APR, self._shop.settings.rows_per_bulk):
            result.run(read_int(_row(row).get("id")), update, _row(row))
        return answer(result.body())

    async def bulk_destroy(self, request: web.Request) -> web.Response:
        body = await read_object(request, APR)
        result = BulkResult(APR)
        for id_ in rows_of(body, "product_ids", APR, self._shop.settings.rows_per_bulk):
            result.run(read_int(id_), self._office.goods_edits.destroy, id_)
        return answer(result.body())

    async def stock(self, request: web.Request) -> web.Response:
        return self._lister.page(request, self._kinds.stock, self._shop.variants.values())

    async def put_stock(self, request: web.Request) -> web.Response:
        """Absolute quantities; rows of the reply echo the request, the id of an error is the SKU."""
        rows = rows_of(await read_object(request, ASI), "stock_items", ASI, self._shop.settings.rows_per_bulk)
        result = BulkResult(ASI)
        for row in map(_row, rows):
            written = row | {"stock": str(row.get("stock"))}
            result.run(
                row, self._office.goods_edits.set_stock, row, shown=written, error_id=row.get("variant_sku")
            )
        return answer(result.body())


def _row(row: object) -> Row:
    return row if isinstance(row, dict) else {}
