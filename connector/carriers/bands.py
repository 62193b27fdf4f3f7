"""Bands (時間帯コード): the code of one canonical band in one system on one day, or why there is none.

spec/wms.md §4.2 and §4.3. A band that a system does not offer never becomes another one, or 指定なし, unless the
shop's table says so, and then always with a warning.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from enum import StrEnum

import msgspec

HOURS: dict[str, tuple[int, int]] = {
    "AM": (8, 12),
    "B1214": (12, 14),
    "B1416": (14, 16),
    "B1618": (16, 18),
    "B1820": (18, 20),
    "B1821": (18, 21),
    "B1921": (19, 21),
    "B2021": (20, 21),
}
"""Bands that may stand in for each other; T10 and T17 belong to another service (タイムサービス)."""

BANDS = ("NONE", *HOURS, "T10", "T17")


class Verdict(StrEnum):
    """What became of the band asked for."""

    OFFERED = "offered"
    REPLACED = "replaced"  # another band, or none, by the shop's table; always with a warning
    NOT_OFFERED = "not_offered"  # hold: a person decides
    SHOP_DECIDES = "config"  # hold until the table says which of several


class Missing(StrEnum):
    """if_not_offered of a system."""

    HOLD = "hold"
    NEAREST = "nearest"
    NONE = "none"


class BandCode(msgspec.Struct, frozen=True, kw_only=True):
    """One band in one system's table."""

    code: str | None = None  # None: the system has no code of its own for it
    valid_from: date | None = None
    valid_to: date | None = None  # the last day
    instead: str = ""  # the band to use where this one cannot be
    choices: tuple[str, ...] = ()
    only: tuple[str, ...] | None = None  # carriers; None = all, an empty list = none of ours sells it

    def usable(self, on: date, carrier: str) -> bool:
        """Whether it can be written for a parcel that leaves on that day."""
        return (
            self.code is not None
            and (self.valid_from is None or self.valid_from <= on)
            and (self.valid_to is None or on <= self.valid_to)
            and (not carrier or self.only is None or carrier in self.only)
        )

    def lives_with(self, other: BandCode) -> bool:
        """Whether there is a day on which both can be used."""
        return (self.valid_from or date.min) <= (other.valid_to or date.max) and (
            other.valid_from or date.min
        ) <= (self.valid_to or date.max)


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """The answer for one parcel: `code` is None where it must be held; `words` say why, or warn."""

    verdict: Verdict
    band: str  # the band that `code` means
    code: str | None = None
    words: str = ""


class System(msgspec.Struct, frozen=True, kw_only=True):
    """One system's bands."""

    name: str
    bands: dict[str, BandCode]
    missing: Missing = Missing.HOLD

    def among(self, offered: Collection[str]) -> System:
        """The same system for a shop whose contract has only these bands; none named = all."""
        if not offered:
            return self
        kept = {
            band: row if band in offered or band == "NONE" else msgspec.structs.replace(row, code=None)
            for band, row in self.bands.items()
        }
        return msgspec.structs.replace(self, bands=kept)

    def choose(self, band: str, on: date, carrier: str = "") -> Choice:
        row = self.bands.get(band, BandCode())
        if row.usable(on, carrier):
            return Choice(verdict=Verdict.OFFERED, band=band, code=row.code)
        if row.instead:
            return self._replaced(band, row.instead, on, carrier, self._why(row, on))
        if row.choices:
            choices = "・".join(row.choices)
            words = f"{self.name}: {band} は {choices} のどれで送るかを決め、表の instead に書いてください"
            return Choice(verdict=Verdict.SHOP_DECIDES, band=band, words=words)
        if other := self._otherwise(band, on, carrier):
            return self._replaced(band, other, on, carrier, self._why(row, on))
        return Choice(
            verdict=Verdict.NOT_OFFERED, band=band, words=f"{self.name}: {band} {self._why(row, on)}"
        )

    def _replaced(self, band: str, other: str, on: date, carrier: str, why: str) -> Choice:
        row = self.bands.get(other, BandCode())
        if not row.usable(on, carrier):
            words = f"{self.name}: {band} {why}。代わりの {other} も使えません"
            return Choice(verdict=Verdict.NOT_OFFERED, band=band, words=words)
        words = f"{self.name}: {band} {why}。{other} で送ります"
        return Choice(verdict=Verdict.REPLACED, band=other, code=row.code, words=words)

    def _why(self, row: BandCode, on: date) -> str:
        if row.valid_to is not None and on > row.valid_to:
            return f"は {row.valid_to:%Y/%m/%d} で終わりました"
        if row.valid_from is not None and on < row.valid_from:
            return f"は {row.valid_from:%Y/%m/%d} から使えます"
        if row.code is not None and row.only is not None:
            return f"は {'・'.join(row.only)} だけで選べます" if row.only else "を扱う運送会社がありません"
        return "は選べません"

    def _otherwise(self, band: str, on: date, carrier: str) -> str:
        """The band that if_not_offered puts in its place, or nothing."""
        if self.missing is Missing.NEAREST:
            return self._nearest(band, on, carrier)
        return "NONE" if self.missing is Missing.NONE else ""

    def _nearest(self, band: str, on: date, carrier: str) -> str:
        """The usable band that shares most hours, then the one whose middle is nearest, then the earlier."""
        if band not in HOURS:
            return ""
        start, end = HOURS[band]
        ranked = [
            (max(0, min(end, until) - max(start, since)) * -1, abs(since + until - start - end), since, other)
            for other, (since, until) in HOURS.items()
            if self.bands.get(other, BandCode()).usable(on, carrier)
        ]
        return min(ranked)[-1] if ranked else ""


class Bands(msgspec.Struct, frozen=True, kw_only=True):
    """mappings/tables/time_slot_by_system.yaml, ready to be asked."""

    systems: dict[str, System]

    def code(self, system: str, band: str, on: date, carrier: str = "") -> Choice:
        """`on` is the day the parcel leaves. KeyError for a system the table does not have."""
        return self.systems[system].choose(band, on, carrier)
