"""OPENLOGI face (オープンロジ REST API v1.5) of the sandbox warehouse (spec/wms.md §2.2, §8).

Names are cut in silence, a refused call may have been done (planned troubles), and a cancel on the floor is
only a request: the shipment may still leave.
"""

from __future__ import annotations

import re
from collections import Counter as Tally
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec

from connector.clock import jst
from connector.sandbox.warehouse import requests
from connector.sandbox.warehouse.core import WarehouseSandbox
from connector.sandbox.warehouse.counter import Goods, Order
from connector.sandbox.warehouse.faces import openlogi_checks as checks
from connector.sandbox.warehouse.faces.door import Call, Door, Reply, find_route
from connector.sandbox.warehouse.faces.limiter import MinuteLimit
from connector.sandbox.warehouse.faces.openlogi_view import OpenlogiView, Shipment
from connector.sandbox.warehouse.slips import State

FACE: Final = "openlogi"
IDS_MAX: Final = 100
BEFORE_WORK: Final = frozenset({State.HELD, State.ACCEPTED, State.ALLOCATED})
UNCHANGEABLE: Final = "この状態の出荷依頼は{act}できません。"
FLOOR_GOODS: Final = "作業中の出荷依頼の商品は変更できません。"


@dataclass(frozen=True, slots=True)
class OpenlogiSettings:
    """What the contract with OPENLOGI would fix."""

    account_id: str = "TS001"
    token: str = "openlogi-sandbox-token"
    version: str = "1.5"
    per_minute: int = 60
    first_serial: int = 101
    chilled: frozenset[str] = frozenset()  # articles for which a wish within 3 days is allowed only


class OpenlogiFace:
    """One OPENLOGI account over the warehouse's floor."""

    prefix = "/api"

    def __init__(self, warehouse: WarehouseSandbox, settings: OpenlogiSettings | None = None) -> None:
        self.settings = settings or OpenlogiSettings()
        self._counter = warehouse.counter
        self.limit = MinuteLimit(self._counter, self.settings.per_minute)
        self.door = Door(self, self._counter)
        self.troubles = self.door.troubles
        self._view = OpenlogiView(self._counter)
        self._by_id: dict[str, Shipment] = {}
        self._by_key: dict[str, Shipment] = {}
        one = r"/shipments/(?P<id>[A-Z0-9]+-S\d+)"
        self._routes = (
            ("POST", "/shipments", self._create),
            ("POST", "/shipments/bulk", self._create_bulk),
            ("GET", "/shipments", self._list),
            ("GET", "/shipments/shipped", self._shipped),
            (
                "GET",
                r"/shipments/shipped/(?P<year>\d{4})/(?P<month>\d{1,2})/(?P<day>\d{1,2})",
                self._shipped_on,
            ),
            ("PUT", one, self._update),
            ("DELETE", one, self._delete),
            ("POST", one + "/modify", self._modify),
            ("POST", one + "/cancel", self._cancel),
            ("POST", r"/shipments/allocation/(?P<id>[A-Z0-9]+-S\d+)/clear", self._clear),
            ("GET", r"/shipments/(?P<account>[^/]+)/(?P<key>[^/]+)", self._look_up),
        )

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Open the port; the base URL."""
        return await self.door.start(host, port)

    async def stop(self) -> None:
        await self.door.stop()

    def answer(self, call: Call) -> Reply:
        if not self.limit.take():
            body = {"error": "Too Many Attempts."}
            return self._reply(429, body, {"Retry-After": str(self.limit.retry_after)})
        if call.headers.get("Authorization") != f"Bearer {self.settings.token}":
            return self._error(401, "unauthorized", "認証に失敗しました。")
        if call.headers.get("X-Api-Version") != self.settings.version:
            return self._error(400, "bad_request", "X-Api-Version が正しくありません。")
        found = find_route(self._routes, call)
        if found is None:
            return self._error(404, "not_found", "該当するAPIがありません。")
        handler, parts = found
        try:
            return handler(call, **parts)
        except ValueError:
            return self._error(400, "bad_request", "リクエストの形式が正しくありません。")

    # Answers.

    def _reply(self, status: int, body: object, headers: dict[str, str] | None = None) -> Reply:
        always = {
            "Content-Type": "application/json",
            "X-RateLimit-Limit": str(self.limit.limit),
            "X-RateLimit-Remaining": str(self.limit.remaining),
        }
        return Reply(status, msgspec.json.encode(body), always | (headers or {}))

    def _error(self, status: int, error: str, words: str) -> Reply:
        return self._reply(status, {"error": error, "error_description": words})

    def _invalid(self, errors: dict[str, str]) -> Reply:
        words = "入力内容に誤りがあります。"
        return self._reply(422, {"error": "validation_failed", "error_description": words, "errors": errors})

    def _forbidden(self, act: str) -> Reply:
        return self._error(403, "forbidden", UNCHANGEABLE.format(act=act))

    def _unknown(self) -> Reply:
        return self._error(404, "not_found", "該当する出荷依頼がありません。")

    def _told(self, shipment: Shipment, status: int = 200) -> Reply:
        return self._reply(status, self._view.document(shipment))

    def _told_all(self, shipments: list[Shipment], status: int = 200) -> Reply:
        return self._reply(status, {"shipments": [self._view.document(one) for one in shipments]})

    # Coming in.

    def _create(self, call: Call) -> Reply:
        body = call.json()
        errors = checks.complaints(body, checks.Desk(self._counter, self.settings.chilled))
        if not errors and self._counter.strikes():
            errors = {"recipient.postcode": checks.OTHER_ADDRESS}
        if errors:
            self._note_refused(body, errors)
            return self._invalid(errors)
        return self._told(self._accept(body), 201)

    def _create_bulk(self, call: Call) -> Reply:
        """Atomic: one bad shipment and none is created."""
        body = call.json()
        rows = body.get("shipments") if isinstance(body, dict) else None
        if not isinstance(rows, list) or not rows:
            return self._invalid({"shipments": checks.REQUIRED})
        desk = checks.Desk(self._counter, self.settings.chilled)
        errors: dict[str, str] = {}
        for place, row in enumerate(rows):
            found = checks.complaints(row, desk)
            errors |= {f"shipments.{place}.{path}".rstrip("."): words for path, words in found.items()}
            if found:
                self._note_refused(row, found)
        if errors:
            return self._invalid(errors)
        return self._told_all([self._accept(row) for row in rows], 201)

    def _note_refused(self, body: object, errors: dict[str, str]) -> None:
        key = checks.key_of(body) if isinstance(body, dict) else ""
        self._counter.refuse(key, FACE, "; ".join(f"{path} {words}" for path, words in errors.items()))

    def _accept(self, body: dict[str, Any]) -> Shipment:
        serial = self.settings.first_serial + len(self._by_id)
        shipment = Shipment(
            f"{self.settings.account_id}-S{serial:06d}",
            checks.key_of(body),
            self._view.kept(body),
            self._counter.now(),
            self._counter.now(),
        )
        self._by_id[shipment.id] = self._by_key[shipment.key] = shipment
        self._counter.take(self._order(shipment))
        return shipment

    def _order(self, shipment: Shipment) -> Order:
        body = shipment.body
        return Order(
            slip_number=shipment.key,
            order_number=str(body.get("order_no") or shipment.key),
            face=FACE,
            carrier=carrier_of(body),
            ship_by=checks.day_of(body.get("shipping_date")) or self._counter.today(),
            goods=tuple(Goods(item["code"], item["quantity"]) for item in body["items"]),
            held=bool(body.get("suspend")),
            waits_for_stock=True,  # what was accepted is never shipped in part
        )

    # Looking.

    def _live(self, shipment_id: str) -> Shipment | None:
        """A cancelled shipment is gone: the status list has no word for it."""
        shipment = self._by_id.get(shipment_id)
        return shipment if shipment and not self._is_gone(shipment) else None

    def _is_gone(self, shipment: Shipment) -> bool:
        return self._counter.slip(shipment.key).state is State.CANCELLED

    def _look_up(self, call: Call, account: str, key: str) -> Reply:
        shipment = self._by_key.get(key)
        if account != self.settings.account_id or shipment is None or self._is_gone(shipment):
            return self._unknown()
        return self._told(shipment)

    def _list(self, call: Call) -> Reply:
        ids = [one for one in call.query.get("id", "").split(",") if one]
        if len(ids) > IDS_MAX:
            return self._invalid({"id": f"{IDS_MAX}件以内で指定してください。"})
        if ids:
            return self._told_all([found for one in ids if (found := self._live(one)) is not None])
        waiting = [
            one
            for one in self._by_id.values()
            if not self._is_gone(one) and self._counter.slip(one.key).state is not State.SHIPPED
        ]
        return self._told_all(waiting)

    def _shipped(self, call: Call) -> Reply:
        """Since a day, that day included; `date_before` wins when both are given."""
        bounds: dict[str, date] = {}
        for name in ("date_after", "date_before"):
            if name in call.query:
                if not re.fullmatch(r"\d{8}", call.query[name], re.ASCII):
                    return self._invalid({name: "日付の形式が正しくありません。"})
                bounds[name] = date.fromisoformat(call.query[name])
        if "date_before" in bounds:
            return self._told_all(self._left(date.min, bounds["date_before"]))
        since = bounds.get("date_after", self._counter.today() - timedelta(days=1))
        return self._told_all(self._left(since, date.max))

    def _shipped_on(self, call: Call, year: str, month: str, day: str) -> Reply:
        wanted = date(int(year), int(month), int(day))
        return self._told_all(self._left(wanted, wanted))

    def _left(self, first: date, last: date) -> list[Shipment]:
        left = ((one, self._view.shipped_at(one)) for one in self._by_id.values())
        return [one for one, at in left if at is not None and first <= _day(at) <= last]

    # Changing.

    def _update(self, call: Call, id: str) -> Reply:
        shipment = self._live(id)
        if shipment is None:
            return self._unknown()
        slip = self._counter.slip(shipment.key)
        if slip.state not in BEFORE_WORK:
            return self._forbidden("変更")
        body = call.json()
        own = Tally[str]()
        for line in slip.lines:
            own[line.sku] += line.reserved
        desk = checks.Desk(self._counter, self.settings.chilled, own_key=shipment.key, own_goods=own)
        errors = checks.complaints(body, desk)
        if errors:
            return self._invalid(errors)
        self._rewrite(shipment, body)
        self._counter.change(self._order(shipment))
        return self._told(shipment)

    def _rewrite(self, shipment: Shipment, body: dict[str, Any]) -> None:
        shipment.body, shipment.updated_at = self._view.kept(body), self._counter.now()

    def _delete(self, call: Call, id: str) -> Reply:
        shipment = self._live(id)
        if shipment is None:
            return self._unknown()
        if self._counter.cancel(shipment.key, FACE):
            return self._forbidden("削除")
        return self._reply(200, {})

    def _cancel(self, call: Call, id: str) -> Reply:
        shipment = self._live(id)
        if shipment is None:
            return self._unknown()
        if not self._counter.ask_floor(requests.CANCEL, shipment.key):
            return self._forbidden("キャンセル")
        return self._told(shipment)

    def _modify(self, call: Call, id: str) -> Reply:
        """Address, date and the like; the goods of a box being packed stay what they are."""
        shipment = self._live(id)
        if shipment is None:
            return self._unknown()
        body = call.json()
        own = Tally({item["code"]: item["quantity"] for item in shipment.body["items"]})
        desk = checks.Desk(self._counter, self.settings.chilled, own_key=shipment.key, own_goods=own)
        errors = checks.complaints(body, desk)
        if not errors and body["items"] != shipment.body["items"]:
            errors = {"items": FLOOR_GOODS}
        if errors:
            return self._invalid(errors)
        if not self._counter.ask_floor(requests.MODIFY, shipment.key, lambda: self._rewrite(shipment, body)):
            return self._forbidden("変更")
        return self._told(shipment)

    def _clear(self, call: Call, id: str) -> Reply:
        shipment = self._live(id)
        if shipment is None:
            return self._unknown()
        if self._counter.slip(shipment.key).state not in BEFORE_WORK:
            return self._forbidden("引当解除")
        self._counter.put_back(shipment.key)
        return self._told(shipment)


def carrier_of(body: dict[str, Any]) -> str:
    """spec/wms.md §4.1 from right to left."""
    if body.get("delivery_method") == "POST_EXPRESS":
        return "YAMATO_NEKOPOS"
    if body.get("delivery_carrier") == "SAGAWA":
        return "SAGAWA_TAKUHAI"
    return "YAMATO_COLLECT" if body.get("cash_on_delivery") else "YAMATO_TAKKYUBIN"


def _day(at: datetime) -> date:
    return jst(at).date()
