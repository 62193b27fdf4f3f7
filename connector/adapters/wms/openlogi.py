"""OPENLOGI (オープンロジ REST API 1.5): 出荷依頼 out, 出荷済み in, spec/wms.md §2.2.

Dangerous: names are cut at 15 characters without an error, a 5xx may have been done, and a cancelled 出荷依頼 is simply
gone: a 404 means "cancelled" only where we asked for it (`openlogi_stops.py`), and never "send it again" after that.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import AsyncIterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

import msgspec

from connector.adapters.wms.api import STOP, Desk, number_of, refused, taken, unhurried
from connector.adapters.wms.api_body import Body, Shape, difference
from connector.adapters.wms.api_read import Gathering, Told, documents, instant, texts, whole
from connector.adapters.wms.openlogi_said import (
    QUIET,
    SHIPMENTS,
    SHIPPED,
    document_of,
    explain,
    fields_of,
)
from connector.adapters.wms.openlogi_stops import Stops
from connector.mapping import Unfit
from connector.outcome import Absent, CannotTell, Effect, Reason, Reply, Sent, Stray
from connector.ports import ReadResults, Receipt, ResultFile
from connector.slip import Result, ShippedLine
from connector.transport.http import Answer, patiently

VERSION: Final = "1.5"
WITHIN: Final = timedelta(days=7)
STREET_WIDTH: Final = 64  # half widths of address1 and address2 without 市・区
SHAPE: Final = Shape(
    key="identifier",
    lines="items",
    sku="code",
    quantity="quantity",
    needed=(
        "recipient.postcode",
        "recipient.name",
        "recipient.address1",
        "recipient.phone",
        "delivery_carrier",
    ),
    numbers=frozenset({"items.quantity", "total_for_cash_on_delivery", "tax_for_cash_on_delivery"}),
    flags=frozenset({"backorder_if_unavailable", "suspend", "cash_on_delivery"}),
    days=frozenset({"shipping_date", "delivery_date"}),
    stays=frozenset({"recipient.address2"}),
    compared=(
        ("recipient.name", "宛名"),
        ("recipient.postcode", "郵便番号"),
        ("recipient.prefecture", "都道府県"),
        ("recipient.address1", "住所1"),
        ("recipient.address2", "住所2"),
        ("recipient.phone", "電話番号"),
        ("delivery_carrier", "運送会社"),
        ("delivery_date", "お届け日"),
        ("delivery_time_slot", "時間帯"),
        ("total_for_cash_on_delivery", "代引金額"),
    ),
)
_PHONE = re.compile(r"0\d{9,12}", re.ASCII)
_CITY = re.compile(r"[^\d\s]{1,8}?市(?:[^\d\s]{1,4}?区)?|[^\d\s]{1,5}?区")


class Openlogi:
    """`api.Api` for one account."""

    shape = SHAPE
    stoppable = True

    def __init__(self, desk: Desk) -> None:
        self._desk, self._door, self._http = desk, desk.door, desk.door.http
        self._account = desk.door.account.account
        self._stops = Stops(self, desk.door.asked)
        self._headers = {"Authorization": f"Bearer {desk.door.account.token}", "X-Api-Version": VERSION}

    # --- building --------------------------------------------------------------------------------------

    def check(self, body: Body, ship_on: date) -> None:
        to = body["recipient"]
        if str(to["postcode"]).endswith("0000"):
            words = f"OPENLOGI は 0000 で終わる郵便番号を受け付けません: 「{to['postcode']}」"
            raise Unfit(Reason.ADDRESS_DOUBTFUL, words)
        if not _PHONE.fullmatch(str(to["phone"]).replace("-", "")):
            words = f"OPENLOGI の電話番号は 0 で始まる 10～13 桁です: 「{to['phone']}」"
            raise Unfit(Reason.ADDRESS_DOUBTFUL, words)
        if (street := _street_width(to)) > STREET_WIDTH:
            words = (
                f"市区町村を除く住所が半角 {street} 文字分あり、OPENLOGI の上限 {STREET_WIDTH} を超えています"
            )
            raise Unfit(Reason.TEXT_TOO_LONG, words)
        wish = date.fromisoformat(body["delivery_date"]) if "delivery_date" in body else None
        leaves = date.fromisoformat(body["shipping_date"]) if "shipping_date" in body else ship_on
        if wish is not None and wish > leaves + WITHIN:  # it lies there until the wish is within reach
            leaves = wish - WITHIN
            body["shipping_date"] = leaves.isoformat()
        if wish is not None and wish <= leaves:
            words = f"お届け日 {wish} は、出荷日 {leaves} より後でなければなりません"
            raise Unfit(Reason.DELIVERY_UNFIT, words)

    # --- instructions ----------------------------------------------------------------------------------

    async def create(self, effect: Effect) -> Reply | Receipt:
        answer = await self.write("POST", f"/{SHIPMENTS}", effect.body, effect)
        if answer.status not in (400, 422):
            document = document_of(answer.accepted(explain))
            if document is None:
                raise answer.doubt("OPENLOGI: 出荷依頼の返信を読み取れません")
            return self._compared(effect, document)
        _, words = explain(answer.body)
        if {"identifier", "order_no"} & set(fields_of(answer.body)):
            document = await self.find(number_of(effect), effect)
            if document is not None:  # our key is taken: by ourselves, if it holds the same
                return self._compared(effect, document)
        return refused(effect, words)

    def _compared(self, effect: Effect, document: Mapping[str, Any]) -> Reply | Receipt:
        words = difference(SHAPE, msgspec.json.decode(effect.body), document)
        if words:
            return CannotTell(f"OPENLOGI の出荷依頼 {document['id']} の内容が、渡したものと違います: {words}")
        return taken(effect, f"{document['id']} {document.get('status', '')}".strip())

    # --- looking ---------------------------------------------------------------------------------------

    async def find(self, number: str, effect: Effect) -> dict[str, Any] | None:
        """The shipment under our key, None where there is none."""

        path = f"/{SHIPMENTS}/{self._account}/{number}"

        async def once() -> Answer:
            answer = await self._http.get_json(path, headers=self._headers)
            if answer.status != 404:
                await self._desk.sound(answer, explain, path)
            return answer

        answer = await self._desk.keep(await patiently(once, self._desk.clock), effect)
        if answer.status == 404:
            return None
        document = document_of(answer.body)
        if document is None:
            raise answer.doubt("OPENLOGI: 照会の返信を読み取れません")
        return document

    async def listed(self, number: str, effect: Effect) -> bool:
        """Whether OPENLOGI's own lists, of what waits and of what left, know the slip all the same."""
        since = self._desk.today - timedelta(days=self._desk.profile.look_back_days)
        for question in (SHIPMENTS, f"{SHIPMENTS}/{SHIPPED}?date_after={since:%Y%m%d}"):
            body = await self.read(f"/{question}")
            found = documents(question, body, SHIPMENTS)
            if any(number in (one.get("identifier"), one.get("order_no")) for one in found):
                return True
        return False

    async def receipt(self, effect: Effect) -> Receipt | None:
        if effect.kind == STOP:
            return await self._stops.receipt(effect)
        document = await self.find(number_of(effect), effect)
        if document is None:
            return None
        compared = self._compared(effect, document)
        return compared if isinstance(compared, Receipt) else None

    async def lies_there(self, effect: Effect) -> Reply:
        if effect.kind == STOP:
            return await self._stops.lies_there(effect)
        document = await self.find(number_of(effect), effect)
        if document is None:
            if number_of(effect) in self._door.asked:
                return CannotTell("取消を依頼したあと、OPENLOGI に見つからなくなりました。送り直しません")
            return Absent({"asked_for": number_of(effect)})
        compared = self._compared(effect, document)
        return Sent({"id": document["id"]}) if isinstance(compared, Receipt) else compared

    async def stop(self, effect: Effect) -> Reply | Receipt:
        return await self._stops.send(effect)

    # --- calls -----------------------------------------------------------------------------------------

    async def write(self, method: str, path: str, body: bytes, effect: Effect) -> Answer:
        answer = await self._http.send_json(method, path, body, headers=self._headers)
        return unhurried(await self._desk.keep(answer, effect))

    # --- results ---------------------------------------------------------------------------------------

    async def results(self) -> AsyncIterator[ResultFile | Stray]:
        """Yesterday's and today's list; after an absence everything since the last one that came."""
        today = self._desk.today
        since = self._door.read_until or today - timedelta(days=self._desk.profile.look_back_days)
        yesterday = today - timedelta(days=1)
        if since < yesterday:
            yield await self._list(f"shipped?date_after={since:%Y%m%d}", f"OPENLOGI_{since:%Y%m%d}-.json")
        else:
            for day in (yesterday, today):
                yield await self._list(f"shipped/{day:%Y/%m/%d}", f"OPENLOGI_{day:%Y%m%d}.json")
        self._door.read_until = yesterday

    async def _list(self, question: str, name: str) -> ResultFile:
        return ResultFile(question, name, await self.read(f"/{SHIPMENTS}/{question}"))

    async def read(self, path: str) -> bytes:
        """A good answer's body; three tries within seconds."""

        async def once() -> bytes:
            answer = await self._http.get_json(path, headers=self._headers)
            return await self._desk.sound(answer, explain, path)

        return await patiently(once, self._desk.clock)

    def read_results(self, name: str, body: bytes) -> ReadResults:
        gathering = Gathering(self._desk.profile, self._desk.today)
        for document in documents(name, body, SHIPMENTS):
            status = document.get("status")
            if document.get("shipment_return"):
                words = "返品からの再出荷です。元の出荷には数えません。"
                gathering.stray(f"OPENLOGI {document.get('id')} {document.get('identifier')}", words)
            elif status == SHIPPED:
                gathering.take(self._told(document))
            elif status not in QUIET:
                words = f"知らない状態「{status}」です。OPENLOGI の画面で確かめてください。"
                gathering.stray(f"OPENLOGI {document.get('id')} {document.get('identifier')}", words)
        return gathering.done()

    def _told(self, document: Mapping[str, Any]) -> Told:
        carrier, method = str(document.get("delivery_carrier") or ""), document.get("delivery_method")
        words = [f"{carrier}/{method}", carrier]
        if document.get("cash_on_delivery") is True:
            words.insert(0, f"{carrier}/COD")
        packages = document.get("packages")
        items = [one for one in document.get("items") or () if isinstance(one, dict)]
        return Told(
            where=str(document.get("id")),
            slip=str(document.get("identifier") or document.get("order_no") or ""),
            result=Result.SHIPPED,
            at=instant(document.get("shipped_at")),
            carrier=self._desk.profile.carrier(*words),
            carrier_words=carrier,
            tracking=texts(
                document.get("tracking_codes")
            ),  # tracking_code is any one of them (Resolutions 8)
            parcels=len(packages) if isinstance(packages, list) else 0,
            lines=tuple(
                ShippedLine(line_no=place, sku=str(one.get("code")), quantity=whole(one.get("quantity")))
                for place, one in enumerate(items, 1)
            ),
        )


def _street_width(recipient: Mapping[str, Any]) -> int:
    text = f"{recipient.get('address1') or ''}{recipient.get('address2') or ''}"
    city = _CITY.match(text)
    street = text[city.end() :] if city else text
    return sum(1 if unicodedata.east_asian_width(sign) in ("H", "Na", "N") else 2 for sign in street)
