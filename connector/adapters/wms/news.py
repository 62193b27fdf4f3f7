"""News (在庫・返品): rows of STOCK and RETURN files, for people to see (spec/wms.md §7.5).

Nothing is shipped, stocked or refunded by them. Dangerous all the same: a number that is believed and wrong. What no
warehouse can mean is that row's problem, and a file of which not one row can be believed is refused whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from connector.adapters.wms.shipments import SYSTEM, told
from connector.clock import JST, jst
from connector.errors import Malformed, Problem
from connector.mapping import Row, WarehouseProfile
from connector.mapping.profile import folded
from connector.outcome import Stray
from connector.ports import GoodsReturn, ReadResults, StockLevel

COUNTS = ("good", "bad", "allocated")
OF_THE_FILE = {"told_at": "now", "arrived_on": "today"}
"""What `absent:` may say of a time that no column gives: when the file was written, else when we read it."""

MOST = 9_999_999  # pieces; a larger number is a code that stands in the wrong column
_NAMED = {
    "warehouse": "倉庫コード",
    "return_number": "返品番号",
    "slip_number": "出荷指示番号",
    "tracking": "送り状番号",
    "sku": "商品コード",
    "lot": "ロット",
}
NOT_TAKEN = "この行は取り込みません。"
_COUNTED = {"good": "良品数", "bad": "不良数", "allocated": "引当数", "quantity": "数量"}
Values = dict[str, Any]
One = TypeVar("One", StockLevel, GoodsReturn)
Sound = list[tuple[Row, One]]


@dataclass(frozen=True, slots=True)
class Told:
    """Whose file this is, when it was written (as its name says, else when it is read), and when we read it."""

    warehouse: str
    at: datetime
    last: datetime  # a time after this is a misreading

    @classmethod
    def by(cls, profile: WarehouseProfile, kind: str, name: str, now: datetime) -> Told:
        return cls(
            profile.warehouse_code,
            min(written_at(profile, kind, name) or now, now),
            now + timedelta(days=profile.future_days),
        )


def written_at(profile: WarehouseProfile, kind: str, name: str) -> datetime | None:
    """The time in a file's name, where its pattern has one; the name is read as folded as it was matched."""
    for part, digits, form in (("stamp", 14, "%Y%m%d%H%M%S"), ("minute", 12, "%Y%m%d%H%M")):
        if part not in profile.names.get(kind, ()):
            continue
        found = re.search(rf"(?<!\d)\d{{{digits}}}(?!\d)", folded(name))
        try:
            return datetime.strptime(found[0], form).replace(tzinfo=JST).astimezone(UTC) if found else None
        except (ValueError, OverflowError):
            return None
    return None


def stock(name: str, rows: Sequence[Row], file: Told) -> ReadResults:
    """The newest word of each item and lot; two of one time that differ are both doubtful, and neither counts."""
    sound, aside = _believed(
        name, rows, lambda values: _level(values, file), lambda one: _odd_level(one, file)
    )
    found: list[StockLevel] = []
    for group in _groups(sound, lambda one: (one.warehouse, one.sku, one.lot)):
        newest = max(one.told_at for _, one in group)
        last = [(row, one) for row, one in group if one.told_at == newest]
        if len({one for _, one in last}) > 1:
            aside += [_aside(name, row, "同じ商品とロットの行が二つあり、数が違います。") for row, _ in last]
        else:
            found.append(last[0][1])
    return ReadResults((), _in_order(aside), stock=tuple(found), told_at=file.at)


def returns(name: str, rows: Sequence[Row], file: Told) -> ReadResults:
    """Goods that came back. Equal rows of one file add up; one return of two slips is doubtful and does not count."""
    sound, aside = _believed(name, rows, lambda values: _back(values, file), lambda one: _odd_back(one, file))
    found: list[GoodsReturn] = []
    for group in _groups(sound, lambda one: (one.return_number, one.sku, one.condition)):
        if len({one.slip_number for _, one in group}) > 1:
            aside += [
                _aside(name, row, "同じ返品番号の行に、違う出荷指示番号があります。") for row, _ in group
            ]
        else:
            found.append(group[0][1].plus(sum(one.quantity for _, one in group[1:])))
    return ReadResults((), _in_order(aside), returns=tuple(found), told_at=file.at)


def _level(values: Values, file: Told) -> StockLevel:
    at = values["told_at"]
    return StockLevel(
        warehouse=values["warehouse"] or "",
        sku=values["sku"] or "",
        lot=values["lot"] or "",
        good=int(values["good"] or 0),
        bad=int(values["bad"] or 0),
        allocated=int(values["allocated"] or 0),
        told_at=file.at if at == OF_THE_FILE["told_at"] else at,
    )


def _back(values: Values, file: Told) -> GoodsReturn:
    known = {key: values[key] for key in ("return_number", "sku", "condition")}
    blank = {key: values[key] or "" for key in ("slip_number", "tracking", "reason")}
    on = values["arrived_on"]
    on = jst(file.at).date() if on == OF_THE_FILE["arrived_on"] else on
    return GoodsReturn(**known, **blank, quantity=int(values["quantity"] or 0), arrived_on=on)


def _odd_level(one: StockLevel, file: Told) -> str:
    """What no column can see by itself."""
    if one.warehouse.upper() != file.warehouse.upper():
        return f"「倉庫コード」がこの倉庫（{file.warehouse}）のものではありません（{one.warehouse}）。"
    if one.told_at > file.last:  # it would stand above every true word that is still to come
        return f"「時点」が先の時刻です（{jst(one.told_at):%Y/%m/%d %H:%M}）。"
    return next(filter(None, (_odd_count(key, getattr(one, key)) for key in COUNTS)), "")


def _odd_back(one: GoodsReturn, file: Told) -> str:
    if one.arrived_on > jst(file.last).date():
        return f"「入荷日」が先の日付です（{one.arrived_on:%Y/%m/%d}）。"
    if one.slip_number and not one.slip_number.isdecimal():
        return f"「出荷指示番号」が伝票番号の形ではありません（{one.slip_number}）。"
    return "「数量」が 0 です。" if one.quantity == 0 else _odd_count("quantity", one.quantity)


def _odd_count(key: str, number: int) -> str:
    if number < 0:
        return f"「{_COUNTED[key]}」が負の数です（{number}）。"
    return f"「{_COUNTED[key]}」が大きすぎます（{number:,}）。" if number > MOST else ""


def _believed(
    name: str, rows: Sequence[Row], make: Callable[[Values], One], odd: Callable[[One], str]
) -> tuple[Sound[One], list[tuple[int, Stray]]]:
    """Raises Malformed where there are rows and not one can be believed: then it is the file that is wrong."""
    sound: Sound[One] = []
    aside: list[tuple[int, Stray]] = []
    for row in rows:
        one = None if row.problems else make(row.values)
        words = odd(one) if one is not None else "".join(told(problem) for problem in row.problems)
        if one is not None and not words:
            sound.append((row, one))
        else:
            aside.append(_aside(name, row, words))
    if rows and not sound:
        first = next(iter(rows[0].problems), None) or Problem(name, rows[0].line, 0, _bare(aside[0][1]))
        raise Malformed(replace(first, words=f"どの行も取り込めません: {first.words}"))
    return sound, aside


def _bare(stray: Stray) -> str:
    return stray.words.removesuffix(NOT_TAKEN).removesuffix("。")


def _groups(sound: Sound[One], key: Callable[[One], tuple[str, ...]]) -> list[Sound[One]]:
    found: dict[tuple[str, ...], Sound[One]] = {}
    for row, one in sound:
        found.setdefault(key(one), []).append((row, one))
    return list(found.values())


def _aside(name: str, row: Row, words: str) -> tuple[int, Stray]:
    said = {label: str(row.values[key]) for key, label in _NAMED.items() if row.values.get(key)}
    return row.line, Stray(SYSTEM, f"{name}:{row.line}", f"{words}{NOT_TAKEN}", facts={"row": said})


def _in_order(aside: list[tuple[int, Stray]]) -> tuple[Stray, ...]:
    return tuple(stray for _, stray in sorted(aside, key=lambda one: one[0]))
