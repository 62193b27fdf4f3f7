"""Envelope (返信の封筒): the outer shape of every Next Engine reply, and what its code means for us.

Dangerous: `error` does not mean "nothing happened", and tokens travel in every kind of reply. Only codes that
are well attested decide anything (spec/next_engine.md §2.6–2.7).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from connector.adapters.next_engine import wire
from connector.clock import JST
from connector.errors import Barred, Closed, ConnectorError, NeedsSignIn, NotDone, Refused, Unknown
from connector.ports import TokenPair
from connector.transport.http import Answer

SYSTEM = "next_engine"
LONG_WAIT_SECONDS = 600.0  # maintenance and stock-taking: minutes to an hour, §2.7
STOPPED = {  # what only a person can mend: no call is worth a try before that, and no slip is at fault
    **dict.fromkeys(
        wire.CODE_CONTRACT_SUSPENDED,
        "ネクストエンジンの契約が停止しています。ネクストエンジンの管理者に確認してください",
    ),
    wire.CODE_MAIN_SUSPENDED: (
        "ネクストエンジンのメイン機能が停止しています。ネクストエンジンの管理者に確認してください"
    ),
    wire.CODE_NO_PERMISSION: (
        "アプリにこのAPIの利用権限がありません。ネクストエンジンのアプリ設定の「API」タブで許可してください"
    ),
}
BUSY_ELSEWHERE = frozenset({"009005", "011007"})  # "busy" of other entities, §2.6
ACCESS_LIFE, REFRESH_LIFE = timedelta(days=1), timedelta(days=3)  # §1.4

Value = str | int | float | bool | None
Fields = dict[str, Value]

_SECRET = re.compile(rb'("(?:access|refresh)_token"\s*:\s*)"(?:[^"\\]|\\.)*"')


class Said(Struct, frozen=True):
    """What a reply says. Numbers are accepted where official samples show strings (§2.2)."""

    result: str = ""
    code: str | int | None = None
    message: Any = None
    access_token: str | None = None
    access_token_end_date: str | None = None
    refresh_token: str | None = None
    refresh_token_end_date: str | None = None
    count: str | int | None = None
    data: list[Fields] | None = None
    que_id: str | int | None = None
    uid: str | None = None
    company_ne_id: str | None = None
    company_name: str | None = None

    def __repr__(self) -> str:
        return f"Said({self.result} {self.code_text})"

    @property
    def code_text(self) -> str:
        return _code(self.code)

    @property
    def complaints(self) -> dict[str, tuple[str, str]] | None:
        """Which slips of a bulk call failed, with code and words; None where the reply does not name slips."""
        rows = self.message if isinstance(self.message, list) else []
        if not rows or not all(isinstance(row, dict) and row.get(wire.SLIP_ID) for row in rows):
            return None
        return {
            str(row[wire.SLIP_ID]): (_code(row.get("code")), str(row.get("message") or "")) for row in rows
        }

    @property
    def words(self) -> str:
        """`message` is a text, or a list of what failed per slip (§3.6)."""
        if not isinstance(self.message, list):
            return str(self.message or "")
        return "; ".join(_row_words(row) for row in self.message)

    def new_pair(self, used: TokenPair | None, now: datetime) -> TokenPair | None:
        """The pair this reply brought, None where it is the one that was sent or there is none in it."""
        if not self.access_token or not self.refresh_token:
            return None
        if used is not None and self.access_token == used.access:
            return None
        pair = TokenPair(
            access=self.access_token,
            refresh=self.refresh_token,
            access_until=_end(self.access_token_end_date, now + ACCESS_LIFE),
            refresh_until=_end(self.refresh_token_end_date, now + REFRESH_LIFE),
        )
        # Equal ends happen: NE writes whole seconds. Only an older pair is not news.
        return pair if used is None or pair.access_until >= used.access_until else None

    def fault(self, answer: Answer) -> ConnectorError | None:
        """None for a success; else the one thing a caller may conclude from it."""
        code = self.code_text
        words = f"ネクストエンジン {code}: {self.words}"
        if self.result == wire.SUCCESS:
            return None
        if self.result == wire.REDIRECT:
            return NeedsSignIn(SYSTEM, code, self.words or "再認証が必要です")
        if self.result != wire.ERROR or code in wire.UNKNOWN_OUTCOME:
            return answer.doubt(words)
        if self.complaints is not None:
            return PartlyRefused(code, self.words, self.complaints)
        if isinstance(self.message, list) and code == wire.CODE_BULK_FAILED:
            return answer.doubt(words)  # some slips failed, and it does not say which
        return meaning(code, self.words)


class PartlyRefused(Refused):
    """Of a bulk call the named slips failed, and all others were done (§3.6)."""

    def __init__(self, code: str, words: str, complaints: dict[str, tuple[str, str]]) -> None:
        super().__init__(SYSTEM, code, words)
        self.complaints = complaints


def meaning(code: str, words: str) -> NotDone | Refused | Unknown:
    """What an error code means for the call, or in a bulk call for one slip (§2.7).

    We never send `wait_flag`: a crowded Next Engine says so at once and the ladder comes back, where a waiting call
    would hold the account's one line for up to an hour.
    """
    told = f"ネクストエンジン {code}: {words}"
    if code in wire.UNKNOWN_OUTCOME:
        return Unknown(told)
    if code in STOPPED:
        return Barred(SYSTEM, code, f"{STOPPED[code]} ({words})" if words else STOPPED[code])
    if code in wire.RETRY_LONG:
        return Closed(told, after=LONG_WAIT_SECONDS)
    if code in wire.RETRY_SHORT or code in BUSY_ELSEWHERE:
        return NotDone(told)
    return Refused(SYSTEM, code, words)


_SAID = msgspec.json.Decoder(Said)


def open_envelope(body: bytes) -> Said | None:
    """None where the body is no JSON object of that shape."""
    try:
        return _SAID.decode(body)
    except msgspec.MsgspecError:
        return None


def explain(body: bytes) -> tuple[str, str]:
    said = open_envelope(body)
    return (said.code_text, said.words) if said else ("", "")


def without_tokens(body: bytes) -> bytes:
    """The same bytes with `***` for every token value: what may be kept."""
    return _SECRET.sub(rb'\1"***"', body)


def read_instant(text: str | None) -> datetime | None:
    """`YYYY-MM-DD HH:MM:SS`, also with slashes, JST; None for nothing and for MySQL's zero date.

    Raises ValueError for anything else.
    """
    if not text or text.startswith("0000"):
        return None
    return datetime.fromisoformat(text.replace("/", "-")).replace(tzinfo=JST).astimezone(UTC)


def write_instant(at: datetime) -> str:
    return f"{at.astimezone(JST):{wire.STAMP_FORMAT}}"


def _end(text: str | None, otherwise: datetime) -> datetime:
    """A pair is never thrown away because its dates cannot be read."""
    try:
        return read_instant(text) or otherwise
    except ValueError:
        return otherwise


def _code(code: object) -> str:
    return f"{code:06d}" if isinstance(code, int) else str(code or "")


def _row_words(row: Any) -> str:
    if not isinstance(row, dict):
        return str(row)
    return " ".join(str(row[name]) for name in (wire.SLIP_ID, "code", "message") if row.get(name))
