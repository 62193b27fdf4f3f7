"""LOGILESS (ロジレス REST API): 受注伝票 out, 出荷伝票 in, spec/wms.md §2.3.

Dangerous: a 受注コード is used up for ever, a cancelled one too. One 出荷伝票 may carry the goods of several orders
(同梱); its `sales_order` is the parent only, so every order is read from the lines. Their slips share the number, and
only those: a number that any other slip claims is held as ever.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

import msgspec

from connector.adapters.wms.api import STOP, Desk, number_of, refused, taken, unhurried
from connector.adapters.wms.api_body import Body, Shape, difference
from connector.adapters.wms.api_read import Gathering, Told, documents, instant, texts, whole
from connector.adapters.wms.logiless_tokens import Access, explain
from connector.clock import JST
from connector.mapping import Unfit
from connector.outcome import Absent, CannotTell, Effect, Reason, Reply, Sent, Stray
from connector.ports import ReadResults, Receipt, ResultFile
from connector.slip import Result, ShippedLine
from connector.transport.http import Answer, patiently

DATA: Final = "data"
PAGE: Final = 100
MOST_PAGES: Final = 500
SHIPPED, PARTLY, CANCELLED = "Shipped", "PartlyShipped", "Cancel"
QUIET: Final = ("WaitingForShipment", "Working", "Pending", CANCELLED)
LOCKED: Final = 423  # the status does not allow the change
ADDRESS_CHARS: Final = 37
SHAPE: Final = Shape(
    key="code",
    lines="lines",
    sku="article_code",
    quantity="quantity",
    needed=(
        "store",
        "ordered_at",
        "recipient_name1",
        "recipient_post_code",
        "recipient_address1",
        "delivery_method",
    ),
    numbers=frozenset({"store", "cod_total", "lines.quantity", "lines.price", "lines.tax_rate"}),
    days=frozenset({"delivery_preferred_date"}),
    moments=frozenset({"ordered_at"}),
    compared=(
        ("recipient_name1", "宛名"),
        ("recipient_post_code", "郵便番号"),
        ("recipient_prefecture", "都道府県"),
        ("recipient_address1", "住所1"),
        ("recipient_address2", "住所2"),
        ("recipient_phone", "電話番号"),
        ("delivery_method", "配送方法"),
        ("delivery_preferred_date", "お届け日"),
        ("delivery_preferred_time_zone", "時間帯"),
        ("cod_total", "代引金額"),
    ),
)
_PHONE = re.compile(r"0\d{9,12}", re.ASCII)


class Logiless:
    """`api.Api` for one merchant."""

    shape = SHAPE
    stoppable = True

    def __init__(self, desk: Desk) -> None:
        self._desk, self._door = desk, desk.door
        self._access = Access(desk)
        self._orders = f"/api/v1/merchant/{desk.door.account.account}/sales_orders"
        self._deliveries = f"/api/v1/merchant/{desk.door.account.account}/outbound_deliveries"

    # --- building --------------------------------------------------------------------------------------

    def check(self, body: Body, ship_on: date) -> None:
        address = "".join(str(body.get(f"recipient_address{part}", "")) for part in (1, 2, 3))
        if len(address) > ADDRESS_CHARS:
            words = f"住所が {len(address)} 文字あり、LOGILESS の上限 {ADDRESS_CHARS} 文字を超えています: 「{address}」"
            raise Unfit(Reason.TEXT_TOO_LONG, words)
        if not _PHONE.fullmatch(str(body.get("recipient_phone", ""))):
            words = f"LOGILESS の電話番号は 0 で始まる 10～13 桁です: 「{body.get('recipient_phone', '')}」"
            raise Unfit(Reason.ADDRESS_DOUBTFUL, words)

    # --- instructions ----------------------------------------------------------------------------------

    async def create(self, effect: Effect) -> Reply | Receipt:
        answer = await self.write(f"{self._orders}/new", effect.body, effect)
        if answer.status != 400:
            document = _order(answer.accepted(explain))
            if document is None:
                raise answer.doubt("LOGILESS: 受注伝票の返信を読み取れません")
            return self._compared(effect, document)
        code, words = explain(answer.body)
        if code == "code":  # of our key: perhaps it is taken, by ourselves
            document = await self._find(number_of(effect), effect)
            if document is not None:
                return self._compared(effect, document)
        return refused(effect, words)

    def _compared(self, effect: Effect, document: Mapping[str, Any]) -> Reply | Receipt:
        if document.get("document_status") == CANCELLED:
            words = f"LOGILESS の受注伝票 {document['id']} は取消済みです。同じ受注コードは二度と使えません"
            return refused(effect, f"{words}。ネクストエンジンで伝票を複写してください")
        words = difference(SHAPE, msgspec.json.decode(effect.body), document)
        if words:
            return CannotTell(f"LOGILESS の受注伝票 {document['id']} の内容が、渡したものと違います: {words}")
        return taken(effect, f"{document['id']} {document.get('document_status', '')}".strip())

    # --- looking ---------------------------------------------------------------------------------------

    async def _find(self, number: str, effect: Effect) -> dict[str, Any] | None:
        """The order under our key, None where there is none."""
        answer = await self.read(self._orders, [("code", number)])
        await self._desk.keep(answer, effect)
        found = [one for one in documents(self._orders, answer.body, DATA) if one.get("code") == number]
        return found[0] if found and found[0].get("id") else None

    async def receipt(self, effect: Effect) -> Receipt | None:
        document = await self._find(number_of(effect), effect)
        if document is None:
            return None
        said = _stopped(effect, document) if effect.kind == STOP else self._compared(effect, document)
        return said if isinstance(said, Receipt) else None

    async def lies_there(self, effect: Effect) -> Reply:
        document = await self._find(number_of(effect), effect)
        if effect.kind == STOP:
            if document is None:
                return CannotTell("LOGILESS に受注伝票がないので、止まったかどうかを確かめられません")
            status = str(document.get("document_status", ""))
            return Sent({"status": status}) if _stopped(effect, document) else Absent({"status": status})
        if document is None:
            return Absent({"asked_for": number_of(effect)})
        compared = self._compared(effect, document)
        return Sent({"id": document["id"]}) if isinstance(compared, Receipt) else compared

    # --- stopping --------------------------------------------------------------------------------------

    async def stop(self, effect: Effect) -> Reply | Receipt:
        """The reversal; once the floor works on it, 423 is the last word (§2.3)."""
        document = await self._find(number_of(effect), effect)
        if document is None:
            return CannotTell("LOGILESS にこの伝票の受注伝票がありません。止まったとは言えません")
        said = _stopped(effect, document)
        if said is not None:
            return said
        answer = await self.write(f"{self._orders}/{document['id']}/reversal", b"{}", effect)
        if answer.status == LOCKED:
            return refused(effect, explain(answer.body)[1])
        if answer.status == 404:
            return CannotTell("取消を送る間に LOGILESS から受注伝票がなくなりました。倉庫に確かめてください")
        after = _order(answer.accepted(explain))
        if after is None or after.get("document_status") != CANCELLED:
            raise answer.doubt("LOGILESS: 取消の返信に取消済みとありません")
        return taken(effect, f"{after['id']} {CANCELLED}")

    # --- results ---------------------------------------------------------------------------------------

    async def results(self) -> AsyncIterator[ResultFile | Stray]:
        """出荷伝票 that changed since the day before the last answer, page by page."""
        today = self._desk.today
        since = self._door.read_until or today - timedelta(days=self._desk.profile.look_back_days)
        page, there = 0, 1
        while page * PAGE < there and page < MOST_PAGES:
            page += 1
            question = [
                ("updated_at_from", f"{since} 00:00:00"),
                ("delivery_status", f"{SHIPPED},{PARTLY}"),
                ("page", str(page)),
                ("limit", str(PAGE)),
            ]
            answer = await self.read(self._deliveries, question)
            there = whole(_head(answer.body).get("total_count"))
            yield ResultFile(f"{since}/{page}", f"LOGILESS_{since:%Y%m%d}_{page}.json", answer.body)
        self._door.read_until = today - timedelta(days=1)

    def read_results(self, name: str, body: bytes) -> ReadResults:
        gathering = Gathering(self._desk.profile, self._desk.today)
        for document in documents(name, body, DATA):
            status = document.get("delivery_status")
            if status in (SHIPPED, PARTLY):
                for told in self._told(document, Result.SHIPPED if status == SHIPPED else Result.PARTIAL):
                    gathering.take(told)
            elif status not in QUIET:
                words = f"知らない状態「{status}」です。LOGILESS の画面で確かめてください。"
                gathering.stray(f"LOGILESS {document.get('code')}", words)
        return gathering.done()

    def _told(self, document: Mapping[str, Any], result: Result) -> Iterator[Told]:
        """One for each order whose goods lie in the box."""
        method = str(document.get("delivery_method") or "")
        words = [f"{method}/COD", method] if document.get("cod_total") else [method]
        numbers = texts(document.get("delivery_tracking_numbers"))
        orders = _by_order(document)
        combined = document.get("is_combined") is True and len(orders) > 1
        for slip, lines in orders.items():
            left = [line for line in lines if line.get("status") == SHIPPED]
            yield Told(
                where=str(document.get("code") or document.get("id")),
                slip=slip,
                result=result,
                at=instant(document.get("finished_at") or document.get("updated_at"), JST),
                carrier=self._desk.profile.carrier(*words),
                carrier_words=method,
                tracking=numbers,
                parcels=whole(document.get("delivery_package_quantity")),
                # What left in parts is counted when all has left; until then it is said in words.
                lines=() if result is Result.PARTIAL else _lines(lines),
                reason="" if result is Result.SHIPPED else _parts(left, lines),
                boxed_with=frozenset(orders) if combined else frozenset(),
            )

    # --- calls -----------------------------------------------------------------------------------------

    async def read(self, path: str, question: list[tuple[str, str]]) -> Answer:
        async def once() -> Answer:
            answer = await self._access.get(path, question)
            await self._desk.sound(self._paced(answer), explain, path)
            return answer

        return await patiently(once, self._desk.clock)

    async def write(self, path: str, body: bytes, effect: Effect) -> Answer:
        answer = await self._access.post(path, body)
        await self._desk.keep(answer, effect)
        return self._paced(answer)

    def _paced(self, answer: Answer) -> Answer:
        """429 says by X-RateLimit-Reset, in unix time, when the next call may come."""
        reset = whole(answer.headers.get("x-ratelimit-reset"))
        left = reset - self._desk.clock.now().timestamp() + 1.0  # a whole second: theirs is rounded down
        return unhurried(answer, max(1.0, left) if reset else None)


def _stopped(effect: Effect, document: Mapping[str, Any]) -> Receipt | None:
    if document.get("document_status") == CANCELLED:
        return taken(effect, f"{document['id']} {CANCELLED}")
    if document.get("document_status") == SHIPPED:
        return refused(effect, "出荷済みです")
    return None


def _by_order(document: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    orders: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for line in document.get("lines") or ():
        if isinstance(line, dict):
            origin = line.get("origin") or document.get("sales_order") or {}
            orders[str(origin.get("code", ""))].append(line)
    return orders


def _lines(lines: list[Mapping[str, Any]]) -> tuple[ShippedLine, ...]:
    live = [line for line in lines if line.get("status") != CANCELLED]
    return tuple(
        ShippedLine(line_no=place, sku=str(line.get("article_code")), quantity=whole(line.get("quantity")))
        for place, line in enumerate(live, 1)
    )


def _parts(left: list[Mapping[str, Any]], lines: list[Mapping[str, Any]]) -> str:
    def named(some: list[Mapping[str, Any]]) -> str:
        return "、".join(f"{line.get('article_code')} {line.get('quantity')}点" for line in some) or "なし"

    return f"出荷 {named(left)} / 残り {named([line for line in lines if line not in left])}"


def _head(body: bytes) -> Mapping[str, Any]:
    try:
        head = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return head if isinstance(head, dict) else {}


def _order(body: bytes) -> dict[str, Any] | None:
    document = dict(_head(body))
    return document if document.get("id") else None
