"""Subscriptions over HTTP (定期受注 API): list, get, edit, bulk, items, sets, split, the next child by hand.

spec/ecforce.md §2.7, §2.13. Dangerous: bulk_create and bulk_recalculate are jobs whose end no reply tells.
"""

from __future__ import annotations

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
from connector.sandbox.cart.model import SubsOrder, Variant
from connector.sandbox.cart.refusal import invalid, missing, not_found, not_valid
from connector.sandbox.cart.subs_edits import WORDS_LINK_TAKEN
from connector.sandbox.cart.subs_items import Recalculation
from connector.sandbox.cart.texts import read_int, read_switch

ASO: Final = wire.PREFIX_SUBS_ORDER
ASOI: Final = wire.PREFIX_SUBS_ITEM
AVOID_HOLIDAYS: Final = "avoid_holidays_for_scheduled_to_be_shipped_at"

Row = dict[str, Any]


class SubsApi:
    """Handlers of `/admin/subs_orders…`."""

    def __init__(self, office: BackOffice, lister: Lister, kinds: Kinds) -> None:
        self._office, self._shop, self._lister, self._kinds = office, office.shop, lister, kinds
        self._free = FreeValuesApi(office.subs_free_values, wire.PREFIX_SUBS_FREE_VALUES, self._record)

    def routes(self) -> tuple[tuple[str, str, Handler], ...]:
        at = wire.PATHS["subs_orders"]
        one = at + r"/{id:\d+}"
        return (
            ("GET", at, self.page),
            ("POST", f"{at}/bulk_create", self.bulk_create),
            ("PUT", f"{at}/bulk_update", self.bulk_update),
            ("DELETE", f"{at}/bulk_destroy", self.bulk_destroy),
            ("POST", f"{at}/bulk_recalculate", self.bulk_recalculate),
            ("GET", one, self.one),
            ("PUT", one, self.put),
            ("POST", f"{one}/orders", self.create_order),
            ("POST", f"{one}/order_items", self.add_item),
            ("POST", f"{one}/order_items/bulk_create", self.add_items),
            ("PUT", f"{one}/order_items/bulk_update", self.put_items),
            ("PUT", one + r"/order_items/{item_id:\d+}", self.put_item),
            ("PUT", f"{one}/sets/bulk_update", self.put_sets),
            ("POST", f"{one}/split_delivery_cycle", self.split),
            *self._free.routes(one),
        )

    # --- reading and editing ---

    async def page(self, request: web.Request) -> web.Response:
        return self._lister.page(request, self._kinds.subs, self._shop.subs.values())

    async def one(self, request: web.Request) -> web.Response:
        return self._lister.one(request, self._kinds.subs, self._subs(request.match_info["id"]))

    async def put(self, request: web.Request) -> web.Response:
        subs = self._subs(request.match_info["id"])
        body = await read_object(request, ASO)
        params = body.get("subs_order")
        if not isinstance(params, dict):
            raise missing(ASO, "subs_order")
        self._office.subs_edits.apply(subs, params, avoid_holidays=read_switch(body.get(AVOID_HOLIDAYS)))
        return self._lister.one(request, self._kinds.subs, subs)

    async def bulk_update(self, request: web.Request) -> web.Response:
        body = await read_object(request, ASO)
        rows = rows_of(body, "subs_orders", ASO, self._shop.settings.rows_per_bulk)
        unique_links = read_switch(body.get("check_duplicate_link_numbers"))
        avoid = read_switch(body.get(AVOID_HOLIDAYS))
        result = BulkResult(ASO)
        for row in rows:
            id_ = read_int(row.get("id")) if isinstance(row, dict) else None
            result.run(id_, self._edit_row, row, unique_links, avoid)
        return answer(result.body())

    def _edit_row(self, row: object, unique_links: bool, avoid: bool) -> None:
        if not isinstance(row, dict):
            raise not_found(ASO, "subs_order")
        subs = self._subs(row.get("id"))
        link = row.get("link_number")
        others = (each for each in self._shop.subs.values() if each is not subs)
        if unique_links and link and any(each.link_number == link for each in others):
            raise not_valid(ASO, WORDS_LINK_TAKEN)
        params = {key: value for key, value in row.items() if key != "id"}
        self._office.subs_edits.apply(subs, params, avoid_holidays=avoid)

    async def bulk_destroy(self, request: web.Request) -> web.Response:
        """Active ones fail; ids that are not there any more are passed over."""
        body = await read_object(request, ASO)
        result = BulkResult(ASO)
        for id_ in rows_of(body, "subs_order_ids", ASO, self._shop.settings.rows_per_bulk):
            subs = self._shop.subs.get(read_int(id_) or 0)
            if subs is not None and subs.deleted_at is None:
                result.run(subs.id, self._destroy, subs)
        return answer(result.body())

    def _destroy(self, subs: SubsOrder) -> None:
        if subs.state == wire.SUBS_ACTIVE:
            raise not_valid(ASO, wire.WORDS_ACTIVE_NOT_DELETED)
        subs.deleted_at = self._shop.now()
        self._shop.note(subs, "api", "deleted")

    # --- jobs ---

    async def bulk_create(self, request: web.Request) -> web.Response:
        body = await read_object(request, ASO)
        rows = rows_of(body, "subs_orders", ASO, self._shop.settings.rows_per_bulk)
        unique_links = read_switch(body.get("check_duplicate_link_numbers"))

        def create() -> dict[str, object]:
            result = BulkResult(ASO)
            for place, row in enumerate(rows, start=1):
                result.run(
                    place, partial(self._office.subs_births.create, _row(row), unique_links=unique_links)
                )
            return result.body()

        return answer(self._office.jobs.enter("subs_orders_bulk_create", create).receipt)

    async def bulk_recalculate(self, request: web.Request) -> web.Response:
        """再計算: next dates from the last living child; ids that are not there are passed over."""
        body = await read_object(request, ASO)
        ids = rows_of(body, "subs_order_ids", ASO, self._shop.settings.rows_per_bulk)

        def recalculate() -> dict[str, object]:
            result = BulkResult(ASO)
            for id_ in ids:
                subs = self._shop.subs.get(read_int(id_) or 0)
                if subs is not None and subs.deleted_at is None:
                    self._recalculate(subs)
                    result.done(subs.id)
            return result.body()

        return answer(self._office.jobs.enter("subs_orders_bulk_recalculate", recalculate).receipt)

    def _recalculate(self, subs: SubsOrder) -> None:
        self._office.schedule.plan_from_last(subs)
        self._office.subs_items.reprice(subs, subs.times + 1)
        self._shop.note(subs, "job", "recalculated")

    # --- children, items, sets ---

    async def create_order(self, request: web.Request) -> web.Response:
        self._office.renewals.create_by_hand(self._subs(request.match_info["id"]))
        return web.Response(status=204)

    async def add_item(self, request: web.Request) -> web.Response:
        subs = self._subs(request.match_info["id"])
        body = await read_object(request, ASOI)
        item = self._office.subs_items.add(subs, _item_row(body), Recalculation.of(body))
        return self._lister.one(request, self._kinds.items, item)

    async def put_item(self, request: web.Request) -> web.Response:
        """204 when `delete:1` took the item out."""
        subs = self._subs(request.match_info["id"])
        body = await read_object(request, ASOI)
        item_id, row = request.match_info["item_id"], _item_row(body)
        item = self._office.subs_items.change(subs, item_id, row, Recalculation.of(body))
        return (
            web.Response(status=204) if item is None else self._lister.one(request, self._kinds.items, item)
        )

    async def add_items(self, request: web.Request) -> web.Response:
        """Numbers in the reply are 1-based positions of the request."""
        subs, rows, wish = await self._item_rows(request)
        result = BulkResult(ASOI)
        for place, row in enumerate(rows, start=1):
            result.run(place, self._office.subs_items.add, subs, _row(row), wish)
        return answer(result.body())

    async def put_items(self, request: web.Request) -> web.Response:
        subs, rows, wish = await self._item_rows(request)
        result = BulkResult(ASOI)
        for row in rows:
            id_ = read_int(_row(row).get("id"))
            result.run(id_, self._office.subs_items.change, subs, id_, _row(row), wish)
        return answer(result.body())

    async def _item_rows(self, request: web.Request) -> tuple[SubsOrder, list[Any], Recalculation]:
        subs = self._subs(request.match_info["id"])
        body = await read_object(request, ASOI)
        rows = rows_of(body, "order_items", ASOI, self._shop.settings.rows_per_bulk)
        return subs, rows, Recalculation.of(body)

    async def put_sets(self, request: web.Request) -> web.Response:
        """The old parts go first, so what is to stay must be named again."""
        subs = self._subs(request.match_info["id"])
        body = await read_object(request, ASOI)
        result = BulkResult(ASOI)
        parts: list[tuple[Variant, int]] = []
        for place, row in enumerate(rows_of(body, "variants", ASOI), start=1):
            result.run(place, self._set_part, _row(row), parts)
        self._office.subs_items.replace_sets(subs, parts)
        return answer(result.body())

    def _set_part(self, row: Row, parts: list[tuple[Variant, int]]) -> None:
        variant = self._shop.variant_by_id(read_int(row.get("id")) or 0)
        if variant is None or variant.deleted_at is not None:
            raise not_found(ASOI, "variant")
        quantity = read_int(row.get("quantity", 1))
        if quantity is None or quantity < 1:
            raise invalid(ASOI, "quantity")
        parts.append((variant, quantity))

    async def split(self, request: web.Request) -> web.Response:
        """The new subscription in reply."""
        subs = self._subs(request.match_info["id"])
        born = self._office.subs_births.split(subs, await read_object(request, ASO))
        return self._lister.one(request, self._kinds.subs, born)

    def _subs(self, id_: object) -> SubsOrder:
        subs = self._shop.subs.get(read_int(id_) or 0)
        if subs is None or subs.deleted_at is not None:
            raise not_found(ASO, "subs_order")
        return subs

    def _record(self, id_: str) -> int:
        return self._subs(id_).id


def _row(row: object) -> Row:
    return row if isinstance(row, dict) else {}


def _item_row(body: Row) -> Row:
    """`{"order_item":{…}}`, or its keys on the top level."""
    row = body.get("order_item", body)
    return row if isinstance(row, dict) else {}
