"""Upload patterns (受注一括登録パターン): which one takes this shop's order CSV; found by shop and format, never fixed.

Dangerous: nobody has attested which way the disabled flag reads (spec/next_engine.md §14.9), so it only says what is
tried first. What Next Engine itself refused is not tried again while another one fits.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connector.adapters.next_engine import wire
from connector.adapters.next_engine.envelope import SYSTEM, Fields
from connector.adapters.next_engine.reader import Cells
from connector.adapters.next_engine.session import Session
from connector.errors import Barred, Refused

_PREFIX = "receive_order_upload_pattern_"
NAMED = "パターン"  # what a refusal of the pattern itself is about, §3.7
CHECK_KEY = "doctor/upload-check"


@dataclass(frozen=True, slots=True)
class Pattern:
    """One row of Next Engine's list. `flagged`: 有効/無効 as the flag reads at face value."""

    id: str
    name: str
    format_id: str
    shop_id: str
    flagged: bool


class UploadPatterns:
    """The patterns of one shop. `fixed` is one that the settings name themselves."""

    def __init__(self, session: Session, shop_id: str, format_id: str, fixed: str = "") -> None:
        self._session, self._shop_id, self._format_id = session, shop_id, format_id
        self._fixed = self._current = fixed
        self._refused: set[str] = set()

    async def listed(self) -> list[Pattern]:
        """Every pattern of the account, as Next Engine lists them (§3.9)."""
        said = await self._session.read(wire.UPLOADPATTERN_INFO)
        return [read_pattern(fields) for fields in said.data or []]

    async def current(self) -> str:
        """The pattern to upload with; asked for once, and again after a refusal. Raises Barred."""
        if not self._current:
            self._current = chosen(await self.listed(), self._shop_id, self._format_id, self._refused).id
        return self._current

    def refused(self, error: Refused) -> Refused:
        """What a refused upload means: of the pattern, nobody's order is at fault, and the next pass asks anew."""
        if isinstance(error, Barred) or NAMED not in error.words:
            return error
        pattern, self._current = self._current, self._fixed
        self._refused.add(pattern)
        words = (
            f"受注一括登録パターン {pattern} をネクストエンジンが受け付けません（無効にされたか、削除されました）。"
            f"店舗 {self._shop_id} のパターンを有効にしてください: {error.words}"
        )
        return Barred(SYSTEM, error.code, words)

    async def check(self, pattern_id: str, header: str) -> str:
        """Upload a header without a row, and give the queue's number. Raises Refused where the pattern is.

        Every effect of an import follows from a row, whose 店舗伝票番号 finds or opens a slip (§5.4). Without a row
        no slip is opened, completed or changed; while it runs, updates of slips are locked for a moment.
        """
        body = gzip.compress(f"{header}\r\n".encode(wire.CSV_ENCODING), compresslevel=9, mtime=0)
        pairs: list[tuple[str, str | bytes]] = [
            (wire.UPLOAD_PATTERN, pattern_id),
            (f"{wire.DATA_TYPE}_1", wire.DATA_GZ),
            (f"{wire.DATA}_1", body),
        ]
        said = await self._session.write(wire.BASE_UPLOAD, pairs, key=CHECK_KEY)
        return str(said.que_id or "")


def read_pattern(fields: Fields) -> Pattern:
    cells = Cells(fields)
    return Pattern(
        id=cells.text(wire.UPLOAD_PATTERN),
        name=cells.text(f"{_PREFIX}name"),
        format_id=cells.text(f"{_PREFIX}format_id"),
        shop_id=cells.text(f"{_PREFIX}shop_id"),
        flagged=cells.flag(f"{_PREFIX}deleted_flag"),
    )


def fitting(patterns: Iterable[Pattern], shop_id: str, format_id: str) -> list[Pattern]:
    """Those of this shop and format, whatever their flag says."""
    return [one for one in patterns if (one.shop_id, one.format_id) == (shop_id, format_id)]


def chosen(
    patterns: Iterable[Pattern],
    shop_id: str,
    format_id: str,
    refused: set[str] | frozenset[str] = frozenset(),
) -> Pattern:
    """The one to try: refused ones last, flagged ones before those. Barred where there is none or a choice."""
    fit = fitting(patterns, shop_id, format_id)
    fresh = [one for one in fit if one.id not in refused] or fit
    found: Sequence[Pattern] = [one for one in fresh if not one.flagged] or fresh
    if len(found) == 1:
        return found[0]
    names = ", ".join(one.id for one in found)
    what = f"複数あります ({names})。一つだけを有効にしてください" if found else "ありません"
    raise Barred(
        SYSTEM, "pattern", f"店舗 {shop_id} の受注一括登録パターン（フォーマット {format_id}）が{what}"
    )


def choose_pattern(patterns: Iterable[Fields], shop_id: str, format_id: str = wire.FORMAT_GENERIC) -> str:
    """The one enabled pattern of this shop and format; Barred where there is none or a choice."""
    return chosen(map(read_pattern, patterns), shop_id, format_id).id
