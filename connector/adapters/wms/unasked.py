"""Unasked (覚えのない受付結果): what lies among the receipts and answers no file that we wait for.

A receipt is read by whoever waits for it, within minutes. One that nobody fetches speaks of a file that we never put,
perhaps another system's under our codes, or bears a name under which nobody looks. Each is shown, once for its name
and day, and left where it lies.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from connector.adapters.wms.mappings import Mappings
from connector.adapters.wms.receipts import receipt_of
from connector.adapters.wms.shipments import SYSTEM
from connector.adapters.wms.unexpected import MOST, QUIET, shown
from connector.adapters.wms.whole import Stillness
from connector.clock import jst
from connector.errors import ConnectorError, Malformed
from connector.outcome import Stray
from connector.transport.drop import Drop, Entry

UNFETCHED_SECONDS = 3600.0  # we look for our own every few minutes
NOT_OURS = "倉庫の受付結果ですが、返事を待っているファイルではありません: {said}。"
NO_NAME = (
    "受付結果のフォルダにありますが、接続仕様 (profile.yaml) の受付結果の名前に合わないため読んでいません。"
)
UNREADABLE = "倉庫の受付結果のようですが、読めません: {why}。"
DO = (
    "どのファイルへの返事か、倉庫に確かめてください。"
    "別の仕組みが同じコードで指示を送っていれば、二重出荷になります。"
)


class Unasked:
    """Remembers what was told; after a start the ledger is asked again."""

    def __init__(self, drop: Drop, mappings: Mappings, stillness: Stillness) -> None:
        self._drop, self._mappings, self._stillness = drop, mappings, stillness
        self._told: set[tuple[str, str]] = set()

    async def strays(self) -> AsyncIterator[Stray]:
        """Whoever asks for the next one has kept the one before. A folder that cannot be read says nothing."""
        folder = self._mappings.profile.folders.get("ack")
        if self._mappings.receipt is None or not folder:
            return
        try:
            entries = await self._drop.list(folder)
        except ConnectorError:
            return
        self._stillness.settled(folder, entries)
        left = [entry for entry in entries if self._is_left(folder, entry)]
        places = {self._where(folder, entry): entry for entry in left}
        self._told &= {(folder, where) for where in places}
        for where in [where for where in places if (folder, where) not in self._told][:MOST]:
            yield Stray(SYSTEM, where, await self._words(folder, places[where]), facts={"unasked": True})
            self._told.add((folder, where))

    def _is_left(self, folder: str, entry: Entry) -> bool:
        profile = self._mappings.profile
        if QUIET.fullmatch(shown(entry.name)):
            return False
        alone = list(profile.folders.values()).count(folder) == 1  # else other kinds of files lie there, too
        known = profile.matches("receipt", entry.name)
        return (known or alone) and self._stillness.seconds(folder, entry) > UNFETCHED_SECONDS

    @staticmethod
    def _where(folder: str, entry: Entry) -> str:
        day = f" ({jst(entry.modified_at):%Y-%m-%d})" if entry.modified_at else ""
        return f"{folder}/{shown(entry.name)}{day}"

    async def _words(self, folder: str, entry: Entry) -> str:
        if not self._mappings.profile.matches("receipt", entry.name):
            return NO_NAME + DO
        try:
            said = self._said(shown(entry.name), await self._drop.read(folder, entry.name))
        except ConnectorError as why:
            return UNREADABLE.format(why=why) + DO
        return NOT_OURS.format(said=said) + DO

    def _said(self, name: str, body: bytes) -> str:
        """For each file that it answers: how many slips were taken, and what was refused."""
        rows = self._mappings.receipt.read(name, body) if self._mappings.receipt else []
        problem = next((row.problems[0] for row in rows if row.problems), None)
        if problem is not None:
            raise Malformed(problem)
        files = dict.fromkeys(str(row.values["file_name"]) for row in rows)
        return "、".join(
            self._of_file(file, [row.values for row in rows if row.values["file_name"] == file])
            for file in files
        )

    @staticmethod
    def _of_file(file: str, rows: list[dict[str, object]]) -> str:
        answer = receipt_of(file, rows)
        if answer.file_refused:
            return f"{file} はファイルごとエラー（{answer.file_refused}）"
        refused = "、".join(f"{number} {words}" for number, words in list(answer.refused.items())[:3])
        errors = f"・エラー {len(answer.refused)}件（{refused}）" if refused else ""
        return f"{file} は受付 {len(answer.accepted)}件{errors}"
