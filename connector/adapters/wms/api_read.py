"""API results (API の出荷実績): one shipping event of an API's answer as our Shipment, or a stray with its reason.

Dangerous: a tracking number of the wrong carrier or form. It is judged here as in a file, and a wrong one takes its
event out. The same content is the same event however often it is asked for.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from connector.adapters.wms.shipments import SYSTEM
from connector.clock import jst
from connector.errors import Malformed, Problem
from connector.mapping import ApiProfile
from connector.outcome import Stray
from connector.ports import ReadResults
from connector.slip import Result, Shipment, ShippedLine, TrackingNumber

OURS = re.compile(r"[0-9]{1,15}")  # 伝票番号; anything else was sent by somebody else
STRANGERS = "当店の伝票番号の形でない出荷が倉庫にあります。ほかの連携や手作業の出荷とみなし、取り込みません。"
_WHY = {
    "excel_damage": "送り状番号が表計算ソフトで壊れています",
    "check_digit": "送り状番号の検査数字が合いません",
    "several_in_one_cell": "送り状番号が一つの欄に二つ以上あります",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an API says about one slip's departure, in our words but not yet believed."""

    where: str  # their number of it
    slip: str
    result: Result
    at: datetime | None
    carrier: str | None
    carrier_words: str
    tracking: Sequence[str]
    parcels: int
    lines: tuple[ShippedLine, ...] = ()
    reason: str = ""
    boxed_with: frozenset[str] = frozenset()  # 同梱: all slips of this box, by the API's own word


@dataclass(slots=True)
class Gathering:
    """Reads one answer: shipments and strays in the order in which they stand there."""

    profile: ApiProfile
    today: date
    shipments: list[Shipment] = field(default_factory=list)
    strays: list[Stray] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    one_box: dict[str, frozenset[str]] = field(default_factory=dict)

    def take(self, told: Told) -> None:
        if not OURS.fullmatch(told.slip):
            self.strangers.append(told.slip)
            return
        try:
            shipment = self._shipment(told)
        except ValueError as wrong:
            self.stray(f"{told.where} 出荷指示番号 {told.slip}", f"{wrong}。この実績は取り込みません。")
            return
        self.shipments.append(shipment)
        if told.boxed_with:
            self.one_box.update(dict.fromkeys(shipment.tracking, told.boxed_with))

    def stray(self, where: str, words: str) -> None:
        self.strays.append(Stray(SYSTEM, where, words))

    def done(self) -> ReadResults:
        """Foreign shipments are told once, not once each: their warehouse may have thousands of them."""
        if self.strangers:
            self.strays.append(
                Stray(SYSTEM, self.profile.speaks, STRANGERS, facts={"count": len(self.strangers)})
            )
        return ReadResults(tuple(self.shipments), tuple(self.strays), one_box=self.one_box)

    def _shipment(self, told: Told) -> Shipment:
        if told.at is None:
            raise ValueError("出荷日時がありません")
        shipped_on = jst(told.at).date()
        if shipped_on > self.today + timedelta(days=self.profile.future_days):
            raise ValueError(f"出荷日が先の日付です（{shipped_on:%Y/%m/%d}）")
        if told.carrier is None:
            known = f"mappings/wms の {self.profile.speaks} の profile.yaml の carriers:"
            raise ValueError(f"運送会社「{told.carrier_words}」は表にありません。{known} に追加してください")
        tracking = tuple(dict.fromkeys(_number(text, told.carrier) for text in told.tracking))
        if not tracking and told.carrier not in self.profile.untracked:
            raise ValueError("送り状番号がありません")
        return Shipment(
            result_id=_id(told, shipped_on, tracking),
            slip_number=told.slip,
            result=told.result,
            shipped_on=shipped_on,
            carrier=told.carrier,
            tracking=tracking,
            parcels=max(told.parcels, len(tracking), 1),
            lines=told.lines,
            reason=told.reason,
            confirmed_at=told.at,
        )


def _number(text: str, carrier: str) -> str:
    try:
        return str(TrackingNumber.read(text, carrier))  # no store takes its own type
    except ValueError as wrong:
        words = _WHY.get(str(wrong), "送り状番号の形ではありません")
        raise ValueError(f"{words}（{text}）") from wrong


def _id(told: Told, shipped_on: date, tracking: Sequence[str]) -> str:
    """Their number and a digest of the content: a poll that says the same is no news, another number is."""
    lines = [msgspec.to_builtins(line) for line in told.lines]
    says = [told.slip, told.result, f"{shipped_on}", told.carrier, sorted(tracking), told.parcels, lines]
    return f"{told.where}-{hashlib.sha256(json.dumps(says).encode()).hexdigest()[:8]}"


def documents(name: str, body: bytes, key: str) -> list[dict[str, Any]]:
    """The list that an answer carries under `key`. Raises Malformed: nothing is taken from anything else."""
    try:
        found = msgspec.json.decode(body)
        listed = found[key]
    except (msgspec.DecodeError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise Malformed(
            Problem(name, 1, 1, f"出荷実績の返信として読めません（{key} がありません）")
        ) from error
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise Malformed(Problem(name, 1, 1, f"{key} が出荷実績の並びではありません"))
    return listed


def texts(values: object) -> list[str]:
    """The texts of a list that may be missing."""
    return [str(value) for value in values if value] if isinstance(values, Iterable) else []


def whole(value: object) -> int:
    """A number that may come as a text; 0 where it is none."""
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() else 0


def instant(value: object, zone: Any = None) -> datetime | None:
    """An instant as written; without an offset it is one of `zone`."""
    try:
        at = datetime.fromisoformat(str(value or ""))
    except ValueError:
        return None
    return at if at.tzinfo else (at.replace(tzinfo=zone) if zone else None)
