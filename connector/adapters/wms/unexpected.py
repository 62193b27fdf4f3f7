"""Unexpected (名前の合わないファイル): what lies in the folder of results under no name of the profile.

Dangerous: a whole result file that nobody reads, because of its name. So each is shown, once for its name and day, and
left where it lies: what it is, only a person can tell.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from connector.adapters.wms.shipments import SYSTEM
from connector.adapters.wms.whole import Stillness
from connector.clock import jst
from connector.mapping import WarehouseProfile
from connector.outcome import Stray
from connector.transport.drop import Entry

MOST = 200  # a look; the rest comes with the next
OTHERS_SECONDS = 3600.0  # another connector that shares the folder has taken its own file by then
QUIET = re.compile(r".*\.ok|~\$.*|thumbs\.db|desktop\.ini", re.I)  # markers; what office machines leave
_NUMBERS = re.compile(r"[0-9]{6,}")
WORDS = (
    "倉庫の接続仕様 (profile.yaml の names) のどの名前にも合わないため、読まずに残しています。"
    "出荷実績なら、決めた名前で置き直してもらうか、names を直してください。"
    "関係のないファイルなら、フォルダから取り除いてください。"
)
OTHERS = (
    "ほかの荷主または倉庫コードの名前のファイルが、引き取られずに残っています。"
    "{tenant}・{warehouse} 宛てではないため読みません。"
    "当社の出荷実績なら、正しいコードの名前で置き直してもらってください。ほかの荷主や倉庫のものなら、そのままで構いません。"
)


class Unexpected:
    """Remembers what was told, for the ledger need not be asked at every look; after a start it is asked again."""

    def __init__(self, profile: WarehouseProfile, stillness: Stillness) -> None:
        self._profile, self._stillness = profile, stillness
        self._told: set[tuple[str, str]] = set()

    def strays(self, folder: str, entries: Sequence[Entry], settled: Collection[str]) -> Iterator[Stray]:
        """Of files that no longer grow. Whoever asks for the next one has kept the one before."""
        found = {}
        for entry in entries:
            if entry.name in settled and (stray := self._stray(folder, entry)) is not None:
                found[stray.where, stray.words] = stray
        self._told &= found.keys()
        for key in [key for key in found if key not in self._told][:MOST]:
            yield found[key]
            self._told.add(key)

    def _stray(self, folder: str, entry: Entry) -> Stray | None:
        profile, name = self._profile, shown(entry.name)
        if QUIET.fullmatch(name) or profile.inbound(entry.name) or self._on_its_way(folder, name):
            return None
        if not profile.of_another(name):
            # One name may come every day, and the ledger keeps the same words about the same place once.
            day = f" ({jst(entry.modified_at):%Y-%m-%d})" if entry.modified_at else ""
            return Stray(SYSTEM, f"{folder}/{name}{day}", WORDS)
        if self._stillness.seconds(folder, entry) <= OTHERS_SECONDS:
            return None
        words = OTHERS.format(tenant=profile.tenant, warehouse=profile.warehouse_code)
        return Stray(SYSTEM, f"{folder}/{_NUMBERS.sub('*', name)}", words)

    def _on_its_way(self, folder: str, name: str) -> bool:
        """Our own file, its workbook, or its receipt, where one folder serves both ways."""
        folders = self._profile.folders
        if folder not in (folders["in"], folders.get("ack")):
            return False
        name = re.sub(r"\.xlsx$", ".csv", name)
        return any(self._profile.matches(kind, name) for kind in ("instruction", "stop", "receipt"))


def shown(name: str) -> str:
    """A foreign file name as text that every store takes; bytes that are no UTF-8 stay visible."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
