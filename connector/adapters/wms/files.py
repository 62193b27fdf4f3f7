"""FileWarehouse (ファイル連携の倉庫): 出荷指示 out, 受付結果 and 出荷実績 in, by the files of a warehouse profile.

Dangerous: shipping twice. A file has one name and one content for ever; whether it arrived is found out by
looking, never by sending again. Nothing is read while it may still be growing (spec/wms.md §6.3).
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Container, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from connector.adapters.wms import beside, drift, wire
from connector.adapters.wms.doubts import remarks_of
from connector.adapters.wms.inbound import read_inbound
from connector.adapters.wms.mail_results import MailResults
from connector.adapters.wms.mappings import Mappings, load_mappings
from connector.adapters.wms.receipts import adds_up, receipt_of, usual_names
from connector.adapters.wms.shipments import SYSTEM
from connector.adapters.wms.unasked import Unasked
from connector.adapters.wms.unexpected import Unexpected, shown
from connector.adapters.wms.whole import Stillness, keeps_promise, marker
from connector.clock import Clock, jst
from connector.errors import Malformed, NotDone, Problem, Refused, Unknown
from connector.mapping import (
    Instruction,
    Stop,
    Tables,
    Written,
)
from connector.outcome import Absent, CannotTell, Effect, Facts, Hold, Item, Reply, Sent, Stray
from connector.ports import Archive, BuiltFile, ReadResults, Receipt, ResultFile
from connector.slip import Shipment, Slip
from connector.transport.drop import Drop, Entry

__all__ = ["FileWarehouse", "Mappings", "load_mappings"]

PATIENCE_SECONDS = 3600.0  # a file that contradicts its marker for so long is set aside and reported
RECEIPTS = f"{SYSTEM}_receipt"  # kept apart: what is kept as SYSTEM is read as results
MOST_FILES = 200  # a pass; the rest comes with the next
STOP = "wms_stop"  # kind of the effect that carries a 取消依頼
NO_STOP = "この倉庫に取消依頼のファイルはありません。電話で伝えてください"


class FileWarehouse:
    """A `ports.Warehouse` over a `Drop`. Reading methods may be repeated; `send` too, its bytes decide."""

    singly = False
    at_once = 500

    def __init__(
        self,
        mappings: Mappings,
        *,
        drop: Drop,
        archive: Archive,
        clock: Clock,
        mail: MailResults | None = None,
    ) -> None:
        """With `mail` the results come as attachments, instead of from the folder of results."""
        self.answers = mappings.profile.answers
        self._mappings, self._profile = mappings, mappings.profile
        self._drop, self._archive, self._clock = drop, archive, clock
        self._stillness, self._mail = Stillness(clock), mail
        self._unexpected = Unexpected(mappings.profile, self._stillness)
        self._unasked = Unasked(drop, mappings, self._stillness)
        self._once = drift.once_meant(mappings.result, mappings.door.tables.services)
        self.rereads = frozenset(self._once)

    @classmethod
    def by_mappings(
        cls,
        folder: Path,
        *,
        tables: Tables,
        own: Mapping[str, Any],
        drop: Drop,
        archive: Archive,
        clock: Clock,
        mail: MailResults | None = None,
    ) -> FileWarehouse:
        mappings = load_mappings(folder, tables, own)
        return cls(mappings, drop=drop, archive=archive, clock=clock, mail=mail)

    # --- building --------------------------------------------------------------------------------------

    def doubts(self, slips: Sequence[Slip], ship_on: date | None = None) -> dict[str, tuple[Hold, ...]]:
        return self._mappings.door.doubts(slips, ship_on or jst(self._clock.now()).date())

    def instructions(
        self, slips: Sequence[Slip], *, sequence: int, at: datetime, ship_on: date | None = None
    ) -> list[BuiltFile]:
        day = ship_on or jst(at).date()
        ready = [self._mappings.door.ready(slip, day) for slip in slips]
        items = [
            Instruction(slip=one.slip, profile=self._profile, ship_on=day, sequence=sequence) for one in ready
        ]
        built = self._built("instruction", self._mappings.instruction.write(items), sequence, at)
        built.facts["remarks"] = remarks_of(ready, built.included)
        return [built]

    def stops(self, slip_numbers: Sequence[str], *, sequence: int, at: datetime) -> list[BuiltFile]:
        if self._mappings.stop is None:
            return [_no_stop_file(slip_numbers, sequence)]
        items = [Stop(slip_number=number, requested_at=at) for number in slip_numbers]
        return [self._built("stop", self._mappings.stop.write(items), sequence, at)]

    def _built(self, kind: str, written: Written, sequence: int, at: datetime) -> BuiltFile:
        facts = {
            "name": self._profile.file_name(kind, at, sequence),
            "rows": written.rows,
            "sha256": hashlib.sha256(written.body).hexdigest(),
            "replaced": [str(change) for change in written.replaced],
        }
        return BuiltFile(written.body, written.included, written.held, facts)

    # --- sending ---------------------------------------------------------------------------------------

    async def send(self, effect: Effect) -> Reply:
        if effect.kind == STOP and self._mappings.stop is None:
            return Sent({"sent": "", "words": NO_STOP})
        folder = self._profile.folders["in"]
        await self._drop.put(folder, effect.name, effect.body)
        if self._profile.marker:
            try:
                await self._drop.put(folder, effect.name + wire.MARKER_SUFFIX, self._marker(effect))
            except (NotDone, Refused) as fault:
                # The file itself lies there and may be taken; only a look tells.
                raise Unknown(f"{effect.name} は置きましたが、.ok を置けません: {fault}") from fault
        more: Facts = {}
        if self._profile.for_people and effect.kind != STOP:
            more = await beside.lay_workbook(self._drop, folder, effect, self._mappings.instruction)
        return Sent(_evidence(folder, effect) | more)

    def _marker(self, effect: Effect) -> bytes:
        return marker(effect.body, header=self._mappings.instruction.dialect.header)

    async def lies_there(self, effect: Effect) -> Reply:
        # Asked twice to stop, a warehouse stops once; a file that it took before it answers leaves no trace.
        proved = effect.kind == STOP
        if effect.kind == STOP and self._mappings.stop is None:
            return Sent({"sent": "", "words": NO_STOP})
        for place in ("in", "archive", "error"):
            folder = self._profile.folders[place]
            names = {entry.name: entry.size for entry in await self._drop.list(folder)}
            if effect.name not in names:
                if place == "in" and self._profile.marker and effect.name + wire.MARKER_SUFFIX in names:
                    return Sent(
                        _evidence(folder, effect)
                    )  # the marker is put last: the file was taken from beside it
                continue
            if names[effect.name] != len(effect.body) or not await self._same(folder, effect):
                return CannotTell(f"{folder} に同じ名前で内容の違う {effect.name} があります")
            if place == "in" and self._profile.marker and effect.name + wire.MARKER_SUFFIX not in names:
                return Absent({"missing": effect.name + wire.MARKER_SUFFIX}, proved=proved)
            return Sent(_evidence(folder, effect))
        if await self._receipt_files(effect):
            return Sent({"folder": self._profile.folders["ack"], "name": effect.name})
        if self.answers:
            return Absent({"looked_in": list(self._profile.folders.values())}, proved=proved)
        # A warehouse that takes files away without a word may have this one.
        return CannotTell(f"{effect.name} はどのフォルダにもなく、受付結果も返らない倉庫です")

    async def _same(self, folder: str, effect: Effect) -> bool:
        return await self._drop.read(folder, effect.name) == effect.body

    # --- receipts --------------------------------------------------------------------------------------

    async def receipt(self, effect: Effect) -> Receipt | None:
        for found in await self._receipt_files(effect):
            await self._archive.keep(
                system=RECEIPTS,
                direction="in",
                name=shown(found.entry.name),
                body=found.body,
                key=effect.key,
            )
            try:
                receipt = self._read_receipt(found, effect)
            except Malformed:
                if found.settled:
                    raise
                continue  # still being written
            if receipt is not None:
                await self._file_away(found, effect)
                return receipt
        return None

    async def _receipt_files(self, effect: Effect) -> list[_Found]:
        """Receipts that speak of this file: new ones, or the one that a crash left filed but unread.

        The column 元ファイル名 decides, not the receipt's own name (spec/wms.md Resolutions 7).
        """
        if self._mappings.receipt is None:
            return []
        ack, archive = self._profile.folders["ack"], self._profile.folders["archive"]
        entries = await self._drop.list(ack)
        settled = self._stillness.settled(ack, entries)
        found = [
            _Found(ack, entry, await self._drop.read(ack, entry.name), entry.name in settled)
            for entry in entries
            if self._profile.matches("receipt", entry.name)
        ]
        mine = [one for one in found if effect.name.encode() in one.body]
        if mine:
            return mine
        filed = [entry for entry in await self._drop.list(archive) if entry.name in usual_names(effect.name)]
        return [_Found(archive, entry, await self._drop.read(archive, entry.name), True) for entry in filed]

    def _read_receipt(self, found: _Found, effect: Effect) -> Receipt | None:
        name = shown(found.entry.name)
        rows = self._mappings.receipt.read(name, found.body) if self._mappings.receipt else []
        problem = next((row.problems[0] for row in rows if row.problems), None)
        if problem is not None:
            raise Malformed(problem)
        mine = [row.values for row in rows if row.values["file_name"] == effect.name]
        if not mine or not (found.settled or adds_up(mine)):
            return None
        return receipt_of(name, mine)

    async def _file_away(self, found: _Found, effect: Effect) -> None:
        archive = self._profile.folders["archive"]
        if found.folder == archive:
            return
        if found.entry.name not in usual_names(effect.name):
            # Under its own odd name nobody would find it again after a crash.
            await self._drop.put(archive, wire.ACK_NAME.format(name=effect.name), found.body)
        await self._move_with_marker(found.folder, found.entry.name, archive)

    # --- results ---------------------------------------------------------------------------------------

    def results(self) -> AsyncGenerator[ResultFile | Stray, None]:
        return self._all(self._in_folder() if self._mail is None else self._mail.results())

    async def _all(
        self, results: AsyncGenerator[ResultFile | Stray, None]
    ) -> AsyncGenerator[ResultFile | Stray, None]:
        """First what nobody waits for among the receipts: where a result cannot be taken, the look ends."""
        async for stray in self._unasked.strays():
            yield stray
        async with aclosing(results) as found:
            async for one in found:
                yield one

    async def _in_folder(self) -> AsyncGenerator[ResultFile | Stray, None]:
        """Whole result files in the order of their names.

        What cannot be taken never stands in the way: its reason is raised in a look that gave nothing else,
        and the file is set aside with it. A file under no name of the profile is a stray and stays.
        """
        folder = self._profile.folders["out"]
        entries = await self._drop.list(folder)
        settled = self._stillness.settled(folder, entries)
        marked = {entry.name for entry in entries if entry.name.endswith(wire.MARKER_SUFFIX)}
        wanted = [entry for entry in entries if self._profile.inbound(entry.name)]
        given = 0
        broken: list[tuple[str, Malformed | Refused]] = []
        for entry in wanted[:MOST_FILES]:
            try:
                body = await self._whole(folder, entry, marked, settled)
            except (Malformed, Refused) as fault:
                broken.append((entry.name, fault))
                continue
            if body is not None:
                given += 1
                yield ResultFile(handle=entry.name, name=shown(entry.name), body=body)
        for stray in self._unexpected.strays(folder, entries, settled):
            yield stray
        if broken and not given:
            name, reason = broken[0]
            await self._move_with_marker(folder, name, self._profile.folders["error"])
            raise reason

    async def _whole(
        self, folder: str, entry: Entry, marked: Container[str], settled: Container[str]
    ) -> bytes | None:
        """The bytes of a file that is whole, None of one that may still grow; Malformed if it stays wrong."""
        most = self._mappings.result.limits.bytes
        if entry.size > most:
            found, expected = f"{entry.size:,}", f"{most:,} バイトまで"
            raise Malformed(
                Problem(shown(entry.name), 0, 0, "ファイルが大きすぎるため読みません", found, expected)
            )
        if entry.name + wire.MARKER_SUFFIX not in marked:
            return await self._drop.read(folder, entry.name) if entry.name in settled else None
        promise = await self._drop.read(folder, entry.name + wire.MARKER_SUFFIX)
        body = await self._drop.read(folder, entry.name)
        if keeps_promise(promise, body):
            return body
        if self._stillness.seconds(folder, entry) <= PATIENCE_SECONDS:
            return None
        words = (
            "マーカー (.ok) と内容が一致しないため error フォルダへ移しました。倉庫に再送を依頼してください"
        )
        raise Malformed(Problem(shown(entry.name), 0, 0, words, found=f"{len(body)} バイト"))

    async def acknowledge(self, file: ResultFile) -> None:
        if self._mail is not None:
            await self._mail.acknowledge(file)
            return
        folders = self._profile.folders
        await self._move_with_marker(folders["out"], file.handle, folders["archive"])

    async def _move_with_marker(self, folder: str, name: str, to_folder: str) -> None:
        """The file first: a marker without its file harms nobody, a file without its marker might."""
        await self._drop.move(folder, name, to_folder)
        try:
            await self._drop.move(folder, name + wire.MARKER_SUFFIX, to_folder)
        except NotDone:
            return  # there is none

    async def lay_aside(self, name: str, body: bytes, words: str) -> None:
        """`ports.Folders`: a copy and its reason in the error folder. Another file there under this name stays."""
        await beside.lay_aside(self._drop, self._profile.folders["error"], name, body, words)

    def read_results(self, name: str, body: bytes) -> ReadResults:
        """The kind of a file is told by the pattern of its name; who it speaks of, by its rows alone."""
        kind = self._profile.inbound(name)
        return read_inbound(self._mappings, kind, name, body, self._clock.now())

    def as_sent(self, shipment: Shipment, item: Item[Slip]) -> Shipment:
        return drift.as_sent(shipment, item, self._once, self._mappings.door.tables)


@dataclass(frozen=True, slots=True)
class _Found:
    """A receipt file and where it lies."""

    folder: str
    entry: Entry
    body: bytes
    settled: bool


def _no_stop_file(slip_numbers: Sequence[str], sequence: int) -> BuiltFile:
    """What is to be told by telephone. Nothing is put anywhere; the record shows whom it was about."""
    body = "\r\n".join(slip_numbers).encode("ascii", "backslashreplace")
    facts = {"name": f"STOP-BY-PHONE_{sequence:06d}.txt", "rows": len(slip_numbers), "words": NO_STOP}
    return BuiltFile(body, tuple(slip_numbers), (), facts)


def _evidence(folder: str, effect: Effect) -> Facts:
    digest = hashlib.sha256(effect.body).hexdigest()
    return {"folder": folder, "name": effect.name, "size": len(effect.body), "sha256": digest}
