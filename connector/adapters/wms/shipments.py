"""Shipments (出荷実績の読み取り): rows of a SHIPRES file gathered into shipping events, spec/wms.md §7.4.

Dangerous: half an event. A wrong row takes its whole event (実績番号 and slip) out, because a shipment without one
of its parcels or lines would read as another, complete one. The other events of the file count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from connector.adapters.wms import plain, wire
from connector.errors import Problem
from connector.mapping import Row
from connector.outcome import Stray
from connector.ports import ReadResults
from connector.slip import Result, Shipment, ShippedLine

SYSTEM = "wms"
TAKEN = "実績は取り込みました。"  # how a remark ends that keeps nothing back
_WITHOUT_GOODS = (Result.CANCELLED, Result.UNSHIPPABLE)
_SAME_IN_AN_EVENT = {"result": "実績区分", "shipped_on": "出荷日", "carrier": "運送会社コード"}

EventKey = tuple[str, str]  # 実績番号, 出荷指示番号


@dataclass(frozen=True, slots=True)
class Rules:
    """What this warehouse's results may leave out, and which dates are believed."""

    today: date
    future_days: int = 1
    past_days: int = 30
    lines_optional: bool = False
    plain: bool = False  # the rows have no 実績番号 of their own


def gather(
    name: str, rows: Sequence[Row], rules: Rules, orphans: Collection[str] = frozenset()
) -> ReadResults:
    """Events as shipments, in the order of their first rows; everything else as strays with its line.

    `orphans`: events of which a row elsewhere in the file names no slip. They lack that row, whoever's it is.
    """
    events: dict[EventKey, list[Row]] = defaultdict(list)
    strays: list[Stray] = [_stray(name, row, told(remark)) for row in rows for remark in row.remarks]
    spoiled: set[EventKey] = set()
    heard: set[tuple[int, str]] = (
        set()
    )  # line and words: a plain row stands here twice, as goods and as a parcel
    orphans = {*orphans, *(str(row.values["result_id"]) for row in rows if _nobodys(row))}
    for row in plain.events(rows, rules.today) if rules.plain else rows:
        words = [told(problem) for problem in row.problems] or _wrong(row, rules)
        key = (row.values["result_id"], row.values["slip_number"])
        fresh = [said for said in words if (row.line, said) not in heard]
        strays += [_stray(name, row, f"{said}この行は取り込みません。") for said in fresh]
        heard |= {(row.line, said) for said in fresh}
        if words:
            spoiled.add(key)
        else:
            events[key].append(row)
    for key in _shared_numbers(events):
        words_of_two = "一つの送り状番号が複数の出荷指示番号にあります。"
        strays += [_stray(name, row, words_of_two) for row in events.pop(key)[:1]]
    shipments = []
    lines = {line for line, _ in heard}
    for key, members in events.items():
        untold = [row for row in members if row.line not in lines]
        if key in spoiled and not untold:
            continue  # the other side of the very rows that were told above
        words_of_event = (
            "同じ実績に読めない行があります。"
            if key in spoiled or key[0] in orphans
            else _contradiction(members, rules)
        )
        if words_of_event:
            strays.append(_stray(name, (untold or members)[0], f"{words_of_event}この実績は取り込みません。"))
            continue
        shipments.append(_shipment(members))
        strays += _old(name, members[0], rules)
    return ReadResults(tuple(shipments), tuple(strays))


def _nobodys(row: Row) -> bool:
    """A row that names its event, and no slip that can be read."""
    return row.values["slip_number"] is None and row.values.get("result_id") is not None


def told(problem: Problem) -> str:
    found = f"（{problem.found}）" if problem.found else ""
    expected = f"{problem.expected}。" if problem.expected else ""
    if expected and not problem.expected.startswith("例: "):  # an example is only one of what is right
        expected = f"正しくは: {expected}"
    return f"{problem.words}{found}。{expected}"


def _wrong(row: Row, rules: Rules) -> list[str]:
    """What no column can see by itself."""
    values = row.values
    if values["shipped_on"] > rules.today + timedelta(days=rules.future_days):
        return [f"「出荷日」が先の日付です（{values['shipped_on']:%Y/%m/%d}）。"]
    if values["line_no"] < 0:
        return ["「行番号」が負の数です。"]
    if values["line_no"] > 0:
        missing = values["sku"] is None or values["quantity"] is None or values["quantity"] < 0
        return ["明細行に「商品コード」か「出荷数」がありません。"] if missing else []
    if values["result"] in _WITHOUT_GOODS:
        return []
    if values["tracking"] is None and values["carrier"] not in wire.UNTRACKED:
        return ["個口行に「送り状番号」がありません。"]
    if not 1 <= (values["parcel"] or 0) <= (values["parcels"] or 0):
        return ["個口行の「個口番号」と「個口総数」が合いません。"]
    return []


def _shared_numbers(events: dict[EventKey, list[Row]]) -> list[EventKey]:
    """Events of different slips that claim the same tracking number (invariant S3)."""
    claimed: dict[str, dict[EventKey, None]] = defaultdict(dict)
    for key, members in events.items():
        for row in members:
            if row.values["tracking"]:
                claimed[row.values["tracking"]][key] = None
    shared = [keys for keys in claimed.values() if len({slip for _, slip in keys}) > 1]
    return list(dict.fromkeys(key for keys in shared for key in keys))


def _contradiction(members: Sequence[Row], rules: Rules) -> str:
    """Why these rows are not one event; empty if they are."""
    for key, header in _SAME_IN_AN_EVENT.items():
        if len({row.values[key] for row in members}) > 1:
            return f"同じ実績番号の行で「{header}」が違います。"
    if len({row.values["parcels"] for row in members} - {None}) > 1:
        return "同じ実績番号の行で「個口総数」が違います。"
    if members[0].values["result"] in _WITHOUT_GOODS or any(row.values["line_no"] for row in members):
        return ""
    if rules.lines_optional and members[0].values["result"] == Result.SHIPPED:
        return ""
    return "明細行がありません。"


def _shipment(members: Sequence[Row]) -> Shipment:
    first = members[0].values
    parcel_rows = [row.values for row in members if row.values["line_no"] == 0]
    numbers = dict.fromkeys(str(values["tracking"]) for values in parcel_rows if values["tracking"])
    parcels = next((row.values["parcels"] for row in members if row.values["parcels"]), 1)
    pieces = max(row.values.get("pieces") or 1 for row in members)  # of one number
    seen = {values["parcel"] for values in parcel_rows}
    result = Result(first["result"])
    return Shipment(
        result_id=first["result_id"],
        slip_number=first["slip_number"],
        result=result,
        shipped_on=first["shipped_on"],
        carrier=first["carrier"],
        tracking=tuple(numbers),
        parcels=max(parcels, pieces),
        lines=_lines(members),
        reason_code=_first_word(members, "reason_code"),
        reason=_first_word(members, "reason"),
        complete=result in _WITHOUT_GOODS or seen >= set(range(1, parcels + 1)),
        confirmed_at=max(filter(None, (row.values.get("confirmed_at") for row in members)), default=None),
        dated=first.get(plain.DATED, True),
    )


def _lines(members: Sequence[Row]) -> tuple[ShippedLine, ...]:
    """Quantities per line; the lots of a line are added up."""
    quantities: dict[tuple[int, str], int] = defaultdict(int)
    for row in members:
        if row.values["line_no"] > 0:
            quantities[row.values["line_no"], row.values["sku"]] += row.values["quantity"]
    return tuple(
        ShippedLine(line_no=line_no, sku=sku, quantity=quantity)
        for (line_no, sku), quantity in sorted(quantities.items())
    )


def _first_word(members: Sequence[Row], key: str) -> str:
    return next((row.values[key] for row in members if row.values[key]), "")


def _old(name: str, row: Row, rules: Rules) -> list[Stray]:
    """A remark, not a refusal: late results happen, mistyped months do too (spec/wms.md §3.2)."""
    shipped_on: date = row.values["shipped_on"]
    if shipped_on >= rules.today - timedelta(days=rules.past_days):
        return []
    words = f"「出荷日」が{rules.past_days}日より前です（{shipped_on:%Y/%m/%d}）。{TAKEN}"
    return [_stray(name, row, words)]


_SHOWN = {
    "slip_number": "出荷指示番号",
    "result_id": "実績番号",
    "line_no": "行番号",
    "result": "実績区分",
    "shipped_on": "出荷日",
    "carrier": "運送会社コード",
    "tracking": "送り状番号",
    "parcel": "個口番号",
    "parcels": "個口総数",
    "sku": "商品コード",
    "quantity": "出荷数",
    "reason_code": "理由コード",
}
"""What a person is shown of a row. Nobody's name or address is among it, whatever else the file has."""


def _stray(name: str, row: Row, words: str) -> Stray:
    result_id, slip_number = row.values.get("result_id"), row.values["slip_number"]
    counted = plain.DATED in row.values  # then its 実績番号 is a digest of ours, and says nothing to anybody
    number = f"送り状番号 {row.values['tracking'] or '?'}" if counted else f"実績番号 {result_id or '?'}"
    about = f"出荷指示番号 {slip_number or '?'}・{number}: "
    said = {label: str(row.values[key]) for key, label in _SHOWN.items() if row.values.get(key) is not None}
    if counted:
        said.pop(_SHOWN["result_id"], None)
    facts = {"slip_number": slip_number or "", "result_id": result_id or "", "row": said}
    return Stray(SYSTEM, f"{name}:{row.line}", about + words, facts=facts)


def gather_numbers(name: str, rows: Sequence[Row], rules: Rules) -> ReadResults:
    """送り状紐付け: rows that add numbers to known slips, whichever file comes first. They move nothing by themselves.

    A row that cannot be read takes its whole slip out, as in a result file.
    """
    events: dict[EventKey, list[Row]] = defaultdict(list)
    strays: list[Stray] = []
    spoiled: set[EventKey] = set()
    for row in rows:
        row = replace(row, values=row.values | {plain.DATED: False})
        key = ("", row.values["slip_number"])
        events[key].append(row)
        problems = [told(problem) for problem in row.problems]
        if not problems and row.values["tracking"] is None:
            problems = ["「送り状番号」がありません。"]
        strays += [_stray(name, row, f"{said}この行は取り込みません。") for said in problems]
        spoiled |= {key} if problems else set()
    for key in spoiled:
        good = [row for row in events.pop(key) if not row.problems][:1]
        strays += [
            _stray(name, row, "同じ伝票に読めない行があります。この伝票の番号は取り込みません。")
            for row in good
        ]
    for key in _shared_numbers(events):
        words = "一つの送り状番号が複数の出荷指示番号にあります。"
        strays += [_stray(name, row, words) for row in events.pop(key)[:1]]
    shipments = (_more_numbers(slip, members, rules.today) for (_, slip), members in events.items())
    return ReadResults(tuple(shipments), tuple(strays))


def _more_numbers(slip_number: str, members: Sequence[Row], today: date) -> Shipment:
    numbers = tuple(dict.fromkeys(str(row.values["tracking"]) for row in members))
    return Shipment(
        result_id=plain.numbers_digest(slip_number, numbers),
        slip_number=slip_number,
        result=Result.NUMBERS,
        shipped_on=today,
        carrier=members[0].values["carrier"],
        tracking=numbers,
        parcels=len(numbers),
        dated=False,
    )
