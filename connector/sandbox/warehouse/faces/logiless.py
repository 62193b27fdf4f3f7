"""LOGILESS face (ロジレス REST API) of the sandbox warehouse: 受注伝票 in, 出荷伝票 out (spec/wms.md §2.3, §8).

A code is used up for ever, a cancelled one too. Once the floor works on an order, a reversal is 423 for good.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from connector.clock import JST
from connector.sandbox.warehouse.core import WarehouseSandbox
from connector.sandbox.warehouse.counter import Goods, Order
from connector.sandbox.warehouse.faces import logiless_checks as checks
from connector.sandbox.warehouse.faces.door import Call, Door, Reply, find_route
from connector.sandbox.warehouse.faces.limiter import MinuteLimit
from connector.sandbox.warehouse.faces.logiless_tokens import Refused, Tokens
from connector.sandbox.warehouse.faces.logiless_view import ORDER_IDS, LogilessView, SalesOrder

FACE: Final = "logiless"
PAGE_DEFAULT, PAGE_MAX = 20, 100
LOCKED: Final = "この伝票は出荷作業中のため変更できません。"
ZONES: Final = ("午前中", "12時-14時", "14時-16時", "16時-18時", "18時-20時", "18時-21時", "19時-21時")
DELIVERY_STATUSES: Final = ("WaitingForShipment", "Working", "PartlyShipped", "Shipped", "Pending", "Cancel")


@dataclass(frozen=True, slots=True)
class LogilessSettings:
    """What the contract with LOGILESS would fix."""

    merchant: int = 1
    stores: tuple[int, ...] = (7,)
    zones: tuple[str, ...] = ZONES  # a band that is not registered is an error of the order
    per_minute: int = 60
    first_serial: int = 101
    escaped_only: bool = True  # Japanese must come as \\uXXXX
    client_id: str = "logiless-sandbox-client"
    client_secret: str = "logiless-sandbox-secret"
    redirect_uri: str = "http://127.0.0.1/callback"
    seed: int = 0


class LogilessFace:
    """One LOGILESS merchant over the warehouse's floor."""

    prefix = ""

    def __init__(self, warehouse: WarehouseSandbox, settings: LogilessSettings | None = None) -> None:
        self.settings = settings or LogilessSettings()
        self._counter = warehouse.counter
        self.limit = MinuteLimit(self._counter, self.settings.per_minute)
        self.tokens = Tokens(
            self._counter,
            client_id=self.settings.client_id,
            client_secret=self.settings.client_secret,
            redirect_uri=self.settings.redirect_uri,
            seed=self.settings.seed,
        )
        self.door = Door(self, self._counter)
        self.troubles = self.door.troubles
        self._view = LogilessView(self._counter)
        self._orders: dict[int, SalesOrder] = {}
        self._by_code: dict[str, SalesOrder] = {}
        house = f"/api/v1/merchant/{self.settings.merchant}"
        self._routes = (
            ("POST", f"{house}/sales_orders/new", self._create),
            ("POST", f"{house}/sales_orders/new/multiple", self._create_multiple),
            ("POST", house + r"/sales_orders/(?P<id>\d+)/reversal", self._reversal),
            ("GET", f"{house}/sales_orders", self._list_orders),
            ("GET", f"{house}/outbound_deliveries", self._list_deliveries),
        )

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Open the port; the base URL, API under `/api/v1`."""
        return await self.door.start(host, port)

    async def stop(self) -> None:
        await self.door.stop()

    def answer(self, call: Call) -> Reply:
        if call.path in ("/oauth/v2/auth", "/oauth2/token"):
            return self._oauth(call)
        if not self.limit.take():
            return self._error(429, "too_many_requests", "リクエスト数の上限に達しました。")
        try:
            self.tokens.expect(call.headers.get("Authorization", ""))
        except Refused as refused:
            return self._error(401, refused.error, refused.words)
        found = find_route(self._routes, call)
        if found is None:
            return self._error(404, "not_found", "該当するAPIがありません。")
        handler, parts = found
        try:
            return handler(call, **parts)
        except ValueError as wrong:
            return self._error(400, "invalid_request", str(wrong))

    # Answers.

    def _reply(self, status: int, body: object) -> Reply:
        headers = {
            "Content-Type": "application/json",
            "X-RateLimit-Limit": str(self.limit.limit),
            "X-RateLimit-Remaining": str(self.limit.remaining),
            "X-RateLimit-Reset": str(int(self.limit.ends_at.timestamp())),
        }
        return Reply(status, json.dumps(body, separators=(",", ":")).encode("ascii"), headers)

    def _error(self, status: int, error: str, words: str) -> Reply:
        return self._reply(status, {"error": error, "error_description": words})

    def _invalid(self, errors: dict[str, Any]) -> Reply:
        return self._reply(400, {"code": 400, "message": "Validation Failed", "errors": errors})

    def _oauth(self, call: Call) -> Reply:
        try:
            if call.path == "/oauth/v2/auth":
                return Reply(302, b"", {"Location": self.tokens.authorize(dict(call.query))})
            body = json.dumps(self.tokens.exchange(dict(call.query))).encode("ascii")
            return Reply(200, body, {"Content-Type": "application/json"})
        except Refused as refused:
            return self._error(400, refused.error, refused.words)

    # Coming in.

    def _read(self, call: Call) -> Any:
        if self.settings.escaped_only and not call.body.isascii():
            raise ValueError("本文の日本語は \\uXXXX 形式で送信してください。")
        return call.json()

    def _desk(self) -> checks.Desk:
        return checks.Desk(self._counter, self.settings.zones, self.settings.stores)

    def _create(self, call: Call) -> Reply:
        body = self._read(call)
        errors = checks.complaints(body, self._desk())
        if not errors and self._counter.strikes():
            errors = {"children": {"recipient_address1": {"errors": ["住所が郵便番号と一致しません。"]}}}
        if errors:
            self._note_refused(body, errors)
            return self._invalid(errors)
        return self._reply(200, self._view.order(self._accept(body)))

    def _create_multiple(self, call: Call) -> Reply:
        """All or none; not known publicly, so the strict reading."""
        bodies = self._read(call)
        if not isinstance(bodies, list) or not bodies:
            return self._invalid({"errors": [checks.REQUIRED]})
        desk = self._desk()
        found = {
            str(place): errors for place, one in enumerate(bodies) if (errors := checks.complaints(one, desk))
        }
        if found:
            for place, errors in found.items():
                self._note_refused(bodies[int(place)], errors)
            return self._invalid({"children": found})
        return self._reply(200, [self._view.order(self._accept(one)) for one in bodies])

    def _note_refused(self, body: object, errors: dict[str, Any]) -> None:
        code = body.get("code") if isinstance(body, dict) else ""
        self._counter.refuse(str(code), FACE, json.dumps(errors, ensure_ascii=False))

    def _accept(self, body: dict[str, Any]) -> SalesOrder:
        number = ORDER_IDS + self.settings.first_serial + len(self._orders)
        order = SalesOrder(number, body["code"], dict(body), self._counter.now(), self._counter.now())
        self._orders[number] = self._by_code[order.code] = order
        self._counter.take(
            Order(
                slip_number=order.code,
                order_number=order.code,
                face=FACE,
                carrier=_carrier_of(body),
                ship_by=self._counter.today(),
                goods=tuple(Goods(line["article_code"], line["quantity"]) for line in body["lines"]),
                parcels=int(body.get("delivery_package_quantity", "1")),
            )
        )
        return order

    def combine(self, parent: str, child: str) -> None:
        """An operator of LOGILESS puts two orders in one delivery (同梱)."""
        first, second = self._by_code[parent], self._by_code[child]
        if first.in_box_of or second.in_box_of or second.guests:
            raise ValueError(f"{parent} or {child} shares a box already")
        self._counter.put_together(parent, child)
        second.in_box_of = parent
        first.guests.append(second)

    def _reversal(self, call: Call, id: str) -> Reply:
        order = self._orders.get(int(id))
        if order is None:
            return self._error(404, "not_found", "該当する受注伝票がありません。")
        if order.guests or order.in_box_of or self._counter.cancel(order.code, FACE):
            return self._error(423, "locked", LOCKED)
        order.updated_at = self._counter.now()
        return self._reply(200, self._view.order(order))

    # Looking.

    def _list_orders(self, call: Call) -> Reply:
        code = call.query.get("code")
        wanted = [order for order in self._orders.values() if code is None or order.code == code]
        return self._page(call, wanted, self._view.order)

    def _list_deliveries(self, call: Call) -> Reply:
        since = _instant(call.query["updated_at_from"]) if "updated_at_from" in call.query else None
        wanted_status = [one for one in call.query.get("delivery_status", "").split(",") if one]
        if any(one not in DELIVERY_STATUSES for one in wanted_status):
            return self._invalid({"children": {"delivery_status": {"errors": [checks.WRONG]}}})
        wanted = [
            order
            for order in self._orders.values()
            if not order.in_box_of
            and (since is None or self._view.updated_at(order) >= since)
            and (not wanted_status or self._view.delivery_status(order) in wanted_status)
        ]
        return self._page(call, wanted, self._view.delivery)

    def _page(
        self, call: Call, orders: list[SalesOrder], tell: Callable[[SalesOrder], dict[str, Any]]
    ) -> Reply:
        page, limit = int(call.query.get("page", "1")), int(call.query.get("limit", str(PAGE_DEFAULT)))
        if page < 1 or not 1 <= limit <= PAGE_MAX:
            return self._invalid({"children": {"limit": {"errors": [checks.WRONG]}}})
        shown = orders[(page - 1) * limit : page * limit]
        body = {"data": [tell(order) for order in shown], "current_page": page, "limit": limit}
        return self._reply(200, body | {"total_count": len(orders)})


def _carrier_of(body: dict[str, Any]) -> str:
    carrier = checks.METHODS[body["delivery_method"]]
    return "YAMATO_COLLECT" if carrier == "YAMATO_TAKKYUBIN" and body.get("cod_total") else carrier


def _instant(text: str) -> datetime:
    local = checks.instant_of(text)
    if local is None:
        raise ValueError("updated_at_from の形式が正しくありません。")
    return local.replace(tzinfo=JST)
