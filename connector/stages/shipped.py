"""Shipped (出荷実績の読み方): the warehouse's events of one slip, read as one.

The events are read in the order of their own times, never in that of their files: whatever comes late, twice or
first, the same events make the same picture. Parcels and remainders add up; what would be more than was asked for is
a correction, and its numbers replace the old ones (S2, S6). What contradicts itself is a finding for a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from connector.clock import at_jst
from connector.outcome import Hold, Reason
from connector.slip import Result, Shipment, ShippedLine, SlipRow

LEFT = (Result.SHIPPED, Result.PARTIAL)
NOTHING_LEFT = (Result.CANCELLED, Result.UNSHIPPABLE)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Picture:
    """What is known of one slip by now. `whole`: no parcel and no piece of goods is awaited any more."""

    shipment: Shipment | None = None
    whole: bool = False
    lacks: str = ""
    finding: Hold | None = None
    claimed: bool = (
        False  # the warehouse calls it shipped and all parcels are there, whatever the quantities say
    )
    last_at: datetime = LONG_AGO  # when the newest fact was settled at the latest


def whole(shipments: Sequence[Shipment], rows: Sequence[SlipRow] = ()) -> Shipment | None:
    """What left for one slip, its numbers in the order of their events; None where nothing left."""
    return picture(shipments, rows).shipment


def picture(shipments: Sequence[Shipment], rows: Sequence[SlipRow] = ()) -> Picture:
    """These events, in whatever order they came, against the rows that were asked for (empty: not known)."""
    if not shipments:
        return Picture()
    if len(shipments) == 1 and (seen := _sole(shipments[0], rows)) is not None:
        return seen
    return pieced_together(shipments, rows)


def _sole(event: Shipment, rows: Sequence[SlipRow]) -> Picture | None:
    """One event that says everything and exactly what was asked for, which nearly all are: the same picture at once."""
    if event.result is not Result.SHIPPED or not (event.complete and exactly(event, rows)):
        return None
    if event.parcels < len(event.tracking) or len(set(event.tracking)) < len(event.tracking):
        return None
    return Picture(event, True, claimed=True, last_at=event.confirmed_at or _day_over(event))


def exactly(event: Shipment, rows: Sequence[SlipRow]) -> bool:
    """Each item of a known slip in the quantity that was asked for, in one event; False where one must look closer."""
    if len(rows) == 1 == len(event.lines):
        row, line = rows[0], event.lines[0]
        return row.quantity == line.quantity > 0 and not row.cancelled and row.sku.upper() == line.sku.upper()
    goods = _goods([event])
    return bool(goods) and goods == _asked(rows)


def pieced_together(shipments: Sequence[Shipment], rows: Sequence[SlipRow] = ()) -> Picture:
    """The picture of any number of events, each beside the others."""
    events = in_time(shipments)
    asked = _asked(rows)
    kept: list[Shipment] = []
    refused: list[Shipment] = []
    odd: Hold | None = None
    for event in events:
        if event.result in NOTHING_LEFT:
            refused.append(event)
            continue
        after = _with(kept, event, asked)
        if after is None:
            numbers = " ".join(event.tracking) or "-"
            words = f"実績番号 {event.result_id} の数量が先の実績と合いません"
            odd = Hold(Reason.SHIPMENT_CONFLICT, f"{words}（送り状番号 {numbers}）")
        else:
            kept = after
    return _seen(kept, refused, odd, asked, _numbers(shipments), events)


def in_time(shipments: Sequence[Shipment]) -> list[Shipment]:
    """The newest version of each event that says what became of goods, oldest fact first."""
    versions: dict[str, Shipment] = {}
    for event in shipments:
        before = versions.get(event.result_id)
        if event.result is not Result.NUMBERS and (before is None or _settled(event) >= _settled(before)):
            versions[event.result_id] = event
    events = list(versions.values())
    told_again = {_redated(event): event for event in events}  # of files without a time the last word counts
    current = [event for event in events if told_again[_redated(event)] is event]
    return sorted((event for event in current if not _grown_out_of(event, current)), key=moment)


def _grown_out_of(event: Shipment, others: Sequence[Shipment]) -> bool:
    """A file that grows names its parcels again (spec/wms.md §6.2): the fuller event counts, whichever came first."""
    return any(
        _contains(other, event) for other in others if other.confirmed_at is None is event.confirmed_at
    )


def _contains(fuller: Shipment, event: Shipment) -> bool:
    """Every number of the event and more, and none of its goods fewer; both of goods that left."""
    if fuller.result not in LEFT or event.result not in LEFT or not event.tracking:
        return False
    return set(event.tracking) < set(fuller.tracking) and not _goods([event]) - _goods([fuller])


def moment(event: Shipment) -> datetime:
    """When the warehouse settled it; where its files do not say, the day it left."""
    return event.confirmed_at or at_jst(event.shipped_on, 0)


def _day_over(event: Shipment) -> datetime:
    return at_jst(event.shipped_on, 0) + timedelta(days=1)


def _settled(event: Shipment) -> datetime:
    return event.confirmed_at or LONG_AGO


def _redated(event: Shipment) -> object:
    """Rows without a number and a time of their own: the same parcels under another day or carrier."""
    if event.confirmed_at is not None or not event.tracking:
        return event.result_id
    return event.result, frozenset(event.tracking), event.lines


def _numbers(shipments: Sequence[Shipment]) -> list[str]:
    return [number for event in shipments if event.result is Result.NUMBERS for number in event.tracking]


def _with(kept: Sequence[Shipment], event: Shipment, asked: Counter[str]) -> list[Shipment] | None:
    """With one event more: a part that adds to the others, or a correction of them; None where it is neither."""
    same = [one for one in kept if _same_goods(one, event)]
    if not any(_same_numbers(one, event) for one in same):
        counted = bool(asked and event.lines and all(one.lines for one in kept))
        if counted and _within(_goods([*kept, event]), asked):
            return [*kept, event]
        if not counted and not _claimed(kept):
            return [*kept, event]
    if same:
        return [*(one for one in kept if one is not same[-1]), _corrected(same[-1], event)]
    if _claimed([event]) and (not event.lines or _goods([event]) == _goods(kept)):
        return [replace(event, lines=event.lines or _lines(kept))]
    return None


def _same_goods(one: Shipment, event: Shipment) -> bool:
    return _goods([one]) == _goods([event]) if event.lines or one.lines else _same_numbers(one, event)


def _same_numbers(one: Shipment, event: Shipment) -> bool:
    return bool(event.tracking) and set(one.tracking) == set(event.tracking)


def _corrected(before: Shipment, event: Shipment) -> Shipment:
    """A parcel that comes alone counts itself as one of one: how many belong together the first file said."""
    if before.complete or event.parcels > 1:
        return event
    return replace(event, complete=False, parcels=before.parcels)


def _claimed(events: Sequence[Shipment]) -> bool:
    """The warehouse calls it shipped, and every parcel that it counted is there."""
    return any(one.result is Result.SHIPPED for one in events) and not _parcels_missing(events)


def _parcels_missing(events: Sequence[Shipment]) -> int:
    """Parcels are counted per shipping event; those of several files add up (spec/wms.md Resolutions 4)."""
    parts = [one for one in events if not one.complete]
    numbers = {number for one in parts for number in one.tracking}
    return max((one.parcels for one in parts), default=0) - len(numbers) if parts else 0


def _seen(
    kept: Sequence[Shipment],
    refused: Sequence[Shipment],
    odd: Hold | None,
    asked: Counter[str],
    more: Sequence[str],
    events: Sequence[Shipment],
) -> Picture:
    last_at = max((event.confirmed_at or _day_over(event) for event in events), default=LONG_AGO)
    if not kept:
        return Picture(finding=_not_shipped(refused[-1]) if refused else None, last_at=last_at)
    counted = bool(asked) and all(one.lines for one in kept)
    missing, goods = _parcels_missing(kept), _goods(kept)
    lacks = f"個口 {_parcels(kept) - missing}/{_parcels(kept)} まで到着" if missing > 0 else ""
    if not lacks and counted and goods != asked:
        lacks = f"出荷数 {goods.total()}/{asked.total()} 点まで到着"
    partial = any(one.result is Result.PARTIAL for one in kept)
    if not lacks and not counted and all(one.result is Result.PARTIAL for one in kept):
        lacks = "残りの出荷待ち"
    finding = odd or _contradiction(kept, refused, bool(lacks))
    if finding is None and lacks and partial:
        finding = _part(kept, refused, lacks)
    numbers = dict.fromkeys([*(number for one in kept for number in one.tracking), *more])
    one = replace(
        kept[-1],
        result=Result.PARTIAL if lacks and partial else Result.SHIPPED,
        tracking=tuple(numbers),
        shipped_on=max(one.shipped_on for one in kept),
        parcels=max(_parcels(kept), len(numbers)),
        lines=_lines(kept),
        complete=missing <= 0,
    )
    return Picture(one, not lacks, lacks, finding, _claimed(kept), last_at)


def _not_shipped(event: Shipment) -> Hold:
    return Hold(Reason.UNSHIPPABLE, why(event))


def _part(kept: Sequence[Shipment], refused: Sequence[Shipment], lacks: str) -> Hold:
    part = next(one for one in reversed(kept) if one.result is Result.PARTIAL)
    numbers = " ".join(number for one in kept for number in one.tracking) or "-"
    rest = f" 残りは{why(refused[-1])}。" if refused and moment(refused[-1]) >= moment(kept[-1]) else ""
    return Hold(Reason.PARTIAL_SHIPMENT, f"{why(part)}。{lacks}（送り状番号 {numbers}）。{rest}".rstrip())


def _contradiction(kept: Sequence[Shipment], refused: Sequence[Shipment], short: bool) -> Hold | None:
    """Goods left and the warehouse says that they did not. Only 出荷不可 before 出荷 needs nobody: it shipped later.

    A part that left and a rest that never will is no contradiction: that is a partial shipment.
    """
    last = moment(kept[-1])
    for event in refused:
        later = moment(event) >= last
        if (event.result is Result.UNSHIPPABLE and not later) or (later and short):
            continue
        said = "取消" if event.result is Result.CANCELLED else "出荷不可"
        numbers = " ".join(number for one in kept for number in one.tracking) or "-"
        words = f"倉庫は{said}と出荷（送り状番号 {numbers}）の両方を報告しています。{why(event)}"
        return Hold(Reason.SHIPMENT_CONFLICT, words)
    return None


REASONS = {
    "STOCKOUT": "欠品",
    "DAMAGED": "破損",
    "ADDRESS": "住所不備",
    "SKU_UNKNOWN": "商品未登録",
    "CUTOFF": "締め切り後",
    "CANCEL_REQ": "取消依頼",
    "OTHER": "その他",
}
"""理由コード of the default profile, spec/wms.md §7.4."""
_SAID = {Result.CANCELLED: "取消", Result.UNSHIPPABLE: "出荷不可", Result.PARTIAL: "一部出荷"}


def why(event: Shipment) -> str:
    """What the warehouse said about goods that did not leave: its code in words, and its own words."""
    said = _SAID.get(event.result, "出荷")
    code = event.reason_code
    named = f"{REASONS[code]} {code}" if code in REASONS else code
    return "、".join(filter(None, (f"{said}（{named}）" if named else said, event.reason)))


def _asked(rows: Sequence[SlipRow]) -> Counter[str]:
    asked: Counter[str] = Counter()
    for row in rows:
        if not row.cancelled:
            asked[row.sku.upper()] += row.quantity
    return +asked


def _goods(events: Sequence[Shipment]) -> Counter[str]:
    goods: Counter[str] = Counter()
    for event in events:
        for line in event.lines:
            goods[line.sku.upper()] += line.quantity
    return +goods


def _within(goods: Counter[str], asked: Counter[str]) -> bool:
    return all(quantity <= asked[sku] for sku, quantity in goods.items())


def too_much(event: Shipment, rows: Sequence[SlipRow]) -> bool:
    """More of an item than the slip asks for, in one event (S2); a slip read without rows cannot be judged."""
    if exactly(event, rows):
        return False
    asked = _asked(rows)
    return bool(asked) and not _within(_goods([event]), asked)


def _lines(kept: Sequence[Shipment]) -> tuple[ShippedLine, ...]:
    return tuple(line for one in kept for line in one.lines)


def _parcels(kept: Sequence[Shipment]) -> int:
    parts = [one.parcels for one in kept if not one.complete]
    return sum(one.parcels for one in kept if one.complete) + max(parts, default=0)
