"""Query (検索条件): `fields`, `<field>-<op>`, `offset`, `limit` over any table, as MySQL would answer (§2.3, §2.4).

A condition on an unknown field is refused, never ignored: an ignored condition would return every slip.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Generic, NamedTuple, TypeVar

from connector.adapters.next_engine import wire
from connector.sandbox.next_engine.fields import Kind
from connector.sandbox.next_engine.refusal import Refusal
from connector.sandbox.next_engine.settings import Codes, NextEngineSettings

Item = TypeVar("Item")
Value = str | None
Test = Callable[[Value], bool]


@dataclass(frozen=True, slots=True)
class Column(Generic[Item]):
    """One field of a table: its kind, and how to read it."""

    kind: Kind
    read: Callable[[Item], Value]


Table = Mapping[str, Column[Item]]


class Condition(NamedTuple):
    """`receive_order_shop_id-eq=1`."""

    field: str
    operator: str
    value: str


def conditions(params: Mapping[str, bytes], table: Table[Item], codes: Codes) -> list[Condition]:
    """The conditions among a call's parameters; other parameters are tolerated, §11."""
    found = []
    for name, raw in params.items():
        field, dash, operator = name.rpartition("-")
        if not dash or (operator not in wire.OPERATORS and field not in table):
            continue
        if field not in table or operator not in wire.OPERATORS:
            raise Refusal(codes.unknown_field, f"検索条件が正しくありません [{name}]")
        found.append(Condition(field, operator, raw.decode("utf-8", "replace")))
    return found


def wanted_fields(params: Mapping[str, bytes], table: Table[Item], codes: Codes) -> list[str]:
    """The `fields` list; blanks after commas are tolerated."""
    text = params.get(wire.FIELDS, b"").decode("utf-8", "replace")
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise Refusal(codes.missing, "fieldsを指定してください")
    for name in names:
        if name not in table:
            raise Refusal(codes.unknown_field, f"存在しない項目です [{name}]")
    return list(dict.fromkeys(names))


def page(params: Mapping[str, bytes], settings: NextEngineSettings) -> slice:
    """`offset` and `limit` as a slice; never more rows than the account's largest limit."""
    codes = settings.codes
    offset = _whole(params.get(wire.OFFSET, b"") or b"0", wire.OFFSET, codes)
    limit = _whole(params.get(wire.LIMIT, b"") or str(settings.default_limit).encode(), wire.LIMIT, codes)
    return slice(offset, offset + min(limit, settings.largest_limit))


def select(items: Iterable[Item], asked: Iterable[Condition], table: Table[Item], codes: Codes) -> list[Item]:
    """The items for which every condition holds."""
    tests = [(table[one.field].read, test(table[one.field].kind, one, codes)) for one in asked]
    return [item for item in items if all(holds(read(item)) for read, holds in tests)]


def test(kind: Kind, condition: Condition, codes: Codes) -> Test:
    """The condition as a function of the field's value."""
    make, kinds = _OPERATORS[condition.operator]
    if kind not in kinds:
        raise _refused(condition, codes)
    try:
        return make(kind, condition.value)
    except (ValueError, InvalidOperation):
        raise _refused(condition, codes) from None


def _refused(condition: Condition, codes: Codes) -> Refusal:
    return Refusal(codes.value, f"検索条件の値が正しくありません [{condition.field}-{condition.operator}]")


def _whole(raw: bytes, name: str, codes: Codes) -> int:
    if not raw.strip().isdigit():
        raise Refusal(codes.value, f"数値を指定してください [{name}]")
    return int(raw)


def comparable(kind: Kind, text: str) -> str | Decimal:
    """Text that compares as the field does: numbers by value, instants with either separator."""
    if kind is Kind.NUMBER:
        return Decimal(text.strip())
    if kind is not Kind.INSTANT:
        return text
    match = re.fullmatch(r"(\d{4})[-/](\d\d?)[-/](\d\d?)(?:[ T](\d\d?):(\d\d)(?::(\d\d))?)?", text.strip())
    if match is None:
        raise ValueError(text)
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
    return f"{year:04d}-{month:02d}-{day:02d} {hour:02d}:{minute:02d}:{second:02d}"


def _compare(decide: Callable[[str | Decimal, str | Decimal], bool], kind: Kind, asked: str) -> Test:
    wanted = comparable(kind, asked)
    if kind is not Kind.NUMBER:
        return lambda value: value is not None and decide(value, wanted)
    return lambda value: value is not None and value != "" and decide(Decimal(value), wanted)


def _listed(inside: bool, kind: Kind, asked: str) -> Test:
    texts = asked.split(",")
    if len(texts) > wire.IN_MAX:
        raise ValueError(f"more than {wire.IN_MAX} values")
    wanted = {comparable(kind, text.strip()) for text in texts}
    if kind is not Kind.NUMBER:
        return lambda value: value is not None and (value in wanted) is inside
    return lambda value: value is not None and value != "" and (Decimal(value) in wanted) is inside


def _like(matches: bool, null: bool, _: Kind, asked: str) -> Test:
    """SQL LIKE: % any text, _ one character, \\ escapes; case does not matter, as in MySQL's usual collation."""
    parts = re.findall(r"\\.|.", asked, re.DOTALL)
    wild = {"%": ".*", "_": "."}
    pattern = "".join(wild.get(part) or re.escape(part[-1]) for part in parts)
    fits = re.compile(pattern, re.DOTALL | re.IGNORECASE).fullmatch
    return lambda value: null if value is None else (fits(value) is not None) is matches


def _blank(wanted: bool, _: Kind, __: str) -> Test:
    return lambda value: (value is None or value == "") is wanted


def _null(wanted: bool, _: Kind, __: str) -> Test:
    return lambda value: (value is None) is wanted


_ALL = frozenset(Kind)
_LISTS = frozenset({Kind.TEXT, Kind.NUMBER})
_TEXTS = frozenset({Kind.TEXT})
_OPERATORS: Mapping[str, tuple[Callable[[Kind, str], Test], frozenset[Kind]]] = {
    "eq": (partial(_compare, lambda a, b: a == b), _ALL),
    "neq": (partial(_compare, lambda a, b: a != b), _ALL),
    "lt": (partial(_compare, lambda a, b: a < b), _ALL),  # type: ignore[operator]
    "lte": (partial(_compare, lambda a, b: a <= b), _ALL),  # type: ignore[operator]
    "gt": (partial(_compare, lambda a, b: a > b), _ALL),  # type: ignore[operator]
    "gte": (partial(_compare, lambda a, b: a >= b), _ALL),  # type: ignore[operator]
    "in": (partial(_listed, True), _LISTS),
    "nin": (partial(_listed, False), _LISTS),
    "like": (partial(_like, True, False), _TEXTS),
    "nlike": (partial(_like, False, False), _TEXTS),
    "nlikeornull": (partial(_like, False, True), _TEXTS),
    "blank": (partial(_blank, True), _ALL),
    "nblank": (partial(_blank, False), _ALL),
    "null": (partial(_null, True), _ALL),
    "nnull": (partial(_null, False), _ALL),
}
