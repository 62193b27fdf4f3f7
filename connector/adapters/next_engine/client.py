"""NextEngine (ネクストエンジン): the port `OrderManager` for one shop of an account.

Dangerous: success means "queued" for an upload and nothing at all for an update; the proof is always the slip
as it reads afterwards. Requests are metered, so everything that can be asked at once is (spec/next_engine.md §2.5).
"""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.adapters.next_engine import wire
from connector.adapters.next_engine.bulk import BulkWriter
from connector.adapters.next_engine.envelope import SYSTEM, Fields, write_instant
from connector.adapters.next_engine.patterns import UploadPatterns
from connector.adapters.next_engine.reader import QUE_FIELDS, ROW_FIELDS, SLIP_FIELDS, Cells, read_slip
from connector.adapters.next_engine.session import Session
from connector.adapters.next_engine.writes import (
    SlipWriter,
    Step,
    cancel_for_customer,
    confirm_shipped,
    correct_tracking,
    mark_printed,
    tag_as_refused,
    tag_as_sent,
    write_tracking,
)
from connector.clock import Clock, jst
from connector.errors import ConnectorError, Malformed, Problem, Refused, Unknown
from connector.mapping import CsvWriter, Tables
from connector.order import Order
from connector.outcome import Absent, CannotTell, Effect, Reply, Sent
from connector.ports import Answers, BuiltFile, QueueState
from connector.slip import Shipment, Slip
from connector.transport.drop import Drop

API, FOLDER = "api", "folder"
PAGE = 1_000  # the older copy's default limit: a server that caps at it still gives a full page
QUEUE_LOOK_SECONDS = 60.0
QUE_STATES = (wire.QUE_WAITING, wire.QUE_RUNNING, wire.QUE_DONE, wire.QUE_FAILED)
_NUMBER = re.compile(wire.CSV_ORDER_NUMBER)

Conditions = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NextEngineSettings:
    """What one shop says about its Next Engine."""

    shop: str  # our short name, part of file names
    ne_shop_id: str
    import_route: str = API  # or "folder"
    upload_pattern_id: str = ""  # "" = found by shop and format
    format_id: str = wire.FORMAT_GENERIC
    import_folder: str = "ne_inbox"
    import_taken_folder: str = ""  # where whoever takes the files moves them; "" = not known
    sent_tag: str = "WMS送信済"
    refused_tag: str = "WMS:エラー"
    resend_tag: str = "WMS再送"
    unshippable_tag: str = "WMS:出荷不可"
    partial_tag: str = "WMS:一部出荷"


class NextEngine:
    """ports.OrderManager."""

    def __init__(
        self,
        session: Session,
        *,
        settings: NextEngineSettings,
        tables: Tables,
        order_csv: CsvWriter,
        clock: Clock,
        drop: Drop | None = None,
    ) -> None:
        self._session = session
        self._settings = settings
        self._tables = tables
        self._order_csv = order_csv
        self._clock = clock
        self._drop = drop
        self._writer = SlipWriter(session, self._fresh)
        self._bulk = BulkWriter(session, self._writer, self._without_rows)
        self._patterns = UploadPatterns(
            session, settings.ne_shop_id, settings.format_id, settings.upload_pattern_id
        )

    # ---- reading ------------------------------------------------------------------------------------------

    async def slips_of(self, order_numbers: Sequence[str]) -> dict[str, list[Slip]]:
        """A number that NE could not hold (§6.2) is not asked for and simply absent."""
        numbers = sorted({number for number in order_numbers if _NUMBER.fullmatch(number)})
        found: dict[str, list[Slip]] = {}
        for chunk in _chunks(numbers):
            conditions = [self._this_shop, (f"{wire.ORDER_NUMBER}-in", ",".join(chunk))]
            async for page in self.search(wire.BASE_SEARCH, SLIP_FIELDS, conditions):
                for slip in map(self._slip, page):
                    found.setdefault(slip.order_number, []).append(slip)
        return found

    async def slips(self, slip_numbers: Sequence[str], *, rows: bool = False) -> dict[str, Slip]:
        """With `rows` one joined search reads slips and rows; a slip without any row is then asked for."""
        found: dict[str, Slip] = {}
        for chunk in _chunks(sorted(set(slip_numbers))):
            if rows:
                found |= await self._with_rows(chunk)
            rest = [number for number in chunk if number not in found]
            found |= await self._without_rows(rest)
        return found

    async def stock_of(self, skus: Sequence[str]) -> dict[str, int]:
        """`ports.Shelves`. A code that no list of codes can carry is not asked for."""
        found: dict[str, int] = {}
        for chunk in _chunks(sorted({sku for sku in skus if "," not in sku})):
            conditions = [(f"{wire.STOCK_GOODS}-in", ",".join(chunk))]
            async for page in self.search(wire.STOCK_SEARCH, wire.STOCK_FIELDS, conditions):
                cells = map(Cells, page)
                found |= {one.text(wire.STOCK_GOODS): one.number(wire.STOCK_QUANTITY) for one in cells}
        return found

    async def slips_changed_since(self, since: datetime) -> AsyncIterator[list[Slip]]:
        conditions = [(f"{wire.LOCK}-gte", write_instant(since)), self._this_shop]
        async for page in self.search(wire.BASE_SEARCH, SLIP_FIELDS, conditions):
            yield [self._slip(fields) for fields in page]

    async def search(
        self, path: str, fields: Iterable[str], conditions: Conditions
    ) -> AsyncIterator[list[Fields]]:
        """Pages until a short one (§2.3)."""
        asked = [(wire.FIELDS, ",".join(fields)), *conditions]
        offset = 0
        while True:
            paging = [(wire.OFFSET, str(offset)), (wire.LIMIT, str(PAGE))]
            said = await self._session.read(path, [*asked, *paging])
            page = said.data or []
            yield page
            if len(page) < PAGE:
                return
            offset += len(page)

    # ---- the order CSV ------------------------------------------------------------------------------------

    def import_file(self, orders: Sequence[Order]) -> BuiltFile:
        written = self._order_csv.write(orders)
        name = f"juchu_{self._settings.shop}_{jst(self._clock.now()):%Y%m%d%H%M%S}.csv"
        replaced = [str(each) for each in written.replaced]
        facts = {"name": name, "rows": written.rows, "replaced": replaced}
        return BuiltFile(written.body, written.included, written.held, facts)

    async def upload(self, effect: Effect) -> Reply:
        if self._settings.import_route == FOLDER:
            name = _name(effect)
            await self._folder.put(self._settings.import_folder, name, effect.body)
            return Sent({"path": f"{self._settings.import_folder}/{name}", "bytes": len(effect.body)})
        pairs: list[tuple[str, str | bytes]] = [
            (wire.UPLOAD_PATTERN, await self._patterns.current()),
            (f"{wire.DATA_TYPE}_1", wire.DATA_GZ),
            (f"{wire.DATA}_1", gzip.compress(effect.body, compresslevel=9, mtime=0)),
        ]
        try:
            said = await self._session.write(wire.BASE_UPLOAD, pairs, key=effect.key)
        except Refused as error:
            raise self._patterns.refused(error) from error
        if said.que_id in (None, ""):
            raise Unknown("ネクストエンジンの受注取込の返信にキューの番号がありません")
        return Sent({"que_id": str(said.que_id)}, QUEUE_LOOK_SECONDS)

    async def queue(self, que_id: str) -> QueueState | None:
        conditions = [("que_id-eq", que_id)]
        said = await self._session.read(wire.QUE_SEARCH, [(wire.FIELDS, ",".join(QUE_FIELDS)), *conditions])
        if not said.data:
            return None
        cells = Cells(said.data[0])
        status = cells.text("que_status_id")
        if status not in QUE_STATES:
            problem = Problem(f"{SYSTEM} キュー {que_id}", 0, 0, "状態を読めません", found=status)
            raise Malformed(problem)
        return QueueState(int(status), cells.text("que_message"))

    async def file_lies_there(self, effect: Effect) -> Reply:
        if self._settings.import_route != FOLDER:
            return CannotTell(
                "受注取込のキューには送ったファイルの目印がなく、届いたかどうかを判断できません"
            )
        settings, name = self._settings, _name(effect)
        for folder in filter(None, (settings.import_folder, settings.import_taken_folder)):
            names = {entry.name for entry in await self._folder.list(folder)}
            if name in names and await self._folder.read(folder, name) == effect.body:
                return Sent({"path": f"{folder}/{name}", "bytes": len(effect.body)})
        if settings.import_taken_folder:
            return Absent({"folder": settings.import_folder})
        words = "がフォルダにありません。取り込まれた後か、届いていないかを判断できません"
        return CannotTell(f"{settings.import_folder}/{name} {words}")

    # ---- writing ------------------------------------------------------------------------------------------

    async def claim(self, seen: Mapping[str, Slip]) -> Answers:
        return await self._bulk.claim(dict.fromkeys(seen, self._sent), seen)

    async def changed_by_us(self, slip_numbers: Sequence[str]) -> dict[str, bool]:
        """`ports.OrderManager`: 担当者ID of the sign-in (§1.6) against that of the slip's last change (§3.1)."""
        said = await self._session.read(wire.LOGIN_USER_INFO, ())
        ours = {str(user.get(wire.LOGIN_PIC_ID) or "") for user in said.data or ()} - {""}
        found: dict[str, bool] = {}
        for chunk in _chunks(sorted(set(slip_numbers))) if ours else ():
            conditions = [(f"{wire.SLIP_ID}-in", ",".join(chunk))]
            async for page in self.search(wire.BASE_SEARCH, (wire.SLIP_ID, wire.MODIFIED_BY), conditions):
                cells = [(each.text(wire.SLIP_ID), each.text(wire.MODIFIED_BY)) for each in map(Cells, page)]
                found |= {number: by in ours for number, by in cells if by}
        return found

    async def mark_relayed(self, slip_numbers: Sequence[str]) -> Answers:
        now = await self._without_rows(slip_numbers)
        return await self._in_turn(now, dict.fromkeys(slip_numbers, self._sent), mark_printed)

    async def mark_refused(self, words: Mapping[str, str]) -> Answers:
        tags = self._settings
        now = await self._without_rows(list(words))
        steps = {
            number: tag_as_refused(tags.refused_tag, text, tags.sent_tag, tags.resend_tag)
            for number, text in words.items()
        }
        return await self._bulk.carry_out(steps, now)

    async def mark_unshippable(self, words: Mapping[str, str]) -> Answers:
        now = await self._without_rows(list(words))
        steps = {n: tag_as_refused(self._settings.unshippable_tag, text) for n, text in words.items()}
        return await self._bulk.carry_out(steps, now)

    async def mark_partial(self, words: Mapping[str, str]) -> Answers:
        now = await self._without_rows(list(words))
        tag, gone = self._settings.partial_tag, self._settings.unshippable_tag
        steps = {number: tag_as_refused(tag, text, gone) for number, text in words.items()}
        return await self._bulk.carry_out(steps, now)

    async def confirm_shipments(self, shipments: Mapping[str, Shipment]) -> Answers:
        now = await self._without_rows(list(shipments))
        gone = (self._settings.unshippable_tag, self._settings.partial_tag)
        steps = {number: write_tracking(shipment, *gone) for number, shipment in shipments.items()}
        return await self._in_turn(now, steps, confirm_shipped)

    async def correct_tracking(self, corrections: Mapping[str, Shipment]) -> Answers:
        """Few at a time, so one by one: NE takes them with a flag of their own."""
        answers: Answers = {}
        for number, shipment in corrections.items():
            try:
                answers[number] = await self._writer.carry_out(number, correct_tracking(shipment))
            except ConnectorError as fault:
                answers[number] = fault
        return answers

    async def cancel(self, slip: Slip, why: str) -> Slip:
        return await self._writer.carry_out(slip.number, cancel_for_customer(why))

    # ---- below --------------------------------------------------------------------------------------------

    @property
    def _this_shop(self) -> tuple[str, str]:
        return f"{wire.SHOP_ID}-eq", self._settings.ne_shop_id

    @property
    def _sent(self) -> Step:
        tags = self._settings
        return tag_as_sent(tags.sent_tag, tags.refused_tag, tags.resend_tag)

    @property
    def _folder(self) -> Drop:
        if self._drop is None:
            raise Refused(SYSTEM, "folder", "受注CSVの受け渡しフォルダが設定されていません")
        return self._drop

    def _slip(self, fields: Fields) -> Slip:
        return read_slip(fields, self._tables)

    async def _in_turn(self, now: dict[str, Slip], first: Mapping[str, Step], then: Step) -> Answers:
        """Two steps; only what the first one proved goes on to the second."""
        told = await self._bulk.carry_out(first, now)
        proved = {number: slip for number, slip in told.items() if isinstance(slip, Slip)}
        return told | await self._bulk.carry_out(dict.fromkeys(proved, then), proved)

    async def _fresh(self, number: str) -> Slip:
        slip = (await self._without_rows([number])).get(number)
        if slip is None:
            raise Refused(SYSTEM, "missing", f"伝票 {number} がネクストエンジンにありません")
        return slip

    async def _without_rows(self, numbers: Sequence[str]) -> dict[str, Slip]:
        found: dict[str, Slip] = {}
        for chunk in _chunks(numbers):
            conditions = [(f"{wire.SLIP_ID}-in", ",".join(chunk))]
            async for page in self.search(wire.BASE_SEARCH, SLIP_FIELDS, conditions):
                found |= {slip.number: slip for slip in map(self._slip, page)}
        return found

    async def _with_rows(self, numbers: Sequence[str]) -> dict[str, Slip]:
        conditions = [(f"{wire.ROW_SLIP_ID}-in", ",".join(numbers))]
        rows: dict[str, list[Fields]] = {}
        async for page in self.search(wire.ROW_SEARCH, ROW_FIELDS, conditions):
            for fields in page:
                rows.setdefault(str(fields.get(wire.ROW_SLIP_ID)), []).append(fields)
        return {number: read_slip(found[0], self._tables, found) for number, found in rows.items()}


def _name(effect: Effect) -> str:
    return effect.name or str(effect.facts.get("name", ""))


def _chunks(numbers: Sequence[str]) -> Iterable[Sequence[str]]:
    return (numbers[start : start + wire.IN_MAX] for start in range(0, len(numbers), wire.IN_MAX))
