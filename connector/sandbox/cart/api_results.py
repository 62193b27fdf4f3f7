"""Shipping results and payment status over HTTP (発送結果戻し, 決済状況), spec/ecforce.md §2.10–2.11.

Every write answers per row; what was asked with `with_async` or in payment bulk is done a little later as a job,
and the reply says nothing about its end. Dangerous: sales run again on a charged order break its payment.
"""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from connector.adapters.ecforce import wire
from connector.sandbox.cart.back_office import BackOffice
from connector.sandbox.cart.bulk import BulkResult, rows_of
from connector.sandbox.cart.documents import Lister, answer
from connector.sandbox.cart.gate import Handler, read_object
from connector.sandbox.cart.kinds import Kinds
from connector.sandbox.cart.model import Address, Order, Parcel
from connector.sandbox.cart.refusal import Refusal, all_of, invalid, missing, not_found
from connector.sandbox.cart.shipping import Result
from connector.sandbox.cart.texts import read_datetime, read_int, read_switch

AOR: Final = wire.PREFIX_ORDER
BULK_METHODS: Final = (wire.METHOD_SALES, wire.METHOD_VOID, wire.METHOD_REAUTH, wire.METHOD_FORCE_VOID)
SINGLE_METHODS: Final = (wire.METHOD_VOID, wire.METHOD_REAUTH)
CANCEL_SUBJECT: Final = "ご注文キャンセルのお知らせ"

Row = dict[str, Any]


class ResultsApi:
    """Handlers of `/admin/orders/shipping` and `…/payment_status`."""

    def __init__(self, office: BackOffice, lister: Lister, kinds: Kinds) -> None:
        self._office, self._shop, self._lister, self._kind = office, office.shop, lister, kinds.orders

    def routes(self) -> tuple[tuple[str, str, Handler], ...]:
        at = wire.PATHS["orders"]
        return (
            ("PUT", f"{at}/shipping", self.shipping),
            ("POST", f"{at}/payment_status/bulk_update", self.payment_bulk),
            ("POST", at + r"/{id:\d+}/payment_status", self.payment),
        )

    def routes_v1(self) -> tuple[tuple[str, str, Handler], ...]:
        """On v1 shipping comes by POST too (§2.10)."""
        return (("POST", "/orders/shipping", self.shipping),)

    # --- shipping results, §2.10 ---

    async def shipping(self, request: web.Request) -> web.Response:
        body = await read_object(request)
        rows = rows_of(body, "orders", AOR, self._shop.settings.rows_per_bulk)
        with_sale = read_switch(body.get("with_sale"))
        if read_switch(body.get("with_async")):
            job = self._office.jobs.enter("orders_shipping", lambda: self._ship(rows, with_sale).body())
            return answer({"job_id": job.job_id})
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

    def _order(self, id_: object) -> Order:
        order = self._shop.orders.get(read_int(id_) or 0)
        if order is None or order.deleted_at is not None:
            raise not_found(AOR, "order")
        return order

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
        if method == wire.METHOD_VOID and read_switch(body.get("need_to_send_email")):
            self._office.mail_order(order, CANCEL_SUBJECT)
        return self._lister.one(request, self._kind, order)

    async def payment_bulk(self, request: web.Request) -> web.Response:
        body = await read_object(request)
        method, ids = body.get("method"), rows_of(body, "order_ids", AOR, self._shop.settings.rows_per_bulk)
        if method is None:
            raise missing(AOR, "method")
        if method not in BULK_METHODS:
            raise invalid(AOR, "method")
        orders = [order for id_ in ids if (order := self._shop.orders.get(read_int(id_) or 0)) is not None]
        job = self._office.jobs.enter(
            f"payment_{method}", lambda: self._office.payment_deeds(orders, str(method), **_flags(body))
        )
        return answer(job.receipt)


def _flags(body: Row) -> dict[str, bool]:
    """Both default to 1 when left out: that lowers the subscription's count (§0)."""
    return {
        "decrement": read_switch(body.get("decrement_subs_order_times"), default=True),
        "recalculate": read_switch(body.get("recalculate_subs_order"), default=True),
    }
