"""Gateway (決済会社): scripted payers, and a ledger of every authorisation, capture and void with its amount.

Tests assert "captured exactly once" on `calls`. Nothing here knows 受注; the payment desk does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from itertools import count

from connector.clock import Clock, jst
from connector.sandbox.faults import Faults

FIRST_CARD = 88401
WORDS_DECLINED = "カード会社により取引が拒否されました。"
WORDS_EXPIRED = "カードの有効期限が切れています。"
WORDS_EXAM_FAILED = "与信審査の結果、ご利用いただけません。"
WORDS_TIMEOUT = "決済会社から応答がありません。"
WORDS_VOID_FAILED = "取消処理に失敗しました。"
_SCRIPT = re.compile(
    r"(?P<kind>ok|decline|(?:fraud )?hold|timeout|no void)|decline until (?P<until>\d{4}-\d\d-\d\d)"
    r"|expire (?P<year>\d{4})-(?P<month>\d\d)|refuse at round (?P<round>[1-9]\d*)"
)


class Deed(StrEnum):
    """What the gateway was asked to do."""

    AUTH = "auth"
    EXAM = "exam"
    CHANGE = "change"  # 取引修正: another amount for what is held
    CAPTURE = "capture"
    REPORT = "report"
    VOID = "void"


class Verdict(StrEnum):
    """How an authorisation or exam ends."""

    OK = "ok"
    REFUSED = "refused"
    HOLD = "hold"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class Script:
    """How a payer behaves: `ok`, `decline`, `decline until 2026-12-01`, `refuse at round 3` (that 定期回数 and no
    other), `expire 2026-11`, `hold` or `fraud hold` (fraud hold or credit hold), `timeout`, `no void` (authorises
    but cannot be voided)."""

    kind: str = "ok"
    declines_until: date | None = None
    expires_after: date | None = None  # first day on which the card is no longer valid
    refused_round: int | None = None

    @classmethod
    def parse(cls, text: str) -> Script:
        found = _SCRIPT.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"unknown payer script {text!r}")
        part = found.groupdict()
        if part["until"]:
            return cls("decline until", declines_until=date.fromisoformat(part["until"]))
        if part["round"]:
            return cls("refuse at round", refused_round=int(part["round"]))
        if part["year"]:
            years, month0 = divmod(int(part["month"]), 12)
            return cls("expire", expires_after=date(int(part["year"]) + years, month0 + 1, 1))
        return cls(part["kind"].removeprefix("fraud "))

    def verdict(self, day: date, round_: int) -> tuple[Verdict, str | None]:
        """The answer on this day to an order of this 定期回数, with the gateway's words when it is no plain yes."""
        if self.expires_after is not None and day >= self.expires_after:
            return Verdict.REFUSED, WORDS_EXPIRED
        still_declines = self.declines_until is not None and day < self.declines_until
        if self.kind == "decline" or self.refused_round == round_ or still_declines:
            return Verdict.REFUSED, WORDS_DECLINED
        if self.kind == "timeout":
            return Verdict.TIMEOUT, WORDS_TIMEOUT
        return (Verdict.HOLD, None) if self.kind == "hold" else (Verdict.OK, None)


@dataclass(slots=True)
class Card:
    """A registered payer of one customer; a subscription keeps using it."""

    id: int
    customer_id: int
    script: Script
    is_card: bool = True  # a deferred payer or a wallet has no card to show


@dataclass(frozen=True, slots=True)
class GatewayCall:
    """One line of the ledger."""

    at: datetime
    deed: Deed
    order_number: str
    amount: int
    ok: bool
    access_id: str | None = None
    words: str | None = None


class Gateway:
    """Answers by script and writes down what it was asked."""

    def __init__(self, clock: Clock, faults: Faults | None = None) -> None:
        self._clock, self._faults = clock, faults or Faults()
        self._ids = count(FIRST_CARD)
        self.calls: list[GatewayCall] = []
        self._captured: dict[str, list[int]] = {}
        self._held: dict[str, int] = {}
        self.cards: dict[int, Card] = {}

    def clear(self) -> None:
        """An empty ledger and no cards; card ids go on."""
        self.calls.clear()
        self._captured.clear()
        self._held.clear()
        self.cards.clear()

    def register(self, customer_id: int, script: str, *, is_card: bool = True) -> Card:
        card = Card(next(self._ids), customer_id, Script.parse(script), is_card)
        self.cards[card.id] = card
        return card

    def script(self, card_id: int | None) -> Script:
        return self.cards[card_id].script if card_id is not None else Script()

    def ask(
        self, deed: Deed, order_number: str, amount: int, card_id: int | None, *, round_: int = 1
    ) -> tuple[Verdict, str | None]:
        """Authorise or examine an order of this 定期回数."""
        verdict, words = self.script(card_id).verdict(jst(self._clock.now()).date(), round_)
        if deed is Deed.EXAM and verdict is Verdict.REFUSED:
            words = WORDS_EXAM_FAILED
        self.record(deed, order_number, amount, ok=verdict in (Verdict.OK, Verdict.HOLD), words=words)
        return verdict, words

    def void(self, order_number: str, amount: int, card_id: int | None, access_id: str | None) -> bool:
        ok = self.script(card_id).kind != "no void" and not self._faults.strike("void-fails")
        words = None if ok else WORDS_VOID_FAILED
        self.record(Deed.VOID, order_number, amount, ok=ok, access_id=access_id, words=words)
        return ok

    def record(
        self,
        deed: Deed,
        order_number: str,
        amount: int,
        *,
        ok: bool,
        access_id: str | None = None,
        words: str | None = None,
    ) -> None:
        at = self._clock.now().astimezone(UTC)
        self.calls.append(GatewayCall(at, deed, order_number, amount, ok, access_id, words))
        if not ok:
            return
        if deed in (Deed.CAPTURE, Deed.REPORT):
            self._captured.setdefault(order_number, []).append(amount)
        if deed in (Deed.CAPTURE, Deed.REPORT, Deed.VOID):
            self._held.pop(order_number, None)
        else:
            self._held[order_number] = amount

    def holds(self, order_number: str) -> int | None:
        """The amount authorised and not yet taken or given back; None for nothing."""
        return self._held.get(order_number)

    def captured(self, order_number: str) -> list[int]:
        """The amounts really captured for this order, in order; more than one is a double charge."""
        return list(self._captured.get(order_number, ()))
