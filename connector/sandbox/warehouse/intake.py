"""Intake (受付): reads SHIPORD and SHIPCAN files and answers each with a SHIPACK.

A slip number is accepted once and for ever: the same content again is D, another content is R (E301).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date, datetime

from connector.adapters.wms import wire
from connector.clock import jst
from connector.sandbox.faults import Faults
from connector.sandbox.history import History
from connector.sandbox.warehouse import files
from connector.sandbox.warehouse.checks import Desk, Row, day_of, first_complaint
from connector.sandbox.warehouse.files import FileName, FileRefused
from connector.sandbox.warehouse.floor import Floor
from connector.sandbox.warehouse.settings import WarehouseSettings
from connector.sandbox.warehouse.slips import Instruction, Line

AckRow = tuple[str, str, str, str, str, str, str, str]


class Intake:
    """The reception desk. It remembers which sequence number carried which bytes."""

    def __init__(self, floor: Floor, settings: WarehouseSettings, faults: Faults, history: History) -> None:
        self._floor = floor
        self._settings = settings
        self._faults = faults
        self._history = history
        self._digests: dict[tuple[str, str, str, int], str] = {}

    def take(self, name: str, data: bytes, marker: bytes | None, at: datetime) -> bytes:
        """Work through one file; the answer is the SHIPACK file's bytes. Never raises for bad bytes."""
        self._history.add("file_received", name, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
        try:
            answers = self._answers(name, data, marker, at)
        except FileRefused as refused:
            self._history.add("file_refused", name, code=refused.code, words=refused.words)
            answers = [
                (refused.rows, wire.REFUSED, wire.FILE_ROW, wire.SLIP_LINE, refused.code, refused.words)
            ]
        done_at = files.instant(at)
        rows: list[AckRow] = [
            (name, str(count), kind, slip, line, code, words, done_at)
            for count, kind, slip, line, code, words in answers
        ]
        return files.write_table(wire.SHIPACK_COLUMNS, rows, self._settings.encoding)

    def _answers(self, name: str, data: bytes, marker: bytes | None, at: datetime) -> list[Answer]:
        title = FileName.read(name)
        if title.warehouse != self._settings.warehouse_code:
            raise FileRefused("E401", f"倉庫コード不一致 {title.warehouse}")
        columns, work = self._kinds()[title.kind]
        table = files.read_table(data, columns, self._settings.encoding)
        if marker is not None:
            files.expect_marker(marker, data, len(table.rows))
        self._expect_sequence(title, data, len(table.rows))
        head = (len(table.rows), wire.ACCEPTED, wire.FILE_ROW, wire.SLIP_LINE, "", "")
        return [head, *work(table.rows, title, at)]

    def _kinds(self) -> dict[str, tuple[tuple[str, ...], Work]]:
        return {
            wire.KIND_ORDER: (wire.SHIPORD_COLUMNS, self._orders),
            wire.KIND_CANCEL: (wire.SHIPCAN_COLUMNS, self._cancels),
        }

    def _expect_sequence(self, title: FileName, data: bytes, rows: int) -> None:
        """A sequence number stands for its bytes; a file that was refused whole has not used its number."""
        key = (title.kind, title.tenant, title.warehouse, title.sequence)
        digest = hashlib.sha256(data).hexdigest()
        if self._digests.setdefault(key, digest) != digest:
            raise FileRefused("E403", f"連番 {title.sequence:06d} は別の内容で受付済", rows)

    def _orders(self, rows: tuple[Row, ...], title: FileName, at: datetime) -> list[Answer]:
        slips: dict[str, list[Row]] = {}
        for row in rows:
            slips.setdefault(row["出荷指示番号"], []).append(row)
        return [self._order(number, group, title, at) for number, group in slips.items()]

    def _order(self, number: str, rows: list[Row], title: FileName, at: datetime) -> Answer:
        known = self._floor.slips.get(number)
        if known is not None:
            return self._again(known, rows, title)
        desk = Desk(self._settings, self._floor.stock, jst(at).date())
        complaint = first_complaint(rows, desk)
        if complaint is not None:
            return self._refuse(number, len(rows), complaint.code, complaint.words, complaint.line)
        if self._settings.refuse_after_cutoff and self._is_after_cutoff(at):
            return self._refuse(number, len(rows), "E303", "締め後")
        if self._faults.strike("wms-refuses"):
            return self._refuse(number, len(rows), "E105", f"住所不一致 {rows[0]['届先市区町村']}")
        self._floor.accept(self._instruction(number, rows, title, at), held=rows[0]["保留フラグ"] == wire.YES)
        self._history.add("slip_accepted", number, order_number=rows[0]["受注番号"], file=title.text)
        return (len(rows), wire.ACCEPTED, number, wire.SLIP_LINE, "", "")

    def _again(self, known: Instruction, rows: list[Row], title: FileName) -> Answer:
        number = known.slip_number
        if known.content != _content(rows):
            return self._refuse(number, len(rows), "E301", "指示番号重複（内容相違）")
        self._history.add("slip_duplicate", number, file=title.text)
        code, words = self._settings.duplicate_answer
        return (len(rows), wire.DUPLICATE, number, wire.SLIP_LINE, code, words)

    def _refuse(self, number: str, count: int, code: str, words: str, line: str = wire.SLIP_LINE) -> Answer:
        self._history.add("slip_refused", number, code=code, words=words)
        return (count, wire.REFUSED, number, line, code, words)

    def _is_after_cutoff(self, at: datetime) -> bool:
        local = jst(at)
        return not self._settings.is_open(local.date()) or local.time() > self._settings.cutoff

    def _instruction(self, number: str, rows: list[Row], title: FileName, at: datetime) -> Instruction:
        head = rows[0]
        ship_by = day_of(head["出荷予定日"]) or date.max  # checked at the door
        lines = [
            Line(int(row["行番号"]), row["商品コード"], int(row["数量"]), row["ロット指定"]) for row in rows
        ]
        return Instruction(
            slip_number=number,
            order_number=head["受注番号"],
            tenant=title.tenant,
            content=_content(rows),
            carrier=head["運送会社コード"],
            ship_by=ship_by,
            parcels=int(head["個口数"]),
            lines=lines,
            accepted_at=at,
            ready_on=self._settings.ready_on(at, ship_by),
        )

    def _cancels(self, rows: tuple[Row, ...], title: FileName, at: datetime) -> list[Answer]:
        return [self._cancel(row, title) for row in rows]

    def _cancel(self, row: Row, title: FileName) -> Answer:
        number = row["出荷指示番号"]
        if row["取消理由コード"] not in wire.CANCEL_REASONS:
            words = f"ファイル形式 取消理由コード {row['取消理由コード']}"
            return (1, wire.REFUSED, number, wire.SLIP_LINE, "E401", words)
        state = self._floor.cancel(number)
        if state:
            self._history.add("cancel_refused", number, state=state, file=title.text)
            return (1, wire.REFUSED, number, wire.SLIP_LINE, "E302", state)
        self._history.add("cancelled", number, reason=row["取消理由コード"], file=title.text)
        return (1, wire.ACCEPTED, number, wire.SLIP_LINE, "", "")


Answer = tuple[int, str, str, str, str, str]  # rows, 受付区分, slip, line, code, words
Work = Callable[[tuple[Row, ...], FileName, datetime], list[Answer]]


def _content(rows: list[Row]) -> tuple[tuple[str, ...], ...]:
    """What was ordered, without 改訂番号: a repeat may carry a higher revision."""
    return tuple(tuple(text for column, text in row.items() if column != "改訂番号") for row in rows)
