"""Logizard face (ロジザードZERO API) of the sandbox warehouse: login, addorder, export (spec/wms.md §2.1, §8).

Everything is answered with 200; ERROR_CODE says how it went. No call finds a slip by its number, and an
export of today alone is empty: neither proves that nothing arrived.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from connector.clock import jst
from connector.sandbox.warehouse.core import WarehouseSandbox
from connector.sandbox.warehouse.counter import Goods, Order
from connector.sandbox.warehouse.faces import logizard_checks as checks
from connector.sandbox.warehouse.faces.door import Call, Door, Reply, find_route
from connector.sandbox.warehouse.faces.logizard_export import Export

FACE: Final = "logizard"
COOKIE: Final = "SESSION"
JSON: Final = "application/json; charset=utf-8"
OK: Final = "0"
WRONG_LOGIN, LOG_IN, DUPLICATE, REFUSED = "E0001", "E0002", "E1001", "E1002"
FILE_RESULTS: Final = 3  # 通販出荷 (D2C)
RESULT_COLUMNS: Final = ("出荷確定日", "取引先ID", "取引先名", "荷主出荷NO", "送り状番号", "商品ID", "出荷数")
SHORT_COLUMNS: Final = ("取引先ID", "取引先名", "出荷確定日", "出荷数", "商品ID")


@dataclass(frozen=True, slots=True)
class LogizardSettings:
    """What the contract with ロジザード would fix; the ids are those of its list calls."""

    app_key: str = "TEST-APP-KEY"
    user_id: str = "mihon"
    password: str = "logizard-sandbox-password"
    owner_id: int = 1
    area_id: int = 1
    session_lives: timedelta = timedelta(minutes=30)  # without a call
    carriers: Mapping[int, str] = field(
        default_factory=lambda: MappingProxyType({1: "YAMATO_TAKKYUBIN", 2: "SAGAWA_TAKUHAI", 3: "JP_YUPACK"})
    )  # TRSP_WAY_ID
    customers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({"C0001": "見本ショップ"}))
    patterns: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: MappingProxyType({"0": SHORT_COLUMNS, "1": RESULT_COLUMNS})
    )  # PTRN_ID: the shop defines the columns
    # Detail lines are not publicly known: a list under this key, with these two in each.
    details_key: str = "DETAILS"
    item_key: str = "ITEM_ID"
    quantity_key: str = "ORDER_QTY"
    seed: int = 0


class LogizardFace:
    """One owner (荷主) of ロジザードZERO over the warehouse's floor."""

    prefix = ""
    limit = None  # nobody knows of one

    def __init__(self, warehouse: WarehouseSandbox, settings: LogizardSettings | None = None) -> None:
        self.settings = settings or LogizardSettings()
        self._counter = warehouse.counter
        self.door = Door(self, self._counter)
        self.troubles = self.door.troubles
        self._rng = random.Random(f"{self.settings.seed}/logizard/sessions")
        self._sessions: dict[str, datetime] = {}
        self._customer_of: dict[str, str] = {}
        self._without_lines: dict[str, Mapping[str, Any]] = {}
        self._export = Export(self._counter, self._customer_of, self.settings.customers)
        self._routes = (
            ("POST", "/login/login/userlogin", self._log_in),
            ("POST", "/ship/mailorder/addorder", self._add_order),
            ("POST", "/common/export/export", self._export_file),
        )

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Open the port; the base URL."""
        return await self.door.start(host, port)

    async def stop(self) -> None:
        await self.door.stop()

    def end_sessions(self) -> None:
        """The server forgets who is logged in."""
        self._sessions.clear()

    def answer(self, call: Call) -> Reply:
        found = find_route(self._routes, call)
        if found is None:
            return Reply(404, b"", {})
        handler, _ = found
        if handler != self._log_in and not self._is_logged_in(call):
            return _told(LOG_IN, "ログインしてください")
        try:
            body = call.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return _told(REFUSED, "リクエストの形式が不正です")
        return handler(body)

    # Who is there.

    def _log_in(self, body: Mapping[str, Any]) -> Reply:
        given = tuple(body.get(key) for key in ("APP_KEY", "USER_ID", "PASSWORD", "PROCESS_FLG"))
        if given != (self.settings.app_key, self.settings.user_id, self.settings.password, "1"):
            return _told(WRONG_LOGIN, "ユーザーIDまたはパスワードが違います")
        session = f"sandbox-{self._rng.getrandbits(96):024x}"
        self._sessions[session] = self._counter.now()
        reply = _told(OK, None)
        cookie = {"Set-Cookie": f"{COOKIE}={session}; Path=/; HttpOnly"}
        return Reply(reply.status, reply.body, reply.headers | cookie)

    def _is_logged_in(self, call: Call) -> bool:
        session = call.cookies.get(COOKIE, "")
        seen_at = self._sessions.get(session)
        if seen_at is None or self._counter.now() > seen_at + self.settings.session_lives:
            self._sessions.pop(session, None)
            return False
        self._sessions[session] = self._counter.now()
        return True

    # Coming in.

    def _add_order(self, body: Mapping[str, Any]) -> Reply:
        number = str(body.get("ORDER_SHIP_SLIP", ""))
        wrong = checks.complaint(body) or self._unknown_ids(body) or self._wrong_details(body)
        if not wrong and self._counter.strikes():
            wrong = "TRSP_ADDR1 が不正です"
        if wrong:
            self._counter.refuse(number, FACE, wrong)
            return _told(REFUSED, wrong)
        if self._counter.is_taken(number) or number in self._without_lines:
            return _told(DUPLICATE, f"荷主出荷NOが重複しています {number}")
        self._customer_of[number] = str(body.get("CUST_ID", ""))
        goods = self._goods(body)
        if goods:
            self._take(number, body, goods)
        else:
            self._without_lines[number] = dict(body)
            self._counter.history.add("received_without_lines", number, face=FACE)
        return _told(OK, None)

    def _unknown_ids(self, body: Mapping[str, Any]) -> str:
        for key, known in (("OWNER_ID", self.settings.owner_id), ("AREA_ID", self.settings.area_id)):
            if int(body[key]) != known:
                return f"{key} が不正です"
        if int(body.get("TRSP_WAY_ID") or next(iter(self.settings.carriers))) not in self.settings.carriers:
            return "TRSP_WAY_ID が不正です"
        for key in checks.DATES:
            if body.get(key) and _day_of(body[key]) is None:
                return f"{key} はyyyyMMddで指定してください"
        return ""

    def _wrong_details(self, body: Mapping[str, Any]) -> str:
        details = body.get(self.settings.details_key) or []
        if not isinstance(details, list):
            return f"{self.settings.details_key} が不正です"
        for each in details:
            item = each.get(self.settings.item_key) if isinstance(each, dict) else None
            if not isinstance(item, str) or not self._counter.knows_article(item):
                return f"{self.settings.item_key} が登録されていません {item}"
            quantity = each.get(self.settings.quantity_key)
            if type(quantity) is not int or quantity < 1:
                return f"{self.settings.quantity_key} が不正です"
        return ""

    def _goods(self, body: Mapping[str, Any]) -> tuple[Goods, ...]:
        details = body.get(self.settings.details_key) or []
        return tuple(
            Goods(each[self.settings.item_key], each[self.settings.quantity_key]) for each in details
        )

    def add_lines(self, slip_number: str, goods: tuple[Goods, ...]) -> None:
        """A person in the warehouse types the lines of an order that came without; before that it stays put."""
        self._take(slip_number, self._without_lines.pop(slip_number), goods)

    def _take(self, number: str, body: Mapping[str, Any], goods: tuple[Goods, ...]) -> None:
        way = int(body.get("TRSP_WAY_ID") or next(iter(self.settings.carriers)))
        self._counter.take(
            Order(
                slip_number=number,
                order_number=number,
                face=FACE,
                carrier=self.settings.carriers[way],
                ship_by=_day_of(body.get("SHIP_DATE")) or self._counter.today(),
                goods=goods,
                parcels=max(1, int(body.get("BOX_QTY") or 1)),
                waits_for_stock=True,  # accepted, stays unallocated (§8)
            )
        )

    # Going out.

    def _export_file(self, body: Mapping[str, Any]) -> Reply:
        if (body.get("OWNER_ID"), body.get("AREA_ID")) != (self.settings.owner_id, self.settings.area_id):
            return _told(REFUSED, "OWNER_ID が不正です")
        columns = self.settings.patterns.get(str(body.get("PTRN_ID")))
        if str(body.get("FILE_ID")) != str(FILE_RESULTS) or columns is None:
            return _told(REFUSED, "FILE_ID または PTRN_ID が不正です")
        first, last = _day_of(body.get("TARGET_DATE_FROM")), _day_of(body.get("TARGET_DATE_TO"))
        if first is None or last is None or first > last:
            return _told(REFUSED, "TARGET_DATE が不正です")
        today = jst(self._counter.now()).date()
        # Seen in the field: today alone gives nothing, yesterday to today gives both (§2.1).
        rows = [] if first == last == today else self._export.rows(columns, first, last)
        return _told(OK, None, [",".join(columns), *rows])


def _told(code: str, detail: object, rows: list[str] | None = None) -> Reply:
    data: dict[str, object] = {} if rows is None else {"EXPORT_DATA": rows}
    body = {"ERROR_CODE": code, "DATA": data | {"ERROR_DETAIL": detail}}
    return Reply(200, json.dumps(body, ensure_ascii=False).encode(), {"Content-Type": JSON})


def _day_of(value: object) -> date | None:
    text = str(value or "")
    if len(text) != 8 or not (text.isascii() and text.isdecimal()):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
